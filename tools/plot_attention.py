"""Draws attention: its mean over a labelled set along the sequence, or the maps of one record.

    python tools/plot_attention.py --mean pas.h5 --mean random=random.h5 --signal-start 300 \\
        --output pas_attention.png
    python tools/plot_attention.py --maps attention.h5 --record 0 --layer 4 --output map.png

--mean  files of `dnagpt attention --set`: how much the position of the answer attends to each word,
        a panel a layer (the mean over its heads), against bp from --signal-start; prints the share
        of words within --within bp of it by class, layer and file, and the layer with most. With
        --heads a panel and a line for each head of each layer
--maps  a file of `dnagpt attention` of prompts or sequences: a panel a head

Readable without colours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

import attention_files
from attention_files import MeanAttention
from dnagpt_files import BASES_PER_WORD, FileError
from plot_run import STYLES
from text_tables import format_value, markdown_table
from whole_files import save_figure

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PANEL = (4.0, 2.4)
"""Inches."""
HEAD_PANEL = (1.9, 1.5)
"""Inches, where every head has its own."""
LEAST_SHARE = 1e-5
"""Where the axes of shares begin at the lowest."""


def named_file(text: str) -> tuple[str, Path]:
    """NAME=FILE, or FILE alone, whose name is its stem."""
    name, equals, path = text.rpartition("=")
    return (name if equals else Path(path).stem, Path(path))


def draw_layer(
    axes: Axes, place: int, heads: slice, means: dict[str, MeanAttention], start: float
) -> None:
    """A line for each file and class, the mean over these heads."""
    styles = iter(STYLES * 9)
    for name, attention in means.items():
        shares = attention.of_words()[:, place, heads].mean(axis=1)
        for label, share in zip(attention.classes, shares, strict=True):
            style = next(styles)
            line = {key: style[key] for key in ("color", "linestyle")}
            centres = attention.word_centres() - start
            axes.plot(centres, share, **line, linewidth=1, label=f"{name}, {label}")
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], LEAST_SHARE))
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)


def finish_means(figure: Figure, axes: np.ndarray, start: float) -> Figure:
    """Labels the axes of the left and lower panels; the legend stands below."""
    height = figure.get_size_inches()[1]
    axes[-1, 0].set_xlabel("bp from the signal" if start else "bp")
    axes[0, 0].set_ylabel("share of attention")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, ncols=2, loc="lower center")
    figure.tight_layout(rect=(0, 0.6 / height, 1, 1))
    return figure


def draw_means(means: dict[str, MeanAttention], start: float) -> Figure:
    """A panel a layer."""
    layers = next(iter(means.values())).layers
    rows = (len(layers) + 1) // 2
    size = (2 * PANEL[0], rows * PANEL[1] + 0.6)
    figure, axes = plt.subplots(rows, 2, figsize=size, squeeze=False, sharex=True)
    for place, panel in enumerate(axes.flat):
        if place < len(layers):
            draw_layer(panel, place, slice(None), means, start)
            panel.set_title(f"layer {layers[place]}", fontsize=10)
        else:
            panel.set_axis_off()
    return finish_means(figure, axes, start)


def draw_heads(means: dict[str, MeanAttention], start: float) -> Figure:
    """A panel a head, all of one scale; a row a layer."""
    first = next(iter(means.values()))
    rows, columns = first.mean.shape[1:3]
    size = (max(columns, 3) * HEAD_PANEL[0], rows * HEAD_PANEL[1] + 0.6)
    figure, axes = plt.subplots(
        rows, columns, figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for (place, head), panel in np.ndenumerate(axes):
        draw_layer(panel, place, slice(head, head + 1), means, start)
        panel.set_title(f"layer {first.layers[place]}, head {head}", fontsize=7)
        panel.tick_params(which="both", labelsize=7)
    shares = np.concatenate([each.of_words().ravel() for each in means.values()])
    axes[0, 0].set_ylim(max(shares.min(), LEAST_SHARE) / 1.5, shares.max() * 1.5)
    return finish_means(figure, axes, start)


def mass_table(
    means: dict[str, MeanAttention], start: float, within: float, by_head: bool
) -> list[str]:
    """Lines: the share near the signal by layer, the mean over heads or each, and what has most."""
    first, *_ = means
    masses = np.concatenate([each.mass_within(start, within) for each in means.values()])
    if not by_head:
        masses = masses.mean(axis=2, keepdims=True)
    titles = ["layer", "head"] if by_head else ["layer"]
    cells = [[*titles, *(f"{name}, {label}" for name, a in means.items() for label in a.classes)]]
    layers = means[first].layers
    for place, head in np.ndindex(masses.shape[1:]):
        of = [str(layers[place]), str(head)][: len(titles)]
        cells.append([*of, *(format_value(float(mass)) for mass in masses[:, place, head])])
    mean = masses[: len(means[first].classes)].mean(axis=0)
    place, head = np.unravel_index(mean.argmax(), mean.shape)
    best = f"layer {layers[place]}" + (f", head {head}" if by_head else "")
    return [*markdown_table(cells), "", f"most within {within:g} bp in {first}: {best}"]


def draw_maps(maps: np.ndarray, first_word: int) -> Figure:
    """A panel a head; both axes in bp of the sequence."""
    heads, rows, columns = maps.shape
    height = PANEL[0] if rows > 1 else 1.2
    figure, axes = plt.subplots(1, heads, figsize=(heads * PANEL[0], height), squeeze=False)
    right = BASES_PER_WORD * (columns - first_word)
    below = BASES_PER_WORD * (columns - rows - first_word)
    for head, panel in enumerate(axes.flat):
        panel.imshow(
            np.sqrt(maps[head]),
            cmap="Greys",
            extent=(-BASES_PER_WORD * first_word, right, right, below),
            aspect="auto" if rows == 1 else "equal",
            interpolation="nearest",
        )
        panel.set_title(f"head {head}", fontsize=10)
        panel.set_xlabel("bp")
    axes[0, 0].set_ylabel("from bp")
    figure.tight_layout()
    return figure


def check_alike(means: dict[str, MeanAttention]) -> None:
    """FileError unless all have the same layers and heads."""
    if len({tuple(attention.layers) for attention in means.values()}) > 1:
        raise FileError("the files hold other layers; make all with the same --layers")
    if len({attention.mean.shape[2] for attention in means.values()}) > 1:
        raise FileError("the files are of models with other heads; draw them one by one")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--mean", type=named_file, action="append", metavar="[NAME=]FILE")
    source.add_argument("--maps", type=Path, metavar="FILE")
    parser.add_argument("--signal-start", type=float, default=0, help="of --mean (bp)")
    parser.add_argument("--within", type=float, default=60, help="of --mean (bp)")
    parser.add_argument("--heads", action="store_true", help="of --mean: each head by itself")
    parser.add_argument("--record", type=int, default=0, help="of --maps, counted from 0")
    parser.add_argument("--layer", type=int, default=1, help="of --maps")
    parser.add_argument("--first-word", type=int, default=1, help="of --maps: its position")
    parser.add_argument("--output", type=Path, required=True, help="picture to write")
    options = parser.parse_args(arguments)
    try:
        if options.maps:
            maps = attention_files.read_map(options.maps, options.record, options.layer)
            figure = draw_maps(maps, options.first_word)
        else:
            means = {n: attention_files.read_mean_attention(path) for n, path in options.mean}
            check_alike(means)
            start, within = options.signal_start, options.within
            figure = (draw_heads if options.heads else draw_means)(means, start)
            print("\n".join(mass_table(means, start, within, options.heads)))
        save_figure(figure, options.output, dpi=120)
    except (FileError, OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
