"""Published weights to a checkpoint of dnagpt, and a checkpoint to a file of weights.

    python tools/convert_checkpoint.py dna_gpt0.1b_m.pth --output dnagpt_s_512.h5
    python tools/convert_checkpoint.py run/checkpoints/step_00001000.h5 --output run.safetensors

The names' endings tell the way: .h5 is a checkpoint; .pth (torch.save) and .safetensors hold
tensors under the published names. The model is read off the tensors' shapes; of one that is no
preset, --heads gives the number of attention heads. Values are kept bit for bit, half precision is
widened. A new checkpoint stands at step 0; a file of weights holds neither optimizer nor task.
Only .pth files need torch (tools/requirements-torch.txt), and no code in them is run.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import json
import pickle
import re
import sys
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

import dnagpt_files
import model_tensors
import whole_files
from dnagpt_files import FileError, Scalar
from model_tensors import ModelShape

if TYPE_CHECKING:
    import torch

CHECKPOINT = ".h5"
STATE_DICT = "model"
"""The entry that holds the tensors in .pth files with other entries beside them."""
SAFE_TYPES = {"F32": "float32", "F16": "float16"}
"""Types of .safetensors files that numpy knows too."""
SAFE_TORCH = (2, 10)
"""The first version in which weights_only=True keeps a file from running code."""
EXACT_TYPES = ("float32", "float16", "bfloat16")
"""Types whose values float32 holds exactly."""
CONFIG = """\
# Converted weights. [schedule] stands here because every configuration has one.
[model]
preset = {preset}
layers = {layers}
heads = {heads}
channels = {channels}
context_length = {context_length}
vocabulary = {vocabulary}
drop = {drop}

[schedule]
steps = 1
"""


@dataclasses.dataclass(frozen=True)
class StoredTensor:
    """A tensor of a weight file, not read yet."""

    shape: tuple[int, ...]
    type: str
    read: Callable[[], np.ndarray]


Weights = dict[str, StoredTensor]


def load_package(name: str, requirements: str) -> ModuleType:
    """An imported package; FileError says where it is to be had."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileError(
            f"the package {name} is missing (this kind of file is read and written with it); "
            f"pip install -r tools/{requirements}"
        ) from error


# ---------------------------------------------------------------------------- .safetensors


def load_safetensors() -> ModuleType:
    """The package safetensors with its functions for numpy."""
    load_package("safetensors.numpy", "requirements.txt")
    return load_package("safetensors", "requirements.txt")


def open_safetensors(path: Path) -> Weights:
    """The tensors of a .safetensors file; FileError where it is none."""
    safetensors = load_safetensors()
    try:
        file = safetensors.safe_open(path, framework="np")
    except safetensors.SafetensorError as error:
        raise FileError(
            f"{path} is damaged, or no .safetensors file ({error}); copy it again"
        ) from error
    weights = {}
    for name in file.keys():  # noqa: SIM118  # no dictionary
        header = file.get_slice(name)
        kind, shape = header.get_dtype(), tuple(header.get_shape())
        read = functools.partial(file.get_tensor, name)
        weights[name] = StoredTensor(shape, SAFE_TYPES.get(kind, kind), read)
    return weights


def save_safetensors(tensors: dict[str, np.ndarray], path: Path) -> None:
    """Writes a .safetensors file; OSError where that fails."""
    safetensors = load_safetensors()
    try:
        safetensors.numpy.save_file(tensors, path)
    except safetensors.SafetensorError as error:
        raise OSError(str(error)) from error


# ---------------------------------------------------------------------------- .pth


def require_safe_torch(torch: ModuleType) -> None:
    """FileError where this torch can be made to run code by a .pth file (CVE-2026-24747)."""
    version = tuple(map(int, torch.__version__.split(".")[:2]))
    if version < SAFE_TORCH:
        raise FileError(
            f"torch {torch.__version__} does not load .pth files safely (CVE-2026-24747); "
            "pip install -r tools/requirements-torch.txt"
        )


def load_torch(torch: ModuleType, path: Path) -> object:
    """What a .pth file holds; FileError where that is more than tensors, numbers and texts."""
    require_safe_torch(torch)
    newer_format = zipfile.is_zipfile(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=newer_format)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        raise FileError(
            f"{path} is not loaded (it holds {named[1] if named else 'objects'}, and what is no "
            "tensor could run foreign code); where you trust the file, load it in torch and save "
            "its state_dict alone"
        ) from error
    except Exception as error:  # torch stumbles over damaged bytes in any way
        raise FileError(
            f"{path} is damaged, or no file of torch.save ({type(error).__name__}); copy it again"
        ) from error


def open_torch(path: Path) -> Weights:
    """The tensors of a .pth file: its entry `model`, or all that it holds."""
    torch = load_package("torch", "requirements-torch.txt")
    content = load_torch(torch, path)
    if isinstance(content, dict) and isinstance(content.get(STATE_DICT), dict):
        content = content[STATE_DICT]
    if not isinstance(content, dict):
        raise FileError(
            f"{path} holds no state_dict (but a value of type {type(content).__name__}); "
            "save one with torch.save(model.state_dict(), FILE)"
        )
    weights = {}
    for name, tensor in content.items():
        if not isinstance(tensor, torch.Tensor):
            raise FileError(
                f"{path} holds more than a state_dict (its entry {name} is of type "
                f"{type(tensor).__name__}); save the state_dict alone"
            )
        kind = str(tensor.dtype).removeprefix("torch.")
        read = functools.partial(read_torch, tensor)
        weights[str(name)] = StoredTensor(tuple(tensor.shape), kind, read)
    return weights


