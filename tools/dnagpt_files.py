"""The one reader of our file formats for the Python tools.

HDF5 files of ours (shards, checkpoints, labelled sets) carry XXH3 digests of their contents in the
HDF5 user block; they are compared before HDF5 opens the file, where the package xxhash is there.
docs/file_formats.md describes the layouts.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from user_block import (
    SMALLEST_USER_BLOCK,
    FileError,
    Region,
    seal_file,
    user_block_bytes,
    verify_file,
)
from whole_files import written_whole

Scalar = int | float | str

REGION_LINE_BYTES = 128
"""At most, of a tensor's line in the map of a user block."""
HDF5_VERSIONS = ("earliest", "v110")
"""Bounds of the format of what is written: HDF5 1.10 reads it."""
TENSOR_ALIGNMENT = 128
"""Tensors of a checkpoint begin at multiples of so many elements."""
STATES = ("master", "adam_m", "adam_v")
"""The flat vectors of a checkpoint."""
CHECKPOINT = "checkpoint"
CHECKPOINT_VERSION = 1
EVALUATION_VERSION = 1
LABELLED_SET = "dnagpt labelled set"
LABELLED_SET_VERSION = 2
BASES = "NAGCT"
"""The base of each code in our files."""
BASES_PER_WORD = 6
WORDS_OF_BASES = len(BASES) ** BASES_PER_WORD
SPLITS = ("train", "validation", "test")
"""The split of each code in a labelled set."""


