"""How alike two sets of haplotypes are: frequencies, structure, linkage, nearness, copies.

Everything works on matrices of alleles (rows, S), uint8, 0 or 1. Products run in float32: counts
stay exact below 2**24.

Sources: Yelmen et al. 2021 (PLoS Genetics 17(2), "Creating artificial human genomes using
generative neural networks") for the list of measures; Yale et al. 2020 (Neurocomputing 416,
"Generation and evaluation of privacy preserving synthetic health data") for adversarial accuracy
and privacy loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy.stats import wasserstein_distance

from haplotypes import Sites

COMPONENTS = 10
"""Principal components whose distributions are compared."""
DIRECTIONS = 50
"""Directions in the plane of two components along which distributions are compared."""
NEAR_SITES = 100
"""Column distance up to which a pair of sites is called near."""
LARGEST_LAG = 400
"""Column distance up to which linkage is averaged by lag."""
KB_BINS = 40
"""Bins of one ratio over the three decades below the longest distance, where it is known in kb."""
BLOCK_ROWS = 512


@dataclasses.dataclass(frozen=True)
class Projection:
    """Principal axes of the training people: mean (S), axes (S, K), deviation along each (K)."""

    mean: np.ndarray
    axes: np.ndarray
    deviation: np.ndarray


@dataclasses.dataclass(frozen=True)
class Columns:
    """Sites as columns (rows, S) of mean 0 and length 1; `varies` (S): the others are all zero."""

    values: np.ndarray
    varies: np.ndarray


@dataclasses.dataclass(frozen=True)
class Distances:
    """Bins for pairs of sites: bin b holds distances in (edges[b], edges[b + 1]].

    `places` (S) are columns or kb, as `unit` says; pairs on two contigs (numbers (S)) are in none.
    """

    places: np.ndarray
    contigs: np.ndarray
    edges: np.ndarray
    unit: str

    @property
    def middles(self) -> np.ndarray:
        """Middle of each bin; the lag itself where places are columns."""
        return (self.edges[:-1] + self.edges[1:]) / 2

    def bins(self, rows: slice) -> np.ndarray:
        """Bin of the pairs of the sites `rows` with those from rows.start on; -1: in none."""
        near, far = slice(rows.start, rows.stop), slice(rows.start, None)
        apart = np.abs(self.places[near, None] - self.places[None, far])
        bins = np.searchsorted(self.edges, apart, side="left") - 1
        same = self.contigs[near, None] == self.contigs[None, far]
        return np.where(same & (bins < len(self.edges) - 1), bins, -1)


@dataclasses.dataclass(frozen=True)
class Adversarial:
    """The two halves of the adversarial accuracy, each 0.5 where the sets cannot be told apart.

    real: share of real rows whose nearest neighbour is real; artificial: the same of artificial
    rows. Both 1: told apart; both 0: copies.
    """

    real: float
    artificial: float

    @property
    def accuracy(self) -> float:
        """AA_TS = (mean 1[d_TS > d_TT] + mean 1[d_ST > d_SS]) / 2, Yale et al. 2020."""
        return (self.real + self.artificial) / 2


def correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's correlation in double; None where one of the two does not vary."""
    sums = CorrelationSums()
    sums.add(x, y)
    return sums.value()


