"""Draws attention: its mean over a labelled set along the sequence, or the maps of one record.

    python tools/plot_attention.py --mean pas.h5 --mean random=random.h5 --signal-start 300 \\
        --output pas_attention.png
    python tools/plot_attention.py --maps attention.h5 --record 0 --layer 4 --output map.png

--mean  files of `dnagpt attention --set`: how much the position of the answer attends to each word,
        a panel a layer (the mean over its heads), against bp from --signal-start; prints the share
        of words within --within bp of it by class, layer and file, and the layer with most
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

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PANEL = (4.0, 2.4)
"""Inches."""
LEAST_SHARE = 1e-5
"""Where the axes of shares begin at the lowest."""


def named_file(text: str) -> tuple[str, Path]:
    """NAME=FILE, or FILE alone, whose name is its stem."""
    name, equals, path = text.rpartition("=")
    return (name if equals else Path(path).stem, Path(path))


def draw_layer(axes: Axes, place: int, means: dict[str, MeanAttention], start: float) -> None:
    """A line for each file and class."""
    styles = iter(STYLES * 9)
    for name, attention in means.items():
        shares = attention.of_words()[:, place].mean(axis=1)
        for label, share in zip(attention.classes, shares, strict=True):
            style = next(styles)
            line = {key: style[key] for key in ("color", "linestyle")}
            centres = attention.word_centres() - start
            axes.plot(centres, share, **line, linewidth=1, label=f"{name}, {label}")
    layer = next(iter(means.values())).layers[place]
    axes.set_title(f"layer {layer}", fontsize=10)
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], LEAST_SHARE))
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)


def draw_means(means: dict[str, MeanAttention], start: float) -> Figure:
    """A panel a layer."""
    layers = len(next(iter(means.values())).layers)
    rows = (layers + 1) // 2
    size = (2 * PANEL[0], rows * PANEL[1] + 0.6)
    figure, axes = plt.subplots(rows, 2, figsize=size, squeeze=False, sharex=True)
    for place, panel in enumerate(axes.flat):
        if place < layers:
            draw_layer(panel, place, means, start)
        else:
            panel.set_axis_off()
    axes[-1, 0].set_xlabel("bp from the signal" if start else "bp")
    axes[0, 0].set_ylabel("share of attention")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, ncols=2, loc="lower center")
    figure.tight_layout(rect=(0, 0.6 / size[1], 1, 1))
    return figure


def mass_table(means: dict[str, MeanAttention], start: float, within: float) -> list[str]:
    """Lines: the share near the signal, the mean over heads, and which layer has most."""
    cells = [["layer", *(f"{name}, {label}" for name, a in means.items() for label in a.classes)]]
    masses = np.concatenate(
        [attention.mass_within(start, within).mean(axis=2) for attention in means.values()]
    )
    layers = next(iter(means.values())).layers
    for place, layer in enumerate(layers):
        cells.append([str(layer), *(format_value(float(mass)) for mass in masses[:, place])])
    best = layers[int(masses[: len(next(iter(means.values())).classes)].mean(axis=0).argmax())]
    first = next(iter(means))
    return [*markdown_table(cells), "", f"most within {within:g} bp in {first}: layer {best}"]


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
    """FileError unless all have the same layers."""
    if len({tuple(attention.layers) for attention in means.values()}) > 1:
        raise FileError("the files hold other layers; make all with the same --layers")


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
            figure = draw_means(means, options.signal_start)
            print("\n".join(mass_table(means, options.signal_start, options.within)))
        figure.savefig(options.output, dpi=120)
    except (FileError, OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
