"""A run at one number of ranks goes on at another: the same rows, and losses within rounding.

Usage: worlds_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import math
import re
import shutil
import sys
import unittest
from collections.abc import Iterator

from fault_runs import LONG, FaultTest, metrics

STEPS = 12
HALF = 6
EPS = 2.0**-24  # of a rounding to float
ROWS = 12  # of a step, one at a time: the sums over them are all that the ranks share
SETTINGS = (
    f"batch.tokens_per_step={32 * ROWS}",
    f"schedule.steps={STEPS}",
    f"checkpoint.every_steps={HALF}",
    "checkpoint.keep_last=2",
)


def tolerance(line: dict, parameters: int) -> float:
    """How far another order of the sums may move the loss of a step, to first order.

    A sum of n floats is off by at most n eps of the magnitude of its terms: the loss by n eps loss;
    the gradient by d with |d|_1 <= n eps sqrt(n) sqrt(N) |g| for n rows and N parameters, since the
    rows' gradients together are some sqrt(n) longer than their sum. Adam's update moves by
    lr d / sqrt(v), and sqrt(v) >= |g| / sqrt(s) after s steps, so each of the s steps so far may
    have moved the loss, g times the change of the weights, by lr sqrt(s) |d|_1.
    """
    gradient = ROWS * EPS * math.sqrt(ROWS * parameters) * line["grad_norm"]
    rate = 3e-3  # at its highest
    moved = line["step"] * rate * math.sqrt(line["step"]) * gradient
    return ROWS * EPS * line["loss"] + moved


class Worlds(FaultTest):
    """Batches of twelve rows divide among one to four ranks."""

    def pairs(self) -> Iterator[tuple[int, int]]:
        every = [(a, b) for a in range(1, 5) for b in range(1, 5)]
        yield from every if LONG else [(1, 4), (2, 3), (3, 2), (4, 1)]

    def steps(self, folder: str) -> list[dict]:
        lines = [line for line in metrics(self.root / folder) if "step" in line]
        self.assertEqual([line["step"] for line in lines], list(range(1, STEPS + 1)))
        return lines

    def compare(self, name: str, one: list[dict], other: list[dict]) -> None:
        largest = 0.0
        for a, b in zip(one, other, strict=True):
            self.assertIn("rows", a, "metrics.jsonl does not say which rows a step had")
            self.assertEqual(a["rows"], b["rows"], f"{name}: other rows at step {a['step']}")
            self.assertEqual(a["tokens"], b["tokens"])
            bound = tolerance(a, self.parameters)
            self.assertLessEqual(abs(a["loss"] - b["loss"]), bound, f"{name} step {a['step']}")
            largest = max(largest, abs(a["loss"] - b["loss"]))
        self.assertEqual(len({line["rows"] for line in one}), len(one), "steps share their rows")
        print(f"{name}: the same rows, losses differ by at most {largest:.1e}, allowed {bound:.1e}")

    def test_every_world_goes_on_with_the_same_rows(self) -> None:
        for world in range(1, 5):
            printed = self.succeed(self.pretrain(f"at_{world}", *SETTINGS, world=world))
            found = re.search(r"plan: ([\d,]+) parameters", printed)
            self.parameters = int(found[1].replace(",", ""))
        whole = self.steps("at_1")
        for world in range(2, 5):
            self.compare(f"1 rank and {world}", whole, self.steps(f"at_{world}"))
        for first, then in self.pairs():
            folder = f"from_{first}_to_{then}"
            shutil.copytree(self.root / f"at_{first}", self.root / folder)
            (self.root / folder / "checkpoints" / f"step_{STEPS:08d}.h5").unlink()
            printed = self.succeed(self.pretrain(folder, *SETTINGS, world=then))
            self.assertIn(f"at step {HALF}", printed)
            self.assertEqual(printed.count("world size was"), int(first != then))
            self.compare(folder.replace("_", " "), whole, self.steps(folder))
            if first == then:
                self.assertEqual(self.steps(folder), self.steps(f"at_{first}"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
