"""Fine-tuning through the programs: sets, training, interruption, scores, haplotypes, bad input.

Usage: finetune_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import json
import re
import sys
import unittest
from pathlib import Path

from finetuning import CONFIG, FinetuningTest
from programs import DNAGPT, PREP, ranks, run


class Finetuning(FinetuningTest):
    """Each test has a folder with a config and a set."""

    def setUp(self) -> None:
        super().setUp()
        self.classes = self.make_set("classes", self.two_classes())

    def finetune(self, data: str, folder: str, *more: str, expected: int = 0, np: int = 1) -> str:
        """Fine-tunes in a folder of the test."""
        return run(ranks(np, *self.command(folder, f"finetune.data={data}", *more)), expected)

    def scores(self, file: str) -> dict:
        """Test scores of the only set in a file of the test's folder."""
        evaluation = json.loads((self.folder / file).read_text())
        return next(iter(evaluation["sets"].values()))["test"]

    def test_interrupted_training_goes_on_and_is_scored_again(self) -> None:
        self.finetune(self.classes, "run", "run.time_limit=0.000001", expected=75, np=2)
        said = self.finetune(self.classes, "run", np=2)
        self.assertIn("resumed from", said)
        self.assertGreaterEqual(self.scores("run/evaluation.json")["accuracy"], 0.9)
        output = self.folder / "again.json"
        run(
            [
                DNAGPT,
                "evaluate",
                "--checkpoint",
                str(self.folder / "run"),
                "--set",
                self.classes,
                "--output",
                str(output),
                "--predictions",
                str(self.folder / "again.tsv"),
            ]
        )
        self.assertEqual(
            self.scores("again.json")["confusion"], self.scores("run/evaluation.json")["confusion"]
        )
        self.assertEqual(
            (self.folder / "again.tsv").read_text().count("\n"),
            (self.folder / "run/predictions.tsv").read_text().count("\n"),
        )
        run(
            [
                DNAGPT,
                "evaluate",
                "--checkpoint",
                str(self.folder / "run"),
                "--set",
                self.classes,
                "--blank",
                "sequence",
                "--output",
                str(output),
            ]
        )
        self.assertLess(self.scores("again.json")["accuracy"], 0.8)

    def test_two_sets_are_told_apart_by_their_prompts(self) -> None:
        swapped = {"n": "y", "y": "n"}
        rows = self.two_classes(count=160)
        classes = self.make_set("forward", rows)
        other = self.make_set("turned", [(text, swapped[label]) for text, label in rows])
        two = f"""
[[finetune.set]]
name = "forward"
data = "{classes}"
[[finetune.set]]
name = "other"
data = "{other}"
prompt = "<R>{{sequence}}<=><&>"
weight = 2.0
"""
        self.config.write_text(CONFIG + two)
        # One layer learns it from some random weights, two from all that were tried.
        settings = ("model.layers=2", "optimizer.learning_rate=3e-3", "schedule.epochs=40")
        run(self.command("two", *settings))
        evaluation = json.loads((self.folder / "two/evaluation.json").read_text())
        for name in ("forward", "other"):
            self.assertGreater(evaluation["sets"][name]["test"]["accuracy"], 0.9, name)
        self.assertTrue((self.folder / "two/predictions_other.tsv").exists())
        evaluate = [
            DNAGPT,
            "evaluate",
            "--checkpoint",
            str(self.folder / "two"),
            "--output",
            str(self.folder / "one.json"),
        ]
        run([*evaluate, "--set", f"other={other}"])
        self.assertEqual(
            list(json.loads((self.folder / "one.json").read_text())["sets"]), ["other"]
        )
        self.assertIn("name the one", run([*evaluate, "--set", classes], expected=1))
        self.assertIn("it knows forward other", run([*evaluate, "--set", f"x={classes}"], 1))

    def test_haplotypes_are_learned_and_drawn(self) -> None:
        rows = []
        for person in range(40):
            for strand in "AB":
                alleles = "0 1 " * 7 if (person + (strand == "A")) % 2 else "1 1 0 0 " * 3 + "1 1 "
                rows.append(f"Real p{person}_{strand} {alleles}")
        hapt = self.folder / "real.hapt"
        hapt.write_text("\n".join(rows) + "\n")
        data = str(self.folder / "haplotypes.h5")
        run([PREP, "haplotypes", "--hapt", str(hapt), "--split", "8,0,2", "--output", data])
        self.finetune(data, "genomes", "schedule.epochs=30")
        drawn = {}
        for name, batch, count in (("small", "3", 1), ("large", "16", 2)):
            output = self.folder / f"{name}.hapt"
            run(
                ranks(
                    count,
                    DNAGPT,
                    "generate",
                    "--haplotypes",
                    "--checkpoint",
                    str(self.folder / "genomes"),
                    "--count",
                    "20",
                    "--batch",
                    batch,
                    "--output",
                    str(output),
                )
            )
            drawn[name] = output.read_text()
            counts = json.loads(Path(f"{output}.json").read_text())
            self.assertEqual(counts["kept"], 20)
            self.assertEqual(set(counts["discarded"]), {"stop_elsewhere", "other_word", "no_stop"})
            lines = drawn[name].splitlines()
            self.assertTrue(all(line.startswith("AG AG") for line in lines), lines)
            # A sequence bears the number of its draw, from 0: those before were kept or discarded.
            last = int(lines[-1].split()[1].removeprefix("AG"))
            self.assertEqual(last + 1, 20 + sum(counts["discarded"].values()))
        self.assertEqual(drawn["small"], drawn["large"])
        kinds = {line.split(" ", 2)[2] for line in drawn["small"].splitlines()}
        known = {row.split(" ", 2)[2].strip() for row in rows}
        self.assertGreaterEqual(len(kinds & known), 2)

        missed = self.folder / "missed.hapt"
        hot = ["--batch", "20", "--temperature", "100", "--output", str(missed), "--count"]
        draw = [DNAGPT, "generate", "--haplotypes", "--checkpoint", str(self.folder / "genomes")]
        self.assertIn("in 1000 draws", run([*draw, *hot, "1000"], expected=1))
        said = run([*draw, *hot, "20"], expected=1)
        told = re.search(r"only (\d+) of 20 haplotypes in (\d+) draws((, \d+ \w+){3});", said)
        self.assertIsNotNone(told, said)
        discarded = [int(number) for number in re.findall(r", (\d+) \w+", told[3])]
        self.assertEqual(int(told[1]) + sum(discarded), int(told[2]))
        self.assertGreater(max(discarded), 0)
        self.assertEqual(list(self.folder.glob("missed*")), [])

    def test_bad_input_is_named_and_leaves_nothing(self) -> None:
        cases = {
            "finetune.prompt=<S>{seq}<B>": "a place {seq}",
            "model.context_length=7": "positions, and the model has 7",
            "finetune.class_weights=['x=1']": "class_weights has 'x=1'",
            "finetune.from=nowhere": "there is no 'nowhere'",
            "schedule.epoch=1": "schedule.epochs",
        }
        for setting, message in cases.items():
            said = self.finetune(self.classes, "bad", setting, expected=1)
            self.assertIn(message, said)
            self.assertFalse((self.folder / "bad/evaluation.json").exists())
        self.assertIn("cannot open", self.finetune("missing.h5", "bad", expected=1))
        self.assertIn("is no dnagpt file", self.finetune(str(self.config), "bad", expected=1))
        said = run([DNAGPT, "finetune", str(self.config), "run.folder=x"], expected=1)
        self.assertIn("finetune.data is empty", said)
        evaluate = [DNAGPT, "evaluate", "--checkpoint", "x", "--set", f"name={self.classes}"]
        before = Path(self.classes).read_bytes()
        over = run([*evaluate, "--output", self.classes], expected=2)
        self.assertIn("would be written over", over)
        twice = run([*evaluate, "--output", "x.json", "--predictions", "x.json"], expected=2)
        self.assertIn("named for two outputs", twice)
        self.assertEqual(Path(self.classes).read_bytes(), before)
        self.assertIn(
            "[--shards,--set]", run([DNAGPT, "evaluate", "--checkpoint", "x"], expected=2)
        )


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
