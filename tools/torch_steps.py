"""PyTorch's side of tools/bench_training.py: a process that makes training steps when asked.

It is given a shape and a choice as JSON. A line `step N` on standard input is answered with the
seconds of each of N steps, `product N` with those of N products of two bf16 matrices of 8,192 x
8,192, as JSON. On a GPU every time begins and ends with an idle device.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from model_tensors import WORDS

if TYPE_CHECKING:
    import torch

    import torch_model

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
BF16_WEIGHTS = "bf16_weights"
PRECISIONS = ("bf16", "float", BF16_WEIGHTS)
"""Ways to compute: bf16 by autocast, float, bf16 weights beside float master weights."""
WARM_UP_STEPS = {"cpu": 1, "cuda": 3}
"""Steps before the first one that is timed; the first of all compiles."""
PRODUCT_SIDE = 8192
PRODUCT_FLOPS = 2 * PRODUCT_SIDE**3
PRODUCTS_AT_ONCE = 10
"""Products that are queued together, so that starting and waiting do not count."""


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
    """One way to run PyTorch: on all cores or on a GPU, whose attention kernel may be named."""

    precision: str
    compiled: bool
    device: str = "cpu"
    attention: str = ""  # "flash" or "cudnn"; empty: PyTorch's own choice

    def __str__(self) -> str:
        """For tables."""
        kernel = f", {self.attention} attention" if self.attention else ""
        return f"PyTorch {'compiled' if self.compiled else 'eager'} {self.precision}{kernel}"


class TorchEndedError(RuntimeError):
    """PyTorch's process is gone, or cannot do what is asked."""


def require_gpu() -> None:
    """TorchEndedError where PyTorch finds no GPU."""
    try:
        import torch
    except ImportError as error:
        raise TorchEndedError(
            f"PyTorch cannot be imported ({error}); use an environment that has it"
        ) from error
    if not torch.cuda.is_available():
        raise TorchEndedError(
            f"PyTorch {torch.__version__} sees no GPU (a build without CUDA, or no driver); use a "
            "machine with one, or --device cpu"
        )


# ---------------------------------------------------------------------------- steps