@dataclasses.dataclass
class CorrelationSums:
    """Pearson's correlation of pairs that come in parts."""

    count: int = 0
    sums: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(5))

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Takes pairs in, 1-D."""
        x, y = x.astype(np.float64), y.astype(np.float64)
        self.count += len(x)
        self.sums += [x.sum(), y.sum(), x @ x, y @ y, x @ y]

    def value(self) -> float | None:
        """The correlation of all pairs; None where x or y does not vary."""
        if self.count == 0:
            return None
        x, y, xx, yy, xy = self.sums / self.count
        spread = (xx - x * x) * (yy - y * y)
        return float((xy - x * y) / np.sqrt(spread)) if spread > 0 else None


def frequencies(alleles: np.ndarray) -> np.ndarray:
    """Frequency of allele 1 at each site (S)."""
    return alleles.mean(axis=0)


def fit_projection(alleles: np.ndarray, components: int = COMPONENTS) -> Projection:
    """Principal components of centred, unscaled alleles; no more than rows and sites allow."""
    mean = frequencies(alleles).astype(np.float32)
    centred = alleles - mean
    covariance = (centred.T @ centred).astype(np.float64) / len(alleles)
    values, vectors = np.linalg.eigh(covariance)
    largest = np.argsort(values)[::-1][:components]
    kept = largest[values[largest] > 1e-6]
    return Projection(mean, vectors[:, kept].astype(np.float32), np.sqrt(values[kept]))


def project(projection: Projection, alleles: np.ndarray) -> np.ndarray:
    """Scores (rows, K) in standard deviations of the training people along each axis."""
    return (alleles - projection.mean) @ projection.axes / projection.deviation


def component_distance(real: np.ndarray, other: np.ndarray) -> float:
    """Mean over components of the 1-D Wasserstein-1 distance of scores (rows, K)."""
    return float(
        np.mean([wasserstein_distance(a, b) for a, b in zip(real.T, other.T, strict=True)])
    )


def plane_distance(real: np.ndarray, other: np.ndarray) -> float:
    """Sliced Wasserstein-1 distance of the first two components of scores (rows, K).

    The mean of the 1-D distances along directions that share the half circle evenly.
    """
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)])[: real.shape[1]]
    return component_distance(real[:, :2] @ directions, other[:, :2] @ directions)


def standardise(alleles: np.ndarray) -> Columns:
    """Columns whose products are the correlations r of pairs of sites."""
    varies = alleles.min(axis=0) != alleles.max(axis=0)
    centred = (alleles - frequencies(alleles)).astype(np.float32)
    length = np.where(varies, np.linalg.norm(centred, axis=0), 1)
    return Columns(np.where(varies, centred / length, 0).astype(np.float32), varies)


def r_blocks(columns: Columns) -> Iterator[tuple[slice, np.ndarray]]:
    """Signed r of pairs of sites, a block at a time: the rows' sites, and r (rows, S - start)."""
    count = columns.values.shape[1]
    for start in range(0, count, BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, count))
        yield rows, columns.values[:, rows].T @ columns.values[:, start:]


def later_pairs(rows: slice, varies: np.ndarray) -> np.ndarray:
    """Column distance of the pairs of a block, 0 where a site does not vary or j <= i."""
    sites = np.arange(len(varies))
    lags = sites[None, rows.start :] - sites[rows, None]
    both = varies[rows, None] & varies[None, rows.start :]
    return np.where(both, np.maximum(lags, 0), 0)


def linkage_correlations(real: Columns, other: Columns) -> tuple[float | None, float | None]:
    """Correlation of signed r of `other` with that of `real` over all pairs and over near ones.

    Sites that do not vary in one of the two are left out, as r is not defined there.
    """
    varies = real.varies & other.varies
    everywhere, near = CorrelationSums(), CorrelationSums()
    for (rows, r_real), (_, r_other) in zip(r_blocks(real), r_blocks(other), strict=True):
        lags = later_pairs(rows, varies)
        for sums, pairs in ((everywhere, lags > 0), (near, (lags > 0) & (lags <= NEAR_SITES))):
            sums.add(r_real[pairs], r_other[pairs])
    return everywhere.value(), near.value()


def column_distances(sites: int) -> Distances:
    """One bin for each lag from 1 column on."""
    lags = min(LARGEST_LAG, sites - 1)
    edges = np.arange(lags + 1, dtype=np.float64) + 0.5
    return Distances(np.arange(sites), np.zeros(sites, np.int64), edges, "columns")


def kb_distances(sites: Sites) -> Distances:
    """One bin for what is nearer than a thousandth of the longest distance, then KB_BINS bins.

    Two sites at one position are in none.
    """
    contigs = np.unique(sites.contigs.astype(str), return_inverse=True)[1]
    places = sites.positions / 1000
    longest = max(np.ptp(places[contigs == contig]) for contig in np.unique(contigs))
    edges = np.geomspace(longest / 1000, longest, KB_BINS + 1)
    return Distances(places, contigs, np.concatenate([[0.0], edges]), "kb")


