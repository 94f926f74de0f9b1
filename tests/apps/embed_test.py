"""What `dnagpt embed` and `dnagpt attention` promise their users.

Usage: embed_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed: numbers are
compared as bytes here, by value in tests/tools/published_weights_test.py.
"""

from __future__ import annotations

import itertools
import random
import sys
import unittest
from pathlib import Path

from finetuning import FinetuningTest
from programs import DNAGPT, bases, ranks, read_table, run


class InnerStates(FinetuningTest):
    """Each test has a fine-tuned model of two layers."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.make_set("classes", self.two_classes())
        run(
            self.command("run", f"finetune.data={self.data}", "schedule.epochs=1", "model.layers=2")
        )
        draw = random.Random(2)
        self.fasta = self.folder / "many.fa"
        sequences = [bases(draw.randint(6, 40), draw) for _ in range(1100)]
        self.fasta.write_text("".join(f">s{i}\n{each}\n" for i, each in enumerate(sequences)))

    def ask(self, command: str, *more: str, expected: int = 0, np: int = 1) -> str:
        """Asks the fine-tuned model; what is printed."""
        given = [DNAGPT, command, "--checkpoint", str(self.folder / "run"), *more]
        return run(ranks(np, *given) if np > 1 else given, expected)

    def expect_same_bytes(self, command: str, *more: str) -> list[dict[str, str]]:
        """At one rank, two ranks and in two pieces; the rows of the index."""
        one, two, joined = (self.folder / f"{command}_{name}.h5" for name in ("1", "2", "joined"))
        given = ["--fasta", str(self.fasta), "--positions", "256", *more]
        self.ask(command, *given, "--output", str(one))
        self.ask(command, *given, "--output", str(two), np=2)
        for piece in ("1/2", "2/2"):
            self.ask(command, *given, "--output", str(joined), "--piece", piece)
        run([DNAGPT, command, "--merge", "--output", str(joined)])
        for other in (two, joined):
            self.assertTrue(one.read_bytes() == other.read_bytes(), other.name)
            self.assertEqual(Path(f"{one}.tsv").read_text(), Path(f"{other}.tsv").read_text())
        return read_table(Path(f"{one}.tsv"))

    def test_embeddings_do_not_depend_on_ranks_or_pieces(self) -> None:
        for pool, layers in (("mean", "all"), ("every", "1,final")):
            rows = self.expect_same_bytes("embed", "--pool", pool, "--layers", layers)
            self.assertEqual([row["id"] for row in rows], [f"s{i}" for i in range(1100)])
            for before, row in itertools.pairwise(rows):
                behind = int(before["first_row"]) + int(before["rows"])
                self.assertEqual(int(row["first_row"]), behind)

    def test_maps_do_not_depend_on_ranks_or_pieces(self) -> None:
        rows = self.expect_same_bytes("attention", "--from", "last", "--layers", "2")
        self.assertEqual({row["rows"] for row in rows}, {"2"})
        rows = self.expect_same_bytes("attention", "--from", "every", "--layers", "1")
        self.assertTrue(all(int(row["rows"]) == 2 * int(row["positions"]) for row in rows))

    def test_the_mean_of_a_set_does_not_depend_on_ranks(self) -> None:
        many = self.make_set("many", self.two_classes(count=1400))
        made = []
        for count in (1, 2):
            path = self.folder / f"mean_{count}.h5"
            asked = ["--set", many, "--split", "train", "--positions", "512"]
            self.ask("attention", *asked, "--output", str(path), np=count)
            made.append(path.read_bytes())
        self.assertTrue(made[0] == made[1])
        drawn = self.folder / "drawn.h5"
        self.ask(
            "attention",
            "--set",
            self.data,
            "--split",
            "train",
            "--random-weights",
            "1",
            "--output",
            str(drawn),
        )
        self.assertNotEqual(drawn.read_bytes(), made[0])

    def test_bad_input_is_named_and_leaves_nothing(self) -> None:
        output = self.folder / "bad.h5"
        fasta = ["--fasta", str(self.fasta)]
        uneven = self.make_set("uneven", [*self.two_classes(40), *self.two_classes(30)])
        cases = [
            ("embed", ["--prompt", "<R>"], "has no mean over its words; give --pool last"),
            ("embed", ["--prompt", "<R>ACGTAC<%>"], "position 10"),
            ("embed", [*fasta, "--layers", "3"], "choose from 0 (the embeddings) to 2"),
            ("embed", [*fasta, "--layers", "all,1"], "layer_1 is chosen twice"),
            ("embed", ["--prompts", "-"], "standard input does not allow"),
            ("embed", ["--prompt", "<R><M><+>ACGTAC"], "which dnagpt predict answers"),
            ("attention", ["--prompt", "<R><M><+>ACGTAC"], "which dnagpt predict answers"),
            ("attention", ["--set", f"classes={uneven}"], "sequences of one length"),
            ("attention", [*fasta, "--layers", "final"], "choose from 1 to 2, or all"),
            ("attention", ["--set", self.data, "--piece", "1/2"], "has no --piece"),
            ("attention", ["--set", f"other={self.data}"], "it knows classes"),
        ]
        for command, arguments, message in cases:
            with self.subTest(message=message):
                printed = self.ask(command, *arguments, "--output", str(output), expected=1)
                self.assertIn(message, printed)
                self.assertEqual(list(self.folder.glob("bad*")), [])
        self.ask("attention", *fasta, "--set", self.data, expected=2)
        for of_set in (["--random-weights", "1"], ["--split", "test"]):
            self.assertIn("--set", self.ask("attention", *fasta, *of_set, expected=2))
        self.ask("attention", "--set", self.data, "--from", "last", expected=2)
        for option in (["--task", "classes"], ["--template", "class"]):
            self.assertIn("--set", self.ask("attention", "--set", self.data, *option, expected=2))
        of_set = ["--set", f"classes={self.data}"]
        self.assertIn("over", self.ask("attention", *of_set, "--output", self.data, expected=2))
        part = self.folder / "y.h5.tmp"
        part.write_text(">a\nACGTAC\n")
        asked = ["--fasta", str(part), "--output", str(self.folder / "y.h5")]
        self.assertIn("over", self.ask("embed", *asked, expected=2))
        checkpoint = next((self.folder / "run" / "checkpoints").glob("step_*.h5"))
        self.assertIn("over", self.ask("embed", *fasta, "--output", str(checkpoint), expected=2))
        table = self.folder / "x.h5.tsv"
        table.write_text("sequence\nACGTAC\n")
        beside = ["--table", str(table), "--output", str(self.folder / "x.h5")]
        for command in ("embed", "attention"):
            self.assertIn("written over", self.ask(command, *beside, expected=2))
        self.assertIn("--checkpoint", run([DNAGPT, "embed", *fasta], expected=2))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
