"""The scripts of the result tables, on sets and runs that the programs write."""

import argparse
import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, TINY_MODEL, TINY_PRETRAINING
from conftest import PROGRAMS

import expression_table
import genomes_table
import prediction_files
import pretraining_table
import signals_table
import table_runs
import tasks_table
from dnagpt_files import FileError

FINETUNING = """
[finetune]
prompt = "{prompt}"
rows_per_step = 8
[batch]
micro_batch = 8
[optimizer]
learning_rate = 1e-2
[schedule]
epochs = {epochs}
"""

pytestmark = NEEDS_PROGRAMS


def prepare(*arguments: str) -> None:
    """Runs dnagpt-prep."""
    subprocess.run([PROGRAMS / "dnagpt-prep", *arguments], check=True, stdout=subprocess.DEVNULL)


def draw_bases(count: int, random: np.random.Generator) -> str:
    return "".join(random.choice(list("ACGT"), count))


def write_config(path: Path, model: str, prompt: str, epochs: int = 2) -> str:
    path.write_text(model + FINETUNING.format(prompt=prompt, epochs=epochs))
    return str(path)


def read_rows(text: str) -> list[list[str]]:
    """The cells of all table lines."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """What all the scripts are given."""
    programs = f"--dnagpt={PROGRAMS / 'dnagpt'}"
    return [f"--work={tmp_path / 'work'}", programs, "--resamples=20"]


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Sequences of 60 bases; the positive ones hold words that the others do not."""
    random = np.random.default_rng(1)
    rows = [
        f"{'GGTACC' if row % 2 else 'CCATGG'}{draw_bases(54, random)}\t{row % 2}"
        for row in range(120)
    ]
    (tmp_path / "classes.tsv").write_text("\n".join(["sequence\tlabel", *rows]) + "\n")
    prepare("signals", "--table", f"{tmp_path}/classes.tsv", "--output", f"{tmp_path}/classes.h5")
    return tmp_path / "classes.h5"


def write_genes(folder: Path, sequences: bool) -> Path:
    """Genes whose target is the sum of their two numbers."""
    random = np.random.default_rng(2)
    lines = ["gene_id\tsequence\tf1\tf2\ty"]
    for row in range(80):
        f1, f2 = random.normal(size=2)
        lines.append(f"g{row}\t{draw_bases(90, random)}\t{f1:.6f}\t{f2:.6f}\t{f1 + f2:.6f}")
    table = folder / "genes.tsv.gz"
    table.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    read = ["--sequence-column", "sequence", "--whole-sequence"] if sequences else []
    data = folder / ("genes.h5" if sequences else "numbers.h5")
    fixed = ["--number-columns", "f1,f2", "--target-column", "y", "--output", str(data)]
    prepare("expression", "--table", str(table), *read, *fixed)
    return data


def results_of(work: Path) -> dict[Path, int]:
    """When each result was written; tables and comparisons, which are always made anew, are not."""
    anew = ("table.md", "genomes.json")
    kinds = (".json", ".tsv", ".hapt", ".h5")
    files = [p for p in work.rglob("*") if p.suffix in kinds and p.name not in anew]
    return {p: p.stat().st_mtime_ns for p in files}


def check_resumes(main: Callable[[list[str]], int], arguments: list[str], lost: str) -> str:
    """Makes a table, then again: only what is missing is run, and the text is the same."""
    assert main(arguments) == 0
    work = Path(arguments[0].removeprefix("--work="))
    text = (work / "table.md").read_text()
    before = results_of(work)
    assert before
    (work / lost).unlink()
    assert main(arguments) == 0
    after = results_of(work)
    assert after.keys() == before.keys()
    assert work / lost in {path for path in after if after[path] != before[path]}
    again = {path.relative_to(work).parts[0] for path in after if after[path] != before[path]}
    assert again == {Path(lost).parts[0]} | ({f"{lost}.json"} if lost.endswith(".hapt") else set())
    assert (work / "table.md").read_text() == text
    return text


