"""The table of genomic signals: fine-tuned from a pretrained run, from random weights, baselines.

    python tools/signals_table.py --set human=human_pas.h5 --set fly=fly_pas.h5 \\
        --pretrained runs/pretrained --work runs/signals --launch "mpirun -n 2"

For each set: `dnagpt finetune` from the pretrained run and from random weights of the same model,
and tools/baseline_signals.py, all on the set's own split. What has its result already is not run
again, so an interrupted table goes on where it stopped. Differences are paired over the test
examples; their standard errors come from resampling groups, with the scores of all seeds averaged
in each draw.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnagpt_files import (
    ClassPredictions,
    FileError,
    read_config,
    read_labelled_set,
    read_predictions,
    take,
)
from scores import class_scores, resampled_scores
from table_runs import run_unless_there
from text_tables import markdown_table

TOOLS = Path(__file__).resolve().parent
SHAPE = ("layers", "heads", "channels", "context_length", "vocabulary")
SCORES = ("accuracy", "auroc")
BASELINES = ("composition", "words", "kmers", "binned", "cnn")


def finetune(options: argparse.Namespace, data: Path, name: str, settings: Sequence[str]) -> Path:
    """The run folder of a fine-tuning, run unless its evaluation.json is there."""
    folder = options.work / name
    command = [*shlex.split(options.launch), options.dnagpt, "finetune", str(options.config)]
    fixed = [f"run.folder={folder}", f"finetune.data={data}", f"finetune.seeds={options.seeds}"]
    run_unless_there(folder / "evaluation.json", [*command, *fixed, *settings, *options.setting])
    return folder


def random_model(pretrained: Path) -> list[str]:
    """Settings of a model of the pretrained run's shape."""
    model = read_config(pretrained / "config.toml")["model"]
    return [f"model.{key}={model[key]}" for key in SHAPE]


def test_predictions(path: Path) -> ClassPredictions:
    """The answers to the test examples in a predictions.tsv, ordered by id."""
    predictions = read_predictions(path)
    rows = np.flatnonzero(predictions.split == "test")
    return take(predictions, rows[np.argsort(predictions.id[rows])])


def collect(
    options: argparse.Namespace, name: str, data: Path
) -> dict[str, list[ClassPredictions]]:
    """Test answers by method: one entry a seed."""
    methods = {
        "pretrained": finetune(
            options, data, f"{name}_pretrained", [f"finetune.from={options.pretrained}"]
        ),
        "random weights": finetune(
            options, data, f"{name}_random", random_model(options.pretrained)
        ),
    }
    answers = {
        method: [test_predictions(path) for path in sorted(folder.rglob("predictions.tsv"))]
        for method, folder in methods.items()
    }
    folder = options.work / f"{name}_baselines"
    script = [sys.executable, str(TOOLS / "baseline_signals.py"), str(data)]
    report = folder / "baselines.json"
    run_unless_there(report, [*script, "--predictions", str(folder), "--output", str(report)])
    for method in BASELINES:
        if (path := folder / method / "predictions.tsv").exists():
            answers[method] = [test_predictions(path)]
    return answers


def mean_scores(seeds: Sequence[ClassPredictions], weights: np.ndarray) -> dict[str, float]:
    """Scores averaged over the seeds."""
    each = [class_scores(predictions, weights) for predictions in seeds]
    return {name: float(np.mean([scores[name] for scores in each])) for name in SCORES}


def table_of(data: Path, answers: dict[str, list[ClassPredictions]]) -> list[str]:
    """Lines: scores with their deviation over seeds, and what "pretrained" is ahead by."""
    labelled = read_labelled_set(data)
    first = answers["pretrained"][0]
    groups = dict(zip(labelled.id, labelled.group, strict=True))
    for method, seeds in answers.items():
        if any(list(each.id) != list(first.id) for each in seeds):
            raise FileError(f"{method} has other test examples than the model; make both anew")
    functions = {
        method: lambda weights, seeds=seeds: mean_scores(seeds, weights)
        for method, seeds in answers.items()
    }
    draws = resampled_scores(functions, np.array([groups[i] for i in first.id]))
    ones = np.ones(len(first.id))
    cells = [["method", "seeds"]]
    cells[0] += [f"{score}{part}" for score in SCORES for part in ("", ", behind by", "SE")]
    best = mean_scores(answers["pretrained"], ones)
    for method, seeds in answers.items():
        row = [method, str(len(seeds))]
        for score in SCORES:
            values = [class_scores(each, ones)[score] for each in seeds]
            spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
            error = np.std(draws["pretrained"][score] - draws[method][score], ddof=1)
            same = method == "pretrained"
            row += [f"{np.mean(values):.4f}{spread}"]
            row += ["", ""] if same else [f"{best[score] - np.mean(values):+.4f}", f"{error:.4f}"]
        cells.append(row)
    return [
        f"{len(first.id)} test examples in {len(set(map(groups.get, first.id)))} groups",
        "",
        *markdown_table(cells),
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="NAME=FILE",
        help="labelled set with two classes; may stand several times",
    )
    parser.add_argument("--pretrained", type=Path, required=True, help="run folder")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and baselines")
    parser.add_argument(
        "--config", type=Path, default=TOOLS.parent / "configs" / "finetune_signals.toml"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--launch", default="", help='such as "mpirun -n 2"')
    parser.add_argument("--dnagpt", default="dnagpt", help="the program")
    parser.add_argument("setting", nargs="*", help="section.key=value of both fine-tunings")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    text = []
    try:
        for each in options.set:
            name, _, path = each.partition("=")
            text += [
                f"## {name}",
                "",
                *table_of(Path(path), collect(options, name, Path(path))),
                "",
            ]
    except FileError as error:
        print(f"signals_table.py: {error}", file=sys.stderr)
        return 1
    (options.work / "table.md").write_text("\n".join(text))
    print("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
