"""Small labelled sets for the tests of the baselines."""

from pathlib import Path

import h5py
import numpy as np

import dnagpt_files


def split_of(groups: np.ndarray) -> np.ndarray:
    """Codes of train, validation and test, whole groups, about 6 : 2 : 2."""
    return np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 2], np.uint8)[groups % 10]


def write_set(path: Path, groups: np.ndarray, answers: dict[str, np.ndarray], kind: str) -> None:
    """A set of format 2; `answers` are further datasets, among them `/bases` (n, length)."""
    count = len(groups)
    text = h5py.string_dtype()
    bases = answers.pop("/bases", np.zeros((count, 0), np.uint8))
    arrays = {
        "/id": np.array([f"example {row}" for row in range(count)], dtype=text),
        "/group": groups.astype(np.int32),
        "/split": split_of(groups),
        "/first_base": np.arange(count + 1) * bases.shape[1],
        "/bases": bases.astype(np.uint8).ravel(),
    }
    attributes = {"format": "dnagpt labelled set", "format_version": 2, "answer": kind}
    attributes |= {"species_token": "R", "target_name": "y" if kind == "number" else ""}
    dnagpt_files.write_arrays(path, arrays | answers, attributes)


def write_classes(path: Path, count: int = 200, length: int = 90) -> None:
    """Positives hold ACGTTG at the bases 12, 36 and 60, where words begin."""
    random = np.random.default_rng(4)
    label = np.arange(count) % 2
    bases = random.integers(1, 5, (count, length))
    for place in (12, 36, 60):
        bases[label == 1, place : place + 6] = [1, 3, 2, 4, 4, 2]
    answers = {
        "/bases": bases,
        "/label": label.astype(np.int32),
        "/classes": np.array(["negative", "positive"], dtype=h5py.string_dtype()),
    }
    write_set(path, np.arange(count) // 2, answers, "class")


def write_numbers(path: Path, count: int = 300) -> None:
    """The target is 3 + 2 x1 - x2 and noise of deviation 0.5: r2 is 5 / 5.25 at best."""
    random = np.random.default_rng(6)
    numbers = random.normal(size=(count, 3))
    target = 3 + 2 * numbers[:, 0] - numbers[:, 1] + 0.5 * random.normal(size=count)
    answers = {
        "/numbers": numbers,
        "/number_names": np.array(["x1", "x2", "x3"], dtype=h5py.string_dtype()),
        "/target": target,
    }
    write_set(path, np.arange(count), answers, "number")
