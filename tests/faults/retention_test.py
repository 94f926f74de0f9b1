"""Retention never takes the last whole checkpoint, whatever else goes wrong around it.

Usage: retention_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path

from fault_runs import LONG, Ended, FaultTest, Place, start
from programs import DNAGPT


def steps(folder: Path) -> list[int]:
    """The steps of the checkpoints that stand under their names."""
    names = sorted(path.name for path in (folder / "checkpoints").glob("step_*.h5"))
    return [int(name[len("step_") : -len(".h5")]) for name in names]


class Retention(FaultTest):
    """Runs of eight steps with a save after every second one."""

    def command(self, folder: str, keep_last: int, every: int = 0) -> list[str]:
        keep = f"checkpoint.keep_last={keep_last}", f"checkpoint.keep_every_steps={every}"
        return self.pretrain(folder, "schedule.steps=8", *keep, "evaluation.every_steps=0")

    def whole_steps(self, folder: Path) -> list[int]:
        """Those of the checkpoints that a program can read."""
        found = []
        for step in steps(folder):
            path = folder / "checkpoints" / f"step_{step:08d}.h5"
            ended = start([DNAGPT, "inspect", str(path)], self.environment())
            found += [step] if ended.status == 0 else []
        return found

    def test_what_stays(self) -> None:
        cases = (((1, 0), [8]), ((3, 0), [4, 6, 8]), ((1, 4), [4, 8]), ((2, 6), [6, 8]))
        for (last, every), expected in cases:
            folder = f"keep_{last}_{every}"
            self.succeed(self.command(folder, last, every))
            self.assertEqual(steps(self.root / folder), expected, folder)

    def end_at(self, folder: str, place: Place, mode: str) -> Ended:
        at = f"{place.path}\t{place.number}"
        return start(self.command(folder, 1), self.faults(folder, at=at, mode=mode))

    def test_a_whole_one_is_there_whenever_a_run_ends(self) -> None:
        """With one kept, each call of the second save is the last of the process, or fails."""
        places = self.places("counted", self.command("counted", 1))
        names = ("checkpoints/step_00000004.h5.tmp", "checkpoints/latest.tmp")
        chosen = [place for place in places if place.path in names]
        chosen += [place for place in places if place.call == "unlink"]
        chosen = chosen if LONG else chosen[20::3]
        tasks = [(mode, place) for place in chosen for mode in ("before", "broken")]

        def attempt(task: tuple[str, Place]) -> None:
            mode, place = task
            folder = f"{mode}_{place.path.replace('/', '_')}_{place.number}"
            self.end_at(folder, place, mode)
            reached = place.path != names[1] or place.number > 4
            if reached:
                self.assertTrue(self.whole_steps(self.root / folder), "no whole checkpoint")

        self.for_all(tasks, attempt)
        print(f"keep_last = 1: {len(tasks)} ends in a save and its retention leave a whole one")

    def test_the_newest_is_cut_after_it_was_written(self) -> None:
        folder = self.root / "cut"
        self.succeed(self.command("cut", 3))
        newest = folder / "checkpoints" / "step_00000008.h5"
        with newest.open("r+b") as file:
            file.truncate(100_000)
        # One is kept from now on, but not the one that was cut.
        printed = self.succeed(self.command("cut", 1))
        self.assertIn("at step 6", printed)
        self.assertEqual(self.whole_steps(folder), [8])

    def test_the_best_stays_beside_the_newest(self) -> None:
        self.make_set()
        printed = self.succeed(self.finetune("tuned", "schedule.epochs=6"))
        best = {int(step) for step in re.findall(r"best \S+ at step (\d+)", printed)}
        last = max(steps(self.root / "tuned"))
        self.assertEqual(steps(self.root / "tuned"), sorted({max(best), last}))
        noted = (self.root / "tuned" / "checkpoints" / "best").read_text().strip()
        self.assertEqual(noted, f"step_{max(best):08d}.h5")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
