"""The programs as built, for tests of tools on files that they write."""

import subprocess

import pytest
from conftest import PROGRAMS

NEEDS_PROGRAMS = pytest.mark.skipif(
    not (PROGRAMS / "dnagpt").exists(), reason=f"{PROGRAMS}/dnagpt is not built"
)

TINY_MODEL = """
[model]
layers = 1
heads = 2
channels = 16
context_length = 64
vocabulary = "fixed"
"""

TINY_PRETRAINING = """
[batch]
tokens_per_step = 256
micro_batch = 4
[schedule]
steps = 4
[evaluation]
windows_per_species = 4
"""
"""Ends with the section on evaluation."""


def run(program: str, *arguments: object) -> str:
    """What a program prints on standard output."""
    command = [PROGRAMS / program, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
