"""Preemption under a real Slurm: told to stop in mid-training, requeued, the same bits at the end.

Usage: preemption_test.py DNAGPT DNAGPT_PREP MPIEXEC, as root; DNAGPT_LONG=1 runs all of it.
"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

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
        cls.addClassCleanup(cls.training.close)
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


if __name__ == "__main__":
    sys.exit(run_tests(CLUSTER))
