"""Compares artificial haplotypes with real ones, those trained on and those held out.

    python tools/evaluate_genomes.py --set set.h5 --compare model=model.hapt chain=chain.hapt
    python tools/evaluate_genomes.py --train train.hapt.gz --test test.hapt.gz \\
        --compare 0.8=cool.hapt 1.0=warm.hapt --legend sites.legend --output evaluation/

Prints tables in markdown: the sets against the training people, against the held-out people, and
what each set is in itself. In the first two the last row says what real people reach. --output
names a folder for genomes.json and the figures frequencies.png, components.png, linkage.png.

frequency r, largest error  allele frequencies: correlation, and largest difference at a site
W components                mean over the first 10 principal components of the 1-D Wasserstein
                            distance, in standard deviations of the training people
W plane                     the same along 50 directions in the plane of the first two components
linkage r, near             correlation of the signed r of all pairs of sites; of those at most 100
                            columns apart; sites that do not vary in both sets are left out
linkage curve               mean absolute difference of the curves of mean r2 over the distance:
                            columns 1 to 400, or kb in 41 bins where positions are known
adversarial                 0.5 where nearest neighbours do not tell the sets apart, 1 where they
                            do, 0 for copies: the mean of the next two columns
real, own                   share of real rows whose nearest row is real; share of the set's own
                            rows whose nearest row is one of the set
privacy loss                adversarial accuracy against held-out less that against training people
copies, repeated            share of rows equal to a training row; equal to another row of the set
nearest training            sites at which a row differs from the nearest training row (other than
                            itself), mean; far below that of held-out people: learnt by heart
mean distance               sites at which two rows of the set differ, mean over all pairs
nearest_own                 only in genomes.json: sites at which a drawn row differs from the
                            nearest other drawn row, mean; falls when rows repeat each other
fixed sites                 sites that vary in the training people but not in the set
discarded                   share of what the generator drew and left out (FILE.hapt.json)

Correlations fall with fewer rows, where chance adds to the linkage: compare sets of equal size.
Adversarial accuracy looks at random draws of as many rows from each set, so that copies of training
people show in it, and in privacy loss, only as far as a draw holds the people copied.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import genome_figures
import genome_measures as measures
import genome_tables
import haplotypes
import whole_files
from dnagpt_files import FileError
from genome_tables import HELD_OUT, TRAINING, Tree
from haplotypes import Haplotypes

FORMAT_VERSION = 1
"""Of genomes.json."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A set with what its comparisons need: columns, scores (rows, K), mean r2 by bin."""

    haplotypes: Haplotypes
    columns: measures.Columns
    scores: np.ndarray
    curve: np.ndarray

    @property
    def alleles(self) -> np.ndarray:
        """Alleles (rows, S)."""
        return self.haplotypes.alleles


@dataclasses.dataclass(frozen=True)
class Draws:
    """Random draws for the adversarial accuracy: rows of each set, how often, seed."""

    rows: int
    repeats: int
    seed: int


def prepare(
    real: Haplotypes, projection: measures.Projection, distances: measures.Distances
) -> Prepared:
    """What comparisons of a set need, computed once."""
    columns = measures.standardise(real.alleles)
    scores = measures.project(projection, real.alleles)
    return Prepared(real, columns, scores, measures.linkage_curve(columns, distances))


def compare(real: Prepared, other: Prepared, draws: Draws) -> Tree:
    """All measures of a set against a real one; keys as in docs/file_formats.md."""
    frequencies = [measures.frequencies(part.alleles) for part in (real, other)]
    linkage, near = measures.linkage_correlations(real.columns, other.columns)
    halves = measures.sampled_adversarial(
        real.alleles, other.alleles, draws.rows, draws.repeats, draws.seed
    )
    return {
        "frequency_correlation": measures.correlation(*frequencies),
        "frequency_largest_error": float(np.abs(frequencies[0] - frequencies[1]).max()),
        "wasserstein_components": measures.component_distance(real.scores, other.scores),
        "wasserstein_plane": measures.plane_distance(real.scores, other.scores),
        "linkage_correlation": linkage,
        "linkage_correlation_near": near,
        "linkage_curve_error": measures.curve_error(real.curve, other.curve),
        "adversarial_accuracy": halves.accuracy,
        "adversarial_real": halves.real,
        "adversarial_own": halves.artificial,
    }


