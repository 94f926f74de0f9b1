"""Trains the torch model on one batch: the reference that the C++ is compared with.

The model stands in torch_model.py; this script writes golden files from it and checks them.

    python tools/torch_reference.py --write-golden tests/golden/small_model.h5
    python tools/torch_reference.py --check tests/golden/small_model.h5
    python tools/torch_reference.py --count

A golden file holds weights, one batch, and what the reference makes of them in float64. It carries
the SHA-256 of both scripts, so a changed script without a new file is noticed.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

import dnagpt_files
from torch_model import (
    NO_TARGET,
    PRESETS,
    DnaGpt,
    LossWeights,
    ModelShape,
    multi_task_loss,
    parameter_count,
)

GOLDEN_SHAPE = ModelShape(layers=2, heads=2, channels=32, context=24, vocabulary=101)
GOLDEN_ROWS = 3
GOLDEN_SEED = 20230711


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """AdamW with clipping by the global norm and a cosine schedule; steps are optimizer steps."""

    steps: int = 10
    warmup_steps: int = 3
    learning_rate: float = 1e-3
    min_learning_rate: float = 0.0
    weight_decay: float = 0.01
    max_norm: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8


def learning_rate(plan: TrainingPlan, step: int) -> float:
    """Linear warm-up, then a cosine down to the minimum; the first step is step 0."""
    if step < plan.warmup_steps:
        return plan.learning_rate * (step + 1) / plan.warmup_steps
    share = (step - plan.warmup_steps) / (plan.steps - plan.warmup_steps)
    span = plan.learning_rate - plan.min_learning_rate
    return plan.min_learning_rate + span * 0.5 * (1 + math.cos(math.pi * share))


def make_optimizer(model: DnaGpt, plan: TrainingPlan) -> torch.optim.AdamW:
    """AdamW that decays the weights of linear layers and neither norms nor embeddings."""
    decayed = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
    known = {id(parameter) for parameter in decayed}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=plan.betas, eps=plan.eps)


def clip_gradients(model: DnaGpt, max_norm: float) -> float:
    """Scales all gradients to a common norm of at most max_norm; returns the norm before."""
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    norm = math.sqrt(sum(float((gradient.double() ** 2).sum()) for gradient in gradients))
    if norm > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / norm)
    return norm


def run_forward(model: DnaGpt, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and regression values of a batch with the keys of golden_batch()."""
    return model(
        batch["tokens"],
        batch["numbers_position"],
        batch["numbers_value"],
        batch["regression_position"],
    )


def train(
    model: DnaGpt, batch: dict[str, torch.Tensor], weights: LossWeights, plan: TrainingPlan
) -> dict[str, list[float]]:
    """Steps on one batch; each step's loss and gradient norm (both before the update) and rate."""
    optimizer = make_optimizer(model, plan)
    history: dict[str, list[float]] = {"loss": [], "grad_norm": [], "learning_rate": []}
    for step in range(plan.steps):
        optimizer.zero_grad()
        losses = multi_task_loss(*run_forward(model, batch), batch, weights)
        losses.total.backward()
        rate = learning_rate(plan, step)
        history["loss"].append(losses.total.item())
        history["grad_norm"].append(clip_gradients(model, plan.max_norm))
        history["learning_rate"].append(rate)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return history


def golden_weights(shape: ModelShape, seed: int) -> dict[str, np.ndarray]:
    """float32 weights of order one after each layer, so that a wrong formula anywhere shows."""
    random = np.random.RandomState(seed)
    weights = {}
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in DnaGpt(shape).state_dict().items()}
    for name, size in sorted(shapes.items()):
        noise = random.standard_normal(size)
        if len(size) == 1:
            value = 1.0 + 0.2 * noise
        elif ".wte." in name or ".wpe." in name:
            value = 0.5 * noise
        else:
            value = noise / math.sqrt(size[1])
        weights[name] = value.astype(np.float32)
    return weights


