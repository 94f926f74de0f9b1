"""What simple models reach on a labelled set with classes, on exactly the set's own split.

    python tools/baseline_signals.py human_pas.h5 --model words binned --output baselines.json

composition  logistic regression on the shares of A, C, G and T
words        logistic regression on the non-overlapping 6-mers that DNAGPT reads
kmers        logistic regression on all 6-mers
binned       logistic regression on 3-mers and 4-mers in bins along the sequence
cnn          a small convolutional network (needs torch: tools/requirements-torch.txt)

The strength of the regularisation (of the network: when to stop) is chosen on validation. With
--predictions the answers are written as `dnagpt finetune` writes them, so that
tools/compare_predictions.py can join both.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import sys
from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

import baselines
from baselines import Fit, Model, Rows
from dnagpt_files import FileError, LabelledSet
from kmers import encode_sequences, kmer_frequencies
from prediction_files import ClassPredictions

BINS = 10
"""Bins along a sequence, equally long."""
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
"""Values of C (inverse strength of the penalty) that are tried."""
SHOWN = {"accuracy": "accuracy", "auroc": "AUROC", "mcc": "MCC"}


def root_shares(bases: np.ndarray, k: int, step: int = 1) -> np.ndarray:
    """Square roots of the k-mers' shares (rows, 4^k): each row has length 1, rare words count."""
    return np.sqrt(kmer_frequencies(bases, k, step))


def binned_shares(bases: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Roots of the shares (rows, bins (4^3 + 4^4)) of 3-mers and 4-mers in each bin."""
    parts = np.array_split(bases, bins, axis=1)
    return np.concatenate([root_shares(p, k) for k in (3, 4) for p in parts], axis=1)


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "composition": functools.partial(root_shares, k=1),
    "words": functools.partial(root_shares, k=6, step=6),
    "kmers": functools.partial(root_shares, k=6),
    "binned": binned_shares,
}
MODELS = (*FEATURES, "cnn")


def log_loss(label: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean cross-entropy in nats; probabilities (n, K)."""
    right = probabilities[np.arange(len(label)), label]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def fit_regression(labelled: LabelledSet, features: csr_matrix, rows: Rows) -> Fit:
    """Logistic regression with the strength that does best on validation."""

    def candidate(strength: float) -> tuple[float, np.ndarray, float]:
        model = LogisticRegression(C=strength, max_iter=1000)
        model.fit(features[rows.train], labelled.label[rows.train])
        outputs = model.predict_proba(features[rows.asked])
        validation = outputs[: len(rows.validation)]
        return strength, outputs, log_loss(labelled.label[rows.validation], validation)

    return baselines.choose(map(candidate, STRENGTHS), "C")


def fit_network(labelled: LabelledSet, bases: np.ndarray, seed: int, rows: Rows) -> Fit:
    """The network of signal_cnn.py after the epoch that did best on validation."""
    import signal_cnn

    training = signal_cnn.Training(
        bases[rows.train], labelled.label[rows.train], len(labelled.classes), seed
    )
    epochs = signal_cnn.outputs_by_epoch(training, bases[rows.asked])
    validation = slice(len(rows.validation))
    return baselines.choose(
        (
            (epoch, outputs, log_loss(labelled.label[rows.validation], outputs[validation]))
            for epoch, outputs in enumerate(epochs, start=1)
        ),
        "epochs",
    )


def make_models(labelled: LabelledSet, options: argparse.Namespace) -> dict[str, Model]:
    """The models that were asked for; says so where torch is missing."""
    bases = encode_sequences(labelled.sequences)
    models: dict[str, Model] = {}
    for name in options.model:
        if name in FEATURES:
            models[name] = functools.partial(
                fit_regression, labelled, csr_matrix(FEATURES[name](bases))
            )
        elif importlib.util.find_spec("torch") is not None:
            models[name] = functools.partial(fit_network, labelled, bases, options.seed)
        else:
            print(
                "cnn is left out (torch is not installed); "
                "pip install -r tools/requirements-torch.txt",
                file=sys.stderr,
            )
    return models


def to_predictions(labelled: LabelledSet, rows: Rows, outputs: np.ndarray) -> ClassPredictions:
    """Answers to validation and test; outputs (n, K) are probabilities of the classes."""
    lengths = np.array([len(labelled.sequences[row]) for row in rows.asked])
    return ClassPredictions(
        classes=labelled.classes,
        id=labelled.id[rows.asked],
        sequence_length=lengths,
        label=labelled.label[rows.asked],
        predicted=outputs.argmax(axis=1),
        probabilities=outputs,
        outside_mass=np.zeros(len(outputs)),
        split=rows.asked_split,
    )


def check_classes(labelled: LabelledSet) -> None:
    """FileError where there is nothing to tell apart, or nothing to tell it from."""
    if not any(labelled.sequences):
        raise FileError(f"{labelled.path} holds no sequences (only numbers); give another set")
    missing = set(range(len(labelled.classes))) - set(labelled.label[labelled.split == "train"])
    if missing:
        raise FileError(
            f"{labelled.path} has no training example of class {labelled.classes[min(missing)]!r} "
            "(a classifier cannot learn it); make the set again with more examples"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message where a file cannot be used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    baselines.add_arguments(parser, MODELS)
    options = parser.parse_args(arguments)
    try:
        labelled = baselines.read_set(options.set, "class")
        check_classes(labelled)
        models = make_models(labelled, options)
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