def attend(self: torch_model.Attention, x: torch.Tensor) -> torch.Tensor:
    """torch_model.Attention.forward by PyTorch's fused kernels."""
    from torch.nn import functional

    rows, length, channels = x.shape
    qkv = self.c_attn(x).view(rows, length, 3, self.heads, channels // self.heads)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    return self.c_proj(mixed.transpose(1, 2).reshape(rows, length, channels))


def merge_targets(
    batch: dict[str, torch.Tensor], weights: torch_model.LossWeights
) -> dict[str, torch.Tensor]:
    """The batch with one target a position, (B T), and its share of the loss.

    So the logits are read once: no rows are picked out of them, which would copy them, stop a GPU
    and break a compiled graph. A position has the target of one task alone.
    """
    import torch_model

    targets = batch["targets"].flatten().clone()
    counted = targets != torch_model.NO_TARGET
    share = counted.to(batch["regression_target"].dtype) / counted.sum()
    at_order = batch["order_position"]
    targets[at_order] = batch["order_target"]
    share[at_order] = weights.order / len(at_order)
    return batch | {"target": targets, "share": share}


def merged_loss(
    logits: torch.Tensor,
    regression: torch.Tensor,
    batch: dict[str, torch.Tensor],
    weights: torch_model.LossWeights,
) -> torch.Tensor:
    """The total of torch_model.multi_task_loss, of a batch of merge_targets()."""
    from torch.nn import functional

    import torch_model

    losses = functional.cross_entropy(
        logits.flatten(0, 1),
        batch["target"],
        ignore_index=torch_model.NO_TARGET,
        reduction="none",
    )
    gc = functional.mse_loss(regression, batch["regression_target"])
    return (losses * batch["share"]).sum() + weights.gc * gc


def choose_attention(kernel: str) -> None:
    """Leaves PyTorch one attention kernel on a GPU; an error where that one cannot be used."""
    import torch

    torch.backends.cuda.enable_flash_sdp(kernel == "flash")
    torch.backends.cuda.enable_cudnn_sdp(kernel == "cudnn")
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_math_sdp(False)


def build_model(shape: Shape, choice: TorchChoice) -> tuple[torch_model.DnaGpt, torch_model.DnaGpt]:
    """The model that computes and the one with float master weights, which may be the same."""
    import torch

    import torch_model

    torch_model.Attention.forward = attend
    torch.manual_seed(1)
    sizes = (shape.layers, shape.heads, shape.channels, shape.context, shape.words)
    masters = torch_model.DnaGpt(torch_model.ModelShape(*sizes)).to(choice.device)
    model = masters
    if choice.precision == BF16_WEIGHTS:
        model = copy.deepcopy(masters).bfloat16()
    stream = model.transformer["wte"].weight.dtype
    # autocast does not give the numbers the residual stream's type, as a GPU wants it
    model.number_embedding.register_forward_hook(lambda _, __, numbers: numbers.to(stream))
    return model, masters


def build_loss(
    shape: Shape, choice: TorchChoice, model: torch_model.DnaGpt
) -> Callable[[], torch.Tensor]:
    """The loss of a batch that stays the same."""
    import torch

    import torch_model
    import torch_reference

    sizes = (shape.layers, shape.heads, shape.channels, shape.context, shape.words)
    arrays = torch_reference.golden_batch(torch_model.ModelShape(*sizes), shape.rows, 1)
    tensors = torch_reference.to_torch(arrays, torch.float32)
    weights = torch_model.LossWeights()
    merged = merge_targets(tensors, weights)
    batch = {name: tensor.to(choice.device) for name, tensor in merged.items()}

    def loss() -> torch.Tensor:
        narrow = choice.precision != "float"
        with torch.autocast(choice.device, dtype=torch.bfloat16, enabled=narrow):
            outputs = torch_reference.run_forward(model, batch)
        return merged_loss(*(tensor.float() for tensor in outputs), batch, weights)

    return torch.compile(loss) if choice.compiled else loss


def build_step(shape: Shape, choice: TorchChoice) -> Callable[[], None]:
    """One training step of the torch reference: forward, backward, clipping and fused AdamW.

    Master weights and AdamW's moments are float. The layers read bf16 that autocast makes of them
    (bf16) or that stands beside them, with gradients in bf16 (bf16_weights).
    """
    import torch

    import torch_reference

    if choice.attention:
        choose_attention(choice.attention)
    model, masters = build_model(shape, choice)
    compute = build_loss(shape, choice, model)
    optimizer = torch_reference.make_optimizer(masters, torch_reference.TrainingPlan())
    for group in optimizer.param_groups:
        group["fused"] = True
    pairs = list(zip(masters.parameters(), model.parameters(), strict=True))
    pairs = [] if masters is model else pairs
    narrow = [each for _, each in pairs]

    @torch.no_grad()
    def widen_gradients() -> None:
        for master, each in pairs:
            master.grad = each.grad.float()

    @torch.no_grad()
    def narrow_weights() -> None:
        if pairs:
            torch._foreach_copy_(narrow, [master for master, _ in pairs])

    def step() -> None:
        model.zero_grad()
        compute().backward()
        widen_gradients()
        torch.nn.utils.clip_grad_norm_(masters.parameters(), 1.0)
        optimizer.step()
        narrow_weights()

    return step


def build_products() -> Callable[[], None]:
    """PRODUCTS_AT_ONCE products of two normal bf16 matrices on the GPU."""
    import torch

    sides = (PRODUCT_SIDE, PRODUCT_SIDE)
    first, second = (torch.randn(sides, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    product = torch.empty(sides, device="cuda", dtype=torch.bfloat16)

    def multiply() -> None:
        for _ in range(PRODUCTS_AT_ONCE):
            torch.mm(first, second, out=product)

    return multiply


# ---------------------------------------------------------------------------- process


def time_each(work: Callable[[], None], count: int, wait: Callable[[], None]) -> list[float]:
    """Seconds of each of `count` runs; `wait` returns when the device is idle."""
    seconds = []
    for _ in range(count):
        wait()
        began = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - began)
    return seconds


def do_nothing() -> None:
    """What there is to wait for on a CPU."""


def serve(shape: Shape, choice: TorchChoice) -> None:
    """Answers the lines on standard input until there are no more."""
    import torch

    wait = torch.cuda.synchronize if choice.device == "cuda" else do_nothing
    step = build_step(shape, choice)
    time_each(step, WARM_UP_STEPS[choice.device], wait)
    print("ready", flush=True)
    for line in sys.stdin:
        kind, count = line.split()
        if kind == "step":
            seconds = time_each(step, int(count), wait)
        else:
            multiply = build_products()
            time_each(multiply, 1, wait)
            seconds = [each / PRODUCTS_AT_ONCE for each in time_each(multiply, int(count), wait)]
        print(json.dumps(seconds), flush=True)


class TorchServer:
    """A process that makes PyTorch's steps when asked, and sleeps otherwise."""

    def __init__(
        self, shape: Shape, choice: TorchChoice, cores: int, patience: float | None = None
    ) -> None:
        """Waits for the first step; the process is ended where that takes over `patience` s."""
        threads = dict.fromkeys(THREAD_VARIABLES, str(cores))
        given = json.dumps([dataclasses.asdict(shape), dataclasses.asdict(choice)])
        self.process = subprocess.Popen(
            [sys.executable, __file__, given],
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

    def ask(self, kind: str, count: int) -> list[float]:
        """The seconds that the process answers."""
        stdin = self.stream(self.process.stdin)
        with contextlib.suppress(BrokenPipeError):  # answer() says that the process is gone
            stdin.write(f"{kind} {count}\n")
            stdin.flush()
        return json.loads(self.answer())

    def seconds(self, steps: int) -> list[float]:
        """The time of each of `steps` steps."""
        return self.ask("step", steps)

    def products(self, count: int) -> list[float]:
        """The time of a product on the GPU, `count` times."""
        return self.ask("product", count)

    def close(self) -> None:
        """Ends the process."""
        self.stream(self.process.stdin).close()
        self.process.wait()


if __name__ == "__main__":
    given_shape, given_choice = json.loads(sys.argv[1])
    serve(Shape(**given_shape), TorchChoice(**given_choice))
