"""Weights become checkpoints and come back bit for bit; what cannot be converted is named."""

import dataclasses
import importlib.util
import os
import shutil
import sys
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest
from published_weights import (
    CLASSES_ONLY,
    DYNAMIC,
    NUMBERS_ONLY,
    SMALL,
    Tensors,
    draw_tensors,
    same_bits,
    write_safetensors,
)
from safetensors.numpy import load_file

import convert_checkpoint
import dnagpt_files
import model_tensors
import user_block
from model_tensors import ModelShape

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def convert(source: Path, output: Path, heads: int | None = None) -> int:
    """Exit status of the tool."""
    return convert_checkpoint.main(
        [str(source), f"--output={output}", *([f"--heads={heads}"] if heads else [])]
    )


def refuse(source: Path, output: Path, capsys: pytest.CaptureFixture, heads: int | None = 2) -> str:
    """The one line with which the tool refuses a file; it leaves nothing behind."""
    before = sorted(output.parent.iterdir())
    assert convert(source, output, heads) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert sorted(output.parent.iterdir()) == before
    return message


@pytest.mark.parametrize("shape", [SMALL, DYNAMIC, CLASSES_ONLY, NUMBERS_ONLY])
def test_safetensors_come_back_bit_for_bit(
    tmp_path: Path, shape: ModelShape, capsys: pytest.CaptureFixture
) -> None:
    tensors = draw_tensors(shape)
    source = write_safetensors(tmp_path / "weights.safetensors", tensors)
    assert convert(source, tmp_path / "new" / "step.h5", shape.heads) == 0
    printed = capsys.readouterr().out
    assert f"no preset: {shape.layers} layers, {shape.heads} attention heads" in printed
    assert ("left out: " + ", ".join(shape.drop) in printed) == bool(shape.drop)
    assert convert(tmp_path / "new" / "step.h5", tmp_path / "back.safetensors") == 0
    assert same_bits(load_file(tmp_path / "back.safetensors"), tensors)
    assert convert(tmp_path / "back.safetensors", tmp_path / "again.h5", shape.heads) == 0
    first, second = tmp_path / "new" / "step.h5", tmp_path / "again.h5"
    assert first.read_bytes() == second.read_bytes()
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(("shape", "words"), [(SMALL, ("<Y>", "<X>")), (DYNAMIC, ("N", "A"))])
def test_a_new_checkpoint_stands_at_step_0(
    tmp_path: Path, shape: ModelShape, words: tuple[str, str]
) -> None:
    tensors = draw_tensors(shape)
    source = write_safetensors(tmp_path / "weights.safetensors", tensors)
    convert(source, tmp_path / "step.h5", shape.heads)
    checkpoint = dnagpt_files.read_checkpoint(tmp_path / "step.h5")
    assert checkpoint.step == 0
    assert list(checkpoint.master) == list(model_tensors.tensor_shapes(shape))
    assert same_bits(checkpoint.master, tensors)
    for average in (checkpoint.adam_m, checkpoint.adam_v):
        assert not any(values.any() for values in average.values())
    attributes = checkpoint.attributes
    assert (attributes["true_word"], attributes["false_word"]) == words
    assert attributes["vocabulary"] == shape.vocabulary


@pytest.mark.parametrize(("preset", "stored"), [("dnagpt_s_512", "dnagpt_s_512"), ("dnagpt_m", "")])
def test_settings_name_the_preset_that_no_other_equals(preset: str, stored: str) -> None:
    shape = model_tensors.PRESETS[preset]
    model = tomllib.loads(convert_checkpoint.config_text(shape))["model"]
    assert model.pop("preset") == stored
    assert model == dataclasses.asdict(shape) | {"drop": []}


@pytest.mark.parametrize("preset", ["dnagpt_s_512", "dnagpt_h"])
def test_the_preset_is_said(preset: str) -> None:
    lines = convert_checkpoint.describe(Path("x.h5"), model_tensors.PRESETS[preset])
    assert lines[1].startswith("preset ")
    assert preset in lines[1].split(":")[0]


def test_tensors_are_aligned_and_gaps_are_zero(tmp_path: Path) -> None:
    source = write_safetensors(tmp_path / "weights.safetensors", draw_tensors(NUMBERS_ONLY))
    convert(source, tmp_path / "step.h5", 2)
    arrays, _ = dnagpt_files.read_arrays(tmp_path / "step.h5")
    flat, offsets = arrays["/state/master"], arrays["/state/layout/offset"]
    sizes = [np.prod(row[row > 0]) for row in arrays["/state/layout/shape"]]
    assert not (offsets % 128).any()
    assert len(flat) % 128 == 0
    ends = [*offsets[1:], len(flat)]
    for offset, size, end in zip(offsets, sizes, ends, strict=True):
        assert 0 <= end - offset - size < 128
        assert not flat[offset + size : end].any()


