"""Files that are there whole or not at all: written beside their place, then put there.

While a file is written, `.<process>.tmp` stands behind its name. An older one stays until then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from user_block import FileError

if TYPE_CHECKING:  # most tools draw nothing
    from matplotlib.figure import Figure


def require_space(path: Path, needed: int) -> None:
    """FileError where so many bytes do not fit beside what the disk holds."""
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise FileError(
            f"cannot write {path} ({needed / 2**20:,.1f} MiB are needed, {free / 2**20:,.1f} are "
            "free); free some space or choose another folder"
        )


def sync(path: Path) -> None:
    """Waits until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def written_whole(path: Path, needed: int = 0) -> Iterator[Path]:
    """A temporary name beside `path`: renamed to it at the end, removed where writing fails.

    FileError where the file, of `needed` bytes, cannot be written; an older one then stays. What a
    link points to is written, and a pipe or a terminal as it comes.
    """
    target = path.resolve()
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        require_space(target, needed)
        temporary.touch()
        rights = temporary.stat().st_mode
        yield temporary
        temporary.chmod(rights)  # some writers put a file of their own there
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    except OSError as error:
        raise FileError(
            f"cannot write {path} ({error}); check its folder and the free space"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file; FileError where it cannot be written."""
    with written_whole(path) as partial:
        partial.write_text(text)


def save_figure(figure: Figure, path: Path, dpi: int = 130) -> None:
    """Draws a figure in the format that the name ends in, else as PNG; FileError as above."""
    with written_whole(path) as partial:
        figure.savefig(partial, dpi=dpi, format=path.suffix.removeprefix(".") or "png")