def word_codes() -> np.ndarray:
    """Codes of the bases of each word (15625, 6), as in BASES; the first base is slowest."""
    powers = len(BASES) ** np.arange(BASES_PER_WORD - 1, -1, -1)
    return (np.arange(WORDS_OF_BASES)[:, None] // powers % len(BASES)).astype(np.int8)


@dataclasses.dataclass(frozen=True)
class Shard:
    """Tokens of one species and split, 6-mer numbers 0..15624, with the table of its contigs."""

    path: Path
    species: str
    split: str
    tokens: np.ndarray
    contigs: dict[str, np.ndarray]
    attributes: dict[str, Scalar]


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A training state: tensors by name, float32 (master weights, and Adam's two averages)."""

    path: Path
    step: int
    master: dict[str, np.ndarray]
    adam_m: dict[str, np.ndarray]
    adam_v: dict[str, np.ndarray]
    attributes: dict[str, Scalar]


@dataclasses.dataclass(frozen=True)
class LabelledSet:
    """Examples with their answers: one entry an example in id, sequences, group, split, answers.

    label (n) holds places in `classes` where the answer is a class; target (n) the numbers to be
    answered where it is a number; both are empty otherwise. numbers (n, F) are inputs, not scaled.
    """

    path: Path
    answer: str  # "class", "number" or "words"
    id: np.ndarray  # texts
    sequences: list[str]  # over N A G C T; empty texts where the set has none
    group: np.ndarray
    split: np.ndarray  # texts of SPLITS
    classes: list[str]
    label: np.ndarray
    target: np.ndarray
    target_name: str
    numbers: np.ndarray
    number_names: list[str]
    species_token: str
    sites: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Lines of a metrics.jsonl by kind, each in the order of the file."""

    steps: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    restarts: list[int]  # steps after which the run was resumed or rolled back


def write_arrays(path: Path, arrays: dict[str, np.ndarray], attributes: dict[str, Scalar]) -> None:
    """Writes a sealed HDF5 file: one contiguous dataset per array, attributes on the root."""
    head = {"libver": HDF5_VERSIONS, "userblock_size": SMALLEST_USER_BLOCK}
    with written_whole(path, sum(array.nbytes for array in arrays.values())) as partial:
        with h5py.File(partial, "w", **head) as file:
            for name, array in sorted(arrays.items()):
                file.create_dataset(name, data=array)
            for name, value in attributes.items():
                file.attrs[name] = value
        seal_file(partial)


def plain_value(value: object) -> Scalar:
    """An attribute's value as int, float or str."""
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    return value.decode() if isinstance(value, bytes) else value


def plain_array(dataset: h5py.Dataset) -> np.ndarray:
    """A dataset's values; texts as str."""
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    return np.array(dataset.asstr()[()], dtype=object) if is_text else dataset[()]


def open_file(path: Path) -> h5py.File:
    """Verifies a file of ours and opens it for reading."""
    verify_file(path)
    return h5py.File(path, "r")


def attributes_of(file: h5py.File) -> dict[str, Scalar]:
    """All attributes of the root."""
    return {name: plain_value(value) for name, value in file.attrs.items()}


def datasets_of(group: h5py.Group) -> dict[str, np.ndarray]:
    """All datasets at or below a group, by their path from the root of the file."""
    arrays: dict[str, np.ndarray] = {}

    def keep(_: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[item.name] = plain_array(item)

    group.visititems(keep)
    return arrays


def columns_of(group: h5py.Group) -> dict[str, np.ndarray]:
    """The columns of a table: datasets of a group by the last part of their path."""
    return {name.rpartition("/")[2]: column for name, column in datasets_of(group).items()}


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Scalar]]:
    """All datasets by path ("/group/name"), and the attributes of the root."""
    with open_file(path) as file:
        return datasets_of(file), attributes_of(file)


def shard_of(path: Path, file: h5py.File) -> Shard:
    """The shard in an open file; the contigs' columns by name."""
    if "tokens" not in file:
        raise FileError(f"{path} is no shard (it has no dataset `tokens`); check the path")
    attributes = attributes_of(file)
    contigs = columns_of(file["contigs"]) if "contigs" in file else {}
    species, split = str(attributes["species"]), str(attributes["split"])
    return Shard(path, species, split, file["tokens"][()], contigs, attributes)


def read_shard(path: Path) -> Shard:
    """A token shard."""
    with open_file(path) as file:
        return shard_of(path, file)


def iterate_shards(folder: Path, split: str) -> Iterator[Shard]:
    """The shards of one split in a folder, in the order of their names."""
    paths = sorted(folder.glob("*.h5"))
    if not paths:
        raise FileError(f"{folder} holds no shards (no *.h5); run `dnagpt-prep shard` first")
    for path in paths:
        with open_file(path) as file:
            if plain_value(file.attrs.get("split", "")) == split:
                yield shard_of(path, file)


def cut_tensors(flat: np.ndarray, layout: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Views of a flat vector by tensor name; offsets in elements, shapes padded with zeros."""
    tensors = {}
    columns = (layout[column] for column in ("name", "offset", "shape"))
    for name, offset, shape in zip(*columns, strict=True):
        size = tuple(int(extent) for extent in np.atleast_1d(shape) if extent > 0)
        tensors[str(name)] = flat[offset : offset + int(np.prod(size))].reshape(size)
    return tensors


def read_states(path: Path, file: h5py.File, states: Sequence[str]) -> list[dict[str, np.ndarray]]:
    """Flat vectors of an open checkpoint, cut into tensors by its layout."""
    if "state/layout" not in file:
        raise FileError(f"{path} is no checkpoint (it has no /state/layout); check the path")
    layout = columns_of(file["state/layout"])
    return [cut_tensors(file[f"state/{state}"][()], layout) for state in states]


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint with all three states, cut into tensors by its layout."""
    with open_file(path) as file:
        states = read_states(path, file, STATES)
        attributes = attributes_of(file)
        return Checkpoint(path, int(attributes["step"]), *states, attributes=attributes)


def read_weights(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Scalar]]:
    """A checkpoint's master weights by tensor name, float32, and its attributes."""
    with open_file(path) as file:
        (weights,) = read_states(path, file, STATES[:1])
        attributes = attributes_of(file)
    if attributes["format_version"] != CHECKPOINT_VERSION:
        raise FileError(
            f"{path} has checkpoint version {attributes['format_version']} (this tool reads "
            f"{CHECKPOINT_VERSION}); use the tools of the version that wrote it"
        )
    return weights, attributes


def lay_out_tensors(shapes: dict[str, tuple[int, ...]]) -> tuple[dict[str, np.ndarray], int]:
    """The columns of /state/layout for these tensors, and the length of the flat vectors."""
    spans = [math.ceil(math.prod(shape) / TENSOR_ALIGNMENT) for shape in shapes.values()]
    ends = TENSOR_ALIGNMENT * np.cumsum([0, *spans], dtype=np.int64)
    columns = max(map(len, shapes.values()))
    rows = [(*shape, *[0] * (columns - len(shape))) for shape in shapes.values()]
    layout = {
        "name": np.array(list(shapes), h5py.string_dtype()),
        "offset": ends[:-1],
        "shape": np.array(rows, np.int64),
    }
    return layout, int(ends[-1])


def create_zeros(file: h5py.File, name: str, elements: int) -> h5py.Dataset:
    """A float32 dataset of zeros that takes its place in the file at once."""
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_ALLOC)
    return file.create_dataset(name, (elements,), "<f4", dcpl=creation)


def tensor_regions(
    states: Sequence[h5py.Dataset], shapes: dict[str, tuple[int, ...]], offsets: np.ndarray
) -> list[Region]:
    """Where each tensor of each flat vector lies in the file; offsets in elements."""
    return [
        (f"{state.name} tensor {name}", state.id.get_offset() + 4 * offset, 4 * math.prod(shape))
        for state in states
        for (name, shape), offset in zip(shapes.items(), offsets, strict=True)
    ]