def test_damage_of_a_checkpoint_is_named_by_tensor(tmp_path: Path) -> None:
    tensors = draw_tensors(SMALL)
    source = write_safetensors(tmp_path / "weights.safetensors", tensors)
    path = tmp_path / "step.h5"
    convert(source, path, 2)
    contents = bytearray(path.read_bytes())
    block = user_block.parse_user_block(user_block.read_head(path))
    places = {name: (offset, size) for name, offset, size in block.regions}
    name = "transformer.h.1.mlp.c_fc.weight"
    offset, size = places[f"/state/master tensor {name}"]
    assert contents[offset : offset + size] == tensors[name].tobytes()
    contents[offset] ^= 1
    path.write_bytes(contents)
    with pytest.raises(dnagpt_files.FileError, match=f"master tensor {name}"):
        user_block.verify_file(path)


def test_the_user_block_holds_the_digests_of_a_large_model() -> None:
    shapes = model_tensors.tensor_shapes(model_tensors.PRESETS["dnagpt_b_512"])
    payload = 12 * model_tensors.parameter_count(shapes)
    map_bytes = 3 * len(shapes) * dnagpt_files.REGION_LINE_BYTES
    size = user_block.user_block_bytes(payload, map_bytes)
    assert size.bit_count() == 1
    assert payload / 2**22 * 8 + map_bytes < size < 2**20
    longest = f"/state/adam_v tensor {max(shapes, key=len)}\t{payload}\t{payload}\n"
    assert len(longest) <= dnagpt_files.REGION_LINE_BYTES


def test_half_precision_is_widened(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    tensors = {name: values.astype(np.float16) for name, values in draw_tensors(DYNAMIC).items()}
    source = write_safetensors(tmp_path / "half.safetensors", tensors)
    assert convert(source, tmp_path / "step.h5", DYNAMIC.heads) == 0
    assert "float16 widened to float32" in capsys.readouterr().out
    weights, _ = dnagpt_files.read_weights(tmp_path / "step.h5")
    assert same_bits(weights, {n: values.astype(np.float32) for n, values in tensors.items()})


def changed(tensors: Tensors, **others: np.ndarray | None) -> Tensors:
    """The tensors with others in their place; None takes one away."""
    return {name: values for name, values in (tensors | others).items() if values is not None}


def test_tensors_that_do_not_fit_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    whole = draw_tensors(NUMBERS_ONLY)
    cases = {
        "missing: transformer.h.0.ln_2.weight": {"transformer.h.0.ln_2.weight": None},
        "unknown: lm_head.weight": {"lm_head.weight": np.zeros(3, np.float32)},
        "wrong shape: number_embedding.0.weight (8, 2) instead of (8, 1)": {
            "number_embedding.0.weight": np.zeros((8, 2), np.float32)
        },
        "(transformer.ln_f.weight F64; checkpoints are float32)": {
            "transformer.ln_f.weight": np.ones(8)
        },
    }
    for message, others in cases.items():
        source = write_safetensors(tmp_path / "weights.safetensors", changed(whole, **others))
        assert message in refuse(source, tmp_path / "step.h5", capsys)
    source = write_safetensors(tmp_path / "weights.safetensors", whole)
    assert "give it with --heads" in refuse(source, tmp_path / "step.h5", capsys, heads=None)
    assert "--heads 3 does not divide" in refuse(source, tmp_path / "step.h5", capsys, heads=3)


def test_other_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "text.safetensors").write_text("no tensors")
    output = tmp_path / "step.h5"
    assert "no .safetensors file" in refuse(tmp_path / "text.safetensors", output, capsys)
    assert "is not there" in refuse(tmp_path / "missing.safetensors", output, capsys)
    assert "is not there" in refuse(tmp_path / "missing.pth", output, capsys)
    assert "is not there" in refuse(output, tmp_path / "weights.safetensors", capsys)
    dnagpt_files.write_arrays(tmp_path / "shard.h5", {"/tokens": np.zeros(3, np.uint16)}, {})
    message = refuse(tmp_path / "shard.h5", tmp_path / "weights.safetensors", capsys)
    assert "is no checkpoint" in message


@pytest.mark.parametrize(
    ("source", "output"),
    [("a.pth", "b.safetensors"), ("a.pth", "b"), ("a.h5", "b.h5"), ("run", "b.pth")],
)
def test_one_of_the_two_is_a_checkpoint(source: str, output: str) -> None:
    with pytest.raises(SystemExit) as caught:
        convert(Path(source), Path(output))
    assert caught.value.code == 2


