"""The tables of artificial human genomes: fine-tune, draw at several temperatures, compare.

    python tools/genomes_table.py --set haplotypes.h5 --work runs/genomes --launch "mpirun -n 2"

Draws as many haplotypes as there are held-out ones, from the model at each temperature and from
the simple generators of tools/baseline_genomes.py. tools/evaluate_genomes.py compares the model at
--temperature with the generators, and the temperatures with each other; tools/temperature_study.py
draws the latter. What has its result already is not run again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import table_runs
from dnagpt_files import read_labelled_set
from table_runs import finetune, output_of, program, run_unless_there, tool

TEMPERATURES = ("0.6", "0.8", "0.9", "1.0", "1.1", "1.2", "1.4", "1.6")
BASELINES = ("independent", "markov", "groups", "rbm")


def draw(options: argparse.Namespace, model: Path, temperature: str, count: int) -> Path:
    """Haplotypes of the model."""
    path = options.work / f"temperature_{temperature}.hapt"
    arguments = ["--checkpoint", str(model), "--count", str(count), "--seed", str(options.seed)]
    arguments += ["--temperature", temperature, "--output", str(path)]
    return run_unless_there(options, path, program(options, "generate", "--haplotypes", *arguments))


def draw_baseline(options: argparse.Namespace, name: str, count: int) -> Path:
    """Haplotypes of a simple generator."""
    path = options.work / f"{name}.hapt"
    arguments = ["--model", name, "--set", str(options.set), "--count", str(count)]
    arguments += ["--seed", str(options.seed), "-o", str(path)]
    return run_unless_there(options, path, tool("baseline_genomes.py", *arguments))


def compare(options: argparse.Namespace, name: str, sets: dict[str, Path]) -> list[str]:
    """Lines of tools/evaluate_genomes.py; figures and genomes.json stand in the folder `name`."""
    named = [f"{title}={path}" for title, path in sets.items()]
    where = ["--set", str(options.set), "--output", str(options.work / name)]
    return output_of(tool("evaluate_genomes.py", *where, "--compare", *named))


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: model and generators, then the temperatures."""
    count = options.count or int(np.sum(read_labelled_set(options.set).split == "test"))
    model = finetune(options, "model", options.config, [f"finetune.data={options.set}"])
    drawn = {
        temperature: draw(options, model, temperature, count)
        for temperature in dict.fromkeys([*options.temperatures, options.temperature])
    }
    generators = {name: draw_baseline(options, name, count) for name in BASELINES}
    sets = {"dnagpt": drawn[options.temperature], **generators}
    text = [f"## At temperature {options.temperature}, {count} haplotypes each", ""]
    text += [*compare(options, "comparison", sets), "", "## Temperatures", ""]
    text += [*compare(options, "temperatures", drawn), ""]
    study = options.work / "temperatures" / "genomes.json"
    return [*text, *output_of(tool("temperature_study.py", str(study)))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    parser.add_argument(
        "--set", type=Path, required=True, help="haplotype set of `dnagpt-prep haplotypes`"
    )
    table_runs.add_config(parser, "--config", "finetune_genomes.toml", "the fine-tuning")
    parser.add_argument(
        "--count", type=int, default=0, help="haplotypes to draw (0: as many as held out)"
    )
    parser.add_argument("--temperature", default="1.0", help="of the first table (%(default)s)")
    parser.add_argument(
        "--temperatures",
        nargs="+",
        default=TEMPERATURES,
        help=f"of the study ({' '.join(TEMPERATURES)})",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the draws (%(default)s)")
    options = parser.parse_args(arguments)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
