"""Names and shapes of the model's tensors, and the model that is read off them."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest
from conftest import ROOT

import model_tensors
from dnagpt_files import FileError
from model_tensors import PRESETS, ModelShape, model_of, tensor_shapes

PATH = Path("weights.pth")
SMALL = ModelShape(2, 2, 16, 64, "fixed")
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def test_presets_are_those_of_the_programs() -> None:
    text = (ROOT / "src" / "config" / "model_shape.cpp").read_text()
    rows = re.findall(r'\{"(\w+)", (\d+), (\d+), (\d+), (\d+), "(\w+)"\}', text)
    theirs = {name: ModelShape(*map(int, numbers), words) for name, *numbers, words in rows}
    assert theirs == PRESETS


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [
        ("dnagpt_h", 113_925_120),
        ("dnagpt_m", 113_925_120),
        ("dnagpt_s_512", 117_170_688),
        ("dnagpt_b_512", 3_113_922_560),
    ],
)
def test_presets_are_known_by_their_shapes(preset: str, parameters: int) -> None:
    found = tensor_shapes(PRESETS[preset])
    assert model_tensors.parameter_count(found) == parameters
    shape = model_of(PATH, found, None)
    assert shape == PRESETS[preset]
    assert preset in model_tensors.matching_presets(shape)


def test_operations_of_a_position_follow_the_one_formula() -> None:
    blocks, ends = 12 * 12 * 768**2, 3 * 768**2 + 2 * 768 + 19_564 * 768
    assert model_tensors.training_flops_per_token(PRESETS["dnagpt_s_512"]) == (
        6 * (blocks + ends) + 12 * 12 * 768 * 512
    )


def test_a_preset_without_heads_is_still_one() -> None:
    shape = dataclasses.replace(PRESETS["dnagpt_s_512"], drop=("regression_head",))
    found = tensor_shapes(shape)
    assert not any(name.startswith("num_regression") for name in found)
    assert model_of(PATH, found, None) == shape
    assert model_tensors.matching_presets(shape) == ["dnagpt_s_512"]


def test_other_attention_heads_make_no_preset() -> None:
    shape = model_of(PATH, tensor_shapes(PRESETS["dnagpt_s_512"]), 16)
    assert shape.heads == 16
    assert model_tensors.matching_presets(shape) == []


def test_other_models_need_their_attention_heads() -> None:
    found = tensor_shapes(SMALL)
    assert model_of(PATH, found, 2) == SMALL
    with pytest.raises(
        FileError, match=r"2 layers, 16 channels, context 64 .* give it with --heads"
    ):
        model_of(PATH, found, None)
    for heads in (3, 0, -2):
        with pytest.raises(FileError, match=f"--heads {heads} does not divide the 16 channels"):
            model_of(PATH, found, heads)


def without(*names: str) -> model_tensors.Shapes:
    found = tensor_shapes(SMALL)
    return {name: shape for name, shape in found.items() if name not in names}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (without("transformer.wte.weight"), r"lacks transformer\.wte\.weight"),
        (without("transformer.wpe.weight"), r"lacks transformer\.wpe\.weight"),
        ({}, "lacks transformer.wte.weight"),
        (without("mlm_head.2.weight"), r"\(missing: mlm_head\.2\.weight\)"),
        (
            without(*(f"transformer.h.1.{part}" for part in ("ln_1.weight", "mlp.c_fc.weight"))),
            r"missing: transformer\.h\.1\.ln_1\.weight, transformer\.h\.1\.mlp\.c_fc\.weight\)",
        ),
        (
            without() | {"transformer.h.0.attn.bias": (64, 64)},
            r"unknown: transformer\.h\.0\.attn\.",
        ),
        (
            without() | {"transformer.ln_f.weight": (8,)},
            r"wrong shape: transformer\.ln_f\.weight \(8,\) instead of \(16,\)",
        ),
        (
            without("num_regression.3.weight") | {"extra": (1,), "transformer.ln_f.weight": (2, 8)},
            r"missing: num_regression\.3\.weight; unknown: extra; wrong shape: transformer\.ln_f",
        ),
        (without() | {"transformer.wte.weight": (101, 16)}, "a vocabulary of 101 words"),
        (
            without() | {"transformer.wte.weight": (15_659,)},
            r"\(15659,\) instead of rows x channels",
        ),
        (
            {"transformer.wte.weight": (15_659, 16), "transformer.wpe.weight": (64, 16)},
            r"mlp\.c_proj\.weight and 1 more\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(found: model_tensors.Shapes, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        model_of(PATH, found, 2)
    assert "\n" not in str(caught.value)


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, ModelShape(3, 4, 8, 32, "dynamic")])
def test_the_reference_has_the_same_tensors(shape: ModelShape) -> None:
    import torch_model

    words = model_tensors.WORDS[shape.vocabulary]
    sizes = (shape.layers, shape.heads, shape.channels, shape.context_length, words)
    state = torch_model.DnaGpt(torch_model.ModelShape(*sizes)).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == tensor_shapes(shape)
