"""What a model loses that answers two tasks: trained together and each alone.

    python tools/tasks_table.py --classes human_pas.h5 --numbers synthetic.h5 --work runs/tasks \\
        --launch "mpirun -n 2"

Three fine-tunings of one model: both sets in one, switched by the prompt, and each set alone, with
the same epochs. The model has learned the set's numbers alone before, as in
tools/expression_table.py. What has its result already is not run again. Rows are compared with the
first one of their table, as tools/paired_table.py says.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import table_runs
from dnagpt_files import read_config
from expression_table import add_configs, numbers_alone
from paired_table import NUMBERS, SIGNALS, paired_table, test_answers
from table_runs import finetune

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
    path.write_text("\n".join(lines) + "\n")
    return path


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: a table for each task, alone and together."""
    choices = {"together": list(SHOWN), **{name: [name] for name in SHOWN}}
    start = numbers_alone(options, "start", options.numbers)
    runs = {}
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
    for name in SHOWN:
        parser.add_argument(f"--{name}", type=Path, required=True, help="labelled set")
        parser.add_argument(f"--{name}-weight", type=float, default=1, help="of its rows' loss")
    add_configs(parser)
    options = parser.parse_args(arguments)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
