"""Scores every checkpoint of a run with `dnagpt evaluate` and draws the score over the steps.

    python tools/evaluate_checkpoints.py runs/small --command \\
        "mpirun -n 2 dnagpt evaluate --shards shards --split test --windows 64"

The command is started once for each checkpoint of the run, with --checkpoint FILE and --output
FOLDER/step_00001000.json added. Checkpoints that have their result already are left out: started
again after a stop, it goes on where it was. Where all have one, of a job array, say, --command is
not needed. Written into the folder are scores.tsv (one line a
checkpoint) and scores.png.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

import dnagpt_files
from dnagpt_files import FileError
from plot_run import STYLES, finish
from run_folder import Score, headlines, scores_of
from whole_files import save_figure, write_text

mpl.use("Agg")
from matplotlib import pyplot as plt

Results = dict[int, list[Score]]
"""Scores by training step."""


def find_checkpoints(run: Path) -> list[Path]:
    """The run's checkpoints in the order of their steps."""
    found = sorted((run / "checkpoints").glob("step_*.h5"))
    if not found:
        raise FileError(
            f"{run} holds no checkpoints (no checkpoints/step_*.h5; of several seeds or folds "
            "each has its own folder); check the run folder"
        )
    return found


def check_command(folder: Path, command: str) -> None:
    """Notes the command in the folder; FileError where its results come from another one."""
    note = folder / "command.txt"
    if note.is_file() and note.read_text().strip() != command:
        raise FileError(
            f"{folder} holds results of another command ({note.read_text().strip()}); "
            "give another --folder or remove this one"
        )
    if not note.is_file() and any(folder.glob("step_*.json")):
        raise FileError(
            f"{folder} holds results of a command that is not known (no command.txt: of a job "
            "array?); give another --folder, or no --command once all checkpoints have a result"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(note, command + "\n")


def has_result(path: Path) -> bool:
    """Whether a whole result is there."""
    try:
        dnagpt_files.read_evaluation(path)
    except FileError:
        return False
    return True


def evaluate(command: str, checkpoint: Path, output: Path) -> None:
    """Runs the command for one checkpoint; FileError where it fails or writes no result."""
    words = [*shlex.split(command), "--checkpoint", str(checkpoint), "--output", str(output)]
    try:
        status = subprocess.run(words, check=False).returncode
    except OSError as error:
        raise FileError(
            f"{words[0]} cannot be started ({error.strerror}); give its path in --command"
        ) from error
    if status != 0:
        raise FileError(
            f"{checkpoint.name} could not be scored (`{shlex.join(words)}` ended with status "
            f"{status}, see above); start again when that is mended"
        )
    dnagpt_files.read_evaluation(output)


def write_scores(results: Results, path: Path) -> None:
    """A line for each step; a column for each score, named set or species, split and metric."""
    headings = list(dict.fromkeys(score.heading for found in results.values() for score in found))
    lines = ["\t".join(["step", *headings])]
    for step, found in sorted(results.items()):
        values = {score.heading: score.value for score in found if score.value is not None}
        lines.append("\t".join([str(step), *(str(values.get(name, "")) for name in headings)]))
    write_text(path, "\n".join(lines) + "\n")


def headline_lines(results: Results) -> dict[str, dict[int, float]]:
    """Values by heading and step of the scores that stand for all."""
    lines: dict[str, dict[int, float]] = {}
    for step, found in sorted(results.items()):
        for score in headlines(found):
            if score.value is not None:
                lines.setdefault(score.heading, {})[step] = score.value
    return lines


def draw_scores(results: Results, title: str, output: Path) -> None:
    """The scores over the steps; the first line, which stands for all, is thick."""
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    lines = headline_lines(results)
    for index, (heading, points) in enumerate(lines.items()):
        steps, values = np.array(list(points.items())).T
        width = 2.5 if index == 0 else 1.0
        style = STYLES[index % len(STYLES)]
        label = heading.replace("_", " ")
        axes.plot(steps, values, label=label, linewidth=width, markersize=4, **style)
    metrics = sorted({score.metric for found in results.values() for score in headlines(found)})
    shown = " or ".join(metrics).replace("_", " ")
    finish(axes, shown, bool(lines), [])
    if lines:
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_title(title)
    save_figure(figure, output)
    plt.close(figure)


def evaluate_all(options: argparse.Namespace, folder: Path) -> Results:
    """Scores of all checkpoints; runs the command where a result is missing."""
    checkpoints = find_checkpoints(options.run)
    if options.command:
        check_command(folder, options.command)
    results: Results = {}
    for number, checkpoint in enumerate(checkpoints, start=1):
        output = folder / f"{checkpoint.stem}.json"
        if not has_result(output):
            if not options.command:
                raise FileError(
                    f"{output} is not there or not whole, and there is no command that makes it; "
                    "give --command"
                )
            print(f"{checkpoint.name} ({number} of {len(checkpoints)})", file=sys.stderr)
            evaluate(options.command, checkpoint, output)
        step = int(checkpoint.stem.removeprefix("step_"))
        results[step] = scores_of(dnagpt_files.read_evaluation(output))
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a checkpoint cannot be scored."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder with checkpoints/")
    parser.add_argument(
        "--command",
        help="`dnagpt evaluate` with all else that it needs, quoted; where a result is missing",
    )
    parser.add_argument(
        "--folder", type=Path, help="where results go (default: evaluations in the run folder)"
    )
    options = parser.parse_args(arguments)
    folder = options.folder or options.run / "evaluations"
    try:
        results = evaluate_all(options, folder)
        write_scores(results, folder / "scores.tsv")
        draw_scores(results, options.run.resolve().name, folder / "scores.png")
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    for heading, points in headline_lines(results).items():
        print(f"{heading}: " + ", ".join(f"{s} {value:.4f}" for s, value in points.items()))
    print(folder / "scores.tsv")
    print(folder / "scores.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
