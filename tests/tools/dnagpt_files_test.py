"""The reader takes whole files, names damage, and cuts states into tensors."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import dnagpt_files
import user_block

needs_xxhash = pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")
pytestmark = needs_xxhash


def write_shard(path: Path, split: str = "train", blocks: int = 1) -> np.ndarray:
    tokens = np.arange(blocks * (2 << 20), dtype=np.uint16)[:-9]
    arrays = {
        "/tokens": tokens,
        "/contigs/name": np.array(["chr1", "chr2"], dtype=h5py.string_dtype()),
        "/contigs/first_token": np.array([0, 5], np.int64),
    }
    dnagpt_files.write_arrays(
        path, arrays, {"species": "yeast", "split": split, "format_version": 1}
    )
    return tokens


def test_arrays_and_attributes_come_back(tmp_path: Path) -> None:
    arrays = {"/a/b": np.arange(6, dtype=np.float32).reshape(2, 3), "/c": np.array([3], np.int32)}
    dnagpt_files.write_arrays(tmp_path / "x.h5", arrays, {"text": "N", "count": 4, "share": 0.5})
    read, attributes = dnagpt_files.read_arrays(tmp_path / "x.h5")
    assert attributes == {"text": "N", "count": 4, "share": 0.5}
    assert read.keys() == arrays.keys()
    assert all((read[name] == arrays[name]).all() for name in arrays)


def test_shard_is_read_with_its_contigs(tmp_path: Path) -> None:
    tokens = write_shard(tmp_path / "yeast.h5", blocks=2)
    write_shard(tmp_path / "other.h5", split="validation")
    shards = list(dnagpt_files.iterate_shards(tmp_path, "train"))
    assert [shard.path.name for shard in shards] == ["yeast.h5"]
    assert (shards[0].tokens == tokens).all()
    assert list(shards[0].contigs["name"]) == ["chr1", "chr2"]
    assert list(shards[0].contigs["first_token"]) == [0, 5]
    assert shards[0].species == "yeast"


@pytest.mark.parametrize("place", [600, 4 * 2**20 + 512 + 7])
def test_a_flipped_bit_is_named_with_its_block(tmp_path: Path, place: int) -> None:
    path = tmp_path / "yeast.h5"
    write_shard(path, blocks=2)
    contents = bytearray(path.read_bytes())
    contents[place] ^= 1
    path.write_bytes(contents)
    with pytest.raises(dnagpt_files.FileError, match=f"block {place // (4 << 20)} "):
        dnagpt_files.read_shard(path)


def test_damage_in_the_head_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "yeast.h5"
    write_shard(path)
    contents = path.read_bytes()
    path.write_bytes(contents[:100] + b"x" + contents[101:])
    with pytest.raises(dnagpt_files.FileError, match="damaged in its head"):
        dnagpt_files.read_shard(path)
    path.write_bytes(contents[:-1])
    with pytest.raises(dnagpt_files.FileError, match=f"{len(contents) - 1} bytes long instead of"):
        dnagpt_files.read_shard(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["tokens"] = np.zeros(3)
    with pytest.raises(dnagpt_files.FileError, match="no dnagpt file"):
        dnagpt_files.read_shard(tmp_path / "plain.h5")
    with pytest.raises(dnagpt_files.FileError, match="is not there"):
        dnagpt_files.read_shard(tmp_path / "missing.h5")
    with pytest.raises(dnagpt_files.FileError, match="holds no shards"):
        list(dnagpt_files.iterate_shards(tmp_path / "missing", "train"))


def test_checkpoint_is_cut_into_tensors(tmp_path: Path) -> None:
    flat = np.arange(256, dtype=np.float32)
    arrays = {
        f"/state/{state}": flat * scale
        for state, scale in (("master", 1), ("adam_m", 2), ("adam_v", 3))
    }
    arrays["/state/layout/name"] = np.array(["wte", "ln_f"], dtype=h5py.string_dtype())
    arrays["/state/layout/offset"] = np.array([0, 128], np.int64)
    arrays["/state/layout/shape"] = np.array([[3, 4], [5, 0]], np.int64)
    dnagpt_files.write_arrays(tmp_path / "step.h5", arrays, {"step": 7})
    checkpoint = dnagpt_files.read_checkpoint(tmp_path / "step.h5")
    assert checkpoint.step == 7
    assert (checkpoint.master["wte"] == np.arange(12).reshape(3, 4)).all()
    assert (checkpoint.adam_m["ln_f"] == 2 * np.arange(128, 133)).all()
    assert checkpoint.adam_v["wte"][2, 3] == 33


def test_metrics_are_sorted_by_kind(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    evaluation = {"step": 1, "bits_per_base": {"yeast": 1.9}}
    resumed = {"step": 1, "world_size": 2}
    rolled_back = {"from": 3, "step": 0, "reason": "non-finite"}
    lines = [{"step": 1, "loss": 2.5}, {"evaluation": evaluation}, {"resumed": resumed}]
    lines.append({"rolled_back": rolled_back})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 2, "lo')
    metrics = dnagpt_files.read_metrics(path)
    assert metrics.steps == [{"step": 1, "loss": 2.5}]
    assert metrics.evaluations == [evaluation]
    assert metrics.restarts == [1, 0]
    path.write_text('{"step": 1}\nnonsense\n')
    with pytest.raises(dnagpt_files.FileError, match="line 2 is no JSON"):
        dnagpt_files.read_metrics(path)


def test_evaluation_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text('{"format_version": 9}')
    with pytest.raises(dnagpt_files.FileError, match="format version 9"):
        dnagpt_files.read_evaluation(path)


def write_set(path: Path, **changed: object) -> None:
    text = h5py.string_dtype()
    arrays = {
        "/id": np.array(["a", "b", "c"], dtype=text),
        "/group": np.array([0, 1, 1], np.int32),
        "/split": np.array([0, 2, 2], np.uint8),
        "/first_base": np.array([0, 5, 5, 7], np.int64),
        "/bases": np.array([0, 1, 2, 3, 4, 4, 1], np.uint8),
        "/classes": np.array(["negative", "positive"], dtype=text),
        "/label": np.array([1, 0, 1], np.int32),
        "/number_names": np.array(["x", "y"], dtype=text),
        "/numbers": np.arange(6.0).reshape(3, 2),
    }
    attributes = {"format": "dnagpt labelled set", "format_version": 2, "answer": "class"}
    attributes |= {"species_token": "R", "target_name": ""}
    dnagpt_files.write_arrays(path, arrays, attributes | changed)


def test_labelled_set_is_read(tmp_path: Path) -> None:
    write_set(tmp_path / "set.h5")
    labelled = dnagpt_files.read_labelled_set(tmp_path / "set.h5")
    assert labelled.answer == "class"
    assert list(labelled.id) == ["a", "b", "c"]
    assert labelled.sequences == ["NAGCT", "", "TA"]
    assert list(labelled.split) == ["train", "test", "test"]
    assert labelled.classes == ["negative", "positive"]
    assert list(labelled.label) == [1, 0, 1]
    assert labelled.number_names == ["x", "y"]
    assert labelled.numbers[2].tolist() == [4.0, 5.0]
    assert len(labelled.target) == 0
    assert labelled.sites == {}


def test_other_sets_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path / "set.h5", format_version=1)
    with pytest.raises(dnagpt_files.FileError, match="has set format 1"):
        dnagpt_files.read_labelled_set(tmp_path / "set.h5")
    write_shard(tmp_path / "shard.h5")
    with pytest.raises(dnagpt_files.FileError, match="is no labelled set"):
        dnagpt_files.read_labelled_set(tmp_path / "shard.h5")


def test_a_broken_config_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(dnagpt_files.FileError, match="is not there"):
        dnagpt_files.read_config(path)
    path.write_text("[run")
    with pytest.raises(dnagpt_files.FileError, match="is no TOML"):
        dnagpt_files.read_config(path)


def test_words_are_numbered_as_in_the_vocabulary() -> None:
    table = dnagpt_files.word_codes()
    assert table.shape == (15_625, 6)
    assert list(table[0]) == [0] * 6
    assert list(table[3906]) == [1] * 6
    assert list(table[4281]) == [1, 1, 4, 1, 1, 1]
    assert list(table[15_624]) == [4] * 6