def read_torch(tensor: torch.Tensor) -> np.ndarray:
    """The values of a tensor, float32."""
    return tensor.detach().float().numpy()


def save_torch(tensors: dict[str, np.ndarray], path: Path) -> None:
    """Writes a state_dict; OSError where that fails."""
    torch = load_package("torch", "requirements-torch.txt")
    try:
        torch.save({name: torch.from_numpy(values) for name, values in tensors.items()}, path)
    except RuntimeError as error:
        raise OSError(str(error)) from error


# ---------------------------------------------------------------------------- both ways

OPEN = {".pth": open_torch, ".safetensors": open_safetensors}
SAVE = {".pth": save_torch, ".safetensors": save_safetensors}


def require_exact_types(path: Path, weights: Weights) -> None:
    """FileError that names tensors whose values float32 does not hold exactly."""
    others = [f"{name} {t.type}" for name, t in weights.items() if t.type not in EXACT_TYPES]
    if others:
        raise FileError(
            f"{path} holds types that a checkpoint does not ({model_tensors.name_some(others)}; "
            "checkpoints are float32); save them as float32 first"
        )


def config_text(shape: ModelShape) -> str:
    """The settings of a checkpoint that no run of ours wrote."""
    presets = model_tensors.matching_presets(shape)
    values = dataclasses.asdict(shape) | {"preset": presets[0] if len(presets) == 1 else ""}
    return CONFIG.format(**{key: json.dumps(value) for key, value in values.items()})


def checkpoint_attributes(shape: ModelShape) -> dict[str, Scalar]:
    """Attributes of a checkpoint at step 0 that was trained on unknown data."""
    true_word, false_word = model_tensors.CLASS_WORDS[shape.vocabulary]
    return {
        "step": 0,
        "seed": 0,
        "sampler": json.dumps({"data_digest": "", "tokens": 0}),
        "task": "",
        "config": config_text(shape),
        "vocabulary": shape.vocabulary,
        "true_word": true_word,
        "false_word": false_word,
        "build": "tools/convert_checkpoint.py",
        "world_size": 1,
        "threads": 1,
        "device_model": "unknown",
        "libraries": "unknown",
    }


def describe(path: Path, shape: ModelShape) -> list[str]:
    """Lines that say what a file holds."""
    shapes = model_tensors.tensor_shapes(shape)
    count = model_tensors.parameter_count(shapes)
    presets = " or ".join(model_tensors.matching_presets(shape))
    lines = [
        f"{path}: {count:,} parameters in {len(shapes)} tensors",
        f"{f'preset {presets}' if presets else 'no preset'}: {shape.layers} layers, {shape.heads} "
        f"attention heads, {shape.channels} channels, context {shape.context_length}, "
        f"{shape.vocabulary} vocabulary",
    ]
    return lines + ([f"left out: {', '.join(shape.drop)}"] if shape.drop else [])


def import_weights(source: Path, output: Path, heads: int | None) -> list[str]:
    """Writes published weights as a checkpoint; returns lines that say what was done."""
    if not source.is_file():
        raise FileError(f"{source} is not there; check the path")
    weights = OPEN[source.suffix](source)
    found = {name: tensor.shape for name, tensor in weights.items()}
    shape = model_tensors.model_of(source, found, heads)
    require_exact_types(source, weights)
    dnagpt_files.write_checkpoint(
        output,
        model_tensors.tensor_shapes(shape),
        lambda name: weights[name].read().astype(np.float32, copy=False),
        checkpoint_attributes(shape),
    )
    wide = sorted({tensor.type for tensor in weights.values()} - {"float32"})
    widened = [f"{', '.join(wide)} widened to float32"] if wide else []
    return [*describe(source, shape), *widened, f"wrote {output}: step 0, no optimizer state"]


def export_weights(source: Path, output: Path, heads: int | None) -> list[str]:
    """Writes a checkpoint's weights under the published names; returns lines as above."""
    tensors, attributes = dnagpt_files.read_weights(source)
    found = {name: values.shape for name, values in tensors.items()}
    stored = tomllib.loads(str(attributes["config"])).get("model", {}).get("heads")
    shape = model_tensors.model_of(source, found, stored if heads is None else heads)
    size = sum(values.nbytes for values in tensors.values())
    with whole_files.written_whole(output, size) as partial:
        SAVE[output.suffix](tensors, partial)
    lines = [*describe(source, shape), f"wrote {output}: weights of step {attributes['step']}"]
    if attributes.get("task"):
        lines.append("not in it: the fine-tuned task (prompts, classes, scales of numbers)")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a file cannot be converted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="a checkpoint (.h5), or .pth, .safetensors")
    parser.add_argument("--output", type=Path, required=True, help="the other of the two")
    parser.add_argument("--heads", type=int, help="attention heads of a model that is no preset")
    options = parser.parse_args(arguments)
    source, output = options.source.suffix, options.output.suffix
    if {source, output} not in [{CHECKPOINT, weights} for weights in OPEN]:
        parser.error("one of the two names ends in .h5, the other in .pth or .safetensors")
    convert = export_weights if source == CHECKPOINT else import_weights
    try:
        lines = convert(options.source, options.output, options.heads)
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
