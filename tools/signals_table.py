"""The table of genomic signals: fine-tuned from pretrained runs, from random weights, baselines.

    python tools/signals_table.py --set human=human_pas.h5 --set fly=fly_pas.h5 \\
        --pretrained pretrained=runs/pretrained --work runs/signals --launch "mpirun -n 2"
    python tools/signals_table.py --set tis=human_tis.h5 --pretrained pretrained=runs/pretrained \\
        --folds 5 --work runs/tis --launch "mpirun -n 2"

For each set: `dnagpt finetune` from each pretrained run and from random weights of the same model,
and tools/baseline_signals.py, all on the set's own split or, with --folds, on the same folds. With
several --rate, each start takes the one that suits it: the highest MCC on the validation split with
the first seed. What has its result already is not run again, so an interrupted table goes on where
it stopped. Rows are compared with the first one, as tools/paired_table.py says.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import table_runs
from dnagpt_files import FileError, read_config, read_evaluation
from paired_table import SIGNALS, Answers, paired_table, test_answers
from table_runs import finetune, name_and_path, require_own_names, run_unless_there, tool

SHAPE = ("layers", "heads", "channels", "context_length", "vocabulary")
RANDOM = "random weights"
BASELINES = ("composition", "words", "kmers", "binned", "cnn")


def random_model(pretrained: Path) -> list[str]:
    """Settings of a model of the pretrained run's shape."""
    model = read_config(pretrained / "config.toml")["model"]
    return [f"model.{key}={model[key]}" for key in SHAPE]


def validation_mcc(run: Path) -> float:
    """Of a run with one set and one seed."""
    (scores,) = read_evaluation(run / "evaluation.json")["sets"].values()
    return scores["validation"]["mcc"]


def choose_rate(options: argparse.Namespace, folder: str, settings: Sequence[str]) -> str:
    """The learning rate of --rate whose first seed validates best."""
    scores = {}
    for rate in options.rate:
        tried = [*settings, "finetune.seeds=1", f"optimizer.learning_rate={rate}"]
        run = finetune(options, f"{folder}_rate_{rate}", options.config, tried)
        scores[rate] = validation_mcc(run)
    return max(scores, key=scores.__getitem__)


def finetune_seeds(
    options: argparse.Namespace, folder: str, settings: Sequence[str]
) -> tuple[Path, str]:
    """The run folder of all seeds, and the learning rate if it was chosen."""
    rate = choose_rate(options, folder, settings) if options.rate else ""
    chosen = [f"optimizer.learning_rate={rate}"] if rate else []
    seeds = [f"finetune.seeds={options.seeds}", f"finetune.folds={options.folds}"]
    return finetune(options, folder, options.config, [*settings, *seeds, *chosen]), rate


def collect(options: argparse.Namespace, name: str, data: Path) -> tuple[Answers, dict[str, str]]:
    """Test answers by method, one entry a seed; learning rates that were chosen."""
    starts = {method: [f"finetune.from={run}"] for method, run in options.pretrained}
    starts[RANDOM] = random_model(options.pretrained[0][1])
    runs, rates = {}, {}
    for method, start in starts.items():
        folder = f"{name}_{method.replace(' ', '_')}"
        runs[method], rate = finetune_seeds(options, folder, [f"finetune.data={data}", *start])
        rates |= {method: rate} if rate else {}
    answers = {method: test_answers(folder) for method, folder in runs.items()}
    folder = options.work / f"{name}_baselines"
    folds = ["--folds-of", str(runs[RANDOM])] if options.folds else []
    for method in options.baselines:
        if method == "cnn" and importlib.util.find_spec("torch") is None:
            continue
        files = ["--predictions", str(folder), "--output", str(folder / f"{method}.json")]
        command = tool("baseline_signals.py", str(data), "--model", method, *files, *folds)
        run_unless_there(options, folder / f"{method}.json", command)
        answers[method] = test_answers(folder / method)
    return answers, rates


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: a table for each set."""
    require_own_names(options.set, "--set")
    require_own_names([*options.pretrained, (RANDOM, Path())], "--pretrained")
    if options.rate and options.folds:
        raise FileError("--rate is chosen on one validation split; leave --folds or --rate out")
    text = []
    for name, path in options.set:
        answers, rates = collect(options, name, path)
        chosen = ", ".join(f"{method} {rate}" for method, rate in rates.items())
        choice = [f"learning rate, chosen on validation: {chosen}", ""] if rates else []
        missing = [method for method in options.baselines if method not in answers]
        left_out = [f"{', '.join(missing)}: left out (torch is not installed)", ""]
        table = paired_table(path, answers, SIGNALS, options.resamples)
        text += [f"## {name}", "", *choice, *table, "", *(left_out if missing else [])]
    return text


def add_set_argument(parser: argparse.ArgumentParser) -> None:
    """The option of labelled sets."""
    parser.add_argument(
        "--set",
        type=name_and_path,
        action="append",
        required=True,
        metavar="NAME=FILE",
        help="labelled set with classes; may stand several times",
    )


def add_signal_arguments(
    parser: argparse.ArgumentParser,
    config: str = "finetune_signals.toml",
    rates: Sequence[str] = (),
) -> None:
    """The options of fine-tuning on signals, with these defaults, and of the methods beside it.

    Where no --rate is given, `rates` are the caller's to put in its place.
    """
    table_runs.add_config(parser, "--config", config, "all fine-tunings")
    parser.add_argument(
        "--seeds", type=int, default=3, help="fine-tunings of each row (%(default)s)"
    )
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        help="learning rate to try; may stand several times "
        f"({' and '.join(rates) or 'that of --config'})",
    )
    parser.add_argument(
        "--baselines",
        nargs="*",
        choices=BASELINES,
        default=BASELINES,
        help=f"simple models beside ({' '.join(BASELINES)})",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    add_set_argument(parser)
    add_signal_arguments(parser)
    parser.add_argument(
        "--pretrained",
        type=name_and_path,
        action="append",
        required=True,
        metavar="NAME=RUN",
        help="run folder of `dnagpt pretrain`; may stand several times, the others in one shape",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=0,
        help="cross-validation in so many parts (0: the set's own split)",
    )
    options = parser.parse_args(arguments)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
