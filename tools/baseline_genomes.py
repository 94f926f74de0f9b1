"""Writes artificial haplotypes of a simple generator that is fitted on the training people.

    python tools/baseline_genomes.py --model independent --set set.h5 --count 5000 -o own.hapt
    python tools/baseline_genomes.py --model markov --order 10 --train train.hapt.gz -o chain.hapt
    python tools/baseline_genomes.py --model groups --train train.hapt.gz -o groups.hapt
    python tools/baseline_genomes.py --model rbm --train train.hapt.gz -o rbm.hapt

independent  each site by its allele frequency
markov       each site by the --order sites before it, one table of probabilities a site
groups       haplotypes sorted into --groups groups (k-means on 10 principal components), then
             a chain of order --order for each; the strongest of the simple generators
rbm          restricted Boltzmann machine, sampled by --gibbs-steps steps from training rows

Tables back off: the probability of allele 1 after k sites is (ones + p) / (rows + 1), with p the
probability after k - 1 of them; that after no site is the frequency, in a group the group's.
`tools/evaluate_genomes.py` compares the file with real haplotypes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.neural_network import BernoulliRBM

import genome_measures
import haplotypes
from dnagpt_files import FileError

LARGEST_ORDER = 12
DEFAULT_ORDERS = {"markov": 10, "groups": 5}
RBM_BATCH = 400
"""Rows of one step of the RBM's training, and its persistent samples."""
RBM_LAST_RATE = 0.04
RBM_RAREST = 1e-3
"""Frequency from which on a site's bias is bounded."""


def contexts(alleles: np.ndarray, order: int) -> np.ndarray:
    """Number of the `order` alleles before each site (rows, S); the nearest is the lowest bit.

    Before the first site stand zeros.
    """
    numbers = np.zeros(alleles.shape, np.int32)
    for back in range(1, min(order, alleles.shape[1] - 1) + 1):
        numbers[:, back:] |= alleles[:, :-back].astype(np.int32) << (back - 1)
    return numbers


def lengthen(chain: np.ndarray, alleles: np.ndarray, order: int) -> np.ndarray:
    """P(1) at each site after each context (S, 2**order), from that of one order less."""
    sites, width = alleles.shape[1], 1 << order
    cells = contexts(alleles, order) + width * np.arange(sites)
    rows = np.bincount(cells.ravel(), minlength=sites * width).reshape(sites, width)
    ones = np.bincount(cells[alleles == 1], minlength=sites * width).reshape(sites, width)
    return (ones + np.tile(chain, (1, 2))) / (rows + 1)


def fit_chain(alleles: np.ndarray, order: int) -> np.ndarray:
    """P(1) at each site after each context (S, 2**order), backed off down to the frequency."""
    chain = genome_measures.frequencies(alleles)[:, None]
    for length in range(1, order + 1):
        chain = lengthen(chain, alleles, length)
    return chain