def test_one_species_beside_nine(
    tmp_path: Path, shards: Path, classes: Path, options: list[str]
) -> None:
    (tmp_path / "pretrain.toml").write_text(TINY_MODEL + TINY_PRETRAINING)
    text = check_resumes(
        pretraining_table.main,
        [
            *options,
            f"--shards={shards}",
            f"--pretrain-config={tmp_path / 'pretrain.toml'}",
            f"--config={write_config(tmp_path / 'f.toml', '', '<S>{sequence}<=><B>')}",
            f"--set=a={classes}",
            "--seeds=2",
        ],
        "H.json",
    )
    rows = read_rows(text)
    assert rows[0] == ["species", "M", "H", "random weights", "Markov 1", "Markov 2"]
    assert len(rows[1:11]) == 10
    assert rows[10][0] == "mean"
    assert all(1.5 < float(value) < 5 for row in rows[1:11] for value in row[1:] if value != "-")
    assert all(abs(float(row[3]) - float(rows[10][3])) < 0.02 for row in rows[1:11])  # know nothing
    assert [row[:2] for row in rows[12:15]] == [["M", "2"], ["H", "2"], ["random weights", "2"]]
    assert {p.name.split(".")[0] for p in (tmp_path / "work/shards_homo_sapiens").iterdir()} == {
        "homo_sapiens"
    }


def test_signals_in_folds_are_those_of_the_run(
    tmp_path: Path, shards: Path, classes: Path, options: list[str]
) -> None:
    (tmp_path / "pretrain.toml").write_text(TINY_MODEL + TINY_PRETRAINING)
    settings = [f"run.folder={tmp_path}/run", f"data.shards={shards}", "schedule.steps=1"]
    command = [PROGRAMS / "dnagpt", "pretrain", tmp_path / "pretrain.toml", *settings]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    config = write_config(tmp_path / "f.toml", "", "<S>{sequence}<=><B>", epochs=4)
    arguments = [*options, f"--config={config}", f"--set=a={classes}", "--seeds=1", "--folds=3"]
    text = check_resumes(
        signals_table.main,
        [*arguments, f"--pretrained=first={tmp_path}/run"],
        "a_baselines/words.json",
    )
    assert "120 test examples" in text
    rows = {row[0]: row[1:] for row in read_rows(text)}
    assert float(rows["words"][1]) > 0.9
    ours, words = (
        prediction_files.read_predictions(tmp_path / "work" / path / "predictions.tsv")
        for path in ("a_first/fold_2", "a_baselines/words/fold_2")
    )
    assert set(zip(ours.id, ours.split, strict=True)) == set(
        zip(words.id, words.split, strict=True)
    )


def write_gene_configs(folder: Path, epochs: int = 2) -> list[str]:
    """Options with configs for sequence and numbers, and for the numbers alone."""
    prompt = "<S><+><M>{numbers}<+>{sequence}<=><M>"
    both = write_config(folder / "s.toml", TINY_MODEL, prompt, epochs)
    alone = write_config(folder / "n.toml", TINY_MODEL, "<R><+><M>{numbers}<=><M>")
    return [f"--sequence-config={both}", f"--numbers-config={alone}"]


def test_expression_tables(tmp_path: Path, options: list[str]) -> None:
    genes, numbers = write_genes(tmp_path, True), write_genes(tmp_path, False)
    text = check_resumes(
        expression_table.main,
        [
            *options,
            f"--synthetic={genes}",
            f"--numbers={numbers}",
            f"--genes={genes}",
            *write_gene_configs(tmp_path, epochs=8),
            "--seeds=2",
            "--folds=3",
        ],
        "synthetic_without_numbers/predictions.tsv",
    )
    rows = read_rows(text)
    names = [row[0] for row in rows if row[0] != "method"]
    assert names == [
        *("dnagpt", "without sequence", "without numbers", "ridge"),
        *("dnagpt", "ridge", "trees"),
        *("dnagpt", "ridge"),
    ]
    assert float(rows[-1][2]) > 0.95
    assert float(rows[1][2].split()[0]) > 0.5
    spread = {
        run: prediction_files.read_predictions(
            tmp_path / "work" / run / "predictions.tsv"
        ).predicted
        for run in ("synthetic", "synthetic_without_numbers")
    }
    assert spread["synthetic_without_numbers"].std() < spread["synthetic"].std() / 2
    assert "80 test examples" in text


