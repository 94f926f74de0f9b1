"""Times a training step of PyTorch and of dnagpt alternately, on the same shapes, on this CPU.

One step is forward, backward, clipping and AdamW. First every choice is tried once: PyTorch eager
and compiled, in float and under bf16 autocast; dnagpt at every ranks x threads that fills the
cores, in float and bf16. The fastest of each side then take turns, with the product ceiling
(bench_products: the linear layers' products of the step alone, through oneDNN) measured in between.
Printed are the medians, the ratio of the two and dnagpt's share of the ceiling; --output writes
them as JSON.

Run it in the environment of tools/requirements-torch.txt, on an idle machine. The folder with
dnagpt, dnagpt-prep and bench_products is that of a build with -DDNAGPT_BENCHMARKS=ON.
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
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from model_tensors import WORDS
from whole_files import write_text

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class Shape:
    """What is trained: model, context length T in positions and rows of a step."""

    layers: int
    heads: int
    channels: int
    context: int
    rows: int
    vocabulary: str

    @property
    def words(self) -> int:
        """Words of the vocabulary."""
        return WORDS[self.vocabulary]

    @property
    def tokens(self) -> int:
        """Positions of a step."""
        return self.rows * self.context


@dataclasses.dataclass(frozen=True)
class TorchChoice:
    """One way to run PyTorch on all cores."""

    precision: str
    compiled: bool

    def __str__(self) -> str:
        """For tables."""
        return f"PyTorch {'compiled' if self.compiled else 'eager'} {self.precision}"


@dataclasses.dataclass(frozen=True)
class OurChoice:
    """One way to run dnagpt."""

    precision: str
    ranks: int
    threads: int

    def __str__(self) -> str:
        """For tables."""
        return f"dnagpt {self.precision} {self.ranks} ranks x {self.threads} threads"


# ---------------------------------------------------------------------------- PyTorch's side


def build_torch_step(shape: Shape, choice: TorchChoice) -> object:
    """A function without arguments that makes one training step of the torch reference.

    Attention is torch's own scaled_dot_product_attention, faster than the reference's formula.
    """
    import torch
    from torch.nn import functional

    import torch_model
    import torch_reference

    def attend(self: torch_model.Attention, x: torch.Tensor) -> torch.Tensor:
        rows, length, channels = x.shape
        qkv = self.c_attn(x).view(rows, length, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.c_proj(mixed.transpose(1, 2).reshape(rows, length, channels))

    torch_model.Attention.forward = attend
    torch.manual_seed(1)
    model_shape = torch_model.ModelShape(
        shape.layers, shape.heads, shape.channels, shape.context, shape.words
    )
    model = torch_model.DnaGpt(model_shape)
    batch = torch_reference.to_torch(
        torch_reference.golden_batch(model_shape, shape.rows, 1), torch.float32
    )
    weights = torch_model.LossWeights()
    optimizer = torch_reference.make_optimizer(model, torch_reference.TrainingPlan())
    for group in optimizer.param_groups:
        group["fused"] = True

    def losses() -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=choice.precision == "bf16"):
            outputs = torch_reference.run_forward(model, batch)
        outputs = tuple(tensor.float() for tensor in outputs)
        return torch_model.multi_task_loss(*outputs, batch, weights).total

    compute = torch.compile(losses) if choice.compiled else losses

    def step() -> None:
        optimizer.zero_grad()
        compute().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def serve_torch(shape: Shape, choice: TorchChoice) -> None:
    """Answers each line `N` on standard input with the seconds of N steps, as JSON."""
    step = build_torch_step(shape, choice)
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            began = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - began)
        print(json.dumps(seconds), flush=True)


class TorchEndedError(RuntimeError):
    """PyTorch's process is gone."""


class TorchServer:
    """A process that makes PyTorch's steps when asked, and sleeps otherwise."""

    def __init__(
        self, shape: Shape, choice: TorchChoice, cores: int, patience: float | None = None
    ) -> None:
        """Waits for the first step; the process is ended where that takes over `patience` s."""
        threads = dict.fromkeys(THREAD_VARIABLES, str(cores))
        given = json.dumps([dataclasses.asdict(shape), dataclasses.asdict(choice)])
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve-torch", given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | threads,
        )
        timer = threading.Timer(patience or threading.TIMEOUT_MAX, self.process.kill)
        timer.start()
        try:
            self.answer()
        finally:
            timer.cancel()

    def answer(self) -> str:
        """The next line that the process prints."""
        line = self.stream(self.process.stdout).readline()
        if not line:
            raise TorchEndedError(f"PyTorch's process ended (status {self.process.wait()})")
        return line

    @staticmethod
    def stream(stream: IO[str] | None) -> IO[str]:
        """A pipe that is there."""
        assert stream is not None
        return stream

    def seconds(self, steps: int) -> list[float]:
        """The time of each of `steps` steps."""
        stdin = self.stream(self.process.stdin)
        stdin.write(f"{steps}\n")
        stdin.flush()
        return json.loads(self.answer())

    def close(self) -> None:
        """Ends the process."""
        self.stream(self.process.stdin).close()
        self.process.wait()