def linkage_curve(columns: Columns, distances: Distances) -> np.ndarray:
    """Mean r2 of the pairs of sites in each bin; NaN where a bin holds none.

    Where nothing is linked, r2 of n haplotypes is about 1/n, not 0.
    """
    count = len(distances.edges) - 1
    sums, pairs = np.zeros(count), np.zeros(count)
    for rows, r in r_blocks(columns):
        bins = distances.bins(rows)
        used = (later_pairs(rows, columns.varies) > 0) & (bins >= 0)
        sums += np.bincount(bins[used], weights=r[used].astype(np.float64) ** 2, minlength=count)
        pairs += np.bincount(bins[used], minlength=count)
    return np.divide(sums, pairs, out=np.full(count, np.nan), where=pairs > 0)


def curve_error(real: np.ndarray, other: np.ndarray) -> float | None:
    """Mean absolute difference of two curves over the bins that both know."""
    known = ~(np.isnan(real) | np.isnan(other))
    return float(np.abs(real - other)[known].mean()) if known.any() else None


def nearest_distances(rows: np.ndarray, others: np.ndarray, *, same: bool = False) -> np.ndarray:
    """Hamming distance (rows) of each row to the nearest of `others`, itself left out if `same`.

    |a - b| = |a| + |b| - 2 a.b for alleles 0 and 1.
    """
    rows, others = rows.astype(np.float32), others.astype(np.float32)
    ones = others.sum(axis=1)
    nearest = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        apart = block.sum(axis=1)[:, None] + ones - 2 * (block @ others.T)
        if same:
            apart[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        nearest[start : start + len(block)] = apart.min(axis=1)
    return nearest


def nearest_own(alleles: np.ndarray) -> float | None:
    """Mean Hamming distance, in sites, of a row to the nearest other row; None for one row.

    The diversity within populations: mean_distance depends on the frequencies of the sites alone.
    """
    if len(alleles) < 2:
        return None
    return float(nearest_distances(alleles, alleles, same=True).mean())


def adversarial_halves(real: np.ndarray, other: np.ndarray) -> Adversarial:
    """Nearest-neighbour adversarial accuracy of two sets of as many rows; ties count as nearer."""
    own_real = nearest_distances(real, real, same=True)
    own_other = nearest_distances(other, other, same=True)
    return Adversarial(
        float((nearest_distances(real, other) > own_real).mean()),
        float((nearest_distances(other, real) > own_other).mean()),
    )


def sampled_adversarial(
    real: np.ndarray, other: np.ndarray, size: int, repeats: int, seed: int
) -> Adversarial:
    """Means of the halves over `repeats` draws of `size` different rows from both sets."""
    random = np.random.default_rng(seed)
    halves = [
        adversarial_halves(
            real[random.choice(len(real), size, replace=False)],
            other[random.choice(len(other), size, replace=False)],
        )
        for _ in range(repeats)
    ]
    return Adversarial(
        float(np.mean([half.real for half in halves])),
        float(np.mean([half.artificial for half in halves])),
    )


def copied_share(alleles: np.ndarray, training: np.ndarray) -> float:
    """Share of rows that are equal, at every site, to a row of `training`."""
    known = {row.tobytes() for row in np.packbits(training, axis=1)}
    return float(np.mean([row.tobytes() in known for row in np.packbits(alleles, axis=1)]))


def repeated_share(alleles: np.ndarray) -> float:
    """Share of rows that are equal to a row before them."""
    return 1 - len({row.tobytes() for row in np.packbits(alleles, axis=1)}) / len(alleles)


def mean_distance(alleles: np.ndarray) -> float | None:
    """Mean Hamming distance, in sites, over all pairs of rows; None for one row.

    A site of k ones in n rows parts k (n - k) of the n (n - 1) / 2 pairs.
    """
    rows = len(alleles)
    if rows < 2:
        return None
    ones = alleles.sum(axis=0, dtype=np.int64)
    return float((ones * (rows - ones)).sum() / (rows * (rows - 1) / 2))
