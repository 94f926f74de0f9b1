"""Times dnagpt's training step as model, context and ranks grow, beside what the work would allow.

The law: a step's time follows its floating-point operations, per position 6 N + 6 L C T (N weights
of linear layers, half of the attention masked), and ranks share them. It is fixed by the first
point, so that the ratio measured / expected shows what a change costs beyond its operations.
Writes RESULT.json and RESULT.png.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from dnagpt_steps import OurChoice, Programs, say
from model_tensors import WORDS
from torch_steps import Shape
from whole_files import save_figure, write_text

TOKENS = 8192
"""Positions of every step."""


@dataclasses.dataclass(frozen=True)
class Point:
    """One measurement."""

    series: str
    value: int
    context: int
    layers: int
    ranks: int


def points() -> list[Point]:
    """Contexts, layers and ranks, each around 12 layers, T = 512 and two ranks."""
    made = [Point("context length T", t, t, 12, 2) for t in (512, 1024, 2048, 4096)]
    made += [Point("layers L", layers, 512, layers, 2) for layers in (3, 6, 12)]
    return made + [Point("ranks", ranks, 512, 12, ranks) for ranks in (1, 2)]


def flops_per_token(point: Point, channels: int, words: int) -> float:
    """Forward and backward: 6 for each weight of a linear layer, 6 L C T for causal attention."""
    weights = 12 * point.layers * channels**2 + channels**2 + words * channels
    return 6 * weights + 6 * point.layers * channels * point.context


def measure(programs: Programs, point: Point, options: argparse.Namespace) -> dict:
    """Tokens/s and memory of one point."""
    rows = TOKENS // point.context
    shape = Shape(
        point.layers, options.heads, options.channels, point.context, rows, options.vocabulary
    )
    found = programs.measure(shape, OurChoice(options.precision, point.ranks, 1), options.steps)
    say(f"{point.series} {point.value}: {found['tokens_per_second']:.1f} tokens/s")
    return found


def compare(options: argparse.Namespace, work: Path) -> list[dict]:
    """Every point with its expected value; equal points are measured once."""
    words = WORDS[options.vocabulary]
    programs = Programs(options.programs, options.shards, work)
    measured: dict[tuple[int, int, int], dict] = {}
    first: tuple[float, int] | None = None
    results = []
    for point in points():
        key = (point.context, point.layers, point.ranks)
        if key not in measured:
            measured[key] = measure(programs, point, options)
        speed = measured[key]["tokens_per_second"]
        work_per_token = flops_per_token(point, options.channels, words)
        first = first or (speed * work_per_token, point.ranks)
        expected = first[0] / first[1] * point.ranks / work_per_token
        results.append(
            dataclasses.asdict(point)
            | {
                "tokens_per_second": speed,
                "expected": expected,
                "measured_over_expected": speed / expected,
                "peak_memory_bytes": measured[key]["peak_memory_bytes"],
                "planned_memory_bytes": measured[key]["planned_memory_bytes"],
            }
        )
    return results


def plot(results: list[dict], path: Path) -> None:
    """One panel for each series: measured and expected tokens/s."""
    names = list(dict.fromkeys(result["series"] for result in results))
    figure, axes = pyplot.subplots(1, len(names), figsize=(12, 3.6), layout="constrained")
    for axis, name in zip(axes, names, strict=True):
        rows = [result for result in results if result["series"] == name]
        values = [row["value"] for row in rows]
        axis.plot(values, [row["expected"] for row in rows], "--", color="grey", label="expected")
        axis.plot(values, [row["tokens_per_second"] for row in rows], "o-", label="measured")
        axis.set_xlabel(name)
        axis.set_xscale("log", base=2)
        axis.set_xticks(values, [str(value) for value in values])
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("tokens/s")
    axes[0].legend()
    save_figure(figure, path, dpi=120)


def print_table(results: list[dict]) -> None:
    """The figures in Markdown."""
    print("| | | tokens/s | expected | ratio | memory of a rank, measured / planned (GiB) |")
    print("|---|---|---|---|---|---|")
    for row in results:
        peak, planned = (row[f"{kind}_memory_bytes"] / 2**30 for kind in ("peak", "planned"))
        print(
            f"| {row['series']} | {row['value']} | {row['tokens_per_second']:.1f} "
            f"| {row['expected']:.1f} | {row['measured_over_expected']:.2f} "
            f"| {peak:.2f} / {planned:.2f} |"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("result", type=Path, help="path of the results, without ending")
    parser.add_argument("--programs", type=Path, default=Path("build/release/bin"))
    parser.add_argument("--shards", type=Path, help="token shards (default: synthetic ones)")
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--vocabulary", choices=("fixed", "dynamic"), default="dynamic")
    parser.add_argument("--precision", choices=("bf16", "float"), default="bf16")
    parser.add_argument("--steps", type=int, default=2, help="timed steps of a point")
    options = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="dnagpt_bench_"))
    try:
        results = compare(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print_table(results)
    write_text(options.result.with_suffix(".json"), json.dumps(results, indent=2) + "\n")
    plot(results, options.result.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
