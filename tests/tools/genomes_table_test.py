"""What is drawn and compared is what the command line asks for."""

import sys
from pathlib import Path

import labelled_sets
import numpy as np
import pytest

import genomes_table
import haplotypes
import table_runs

FAKE = """\
import sys
from pathlib import Path
sys.path.insert(0, {tools!r})
import numpy as np
import haplotypes
if sys.argv[1] == "finetune":
    settings = dict(each.split("=", 1) for each in sys.argv[3:])
    folder = Path(settings["run.folder"])
    folder.mkdir()
    (folder / "evaluation.json").write_text("{{}}")
else:
    options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    count = int(options["--count"])
    ids = [options["--temperature"]] * count
    haplotypes.write_hapt(Path(options["--output"]), "T", ids, np.zeros((count, 6), np.uint8))
"""


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options for a small set and a stand-in program; comparisons print their command."""
    monkeypatch.setattr(genomes_table, "BASELINES", ("independent",))
    monkeypatch.setattr(genomes_table, "output_of", lambda command: [" ".join(command)])
    (tmp_path / "fake.py").write_text(FAKE.format(tools=str(table_runs.TOOLS)))
    bases = np.random.default_rng(1).integers(1, 3, (40, 6))
    labelled_sets.write_set(tmp_path / "set.h5", np.arange(40) // 2, {"/bases": bases}, "words")
    work, data = tmp_path / "work", tmp_path / "set.h5"
    programs = [f"--launch={sys.executable}", f"--dnagpt={tmp_path / 'fake.py'}"]
    return [*programs, f"--work={work}", f"--set={data}", "--temperatures", "0.8", "1.0"]


def drawn(work: Path) -> dict[str, tuple[str, int]]:
    """Id of the first row and number of rows, by the name of each file."""
    files = {path.stem: haplotypes.read_hapt(path) for path in work.glob("*.hapt")}
    return {name: (read.ids[0], len(read.ids)) for name, read in files.items()}


def test_as_many_as_are_held_out_at_temperature_1(arguments: list[str], tmp_path: Path) -> None:
    assert genomes_table.main(arguments) == 0
    work = tmp_path / "work"
    assert drawn(work) == {
        "independent": ("independent_0", 8),
        "temperature_0.8": ("0.8", 8),
        "temperature_1.0": ("1.0", 8),
    }
    text = (work / "table.md").read_text()
    assert "## At temperature 1.0, 8 haplotypes each" in text
    assert f"dnagpt={work / 'temperature_1.0.hapt'} independent=" in text


def test_another_count_and_temperature(arguments: list[str], tmp_path: Path) -> None:
    assert genomes_table.main([*arguments, "--count=5", "--temperature=0.7"]) == 0
    work = tmp_path / "work"
    assert drawn(work) == {
        "independent": ("independent_0", 5),
        **{f"temperature_{each}": (each, 5) for each in ("0.7", "0.8", "1.0")},
    }
    text = (work / "table.md").read_text()
    assert "## At temperature 0.7, 5 haplotypes each" in text
    assert f"dnagpt={work / 'temperature_0.7.hapt'} independent=" in text
