"""Measures of haplotypes agree with values by hand and with what was planted."""

import numpy as np
import pytest

import genome_measures as measures
from haplotypes import Sites


def random_alleles(rows: int, sites: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (rows, sites)).astype(np.uint8)


def test_correlation_by_hand_and_in_parts() -> None:
    x, y = np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 3])
    assert measures.correlation(x, y) == pytest.approx(0.6)
    sums = measures.CorrelationSums()
    sums.add(x[:1], y[:1])
    sums.add(x[1:], y[1:])
    assert sums.value() == pytest.approx(0.6)
    assert measures.correlation(x, np.ones(4)) is None
    assert measures.CorrelationSums().value() is None


def test_projection_finds_a_planted_axis() -> None:
    side = np.repeat([0, 1], 200)
    alleles = random_alleles(400, 40)
    alleles[:, :20] = side[:, None]
    projection = measures.fit_projection(alleles, 3)
    scores = measures.project(projection, alleles)
    assert scores.shape == (400, 3)
    assert scores.std(axis=0) == pytest.approx(np.ones(3), abs=1e-4)
    assert abs(np.corrcoef(scores[:, 0], side)[0, 1]) > 0.99


def test_distances_of_shifted_scores() -> None:
    scores = np.random.default_rng(0).normal(size=(500, 2))
    assert measures.component_distance(scores, scores) == 0
    assert measures.component_distance(scores, scores + np.array([3, 1])) == pytest.approx(2)
    # A shift by a vector of length 1 moves a direction by |cos|, whose mean is 2 / pi.
    moved = measures.plane_distance(scores, scores + np.array([0.6, 0.8]))
    assert moved == pytest.approx(2 / np.pi, rel=1e-3)


def test_signed_r_by_hand() -> None:
    alleles = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]], np.uint8)
    columns = measures.standardise(alleles)
    assert list(columns.varies) == [True, True, True, False]
    r = next(measures.r_blocks(columns))[1]
    assert r[0, 1] == pytest.approx(-1)
    assert r[0, 2] == pytest.approx(1 / np.sqrt(3))
    assert r[0, 3] == 0


def test_linkage_agrees_with_all_pairs_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "BLOCK_ROWS", 7)
    monkeypatch.setattr(measures, "NEAR_SITES", 3)
    real, other = random_alleles(60, 30, 1), random_alleles(50, 30, 2)
    real[:, 4] = 0
    other[:, 11] = 1
    kept = [site for site in range(30) if site not in (4, 11)]
    pairs = [(i, j) for i in kept for j in kept if i < j]
    r = np.array(
        [[np.corrcoef(part[:, i], part[:, j])[0, 1] for i, j in pairs] for part in (real, other)]
    )
    near = np.array([j - i <= 3 for i, j in pairs])
    found = measures.linkage_correlations(measures.standardise(real), measures.standardise(other))
    assert found[0] == pytest.approx(np.corrcoef(r)[0, 1], abs=1e-5)
    assert found[1] == pytest.approx(np.corrcoef(r[:, near])[0, 1], abs=1e-5)


def test_linkage_without_pairs_is_none() -> None:
    fixed = measures.standardise(np.zeros((5, 4), np.uint8))
    assert measures.linkage_correlations(fixed, fixed) == (None, None)


def test_curve_over_columns_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "BLOCK_ROWS", 2)
    block = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8)
    alleles = block[:, [0, 0, 1]]  # sites 0 and 1 are one another's copy, 2 is independent
    curve = measures.linkage_curve(measures.standardise(alleles), measures.column_distances(3))
    assert curve == pytest.approx([0.5, 0], abs=1e-6)
    assert list(measures.column_distances(3).middles) == [1, 2]
    alleles[:, 1] = 0
    curve = measures.linkage_curve(measures.standardise(alleles), measures.column_distances(3))
    assert np.isnan(curve[0])
    assert measures.curve_error(curve, np.array([0.9, 0.25])) == pytest.approx(0.25)
    assert measures.curve_error(curve, np.array([0.9, np.nan])) is None


