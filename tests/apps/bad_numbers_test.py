"""Numbers that go wrong in a run: rows left out, going back to a checkpoint, giving up.

Usage: bad_numbers_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import os
import sys
import unittest

from programs import DNAGPT, run
from small_runs import SmallRuns


class BadNumbers(SmallRuns):
    """Faults are injected; the undisturbed run says which rows a step would have had."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        run(cls.pretrain(cls(), 1, "whole", "schedule.steps=30"))
        cls.undisturbed = cls.rows(cls(), "whole")

    def train(
        self, faults: str, folder: str, *settings: str, count: int = 2, expected: int = 0
    ) -> str:
        """What a run with these faults prints."""
        environment = os.environ | {"DNAGPT_INJECT": faults}
        return run(self.pretrain(count, folder, *settings), expected, environment)

    def test_a_step_that_is_not_finite_takes_the_following_rows(self) -> None:
        printed = self.train("rank1:nan@7", "skipped")
        self.assertIn("non-finite loss or gradient after step 6; its rows (block 6)", printed)
        rows = self.rows("skipped")
        self.assertEqual(sorted(rows), list(range(1, 21)))
        for step in range(1, 21):
            self.assertEqual(rows[step], self.undisturbed[step if step < 7 else step + 1])

    def test_the_skip_list_survives_a_resume_at_another_world_size(self) -> None:
        self.train("nan@7", "resumed", "schedule.steps=10")
        run(self.pretrain(1, "resumed", "schedule.steps=20"))
        rows = self.rows("resumed")
        for step in range(11, 21):
            self.assertEqual(rows[step], self.undisturbed[step + 1])

    def test_three_in_a_row_go_back_to_the_checkpoint(self) -> None:
        printed = self.train("nan@8,nan@8,nan@8", "rolled_back")
        self.assertIn("3 times in a row after step 7: back to step 5", printed)
        events = [
            line["rolled_back"] for line in self.metrics("rolled_back") if "rolled_back" in line
        ]
        self.assertEqual([(event["from"], event["step"]) for event in events], [(7, 5)])
        rows = self.rows("rolled_back")
        # Blocks 5 and 6 led there, 7 to 9 were not finite.
        self.assertEqual(rows[6], self.undisturbed[11])

    def test_a_weight_that_is_no_number_is_found_before_it_is_saved(self) -> None:
        printed = self.train("rank1:weight@9", "weight")
        self.assertIn("a weight is not finite after step 10: back to step 5", printed)
        self.assertEqual(sorted(self.rows("weight")), list(range(1, 21)))

    def test_after_going_back_twice_the_run_says_what_was_tried(self) -> None:
        printed = self.train(",".join(["nan@8"] * 9), "hopeless", expected=1)
        self.assertEqual(printed.count(": back to step 5"), 2)
        self.assertIn("was tried 2 times", printed)
        self.assertIn("lower optimizer.learning_rate", printed)
        self.assertTrue(self.checkpoint("hopeless", 5).exists())

    def test_a_spike_is_left_out_and_its_rule_survives_a_resume(self) -> None:
        settings = ["schedule.steps=70", "optimizer.spike_factor=20", "checkpoint.keep_last=9"]
        printed = self.train("spike@64", "spiky", *settings, count=1)
        self.assertIn("after step 63; its rows (block 63) are left out", printed)
        self.assertRegex(printed, r"gradient norm \S+ \(running mean [\d.]+\)")
        for step in (70, 65):
            self.checkpoint("spiky", step).rename(self.root / f"{step}.h5")
        self.train("spike@64", "spiky", *settings, count=1)
        for step in (70, 65):
            self.assertEqual(
                self.checkpoint("spiky", step).read_bytes(), (self.root / f"{step}.h5").read_bytes()
            )

    def test_without_the_rule_nothing_is_a_spike(self) -> None:
        printed = self.train("spike@64", "plain", "schedule.steps=65", count=1)
        self.assertNotIn("left out", printed)

    def test_the_variable_is_for_testers(self) -> None:
        for command in ([DNAGPT, "--help"], [DNAGPT, "pretrain", "--help"]):
            self.assertNotIn("INJECT", run(command))
        printed = self.train("nan@5", "warned", "schedule.steps=6")
        self.assertIn("DNAGPT_INJECT=nan@5: faults are injected", printed)
        printed = self.train("crash@5", "unknown", expected=1)
        self.assertIn("'crash@5', which is no fault", printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
