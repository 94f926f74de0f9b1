"""Preemption under a real Slurm: told to stop in mid-training, requeued, the same bits at the end.

Usage: preemption_test.py DNAGPT DNAGPT_PREP MPIEXEC, as root; DNAGPT_LONG=1 runs all of it.
"""

from __future__ import annotations

import sys
import time
import unittest
from collections.abc import Iterator

from cluster import LONG, Cluster, run_tests
from tiny_training import TinyTraining

CLUSTER = Cluster()
STEP_COUNT = 40
STEPS = f"schedule.steps={STEP_COUNT}"
# Ranks that want to go on the first time and are done the second time.
STAND_IN = """#!/bin/bash
mark=$MARK.${SLURM_ARRAY_TASK_ID:-0}
echo started >>"$mark"
[ "$(wc -l <"$mark")" -eq 1 ] || exit 0
"""
only_long = unittest.skipUnless(LONG, "long form: DNAGPT_LONG=1 runs it")


class Preemption(unittest.TestCase):
    """One folder of shards for all tests, each with runs of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.training = TinyTraining(CLUSTER)
        cls.whole = cls.training.without_slurm("whole", STEPS)

    def stand_in(self, name: str, script: str, *options: str) -> str:
        """Submits a job whose ranks are a script; it finds its own log at $MARK."""
        root = self.training.root
        path = root / f"{name}.sh"
        path.write_text(STAND_IN + script)
        variables = {"DNAGPT_LAUNCH": f"bash {path}", "MARK": str(root / f"{name}.mark")}
        return self.training.submit(name, options=options, variables=variables)

    def starts(self, name: str, task: int = 0) -> int:
        """How often the stand-in has been started."""
        return len((self.training.root / f"{name}.mark.{task}").read_text().splitlines())

    def assert_went_on(self, folder: str, job: str) -> None:
        """The job was requeued, resumed, and made what the run without Slurm made."""
        at_end = CLUSTER.job(job)
        log = self.training.log(folder)
        self.assertEqual((at_end["JobState"], at_end["ExitCode"]), ("COMPLETED", "0:0"), log)
        self.assertGreaterEqual(int(at_end["Restarts"]), 1)
        self.assertIn("resumed from", log)
        self.assertEqual(self.training.steps(folder), list(range(1, STEP_COUNT + 1)))
        self.assertEqual(self.training.last_checkpoint(folder), self.whole, "final checkpoint")

    def preempt(self, folder: str, *command: str) -> str:
        """Runs the command on the job in mid-training and waits for its end."""
        job = self.training.submit(folder, STEPS)
        self.training.wait_for_steps(folder, job, 4)
        CLUSTER.run(*command, job)
        self.training.wait_for_end(job)
        return job

    def test_a_signal_saves_requeues_and_the_dependent_job_waits(self) -> None:
        job = self.training.submit("signalled", STEPS)
        ran = self.training.root / "dependent_ran"
        dependent = CLUSTER.run(
            *("sbatch", "--parsable", f"--dependency=afterok:{job}", "--kill-on-invalid-dep=yes"),
            *("--output=/dev/null", f"--wrap=cp {self.training.root}/signalled.log {ran}"),
        )
        self.training.wait_for_steps("signalled", job, 4)
        CLUSTER.run("scancel", "--signal=USR1", "--batch", job)
        seen = set()

        def watch() -> None:
            state = CLUSTER.job(dependent)
            if CLUSTER.job(job)["JobState"] != "COMPLETED":
                seen.add((state["JobState"], state["Reason"]))

        self.training.wait_for_end(job, watch)
        self.assert_went_on("signalled", job)
        log = self.training.log("signalled")
        self.assertIn("told to stop: saved at step", log)
        self.assertIn(f"putting job {job} back into the queue", log)
        self.assertEqual(seen, {("PENDING", "Dependency")})
        self.assertEqual(self.training.wait_for_end(dependent)["JobState"], "COMPLETED")
        self.assertIn("the run is complete", ran.read_text())

    def test_only_the_task_that_saved_is_requeued(self) -> None:
        # Task 2, the array's last, has the array's own number.
        script = '[ "$SLURM_ARRAY_TASK_ID" -ne 2 ] || exit 75\n'
        job = self.stand_in("tasks", script, "--array=1-2")
        for task in (1, 2):
            at_end = self.training.wait_for_end(f"{job}_{task}")
            self.assertEqual(at_end["JobState"], "COMPLETED", self.training.log("tasks"))
        self.assertEqual([self.starts("tasks", task) for task in (1, 2)], [1, 2])

    def test_a_cancelled_job_saves_and_stays_cancelled(self) -> None:
        job = self.training.submit("cancelled", STEPS)
        self.training.wait_for_steps("cancelled", job, 4)
        CLUSTER.run("scancel", job)
        at_end = self.training.wait_for_end(job)
        log = self.training.log("cancelled")
        self.assertEqual((at_end["JobState"], at_end["Restarts"]), ("CANCELLED", "0"), log)
        self.assertNotIn("back into the queue", log)
        self.assertIn("told to stop: saved at step", log)

    @only_long
    def test_every_way_to_be_stopped_with_every_launcher(self) -> None:
        ways = {
            "shell_usr1": ("scancel", "--signal=USR1", "--batch"),
            "shell_term": ("scancel", "--signal=TERM", "--batch"),
            "all_usr1": ("scancel", "--signal=USR1", "--full"),
            "ranks_usr1": ("scancel", "--signal=USR1"),
            "requeue": ("scontrol", "requeue"),
        }
        for launcher in self.launchers():
            for way, command in ways.items():
                if (launcher, way) == ("mpirun", "ranks_usr1"):
                    continue  # on one node its ranks are no Slurm step
                folder = f"{launcher}_{way}"
                with self.subTest(folder):
                    self.assert_went_on(folder, self.preempt(folder, *command))

    @only_long
    def test_a_step_that_is_longer_than_the_patience_of_mpirun_is_saved(self) -> None:
        slow = ("batch.tokens_per_step=16384", "schedule.steps=5")
        whole = self.training.without_slurm("slow", *slow)
        for launcher in self.launchers():
            with self.subTest(launcher):
                folder = f"slow_{launcher}"
                job = self.training.submit(folder, *slow)
                self.training.wait_for_steps(folder, job, 2)
                CLUSTER.run("scontrol", "requeue", job)
                self.training.wait_for_end(job)
                self.assertIn("resumed from", self.training.log(folder))
                self.assertEqual(self.training.last_checkpoint(folder), whole)

    @only_long
    def test_an_urgent_job_takes_the_cores(self) -> None:
        # In the partition's GraceTime Slurm sends SIGTERM to its own steps, as srun's ranks are.
        if not self.training.srun_works():
            self.skipTest("this Slurm has no PMIx (srun --mpi=list)")
        job = self.training.submit("preempted", STEPS)
        self.training.wait_for_steps("preempted", job, 4)
        urgent = CLUSTER.run(
            *("sbatch", "--parsable", "--partition=urgent", "--ntasks=4"),
            *("--output=/dev/null", "--wrap=sleep 1"),
        )
        self.training.wait_for_end(job)
        self.assert_went_on("preempted", job)
        self.assertIn("told to stop: saved at step", self.training.log("preempted"))
        self.assertEqual(self.training.wait_for_end(urgent)["JobState"], "COMPLETED")

    @only_long
    def test_slurms_own_signal_before_the_time_limit(self) -> None:
        # Slurm looks every 30 seconds, so that the run must last longer: as many steps as 75
        # seconds hold here.
        begin = time.monotonic()
        self.training.without_slurm("speed", STEPS)
        steps = int(75 * STEP_COUNT / (time.monotonic() - begin))
        whole = self.training.without_slurm("long_whole", f"schedule.steps={steps}")
        for launcher in self.launchers():
            with self.subTest(launcher):
                folder = f"time_limit_{launcher}"
                options = ("--time=2", "--signal=B:USR1@90")
                job = self.training.submit(folder, f"schedule.steps={steps}", options=options)
                at_end = self.training.wait_for_end(job, seconds=900)
                self.assertEqual(at_end["JobState"], "COMPLETED", self.training.log(folder))
                self.assertGreaterEqual(int(at_end["Restarts"]), 1, "it ended before the signal")
                self.assertIn("told to stop: saved at step", self.training.log(folder))
                self.assertEqual(self.training.last_checkpoint(folder), whole)

    @only_long
    def test_a_job_that_saves_behind_its_time_limit_is_requeued(self) -> None:
        script = "trap '' USR1\ntrap 'sleep 2; exit 75' TERM\nwhile :; do sleep 0.2; done\n"
        job = self.stand_in("late", script, "--time=1", "--signal=B:USR1@1")
        at_end = self.training.wait_for_end(job)
        log = self.training.log("late")
        self.assertIn("DUE TO TIME LIMIT", log)
        self.assertEqual((at_end["JobState"], at_end["Restarts"]), ("COMPLETED", "1"), log)
        self.assertEqual(self.starts("late"), 2)

    @only_long
    def test_a_job_that_cannot_be_requeued_says_so(self) -> None:
        job = self.stand_in("kept", "exit 75\n", "--no-requeue")
        at_end = self.training.wait_for_end(job)
        self.assertEqual((at_end["JobState"], at_end["ExitCode"]), ("FAILED", "75:0"))
        self.assertIn("submit the same line again", self.training.log("kept"))

    def launchers(self) -> Iterator[str]:
        """Those that work here, each set for the jobs that follow."""
        usual = self.training.launcher
        for launcher in ("srun", "mpirun"):
            if launcher == "srun" and not self.training.srun_works():
                print("SKIPPED: srun (this Slurm has no PMIx: srun --mpi=list)")
                continue
            self.training.launcher = launcher
            yield launcher
        self.training.launcher = usual


if __name__ == "__main__":
    sys.exit(run_tests(CLUSTER))