def test_curve_over_kb_leaves_out_pairs_of_two_contigs() -> None:
    names = np.array(["1", "1", "1", "2"], dtype=object)
    distances = measures.kb_distances(Sites(names, np.array([1000, 1000, 101_000, 1500])))
    assert distances.unit == "kb"
    assert distances.edges[[0, 1, -1]] == pytest.approx([0, 0.1, 100])
    last = len(distances.edges) - 2
    assert distances.bins(slice(0, 4))[0].tolist() == [-1, -1, last, -1]
    assert distances.bins(slice(3, 4)).tolist() == [[-1]]


def test_nearest_distance_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "BLOCK_ROWS", 2)
    rows = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]], np.uint8)
    others = np.array([[0, 0, 0, 1], [1, 1, 1, 1]], np.uint8)
    assert measures.nearest_distances(rows, others).tolist() == [1, 0, 2]
    assert measures.nearest_distances(rows, rows, same=True).tolist() == [2, 2, 2]


def test_adversarial_accuracy_of_copies_of_other_people_and_of_one_row() -> None:
    real = random_alleles(100, 60)
    assert measures.adversarial_halves(real, real).accuracy == 0
    apart = np.zeros((100, 60), np.uint8)
    apart[:, :30] = random_alleles(100, 30, 3)
    real[:, 30:] = 1
    assert measures.adversarial_halves(real, apart).accuracy == 1
    one_row = np.repeat(random_alleles(1, 60, 5), 100, axis=0)
    halves = measures.adversarial_halves(random_alleles(100, 60), one_row)
    assert halves.artificial == 1  # each copy's nearest row is another copy
    half = measures.adversarial_halves(random_alleles(400, 60, 6), random_alleles(400, 60, 7))
    assert half.accuracy == pytest.approx(0.5, abs=0.1)


def test_halves_are_told_apart_by_hand() -> None:
    real = np.array([[0, 0, 0, 0], [1, 1, 1, 1]], np.uint8)
    other = np.array([[0, 0, 0, 1], [0, 0, 1, 0]], np.uint8)
    halves = measures.adversarial_halves(real, other)
    # Row 0000 is 1 from an artificial row and 4 from a real one, 1111 is 3 and 4: none is nearer
    # to a real row. Both artificial rows are 1 from a real one and 2 from one another.
    assert (halves.real, halves.artificial) == (0, 0)
    halves = measures.adversarial_halves(np.array([[0, 0, 0, 0], [0, 0, 0, 0]], np.uint8), other)
    assert (halves.real, halves.artificial, halves.accuracy) == (1, 0, 0.5)


def test_draws_repeat_with_the_seed() -> None:
    real, other = random_alleles(90, 12, 1), random_alleles(70, 12, 2)
    first = measures.sampled_adversarial(real, other, 20, 3, seed=5)
    assert first == measures.sampled_adversarial(real, other, 20, 3, seed=5)
    assert first != measures.sampled_adversarial(real, other, 20, 3, seed=6)


def test_copies_repetitions_and_diversity_by_hand() -> None:
    training = np.array([[0, 0, 1], [1, 1, 1]], np.uint8)
    alleles = np.array([[0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 1, 1]], np.uint8)
    assert measures.copied_share(alleles, training) == 0.75
    assert measures.repeated_share(alleles) == 0.25
    apart = [np.abs(a.astype(int) - b).sum() for n, a in enumerate(alleles) for b in alleles[:n]]
    assert measures.mean_distance(alleles) == pytest.approx(np.mean(apart))
    assert measures.mean_distance(alleles[:1]) is None
    assert measures.nearest_own(alleles) == (0 + 0 + 2 + 2) / 4
    assert measures.nearest_own(alleles[:1]) is None
