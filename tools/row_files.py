"""Reads HDF5 files of rows: logits, embeddings, attention (docs/file_formats.md)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import dnagpt_files
from dnagpt_files import FileError

VERSION = 1


def read_rows(path: Path, name: str) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and settings of a file of the format `name`; FileError for another one."""
    arrays, attributes = dnagpt_files.read_arrays(path)
    found = attributes.get("format"), attributes.get("format_version")
    if found != (name, VERSION):
        raise FileError(
            f"{path} is '{found[0]}' version {found[1]}, not '{name}' version {VERSION}"
        )
    return arrays, json.loads(str(attributes["settings"]))
