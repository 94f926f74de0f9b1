"""What `dnagpt generate` promises those who continue prompts; haplotypes are in finetune_test.py.

Usage: generate_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

from finetuning import FinetuningTest
from programs import DNAGPT, ranks, run


def read_fasta(path: Path) -> dict[str, str]:
    """Sequences by the text behind '>'."""
    records: dict[str, str] = {}
    name = ""
    for line in path.read_text().splitlines():
        if line.startswith(">"):
            name = line[1:]
            records[name] = ""
        else:
            records[name] += line
    return records


class Texts(FinetuningTest):
    """Each test has a model; what it learned does not matter."""

    def setUp(self) -> None:
        super().setUp()
        data = self.make_set("classes", self.two_classes())
        keep = ["finetune.heads=all", "schedule.epochs=1"]
        run(self.command("run", f"finetune.data={data}", *keep))
        self.output = self.folder / "out.fa"

    def generate(self, *more: str, expected: int = 0, np: int = 1) -> str:
        """Draws with the model; what is printed."""
        command = [DNAGPT, "generate", "--checkpoint", str(self.folder / "run")]
        command += ["--output", str(self.output), *more]
        return run(ranks(np, *command) if np > 1 else command, expected)

    def test_the_reference_order_gives_one_text_at_any_batch_size(self) -> None:
        asked = ["--prompt", "<R>", "--count", "5", "--bases", "60", "--reference"]
        made = []
        for batch in ("1", "4", "5"):
            self.generate(*asked, "--batch", batch)
            made.append(self.output.read_bytes())
        self.assertTrue(made[0] == made[1] == made[2])
        self.assertIn(
            "needs --precision float", self.generate(*asked, "--precision", "bf16", expected=2)
        )

    def test_prompts_are_continued_with_bases(self) -> None:
        (self.folder / "prompts.txt").write_text("mine\t<R>ATTGACATGA<+>ACGTAC\n<R>\n")
        self.generate(
            "--prompts", str(self.folder / "prompts.txt"), "--count", "3", "--bases", "70"
        )
        records = read_fasta(self.output)
        names = [f"{name}_{i} end=length" for name in ("mine", "prompt_2") for i in (1, 2, 3)]
        self.assertEqual(list(records), names)
        self.assertEqual(len(set(records.values())), 6)
        for bases in records.values():
            self.assertEqual(len(bases), 70)
            self.assertLessEqual(set(bases), set("ACGT"))
        self.assertEqual(len(self.output.read_text().splitlines()[1]), 60)
        first = self.output.read_bytes()
        more = ["--prompts", str(self.folder / "prompts.txt"), "--count", "3", "--bases", "70"]
        self.generate(*more)
        self.assertEqual(self.output.read_bytes(), first)
        self.generate(*more, "--seed", "2")
        self.assertNotEqual(self.output.read_bytes(), first)

    def test_a_stop_and_a_number_that_is_asked_for(self) -> None:
        stops = [f"{a}{b}{c}ACG" for a in "ACGT" for b in "ACGT" for c in "ACGT"]
        asked = [text for stop in stops for text in ("--stop", stop)]
        self.generate("--prompt", "<R>ATTGAC<M><+>", "--count", "60", "--bases", "84", *asked)
        ends = [name.split() for name in read_fasta(self.output)]
        self.assertIn("end=stop", [fields[1] for fields in ends])
        self.assertEqual(len({fields[2] for fields in ends}), 1)
        self.assertRegex(ends[0][2], r"answered=-?\d")

    def test_cold_and_likeliest_words_are_the_same(self) -> None:
        drawn = []
        for how in (["--top-k", "1"], ["--top-p", "0.000001"], ["--temperature", "0.01"]):
            self.generate("--prompt", "<R>", "--bases", "60", *how)
            drawn.append(next(iter(read_fasta(self.output).values())))
        self.assertEqual(drawn[0], drawn[1])
        self.assertEqual(drawn[0][:6], drawn[2][:6])

    def test_bytes_do_not_depend_on_ranks_or_pieces(self) -> None:
        more = ["--prompt", "<R>ACGTAC", "--prompt", "<R>", "--count", "1100", "--bases", "12"]
        made = []
        for np in (1, 2):
            self.generate(*more, np=np)
            made.append(self.output.read_bytes())
        for number in (1, 2, 3):
            self.generate(*more, "--piece", f"{number}/3")
        self.output.unlink()
        run([DNAGPT, "generate", "--merge", "--output", str(self.output)])
        self.assertTrue(made[0] == made[1] == self.output.read_bytes())
        self.assertEqual(made[0].count(b">"), 2200)

    def test_past_the_context(self) -> None:
        more = ["--prompt", "<R>", "--bases", "600"]
        printed = self.generate(*more, expected=1)
        self.assertIn("more than the 19 positions", printed)
        self.assertEqual(list(self.folder.glob("out*")), [])
        self.generate(*more, "--slide")
        self.assertEqual(len(next(iter(read_fasta(self.output).values()))), 600)

    def test_unmasked_ends_with_what_is_no_word(self) -> None:
        more = ["--prompt", "<R>ATTGAC<=><B>", "--count", "50", "--bases", "60", "--unmasked"]
        self.generate(*more)
        ends = {name.split()[1] for name in read_fasta(self.output)}
        self.assertTrue(any(end.startswith("end=<") for end in ends), ends)

    def test_bad_input_is_named(self) -> None:
        cases = [
            (["--prompt", "ACG"], "begin with a species token"),
            (["--prompt", "<R>AC%"], "position 6"),
            (["--prompt", "<R>", "--stop", "ACG"], "ACG"),
            (["--prompts", "-", "--piece", "1/2"], "standard input"),
        ]
        for arguments, message in cases:
            with self.subTest(message=message):
                self.assertIn(message, self.generate(*arguments, expected=1))
                self.assertEqual(list(self.folder.glob("out*")), [])
        self.assertIn("--prompt", self.generate(expected=2))
        printed = self.generate("--prompt", "<R>", "--haplotypes", expected=2)
        self.assertIn("--prompt excludes --haplotypes", printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
