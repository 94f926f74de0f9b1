"""Random weights under the published names, for the tests of their conversion."""

import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import model_tensors
from model_tensors import ModelShape

Tensors = dict[str, np.ndarray]

SMALL = ModelShape(2, 2, 16, 64, "fixed")
DYNAMIC = ModelShape(1, 4, 8, 64, "dynamic")
CLASSES_ONLY = ModelShape(1, 2, 8, 64, "dynamic", ("regression_head", "number_embedding"))
NUMBERS_ONLY = ModelShape(1, 2, 8, 64, "fixed", ("token_head",))


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
