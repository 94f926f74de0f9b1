"""Copies, independent sites and real people get the verdicts they must; wrong files are named."""

import json
import os
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest

import baseline_genomes
import evaluate_genomes
import haplotypes
import temperature_study
from dnagpt_files import write_arrays
from genome_tables import HELD_OUT

REAL = "805_SNP_1000G_real.hapt.gz"


def draw_people(rows: int, seed: int, sites: int = 60) -> np.ndarray:
    """Mosaics, in pieces of ten sites, of the same six ancestors."""
    ancestors = np.random.default_rng(99).integers(0, 2, (6, sites)).astype(np.uint8)
    random = np.random.default_rng(seed)
    chosen = np.repeat(random.integers(0, 6, (rows, sites // 10)), 10, axis=1)
    alleles = ancestors[chosen, np.arange(sites)]
    return alleles ^ (random.random(alleles.shape) < 0.02)


def names(prefix: str, rows: int) -> list[str]:
    return [f"{prefix}{number // 2}_{'AB'[number % 2]}" for number in range(rows)]


def write_people(folder: Path) -> tuple[list[str], np.ndarray]:
    training = draw_people(300, 1)
    haplotypes.write_hapt(folder / "train.hapt", "Real", names("t", 300), training)
    haplotypes.write_hapt(folder / "test.hapt", "Real", names("h", 200), draw_people(200, 2))
    files = ["--train", str(folder / "train.hapt"), "--test", str(folder / "test.hapt")]
    return [*files, "--repeats", "2"], training


def write_sets(folder: Path, training: np.ndarray) -> list[str]:
    random = np.random.default_rng(3)
    independent = (random.random((300, 60)) < training.mean(axis=0)).astype(np.uint8)
    sets = {"copy": training, "loose": independent, "good": draw_people(300, 4)}
    for name, alleles in sets.items():
        haplotypes.write_hapt(folder / f"{name}.hapt", name, names(name, 300), alleles)
    return [f"{name}={folder / name}.hapt" for name in sets]


def evaluate(folder: Path, *more: str) -> dict:
    people, training = write_people(folder)
    compared = write_sets(folder, training)
    output = ["--output", str(folder / "out")]
    assert evaluate_genomes.main([*people, "--compare", *compared, *output, *more]) == 0
    return json.loads((folder / "out" / "genomes.json").read_text())


def test_copies_loose_sites_and_good_sets(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    side = {"requested": 300, "kept": 300, "discarded": {"no_stop": 60, "other_word": 40}}
    (tmp_path / "good.hapt.json").write_text(json.dumps(side))
    result = evaluate(tmp_path)
    copy, loose, good = (result["sets"][name] for name in ("copy", "loose", "good"))
    assert copy["copies"] == 1
    assert copy["train"]["frequency_correlation"] == pytest.approx(1)
    assert copy["train"]["linkage_correlation"] == pytest.approx(1)
    assert copy["train"]["wasserstein_components"] == 0
    assert copy["privacy_loss"] > 0.2 > abs(good["privacy_loss"])
    assert good["copies"] == 0
    linkage = [part["train"]["linkage_correlation"] for part in (good, loose)]
    assert linkage[0] == pytest.approx(result["ceiling"]["train"]["linkage_correlation"], abs=0.05)
    assert linkage[1] < 0.2 < 0.8 < linkage[0]
    assert copy["nearest_training"] == 0
    unseen = result["people"][HELD_OUT]["nearest_training"]
    assert good["nearest_training"] == pytest.approx(unseen, abs=0.5)
    assert good["train"]["adversarial_accuracy"] == pytest.approx(0.5, abs=0.15)
    assert loose["train"]["adversarial_real"] > 0.95
    ceiling = result["ceiling"]
    for key in ("linkage_correlation", "wasserstein_components", "linkage_curve_error"):
        assert ceiling["train"][key] == pytest.approx(ceiling["held_out"][key])
    assert (good["discarded"], copy["discarded"]) == (0.25, None)
    assert good["discarded_by_reason"] == {"no_stop": 0.15, "other_word": 0.1}
    assert result["adversarial"] == {"rows": 200, "repeats": 2, "seed": 1}
    printed = capsys.readouterr().out
    assert "Against the training people, 300 haplotypes" in printed
    assert f"| good | 300 | {good['mean_distance']:.1f} | 0.0000 | 0.0000 | " in printed
    assert " | 0 | 0.2500 | " in printed
    for name in ("frequencies", "components", "linkage"):
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_legend_turns_columns_into_kb(tmp_path: Path) -> None:
    legend = tmp_path / "x.legend"
    rows = "".join(f"rs{site} {2000 * site}\n" for site in range(60))
    legend.write_text(f"id position\n{rows}")
    distances = evaluate(tmp_path, "--legend", str(legend))["linkage_distances"]
    assert distances["unit"] == "kb"
    assert distances["middles"][-1] == pytest.approx(118 * (1 + 1e-3 ** (1 / 40)) / 2)


def write_set(path: Path, training: np.ndarray) -> None:
    """Training people, the held-out ones of write_people, and others for validation."""
    alleles = np.concatenate([training, draw_people(200, 2), draw_people(100, 5)])
    ids = names("t", 300) + names("h", 200) + names("v", 100)
    arrays = {
        "/id": np.array(ids, dtype=h5py.string_dtype()),
        "/split": np.repeat([0, 2, 1], [300, 200, 100]).astype(np.uint8),
        "/first_base": 60 * np.arange(601, dtype=np.int64),
        "/bases": alleles.ravel() + 1,
    }
    write_arrays(path, arrays, {"answer": "words", "format_version": 2})


def test_a_set_gives_both_kinds_of_people(tmp_path: Path) -> None:
    people, training = write_people(tmp_path)
    compared = write_sets(tmp_path, training)[2:]
    write_set(tmp_path / "set.h5", training)
    of_set = ["--set", str(tmp_path / "set.h5"), "--repeats", "2"]
    results = []
    for source in (people, of_set):
        output = ["--output", str(tmp_path / "out")]
        assert evaluate_genomes.main([*source, "--compare", *compared, *output]) == 0
        results.append((tmp_path / "out" / "genomes.json").read_text())
    assert results[0] == results[1]


def test_held_out_people_and_draws_are_those_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    training = draw_people(300, 1)
    write_set(tmp_path / "set.h5", training)
    haplotypes.write_hapt(tmp_path / "copy.hapt", "copy", names("copy", 300), training)
    given = ["--set", str(tmp_path / "set.h5"), "--compare", f"copy={tmp_path / 'copy.hapt'}"]
    given += ["--repeats=1", f"--output={tmp_path}"]
    for more, people, rows in (
        ([], 200, 200),
        (["--split=validation"], 100, 100),
        (["--split=validation", "--rows=20"], 100, 20),
    ):
        assert evaluate_genomes.main([*given, *more]) == 0
        assert f"Against the held-out people, {people} haplotypes" in capsys.readouterr().out
        result = json.loads((tmp_path / "genomes.json").read_text())
        assert result["people"][HELD_OUT]["rows"] == people
        assert result["adversarial"]["rows"] == rows
    share = result["sets"]["copy"]["held_out"]["adversarial_real"]
    assert 20 * share == pytest.approx(round(20 * share))


@pytest.mark.parametrize(
    ("tool", "name"), [(evaluate_genomes, "nearest_own"), (temperature_study, "nearest drawn")]
)
def test_the_measures_of_variety_are_explained(
    tool: ModuleType, name: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        tool.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "mean over all pairs" in text
    explained = text[text.index(name) :]
    assert "differs from the nearest other drawn row" in explained
    assert "falls when rows repeat each other" in explained


def test_wrong_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    people, training = write_people(tmp_path)
    good = write_sets(tmp_path, training)[2]
    haplotypes.write_hapt(tmp_path / "short.hapt", "T", ["a", "b"], training[:2, :50])
    (tmp_path / "short.legend").write_text("position\n1\n2\n")

    def message(*options: str) -> str:
        assert evaluate_genomes.main(list(options)) == 1
        return capsys.readouterr().err

    assert "50 sites (the training people 60)" in message(
        *people, "--compare", f"x={tmp_path}/short.hapt"
    )
    assert "names good twice" in message(*people, "--compare", good, good)
    assert "write NAME=FILE.hapt" in message(*people, "--compare", "good.hapt")
    same = ["--train", str(tmp_path / "train.hapt"), "--test", str(tmp_path / "train.hapt")]
    assert "150 held-out people are training people too" in message(*same, "--compare", good)
    legend = ["--legend", str(tmp_path / "short.legend")]
    assert "names 2 sites (the haplotypes have 60)" in message(*people, "--compare", good, *legend)
    side = tmp_path / "good.hapt.json"
    side.write_text('{"kept": 299, "discarded": {}}')
    assert "tells of 299 haplotypes (good.hapt holds 300)" in message(*people, "--compare", good)
    side.write_text("{}")
    assert "does not say what was discarded" in message(*people, "--compare", good)
    assert "cannot make" in message(*people, "--compare", good, "--output", str(side))
    with pytest.raises(SystemExit):
        evaluate_genomes.main(["--train", "x", "--compare", good])


def test_temperatures_are_put_in_order(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    people, training = write_people(tmp_path)
    paths = [entry.partition("=")[2] for entry in write_sets(tmp_path, training)]
    named = [f"{name}={path}" for name, path in zip(("1.2", "0.8", "rbm"), paths, strict=True)]
    output = ["--output", str(tmp_path)]
    assert evaluate_genomes.main([*people, "--compare", *named, *output]) == 0
    capsys.readouterr()
    assert temperature_study.main([str(tmp_path / "genomes.json")]) == 0
    rows = capsys.readouterr().out.splitlines()
    result = json.loads((tmp_path / "genomes.json").read_text())
    found = result["sets"]["0.8"]
    assert [row.split(" | ")[0] for row in rows[2:5]] == ["| 0.8", "| 1.2", "| real people"]
    values = [found["held_out"]["frequency_correlation"], found["held_out"]["linkage_correlation"]]
    assert rows[2].startswith(f"| 0.8 | - | {values[0]:.4f} | {values[1]:.4f} |")
    held_out = result["people"][HELD_OUT]
    own = f" {held_out['mean_distance']:.4f} | {held_out['nearest_own']:.4f} "
    assert own in rows[4]
    assert (tmp_path / "temperature.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_without_temperatures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "genomes.json"
    assert temperature_study.main([str(path)]) == 1
    assert "run `tools/evaluate_genomes.py --output` first" in capsys.readouterr().err
    path.write_text('{"format_version": 1, "sets": {"rbm": {}}}')
    assert temperature_study.main([str(path)]) == 1
    assert "no set named by its temperature (its sets: rbm)" in capsys.readouterr().err


@pytest.mark.skipif("DNAGPT_DATA_DIR" not in os.environ, reason="DNAGPT_DATA_DIR is not set")
def test_real_people_reach_the_known_values(tmp_path: Path) -> None:
    real = haplotypes.read_hapt(Path(os.environ["DNAGPT_DATA_DIR"]) / "haplotypes" / REAL)
    persons = sorted(set(real.persons))
    half = set(np.random.default_rng(0).permutation(persons)[: len(persons) // 2])
    chosen = np.array([person in half for person in real.persons])
    ids = np.array(real.ids, dtype=object)
    paths = {name: tmp_path / f"{name}.hapt" for name in ("train", "test", "markov")}
    for name, rows in (("train", chosen), ("test", ~chosen)):
        haplotypes.write_hapt(paths[name], "Real", ids[rows], real.alleles[rows])
    training = ["--train", str(paths["train"])]
    chain = ["--model", "markov", "--count", "2500", "-o", str(paths["markov"])]
    assert baseline_genomes.main([*chain, *training]) == 0
    compared = ["--compare", f"markov={paths['markov']}", "--output", str(tmp_path)]
    assert evaluate_genomes.main([*training, "--test", str(paths["test"]), *compared]) == 0
    result = json.loads((tmp_path / "genomes.json").read_text())
    ceiling, markov = result["ceiling"]["held_out"], result["sets"]["markov"]["held_out"]
    assert ceiling["linkage_correlation"] == pytest.approx(0.985, abs=0.003)
    assert ceiling["linkage_correlation_near"] == pytest.approx(0.988, abs=0.003)
    assert markov["linkage_correlation"] == pytest.approx(0.55, abs=0.1)
    assert markov["frequency_correlation"] > 0.99
