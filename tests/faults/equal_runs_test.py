"""Equal commands write equal files, whenever and wherever they run.

Usage: equal_runs_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import sys
import time
import unittest

from fault_runs import FaultTest, contents, difference
from programs import ranks


class EqualRuns(FaultTest):
    """Each command runs twice: in another folder, in another second, with other bytes in memory."""

    def compare(self, name: str, command: list[str]) -> None:
        for folder in ("one", "a/longer/two"):
            self.succeed([part.replace("{}", f"{name}/{folder}") for part in command])
            if folder == "one":
                time.sleep(1.1)  # a stored time would differ
        expected = contents(self.root / name / "one")
        self.assertEqual(difference(self.root / name / "a/longer/two", expected), "")
        stored = [file for file in expected if file.endswith(".h5")]
        self.assertTrue(stored)
        print(f"{name}: {len(expected)} files equal, {len(stored)} of them HDF5")

    def test_shards(self) -> None:
        for world in (1, 2):
            self.compare(f"shards_{world}", ranks(world, *self.shard("{}")))
        expected = contents(self.root / "shards_1" / "one")
        self.assertEqual(difference(self.root / "shards_2" / "one", expected), "")

    def test_pretraining(self) -> None:
        for world in (1, 2):
            self.compare(f"pretrain_{world}", self.pretrain("{}", world=world))

    def test_finetuning(self) -> None:
        self.succeed(self.pretrain("first", "schedule.steps=1"))
        self.make_set()
        origin = f"finetune.from={self.root / 'first'}"
        for world in (1, 2):
            self.compare(f"finetune_{world}", self.finetune("{}", origin, world=world))
        self.assertIn("evaluation.json", contents(self.root / "finetune_1" / "one"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
