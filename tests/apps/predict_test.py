"""What `dnagpt predict` promises its users.

Usage: predict_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import unittest
from pathlib import Path

from finetuning import FinetuningTest
from programs import DNAGPT, PREP, bases, ranks, read_table, run

# Probabilities are written with six digits; batches of another form round otherwise.
ROUNDING = 2e-5


class Predictions(FinetuningTest):
    """Each test has a model that tells two words apart."""

    def setUp(self) -> None:
        super().setUp()
        self.rows = self.two_classes()
        self.data = self.make_set("classes", self.rows)
        run(self.command("run", f"finetune.data={self.data}", "schedule.epochs=5"))

    def predict(self, *more: str, expected: int = 0, np: int = 1, folder: str = "run") -> str:
        """Asks a fine-tuned model; what is printed."""
        command = [DNAGPT, "predict", "--checkpoint", str(self.folder / folder), *more]
        return run(ranks(np, *command) if np > 1 else command, expected)

    def write_fasta(self, name: str, sequences: list[str]) -> str:
        """A FASTA file with records named by their numbers."""
        path = self.folder / name
        path.write_text("".join(f">s{i}\n{bases}\n" for i, bases in enumerate(sequences)))
        return str(path)

    def test_fasta_and_table_are_answered_as_the_set_was(self) -> None:
        fasta = self.write_fasta("all.fa", [sequence for sequence, _ in self.rows])
        self.predict("--fasta", fasta, "--output", str(self.folder / "fasta.tsv"))
        table = str(self.folder / "classes.tsv")
        self.predict("--table", table, "--output", str(self.folder / "table.tsv"))
        by_sequence = {}
        for (sequence, _), one, other in zip(
            self.rows,
            read_table(self.folder / "fasta.tsv"),
            read_table(self.folder / "table.tsv"),
            strict=True,
        ):
            self.assertEqual((one["start"], one["end"]), ("0", str(len(sequence))))
            self.assertEqual(one["p_y"], other["p_y"])
            by_sequence[sequence] = one
        lines = {f"classes.tsv:{i + 2}": sequence for i, (sequence, _) in enumerate(self.rows)}
        known = read_table(self.folder / "run" / "predictions.tsv")
        self.assertGreater(len(known), 10)
        for row in known:
            found = by_sequence[lines[row["id"]]]
            self.assertEqual(found["predicted"], row["predicted"])
            self.assertAlmostEqual(float(found["p_y"]), float(row["p_y"]), delta=ROUNDING)

    def test_bytes_do_not_depend_on_ranks_or_pieces(self) -> None:
        draw = random.Random(2)
        fasta = self.write_fasta("many.fa", [bases(draw.randint(6, 40), draw) for _ in range(2500)])
        one, two, joined = (self.folder / f"{name}.tsv" for name in ("one", "two", "joined"))
        more = ["--fasta", fasta, "--logits-at", "every", "--positions", "256"]
        made = []
        for path, count in ((one, 1), (two, 2)):
            logits = path.with_suffix(".h5")
            self.predict(*more, "--output", str(path), "--logits", str(logits), np=count)
            made.append((path.read_bytes(), logits.read_bytes()))
        pieces = ["--output", str(joined), "--logits", str(joined.with_suffix(".h5"))]
        for number in (1, 2, 3):
            self.predict(*more, *pieces, "--piece", f"{number}/3")
        run([DNAGPT, "predict", "--merge", *pieces])
        made.append((joined.read_bytes(), joined.with_suffix(".h5").read_bytes()))
        self.assertEqual(len(read_table(one)), 2500)
        self.assertTrue(made[0] == made[1] == made[2])
        Path(f"{joined}.piece_2_of_3").unlink()
        self.assertIn(
            "run its --piece 2/3 again", run([DNAGPT, "predict", "--merge", *pieces], expected=1)
        )

    def test_a_long_sequence_is_cut_into_windows(self) -> None:
        draw = random.Random(3)
        sequence = bases(400, draw)
        output = self.folder / "windows.tsv"
        self.predict("--fasta", self.write_fasta("long.fa", [sequence]), "--output", str(output))
        places = [(int(row["start"]), int(row["end"])) for row in read_table(output)]
        room = 6 * (24 - 3)
        self.assertEqual(places[0], (0, room))
        self.assertEqual(places[-1][1], len(sequence))
        self.assertTrue(all(b[0] - a[0] == room // 2 for a, b in itertools.pairwise(places)))
        parts = self.write_fasta("parts.fa", [sequence[start:end] for start, end in places])
        alone = self.folder / "parts.tsv"
        self.predict("--fasta", parts, "--output", str(alone))
        for window, part in zip(read_table(output), read_table(alone), strict=True):
            self.assertEqual(window["p_y"], part["p_y"])
        words = ["--template", "<R>{sequence}", "--overlap", "0", "--output", str(alone)]
        self.predict("--fasta", str(self.folder / "long.fa"), *words)
        # Pretraining asks for no word behind the first 24 - 5 positions.
        self.assertEqual(read_table(alone)[0]["end"], str(6 * (24 - 5 - 1)))

    def test_free_prompts_come_from_arguments_files_and_standard_input(self) -> None:
        prompts = ["<R>CCGCCGATT<=><B>", "named\t<R>AATAAAATT<=><B>"]
        output = self.folder / "out.tsv"
        asked = [text for prompt in prompts for text in ("--prompt", prompt)]
        self.predict(*asked, "--answer", "class", "--output", str(output))
        first = output.read_text()
        self.assertEqual([row["id"] for row in read_table(output)], ["prompt_1", "named"])
        lines = "\n".join(["", *prompts, ""])
        (self.folder / "prompts.txt").write_text(lines)
        file = str(self.folder / "prompts.txt")
        self.predict("--prompts", file, "--answer", "class", "--output", str(output))
        self.assertEqual(output.read_text(), first)
        command = [DNAGPT, "predict", "--checkpoint", str(self.folder / "run")]
        command += ["--prompts", "-", "--answer", "class", "--output", str(output)]
        subprocess.run(command, input=lines, text=True, check=True, capture_output=True)
        self.assertEqual(output.read_text(), first)
        self.predict(*asked, "--answer", "words", "--top", "3", "--output", str(output))
        rows = read_table(output)
        self.assertEqual({rows[0]["word_1"], rows[0]["word_2"]}, {"<X>", "<Y>"})
        self.assertGreater(float(rows[0]["p_1"]), float(rows[0]["p_2"]))

    def test_a_table_gives_as_many_numbers_as_the_task_has(self) -> None:
        draw = random.Random(6)
        table = self.folder / "genes.tsv"
        rows = [[f"g{i}", *(f"{draw.gauss(0, 1):.3f}" for _ in range(3))] for i in range(60)]
        table.write_text("\n".join("\t".join(row) for row in [["gene_id", "f1", "f2", "y"], *rows]))
        data = str(self.folder / "genes.h5")
        given = ["--table", str(table), "--number-columns", "f1,f2", "--target-column", "y"]
        run([PREP, "expression", *given, "--output", data])
        run(self.command("genes", f"finetune.data={data}", "schedule.epochs=1"))
        output = ["--output", str(self.folder / "numbers.tsv")]
        self.predict("--table", str(table), "--id-column", "gene_id", *output, folder="genes")
        known = read_table(self.folder / "genes" / "predictions.tsv")
        found = {row["id"]: row for row in read_table(self.folder / "numbers.tsv")}
        self.assertEqual(len(found), 60)
        for row in known:
            answer = found[row["id"]]
            difference = float(answer["predicted"]) - float(row["predicted"])
            self.assertAlmostEqual(difference, 0, delta=ROUNDING)
        asked = ["--table", str(table), "--number-columns", "f1", *output]
        self.assertIn(
            "takes 2 numbers; name as many", self.predict(*asked, expected=1, folder="genes")
        )

    def test_bad_input_is_named_and_leaves_nothing(self) -> None:
        output = self.folder / "bad.tsv"
        (self.folder / "none.txt").write_text("\n")
        (self.folder / "short.fa").write_text(">a\nACGT\n>b\n>c\nAC\n")
        (self.folder / "table.tsv").write_text("id\tsequence\na\tACGT\nb\tAXGT\n")
        fasta = self.write_fasta("one.fa", ["ACGTAC"])
        cases = [
            (["--prompt", "<R>ACGT<%>"], "position 8"),
            (["--prompt", "<R>ACGT<="], "position 8"),
            (["--prompt", "<R>AC3T"], "position 6"),
            (["--prompt", ""], "an empty prompt asks nothing"),
            (["--prompt", "<R>" + "ACGTAC" * 30], "31 positions for a context of 24"),
            (["--prompt", "<R>ACGT<M>1,2<=><B>"], "no number embedding"),
            (["--prompt", "<R>ACGT<=><M>", "--answer", "number"], "answers no numbers"),
            (["--prompts", str(self.folder / "none.txt")], "holds no prompt"),
            (["--prompts", str(self.folder / "missing.txt")], "missing.txt cannot be opened"),
            (["--fasta", str(self.folder / "short.fa")], "record b has no bases"),
            (["--fasta", fasta, "--template", "<R>{seq}<B>"], "a place {seq}"),
            (["--fasta", fasta, "--template", "<S>{sequence}<B>"], "name its token"),
            (["--fasta", fasta, "--template", "class"], "name its token"),
            (["--fasta", fasta, "--overlap", "1000"], "choose an overlap from 0"),
            (["--fasta", fasta, "--task", "other"], "it knows classes"),
            (["--table", str(self.folder / "table.tsv")], "row 3"),
            (
                ["--table", str(self.folder / "table.tsv"), "--template", "<R><M>{numbers}<B>"],
                "takes numbers; name their --number-columns",
            ),
            (["--table", str(self.folder / "table.tsv"), "--sequence-column", "x"], "'x'"),
        ]
        for arguments, message in cases:
            with self.subTest(message=message):
                printed = self.predict(*arguments, "--output", str(output), expected=1)
                self.assertIn(message, printed)
                self.assertEqual(list(self.folder.glob("bad*")), [])
        wrong_uses = [
            (["--piece", "3/2"], "is no piece of an array"),
            (["--positions", "0"], "is no whole number from 1 on"),
            (["--species-token", "5"], "5"),
            (["--output", fasta], "written over"),
            (["--logits-at", "every"], "--logits"),
            (["--id-column", "id"], "--table"),
        ]
        for arguments, message in wrong_uses:
            with self.subTest(message=message):
                given = ["--fasta", fasta, *arguments]
                self.assertIn(message, self.predict(*given, expected=2))
        numbers = ["--template", "<R>{sequence}<B>", "--number-columns", "f1"]
        table = ["--table", str(self.folder / "table.tsv")]
        self.assertIn("takes no numbers", self.predict(*table, *numbers, expected=1))
        words = ["--template", "haplotypes", "--species-token", "R"]
        self.assertIn("no place for a row", self.predict(*table, *words, expected=1))
        for option in (["--template", "class"], ["--overlap", "6"], ["--species-token", "R"]):
            printed = self.predict("--prompt", "<R>ATTGAC", *option, expected=2)
            self.assertIn(f"{option[0]} excludes --prompt", printed)
        printed = self.predict("--fasta", fasta, "--output", str(self.folder), expected=1)
        self.assertIn("is no file", printed)
        self.assertIn("--checkpoint", run([DNAGPT, "predict", "--fasta", fasta], expected=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
