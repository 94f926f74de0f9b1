"""Damaged files of a run, through the programs: named, set aside, and the newest whole one taken.

Usage: damage_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

from fault_runs import LONG, Ended, FaultTest, contents, difference, start
from programs import DNAGPT, PREP

KEEP = "checkpoint.keep_last=3"


def flip(path: Path, byte: int, bit: int = 3) -> None:
    """Flips one bit of a file."""
    data = bytearray(path.read_bytes())
    data[byte] ^= 1 << bit
    path.write_bytes(data)


class Damage(FaultTest):
    """A run with checkpoints at steps 2, 4 and 6, copied for each test."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        command = cls.pretrain("whole", KEEP)
        ended = start(command, cls.environment())
        assert ended.status == 0, ended.printed
        cls.whole = contents(cls.root / "whole")

    def setUp(self) -> None:
        self.seed = int(os.environ.get("DNAGPT_FAULT_SEED", time.time_ns() % 10**9))
        self.draw = random.Random(self.seed)
        self.folder = self.root / self._testMethodName
        shutil.copytree(self.root / "whole", self.folder)
        self.addCleanup(shutil.rmtree, self.folder)
        self.newest = self.checkpoint(6)

    def checkpoint(self, step: int) -> Path:
        return self.folder / "checkpoints" / f"step_{step:08d}.h5"

    def again(self, *settings: str) -> Ended:
        return start(self.pretrain(self.folder.name, KEEP, *settings), self.environment())

    def refuse(self, command: list[str], *parts: str) -> None:
        ended = start(command, self.environment())
        self.assertEqual(ended.status, 1, ended.printed)
        for part in parts:
            self.assertIn(part, ended.printed)

    def expect_older_taken(self, *parts: str) -> None:
        ended = self.again()
        self.assertEqual(ended.status, 0, ended.printed)
        for part in (*parts, f"it is set aside as {self.newest}.damaged", "at step 4"):
            self.assertIn(part, ended.printed)
        (self.newest.parent / f"{self.newest.name}.damaged").unlink()
        self.assertEqual(difference(self.folder, self.whole), "")

    def test_a_flipped_bit_of_a_tensor(self) -> None:
        flip(self.newest, -1000)
        self.refuse([DNAGPT, "inspect", str(self.newest)], "damaged in block 1", "/state/adam_v")
        self.expect_older_taken("damaged in block 1", "/state/adam_v")

    def test_a_flipped_bit_of_the_head(self) -> None:
        for byte, text in ((0, "is no dnagpt file"), (9, "head"), (4000, "head"), (8190, "head")):
            flip(self.newest, byte)
            self.refuse([DNAGPT, "inspect", str(self.newest)], text)
            self.expect_older_taken(text)

    def test_what_is_left_of_a_checkpoint(self) -> None:
        for length in (0, 7, 100, 8192, 3_000_000):
            os.truncate(self.newest, length)
            self.expect_older_taken()

    def test_the_only_checkpoint(self) -> None:
        for step in (2, 4):
            self.checkpoint(step).unlink()
        flip(self.newest, -1000)
        ended = self.again()
        self.assertEqual(ended.status, 1, ended.printed)
        self.assertIn("no whole checkpoint any more", ended.printed)
        self.assertIn("start over at step 0", ended.printed)
        ended = self.again()  # a requeue must not throw the run away
        self.assertEqual(ended.status, 1, ended.printed)
        self.assertIn("no whole checkpoint any more", ended.printed)
        self.newest.with_name(f"{self.newest.name}.damaged").unlink()
        self.assertEqual(self.again().status, 0)
        self.assertEqual(difference(self.folder, self.whole), "")

    def test_what_cannot_be_read_is_not_damaged(self) -> None:
        name = str(self.newest.relative_to(self.folder))
        for world in (1, 2):
            command = self.pretrain(self.folder.name, KEEP, world=world)
            broken = self.faults(self.folder.name, at=f"{name}\t1", mode="unreadable")
            ended = start(command, broken)
            self.assertNotIn(ended.status, (0, 75), ended.printed)
            self.assertIn(f"cannot read {self.newest}", ended.printed)
            self.assertNotIn("set aside", ended.printed)
        self.assertEqual(difference(self.folder, self.whole), "")

    def test_stale_and_foreign_files_in_the_folder(self) -> None:
        stale = self.folder / "checkpoints" / "step_00000008.h5.tmp"
        shutil.copyfile(self.newest, stale)
        note = self.folder / "checkpoints" / "note.txt"
        note.write_text("mine")
        ended = self.again("schedule.steps=8")
        self.assertEqual(ended.status, 0, ended.printed)
        self.assertIn(f"removing {stale}, left by an interrupted save", ended.printed)
        self.assertEqual(note.read_text(), "mine")
        self.assertFalse(stale.exists())

    def test_files_that_the_program_writes_anew(self) -> None:
        for name in ("config.toml", "checkpoints/latest", "lock"):
            for junk in (b"", b"\0\xff" * 500):
                (self.folder / name).write_bytes(junk)
                ended = self.again()
                self.assertEqual(ended.status, 0, ended.printed)
                self.assertEqual(difference(self.folder, self.whole), "", name)

    def test_metrics(self) -> None:
        path = self.folder / "metrics.jsonl"
        whole = path.read_bytes()
        outcomes: Counter[str] = Counter()
        keys = [whole.index(key) + 1 for key in (b'"step":4', b'evaluation":{"step"', b'"loss"')]
        keys.append(whole.index(b'{"step"', whole.index(b"evaluation")) + 3)
        drawn = [self.draw.randrange(len(whole)) for _ in range(100 if LONG else 8)]

        def attempt(task: tuple[int, int]) -> None:
            byte, bit = task
            folder = self.root / f"metrics_{byte}_{bit}"
            shutil.copytree(self.folder, folder)
            flip(folder / "metrics.jsonl", byte, bit)
            ended = start(self.pretrain(folder.name, KEEP), self.environment())
            self.assertIn(ended.status, (0, 1), ended.printed)
            if ended.status == 1:
                self.assertIn("metrics.jsonl line", ended.printed)
            outcomes["refused" if ended.status else "accepted"] += 1
            shutil.rmtree(folder)

        tasks = {(byte, self.draw.randrange(7)) for byte in drawn} | {(key, 2) for key in keys}
        self.for_all(sorted(tasks), attempt)
        print(f"metrics.jsonl, seed {self.seed}, {len(tasks)} bits flipped: {dict(outcomes)}")

    def test_shards(self) -> None:
        shards = self.root / "damaged_shards"
        shutil.copytree(self.root / "shards", shards)
        path = shards / "homo_sapiens.train.000.h5"
        flip(path, -100)
        text = f"{path} is damaged in block 0"
        self.refuse([PREP, "inspect", str(path)], text)
        self.refuse(self.pretrain(self.folder.name, KEEP, f"data.shards={shards}"), text)


