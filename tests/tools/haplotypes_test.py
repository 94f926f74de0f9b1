"""Haplotype files come back as they were written, and what is wrong in one is named."""

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS
from conftest import PROGRAMS

import haplotypes
from dnagpt_files import FileError, write_arrays

ALLELES = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0]], np.uint8)
ATTRIBUTES = {"answer": "words", "format_version": 2}
IDS = ["p1_A", "p1_B", "p2_A", "other"]


def write_set(path: Path, **changes: object) -> Path:
    arrays = {
        "/id": np.array(IDS, dtype=h5py.string_dtype()),
        "/group": np.array([0, 0, 1, 2], np.int32),
        "/split": np.array([0, 2, 0, 1], np.uint8),
        "/first_base": np.array([0, 3, 6, 9, 12], np.int64),
        "/bases": ALLELES.ravel() + 1,
    }
    attributes = {name: changes.pop(name, old) for name, old in ATTRIBUTES.items()}
    write_arrays(path, arrays | changes, attributes)
    return path


@pytest.mark.parametrize("name", ["x.hapt", "x.hapt.gz"])
def test_a_written_file_is_read_again(tmp_path: Path, name: str) -> None:
    haplotypes.write_hapt(tmp_path / name, "Real", IDS, ALLELES)
    read = haplotypes.read_hapt(tmp_path / name)
    assert read.ids == IDS
    assert read.persons == ["p1", "p1", "p2", "other"]
    assert read.alleles.dtype == np.uint8
    assert (read.alleles == ALLELES).all()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_text_is_tag_id_and_fields(tmp_path: Path) -> None:
    haplotypes.write_hapt(tmp_path / "x.hapt", "T", ["a"], ALLELES[:1])
    assert (tmp_path / "x.hapt").read_text() == "T a 0 1 1\n"