def test_two_tasks_alone_and_together(tmp_path: Path, classes: Path, options: list[str]) -> None:
    text = check_resumes(
        tasks_table.main,
        [
            *options,
            *write_gene_configs(tmp_path),
            f"--classes={classes}",
            f"--numbers={write_genes(tmp_path, True)}",
            "--numbers-weight=0.5",
        ],
        "classes/evaluation.json",
    )
    assert [row[0] for row in read_rows(text)] == ["method", "alone", "together"] * 2
    assert "weight = 0.5" in (tmp_path / "work" / "together.toml").read_text()


def test_genomes_at_temperatures(tmp_path: Path, options: list[str]) -> None:
    rows = []
    for person in range(60):
        for strand in "AB":
            alleles = "0 1 " * 7 if (person + (strand == "A")) % 3 else "1 1 0 0 " * 3 + "1 1 "
            rows.append(f"Real p{person}_{strand} {alleles}")
    (tmp_path / "real.hapt").write_text("\n".join(rows) + "\n")
    data = str(tmp_path / "haplotypes.h5")
    prepare("haplotypes", f"--hapt={tmp_path}/real.hapt", "--split", "8,0,2", "--output", data)
    text = check_resumes(
        genomes_table.main,
        [
            *options,
            f"--set={data}",
            f"--config={write_config(tmp_path / 'g.toml', TINY_MODEL, '<S>', epochs=12)}",
            "--temperatures",
            "0.8",
        ],
        "temperature_0.8.hapt",
    )
    rows = read_rows(text)
    assert {"dnagpt", "independent", "markov", "groups", "rbm", "0.8", "1.0"} <= {
        row[0] for row in rows
    }
    for figure in ("comparison/linkage.png", "temperatures/temperature.png"):
        assert (tmp_path / "work" / figure).stat().st_size > 0


def test_another_command_in_a_used_folder_is_refused(
    tmp_path: Path, classes: Path, options: list[str], capsys: pytest.CaptureFixture
) -> None:
    numbers = write_genes(tmp_path, True)
    arguments = [*options, *write_gene_configs(tmp_path, epochs=1)]
    arguments += [f"--classes={classes}", f"--numbers={numbers}"]
    assert tasks_table.main([*arguments, "--setting=run.time_limit=0.000001"]) == 75
    assert "start this tool again" in capsys.readouterr().err
    assert tasks_table.main([*arguments, "--setting=run.seed=2"]) == 1
    assert "was begun by another command" in capsys.readouterr().err


def test_what_was_begun_goes_on_with_another_launch(tmp_path: Path) -> None:
    result = tmp_path / "result"
    for launch in ("", "mpirun -n 2"):
        given = argparse.Namespace(work=tmp_path, launch=launch, dnagpt="dnagpt")
        table_runs.note_command(given, result, table_runs.program(given, "finetune", "a.toml"))
    (note,) = (tmp_path / "commands").iterdir()
    assert note.read_text() == "dnagpt finetune a.toml\n"
    with pytest.raises(FileError, match="was begun by another command"):
        table_runs.note_command(given, result, table_runs.program(given, "finetune", "b.toml"))


def test_a_program_that_is_not_there_is_named(
    tmp_path: Path, classes: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(TINY_MODEL)
    names = [f"--set=a={classes}", f"--pretrained=m={tmp_path / 'run'}"]
    arguments = [f"--work={tmp_path / 'work'}", *names]
    assert signals_table.main([*arguments, "--dnagpt=/nowhere/dnagpt"]) == 1
    assert "cannot start /nowhere/dnagpt" in capsys.readouterr().err
    assert signals_table.main([*arguments, names[0]]) == 1
    assert "--set names a twice" in capsys.readouterr().err
