"""What a model loses that answers two tasks: trained together and each alone.

    python tools/tasks_table.py --classes human_pas.h5 --numbers synthetic.h5 --work runs/tasks \\
        --launch "mpirun -n 2"

Three fine-tunings of one model: both sets in one, switched by the prompt, and each set alone, with
the same epochs. The model has learned the set's numbers alone before, as in
tools/expression_table.py. Where that tool's table of made-up genes was made of the same set,
--numbers-alone takes both models from there: the one that learned the numbers alone, and the one
of this set alone. What has its result already is not run again. Rows are compared with the first
one of their table, as tools/paired_table.py says.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import table_runs
from dnagpt_files import FileError, read_config, read_labelled_set
from expression_table import add_configs, made_up_runs, numbers_alone
from paired_table import NUMBERS, SIGNALS, paired_table, test_answers
from table_runs import finetune, finished
from whole_files import write_text

CLASS_PROMPT = "<S>{sequence}<=><B>"
SHOWN = {"classes": SIGNALS, "numbers": NUMBERS}


def write_config(options: argparse.Namespace, names: Sequence[str], path: Path) -> Path:
    """The sequence config without its prompt, and a table for each of these sets."""
    prompts = {
        "classes": CLASS_PROMPT,
        "numbers": read_config(options.sequence_config)["finetune"]["prompt"],
    }
    lines = [
        line
        for line in options.sequence_config.read_text().splitlines()
        if not re.match(r"\s*(prompt|data)\s*=", line)
    ]
    for name in names:
        lines += ["", "[[finetune.set]]", f'name = "{name}"']
        lines += [f'data = "{getattr(options, name).resolve()}"', f'prompt = "{prompts[name]}"']
        lines += [f"weight = {getattr(options, f'{name}_weight')}"]
    write_text(path, "\n".join(lines) + "\n")
    return path


def check_test_answers(run: Path, data: Path) -> None:
    """FileError where a run was not tested on the examples that the set holds now."""
    labelled = read_labelled_set(data)
    test = np.flatnonzero(labelled.split == "test")
    test = test[np.argsort(labelled.id[test])]
    for each in test_answers(run):
        is_same = list(each.id) == list(labelled.id[test])
        if not (is_same and np.allclose(each.target, labelled.target[test], rtol=1e-5, atol=1e-7)):
            raise FileError(
                f"{run} was tested on other examples than {data} holds (was the set made anew?); "
                "leave --numbers-alone out"
            )


def runs_of_numbers(options: argparse.Namespace) -> tuple[Path, Path]:
    """Of --numbers-alone: the model that learned the numbers alone, and the set's own."""
    there = argparse.Namespace(**vars(options) | {"work": options.numbers_alone})
    start, run = made_up_runs(there, options.numbers, finished)
    check_test_answers(run, options.numbers)
    return start, run


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: a table for each task, alone and together."""
    choices = {"together": list(SHOWN), **{name: [name] for name in SHOWN}}
    runs = {}
    if options.numbers_alone:
        start, runs["numbers"] = runs_of_numbers(options)
        del choices["numbers"]
    else:
        start = numbers_alone(options, "start", options.numbers)
    for run, names in choices.items():
        config = write_config(options, names, options.work / f"{run}.toml")
        runs[run] = finetune(options, run, config, [f"finetune.from={start}"])
    text = []
    for name in SHOWN:
        answers = {
            "alone": test_answers(runs[name]),
            "together": test_answers(runs["together"], f"predictions_{name}.tsv"),
        }
        table = paired_table(getattr(options, name), answers, SHOWN[name], options.resamples)
        text += [f"## {name}", "", *table, ""]
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    for name, answer in (("classes", "a class"), ("numbers", "a number")):
        given = f"labelled set whose answer is {answer}"
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FILE", help=given)
        weight = "weight of the loss of its rows (%(default)s)"
        parser.add_argument(f"--{name}-weight", type=float, default=1, help=weight)
    parser.add_argument(
        "--numbers-alone",
        type=Path,
        metavar="FOLDER",
        help="the --work folder of tools/expression_table.py --synthetic with the set of --numbers:"
        " its models are taken, not trained again",
    )
    add_configs(parser)
    options = parser.parse_args(arguments)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
