"""The tables of mRNA abundance: made-up genes, real genes by numbers alone, real genes in folds.

    python tools/expression_table.py --synthetic synthetic.h5 --numbers numbers.h5 \\
        --genes genes.h5 --work runs/expression --launch "mpirun -n 2"

--synthetic  genes of tools/synthetic_expression.py: fine-tuned on the numbers alone, from there on
             both, then asked again with the sequence or the numbers blanked; ridge regression on
             numbers and 6-mers beside
--numbers    a set without sequences: fine-tuned, ridge regression and boosted trees beside
--genes      few genes with sequence: cross-validation, ridge regression on the same folds

What has its result already is not run again. Rows are compared with the first one of their table,
as tools/paired_table.py says.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import table_runs
from dnagpt_files import read_config
from paired_table import FOLDS, NUMBERS, Answers, paired_table, test_answers
from table_runs import add_config, finetune, program, run_unless_there, tool

FEW_GENES = ("schedule.epochs=20", "schedule.warmup_epochs=1", "finetune.shift=5")
"""An epoch of a hundred genes is a dozen steps."""
GetRun = Callable[[argparse.Namespace, str, Path, Sequence[str]], Path]
"""Gives a run folder: table_runs.finetune, or table_runs.finished."""


def baselines(options: argparse.Namespace, name: str, data: Path, *arguments: str) -> Answers:
    """Test answers of ridge regression and boosted trees."""
    folder = options.work / f"{name}_baselines"
    result = folder / "baselines.json"
    files = ["--predictions", str(folder), "--output", str(result)]
    run_unless_there(options, result, tool("baseline_numbers.py", str(data), *files, *arguments))
    return {path.name: test_answers(path) for path in sorted(folder.iterdir()) if path.is_dir()}


def without(options: argparse.Namespace, run: Path, data: Path, blank: str) -> Answers:
    """Test answers of a run whose sequence or numbers were taken away."""
    folder = options.work / f"{run.name}_without_{blank}"
    folder.mkdir(exist_ok=True)
    files = ["--output", str(folder / "evaluation.json")]
    files += ["--predictions", str(folder / "predictions.tsv")]
    asked = ["--checkpoint", str(run), "--set", str(data), "--blank", blank]
    command = program(options, "evaluate", *asked, *files)
    run_unless_there(options, folder / "predictions.tsv", command)
    return {f"without {blank}": test_answers(folder)}


def numbers_alone(
    options: argparse.Namespace, name: str, data: Path, get: GetRun = finetune
) -> Path:
    """The run folder of a model of the sequence config's shape that learned the numbers alone.

    Among 1,750 words the attention hardly meets eight numbers while it is still even. In a prompt
    that begins with the numbers they stand where this model has learned to read them.
    """
    model = read_config(options.sequence_config)["model"]
    shape = [f"model.{key}={value}" for key, value in model.items()]
    given = [f"finetune.data={data}", *shape, "finetune.heads=all"]
    return get(options, f"{name}_numbers", options.numbers_config, given)


def made_up_runs(
    options: argparse.Namespace, data: Path, get: GetRun = finetune
) -> tuple[Path, Path]:
    """The run folders of the made-up genes: by their numbers alone, and from there by both."""
    start = numbers_alone(options, "synthetic", data, get)
    given = [f"finetune.data={data}", f"finetune.from={start}"]
    return start, get(options, "synthetic", options.sequence_config, given)


def add_configs(parser: argparse.ArgumentParser) -> None:
    """The options of the two configs."""
    both, alone = "sequence and numbers", "the numbers alone"
    add_config(parser, "--sequence-config", "finetune_expression.toml", f"what learns {both}")
    add_config(parser, "--numbers-config", "finetune_numbers.toml", f"what learns {alone}")


def synthetic(options: argparse.Namespace, data: Path) -> list[str]:
    """Lines: the made-up genes."""
    _, run = made_up_runs(options, data)
    answers = {"dnagpt": test_answers(run)}
    for blank in ("sequence", "numbers"):
        answers |= without(options, run, data, blank)
    answers |= baselines(options, "synthetic", data, "--model", "ridge", "--kmers")
    return ["## Made-up genes", "", *paired_table(data, answers, NUMBERS, options.resamples), ""]


def numbers(options: argparse.Namespace, data: Path) -> list[str]:
    """Lines: real genes without their sequence."""
    settings = [f"finetune.data={data}", f"finetune.seeds={options.seeds}"]
    run = finetune(options, "numbers", options.numbers_config, settings)
    answers = {"dnagpt": test_answers(run)} | baselines(options, "numbers", data)
    return [
        "## Real genes, numbers alone",
        "",
        *paired_table(data, answers, NUMBERS, options.resamples),
        "",
    ]


def genes(options: argparse.Namespace, data: Path) -> list[str]:
    """Lines: few real genes with sequence, every one tested once."""
    settings = [f"finetune.data={data}", f"finetune.folds={options.folds}"]
    run = finetune(options, "genes", options.sequence_config, [*settings, *FEW_GENES])
    ridge = baselines(options, "genes", data, "--model", "ridge", "--folds-of", str(run))
    answers = {"dnagpt": test_answers(run)} | ridge
    return [
        "## Real genes with sequence",
        "",
        *paired_table(data, answers, FOLDS, options.resamples),
        "",
    ]


TABLES = {
    "synthetic": (synthetic, "labelled set of made-up genes (tools/synthetic_expression.py)"),
    "numbers": (numbers, "labelled set of real genes without sequences, only numbers"),
    "genes": (genes, "labelled set of few real genes with sequences"),
}
"""What makes a table, and the set that it is of."""


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines of the tables whose sets were given."""
    text = []
    for name, (make, _) in TABLES.items():
        if data := getattr(options, name):
            text += make(options, data)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    for name, (_, what) in TABLES.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    add_configs(parser)
    parser.add_argument(
        "--seeds", type=int, default=3, help="fine-tunings of --numbers (%(default)s)"
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=5,
        help="parts of the cross-validation of --genes (%(default)s)",
    )
    options = parser.parse_args(arguments)
    if not any(getattr(options, name) for name in TABLES):
        parser.error(f"give a set: {', '.join(f'--{name}' for name in TABLES)}")
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