def write_checkpoint(
    path: Path,
    shapes: dict[str, tuple[int, ...]],
    read: Callable[[str], np.ndarray],
    attributes: dict[str, Scalar],
) -> None:
    """Writes a sealed checkpoint with these tensors in this order; Adam's averages are zero.

    read(name) gives a tensor's float32 values when its turn has come: one is in memory at a time.
    FileError where the file cannot be written; nothing half-written has its name.
    """
    layout, elements = lay_out_tensors(shapes)
    payload = 4 * len(STATES) * elements
    user_block = user_block_bytes(payload, REGION_LINE_BYTES * len(STATES) * len(shapes))
    kind = {"kind": CHECKPOINT, "format_version": CHECKPOINT_VERSION}
    with written_whole(path, user_block + payload) as partial:
        with h5py.File(partial, "w", libver=HDF5_VERSIONS, userblock_size=user_block) as file:
            file.attrs.update(attributes | kind)
            for column, values in layout.items():
                file[f"state/layout/{column}"] = values
            file["skip_list"] = np.zeros(0, np.int64)
            states = [create_zeros(file, f"state/{state}", elements) for state in STATES]
            for name, offset in zip(shapes, layout["offset"], strict=True):
                states[0][offset : offset + math.prod(shapes[name])] = read(name).ravel()
            regions = tensor_regions(states, shapes, layout["offset"])
        seal_file(partial, user_block, regions)


def cut_sequences(file: h5py.File) -> list[str]:
    """The sequences of a labelled set as texts; empty ones where it has no bases."""
    first = file["first_base"][()]
    codes = file["bases"][()] if "bases" in file else np.zeros(0, np.uint8)
    text = np.frombuffer(BASES.encode(), np.uint8)[codes].tobytes().decode()
    return [text[start:end] for start, end in itertools.pairwise(first)]


def check_set_version(path: Path, attributes: dict[str, Scalar]) -> None:
    """FileError where a file is no labelled set of the version that is read here."""
    if attributes.get("format") != LABELLED_SET:
        raise FileError(
            f"{path} is no labelled set (its format is {attributes.get('format', 'another')!r}); "
            "make one with `dnagpt-prep signals` or `dnagpt-prep expression`"
        )
    if attributes["format_version"] != LABELLED_SET_VERSION:
        raise FileError(
            f"{path} has set format {attributes['format_version']} (this tool reads "
            f"{LABELLED_SET_VERSION}); make the set again with this version"
        )


def read_labelled_set(path: Path) -> LabelledSet:
    """A labelled set of `dnagpt-prep signals`, `expression` or `haplotypes`."""
    with open_file(path) as file:
        attributes = attributes_of(file)
        check_set_version(path, attributes)

        def column(name: str, kind: type = float) -> np.ndarray:
            return plain_array(file[name]) if name in file else np.zeros(0, kind)

        ids = column("id", object)
        return LabelledSet(
            path=path,
            answer=str(attributes["answer"]),
            id=ids,
            sequences=cut_sequences(file),
            group=column("group", int),
            split=np.array(SPLITS, dtype=object)[column("split", int)],
            classes=list(column("classes", object)),
            label=column("label", int),
            target=column("target"),
            target_name=str(attributes["target_name"]),
            numbers=column("numbers") if "numbers" in file else np.zeros((len(ids), 0)),
            number_names=list(column("number_names", object)),
            species_token=str(attributes["species_token"]),
            sites=columns_of(file["sites"]) if "sites" in file else {},
        )


def read_config(path: Path) -> dict[str, Any]:
    """The settings of a run by section, from its config.toml."""
    if not path.is_file():
        raise FileError(f"{path} is not there; check the run folder")
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path} is no TOML file ({error}); check the run folder") from error


def read_metrics(path: Path) -> Metrics:
    """A run's metrics.jsonl; a half-written last line is left out."""
    if not path.is_file():
        raise FileError(f"{path} is not there (no step was written yet?); check the run folder")
    metrics = Metrics([], [], [])
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError(f"{path} line {number} is no JSON object ({error.msg})") from error
        if "evaluation" in entry:
            metrics.evaluations.append(entry["evaluation"])
        elif restart := entry.get("resumed") or entry.get("rolled_back"):
            metrics.restarts.append(int(restart["step"]))
        elif "step" in entry:
            metrics.steps.append(entry)
    return metrics


def read_result(path: Path, version: int, maker: str) -> dict[str, Any]:
    """A JSON file of results, whose version is checked; `maker` is the command that writes it."""
    if not path.is_file():
        raise FileError(f"{path} is not there; run `{maker}` first")
    try:
        result = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is no JSON file ({error.msg}); run `{maker}` again") from error
    found = result.get("format_version")
    if found != version:
        raise FileError(
            f"{path} has format version {found} (this tool reads {version}); "
            "use the tools of the version that wrote it"
        )
    return result


def read_evaluation(path: Path) -> dict[str, Any]:
    """An evaluation.json; keys as in docs/file_formats.md."""
    return read_result(path, EVALUATION_VERSION, "dnagpt evaluate")