def test_a_failed_conversion_leaves_the_older_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_safetensors(tmp_path / "weights.safetensors", draw_tensors(NUMBERS_ONLY))
    output = tmp_path / "step.h5"
    output.write_text("older")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dnagpt_files, "seal_file", fail)
    assert "No space left on device" in refuse(source, output, capsys)
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "1.0 are free" in refuse(source, output, capsys)
    assert output.read_text() == "older"
    assert convert(source, source / "step.h5", 2) == 1
    assert "cannot write" in capsys.readouterr().err


def test_pth_without_torch_names_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "weights.pth").touch()
    message = refuse(tmp_path / "weights.pth", tmp_path / "step.h5", capsys)
    assert "pip install -r tools/requirements-torch.txt" in message


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC, CLASSES_ONLY, NUMBERS_ONLY])
@pytest.mark.parametrize("newer", [True, False])
def test_pth_comes_back_bit_for_bit(tmp_path: Path, shape: ModelShape, newer: bool) -> None:
    import torch

    tensors = draw_tensors(shape)
    state = {name: torch.from_numpy(values) for name, values in tensors.items()}
    content = {"model": state, "epoch": 3} if newer else state
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=newer)
    assert convert(tmp_path / "a.pth", tmp_path / "step.h5", shape.heads) == 0
    assert convert(tmp_path / "step.h5", tmp_path / "b.pth") == 0
    assert convert(tmp_path / "step.h5", tmp_path / "b.safetensors") == 0
    back = torch.load(tmp_path / "b.pth", weights_only=True)
    assert same_bits({name: tensor.numpy() for name, tensor in back.items()}, tensors)
    assert same_bits(load_file(tmp_path / "b.safetensors"), tensors)


@needs_torch
def test_views_parameters_and_bfloat16_of_torch(tmp_path: Path) -> None:
    """The rows of a larger table, stored column by column; a parameter; a two-byte type."""
    import torch

    state = {name: torch.from_numpy(v) for name, v in draw_tensors(NUMBERS_ONLY).items()}
    expected = {name: tensor.numpy().copy() for name, tensor in state.items()}
    table = state["transformer.wpe.weight"]
    state["transformer.wpe.weight"] = torch.cat([table, table]).T.contiguous().T[:64]
    state["transformer.ln_f.weight"] = torch.nn.Parameter(state["transformer.ln_f.weight"])
    name = "num_regression.3.weight"
    state[name] = state[name].bfloat16()
    expected[name] = state[name].float().numpy()
    torch.save(state, tmp_path / "a.pth")
    assert convert(tmp_path / "a.pth", tmp_path / "step.h5", 2) == 0
    assert same_bits(dnagpt_files.read_weights(tmp_path / "step.h5")[0], expected)


class Command:
    """An object whose loading would run a command."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple:
        return os.system, (self.text,)


@needs_torch
def test_no_code_of_a_pth_file_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    output = tmp_path / "step.h5"
    torch.save({"model": Command(f"touch {tmp_path}/ran")}, tmp_path / "a.pth")
    assert "system, and what is no tensor" in refuse(tmp_path / "a.pth", output, capsys)
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    assert "does not load .pth files safely" in refuse(tmp_path / "a.pth", output, capsys)


@needs_torch
def test_other_pth_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import torch

    path, output = tmp_path / "a.pth", tmp_path / "step.h5"
    torch.save([1, 2], path)
    assert "holds no state_dict (but a value of type list)" in refuse(path, output, capsys)
    torch.save({"epoch": 3}, path)
    assert "its entry epoch is of type int" in refuse(path, output, capsys)
    path.write_bytes(path.read_bytes()[:200])
    assert "is damaged" in refuse(path, output, capsys)
    path.write_bytes(b"")
    assert "is damaged" in refuse(path, output, capsys)


def test_a_checkpoint_of_another_version_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = write_safetensors(tmp_path / "weights.safetensors", draw_tensors(NUMBERS_ONLY))
    convert(source, tmp_path / "step.h5", 2)
    with h5py.File(tmp_path / "step.h5", "r+") as file:
        file.attrs["format_version"] = 2
        block_bytes = file.userblock_size
    user_block.seal_file(tmp_path / "step.h5", block_bytes)
    capsys.readouterr()
    message = refuse(tmp_path / "step.h5", tmp_path / "back.safetensors", capsys)
    assert "has checkpoint version 2 (this tool reads 1)" in message
