"""What docs/downstream.md promises of fine-tuning, through the programs.

Usage: finetune_promises_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from finetuning import FinetuningTest
from programs import DNAGPT, PREP, bases, ranks, run

OTHER_STRAND = str.maketrans("ACGT", "TGCA")
# The model rounds rows of another batch otherwise.
ROUNDING = 2e-5


def read_predictions(path: Path) -> dict[str, dict[str, str]]:
    """Lines of a predictions.tsv by id."""
    with path.open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file, delimiter="\t")}


class Promises(FinetuningTest):
    """Each test has a folder with a config."""

    def evaluate(self, checkpoint: str, data: str) -> dict[str, dict[str, str]]:
        """The answers of a finished run to a set."""
        table = self.folder / f"{Path(data).stem}.answers.tsv"
        where = ["--checkpoint", str(self.folder / checkpoint), "--set", data]
        files = ["--output", str(self.folder / "e.json"), "--predictions", str(table)]
        run([DNAGPT, "evaluate", *where, *files])
        return read_predictions(table)

    def test_four_classes_are_told_apart(self) -> None:
        draw = random.Random(2)
        words = {"red": "AATAAA", "green": "CCGCCG", "blue": "GTGTGT", "grey": "TTACCA"}
        names = list(words)
        rows = [(words[names[i % 4]] + bases(40, draw), names[i % 4]) for i in range(160)]
        data = self.make_set("four", rows)
        run(ranks(2, *self.command("run", f"finetune.data={data}", "schedule.epochs=20")))
        evaluation = json.loads((self.folder / "run/evaluation.json").read_text())
        scores = next(iter(evaluation["sets"].values()))["test"]
        self.assertEqual(set(scores["n_by_class"]), set(names))
        self.assertEqual([len(row) for row in scores["confusion"]], [4] * 4)
        self.assertGreater(scores["accuracy"], 0.8)
        answers = read_predictions(self.folder / "run/predictions.tsv")
        for row in answers.values():
            self.assertAlmostEqual(sum(float(row[f"p_{name}"]) for name in names), 1, delta=1e-4)

    def test_the_dynamic_vocabulary_reads_a_tail_as_a_shorter_word(self) -> None:
        draw = random.Random(3)
        # The tails of 43 bases (one of them is all that tells the classes apart) are words of one.
        rows = [(bases(42, draw) + "AC"[i % 2], "yn"[i % 2]) for i in range(120)]
        data = self.make_set("tails", rows)
        settings = [f"finetune.data={data}", "model.vocabulary=dynamic", "schedule.epochs=20"]
        run(self.command("run", *settings))
        answers = read_predictions(self.folder / "run/predictions.tsv")
        right = [row["label"] == row["predicted"] for row in answers.values()]
        self.assertGreater(sum(right) / len(right), 0.9)

    def test_both_strands_are_averaged(self) -> None:
        rows = self.two_classes(36)
        turned = [(text.translate(OTHER_STRAND)[::-1], label) for text, label in rows]
        parts = ("--train", "--validation", "--test")
        data = {}
        for name, each in (("forward", rows), ("turned", turned)):
            data[name] = str(self.folder / f"{name}.h5")
            files = []
            for place, part in enumerate(parts):
                table = self.folder / f"{part[2:]}.csv"
                table.write_text("\n".join(map(",".join, each[20 * place : 20 * place + 20])))
                files += [part, str(table)]
            run([PREP, "signals", *files, "--output", data[name]])
        for averaged in ("true", "false"):
            with self.subTest(averaged=averaged):
                settings = [f"finetune.reverse_complement={averaged}", "schedule.epochs=3"]
                folder = f"run_{averaged}"
                run(self.command(folder, f"finetune.data={data['forward']}", *settings))
                ours, theirs = (self.evaluate(folder, data[name]) for name in data)
                self.assertEqual(ours.keys(), theirs.keys())
                differences = [
                    abs(float(ours[name]["p_y"]) - float(theirs[name]["p_y"])) for name in ours
                ]
                self.assertEqual(max(differences) < ROUNDING, averaged == "true", differences)

    def test_one_fold_alone_is_that_of_all_folds(self) -> None:
        data = self.make_set("folded", self.two_classes())
        settings = [f"finetune.data={data}", "finetune.folds=3", "schedule.epochs=2"]
        run(self.command("all", *settings))
        run(self.command("second", *settings, "finetune.fold=2"))
        folds = [self.folder / f"all/fold_{k}/predictions.tsv" for k in (1, 2, 3)]
        alone = self.folder / "second/predictions.tsv"
        self.assertEqual(alone.read_bytes(), folds[1].read_bytes())
        tested = [
            {name for name, row in read_predictions(path).items() if row["split"] == "test"}
            for path in folds
        ]
        self.assertEqual(sum(map(len, tested)), len(set.union(*tested)))
        self.assertEqual(len(set.union(*tested)), len(self.two_classes()))

    def test_sigterm_saves_and_the_same_command_ends_with_the_same_answers(self) -> None:
        data = self.make_set("classes", self.two_classes())
        settings = [f"finetune.data={data}", "schedule.epochs=40"]
        run(self.command("whole", *settings))
        stopped = self.command("stopped", *settings)
        metrics = self.folder / "stopped/metrics.jsonl"
        with subprocess.Popen(
            stopped, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 60
            while not (metrics.exists() and metrics.read_text()) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=60), 75)
        self.assertFalse((self.folder / "stopped/evaluation.json").exists())
        self.assertIn("resumed from", run(stopped))
        whole, again = (self.folder / name / "predictions.tsv" for name in ("whole", "stopped"))
        self.assertEqual(whole.read_text(), again.read_text())

    def test_a_start_that_was_written_again_is_refused(self) -> None:
        data = self.make_set("classes", self.two_classes())
        source = [f"finetune.data={data}", "schedule.epochs=1"]
        run(self.command("source", *source))
        other = [*source, "run.seed=2"]
        run(self.command("other", *other))
        start = next((self.folder / "source/checkpoints").glob("*.h5"))
        begin = [f"finetune.data={data}", f"finetune.from={start}"]
        run(self.command("run", *begin, "run.time_limit=0.000001"), expected=75)
        replacement = self.folder / "other" / start.relative_to(self.folder / "source")
        shutil.copy(replacement, start)
        said = run(self.command("run", *begin, "finetune.seeds=2"), expected=1)
        self.assertIn("is not the file that this run was to begin with", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
