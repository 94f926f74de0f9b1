"""The one reader of our files for the Python tools."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

Scalar = int | float | str


def write_arrays(path: Path, arrays: dict[str, np.ndarray], attributes: dict[str, Scalar]) -> None:
    """Writes a plain HDF5 file: one contiguous dataset per array, attributes on the root.

    Texts become fixed-length ASCII attributes. The file format is one that HDF5 1.10 reads.
    """
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        for name, array in sorted(arrays.items()):
            file.create_dataset(name, data=array)
        for name, value in attributes.items():
            file.attrs[name] = np.bytes_(value) if isinstance(value, str) else value


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Scalar]]:
    """All datasets of an HDF5 file by path ("/group/name"), and the attributes of its root."""
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            arrays["/" + name] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(keep)
        return arrays, {name: plain_value(value) for name, value in file.attrs.items()}


def plain_value(value: object) -> Scalar:
    """An attribute's value as int, float or str."""
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode() if isinstance(value, bytes) else value
