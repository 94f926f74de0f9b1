"""How well the order task can be answered from 6-mer frequencies alone.

    python tools/order_baseline.py shards/ --rows rows.tsv
    python tools/order_baseline.py shards/ --length 510 --length 1020 --length 3060

Logistic regression tells forward from reversed windows by the frequencies of their 6-mers (all
offsets). It is fitted on windows of the training shards and scored, each window shown in one
direction, on the very rows that `dnagpt evaluate --write-task-rows rows.tsv` scored, or else on
windows of the validation shards that do not overlap: once with one classifier for all species
(joint), once with one for each species (own).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import dnagpt_files
from dnagpt_files import BASES_PER_WORD, word_codes
from kmers import encode_bases, kmer_frequencies

KMER_COUNT = 4**BASES_PER_WORD
LARGEST_N_SHARE = 0.05
REGULARISATION = (1e-5, 1e-4, 1e-3, 1e-2)
"""Values of C that are tried on a fifth of the training windows."""


@dataclasses.dataclass(frozen=True)
class Score:
    """Share of right answers among `windows` answers; its standard error is the binomial one."""

    accuracy: float
    windows: int

    @property
    def standard_error(self) -> float:
        """Standard error of the accuracy."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / self.windows))


@dataclasses.dataclass(frozen=True)
class Questions:
    """6-mer frequencies (windows, 4096) as they are shown, answers (1 forward), species."""

    features: np.ndarray
    answers: np.ndarray
    species: np.ndarray


@dataclasses.dataclass(frozen=True)
class Windows:
    """6-mer frequencies (windows, 4096) as they run in the genome, and each one's species."""

    forward: np.ndarray
    species: np.ndarray


def reversed_kmers() -> np.ndarray:
    """The number of each 6-mer read backwards (not complemented)."""
    numbers = np.arange(KMER_COUNT)
    result = np.zeros_like(numbers)
    for _ in range(BASES_PER_WORD):
        result = result * 4 + numbers % 4
        numbers = numbers // 4
    return result


