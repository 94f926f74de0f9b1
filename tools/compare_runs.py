"""Sets several runs side by side: settings that differ, final scores, validation over the steps.

    python tools/compare_runs.py runs/small runs/small_bf16 --output runs.png

RUN is a run folder of pretraining or fine-tuning; that of several seeds or folds counts as one run,
with mean and standard deviation. Final scores are those of evaluation.json, or of the last
validation in metrics.jsonl where there is none. The tables are Markdown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

import dnagpt_files
from plot_run import STYLES, finish, series
from run_folder import (
    Run,
    Score,
    headlines,
    last_validation,
    read_run,
    scores_of,
    single_runs,
    validation_label,
    validation_points,
)
from text_tables import Cells, markdown_table
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt

SHOWN = ("accuracy", "mcc", "auroc", "r2", "spearman", "bits_per_base", "gc_r2", "order_accuracy")
"""Scores in the table, beside what stands for a set alone; others stand in evaluation.json."""
NOT_COMPARED = ("run.folder",)
"""Settings that differ by nature."""


def unique_names(runs: Sequence[Run]) -> list[str]:
    """Folder names, or whole paths where two folders have one name."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def flat_settings(config: dict[str, Any] | None) -> dict[str, str]:
    """Values by `section.key`, as text."""
    return {
        f"{section}.{key}": str(value)
        for section, keys in (config or {}).items()
        for key, value in keys.items()
        if f"{section}.{key}" not in NOT_COMPARED
    }


def config_of(run: Run) -> dict[str, Any] | None:
    """The run's settings, or those of its first seed."""
    return run.config or next((part.config for part in run.parts if part.config), None)


def settings_table(names: Sequence[str], runs: Sequence[Run]) -> Cells:
    """Cells of the settings that are not the same in all runs."""
    settings = [flat_settings(config_of(run)) for run in runs]
    keys = list(dict.fromkeys(key for part in settings for key in part))
    rows = [[key, *(part.get(key, "-") for part in settings)] for key in keys]
    return [["setting", *names], *(row for row in rows if len(set(row[1:])) > 1)]


def final_scores(run: Run) -> tuple[str, list[Score]]:
    """Where the scores come from, and the scores."""
    if run.evaluation:
        return "evaluation.json", scores_of(run.evaluation)
    last = last_validation(run.metrics) if run.metrics else []
    return "last validation" if last else "-", last


def last_step(run: Run) -> str:
    """Finished steps of the run, or of its longest seed."""
    steps = [part.metrics.steps[-1]["step"] for part in single_runs(run) if has_steps(part)]
    return str(max(steps)) if steps else "-"


def has_steps(run: Run) -> bool:
    """Whether a step was finished."""
    return run.metrics is not None and bool(run.metrics.steps)


def scores_table(names: Sequence[str], runs: Sequence[Run]) -> Cells:
    """Cells of the final scores; scores of a single species are left out."""
    finals = [final_scores(run) for run in runs]
    texts = [{s.heading: str(s) for s in shown_scores(found)} for _, found in finals]
    headings = list(dict.fromkeys(heading for part in texts for heading in part))
    cells = [["run", "steps", "scores from", *headings]]
    for name, run, (source, _), part in zip(names, runs, finals, texts, strict=True):
        cells.append([name, last_step(run), source, *(part.get(h, "-") for h in headings)])
    return cells


def shown_scores(scores: Sequence[Score]) -> list[Score]:
    """Those of the table."""
    first = headlines(scores)
    return [s for s in scores if (s.metric in SHOWN or s in first) and not is_species(s)]


def is_species(score: Score) -> bool:
    """Whether this is one species' bits per base, of which the mean is shown."""
    return score.metric == "bits_per_base" and bool(score.name)


def is_measured_in(run: Run, unit: str) -> bool:
    """Whether the run was validated, in this unit."""
    lines = run.metrics.evaluations if run.metrics else []
    return bool(lines) and validation_label(lines) == unit


def draw_runs(names: Sequence[str], runs: Sequence[Run], output: Path) -> None:
    """Validation over the steps: one plot for each unit, one line for each run and seed."""
    labels = {
        validation_label(part.metrics.evaluations)
        for run in runs
        for part in single_runs(run)
        if part.metrics and part.metrics.evaluations
    }
    units = sorted(labels) or ["score"]
    figure, grid = plt.subplots(
        1, len(units), figsize=(7 * len(units), 5), layout="constrained", squeeze=False
    )
    for axes, unit in zip(grid.flat, units, strict=True):
        drawn = 0
        for index, (name, run) in enumerate(zip(names, runs, strict=True)):
            parts = [part for part in single_runs(run) if is_measured_in(part, unit)]
            for number, part in enumerate(parts):
                points = [vars(point) for point in validation_points(part.metrics)]
                label = name if number == 0 else None
                style = STYLES[index % len(STYLES)]
                axes.plot(*series(points, "score"), label=label, markersize=4, **style)
                drawn += len(points)
        finish(axes, f"validation ({unit})", drawn > 0, [])
        if drawn:
            axes.legend(frameon=False, fontsize=8)
    save_figure(figure, output)
    plt.close(figure)


def print_tables(names: Sequence[str], runs: Sequence[Run]) -> None:
    """Scores, then the settings that differ."""
    differing = settings_table(names, runs)
    print("\n".join(markdown_table(scores_table(names, runs))))
    print()
    if len(differing) > 1:
        print("\n".join(markdown_table(differing)))
    else:
        print("All settings are the same.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a folder cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folder")
    parser.add_argument("--output", type=Path, help="PNG file")
    options = parser.parse_args(arguments)
    try:
        runs = [read_run(folder) for folder in options.runs]
        names = unique_names(runs)
        print_tables(names, runs)
        if options.output:
            draw_runs(names, runs, options.output)
    except dnagpt_files.FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
