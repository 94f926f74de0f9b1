"""A model that learned a planted motif finds variants that break it unlikely.

Usage: planted_motif_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import math
import random
import shutil
import statistics
import sys
import tempfile
import unittest
from pathlib import Path

from programs import DNAGPT, PREP, bases, read_table, run

MOTIF = "TGACGTCATTACGGCACT"
"""18 bases in front of 12 random ones, over and over: from its beginning the rest can be told."""
SPACER = 12
GENOME = 60_000
"""A pass over it, in which words begin at one phase, is five steps."""
VARIANTS = 100
"""That break the motif, and as many beside it."""
LEARNED = 0.95
"""Area under the curve, asked of the trained model."""
DRAWS = 6
"""Of random weights: all variants share one motif, which any draw likes more or less."""
CONFIG = """
[model]
layers = 1
heads = 2
channels = 32
context_length = 48
vocabulary = "fixed"
[batch]
tokens_per_step = 1920
micro_batch = 40
[optimizer]
learning_rate = 1e-2
[schedule]
warmup_steps = 0
"""


def planted(count: int, draw: random.Random) -> str:
    """The motif and random bases in turns."""
    periods = count // (len(MOTIF) + SPACER)
    return "".join(MOTIF + bases(SPACER, draw) for _ in range(periods))


def area(below: list[float], above: list[float]) -> float:
    """Share of pairs in which the one of `below` is smaller; ties count half."""
    pairs = [(a < b) + (a == b) / 2 for a in below for b in above]
    return sum(pairs) / len(pairs)


class PlantedMotif(unittest.TestCase):
    """Pretrains on a made-up genome and scores variants of another piece of it."""

    def setUp(self) -> None:
        """Shards of a genome with the motif, a reference and variants of it."""
        self.folder = Path(tempfile.mkdtemp(prefix="dnagpt_"))
        self.addCleanup(shutil.rmtree, self.folder)
        draw = random.Random(1)
        genome, self.reference = planted(GENOME, draw), planted(6000, draw)
        (self.folder / "genome.fa").write_text(f">chr1\n{genome}\n")
        (self.folder / "reference.fa").write_text(f">chr1\n{self.reference}\n")
        table = '[[species]]\nname = "planted"\ntoken = "R"\nassembly = "made up"\n'
        (self.folder / "species.toml").write_text(table + 'files = ["genome.fa"]\n')
        species = ["--species", str(self.folder / "species.toml")]
        run([PREP, "shard", *species, "--output", str(self.folder / "shards")])
        (self.folder / "config.toml").write_text(CONFIG)
        self.write_variants(draw)

    def write_variants(self, draw: random.Random) -> None:
        """Single bases changed: one in the motif and one beside it in each of many periods."""
        period = len(MOTIF) + SPACER
        lines = ["##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
        for number in range(VARIANTS):
            start = (10 + number) * period
            places = (
                start + draw.randrange(len(MOTIF)),
                start + len(MOTIF) + draw.randrange(SPACER),
            )
            for name, at in zip(("broken", "beside"), places, strict=True):
                ref = self.reference[at]
                alt = draw.choice([base for base in "ACGT" if base != ref])
                lines.append(f"chr1\t{at + 1}\t{name}\t{ref}\t{alt}\t.\t.\t.\n")
        (self.folder / "variants.vcf").write_text("".join(lines))

    def area_after(self, steps: int, rate: float, seed: int = 1) -> float:
        """How well llr tells variants that break the motif from those beside it."""
        name = f"run_{steps}_{seed}"
        settings = [f"run.folder={self.folder / name}", f"data.shards={self.folder / 'shards'}"]
        settings += [f"schedule.steps={steps}", f"optimizer.learning_rate={rate}"]
        settings += [f"run.seed={seed}"]
        run([DNAGPT, "pretrain", str(self.folder / "config.toml"), *settings])
        output = self.folder / f"{name}.tsv"
        given = ["--vcf", str(self.folder / "variants.vcf"), "--species", "R"]
        given += ["--reference", str(self.folder / "reference.fa"), "--output", str(output)]
        given += ["--flank", "60"]
        run([DNAGPT, "score", "--checkpoint", str(self.folder / name), *given])
        rows = read_table(output)
        self.assertEqual({row["status"] for row in rows}, {"ok"})
        llr = {
            name: [float(row["llr"]) for row in rows if row["id"] == name]
            for name in ("broken", "beside")
        }
        self.assertEqual(len(llr["broken"]), VARIANTS)
        return area(llr["broken"], llr["beside"])

    def test_variants_that_break_the_motif_are_unlikely(self) -> None:
        trained = self.area_after(steps=300, rate=1e-2)
        self.assertGreater(trained, LEARNED)
        areas = [self.area_after(steps=1, rate=1e-9, seed=seed + 1) for seed in range(DRAWS)]
        error = statistics.stdev(areas) / math.sqrt(DRAWS)
        print(f"area {trained:.3f}; of random weights {statistics.mean(areas):.3f} +- {error:.3f}")
        self.assertLess(abs(statistics.mean(areas) - 0.5), 3 * error)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
