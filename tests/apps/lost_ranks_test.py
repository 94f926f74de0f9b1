"""A rank that fails, dies or hangs ends the job with a message; ranks that differ are refused.

Usage: lost_ranks_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

from programs import DNAGPT, processes_with, ranks, run
from small_runs import SmallRuns

STALL = "run.stall_seconds=2"
HOPELESS = 300
"""Seconds after which a job that should have ended hangs."""


class LostRanks(SmallRuns):
    """Faults are injected into a run of two ranks."""

    def end_of(self, folder: str, fault: str, *settings: str) -> str:
        """What a job prints that must fail; none of its processes is left."""
        done = subprocess.run(
            self.pretrain(2, folder, *settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=HOPELESS,
            env=os.environ | {"DNAGPT_INJECT": fault},
        )
        self.assertNotIn(done.returncode, (0, 75), done.stdout)
        for _ in range(100):
            left = processes_with(f"run.folder={self.root / folder}")
            if not left:
                break
            time.sleep(0.1)
        self.assertEqual(left, {})
        return done.stdout

    def test_a_failure_ends_all_with_its_message(self) -> None:
        printed = self.end_of("failed", "rank1:fail@12")
        self.assertIn("error: rank 1: injected failure at step 12", printed)
        # The next save, after step 10, waited for this one.
        self.assertTrue(self.checkpoint("failed", 5).exists())

    def test_a_rank_that_exits_or_is_killed_ends_the_job(self) -> None:
        for fault in ("rank1:exit@3", "rank0:exit@3", "rank1:kill@3", "rank0:kill@3"):
            self.end_of(fault.replace(":", "_"), fault)

    def test_the_others_say_where_they_wait_for_a_rank_that_hangs(self) -> None:
        for stopped, waiting in ((1, 0), (0, 1)):
            printed = self.end_of(f"stopped_{stopped}", f"rank{stopped}:stop@7", STALL)
            self.assertRegex(
                printed,
                rf"error: rank {waiting}: no progress for [23] s at step 7, in comm \(all-reduce",
            )
            self.assertIn("run.stall_seconds", printed)

    def test_the_same_command_goes_on_after_each(self) -> None:
        run(self.pretrain(2, "whole"))
        self.end_of("again", "rank1:kill@7")
        self.end_of("again", "rank1:stop@12", STALL)
        run(self.pretrain(2, "again"))
        self.assertEqual(self.rows("again"), self.rows("whole"))
        self.assertEqual(
            self.checkpoint("again", 20).read_bytes(), self.checkpoint("whole", 20).read_bytes()
        )

    def test_a_job_that_is_suspended_as_a_whole_goes_on(self) -> None:
        slow = ",".join(f"slow@{step}" for step in range(5, 9))
        command = self.pretrain(2, "suspended", STALL)
        with subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DNAGPT_INJECT": slow},
        ) as job:
            ours = self.await_ranks(job, "suspended", 5)
            for number in ours:
                os.kill(number, signal.SIGSTOP)
            time.sleep(5)
            for number in ours:
                os.kill(number, signal.SIGCONT)
            self.assertEqual(job.wait(timeout=HOPELESS), 0)

    def test_a_signal_to_one_rank_stops_all_at_the_same_step(self) -> None:
        slow = ",".join(f"slow@{step}" for step in range(4, 8))
        run(self.pretrain(2, "undisturbed"))
        for told in (0, 1):
            folder = f"told_{told}"
            with subprocess.Popen(
                self.pretrain(2, folder),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | {"DNAGPT_INJECT": slow},
            ) as job:
                ours = self.await_ranks(job, folder, 3)
                os.kill(ours[told], signal.SIGUSR1)
                printed = job.communicate(timeout=HOPELESS)[0]
            self.assertEqual(job.returncode, 75, printed)
            self.assertRegex(printed, r"told to stop: saved at step \d;")
            run(self.pretrain(2, folder))
            self.assertEqual(
                self.checkpoint(folder, 20).read_bytes(),
                self.checkpoint("undisturbed", 20).read_bytes(),
            )


class DifferentRanks(SmallRuns):
    """One launcher, two commands."""

    def refused(self, first: list[str], second: list[str]) -> str:
        """What two ranks print that must not start together."""
        launcher = ranks(1, *first)
        return run([*launcher, ":", "-n", "1", *second], expected=1)

    def test_settings_must_be_the_same(self) -> None:
        printed = self.refused(
            self.program("settings"), self.program("settings", "optimizer.learning_rate=1e-3")
        )
        self.assertIn("rank 1 has another setting than rank 0", printed)
        self.assertIn('"learning_rate = 0.001" instead of "learning_rate = 0.003"', printed)
        self.assertFalse((self.root / "settings").exists())

    def test_data_must_be_the_same(self) -> None:
        for name in ("a", "b"):
            shutil.copytree(self.root / "shards", self.root / name / "shards")
        for path in (self.root / "b" / "shards").glob("saccharomyces*"):
            path.unlink()
        command = [*self.program("data"), "data.shards=shards"]
        places = [["-wdir", str(self.root / name)] for name in ("a", "b")]
        launcher = ranks(1, *places[0], *command)
        printed = run([*launcher, ":", "-n", "1", *places[1], *command], expected=1)
        self.assertIn("rank 1 has another", printed)
        self.assertIn("training data than rank 0", printed)

    def test_programs_must_be_the_same(self) -> None:
        other = self.root / "dnagpt"
        shutil.copy(DNAGPT, other)
        with other.open("ab") as file:
            file.write(b"\0")
        printed = self.refused(self.program("builds"), self.program("builds", program=str(other)))
        self.assertIn("rank 1 has another build of dnagpt than rank 0", printed)

    def test_a_world_of_one_under_a_launcher_that_meant_more_is_refused(self) -> None:
        for name in ("SLURM_NTASKS", "PMI_SIZE"):
            self.refused_alone(name)

    def refused_alone(self, name: str) -> None:
        environment = os.environ | {name: "4"}
        printed = run(self.program("alone"), expected=1, environment=environment)
        self.assertIn("the launcher started 4 tasks, but MPI sees a world of one", printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
