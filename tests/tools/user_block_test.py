"""Damage is named by what lies there, and a file is written whole or not at all."""

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


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with user_block.written_whole(path, 4) as partial:
        partial.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with pytest.raises(ZeroDivisionError), user_block.written_whole(path, 4) as partial:
        partial.write_text("half")
        1 / 0  # noqa: B018
    too_large = user_block.written_whole(path, 1 << 60)
    with pytest.raises(user_block.FileError, match="MiB are needed"), too_large:
        pass
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
