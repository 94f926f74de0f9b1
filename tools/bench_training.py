"""Times a training step of PyTorch and of dnagpt alternately, on the same shapes and device.

    python tools/bench_training.py --shards shards --output training.json
    python tools/bench_training.py --device cuda --peak-tflops 989 --shards shards --profile \\
        --output training_512.json    # and the same with --context 4096 --vocabulary fixed

One step is forward, backward, clipping and AdamW. On a CPU every choice is tried once first:
PyTorch eager and compiled, in float and under bf16 autocast; dnagpt at every ranks x threads that
fills the cores, in float and bf16. The fastest of each side then take turns, with the product
ceiling (bench_products: the linear layers' products of the step alone, through oneDNN) measured in
between. On a GPU PyTorch is compiled, with bf16 by autocast or with bf16 weights beside the float
ones, and with the attention kernels of --torch-attention; the fastest of these is taken. dnagpt
runs in bf16 on one rank, with run.deterministic true and false, and the ceiling is PyTorch's
product of two 8,192 x 8,192 matrices. PyTorch's AdamW is fused, its master weights are float.

Printed are the medians, the ratio of the two and dnagpt's share of the ceiling; --output writes
them as JSON. With --peak-tflops also MFU: tokens/s x (6 x matrix parameters without embeddings + 12
L C T) / peak.

Run it in the environment of tools/requirements-torch.txt, on an idle machine. The folder with
dnagpt, dnagpt-prep and, for a CPU, bench_products is that of a build with -DDNAGPT_BENCHMARKS=ON.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from dnagpt_steps import OurChoice, Programs, run, say
from model_tensors import ModelShape, training_flops_per_token
from torch_steps import (
    BF16_WEIGHTS,
    PRECISIONS,
    PRODUCT_FLOPS,
    Shape,
    TorchChoice,
    TorchEndedError,
    TorchServer,
    require_gpu,
)
from whole_files import write_text

GPU_POSITIONS = 32_768
"""Positions of a step on a GPU: 64 rows of 512, 8 of 4,096."""
COMPILING = {"cpu": 120, "cuda": 300}
"""Seconds that a first step may take beside the steps themselves."""
DEVICE_DEFAULTS = {
    "cpu": {"precisions": ("bf16", "float"), "torch_precisions": ("bf16", "float"), "steps": 2},
    "cuda": {
        "precisions": ("bf16",),
        "torch_precisions": ("bf16", BF16_WEIGHTS),
        "steps": 20,
    },
}
"""Values of options that were not given."""
Choice = TypeVar("Choice", OurChoice, TorchChoice)
ANY_ORDER = "dnagpt_not_deterministic"
"""The name of dnagpt's second side, with run.deterministic=false."""


