"""What nine species are worth beside one: a model pretrained on each, then on genomic signals.

    python tools/pretraining_table.py --shards shards --set human=human_pas.h5 \\
        --set fly=fly_pas.h5 --work runs/pretraining --launch "mpirun -n 2"

M is pretrained on all shards, H on those of one species (--species), with the same config and so
the same number of steps. Both, and random weights, are evaluated on all species' validation split;
then tools/signals_table.py fine-tunes both and random weights on the labelled sets. What has its
result already is not run again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import dnagpt_files
import signals_table
import table_runs
from dnagpt_files import FileError
from table_runs import note_command, program, run_unless_there
from text_tables import format_value, markdown_table

MARKOV = ("order_1", "order_2")
UNTRAINED = (
    "schedule.steps=1",
    "schedule.warmup_steps=0",
    "schedule.minimum_learning_rate=0",
    "optimizer.learning_rate=1e-12",
)
"""Settings of a checkpoint of random weights: one step that changes no digit."""


def shards_of_species(shards: Path, species: str, folder: Path) -> Path:
    """A folder with links to the shards of one species."""
    paths = sorted(shards.resolve().glob(f"{species}.*.h5"))
    if not paths:
        raise FileError(f"{shards} holds no shards of {species}; name another --species")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in paths:
        (folder / path.name).symlink_to(path)
    return folder


def pretrain(
    options: argparse.Namespace, name: str, shards: Path, *own: str, scored: Sequence[str] = ()
) -> Path:
    """The run folder of a finished pretraining: one that was evaluated on all species.

    `own` are its own settings, `scored` further options of `dnagpt evaluate`.
    """
    run, result = options.work / name, options.work / f"{name}.json"
    settings = [f"run.folder={run}", f"data.shards={shards}", *options.pretraining, *own]
    command = program(options, "pretrain", str(options.pretrain_config), *settings)
    note_command(options, run, command)
    if not result.exists():
        table_runs.run(command)
    evaluate = ["evaluate", "--checkpoint", str(run), "--shards", str(options.shards), *scored]
    run_unless_there(options, result, program(options, *evaluate, "--output", str(result)))
    return run


def species_table(
    results: dict[str, Path], bases: str = "", orders: Sequence[str] = MARKOV
) -> list[str]:
    """Lines: bits per base of each species by model, with Markov models beside.

    `bases` is "_novel" for the bases that training does not hold.
    """
    evaluations = {name: dnagpt_files.read_evaluation(path) for name, path in results.items()}
    first = next(iter(evaluations.values()))
    cells = [["species", *evaluations, *(f"Markov {order[-1]}" for order in orders)]]
    for name in [*first["species"], "mean"]:
        entries = [
            e["mean"] if name == "mean" else e["species"][name] for e in evaluations.values()
        ]
        values = [entry[f"bits_per_base{bases}"] for entry in entries]
        markov = [entries[0].get(f"markov{bases}", {}).get(order) for order in orders]
        cells.append([name.replace("_", " "), *map(format_value, [*values, *markov])])
    return markdown_table(cells)


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: bits per base, then the signals."""
    alone = options.work / f"shards_{options.species}"
    shards_of_species(options.shards, options.species, alone)
    runs = {"M": options.shards, "H": alone}
    options.pretrained = [(name, pretrain(options, name, data)) for name, data in runs.items()]
    options.folds = 0
    pretrain(options, "random", options.shards, *UNTRAINED)
    evaluated = {"M": "M", "H": "H", "random weights": "random"}
    table = species_table({name: options.work / f"{file}.json" for name, file in evaluated.items()})
    heading = f"## Bits per base on validation (M: all species, H: {options.species})"
    return [heading, "", *table, "", *signals_table.make_tables(options)]


def add_pretraining_arguments(parser: argparse.ArgumentParser, config: str) -> None:
    """The options of pretraining; `config` is the default."""
    table_runs.add_config(parser, "--pretrain-config", config, "all pretrainings")
    parser.add_argument(
        "--pretraining",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="a setting of all pretrainings; may stand several times",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    signals_table.add_set_argument(parser)
    signals_table.add_signal_arguments(parser)
    parser.add_argument("--shards", type=Path, required=True, help="folder of `dnagpt-prep shard`")
    parser.add_argument("--species", default="homo_sapiens", help="what H learns (%(default)s)")
    add_pretraining_arguments(parser, "pretrain_mini.toml")
    options = parser.parse_args(arguments)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
