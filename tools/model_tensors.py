"""The model's tensors under their published names: their shapes, and the model they make up.

Weights of linear layers are (outputs, inputs); there are no biases. Nothing but the names and
shapes is needed here, so that a file is judged before any of its values is read.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path

from dnagpt_files import FileError

Shapes = dict[str, tuple[int, ...]]
"""Shapes of tensors by name."""

WORDS = {"fixed": 15_659, "dynamic": 19_564}
"""Words of each vocabulary."""
CLASS_WORDS = {"fixed": ("<Y>", "<X>"), "dynamic": ("N", "A")}
"""The true and the false word of each vocabulary."""
HEADS = {
    "token_head": "mlm_head",
    "regression_head": "num_regression",
    "number_embedding": "number_embedding",
}
"""What `model.drop` calls the parts that a model may lack, and what their tensors begin with."""
TOKEN_TABLE, POSITION_TABLE = "transformer.wte.weight", "transformer.wpe.weight"
NAMES_SHOWN = 6


@dataclasses.dataclass(frozen=True)
class ModelShape:
    """What fixes a model's tensors, and its attention heads, which no tensor shows (0: unknown)."""

    layers: int
    heads: int
    channels: int
    context_length: int  # positions
    vocabulary: str  # a key of WORDS
    drop: tuple[str, ...] = ()  # keys of HEADS


PRESETS = {
    "dnagpt_h": ModelShape(12, 12, 768, 4096, "fixed"),
    "dnagpt_m": ModelShape(12, 12, 768, 4096, "fixed"),
    "dnagpt_s_512": ModelShape(12, 12, 768, 512, "dynamic"),
    "dnagpt_b_512": ModelShape(60, 64, 2048, 512, "dynamic"),
}


def head_shapes(module: str, inputs: int, channels: int, outputs: int) -> Shapes:
    """Linear, SiLU (without weights), layer norm, linear."""
    return {
        f"{module}.0.weight": (channels, inputs),
        f"{module}.2.weight": (channels,),
        f"{module}.3.weight": (outputs, channels),
    }


def block_shapes(layer: int, channels: int) -> Shapes:
    """Attention (query, key and value in one) and MLP, each behind a layer norm."""
    prefix = f"transformer.h.{layer}."
    return {
        f"{prefix}ln_1.weight": (channels,),
        f"{prefix}attn.c_attn.weight": (3 * channels, channels),
        f"{prefix}attn.c_proj.weight": (channels, channels),
        f"{prefix}ln_2.weight": (channels,),
        f"{prefix}mlp.c_fc.weight": (4 * channels, channels),
        f"{prefix}mlp.c_proj.weight": (channels, 4 * channels),
    }


def tensor_shapes(shape: ModelShape) -> Shapes:
    """All tensors of a model, in the order of a checkpoint's flat vector."""
    channels, words = shape.channels, WORDS[shape.vocabulary]
    shapes: Shapes = {
        TOKEN_TABLE: (words, channels),
        POSITION_TABLE: (shape.context_length, channels),
    }
    for layer in range(shape.layers):
        shapes |= block_shapes(layer, channels)
    shapes["transformer.ln_f.weight"] = (channels,)
    ends = {
        "token_head": (channels, words),
        "regression_head": (channels, 1),
        "number_embedding": (1, channels),
    }
    for head, module in HEADS.items():
        if head not in shape.drop:
            inputs, outputs = ends[head]
            shapes |= head_shapes(module, inputs, channels, outputs)
    return shapes


def parameter_count(shapes: Shapes) -> int:
    """Number of elements of all tensors."""
    return sum(map(math.prod, shapes.values()))


def training_flops_per_token(shape: ModelShape) -> int:
    """Operations of one trained position: 6 x matrix parameters without embeddings + 12 L C T.

    Whatever is called MFU follows from it, here and in the programs.
    """
    matrices = {
        name: size
        for name, size in tensor_shapes(shape).items()
        if len(size) == 2 and name not in (TOKEN_TABLE, POSITION_TABLE)
    }
    attention = 12 * shape.layers * shape.channels * shape.context_length
    return 6 * parameter_count(matrices) + attention


def matching_presets(shape: ModelShape) -> list[str]:
    """Presets with these numbers, whatever heads are left out."""
    whole = dataclasses.replace(shape, drop=())
    return [name for name, preset in PRESETS.items() if preset == whole]