def our_choices(precisions: Sequence[str], cores: int, rows: int) -> list[OurChoice]:
    """Every number of ranks that divides the cores and has rows to work on."""
    ranks = [count for count in range(1, cores + 1) if cores % count == 0 and count <= rows]
    return [OurChoice(precision, r, cores // r) for precision in precisions for r in ranks]


def torch_choices(options: argparse.Namespace) -> list[list[TorchChoice]]:
    """Ways to run PyTorch; where one fails, those behind it in its list are left out."""
    if options.device == "cpu":
        precisions = sorted(options.torch_precisions, reverse=True)
        return [[TorchChoice(p, compiled) for compiled in (False, True)] for p in precisions]
    return [
        [TorchChoice(precision, True, "cuda", kernel)]
        for precision in options.torch_precisions
        for kernel in ([""] if precision == "float" else options.torch_attention)
    ]


def try_torch(
    shape: Shape, choices: Sequence[Sequence[TorchChoice]], cores: int
) -> dict[TorchChoice, float]:
    """Tokens/s of each choice, from the shorter of two steps.

    A choice whose first step takes longer than compiling and three steps of the best is left out
    (bf16 on a CPU without units for it), and with it those behind it in its list.
    """
    found: dict[TorchChoice, float] = {}
    for alternatives in choices:
        for choice in alternatives:
            patience = None
            if found:
                patience = COMPILING[choice.device] + 3 * shape.tokens / max(found.values())
            try:
                server = TorchServer(shape, choice, cores, patience)
                found[choice] = shape.tokens / min(server.seconds(2))
            except TorchEndedError as ended:
                limit = f"no step in {patience:.0f} s, or " if patience else ""
                say(f"{choice}: left out, {limit}an error ({ended})")
                break
            server.close()
            say(f"{choice}: {found[choice]:.1f} tokens/s")
    if not found:
        raise TorchEndedError("no way to run PyTorch works here; see its messages above")
    return found


def try_ours(
    programs: Programs, shape: Shape, choices: Sequence[OurChoice]
) -> dict[OurChoice, float]:
    """Tokens/s of each choice, from the shorter of two steps."""
    found = {}
    for choice in choices:
        seconds = programs.measure(shape, choice, 2)["step_seconds"]
        found[choice] = shape.tokens / min(seconds)
        say(f"{choice}: {found[choice]:.1f} tokens/s")
    return found


def product_precision(programs: Programs, shape: Shape, cores: int, ours: OurChoice) -> str:
    """That of the choice; float where oneDNN has no bf16 here."""
    is_float = ours.precision == "float" or programs.ceiling(shape, "bf16", cores, 1) is None
    return "float" if is_float else "bf16"


def take_turns(
    programs: Programs,
    shape: Shape,
    theirs: TorchChoice,
    ours: dict[str, OurChoice],
    cores: int,
    options: argparse.Namespace,
) -> dict:
    """Seconds of the steps of all sides, and of the ceiling, round by round.

    The ceiling is `products`, those of a step, on a CPU and `square_product`, one of 8,192^3, on a
    GPU. `ours` names dnagpt's sides.
    """
    on_gpu = theirs.device == "cuda"
    ceiling = "square_product" if on_gpu else "products"
    times: dict[str, list[float]] = {"torch": [], ceiling: [], **{side: [] for side in ours}}
    noted = {}
    if not on_gpu:
        precision = product_precision(programs, shape, cores, ours["dnagpt"])
        noted["products_precision"] = precision
    server = TorchServer(shape, theirs, cores)
    for number in range(options.rounds):
        times["torch"] += server.seconds(options.steps)
        if on_gpu:
            times[ceiling] += server.products(options.steps)
        else:
            products = programs.ceiling(shape, precision, cores, options.steps)
            assert products is not None
            times[ceiling].append(products["step_seconds"])
        for side, choice in ours.items():
            times[side] += programs.measure(shape, choice, options.steps)["step_seconds"]
        say(
            f"round {number + 1} of {options.rounds}: "
            + ", ".join(f"{side} {taken[-1]:.3g} s" for side, taken in times.items())
        )
    server.close()
    return times | noted


def summarise(shape: Shape, times: dict, peak_tflops: float | None = None) -> dict:
    """Tokens/s of the median steps, their ratio, shares of ceiling and peak (null: unknown).

    The ratio is that of dnagpt with its default, deterministic where there is a choice.
    """
    medians = {
        side: statistics.median(taken) for side, taken in times.items() if isinstance(taken, list)
    }
    square = medians.pop("square_product", None)
    speeds = {side: shape.tokens / seconds for side, seconds in medians.items()}
    model = ModelShape(shape.layers, shape.heads, shape.channels, shape.context, shape.vocabulary)
    flops = training_flops_per_token(model)
    result = {"tokens_per_second": speeds, "ratio": speeds["dnagpt"] / speeds["torch"]}
    sides = [side for side in speeds if side != "products"]
    if "products" in speeds:
        result["share_of_products"] = speeds["dnagpt"] / speeds["products"]
    if square is not None:
        result["square_product_tflops"] = PRODUCT_FLOPS / square / 1e12
        result["share_of_square_product"] = {
            side: speeds[side] * flops * square / PRODUCT_FLOPS for side in sides
        }
    if ANY_ORDER in speeds:
        result["cost_of_determinism"] = 1 - speeds["dnagpt"] / speeds[ANY_ORDER]
    peak = None if peak_tflops is None else 1e12 * peak_tflops
    result["mfu"] = {side: peak and speeds[side] * flops / peak for side in sides}
    return result


def gpu_facts() -> dict[str, str]:
    """The GPU, its memory, its driver and PyTorch's CUDA."""
    import torch

    asked = "name,driver_version,power.limit"
    query = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"]
    try:
        said = run(query).splitlines()[0].split(", ")
    except (OSError, subprocess.CalledProcessError):
        said = [torch.cuda.get_device_name(), "unknown", "unknown"]
    name, driver, power = said
    return {"gpu": name, "driver": driver, "power_limit": power, "cuda": str(torch.version.cuda)}


def machine() -> dict[str, str]:
    """CPU, its units for bf16, and versions."""
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    units = {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}
    return {
        "cpu": facts.get("model name", platform.processor()),
        "units": " ".join(sorted(units & set(facts.get("flags", "").split()))),
        "cores": str(len(os.sched_getaffinity(0))),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def shape_of(options: argparse.Namespace) -> Shape:
    """What the options say is trained."""
    return Shape(
        options.layers,
        options.heads,
        options.channels,
        options.context,
        options.rows,
        options.vocabulary,
    )


def fastest(tried: dict[Choice, float]) -> Choice:
    """The choice of the most tokens/s."""
    return max(tried, key=tried.__getitem__)


def choose_sides(
    programs: Programs, options: argparse.Namespace, cores: int
) -> tuple[TorchChoice, dict[str, OurChoice], dict[str, float]]:
    """PyTorch's choice, dnagpt's by name, and the tokens/s of what was tried for it."""
    shape, choices = shape_of(options), torch_choices(options)
    if options.device == "cpu":
        theirs = try_torch(shape, choices, cores)
        ours = try_ours(programs, shape, our_choices(options.precisions, cores, shape.rows))
        tried = {str(choice): speed for choice, speed in (theirs | ours).items()}
        return fastest(theirs), {"dnagpt": fastest(ours)}, tried
    only = choices[0][0] if len(choices) == 1 else None
    theirs = {} if only else try_torch(shape, choices, cores)
    precision = options.precisions[0]
    sides = {
        "dnagpt": OurChoice(precision, 1, 1, True),
        ANY_ORDER: OurChoice(precision, 1, 1, False),
    }
    return only or fastest(theirs), sides, {str(choice): speed for choice, speed in theirs.items()}


def compare(options: argparse.Namespace, work: Path) -> dict:
    """All of the measurement; with --profile its text is under `profile`."""
    shape = shape_of(options)
    cores = len(os.sched_getaffinity(0))
    facts = machine() | (gpu_facts() if options.device == "cuda" else {})
    programs = Programs(options.programs, options.shards, work)
    theirs, ours, tried = choose_sides(programs, options, cores)
    times = take_turns(programs, shape, theirs, ours, cores, options)
    result = {
        "machine": facts,
        "shape": dataclasses.asdict(shape),
        "tried_tokens_per_second": tried,
        "torch": str(theirs),
        **{side: str(choice) for side, choice in ours.items()},
        "step_seconds": times,
        **summarise(shape, times, options.peak_tflops),
    }
    if options.profile:
        result["profile"] = programs.profile(shape, ours["dnagpt"], options.steps)
    return result


def result_lines(result: dict) -> list[str]:
    """The figures, for people."""
    facts, speeds, mfu = (result[key] for key in ("machine", "tokens_per_second", "mfu"))
    lines = [f"{facts['cpu']} ({facts['units']})"]
    if "gpu" in facts:
        lines = [f"{facts['gpu']}, driver {facts['driver']}, CUDA {facts['cuda']}"]
    for side in mfu:
        share = "" if mfu[side] is None else f"   MFU {100 * mfu[side]:.1f} %"
        lines.append(f"{result[side]:44} {speeds[side]:9.1f} tokens/s{share}")
    if "products" in speeds:
        precision = result["step_seconds"]["products_precision"]
        name = f"products alone, oneDNN {precision}"
        lines.append(f"{name:44} {speeds['products']:9.1f} tokens/s")
    if "square_product_tflops" in result:
        name = "product of 8,192 x 8,192 matrices, bf16"
        lines.append(f"{name:44} {result['square_product_tflops']:9.1f} TFLOP/s")
    lines.append(f"{'ratio dnagpt / PyTorch':44} {result['ratio']:9.2f}")
    if "share_of_products" in result:
        lines.append(f"{'share of the products alone':44} {result['share_of_products']:9.2f}")
    for side, share in result.get("share_of_square_product", {}).items():
        lines.append(f"{f'share of that product, {result[side]}':44} {share:9.2f}")
    if "cost_of_determinism" in result:
        cost = f"{100 * result['cost_of_determinism']:.1f} %"
        lines.append(f"{'determinism costs':44} {cost:>9}")
    return lines


def add_shape_arguments(parser: argparse.ArgumentParser) -> None:
    """What is trained; the defaults are the 0.1B model of context 512."""
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--context", type=int, default=512, help="positions of a row")
    parser.add_argument(
        "--rows",
        type=int,
        help=f"rows of a step, one micro-batch on a GPU (CPU 8, GPU {GPU_POSITIONS:,} positions)",
    )
    parser.add_argument("--vocabulary", choices=("fixed", "dynamic"), default="dynamic")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(%(default)s)")
    parser.add_argument(
        "--programs",
        type=Path,
        help="folder of the programs (build/release/bin, on a GPU build/cuda/bin)",
    )
    parser.add_argument("--shards", type=Path, help="token shards (default: synthetic ones)")
    add_shape_arguments(parser)
    both = ("bf16", "float")
    parser.add_argument(
        "--precisions", nargs="+", choices=both, help="of dnagpt (CPU: both, GPU: bf16)"
    )
    parser.add_argument(
        "--torch-precisions",
        nargs="+",
        choices=PRECISIONS,
        help=f"of PyTorch (CPU: bf16 float, GPU: bf16 {BF16_WEIGHTS})",
    )
    parser.add_argument(
        "--torch-attention",
        nargs="+",
        choices=("flash", "cudnn"),
        default=("flash",),
        help="PyTorch's kernels on a GPU, of which the fastest is taken (flash)",
    )
    parser.add_argument("--peak-tflops", type=float, help="of the device in TFLOP/s, for MFU")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--steps", type=int, help="steps of a turn (CPU 2, GPU 20)")
    parser.add_argument("--output", type=Path, help="JSON file")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="also where dnagpt's time goes, as OUTPUT with the ending .profile.txt",
    )
    options = parser.parse_args(arguments)
    if options.profile and not options.output:
        parser.error("--profile is written beside --output; give both")
    if options.device == "cuda" and len(options.precisions or ["bf16"]) > 1:
        parser.error("--device cuda takes one of --precisions; run it once for each")
    rows = {"cpu": 8, "cuda": max(1, GPU_POSITIONS // options.context)}[options.device]
    for name, value in {**DEVICE_DEFAULTS[options.device], "rows": rows}.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    build = {"cpu": "release", "cuda": "cuda"}[options.device]
    options.programs = options.programs or Path("build") / build / "bin"
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 where there is no GPU for --device cuda, or a program fails."""
    options = parse(arguments)
    work = Path(tempfile.mkdtemp(prefix="dnagpt_bench_"))
    try:
        if options.device == "cuda":
            require_gpu()
        result = compare(options, work)
    except (TorchEndedError, subprocess.CalledProcessError) as failure:
        say(str(failure))
        return 1
    except OSError as error:
        say(f"cannot start {error.filename} ({error.strerror}); check --programs and PATH")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("\n".join(result_lines(result)))
    if profile := result.pop("profile", None):
        write_text(options.output.with_suffix(".profile.txt"), profile)
    if options.output:
        write_text(options.output, json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