def cut_windows(
    tokens: np.ndarray, words: int, most: int, random: np.random.Generator
) -> np.ndarray:
    """Bases (windows, 6 words) of up to `most` windows that do not overlap; few N in each."""
    usable = len(tokens) // words * words
    table = tokens[:usable].reshape(-1, words)
    chosen = np.sort(random.permutation(len(table))[: most + most // 4])
    bases = word_codes()[table[chosen]].reshape(len(chosen), words * BASES_PER_WORD)
    few = (bases == 0).mean(axis=1) <= LARGEST_N_SHARE
    return bases[few][:most]


def read_windows(
    folder: Path, split: str, words: int, most: int, random: np.random.Generator
) -> Windows:
    """Windows of one split, at most `most` of a species."""
    tokens: dict[str, list[np.ndarray]] = {}
    for shard in dnagpt_files.iterate_shards(folder, split):
        tokens.setdefault(shard.species, []).append(shard.tokens)
    parts, names = [], []
    for species, pieces in tokens.items():
        bases = cut_windows(np.concatenate(pieces), words, most, random)
        parts.append(kmer_frequencies(bases, BASES_PER_WORD))
        names += [species] * len(bases)
    if not names:
        raise dnagpt_files.FileError(
            f"{folder} has no window of {words * BASES_PER_WORD} bases in split {split}; "
            "take a smaller --length"
        )
    return Windows(np.concatenate(parts), np.array(names))


def both_directions(forward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features of each window forward and reversed, and the answers (1 forward)."""
    features = np.concatenate([forward, forward[:, reversed_kmers()]])
    answers = np.repeat([1, 0], len(forward))
    return features, answers


def one_direction(windows: Windows, random: np.random.Generator) -> Questions:
    """Each window once, forward or reversed with equal chance: answers are independent."""
    answers = random.integers(0, 2, len(windows.forward))
    features = np.where(
        answers[:, None] == 1, windows.forward, windows.forward[:, reversed_kmers()]
    )
    return Questions(features, answers, windows.species)


def read_questions(path: Path) -> Questions:
    """The rows of `dnagpt evaluate --write-task-rows`; sequences may differ in length."""
    lines = path.read_text().splitlines() if path.is_file() else []
    if not lines or lines[0] != "species\tanswer\tsequence":
        raise dnagpt_files.FileError(
            f"{path} holds no task rows; write them with `dnagpt evaluate --write-task-rows {path}`"
        )
    rows = [line.split("\t") for line in lines[1:]]
    features = [
        kmer_frequencies(encode_bases(text)[None, :], BASES_PER_WORD) for _, _, text in rows
    ]
    answers = np.array([answer == "forward" for _, answer, _ in rows], np.int64)
    return Questions(np.concatenate(features), answers, np.array([row[0] for row in rows]))


def classifier(strength: float) -> Pipeline:
    """Logistic regression on features of unit variance."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))


def fit(forward: np.ndarray) -> Pipeline:
    """The classifier whose C does best on the last fifth of the windows, fitted on all."""
    held = max(len(forward) // 5, 1)
    training, held_out = both_directions(forward[:-held]), both_directions(forward[-held:])
    scores = [classifier(c).fit(*training).score(*held_out) for c in REGULARISATION]
    return classifier(REGULARISATION[int(np.argmax(scores))]).fit(*both_directions(forward))


def score_species(
    training: Windows, questions: Questions, seed: int
) -> dict[str, dict[str, Score]]:
    """Scores by species (and "all") of the joint and of the species' own classifier."""
    order = np.random.default_rng(seed).permutation(len(training.species))
    joint = fit(training.forward[order])
    scores: dict[str, dict[str, Score]] = {}
    right_of: dict[str, list[np.ndarray]] = {"joint": [], "own": []}
    for species in np.unique(questions.species):
        asked = questions.species == species
        members = order[training.species[order] == species]
        models = {"joint": joint} | (
            {"own": fit(training.forward[members])} if len(members) > 9 else {}
        )
        right = {
            kind: model.predict(questions.features[asked]) == questions.answers[asked]
            for kind, model in models.items()
        }
        scores[str(species)] = {k: Score(float(r.mean()), len(r)) for k, r in right.items()}
        for kind, answers_right in right.items():
            right_of[kind].append(answers_right)
    together = {kind: np.concatenate(parts) for kind, parts in right_of.items() if parts}
    scores["all"] = {k: Score(float(r.mean()), len(r)) for k, r in together.items()}
    return scores


def print_scores(length: int, scores: dict[str, dict[str, Score]]) -> None:
    """One line a species: accuracy and standard error of both classifiers."""
    print(f"\nwindows of {length} bases; chance is 0.5")
    print(f"{'species':26} {'windows':>8} {'joint':>17} {'own':>17}")
    for species, by_kind in scores.items():
        texts = [
            f"{by_kind[kind].accuracy:.3f} +- {by_kind[kind].standard_error:.3f}"
            if kind in by_kind
            else "-"
            for kind in ("joint", "own")
        ]
        count = by_kind["joint"].windows
        print(f"{species.replace('_', ' '):26} {count:>8} {texts[0]:>17} {texts[1]:>17}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where the shards cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shards", type=Path, help="folder of token shards")
    parser.add_argument(
        "--length", type=int, action="append", help="window length in bases (default: 1020)"
    )
    parser.add_argument(
        "--windows", type=int, default=1000, help="most training windows of a species"
    )
    parser.add_argument(
        "--validation-windows", type=int, default=1000, help="most validation windows of a species"
    )
    parser.add_argument(
        "--rows", type=Path, help="score on these rows; --length then is that of training windows"
    )
    parser.add_argument("--seed", type=int, default=1, help="choice of windows and directions")
    options = parser.parse_args(arguments)
    try:
        for length in options.length or [1020]:
            random, words = np.random.default_rng(options.seed), max(length // BASES_PER_WORD, 2)
            training = read_windows(options.shards, "train", words, options.windows, random)
            if options.rows:
                questions = read_questions(options.rows)
            else:
                validation = read_windows(
                    options.shards, "validation", words, options.validation_windows, random
                )
                questions = one_direction(validation, random)
            print_scores(words * BASES_PER_WORD, score_species(training, questions, options.seed))
    except dnagpt_files.FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
