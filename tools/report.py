"""Writes one self-contained HTML page about a run of pretraining or fine-tuning.

    python tools/report.py runs/small -o report.html

On it stand settings, losses and validation over the steps, restarts, final scores, and for
fine-tuning ROC curves and confusion matrices, predicted against measured numbers, or losses of
words. The page needs no network: figures are inside. What the run folder does not hold is said at
the top.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

import summarise_evaluation
from dnagpt_files import FileError
from plot_run import draw_run
from prediction_files import Answers, ClassPredictions, NumberPredictions, take
from run_folder import Run, Score, last_validation, read_run, scores_of
from score_figures import draw_confusion, draw_losses, draw_measured, draw_roc
from text_tables import Cells, format_value
from whole_files import write_text

mpl.use("Agg")
from matplotlib import pyplot as plt

STYLE = """
body { font-family: sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #111; }
table { border-collapse: collapse; margin: 0.5em 0; }
th, td { border: 1px solid #bbb; padding: 0.2em 0.6em; text-align: left; vertical-align: top; }
img { max-width: 100%; }
.missing { border-left: 4px solid #111; padding-left: 1em; }
"""
DRAWN_SPLITS = ("test", "validation")
"""Splits whose answers are drawn; the first that has any."""

Draw = Callable[[io.BytesIO], None]


# ---------------------------------------------------------------------------- HTML


def heading(text: str, level: int) -> str:
    """A heading."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def table(cells: Cells) -> str:
    """A table; the first row is its head."""
    head, *rows = [[html.escape(cell) for cell in row] for row in cells]
    lines = ["".join(f"<th>{cell}</th>" for cell in head)]
    lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"


def picture(draw: Draw, text: str) -> str:
    """A figure inside the page; `text` says what it shows."""
    stream = io.BytesIO()
    draw(stream)
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}">'


# ---------------------------------------------------------------------------- sections


def missing_section(run: Run) -> list[str]:
    """What is not there, of the run and of its seeds."""
    lines = [*run.missing, *(line for part in run.parts for line in part.missing)]
    if not lines:
        return []
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return [f'<div class="missing"><p>Not on this page:</p><ul>{items}</ul></div>']


def settings_section(run: Run, level: int) -> list[str]:
    """All settings of config.toml by section."""
    if run.config is None:
        return []
    rows = [
        [section, key, str(value)]
        for section, keys in run.config.items()
        for key, value in keys.items()
    ]
    cells = table([["section", "key", "value"], *rows])
    shown = f"<details><summary>{len(rows)} settings</summary>{cells}</details>"
    return [heading("Settings", level), shown]


def training_section(run: Run, level: int) -> list[str]:
    """Steps, restarts and the plots of plot_run.py."""
    metrics = run.metrics
    if metrics is None or not metrics.steps:
        return []
    restarts = ", ".join(map(str, metrics.restarts)) or "none"
    last = metrics.steps[-1]
    return [
        heading("Training", level),
        f"<p>Last step {last['step']}, loss {format_value(last.get('loss'))}. "
        f"Restarts (resumed or rolled back) after step: {restarts}.</p>",
        picture(lambda out: draw_run(metrics, run.name, out), "losses over the steps"),
    ]


def score_cells(scores: Sequence[Score]) -> Cells:
    """A row for each metric, a column for each set and split."""
    columns = list(dict.fromkeys((score.name, score.split) for score in scores))
    metrics = list(dict.fromkeys(score.metric for score in scores))
    texts = {(s.metric, s.name, s.split): str(s) for s in scores}
    heads = [" ".join(filter(None, column)) for column in columns]
    rows = [[m, *(texts.get((m, *column), "-") for column in columns)] for m in metrics]
    return [["score", *heads], *rows]


def evaluation_section(run: Run, level: int) -> list[str]:
    """Final scores of evaluation.json, or the last validation in its place."""
    if run.evaluation is None:
        scores = last_validation(run.metrics) if run.metrics else []
        text = "There is no evaluation.json: these are the scores of the last validation."
        return (
            [heading("Evaluation", level), f"<p>{text}</p>", table(score_cells(scores))]
            if scores
            else []
        )
    title = heading("Evaluation", level)
    if "species" in run.evaluation:
        rows = summarise_evaluation.table_rows(run.evaluation)
        lines = "\n".join(summarise_evaluation.format_table(rows))
        return [title, f"<pre>{html.escape(lines)}</pre>"]
    if "runs" in run.evaluation:
        text = f"Mean +- standard deviation over {len(run.evaluation['runs'])} runs."
    else:
        text = (
            f"Checkpoint {run.evaluation.get('checkpoint')}, "
            f"epoch {run.evaluation.get('epoch')}; [95 % interval over groups]."
        )
    return [title, f"<p>{html.escape(text)}</p>", table(score_cells(scores_of(run.evaluation)))]


def draw_answers(answers: Answers, split: str, output: io.BytesIO) -> None:
    """ROC curve and confusion matrix, predicted against measured, or how often which loss is."""
    is_class = isinstance(answers, ClassPredictions)
    figure, grid = plt.subplots(
        1, 1 + is_class, figsize=(5 * (1 + is_class), 4.5), layout="constrained", squeeze=False
    )
    if is_class:
        draw_roc(grid[0, 0], {split: answers})
        draw_confusion(grid[0, 1], answers, split)
    elif isinstance(answers, NumberPredictions):
        draw_measured(grid[0, 0], answers, split)
    else:
        draw_losses(grid[0, 0], answers, split)
    figure.savefig(output, dpi=110, format="png")
    plt.close(figure)


def set_section(name: str, answers: Answers, level: int) -> list[str]:
    """Figures of the answers to one set; it has a name where there are several."""
    for split in DRAWN_SPLITS:
        chosen = take(answers, answers.split == split)
        if len(chosen.id):
            text = f"answers to the {len(chosen.id)} examples of {split}"
            drawn = picture(lambda out, c=chosen, s=split: draw_answers(c, s, out), text)
            title = f"Answers, {name}" if name else "Answers"
            return [heading(title, level), f"<p>{text.capitalize()}.</p>", drawn]
    return []


def answers_section(run: Run, level: int) -> list[str]:
    """Figures of the answers in predictions.tsv, or in those of each set."""
    sections = (set_section(name, answers, level) for name, answers in run.answers.items())
    return [line for section in sections for line in section]


def run_sections(run: Run, level: int) -> list[str]:
    """Everything about a run; then about each of its seeds and folds."""
    sections = evaluation_section(run, level)
    for part in (training_section, answers_section, settings_section):
        sections += part(run, level)
    for part in run.parts:
        sections += [heading(part.name, level), *run_sections(part, level + 1)]
    return sections


def make_page(run: Run) -> str:
    """The whole HTML page."""
    title = html.escape(run.name)
    body = [heading(f"Run {run.name}", 1), *missing_section(run), *run_sections(run, 2)]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the folder cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "-o", "--output", type=Path, help="HTML file (default: report.html in the run folder)"
    )
    options = parser.parse_args(arguments)
    output = options.output or options.run / "report.html"
    try:
        write_text(output, make_page(read_run(options.run)))
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    print(output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
