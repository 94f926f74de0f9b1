"""What the tests of fine-tuning share: a config, and sets of two classes."""

from __future__ import annotations

import random
import shutil
import tempfile
import unittest
from pathlib import Path

from programs import DNAGPT, PREP, bases, run

CONFIG = """
[model]
layers = 1
heads = 2
channels = 16
context_length = 24
[finetune]
rows_per_step = 8
[batch]
micro_batch = 4
[optimizer]
learning_rate = 1e-2
[schedule]
epochs = 20
warmup_epochs = 0.5
"""


class FinetuningTest(unittest.TestCase):
    """Each test has a folder with a config."""

    def setUp(self) -> None:
        """Makes the folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="dnagpt_"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.config = self.folder / "config.toml"
        self.config.write_text(CONFIG)

    def make_set(self, name: str, rows: list[tuple[str, str]]) -> str:
        """A set of sequences with their labels."""
        table = self.folder / f"{name}.tsv"
        lines = ["sequence\tlabel", *("\t".join(row) for row in rows)]
        table.write_text("\n".join(lines) + "\n")
        data = str(self.folder / f"{name}.h5")
        run([PREP, "signals", "--table", str(table), "--output", data])
        return data

    def two_classes(self, length: int = 40, count: int = 80) -> list[tuple[str, str]]:
        """Sequences that begin with one of two words."""
        draw = random.Random(1)
        words = ("CCGCCG", "AATAAA")
        return [(words[i % 2] + bases(length, draw), "ny"[i % 2]) for i in range(count)]

    def command(self, folder: str, *settings: str) -> list[str]:
        """A fine-tuning in a folder of the test."""
        fixed = [str(self.config), f"run.folder={self.folder / folder}"]
        return [DNAGPT, "finetune", *fixed, *settings]