# ------------------------------------------------------------------------------- dnagpt's side


class Programs:
    """dnagpt and its benchmarks, with shards to read rows from."""

    def __init__(self, folder: Path, shards: Path | None, work: Path) -> None:
        self.folder = folder
        self.config = work / "bench.toml"
        self.config.write_text("[schedule]\nsteps = 1\n")
        self.shards = shards or self.make_shards(work)

    def make_shards(self, work: Path) -> Path:
        """Shards of small synthetic genomes."""
        genomes = work / "genomes"
        prep = str(self.folder / "dnagpt-prep")
        run([prep, "synthesize", "--output", str(genomes)])
        table = str(genomes / "species.toml")
        run([prep, "shard", "--species", table, "--output", str(work / "shards")])
        return work / "shards"

    def settings(self, shape: Shape, choice: OurChoice) -> list[str]:
        """The settings of a run of this shape."""
        micro_batch = -(-shape.rows // choice.ranks)
        return [
            f"model.layers={shape.layers}",
            f"model.heads={shape.heads}",
            f"model.channels={shape.channels}",
            f"model.context_length={shape.context}",
            f"model.vocabulary={shape.vocabulary}",
            f"batch.tokens_per_step={shape.tokens}",
            f"batch.micro_batch={micro_batch}",
            f"run.precision={choice.precision}",
            f"data.shards={self.shards}",
        ]

    def measure(self, shape: Shape, choice: OurChoice, steps: int) -> dict:
        """What `dnagpt pretrain --measure` prints."""
        launch = ["mpirun", "-n", str(choice.ranks), "--oversubscribe", "--bind-to", "none"]
        command = [str(self.folder / "dnagpt"), "pretrain", str(self.config)]
        command += [*self.settings(shape, choice), "--measure", "--measure-steps", str(steps)]
        as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        threads = dict.fromkeys(THREAD_VARIABLES, str(choice.threads))
        return json.loads(run([*launch, *command], threads | as_root))

    def ceiling(self, shape: Shape, precision: str, cores: int, steps: int) -> dict | None:
        """What bench_products prints; None where oneDNN has no products of this precision."""
        command = [str(self.folder / "bench_products"), "--rows", str(shape.tokens)]
        command += ["--channels", str(shape.channels), "--layers", str(shape.layers)]
        command += ["--vocabulary", str(shape.words), "--repeats", str(steps)]
        try:
            threads = dict.fromkeys(THREAD_VARIABLES, str(cores))
            return json.loads(run([*command, "--precision", precision], threads))
        except subprocess.CalledProcessError:
            return None


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a command prints; its messages only where it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | (environment or {})
    )
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout


# -------------------------------------------------------------------------------- measurement


