"""What simple models reach on a labelled set that asks for a number, on the set's own split.

    python tools/baseline_numbers.py expression.h5 --output baselines.json
    python tools/baseline_numbers.py expression.h5 --kmers --folds 10

ridge  ridge regression; its penalty is chosen on validation
trees  gradient-boosted trees; validation says how many

Both read the input numbers of the set, z-scored by the training rows, and with --kmers also the
6-mer frequencies of the sequence. With --predictions the answers are written as `dnagpt finetune`
writes them, so that tools/compare_predictions.py can join both.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import baselines
from baselines import Fit, Rows
from dnagpt_files import FileError, LabelledSet
from kmers import encode_sequences, kmer_frequencies
from prediction_files import NumberPredictions

PENALTIES = tuple(10.0**power for power in range(-2, 6))
TREES = 400
LEARNING_RATE = 0.05
MODELS = ("ridge", "trees")
SHOWN = {"r2": "r2", "spearman": "Spearman", "root_mean_squared_error": "RMSE"}


def make_features(labelled: LabelledSet, with_kmers: bool) -> np.ndarray:
    """Features (examples, F) or (examples, F + 4096)."""
    parts = [labelled.numbers.astype(float)]
    if with_kmers:
        if not any(labelled.sequences):
            raise FileError(f"{labelled.path} holds no sequences (only numbers); leave out --kmers")
        parts.append(kmer_frequencies(encode_sequences(labelled.sequences), 6))
    features = np.concatenate(parts, axis=1)
    if features.shape[1] == 0:
        raise FileError(f"{labelled.path} holds no input numbers (only sequences); add --kmers")
    return features


def mean_squared_error(labelled: LabelledSet, rows: Rows, outputs: np.ndarray) -> float:
    """Loss on validation of answers to the asked rows."""
    target = labelled.target[rows.validation]
    return float(((outputs[: len(target)] - target) ** 2).mean())


def fit_ridge(labelled: LabelledSet, features: np.ndarray, rows: Rows) -> Fit:
    """Ridge regression with the penalty that does best on validation."""
    scaler = StandardScaler().fit(features[rows.train])
    train, asked = (scaler.transform(features[part]) for part in (rows.train, rows.asked))

    def candidate(penalty: float) -> tuple[float, np.ndarray, float]:
        outputs = Ridge(alpha=penalty).fit(train, labelled.target[rows.train]).predict(asked)
        return penalty, outputs, mean_squared_error(labelled, rows, outputs)

    return baselines.choose(map(candidate, PENALTIES), "alpha")


def fit_trees(labelled: LabelledSet, features: np.ndarray, seed: int, rows: Rows) -> Fit:
    """As many gradient-boosted trees as do best on validation."""
    model = HistGradientBoostingRegressor(
        max_iter=TREES, learning_rate=LEARNING_RATE, early_stopping=False, random_state=seed
    ).fit(features[rows.train], labelled.target[rows.train])
    stages = model.staged_predict(features[rows.asked])
    return baselines.choose(
        (
            (count, outputs, mean_squared_error(labelled, rows, outputs))
            for count, outputs in enumerate(stages, start=1)
        ),
        "trees",
    )


def to_predictions(labelled: LabelledSet, rows: Rows, outputs: np.ndarray) -> NumberPredictions:
    """Answers to validation and test; outputs (n) are in the original scale."""
    training = labelled.target[rows.train]
    return NumberPredictions(
        id=labelled.id[rows.asked],
        target=labelled.target[rows.asked],
        predicted=(outputs - training.mean()) / training.std(),
        predicted_original_scale=outputs,
        split=rows.asked_split,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a file cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    baselines.add_arguments(parser, MODELS)
    parser.add_argument("--kmers", action="store_true", help="read the sequences' 6-mers too")
    options = parser.parse_args(arguments)
    try:
        labelled = baselines.read_set(options.set, "number")
        features = make_features(labelled, options.kmers)
        fits = {
            "ridge": functools.partial(fit_ridge, labelled, features),
            "trees": functools.partial(fit_trees, labelled, features, options.seed),
        }
        models = {name: fits[name] for name in options.model}
        report = baselines.run_baselines(
            options, labelled, models, functools.partial(to_predictions, labelled)
        )
        baselines.finish(options, report, SHOWN)
    except FileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
