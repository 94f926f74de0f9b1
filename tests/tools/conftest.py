"""Lets the tests import the tools, and find the programs."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("DNAGPT_PROGRAMS", ROOT / "build" / "tests" / "bin"))
sys.path.insert(0, str(ROOT / "tools"))
