"""Random weights under the published names: files, checkpoints, and the torch reference of them."""

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import convert_checkpoint
import model_tensors
from model_tensors import ModelShape

Tensors = dict[str, np.ndarray]

SMALL = ModelShape(2, 2, 16, 64, "fixed")
DYNAMIC = ModelShape(1, 4, 8, 64, "dynamic")
CLASSES_ONLY = ModelShape(1, 2, 8, 64, "dynamic", ("regression_head", "number_embedding"))
NUMBERS_ONLY = ModelShape(1, 2, 8, 64, "fixed", ("token_head",))
TOLERANCE = 1e-5
"""Relative, of float against float64: float keeps 1e-6, a tensor in a wrong place shows at 1e-4."""
RESERVED = "0123456789+-*/=&|!MBPRIKLOQSUVWYXZ"
"""The reserved tokens by id."""
FIRST_WORD = {"fixed": 34, "dynamic": 3939}

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def draw_tensors(shape: ModelShape) -> Tensors:
    """float32 tensors of order one after each layer, so that a tensor in a wrong place shows."""
    random = np.random.default_rng(7)
    tensors = {}
    for name, size in model_tensors.tensor_shapes(shape).items():
        noise = random.standard_normal(size, dtype=np.float32)
        if len(size) == 1:
            tensors[name] = 1 + np.float32(0.2) * noise
        elif name in (model_tensors.TOKEN_TABLE, model_tensors.POSITION_TABLE):
            tensors[name] = np.float32(0.5) * noise
        else:
            tensors[name] = noise / np.float32(math.sqrt(size[1]))
    return tensors


def write_safetensors(path: Path, tensors: Tensors) -> Path:
    """A .safetensors file of these tensors."""
    save_file(tensors, path)
    return path


def same_bits(left: Tensors, right: Tensors) -> bool:
    """Whether names, types, shapes and all bytes are equal."""
    return left.keys() == right.keys() and all(
        (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
        for a, b in ((left[name], right[name]) for name in left)
    )


def convert(source: Path, output: Path, *options: str) -> Path:
    """Weights to a checkpoint, or the other way."""
    assert convert_checkpoint.main([str(source), f"--output={output}", *options]) == 0
    return output


def make_checkpoint(folder: Path, shape: ModelShape) -> tuple[Path, Tensors]:
    """A checkpoint that was converted from random weights, and these."""
    tensors = draw_tensors(shape)
    source = write_safetensors(folder / "weights.safetensors", tensors)
    return convert(source, folder / "converted.h5", f"--heads={shape.heads}"), tensors


def reference(shape: ModelShape, tensors: Tensors) -> Callable:
    """The torch reference with these weights, in float64."""
    import torch

    import torch_model
    import torch_reference

    words = model_tensors.WORDS[shape.vocabulary]
    sizes = (shape.layers, shape.heads, shape.channels, shape.context_length, words)
    return torch_reference.load_model(torch_model.ModelShape(*sizes), tensors, torch.float64)


def word_tokens(bases: np.ndarray, shape: ModelShape) -> np.ndarray:
    """The tokens of whole words."""
    codes = np.array(["NAGCT".index(base) for base in bases]).reshape(-1, 6)
    return codes @ 5 ** np.arange(5, -1, -1) + FIRST_WORD[shape.vocabulary]