def describe(training: Prepared, own: Prepared) -> Tree:
    """What a set is in itself, and how close its rows come to training rows."""
    fixed = training.columns.varies & ~own.columns.varies
    nearest = measures.nearest_distances(own.alleles, training.alleles, same=own is training)
    return {
        "rows": len(own.alleles),
        "copies": measures.copied_share(own.alleles, training.alleles),
        "nearest_training": float(nearest.mean()),
        "nearest_own": measures.nearest_own(own.alleles),
        "repeated": measures.repeated_share(own.alleles),
        "mean_distance": measures.mean_distance(own.alleles),
        "fixed_sites": int(fixed.sum()),
        "linkage_curve": [None if np.isnan(value) else float(value) for value in own.curve],
    }


def read_discarded(path: Path, rows: int) -> Tree:
    """Shares of rows that the generator left out, and why; both null without FILE.hapt.json."""
    side = path.with_name(path.name + ".json")
    if not side.is_file():
        return {"discarded": None, "discarded_by_reason": None}
    try:
        counts = json.loads(side.read_text())
        kept, reasons = int(counts["kept"]), dict(counts["discarded"])
        drawn = kept + sum(reasons.values())
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{side} does not say what was discarded ({error!r}); generate {path.name} again"
        ) from error
    if kept != rows:
        raise FileError(
            f"{side} tells of {kept} haplotypes ({path.name} holds {rows}); "
            "generate both again, or remove the file that does not belong"
        )
    shares = {reason: count / drawn for reason, count in reasons.items()}
    return {"discarded": 1 - kept / drawn, "discarded_by_reason": shares}


def read_sets(entries: Sequence[str], sites: int) -> dict[str, Haplotypes]:
    """The sets of --compare NAME=FILE.hapt, by name."""
    sets: dict[str, Haplotypes] = {}
    for entry in entries:
        name, sign, path = entry.partition("=")
        if not (name and sign and path) or name in (HELD_OUT, TRAINING):
            raise FileError(f"--compare {entry} has no name of its own; write NAME=FILE.hapt")
        if name in sets:
            raise FileError(f"--compare names {name} twice; give each set its own name")
        sets[name] = haplotypes.read_hapt(Path(path))
        check_sites(sets[name], sites)
    return sets


def check_sites(found: Haplotypes, sites: int) -> None:
    """FileError where a set has another number of sites than the training people."""
    if found.alleles.shape[1] != sites:
        raise FileError(
            f"{found.path} has {found.alleles.shape[1]} sites (the training people {sites}); "
            "compare sets of the same sites"
        )


def read_people(options: argparse.Namespace) -> tuple[Haplotypes, Haplotypes]:
    """Training and held-out people, who must not share a person."""
    training = haplotypes.read_training(options)
    if options.set:
        held_out = haplotypes.read_set(options.set, options.split)
    else:
        held_out = haplotypes.read_hapt(options.test)
    check_sites(held_out, training.alleles.shape[1])
    shared = sorted(set(training.persons) & set(held_out.persons))
    if shared:
        raise FileError(
            f"{held_out.path}: {len(shared)} held-out people are training people too (such as "
            f"{shared[0]}); split by person"
        )
    return training, held_out


def pair_distances(options: argparse.Namespace, training: Haplotypes) -> measures.Distances:
    """Distances of sites in kb where their positions are known, else in columns."""
    sites = haplotypes.read_legend(options.legend) if options.legend else training.sites
    count = training.alleles.shape[1]
    if sites is None:
        return measures.column_distances(count)
    if len(sites.positions) != count:
        raise FileError(
            f"{options.legend or options.set} names {len(sites.positions)} sites (the haplotypes "
            f"have {count}); give the legend of these haplotypes"
        )
    return measures.kb_distances(sites)


def prepare_all(options: argparse.Namespace) -> tuple[dict[str, Prepared], measures.Distances]:
    """Training people, held-out people and the compared sets, by name; distances of sites."""
    training, held_out = read_people(options)
    sets = read_sets(options.compare, training.alleles.shape[1])
    distances = pair_distances(options, training)
    projection = measures.fit_projection(training.alleles)
    everything = {TRAINING: training, HELD_OUT: held_out, **sets}
    prepared = {name: prepare(one, projection, distances) for name, one in everything.items()}
    return prepared, distances