def name_some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    listed = list(names)
    more = len(listed) - NAMES_SHOWN
    return ", ".join(listed[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def table_sizes(path: Path, found: Shapes, name: str) -> tuple[int, int]:
    """Rows and channels of an embedding table; FileError where there is none."""
    if name not in found:
        raise FileError(
            f"{path} holds no DNAGPT model (it lacks {name}); give a state_dict with the names "
            "that docs/inference.md lists"
        )
    if len(found[name]) != 2 or min(found[name]) < 1:
        raise FileError(
            f"{path} holds no DNAGPT model ({name} has the shape {found[name]} instead of rows x "
            "channels); give a state_dict with the shapes that docs/inference.md lists"
        )
    rows, channels = found[name]
    return rows, channels


def kind_of_vocabulary(path: Path, words: int) -> str:
    """The vocabulary with this number of words."""
    for kind, count in WORDS.items():
        if count == words:
            return kind
    known = ", ".join(f"{kind} {count:,}" for kind, count in WORDS.items())
    raise FileError(
        f"{path} has a vocabulary of {words:,} words (dnagpt has {known}); "
        "this model cannot be converted"
    )


def infer_shape(path: Path, found: Shapes) -> ModelShape:
    """The model that tensors of these shapes belong to, but for its attention heads.

    Layers, channels, context, vocabulary and the heads that are left out are read off names and
    shapes. FileError where that cannot be.
    """
    words, channels = table_sizes(path, found, TOKEN_TABLE)
    context_length, _ = table_sizes(path, found, POSITION_TABLE)
    parts = [name.split(".") for name in found]
    layers = {part[2] for part in parts if part[:2] == ["transformer", "h"] and len(part) > 2}
    modules = {part[0] for part in parts}
    drop = tuple(head for head, module in HEADS.items() if module not in modules)
    vocabulary = kind_of_vocabulary(path, words)
    return ModelShape(max(1, len(layers)), 0, channels, context_length, vocabulary, drop)


def require_tensors(path: Path, shape: ModelShape, found: Shapes) -> None:
    """FileError that names the tensors that are missing, unknown or of a wrong shape."""
    wanted = tensor_shapes(shape)
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    wrong = [
        f"{name} {found[name]} instead of {size}"
        for name, size in wanted.items()
        if found.get(name, size) != size
    ]
    groups = {"missing": missing, "unknown": unknown, "wrong shape": wrong}
    problems = "; ".join(f"{what}: {name_some(names)}" for what, names in groups.items() if names)
    if problems:
        raise FileError(
            f"{path} is no DNAGPT model of {shape.layers} layers and {shape.channels} channels "
            f"({problems}); give a whole state_dict with the names that docs/inference.md lists"
        )


def preset_heads(shape: ModelShape) -> int | None:
    """Attention heads of the presets whose tensors have this shape; None: there is no such one."""
    whole = dataclasses.replace(shape, drop=(), heads=0)
    for preset in PRESETS.values():
        if dataclasses.replace(preset, heads=0) == whole:
            return preset.heads
    return None


def with_heads(path: Path, shape: ModelShape, heads: int | None) -> ModelShape:
    """The shape with these attention heads; None: those of the preset that it has."""
    chosen = preset_heads(shape) if heads is None else heads
    if chosen is None:
        raise FileError(
            f"{path} has {shape.layers} layers, {shape.channels} channels, context "
            f"{shape.context_length} and the {shape.vocabulary} vocabulary, which is no preset "
            "(the number of attention heads cannot be read from shapes); give it with --heads"
        )
    if chosen < 1 or shape.channels % chosen:
        raise FileError(
            f"--heads {chosen} does not divide the {shape.channels} channels of {path} (every "
            "head gets the same share); give the number of heads that the model was trained with"
        )
    return dataclasses.replace(shape, heads=chosen)


def model_of(path: Path, found: Shapes, heads: int | None) -> ModelShape:
    """The model that exactly these tensors make up; FileError names what does not fit.

    heads is the number of attention heads, None where the model is a preset.
    """
    shape = infer_shape(path, found)
    require_tensors(path, shape, found)
    return with_heads(path, shape, heads)
