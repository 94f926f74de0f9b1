"""Haplotypes as matrices of alleles: .hapt files, haplotype sets, and where their sites lie.

A .hapt file (Yelmen et al. 2021, "Creating artificial human genomes using generative neural
networks", PLoS Genetics 17(2)) is text, plain or gzip: one haplotype a line with a tag, an id and
one field 0 or 1 for each site, separated by blanks. The two haplotypes of a person bear its id
followed by _A and _B.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

import dnagpt_files
from dnagpt_files import FileError
from whole_files import written_whole

SPLITS = {"train": 0, "validation": 1, "test": 2}
"""Numbers of the dataset /split of a labelled set."""

ALLELE_BASES = {1: 0, 2: 1}
"""Alleles by the base codes that stand for them in a haplotype set: A is 0, G is 1."""

SET_VERSION = 2
NO_ALLELE = 255
GZIP_MAGIC = b"\x1f\x8b"
ZERO = ord("0")
BYTE_ORDER_MARK = "\ufeff"
POSITION = ("position", "pos")
CONTIG = ("contig", "chrom", "chr")
"""Names of the columns of a legend, as `dnagpt-prep haplotypes --legend` knows them."""


@dataclasses.dataclass(frozen=True)
class Sites:
    """Contig (S) and position in bases (S) of each site; only differences of positions count."""

    contigs: np.ndarray
    positions: np.ndarray


@dataclasses.dataclass(frozen=True)
class Haplotypes:
    """Alleles (rows, S) uint8, 0 or 1; ids (rows); the sites where the file says where they lie."""

    path: Path
    ids: list[str]
    alleles: np.ndarray
    sites: Sites | None = None

    @property
    def persons(self) -> list[str]:
        """The person of each row."""
        return [person_of(name) for name in self.ids]


def person_of(name: str) -> str:
    """A haplotype's id without the trailing _A or _B."""
    return name[:-2] if name.endswith(("_A", "_B")) else name


def text_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbers, from 1, and contents of a text file's lines that are not blank, plain or gzip."""
    if not path.is_file():
        raise FileError(f"{path} is not there; check the path")
    with path.open("rb") as file:
        is_gzip = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    try:
        with gzip.open(path) if is_gzip else path.open("rb") as file:
            yield from ((n, line) for n, line in enumerate(file, start=1) if line.strip())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(f"{path} is damaged ({error}); make or copy it again") from error


def alleles_of(fields: Sequence[bytes], place: str) -> np.ndarray:
    """The fields of one row (S) as alleles; FileError names the first that is not 0 or 1."""
    alleles = np.frombuffer(b"".join(fields), np.uint8) - ZERO
    if len(alleles) != len(fields) or (alleles > 1).any():
        site, wrong = next((n, f) for n, f in enumerate(fields) if f not in (b"0", b"1"))
        raise FileError(
            f"{place} holds '{wrong.decode(errors='replace')}' at site {site + 1} (not 0 or 1); "
            "give phased haplotypes of two alleles, missing ones filled in"
        )
    return alleles


def read_hapt(path: Path) -> Haplotypes:
    """A .hapt file, plain or gzip."""
    ids, rows = [], []
    for number, line in text_lines(path):
        place = f"{path} row {number}"
        fields = line.split()
        if len(fields) < 3:
            raise FileError(f"{place} holds no sites (it needs tag, id, alleles); check the file")
        if rows and len(fields) - 2 != len(rows[0]):
            raise FileError(
                f"{place} holds {len(fields) - 2} sites (the rows before hold {len(rows[0])}); "
                "all haplotypes of a file must have the same sites"
            )
        ids.append(fields[1].decode(errors="replace"))
        rows.append(alleles_of(fields[2:], place))
    if not rows:
        raise FileError(f"{path} holds no haplotypes (it is empty); check the path")
    return Haplotypes(path, ids, np.stack(rows))


def write_hapt(path: Path, tag: str, ids: Sequence[str], alleles: np.ndarray) -> None:
    """Writes alleles (rows, S) as a .hapt file; gzip where the name ends in .gz."""
    text = np.full((len(alleles), 2 * alleles.shape[1]), ord(" "), np.uint8)
    text[:, 1::2] = alleles + ZERO
    with written_whole(path) as partial, partial.open("wb") as file:
        is_gzip = path.suffix == ".gz"
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) if is_gzip else file as lines:
            for name, row in zip(ids, text, strict=True):
                lines.write(f"{tag} {name}".encode() + row.tobytes() + b"\n")