def evaluate_set(training: Prepared, held_out: Prepared, own: Prepared, draws: Draws) -> Tree:
    """The entry of one artificial set in genomes.json."""
    against = {
        "train": compare(training, own, draws),
        "held_out": compare(held_out, own, draws),
    }
    loss = against["held_out"]["adversarial_accuracy"] - against["train"]["adversarial_accuracy"]
    discarded = read_discarded(own.haplotypes.path, len(own.alleles))
    return {**against, **describe(training, own), **discarded, "privacy_loss": loss}


def evaluate(prepared: dict[str, Prepared], distances: measures.Distances, draws: Draws) -> Tree:
    """The contents of genomes.json."""
    training, held_out = prepared[TRAINING], prepared[HELD_OUT]
    people = {TRAINING: training, HELD_OUT: held_out}
    return {
        "format_version": FORMAT_VERSION,
        "sites": training.alleles.shape[1],
        "adversarial": dataclasses.asdict(draws),
        "linkage_distances": {"unit": distances.unit, "middles": distances.middles.tolist()},
        "ceiling": {
            "train": compare(training, held_out, draws),
            "held_out": compare(held_out, training, draws),
        },
        "people": {name: describe(training, real) for name, real in people.items()},
        "sets": {
            name: evaluate_set(training, held_out, own, draws)
            for name, own in prepared.items()
            if name not in people
        },
    }


def make_folder(folder: Path) -> None:
    """Makes the folder of --output, before anything is computed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make {folder} ({error.strerror}); choose another place") from error


def write_results(
    folder: Path, result: Tree, sets: dict[str, Prepared], distances: measures.Distances
) -> None:
    """genomes.json and the figures."""
    whole_files.write_text(folder / "genomes.json", json.dumps(result, indent=1) + "\n")
    real = sets[TRAINING]
    others = {name: own for name, own in sets.items() if name != TRAINING}
    genome_figures.draw_frequencies(
        measures.frequencies(real.alleles),
        {name: measures.frequencies(own.alleles) for name, own in others.items()},
        folder / "frequencies.png",
    )
    scores = {name: own.scores for name, own in others.items()}
    genome_figures.draw_components(real.scores, scores, folder / "components.png")
    curves = {name: own.curve for name, own in sets.items()}
    genome_figures.draw_linkage(distances, curves, folder / "linkage.png")
    print(f"{folder}: genomes.json, frequencies.png, components.png, linkage.png")


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    haplotypes.add_training_options(parser)
    parser.add_argument("--test", type=Path, metavar="FILE", help=".hapt file of held-out people")
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="test",
        help="which people of --set are the held-out ones (test); choose settings on validation",
    )
    parser.add_argument(
        "--compare", nargs="+", required=True, metavar="NAME=FILE", help="artificial .hapt files"
    )
    parser.add_argument(
        "--legend",
        type=Path,
        help="text with a head line and a column `position` or `pos` (bases), such as "
        "`dnagpt-prep haplotypes --legend` takes",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for genomes.json, figures")
    parser.add_argument(
        "--rows", type=int, default=2000, help="most rows of a draw, adversarial accuracy (2000)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="draws that are averaged (5)")
    parser.add_argument("--seed", type=int, default=1, help="number that decides the draws (1)")
    options = parser.parse_args(arguments)
    if (options.train is None) != (options.test is None):
        parser.error("--train and --test belong together; give both, or --set alone")
    if options.rows < 2 or options.repeats < 1:
        parser.error("--rows must be 2 or more and --repeats 1 or more")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a file cannot be used."""
    options = read_options(arguments)
    try:
        if options.output:
            make_folder(options.output)
        prepared, distances = prepare_all(options)
        rows = min(options.rows, *(len(own.alleles) for own in prepared.values()))
        result = evaluate(prepared, distances, Draws(rows, options.repeats, options.seed))
        genome_tables.print_tables(result)
        if options.output:
            write_results(options.output, result, prepared, distances)
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
