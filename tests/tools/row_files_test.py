"""A file of rows is read by its own format's name alone."""

import json
from pathlib import Path

import numpy as np
import pytest

import dnagpt_files
import row_files
from dnagpt_files import FileError


def test_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = {
        "format": "dnagpt logits",
        "format_version": 1,
        "settings": json.dumps({"logits_at": "last"}),
    }
    arrays = {"/logits": np.zeros((2, 3))}
    monkeypatch.setattr(dnagpt_files, "read_arrays", lambda _: (arrays, attributes))
    assert row_files.read_rows(Path("f.h5"), "dnagpt logits") == (arrays, {"logits_at": "last"})
    with pytest.raises(FileError, match="is 'dnagpt logits' version 1, not 'dnagpt attention'"):
        row_files.read_rows(Path("f.h5"), "dnagpt attention")
    attributes["format_version"] = 2
    with pytest.raises(FileError, match="version 2, not 'dnagpt logits' version 1"):
        row_files.read_rows(Path("f.h5"), "dnagpt logits")