def set_alleles(path: Path, file: h5py.File) -> np.ndarray:
    """The alleles (rows, S) of all splits of an open haplotype set."""
    starts = file["first_base"][()]
    lengths = np.unique(np.diff(starts))
    if len(lengths) != 1:
        raise FileError(f"{path} holds haplotypes of {len(lengths)} lengths; make the set again")
    codes = np.full(256, NO_ALLELE, np.uint8)
    codes[list(ALLELE_BASES)] = list(ALLELE_BASES.values())
    alleles = codes[file["bases"][()]].reshape(-1, lengths[0])
    if (alleles == NO_ALLELE).any():
        row = int((alleles == NO_ALLELE).any(axis=1).argmax())
        raise FileError(
            f"{path} row {row + 1} holds bases other than A and G; "
            "make the set with `dnagpt-prep haplotypes`"
        )
    return alleles


def set_sites(file: h5py.File) -> Sites | None:
    """The sites of an open haplotype set, or None where it does not name them."""
    if "sites" not in file:
        return None
    columns = dnagpt_files.columns_of(file["sites"])
    return Sites(columns["contig"], columns["position"])


def read_set(path: Path, split: str) -> Haplotypes:
    """One split of a haplotype set (docs/file_formats.md, labelled set with the answer `words`)."""
    with dnagpt_files.open_file(path) as file:
        attributes = dnagpt_files.attributes_of(file)
        answer, version = attributes.get("answer"), attributes.get("format_version")
        if version != SET_VERSION:
            raise FileError(
                f"{path} has format version {version} (this tool reads sets of version "
                f"{SET_VERSION}); make the set again"
            )
        if answer != "words":
            raise FileError(
                f"{path} is no haplotype set (its answer is {answer}, not words); "
                "make one with `dnagpt-prep haplotypes`"
            )
        rows = np.flatnonzero(file["split"][()] == SPLITS[split])
        if not len(rows):
            raise FileError(f"{path} holds no haplotype in the split {split}; make the set again")
        ids = dnagpt_files.plain_array(file["id"])[rows].tolist()
        return Haplotypes(path, ids, set_alleles(path, file)[rows], set_sites(file))


def legend_fields(line: str, separator: str) -> list[str]:
    """The fields of a line, quoted or not, without the blanks around them."""
    parts = line.split('"')
    parts[::2] = [part.replace(separator, "\0") for part in parts[::2]]
    fields = [field.strip() for field in "".join(parts).split("\0")]
    return [field for field in fields if field] if separator == " " else fields


def place_of(names: Sequence[str], head: Sequence[str]) -> int | None:
    """The first column that bears one of these names."""
    return next((place for place, name in enumerate(head) if name in names), None)


def read_legend(path: Path) -> Sites:
    """The sites of a legend file: a head line that names columns, then one line a site.

    Columns are separated as the head line shows, by tabs, else commas, else blanks. One of POSITION
    (bases) is needed, one of CONTIG where there is more than one contig.
    """
    lines = [(number, line.decode(errors="replace")) for number, line in text_lines(path)]
    first = lines[0][1].removeprefix(BYTE_ORDER_MARK) if lines else ""
    separator = next((mark for mark in "\t," if mark in first), " ")
    head = [name.removeprefix("#").lower() for name in legend_fields(first, separator)]
    position, contig = place_of(POSITION, head), place_of(CONTIG, head)
    if position is None:
        raise FileError(
            f"{path} has no column `position` or `pos` (its first line must name the columns, such "
            "as `id position a0 a1`); add a head line"
        )
    contigs, positions = [], []
    for number, line in lines[1:]:
        fields = legend_fields(line, separator)
        value = fields[position] if len(fields) == len(head) else ""
        if not value.isdecimal():
            raise FileError(
                f"{path} row {number} does not fit its head line ({len(head)} columns, "
                f"`{head[position]}` a whole number of bases); mend the row"
            )
        contigs.append(fields[contig] if contig is not None else "")
        positions.append(int(value))
    return Sites(np.array(contigs, dtype=object), np.array(positions, np.int64))


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """The two ways to name the training people: --train and --set."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--train", type=Path, metavar="FILE", help=".hapt file (plain or gzip) of training people"
    )
    source.add_argument(
        "--set", type=Path, metavar="SET.h5", help="haplotype set of `dnagpt-prep haplotypes`"
    )


def read_training(options: argparse.Namespace) -> Haplotypes:
    """The training people that --train or --set names."""
    return read_hapt(options.train) if options.train else read_set(options.set, "train")
