"""The head of our HDF5 files: digests of their contents, compared before HDF5 opens a file.

Digests are XXH3 of 64 bits, one for each 4 MiB; docs/file_formats.md describes the layout. Without
the package xxhash nothing is compared.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence
from pathlib import Path

try:
    import xxhash
except ImportError:
    xxhash = None

Region = tuple[str, int, int]
"""What lies where in a file, for messages about damage: name, offset and size in bytes."""
USER_BLOCK_MAGIC = bytes([0x89]) + b"DNAGPT\n"
USER_BLOCK_VERSION = 1
DIGEST_BLOCK_BYTES = 4 << 20
SMALLEST_USER_BLOCK = 512
METADATA_ALLOWANCE = 64 << 20
"""Bytes beside the arrays that a user block is made large enough for."""
HEAD = struct.Struct("<8sQqqq")
"""Magic, version, bytes of the user block, of the file, of the map of regions."""


class FileError(Exception):
    """A file that cannot be used: what is wrong (why); what to do."""


@dataclasses.dataclass(frozen=True)
class UserBlock:
    """Head of a file of ours; sizes in bytes."""

    bytes: int
    file_bytes: int
    digests: list[int]
    regions: list[Region]


def digest_block_starts(user_block: int, file_bytes: int) -> range:
    """Offsets of the blocks that are digested one by one, in bytes."""
    return range(user_block, file_bytes, DIGEST_BLOCK_BYTES)


def read_head(path: Path) -> bytes:
    """The whole user block; FileError where the file is not one of ours or was cut short."""
    if not path.is_file():
        raise FileError(f"{path} is not there; check the path")
    length = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(HEAD.size)
        if len(start) < HEAD.size or start[:8] != USER_BLOCK_MAGIC:
            raise FileError(f"{path} is no dnagpt file (its head is another); check the path")
        _, version, block_bytes, file_bytes, _ = HEAD.unpack(start)
        if version != USER_BLOCK_VERSION:
            raise FileError(
                f"{path} has file version {version} (this tool reads {USER_BLOCK_VERSION}); "
                "use the tools of the version that wrote it"
            )
        if length != file_bytes:
            raise FileError(
                f"{path} is damaged ({length} bytes long instead of {file_bytes}); "
                "make or copy it again"
            )
        return start + file.read(block_bytes - HEAD.size)


def parse_user_block(head: bytes) -> UserBlock:
    """What a whole user block says."""
    _, _, block_bytes, file_bytes, map_bytes = HEAD.unpack_from(head)
    count = len(digest_block_starts(block_bytes, file_bytes))
    digests = list(struct.unpack_from(f"<{count}Q", head, HEAD.size))
    start = HEAD.size + 8 * count
    lines = head[start : start + map_bytes].decode().splitlines()
    fields = [line.split("\t") for line in lines]
    regions = [(name, int(offset), int(size)) for name, offset, size in fields]
    return UserBlock(block_bytes, file_bytes, digests, regions)


def verify_file(path: Path) -> bool:
    """Compares all digests; FileError names what is damaged. False without xxhash: not compared."""
    head = read_head(path)
    if xxhash is None:
        return False
    if xxhash.xxh3_64_intdigest(head[:-8]) != int.from_bytes(head[-8:], "little"):
        raise FileError(f"{path} is damaged in its head; make or copy it again")
    block = parse_user_block(head)
    starts = digest_block_starts(block.bytes, block.file_bytes)
    with path.open("rb") as file:
        for index, (start, digest) in enumerate(zip(starts, block.digests, strict=True)):
            file.seek(start)
            part = file.read(DIGEST_BLOCK_BYTES)
            if xxhash.xxh3_64_intdigest(part) != digest:
                end = start + len(part)
                touched = [n for n, at, size in block.regions if at < end and start < at + size]
                raise FileError(
                    f"{path} is damaged in block {index} (bytes {start} to {end - 1}"
                    f"{': ' if touched else ''}{', '.join(touched)}); make or copy it again"
                )
    return True


def user_block_bytes(payload_bytes: int, map_bytes: int) -> int:
    """Bytes of the user block of a file with so many bytes of arrays and of its map."""
    blocks = len(digest_block_starts(0, payload_bytes + METADATA_ALLOWANCE))
    needed = HEAD.size + 8 * (blocks + 1) + map_bytes
    return max(SMALLEST_USER_BLOCK, 1 << (needed - 1).bit_length())


def seal_file(
    path: Path, user_block: int = SMALLEST_USER_BLOCK, regions: Sequence[Region] = ()
) -> None:
    """Digests an HDF5 file with this many bytes of user block, and writes that block."""
    if xxhash is None:
        raise FileError(f"cannot seal {path} (the package xxhash is missing); install it")
    length = path.stat().st_size
    region_map = "".join(f"{name}\t{at}\t{size}\n" for name, at, size in regions).encode()
    with path.open("r+b") as file:
        file.seek(user_block)
        digests = b"".join(
            xxhash.xxh3_64_digest(file.read(DIGEST_BLOCK_BYTES))[::-1]
            for _ in digest_block_starts(user_block, length)
        )
        sizes = (user_block, length, len(region_map))
        head = HEAD.pack(USER_BLOCK_MAGIC, USER_BLOCK_VERSION, *sizes) + digests + region_map
        if len(head) + 8 > user_block:
            raise FileError(f"cannot seal {path} (its user block is too small); make it larger")
        head = head.ljust(user_block - 8, b"\0")
        file.seek(0)
        file.write(head + xxhash.xxh3_64_digest(head)[::-1])