def sample_chain(chain: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Alleles (count, S), drawn site after site."""
    sites, width = chain.shape
    alleles = np.empty((count, sites), np.uint8)
    context = np.zeros(count, np.int64)
    for site in range(sites):
        alleles[:, site] = random.random(count) < chain[site, context]
        context = (context << 1 | alleles[:, site]) & (width - 1)
    return alleles


def sample_independent(
    alleles: np.ndarray, options: argparse.Namespace, random: np.random.Generator
) -> np.ndarray:
    """Each site by its frequency: a chain of order 0."""
    return sample_chain(fit_chain(alleles, 0), options.count, random)


def sample_markov(
    alleles: np.ndarray, options: argparse.Namespace, random: np.random.Generator
) -> np.ndarray:
    """One chain for all haplotypes."""
    return sample_chain(fit_chain(alleles, options.order), options.count, random)


def sample_groups(
    alleles: np.ndarray, options: argparse.Namespace, random: np.random.Generator
) -> np.ndarray:
    """One chain for each group of haplotypes; groups by their share of the haplotypes."""
    if options.groups > len(alleles):
        raise FileError(
            f"{len(alleles)} training haplotypes make no {options.groups} groups; "
            "give a smaller --groups"
        )
    projection = genome_measures.fit_projection(alleles)
    scores = (alleles - projection.mean) @ projection.axes
    seed = int(random.integers(1 << 31))
    groups = KMeans(options.groups, n_init=10, random_state=seed).fit_predict(scores)
    names, sizes = np.unique(groups, return_counts=True)
    counts = random.multinomial(options.count, sizes / len(alleles))
    drawn = [
        sample_chain(fit_chain(alleles[groups == name], options.order), count, random)
        for name, count in zip(names, counts, strict=True)
    ]
    return random.permutation(np.concatenate(drawn))


def fit_rbm(
    alleles: np.ndarray, options: argparse.Namespace, random: np.random.Generator
) -> BernoulliRBM:
    """A machine trained by persistent contrastive divergence (Tieleman 2008).

    It begins with the sites' frequencies as biases of its visible units (Hinton 2010, "A practical
    guide to training restricted Boltzmann machines"); the learning rate falls by one ratio from
    epoch to epoch, to a part RBM_LAST_RATE of the first.
    """
    rows = alleles.astype(np.float32)
    batch = min(RBM_BATCH, len(rows))
    seed = np.random.RandomState(int(random.integers(1 << 31)))
    machine = BernoulliRBM(options.hidden, batch_size=batch, random_state=seed)
    machine.partial_fit(rows[:batch])
    known = np.clip(genome_measures.frequencies(alleles), RBM_RAREST, 1 - RBM_RAREST)
    machine.intercept_visible_ = np.log(known / (1 - known)).astype(np.float32)
    for epoch in range(options.epochs):
        part = epoch / max(options.epochs - 1, 1)
        machine.learning_rate = options.learning_rate * RBM_LAST_RATE**part
        order = random.permutation(len(rows))
        for start in range(0, len(rows) - batch + 1, batch):
            machine.partial_fit(rows[order[start : start + batch]])
    return machine


def sample_rbm(
    alleles: np.ndarray, options: argparse.Namespace, random: np.random.Generator
) -> np.ndarray:
    """Gibbs samples of a machine, begun at random training rows.

    Samples that begin at independent sites find few of the groups of haplotypes, as steps hardly
    ever lead from one group to another.
    """
    machine = fit_rbm(alleles, options, random)
    rows = alleles[random.integers(len(alleles), size=options.count)]
    for _ in range(options.gibbs_steps):
        rows = machine.gibbs(rows)
    return rows.astype(np.uint8)


Generator = Callable[[np.ndarray, argparse.Namespace, np.random.Generator], np.ndarray]
GENERATORS: dict[str, Generator] = {
    "independent": sample_independent,
    "markov": sample_markov,
    "groups": sample_groups,
    "rbm": sample_rbm,
}
"""Alleles (count, S) from training alleles (rows, S), by the name of the model."""


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=GENERATORS, required=True, help="which generator")
    haplotypes.add_training_options(parser)
    parser.add_argument("--count", type=int, default=5000, help="haplotypes to write (5000)")
    parser.add_argument("--seed", type=int, default=1, help="number that decides the draws (1)")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help=".hapt file; gzip if it ends in .gz"
    )
    parser.add_argument("--order", type=int, help="sites looked back at (markov 10, groups 5)")
    parser.add_argument("--groups", type=int, default=26, help="groups of haplotypes (26)")
    parser.add_argument("--hidden", type=int, default=100, help="RBM: hidden units (100)")
    parser.add_argument("--epochs", type=int, default=100, help="RBM: passes over the rows (100)")
    parser.add_argument(
        "--learning-rate", type=float, default=0.02, help="RBM: that of the first pass (0.02)"
    )
    parser.add_argument("--gibbs-steps", type=int, default=100, help="RBM: steps of a sample (100)")
    options = parser.parse_args(arguments)
    if options.order is None:
        options.order = DEFAULT_ORDERS.get(options.model, 0)
    if not 0 <= options.order <= LARGEST_ORDER:
        parser.error(f"--order is {options.order}; give 0 to {LARGEST_ORDER}")
    for name in ("count", "groups", "hidden", "epochs", "gibbs_steps"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is below 1; give a positive number")
    if options.learning_rate <= 0:
        parser.error(f"--learning-rate is {options.learning_rate}; give a positive number")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a file cannot be used."""
    options = read_options(arguments)
    try:
        training = haplotypes.read_training(options)
        random = np.random.default_rng(options.seed)
        drawn = GENERATORS[options.model](training.alleles, options, random)
        ids = [f"{options.model}_{number}" for number in range(options.count)]
        haplotypes.write_hapt(options.output, options.model, ids, drawn)
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.output}: {options.count} haplotypes of {drawn.shape[1]} sites")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
