"""Lets the tests import the tools, and find the programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("DNAGPT_PROGRAMS", ROOT / "build" / "tests" / "bin"))
sys.path.insert(0, str(ROOT / "tools"))


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine small made-up genomes."""
    folder = tmp_path_factory.mktemp("genomes")
    prepare = str(PROGRAMS / "dnagpt-prep")
    make = [prepare, "synthesize", "--size-factor", "0.05", "--output", str(folder)]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    cut = [prepare, "shard", "--species", str(folder / "species.toml")]
    cut += ["--output", str(folder / "shards")]
    subprocess.run(cut, check=True, stdout=subprocess.DEVNULL)
    return folder / "shards"