def golden_batch(shape: ModelShape, rows: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of the pretraining template: species, words with a number among them, '=', 'B'.

    The first number stands before the last word, the last row's behind all words; two targets of
    the first row are masked as words holding N would be. Tokens (B, T); positions are flat.
    """
    species, number_follows, joins, class_follows, first_word = 27, 18, 14, 19, 34
    random = np.random.RandomState(seed + 1)
    words_per_row = shape.context - 5
    before_number = [
        words_per_row - 1,
        *random.randint(1, words_per_row, size=rows - 2),
        words_per_row,
    ]
    tokens = np.full((rows, shape.context), NO_TARGET, np.int32)
    marks = []
    for row, before in enumerate(before_number):
        words = random.randint(first_word, shape.vocabulary, size=words_per_row)
        line = [
            species,
            *words[:before],
            number_follows,
            NO_TARGET,
            *words[before:],
            joins,
            class_follows,
        ]
        tokens[row] = line
        marks.append(row * shape.context + before + 1)
    following = np.roll(tokens, -1, axis=1)
    targets = np.where(following >= first_word, following, NO_TARGET).astype(np.int32)
    targets[:, -1] = NO_TARGET
    targets[0, 3:5] = NO_TARGET
    values = random.standard_normal(rows).astype(np.float32)
    marks_array = np.array(marks, np.int32)
    return {
        "tokens": tokens,
        "numbers_position": marks_array + 1,
        "numbers_value": values,
        "targets": targets,
        "order_position": (np.arange(rows, dtype=np.int32) + 1) * np.int32(shape.context) - 1,
        "order_target": np.where(np.arange(rows) % 2 == 0, 31, 32).astype(np.int32),
        "regression_position": marks_array,
        "regression_target": values,
    }


def to_torch(batch: dict[str, np.ndarray], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Integers as int64, numbers in the given type."""
    return {
        name: torch.from_numpy(array).to(torch.int64 if array.dtype.kind == "i" else dtype)
        for name, array in batch.items()
    }


def load_model(shape: ModelShape, weights: dict[str, np.ndarray], dtype: torch.dtype) -> DnaGpt:
    """A model with these weights, all of which must be there, computing in the given type."""
    model = DnaGpt(shape).to(dtype)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model


def compute_golden(
    shape: ModelShape,
    weights: dict[str, np.ndarray],
    batch: dict[str, np.ndarray],
    dtype: torch.dtype = torch.float64,
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Everything the golden file holds beside its inputs: arrays by path, and the losses."""
    inputs, loss_weights, plan = to_torch(batch, dtype), LossWeights(), TrainingPlan()
    model = load_model(shape, weights, dtype)
    logits, regression = run_forward(model, inputs)
    losses = multi_task_loss(logits, regression, inputs, loss_weights)
    losses.total.backward()
    tensors = {"/forward/logits": logits.flatten(0, 1), "/forward/regression": regression}
    tensors |= {
        f"/gradients/{name}": parameter.grad for name, parameter in model.named_parameters()
    }
    trained = load_model(shape, weights, dtype)
    history = train(trained, inputs, loss_weights, plan)
    tensors |= {
        f"/training/weights/{name}": tensor for name, tensor in trained.state_dict().items()
    }
    arrays = {path: tensor.detach().numpy().astype(np.float32) for path, tensor in tensors.items()}
    arrays |= {
        f"/training/{name}": np.array(values, np.float32) for name, values in history.items()
    }
    scalars = {
        "loss": losses.total.item(),
        "loss_next_token": losses.next_token.item(),
        "loss_order": losses.order.item(),
        "loss_gc": losses.gc.item(),
    }
    return arrays, scalars


def script_hash() -> str:
    """SHA-256 of torch_model.py followed by torch_reference.py, in hexadecimal digits."""
    folder = Path(__file__).parent
    texts = [(folder / name).read_bytes() for name in ("torch_model.py", "torch_reference.py")]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def write_golden(path: Path) -> None:
    """Writes the golden file of the small model."""
    weights = golden_weights(GOLDEN_SHAPE, GOLDEN_SEED)
    batch = golden_batch(GOLDEN_SHAPE, GOLDEN_ROWS, GOLDEN_SEED)
    arrays, losses = compute_golden(GOLDEN_SHAPE, weights, batch)
    arrays |= {f"/weights/{name}": array for name, array in weights.items()}
    arrays |= {f"/batch/{name}": array for name, array in batch.items()}
    plan = {
        name: value for name, value in dataclasses.asdict(TrainingPlan()).items() if name != "betas"
    }
    attributes = dataclasses.asdict(GOLDEN_SHAPE) | losses | plan
    attributes |= {"beta_1": TrainingPlan().betas[0], "beta_2": TrainingPlan().betas[1]}
    attributes |= {"order_weight": LossWeights().order, "gc_weight": LossWeights().gc}
    dnagpt_files.write_arrays(path, arrays, attributes | {"script_hash": script_hash()})


def check_golden(path: Path, dtype: torch.dtype = torch.float64) -> dict[str, float]:
    """Largest difference of each array from the file's, relative to the array's largest value."""
    stored, attributes = dnagpt_files.read_arrays(path)
    shape = ModelShape(**{f.name: int(attributes[f.name]) for f in dataclasses.fields(ModelShape)})
    parts = {
        part: {
            path.removeprefix(part): array
            for path, array in stored.items()
            if path.startswith(part)
        }
        for part in ("/weights/", "/batch/")
    }
    arrays, losses = compute_golden(shape, parts["/weights/"], parts["/batch/"], dtype)
    differences = {
        name: float(np.abs(array - stored[name]).max() / max(np.abs(stored[name]).max(), 1e-30))
        for name, array in arrays.items()
    }
    return differences | {
        name: abs(value - attributes[name]) / abs(attributes[name])
        for name, value in losses.items()
    }


def print_counts() -> bool:
    """Prints each preset's number of parameters beside the published one; true if all agree."""
    agree = True
    for name, (shape, published) in PRESETS.items():
        count = parameter_count(shape)
        agree &= count == published
        verdict = "ok" if count == published else "DIFFERS"
        print(f"{name:14} {count:>15,} published {published:>15,} {verdict}")
    return agree


def print_check(path: Path, dtype: torch.dtype, tolerance: float) -> bool:
    """Prints the array furthest from the file's; true if it lies within the tolerance."""
    differences = check_golden(path, dtype)
    name = max(differences, key=lambda key: differences[key])
    print(
        f"largest relative difference {differences[name]:.2e} (allowed {tolerance:.0e}) at {name}"
    )
    return differences[name] <= tolerance


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 where a check fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write-golden", type=Path, metavar="FILE", help="write the golden file")
    what.add_argument(
        "--check", type=Path, metavar="FILE", help="compute again and compare with a golden file"
    )
    what.add_argument(
        "--count", action="store_true", help="print the presets' numbers of parameters"
    )
    parser.add_argument(
        "--dtype", choices=("float32", "float64"), default="float64", help="type for --check"
    )
    options = parser.parse_args(arguments)
    if options.write_golden:
        write_golden(options.write_golden)
        return 0
    if options.count:
        return 0 if print_counts() else 1
    tolerance = 1e-6 if options.dtype == "float64" else 1e-4
    return 0 if print_check(options.check, getattr(torch, options.dtype), tolerance) else 1


if __name__ == "__main__":
    raise SystemExit(main())
