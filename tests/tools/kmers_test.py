"""k-mers are numbered and counted as by hand; N has no place in them."""

import numpy as np
import pytest

import kmers


def number_of(kmer: str) -> int:
    return int("".join(str("AGCT".index(letter)) for letter in kmer), 4)


def test_sequences_are_filled_up_with_n() -> None:
    table = kmers.encode_sequences(["NAGCT", "TA"])
    assert table.tolist() == [[0, 1, 2, 3, 4], [4, 1, 0, 0, 0]]


def test_frequencies_leave_out_kmers_with_n() -> None:
    frequencies = kmers.kmer_frequencies(kmers.encode_sequences(["AAAAAAANCGTACG"]), 6)
    assert frequencies.shape == (1, 4096)
    assert frequencies[0, number_of("AAAAAA")] == pytest.approx(2 / 3)
    assert frequencies[0, number_of("CGTACG")] == pytest.approx(1 / 3)
    assert frequencies.sum() == pytest.approx(1)


def test_words_do_not_overlap() -> None:
    bases = kmers.encode_sequences(["ACGTTGACNTTGCATGCAGG"])
    numbers = kmers.kmer_numbers(bases, 6, step=6)
    assert numbers.tolist() == [[number_of("ACGTTG"), -1, number_of("CATGCA")]]


def test_many_rows_are_counted_in_chunks() -> None:
    bases = np.random.default_rng(1).integers(0, 5, (2 * kmers.CHUNK_ROWS + 7, 20)).astype(np.int8)
    together = kmers.kmer_frequencies(bases, 2)
    alone = kmers.kmer_frequencies(bases[-1:], 2)
    assert np.array_equal(together[-1:], alone)
    assert together.shape == (len(bases), 16)
