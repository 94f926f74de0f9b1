"""What `dnagpt score` promises its users.

Usage: score_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import math
import random
import sys
import unittest
from pathlib import Path

from finetuning import FinetuningTest
from programs import DNAGPT, bases, ranks, read_table, run

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
COLUMNS = "chrom pos id ref alt log_p_ref log_p_alt llr log_p_base_ref log_p_base_alt strand status"
ROUNDING = 2e-5
ROOM = 6 * (24 - 5)


class Scores(FinetuningTest):
    """Each test has a model (its training does not matter), a reference and variants."""

    def setUp(self) -> None:
        super().setUp()
        data = self.make_set("classes", self.two_classes())
        run(self.command("run", f"finetune.data={data}", "schedule.epochs=1"))
        draw = random.Random(4)
        self.contigs = {"chr1": bases(3000, draw), "chr2": bases(500, draw)}
        self.reference = self.folder / "r.fa"
        self.reference.write_text("".join(f">{n}\n{s}\n" for n, s in self.contigs.items()))

    def score(self, *more: str, expected: int = 0, np: int = 1, species: str = "R") -> str:
        """Scores with the model; what is printed."""
        checkpoint = ["--checkpoint", str(self.folder / "run"), "--species", species]
        command = [DNAGPT, "score", *checkpoint, *more]
        return run(ranks(np, *command) if np > 1 else command, expected)

    def files(self, name: str, *, track: bool) -> list[str]:
        """Options for what is written."""
        bedgraph = ["--bedgraph", str(self.folder / f"{name}.bedgraph")]
        return ["--output", str(self.folder / f"{name}.tsv"), *(bedgraph if track else [])]

    def variants(self, count: int) -> list[str]:
        """Lines of a VCF: changes, insertions and deletions."""
        draw = random.Random(5)
        lines = []
        for _ in range(count):
            contig = draw.choice(list(self.contigs))
            at = draw.randrange(len(self.contigs[contig]) - 4)
            ref = self.contigs[contig][at : at + draw.randint(1, 3)]
            alt = draw.choice([base for base in "ACGT" if base != ref[0]]) + bases(
                draw.randint(0, 2), draw
            )
            lines.append(f"{contig}\t{at + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n")
        return lines

    def write_vcf(self, lines: list[str], name: str = "v.vcf") -> list[str]:
        """A VCF, as arguments with its reference."""
        (self.folder / name).write_text(HEAD + "".join(lines))
        return ["--vcf", str(self.folder / name), "--reference", str(self.reference)]

    def test_every_alternative_has_a_row(self) -> None:
        contig = self.contigs["chr1"]
        ref = contig[999]
        other = "A" if ref != "A" else "C"
        asked = self.write_vcf(
            [
                f"chr1\t1000\trs7\t{ref}\t{other},<DEL>\t.\t.\t.\n",
                f"chr1\t1001\tins\t{contig[1000]}\t{contig[1000]}{contig[1000]}\t.\t.\t.\n",
                "chr1\t0\ttelomere\tN\tA\t.\t.\t.\n",
                f"chr1\t1100\tlong\t{contig[1099:1160]}\t{contig[1099]}\t.\t.\t.\n",
            ]
        )
        output = self.folder / "scores.tsv"
        self.score(*asked, "--output", str(output))
        self.assertIn("pos counts from 1", output.read_text().splitlines()[0])
        rows = read_table(output)
        self.assertEqual(list(rows[0]), COLUMNS.split())
        statuses = [(row["pos"], row["id"], row["status"]) for row in rows]
        expected = [("1000", "rs7", "ok"), ("1000", "rs7", "symbolic")]
        expected += [("1001", "ins", "ok")]
        expected += [("0", "telomere", "outside_contig"), ("1100", "long", "too_long")]
        self.assertEqual(statuses, expected)
        for row in rows:
            scored = row["status"] == "ok"
            self.assertEqual(row["llr"] == "NA", not scored)
            if scored:
                llr = float(row["log_p_alt"]) - float(row["log_p_ref"])
                self.assertAlmostEqual(float(row["llr"]), llr, delta=1e-4)
        fast = self.folder / "fast.tsv"
        self.score(*asked, "--fast", "--output", str(fast))
        for slow, quick in zip(rows, read_table(fast), strict=True):
            self.assertEqual(quick["llr"], "NA")
            if slow["status"] == "ok":
                for column in ("log_p_base_ref", "log_p_base_alt"):
                    difference = float(slow[column]) - float(quick[column])
                    self.assertAlmostEqual(difference, 0, delta=ROUNDING)

    def test_bases_of_a_sequence_have_the_probabilities_of_its_variants(self) -> None:
        first = self.contigs["chr1"][:ROOM]
        fasta = self.folder / "part.fa"
        fasta.write_text(f">part\n{first[:50]}N{first[51:]}\n>other\nACGT\n")
        output, track = self.folder / "bases.tsv", self.folder / "bases.bedgraph"
        given = ["--output", str(output), "--bedgraph", str(track)]
        self.score("--fasta", str(fasta), *given)
        rows = read_table(output)
        self.assertEqual(len(rows), ROOM - 1 + 4)
        self.assertNotIn("50", [row["start"] for row in rows if row["contig"] == "part"])
        lines = track.read_text().splitlines()
        self.assertIn("half-open", lines[0])
        self.assertTrue(lines[1].startswith("track type=bedGraph"))
        shown = ["\t".join(row[c] for c in ("contig", "start", "end", "bits")) for row in rows]
        self.assertEqual(lines[2:], shown)
        for row in rows:
            p = [float(row[f"p_{base}"]) for base in "ACGT"]
            self.assertAlmostEqual(sum(p), 1, delta=1e-5)
            own = float(row[f"p_{row['base']}"])
            self.assertAlmostEqual(float(row["bits"]), -math.log2(own), delta=1e-4)
        at = 40
        alt = "A" if first[at] != "A" else "C"
        asked = self.write_vcf([f"chr1\t{at + 1}\t.\t{first[at]}\t{alt}\t.\t.\t.\n"])
        self.score(*asked, "--flank", "32", "--fast", "--output", str(output))
        fasta.write_text(f">part\n{first[at - 32 : at + 1]}\n")
        score = read_table(output)[0]
        self.score("--fasta", str(fasta), *given)
        last = read_table(output)[-1]
        self.assertAlmostEqual(
            float(score["log_p_base_alt"]), math.log(float(last[f"p_{alt}"])), delta=1e-4
        )

    def test_bytes_do_not_depend_on_ranks_or_pieces(self) -> None:
        long = self.folder / "long.fa"
        long.write_text(f">long\n{bases(1500 * ROOM // 2, random.Random(6))}\n")
        for name, asked in (
            ("variants", self.write_vcf(self.variants(1100))),
            ("bases", ["--fasta", str(self.reference), "--strand", "reverse", "--overlap", "113"]),
            ("bases of both", ["--fasta", str(long), "--strand", "both"]),
        ):
            with self.subTest(name):
                made = []
                for np in (1, 2):
                    files = self.files(f"{name}_{np}", track="bases" in name)
                    self.score(*asked, *files, np=np)
                    made.append([Path(path).read_bytes() for path in files[1::2]])
                files = self.files("joined", track="bases" in name)
                for number in (1, 2, 3):
                    self.score(*asked, *files, "--piece", f"{number}/3")
                run([DNAGPT, "score", "--merge", *files])
                made.append([Path(path).read_bytes() for path in files[1::2]])
                self.assertTrue(made[0] == made[1] == made[2])

    def test_both_strands_are_averaged(self) -> None:
        asked = self.write_vcf(self.variants(20))
        llr = {}
        for strand in ("forward", "reverse", "both"):
            output = self.folder / f"{strand}.tsv"
            self.score(*asked, "--strand", strand, "--output", str(output))
            rows = read_table(output)
            self.assertEqual({row["strand"] for row in rows}, {strand})
            llr[strand] = [float(row["llr"]) for row in rows if row["status"] == "ok"]
        self.assertGreater(len(llr["both"]), 15)
        for one, other, both in zip(*(llr[s] for s in ("forward", "reverse", "both")), strict=True):
            self.assertAlmostEqual(both, (one + other) / 2, delta=1e-3)

    def test_contigs_of_another_name_and_regions(self) -> None:
        lines = [line.removeprefix("chr") for line in self.variants(40)]
        asked = self.write_vcf(lines)
        output = self.folder / "scores.tsv"
        printed = self.score(*asked, "--output", str(output), expected=1)
        self.assertIn("--contig-aliases", printed)
        (self.folder / "aliases.tsv").write_text("chr1\t1\nchr2\t2\n")
        (self.folder / "regions.bed").write_text("chr2\t0\t400\n")
        more = ["--contig-aliases", str(self.folder / "aliases.tsv")]
        more += ["--regions", str(self.folder / "regions.bed"), "--output", str(output)]
        self.score(*asked, *more)
        rows = read_table(output)
        self.assertGreater(len(rows), 0)
        self.assertEqual({row["chrom"] for row in rows}, {"2"})
        self.assertLess(max(int(row["pos"]) for row in rows), 401)

    def test_bad_input_is_named_and_leaves_nothing(self) -> None:
        ref = self.contigs["chr1"][9]
        other = "A" if ref != "A" else "C"
        wrong = self.write_vcf([f"chr1\t10\t.\t{other}\t{ref}\t.\t.\t.\n"], "wrong.vcf")
        variants = self.write_vcf(self.variants(1))
        output = ["--output", str(self.folder / "bad.tsv")]
        cases = [
            (wrong, f"base 1 of REF is {other}, but chr1"),
            ([*variants, "--flank", "33"], "give 32 or less"),
            (["--fasta", str(self.reference), "--overlap", "114"], "choose an overlap from 0"),
            (
                ["--fasta", str(self.reference), "--strand", "both", "--overlap", "58"],
                "at most half of them, not 58",
            ),
            (["--fasta", str(self.folder / "none.fa")], "none.fa"),
        ]
        for arguments, message in cases:
            with self.subTest(message=message):
                self.assertIn(message, self.score(*arguments, *output, expected=1))
                self.assertEqual(list(self.folder.glob("bad*")), [])
        self.assertIn("species", self.score(*variants, *output, species="B", expected=2))
        over = ["--output", str(self.reference)]
        self.assertIn("written over", self.score(*variants, *over, expected=2))
        twice = [*output, "--bedgraph", output[1]]
        printed = self.score("--fasta", str(self.reference), *twice, expected=2)
        self.assertIn("named for two outputs", printed)
        for wrong_option in (["--overlap", "3"], ["--bedgraph", "x"]):
            printed = self.score(*variants, *wrong_option, *output, expected=2)
            self.assertIn(f"{wrong_option[0]} excludes --vcf", printed)
        printed = self.score("--fasta", str(self.reference), "--fast", *output, expected=2)
        self.assertIn("--fast excludes --fasta", printed)
        printed = run([DNAGPT, "score", "--fasta", str(self.reference)], expected=2)
        self.assertIn("--species", printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
