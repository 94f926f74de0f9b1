"""Damage is named by what lies there."""

from pathlib import Path

import pytest

import user_block

needs_xxhash = pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")


@needs_xxhash
def test_regions_of_a_damaged_block_are_named(tmp_path: Path) -> None:
    """A user block with a map, put together by hand as docs/file_formats.md says."""
    xxhash = user_block.xxhash
    payload = bytes(range(256)) * 4
    text = b"/state/master\t512\t1000\n/state/adam_m\t1512\t24\n"
    head = user_block.HEAD.pack(b"\x89DNAGPT\n", 1, 512, 512 + len(payload), len(text))
    head += xxhash.xxh3_64_intdigest(payload).to_bytes(8, "little") + text
    head = head.ljust(504, b"\0")
    head += xxhash.xxh3_64_intdigest(head).to_bytes(8, "little")
    path = tmp_path / "file.h5"
    path.write_bytes(head + payload)
    assert user_block.verify_file(path)
    path.write_bytes(head + b"\1" + payload[1:])
    with pytest.raises(user_block.FileError, match=r"/state/master, /state/adam_m\)"):
        user_block.verify_file(path)
