"""Two programs that want one run folder: the second waits, and goes on when the first has died.

Usage: one_folder_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

from fault_runs import LONG, FaultTest, contents, difference, start

SLOW = ",".join(f"slow@{step}" for step in range(3, 7))
LONG_WAIT = ",".join(f"slow@{step}" for step in range(3, 100))  # a second each


class OneFolder(FaultTest):
    """With flock, and on a file system that has none."""

    @contextmanager
    def holder(
        self, folder: str, command: list[str], faults: str, **more: str
    ) -> Iterator[subprocess.Popen]:
        """The first program, which has begun to train; killed in the end."""
        environment = self.faults(folder, **more) | {"DNAGPT_INJECT": faults}
        first = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        try:
            while not (self.root / folder / "metrics.jsonl").exists():
                self.assertIsNone(first.poll())
                time.sleep(0.05)
            yield first
        finally:
            first.kill()
            first.wait()

    def test_the_second_goes_on_when_the_first_is_killed(self) -> None:
        self.succeed(self.pretrain("whole"))
        expected = contents(self.root / "whole")
        for folder, mode in (("flock", ""), ("owner_file", "unlockable")):
            command = self.pretrain(folder)
            with self.holder(folder, command, SLOW, mode=mode) as first:
                owner = self.root / folder / "lock.owner"
                self.assertEqual(owner.exists(), mode != "")
                if mode:
                    self.assertEqual(json.loads(owner.read_text())["pid"], first.pid)
                second = subprocess.Popen(
                    command,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    env=self.faults(folder, mode=mode),
                )
                time.sleep(2)
                self.assertIsNone(first.poll(), "the first ended too early for this test")
                self.assertIsNone(second.poll(), "the second did not wait")
                first.kill()
                printed = second.communicate(timeout=60)[0]
            self.assertEqual(second.returncode, 0, printed)
            self.assertIn("is held by", printed)
            self.assertFalse(owner.exists())
            self.assertEqual(difference(self.root / folder, expected), "")

    def test_the_second_is_refused_after_a_minute(self) -> None:
        if not LONG:
            self.skipTest("takes two minutes: DNAGPT_LONG=1 runs it")
        for folder, mode in (("busy", ""), ("busy_owner", "unlockable")):
            command = self.pretrain(folder, "schedule.steps=100")
            with self.holder(folder, command, LONG_WAIT, mode=mode):
                begin = time.monotonic()
                ended = start(command, self.faults(folder, mode=mode))
                self.assertEqual(ended.status, 1, ended.printed)
                self.assertGreater(time.monotonic() - begin, 59)
                self.assertIn("another run is writing", ended.printed)

    def test_another_start_does_not_change_what_a_finetuning_began_with(self) -> None:
        self.make_set()
        self.succeed(self.pretrain("first"))
        own = self.finetune("tuned", f"finetune.from={self.root / 'first'}")
        with self.holder("tuned", own, SLOW):
            note = (self.root / "tuned" / "from.json").read_bytes()
            shape = [f"model.{key}" for key in ("layers=1", "heads=2", "channels=16")]
            other = self.finetune("tuned", "model.context_length=32", *shape)
            second = subprocess.Popen(
                other,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environment(),
            )
            time.sleep(2)
            self.assertEqual((self.root / "tuned" / "from.json").read_bytes(), note)
            printed = second.communicate(timeout=60)[0]
        self.assertEqual(second.returncode, 1, printed)
        self.assertIn("this run began with finetune.from", printed)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
