"""Pretraining on nine genomes and fine-tuning on signals, in minutes on one GPU: tables and plots.

    python tools/gpu_study.py --data $DNAGPT_DATA_DIR --work runs/gpu_study
    python tools/gpu_study.py --quick --work runs/quick_study    # a minute or two on a CPU

data      token shards of the genomes and labelled sets of human and fruit-fly signals (PAS), where
          --shards and --sets do not name a folder that holds them
survey    pretraining for --epochs epochs, validated after each: which one is best, and how
          validation rises after it while the genomes are learned by heart
stopped   pretraining anew, with a schedule that ends at the best epoch of the survey
bits      bits per base on the test split, all and novel bases, beside random weights
human, fly  fine-tuning from `stopped` and from random weights, --seeds each, beside simple models

Each stage keeps its results in --work and is left out where they are there: started again, the
script goes on where it stopped, and --until ends it after a stage. Where a run may be cut off,
`--pretraining run.time_limit=480 --setting run.time_limit=480` (seconds) save it before. With
--pretraining run.peak_tflops=989 the table of runs says MFU. table.md and validation.png stand in
--work, all settings in the runs' config.toml. The checkpoints of the ten fine-tunings of a species,
1.4 GB each, are removed when its table is made.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import signals_table
import table_runs
from dnagpt_files import FileError, read_metrics
from pretraining_table import UNTRAINED, add_pretraining_arguments, pretrain, species_table
from table_runs import TOOLS, output_of, run_unless_there
from text_tables import format_value, markdown_table
from validation_epochs import Epoch, best_epoch, draw_epochs, epoch_lines, read_epochs
from whole_files import write_text

SIGNALS = {"human": ("Human/PAS", "hs", "R"), "fly": ("FruitFly/PAS", "dm", "O")}
"""Where the signals of a species are, how their files begin, and its token."""
SIGNAL_PLACE = ("--signal-start", "300", "--signal-length", "6")
RATES = ("5e-5", "2e-4")
ORDERS = ("order_2", "order_5")
"""Markov models beside the bits per base."""
SURVEY, STOPPED, UNLEARNED = "survey", "stopped", "random"
"""Run folders."""
QUICK_MODEL = (
    "model.layers=1",
    "model.heads=2",
    "model.channels=16",
    "model.context_length=64",
    "model.vocabulary=fixed",
)
QUICK_PRETRAINING = (
    *QUICK_MODEL,
    "run.precision=float",
    "batch.tokens_per_step=8192",
    "batch.micro_batch=32",
    "optimizer.learning_rate=1e-2",
    "schedule.warmup_steps=2",
    "evaluation.windows_per_species=4",
)
QUICK_SETTINGS = ("run.precision=float", "schedule.epochs=1", "schedule.warmup_epochs=0")
QUICK_GENOMES = ("--size-factor", "0.03")
QUICK_EXAMPLES, QUICK_BASES, QUICK_MOTIF = 200, 66, "ACGTTG"


# ---------------------------------------------------------------------------- data


def prepare(options: argparse.Namespace, *arguments: object) -> list[str]:
    """A command of dnagpt-prep, which stands beside dnagpt."""
    program_path = str(Path(options.dnagpt).with_name("dnagpt-prep"))
    return [program_path, *map(str, arguments)]


def data_folder(options: argparse.Namespace, name: str) -> Path:
    """A folder of --data."""
    data = options.data or os.environ.get("DNAGPT_DATA_DIR")
    if not data:
        raise FileError(
            "the genomes and signals are not known (no --data, no DNAGPT_DATA_DIR); give --data, "
            "or --shards and --sets that were made before"
        )
    if not (folder := Path(data) / name).is_dir():
        raise FileError(f"{data} has no folder {name}; give another --data")
    return folder


def make_shards(options: argparse.Namespace) -> Path:
    """Token shards of the nine genomes."""
    if options.shards:
        return options.shards
    folder, whole = options.work / "shards", options.work / "shards_are_whole"
    if whole.exists():
        return folder
    genomes, table = options.work / "genomes", TOOLS.parent / "data_prep" / "species.toml"
    if options.quick:
        table_runs.run(prepare(options, "synthesize", *QUICK_GENOMES, "--output", genomes))
        table = genomes / "species.toml"
    else:
        genomes = data_folder(options, "genomes")
    where = ["--species", table, "--genomes", genomes, "--output", folder]
    table_runs.run(prepare(options, "shard", *where))
    write_text(whole, "")
    return folder


def write_examples(path: Path, seed: int) -> None:
    """Sequences, half of them with a motif in the middle."""
    draw = random.Random(seed)
    lines = ["sequence\tlabel"]
    middle = QUICK_BASES // 2
    for number in range(QUICK_EXAMPLES):
        bases = "".join(draw.choices("ACGT", k=QUICK_BASES))
        if number % 2:
            bases = bases[:middle] + QUICK_MOTIF + bases[middle + len(QUICK_MOTIF) :]
        lines.append(f"{bases}\t{('none', 'signal')[number % 2]}")
    write_text(path, "\n".join(lines) + "\n")


def sources_of(options: argparse.Namespace, name: str) -> list[str]:
    """What `dnagpt-prep signals` is given for a species."""
    folder, prefix, token = SIGNALS[name]
    if options.quick:
        table = options.work / f"{name}.tsv"
        if not table.exists():
            write_examples(table, seed=len(name))
        return ["--table", str(table), "--species-token", token]
    here = data_folder(options, f"gsr/{folder}")
    files = []
    for side, pattern in (("--positive", "[ACGT]"), ("--negative", "neg")):
        files += [side, *map(str, sorted(here.glob(f"{prefix}_{pattern}*_polyA.fa.gz")))]
    return [*files, *SIGNAL_PLACE, "--species-token", token]


def make_set(options: argparse.Namespace, name: str) -> Path:
    """The labelled set of a species' signals."""
    file = f"{name}_pas.h5"
    if options.sets:
        return options.sets / file
    path = options.work / "sets" / file
    command = prepare(options, "signals", *sources_of(options, name), "--output", path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return run_unless_there(options, path, command)


def make_data(options: argparse.Namespace) -> list[str]:
    """No lines; sets options.shards, options.set and options.epoch_steps."""
    options.shards = make_shards(options)
    options.set = {name: make_set(options, name) for name in SIGNALS}
    settings = [f"data.shards={options.shards}", *options.pretraining, *schedule_of(1, "epochs")]
    plan = [options.dnagpt, "plan", str(options.pretrain_config), *settings]
    steps = re.search(r"^schedule (\d+) steps", "\n".join(output_of(plan)), re.MULTILINE)
    options.epoch_steps = int(steps[1])
    return []


# ---------------------------------------------------------------------------- pretraining


def schedule_of(count: int, unit: str) -> list[str]:
    """Settings of a run of so many steps or epochs."""
    other = {"steps": "epochs", "epochs": "steps"}[unit]
    short = ["schedule.warmup_steps=0"] if unit == "epochs" else []
    return [f"schedule.{other}=0", f"schedule.{unit}={count}", *short]


def train(options: argparse.Namespace, name: str, epochs: int) -> list[Epoch]:
    """A pretraining of whole epochs, each with a validation and a checkpoint."""
    steps = options.epoch_steps
    each = [f"evaluation.every_steps={steps}", f"checkpoint.every_steps={steps}"]
    own = [*schedule_of(epochs * steps, "steps"), *each, "checkpoint.keep_last=1"]
    run = pretrain(options, name, options.shards, *own, scored=scored(options))
    return read_epochs(read_metrics(run / "metrics.jsonl"), steps)


def scored(options: argparse.Namespace) -> list[str]:
    """How the runs are evaluated."""
    return ["--split", "test", "--novel", "--precision", options.precision]


def make_survey(options: argparse.Namespace) -> list[str]:
    """Lines of the survey; sets options.survey."""
    options.survey = train(options, SURVEY, options.epochs)
    return ["## Survey: bits per base by epoch", "", *epoch_lines(options.survey)]


def make_stopped(options: argparse.Namespace) -> list[str]:
    """Lines about the speed of both runs; draws validation.png."""
    stopped = train(options, STOPPED, best_epoch(options.survey))
    draw_epochs(options.survey, stopped, options.work / "validation.png")
    cells = [["run", "epochs", "steps", "positions", "validation", "positions/s", "MFU"]]
    for name, epochs in ((SURVEY, options.survey), (STOPPED, stopped)):
        lines = read_metrics(options.work / name / "metrics.jsonl").steps
        speed = statistics.median(line["tokens_per_second"] for line in lines)
        shares = [line["mfu"] for line in lines if line["mfu"] is not None]
        share = f"{100 * statistics.median(shares):.1f} %" if shares else "-"
        last = lines[-1]
        cells.append([name, str(len(epochs)), str(last["step"]), f"{last['tokens']:,}"])
        cells[-1] += [format_value(epochs[-1].validation), f"{speed:,.0f}", share]
    return ["## Runs", "", *markdown_table(cells), "", "![epochs](validation.png)", ""]


def make_bits(options: argparse.Namespace) -> list[str]:
    """Lines: bits per base of all and of novel bases."""
    own = [*UNTRAINED, "schedule.epochs=0"]
    pretrain(options, UNLEARNED, options.shards, *own, scored=scored(options))
    names = {"stopped at the best epoch": STOPPED, "end of the survey": SURVEY}
    names["random weights"] = UNLEARNED
    results = {name: options.work / f"{run}.json" for name, run in names.items()}
    text = []
    for title, bases in (("all bases", ""), ("novel bases", "_novel")):
        table = species_table(results, bases, ORDERS)
        text += [f"## Bits per base on the test split, {title}", "", *table, ""]
    return text


# ---------------------------------------------------------------------------- signals


def remove_checkpoints(work: Path, name: str) -> None:
    """Removes those of a species' finished fine-tunings: their answers and settings stay."""
    for folder in work.glob(f"{name}_*"):
        for checkpoints in list(folder.rglob("checkpoints")):
            shutil.rmtree(checkpoints)


def make_signals(name: str) -> Callable[[argparse.Namespace], list[str]]:
    """The stage of a species' signals."""

    def lines(options: argparse.Namespace) -> list[str]:
        given = {"set": [(name, options.set[name])], "folds": 0}
        given["pretrained"] = [("pretrained", options.work / STOPPED)]
        table = signals_table.make_tables(argparse.Namespace(**{**vars(options), **given}))
        if not options.keep_checkpoints:
            remove_checkpoints(options.work, name)
        return table

    return lines


STAGES = {
    "data": make_data,
    "survey": make_survey,
    "stopped": make_stopped,
    "bits": make_bits,
    **{name: make_signals(name) for name in SIGNALS},
}


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines of all stages up to --until."""
    text = []
    for name, make in STAGES.items():
        text += make(options)
        if name == options.until:
            break
    return text


def make_quick(options: argparse.Namespace) -> None:
    """The same stages with made-up data, a tiny model and few repetitions."""
    options.pretraining = [*QUICK_PRETRAINING, *options.pretraining]
    options.setting = [*QUICK_SETTINGS, *options.setting]
    options.epochs, options.seeds, options.resamples = 2, 2, 100
    options.baselines, options.rate, options.precision = ["words"], [], "float"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 with a message, or 75: start it again."""
    parser = table_runs.make_parser(__doc__)
    signals_table.add_signal_arguments(parser, "finetune_signals_s_512.toml", RATES)
    add_pretraining_arguments(parser, "pretrain_s_512_pieces.toml")
    parser.add_argument("--data", type=Path, help="folder with genomes/ and gsr/ (DNAGPT_DATA_DIR)")
    parser.add_argument("--shards", type=Path, help="token shards that were made before")
    parser.add_argument(
        "--sets", type=Path, help="folder with human_pas.h5 and fly_pas.h5 that were made before"
    )
    parser.add_argument("--epochs", type=int, default=12, help="of the survey (%(default)s)")
    parser.add_argument(
        "--precision",
        choices=("bf16", "float"),
        default="bf16",
        help="of evaluations (%(default)s)",
    )
    parser.add_argument("--until", choices=STAGES, help="the last stage (all)")
    parser.add_argument(
        "--keep-checkpoints",
        action="store_true",
        help="also those of finished fine-tunings, 1.4 GB each",
    )
    parser.add_argument(
        "--quick", action="store_true", help="made-up data and a tiny model, to try it out"
    )
    options = parser.parse_args(arguments)
    options.rate = options.rate or list(RATES)
    if options.quick:
        make_quick(options)
    return table_runs.finish(options, make_tables)


if __name__ == "__main__":
    sys.exit(main())