def our_choices(precisions: Sequence[str], cores: int, rows: int) -> list[OurChoice]:
    """Every number of ranks that divides the cores and has rows to work on."""
    ranks = [count for count in range(1, cores + 1) if cores % count == 0 and count <= rows]
    return [OurChoice(precision, r, cores // r) for precision in precisions for r in ranks]


def try_torch(shape: Shape, precisions: Sequence[str], cores: int) -> dict[TorchChoice, float]:
    """Tokens/s of each choice, from the shorter of two steps.

    A choice whose first step takes longer than compiling and three steps of the best is left out
    (bf16 on a CPU without units for it), and with it its compiled form.
    """
    found: dict[TorchChoice, float] = {}
    for precision in sorted(precisions, reverse=True):
        for compiled in (False, True):
            choice = TorchChoice(precision, compiled)
            patience = 120 + 3 * shape.tokens / max(found.values()) if found else None
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


def take_turns(
    programs: Programs,
    shape: Shape,
    theirs: TorchChoice,
    ours: OurChoice,
    cores: int,
    options: argparse.Namespace,
) -> dict:
    """Seconds of the steps of both sides, and of the products alone, round by round."""
    server = TorchServer(shape, theirs, cores)
    times: dict[str, list[float]] = {"torch": [], "dnagpt": [], "products": []}
    precision = "bf16"
    if programs.ceiling(shape, precision, cores, 1) is None or ours.precision == "float":
        precision = "float"
    for number in range(options.rounds):
        times["torch"] += server.seconds(options.steps)
        products = programs.ceiling(shape, precision, cores, options.steps)
        assert products is not None
        times["products"].append(products["step_seconds"])
        times["dnagpt"] += programs.measure(shape, ours, options.steps)["step_seconds"]
        say(
            f"round {number + 1} of {options.rounds}: "
            + ", ".join(f"{side} {taken[-1]:.2f} s" for side, taken in times.items())
        )
    server.close()
    return times | {"products_precision": precision}


def summarise(shape: Shape, times: dict) -> dict:
    """Tokens/s of the median steps, their ratio, and the share of the ceiling."""
    speeds = {
        side: shape.tokens / statistics.median(times[side])
        for side in ("torch", "dnagpt", "products")
    }
    return {
        "tokens_per_second": speeds,
        "ratio": speeds["dnagpt"] / speeds["torch"],
        "share_of_products": speeds["dnagpt"] / speeds["products"],
    }


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


def say(text: str) -> None:
    """Progress, to standard error."""
    print(text, file=sys.stderr, flush=True)


def compare(options: argparse.Namespace, work: Path) -> dict:
    """All of the measurement."""
    shape = Shape(
        options.layers,
        options.heads,
        options.channels,
        options.context,
        options.rows,
        options.vocabulary,
    )
    cores = len(os.sched_getaffinity(0))
    programs = Programs(options.programs, options.shards, work)
    theirs = try_torch(shape, options.torch_precisions, cores)
    ours = try_ours(programs, shape, our_choices(options.precisions, cores, shape.rows))
    best_of_theirs, best_of_ours = (
        max(theirs, key=theirs.__getitem__),
        max(ours, key=ours.__getitem__),
    )
    times = take_turns(programs, shape, best_of_theirs, best_of_ours, cores, options)
    return {
        "machine": machine(),
        "shape": dataclasses.asdict(shape),
        "tried_tokens_per_second": {
            str(choice): speed for choice, speed in (theirs | ours).items()
        },
        "torch": str(best_of_theirs),
        "dnagpt": str(best_of_ours),
        "step_seconds": times,
    } | summarise(shape, times)


def print_result(result: dict) -> None:
    """The figures, for people."""
    speeds = result["tokens_per_second"]
    print(f"{result['machine']['cpu']} ({result['machine']['units']})")
    for name, side in ((result["torch"], "torch"), (result["dnagpt"], "dnagpt")):
        print(f"{name:44} {speeds[side]:9.1f} tokens/s")
    precision = result["step_seconds"]["products_precision"]
    print(f"{f'products alone, oneDNN {precision}':44} {speeds['products']:9.1f} tokens/s")
    print(f"{'ratio dnagpt / PyTorch':44} {result['ratio']:9.2f}")
    print(f"{'share of the products alone':44} {result['share_of_products']:9.2f}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--serve-torch", help=argparse.SUPPRESS)
    parser.add_argument(
        "--programs", type=Path, default=Path("build/release/bin"), help="folder of the programs"
    )
    parser.add_argument("--shards", type=Path, help="token shards (default: synthetic ones)")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--context", type=int, default=512, help="positions of a row")
    parser.add_argument("--rows", type=int, default=8, help="rows of a step")
    parser.add_argument("--vocabulary", choices=("fixed", "dynamic"), default="dynamic")
    both = ("bf16", "float")
    parser.add_argument("--precisions", nargs="+", choices=both, default=both, help="of dnagpt")
    parser.add_argument("--torch-precisions", nargs="+", choices=both, default=both)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--steps", type=int, default=2, help="steps of a turn")
    parser.add_argument("--output", type=Path, help="JSON file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 when PyTorch or a program fails."""
    options = parse(arguments)
    if options.serve_torch:
        shape, choice = json.loads(options.serve_torch)
        serve_torch(Shape(**shape), TorchChoice(**choice))
        return 0
    work = Path(tempfile.mkdtemp(prefix="dnagpt_bench_"))
    try:
        result = compare(options, work)
    except (TorchEndedError, subprocess.CalledProcessError) as failure:
        say(str(failure))
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print_result(result)
    if options.output:
        write_text(options.output, json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
