#!/usr/bin/env python3
"""Holds the sources to the staircase of rooms and to the fences around vendor headers.

A room includes only its own headers and those of rooms further down; each vendor header is
included in the files of docs/architecture.md's table and nowhere else; a vendor file for CUDA
never meets Kokkos, not even through another header; a source includes its own header first.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOMS = "core config io genome data comm device ops model checkpoint eval train apps".split()
DATA_PREP_MAY_INCLUDE = ROOMS[:6]

CUDA_VENDOR_FILES = (
    "src/ops/gemm_cublaslt.cpp",
    "src/ops/attention_cudnn.cpp",
    "src/comm/device_collectives_nccl.cpp",
)
KOKKOS_ROOMS = tuple(
    pattern for room in ROOMS[6:] for pattern in (f"src/{room}/*", f"include/dnagpt/{room}/*")
)

# (pattern of the included header, patterns of the files that may include it)
FENCES = (
    ("hdf5*.h", ("src/io/hdf5_file.cpp",)),
    ("H5*.h", ("src/io/hdf5_file.cpp",)),
    ("toml++/*", ("src/config/*.cpp",)),
    (
        "htslib/*",
        (
            "src/genome/fasta_reader.cpp",
            "src/genome/indexed_fasta.cpp",
            "src/genome/variant_reader.cpp",
        ),
    ),
    ("mpi.h", ("src/comm/*",)),
    ("nccl.h", ("src/comm/device_collectives_nccl.cpp",)),
    ("Kokkos_*", KOKKOS_ROOMS),
    ("cublas*.h", ("src/ops/gemm_*.cpp",)),
    ("dnnl*", ("src/ops/gemm_*.cpp",)),
    ("oneapi/*", ("src/ops/gemm_*.cpp",)),
    ("cudnn*", ("src/ops/attention_cudnn.cpp",)),
    ("cuda*.h", ("src/device/*", *CUDA_VENDOR_FILES)),
)

KOKKOS_FREE = (
    *CUDA_VENDOR_FILES,
    "include/dnagpt/core/bf16.hpp",
    "include/dnagpt/core/stream.hpp",
)

FORBIDDEN_NAMES = "util utils common manager base helper helpers impl".split()
SOURCE_FOLDERS = ("include/dnagpt", "src", "data_prep")
NAMED_FOLDERS = (*SOURCE_FOLDERS, "tests", "tools", "cmake")
SOURCE_SUFFIXES = (".hpp", ".cpp", ".cu")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


@dataclass(frozen=True)
class SourceFile:
    """One source: its path from the project's top and the headers that it includes."""

    path: str
    includes: tuple[str, ...]

    @property
    def room(self) -> str:
        """Name of the file's room, `data_prep`, or an empty string."""
        parts = self.path.split("/")
        if parts[0] == "include":
            return parts[2] if len(parts) > 3 else ""
        if parts[0] == "src":
            return parts[1] if len(parts) > 2 else ""
        return parts[0]


def read_sources(root: Path) -> dict[str, SourceFile]:
    """Every C++ source of the rooms and of data_prep, by path."""
    sources = {}
    for folder in SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in SOURCE_SUFFIXES and file.is_file():
                path = file.relative_to(root).as_posix()
                text = file.read_text(encoding="utf-8")
                sources[path] = SourceFile(path, tuple(INCLUDE.findall(text)))
    return sources


def included_room(header: str) -> str | None:
    """The room of a header of ours, None for others."""
    parts = header.split("/")
    return parts[1] if parts[0] == "dnagpt" and len(parts) > 2 else None


def allowed_rooms(room: str) -> list[str]:
    """The rooms whose headers a file of `room` may include."""
    if room == "data_prep":
        return DATA_PREP_MAY_INCLUDE
    return ROOMS[: ROOMS.index(room) + 1]


def layer_faults(source: SourceFile) -> Iterator[str]:
    """Includes that go uphill, or name no room."""
    if source.room != "data_prep" and source.room not in ROOMS:
        yield f"{source.path}: '{source.room}' is no room; the rooms are {', '.join(ROOMS)}"
        return
    allowed = allowed_rooms(source.room)
    for header in source.includes:
        if ".." in header.split("/"):
            yield f"{source.path}: includes {header} (a way around the rooms); name it dnagpt/..."
        room = included_room(header)
        if room is not None and room not in allowed:
            yield (
                f"{source.path}: includes {header} ('{source.room}' may include only "
                f"{', '.join(allowed)}); move the code or the declaration down"
            )


def own_header(path: str) -> str:
    """The header that declares what a source defines."""
    return path.replace("src/", "dnagpt/", 1).replace(".cpp", ".hpp")


def order_faults(sources: dict[str, SourceFile]) -> Iterator[str]:
    """Sources that do not include their own header first, which shows that it compiles alone."""
    for source in sources.values():
        header = own_header(source.path)
        if f"include/{header}" in sources and source.includes[:1] != (header,):
            yield f"{source.path}: must include {header} before all others (so it compiles alone)"


def fence_faults(source: SourceFile) -> Iterator[str]:
    """Vendor headers outside their files."""
    for header in source.includes:
        for pattern, places in FENCES:
            inside = any(fnmatchcase(source.path, place) for place in places)
            if fnmatchcase(header, pattern) and not inside:
                yield (
                    f"{source.path}: includes {header} (only in {', '.join(places)}); "
                    "call that file's own header instead"
                )


def reached_headers(path: str, sources: dict[str, SourceFile]) -> set[str]:
    """Every header that the file meets, through headers of ours too."""
    reached: set[str] = set()
    waiting = [path]
    while waiting:
        source = sources.get(waiting.pop())
        for header in source.includes if source else ():
            if header not in reached:
                reached.add(header)
                waiting.append(f"include/{header}")
    return reached


def kokkos_faults(sources: dict[str, SourceFile]) -> Iterator[str]:
    """Files that must compile without Kokkos and meet it."""
    for path in KOKKOS_FREE:
        for header in sorted(reached_headers(path, sources)):
            if header.startswith("Kokkos_"):
                yield f"{path}: meets {header} (it must compile without Kokkos)"


def name_faults(root: Path) -> Iterator[str]:
    """Files and folders whose name says nothing about what they hold."""
    for folder in NAMED_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            stem = file.name.split(".")[0].lower()
            if stem in FORBIDDEN_NAMES or stem.endswith(("_utils", "_helpers", "_impl")):
                yield (
                    f"{file.relative_to(root).as_posix()}: the name '{stem}' tells no reader what "
                    "is inside; name the one thing it holds"
                )


def find_faults(root: Path) -> list[str]:
    """Everything under `root` that breaks a rule, one line each."""
    sources = read_sources(root)
    if not sources:
        return [f"no sources found in {', '.join(SOURCE_FOLDERS)}; is --root the project's top?"]
    faults = []
    for source in sources.values():
        faults += layer_faults(source)
        faults += fence_faults(source)
    faults += order_faults(sources)
    faults += kokkos_faults(sources)
    faults += name_faults(root)
    return faults


def main() -> int:
    """Prints the faults; the exit status is 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).resolve().parent.parent,
        help="top folder of the project (default: the one this script stands in)",
    )
    arguments = parser.parse_args()
    faults = find_faults(arguments.root)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{len(read_sources(arguments.root))} sources keep to the staircase and the fences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