def test_blanks_of_any_kind_and_gzip_by_its_contents(tmp_path: Path) -> None:
    path = tmp_path / "x.hapt"
    path.write_bytes(gzip.compress(b"T a 0\t1  1\r\n\nT b 1 0 0 \n"))
    assert (haplotypes.read_hapt(path).alleles == ALLELES[:2]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("T a 0 1 1\nT b 0 1\n", r"x.hapt row 2 holds 2 sites \(the rows before hold 3\)"),
        ("T a 0 1 1\nT b 0 2 1\n", r"x.hapt row 2 holds '2' at site 2 \(not 0 or 1\)"),
        ("T a 0 01 1\n", r"x.hapt row 1 holds '01' at site 2"),
        ("T a\n", "row 1 holds no sites"),
        ("\n", "holds no haplotypes"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.hapt").write_text(text)
    with pytest.raises(FileError, match=message):
        haplotypes.read_hapt(tmp_path / "x.hapt")


def test_missing_and_cut_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is not there"):
        haplotypes.read_hapt(tmp_path / "x.hapt")
    (tmp_path / "x.hapt.gz").write_bytes(gzip.compress(b"T a 0 1 1\n" * 100)[:-12])
    with pytest.raises(FileError, match="is damaged"):
        haplotypes.read_hapt(tmp_path / "x.hapt.gz")
    with pytest.raises(FileError, match="cannot write"):
        haplotypes.write_hapt(tmp_path / "x.hapt.gz" / "y.hapt", "T", IDS, ALLELES)


def test_a_set_is_read_by_split(tmp_path: Path) -> None:
    path = write_set(tmp_path / "set.h5")
    training = haplotypes.read_set(path, "train")
    assert training.ids == ["p1_A", "p2_A"]
    assert (training.alleles == ALLELES[[0, 2]]).all()
    assert training.sites is None
    assert (haplotypes.read_set(path, "test").alleles == ALLELES[[1]]).all()
    assert (haplotypes.read_set(path, "validation").alleles == ALLELES[[3]]).all()


def test_a_set_knows_its_sites(tmp_path: Path) -> None:
    contigs = np.array(["1", "1", "2"], dtype=h5py.string_dtype())
    sites = {"/sites/contig": contigs, "/sites/position": np.array([5, 9, 2], np.int64)}
    read = haplotypes.read_set(write_set(tmp_path / "set.h5", **sites), "train").sites
    assert list(read.contigs) == ["1", "1", "2"]
    assert list(read.positions) == [5, 9, 2]


def test_other_sets_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    with pytest.raises(FileError, match=r"its answer is class, not words"):
        haplotypes.read_set(write_set(path, answer="class"), "train")
    with pytest.raises(FileError, match="format version 3"):
        haplotypes.read_set(write_set(path, format_version=3), "train")
    bases = ALLELES.ravel() + 1
    bases[7] = 4
    with pytest.raises(FileError, match="row 3 holds bases other than A and G"):
        haplotypes.read_set(write_set(path, **{"/bases": bases}), "train")
    with pytest.raises(FileError, match="no haplotype in the split test"):
        haplotypes.read_set(write_set(path, **{"/split": np.zeros(4, np.uint8)}), "test")
    with pytest.raises(FileError, match="of 2 lengths"):
        haplotypes.read_set(
            write_set(path, **{"/first_base": np.array([0, 3, 6, 9, 11], np.int64)}), "train"
        )


def test_a_legend_gives_positions(tmp_path: Path) -> None:
    path = tmp_path / "x.legend"
    path.write_text("id chrom Position a0 a1\nrs1 15 27379578 A G\nrs2 16 200 C T\n")
    sites = haplotypes.read_legend(path)
    assert list(sites.positions) == [27379578, 200]
    assert list(sites.contigs) == ["15", "16"]
    path.write_text("rs1 27379578 A G\n")
    with pytest.raises(FileError, match="no column `position`"):
        haplotypes.read_legend(path)
    path.write_text("id position\nrs1 12\nrs2 x\n")
    with pytest.raises(FileError, match="row 3 does not fit"):
        haplotypes.read_legend(path)


LEGENDS = {
    "blanks": "id chrom position a0 a1\n rs1 15  100 A G\n\nrs2 15 200 C T\nrs3 16 7 C T\n",
    "tabs": "#CHROM\tPOS\tID\tREF\tALT\n15\t100\t\tA\tG\n15\t 200\trs2\tC\tT\n16\t7\t.\tC\tT\n",
    "commas": 'contig,"Pos",ref,alt,info\r\n15,100,A,G,"a, b"\r\n15, "200",C,T,\r\n16,7,C,T,\r\n',
    "first mark": "\ufeffchr,position,reference,alternative\n15,100,A,G\n15,200,C,T\n16,7,C,T\n",
}


@pytest.mark.parametrize("text", LEGENDS.values(), ids=LEGENDS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_legends_of_every_form_are_read(
    tmp_path: Path, text: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "x.legend"
    path.write_bytes(pack(text.encode()))
    sites = haplotypes.read_legend(path)
    assert list(sites.contigs) == ["15", "15", "16"]
    assert list(sites.positions) == [100, 200, 7]


@NEEDS_PROGRAMS
@pytest.mark.parametrize("text", LEGENDS.values(), ids=LEGENDS)
def test_legends_are_read_as_dnagpt_prep_does(tmp_path: Path, text: str) -> None:
    path, data = tmp_path / "x.legend", tmp_path / "set.h5"
    path.write_text(text, newline="")
    ids = [f"p{row // 2}_{'AB'[row % 2]}" for row in range(20)]
    haplotypes.write_hapt(tmp_path / "x.hapt", "T", ids, np.tile(ALLELES, (5, 1)))
    given = [f"--hapt={tmp_path / 'x.hapt'}", f"--legend={path}", f"--output={data}"]
    subprocess.run([PROGRAMS / "dnagpt-prep", "haplotypes", *given], check=True)
    stored, read = haplotypes.read_set(data, "train").sites, haplotypes.read_legend(path)
    assert list(stored.contigs) == list(read.contigs)
    assert list(stored.positions + 1) == list(read.positions)