class FinetuneDamage(FaultTest):
    """A fine-tuning whose best checkpoint is not its newest."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.make_set()
        cls.first = start(cls.pretrain("first", "schedule.steps=1"), cls.environment())
        cls.origin = f"finetune.from={cls.root / 'first'}"
        cls.done = start(cls.finetune("whole", cls.origin), cls.environment())
        cls.whole = contents(cls.root / "whole")

    def setUp(self) -> None:
        self.assertEqual((self.first.status, self.done.status), (0, 0), self.done.printed)
        self.folder = self.root / self._testMethodName
        shutil.copytree(self.root / "whole", self.folder)
        self.addCleanup(shutil.rmtree, self.folder)

    def again(self) -> Ended:
        return start(self.finetune(self.folder.name, self.origin), self.environment())

    def test_the_note_of_the_start(self) -> None:
        note = self.folder / "from.json"
        whole = note.read_bytes()
        cases = {
            "empty": b"",
            "half": whole[: len(whole) // 2],
            "a list": b"[]",
            "a number": b"7",
            "a key": whole.replace(b'"checkpoint"', b'"chackpoint"'),
            "a digest": whole.replace(b'"digest": "', b'"digest": "x'),
        }
        for name, junk in cases.items():
            note.write_bytes(junk)
            ended = self.again()
            self.assertEqual(ended.status, 1, f"{name}: {ended.printed}")
            self.assertIn(str(note), ended.printed, name)
            self.assertNotIn("json.exception", ended.printed, name)
        note.write_bytes(whole)
        self.assertEqual(self.again().status, 0)
        self.assertEqual(difference(self.folder, self.whole), "")

    def test_the_note_of_the_best(self) -> None:
        best = self.folder / "checkpoints" / "best"
        for junk in (b"", b"\xff\0", b"../../etc/passwd", b"step_x.h5"):
            best.write_bytes(junk)
            command = [DNAGPT, "generate", "--checkpoint", str(self.folder), "--prompt", "<R>"]
            ended = start(command, self.environment())
            self.assertEqual(ended.status, 1, ended.printed)
            self.assertIn(f"{best} does not name a checkpoint", ended.printed)
        self.assertEqual(self.again().status, 0)
        self.assertEqual(difference(self.folder, self.whole), "")

    def test_the_best_checkpoint(self) -> None:
        names = sorted(path.name for path in self.folder.glob("checkpoints/step_*.h5"))
        best = (self.folder / "checkpoints" / "best").read_text().strip()
        self.assertEqual(len(names), 2)
        self.assertEqual(best, names[0])
        flip(self.folder / "checkpoints" / best, -1000)
        ended = self.again()
        self.assertEqual(ended.status, 0, ended.printed)
        self.assertIn("the checkpoint of the best validation", ended.printed)
        self.assertIn(f"{best}.damaged", ended.printed)
        (self.folder / "checkpoints" / names[0]).unlink(missing_ok=True)

    def test_the_set(self) -> None:
        data = self.root / "set.h5"
        whole = data.read_bytes()
        self.addCleanup(data.write_bytes, whole)
        flip(data, -100)
        ended = self.again()
        self.assertEqual(ended.status, 1, ended.printed)
        self.assertIn(f"{data} is damaged in block 0", ended.printed)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
