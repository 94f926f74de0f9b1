"""Scores agree with scikit-learn and with values by hand, also when examples are drawn twice."""

import numpy as np
import pytest
from sklearn import metrics

import scores
from prediction_files import ClassPredictions, NumberPredictions


def random_classes(count: int, kinds: int, seed: int) -> ClassPredictions:
    random = np.random.default_rng(seed)
    label = random.integers(0, kinds, count)
    # Two digits: many equal probabilities.
    mass = np.round(random.random((count, kinds)) + 0.7 * np.eye(kinds)[label], 1) + 0.01
    probabilities = mass / mass.sum(axis=1, keepdims=True)
    return ClassPredictions(
        classes=[f"class{k}" for k in range(kinds)],
        id=np.array([f"e{i}" for i in range(count)], dtype=object),
        sequence_length=np.full(count, 600),
        label=label,
        predicted=probabilities.argmax(axis=1),
        probabilities=probabilities,
        outside_mass=np.zeros(count),
        split=np.full(count, "test", dtype=object),
    )


@pytest.mark.parametrize("kinds", [2, 4])
def test_class_scores_are_those_of_scikit_learn(kinds: int) -> None:
    answers = random_classes(300, kinds, seed=kinds)
    weights = np.random.default_rng(5).integers(0, 4, 300).astype(float)
    got = scores.class_scores(answers, weights)
    label, predicted = answers.label, answers.predicted
    average = "binary" if kinds == 2 else "macro"
    options = {"average": average, "sample_weight": weights}
    assert got["accuracy"] == pytest.approx(
        metrics.accuracy_score(label, predicted, sample_weight=weights)
    )
    assert got["balanced_accuracy"] == pytest.approx(
        metrics.balanced_accuracy_score(label, predicted, sample_weight=weights)
    )
    assert got["f1"] == pytest.approx(metrics.f1_score(label, predicted, **options))
    assert got["precision"] == pytest.approx(metrics.precision_score(label, predicted, **options))
    assert got["recall"] == pytest.approx(metrics.recall_score(label, predicted, **options))
    assert got["mcc"] == pytest.approx(
        metrics.matthews_corrcoef(label, predicted, sample_weight=weights)
    )
    asked = [1] if kinds == 2 else range(kinds)
    for name, function in (
        ("auroc", metrics.roc_auc_score),
        ("auprc", metrics.average_precision_score),
    ):
        areas = [
            function(label == k, answers.probabilities[:, k], sample_weight=weights) for k in asked
        ]
        assert got[name] == pytest.approx(np.mean(areas))


def test_confusion_by_hand() -> None:
    answers = random_classes(4, 2, seed=1)
    answers.label[:] = [0, 0, 1, 1]
    answers.predicted[:] = [0, 1, 1, 1]
    assert scores.confusion_matrix(answers, np.ones(4)).tolist() == [[1, 1], [0, 2]]
    got = scores.class_scores(answers, np.ones(4))
    assert (got["accuracy"], got["recall"]) == (0.75, 1.0)
    assert got["precision"] == pytest.approx(2 / 3)
    assert got["mcc"] == pytest.approx(2 / np.sqrt(12))


def test_a_class_that_is_never_met_leaves_no_area() -> None:
    answers = random_classes(6, 2, seed=1)
    answers.label[:] = 0
    got = scores.class_scores(answers, np.ones(6))
    assert np.isnan(got["auroc"])
    assert np.isnan(got["auprc"])
    assert got["mcc"] == 0
    answers.label[:] = 1
    got = scores.class_scores(answers, np.ones(6))
    assert np.isnan(got["auroc"])
    assert got["auprc"] == 1


def test_means_over_classes_leave_out_those_without_examples() -> None:
    answers = random_classes(4, 3, seed=1)
    answers.label[:] = [0, 0, 1, 1]
    answers.predicted[:] = [0, 1, 1, 2]
    got = scores.class_scores(answers, np.ones(4))
    assert (got["recall"], got["precision"]) == (0.5, 0.75)
    assert got["f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_a_constant_has_no_correlation() -> None:
    """0.1 summed up is no multiple of 0.1: the mean must be that of equal values."""
    target = np.array([1.0, 2.0, 4.0, 3.0, 9.0, 7.0, 8.0])
    constant = np.full(7, 0.1)
    drawn = np.array([0.0, 3, 1, 1, 2, 0, 1])
    for pair in ((target, constant), (constant, target)):
        got = scores.number_scores(*pair, drawn)
        assert np.isnan(got["r2"])
        assert np.isnan(got["spearman"])
    assert scores.number_scores(target, constant, drawn)["r2_residual"] < 0


def test_roc_curve_ends_in_the_corners() -> None:
    positive = np.array([True, False, True, False])
    false, true = scores.roc_curve(positive, np.array([0.9, 0.8, 0.8, 0.1]))
    assert false.tolist() == [0, 0, 0.5, 1]
    assert true.tolist() == [0, 0.5, 1, 1]


def test_number_scores_are_those_of_scikit_learn() -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(2)
    target = np.round(random.normal(size=200), 1)
    predicted = np.round(0.6 * target + random.normal(size=200), 1)
    times = random.integers(0, 3, 200)
    got = scores.number_scores(target, predicted, times.astype(float))
    drawn = (np.repeat(target, times), np.repeat(predicted, times))
    assert got["r2"] == pytest.approx(np.corrcoef(*drawn)[0, 1] ** 2)
    assert got["r2_residual"] == pytest.approx(metrics.r2_score(*drawn))
    assert got["spearman"] == pytest.approx(stats.spearmanr(*drawn).statistic)
    assert got["mean_absolute_error"] == pytest.approx(metrics.mean_absolute_error(*drawn))
    assert got["root_mean_squared_error"] == pytest.approx(
        np.sqrt(metrics.mean_squared_error(*drawn))
    )


def test_groups_are_drawn_whole() -> None:
    groups = np.array([7, 3, 7, 9, 3])
    draws = list(scores.resamples(groups, 200, seed=1))
    assert all(w[0] == w[2] and w[1] == w[4] and w[[0, 1, 3]].sum() == 3 for w in draws)
    assert np.mean(draws) == pytest.approx(1, abs=0.1)


def test_an_interval_holds_what_theory_says() -> None:
    """400 answers with 80 % right: +- 1.96 sqrt(0.16 / 400)."""
    answers = random_classes(400, 2, seed=3)
    answers.predicted[:] = np.where(np.arange(400) % 5 == 0, 1 - answers.label, answers.label)
    entry = scores.describe(answers, np.arange(400))
    assert entry["accuracy"] == 0.8
    low, high = entry["intervals"]["accuracy"]
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(0.16 / 400), rel=0.15)
    assert sum(entry["n_by_class"].values()) == entry["n"] == 400
    assert np.sum(entry["confusion"]) == 400


def test_numbers_are_described_in_the_original_scale() -> None:
    target = np.array([1.0, 2.0, 4.0, 3.0])
    names = np.array(list("abcd"), dtype=object)
    answers = NumberPredictions(names, target, target * 9, target + 0.5, names)
    entry = scores.describe(answers, np.arange(4))
    assert entry["mean_absolute_error"] == 0.5
    assert entry["r2"] == pytest.approx(1)
    assert entry["intervals"]["mean_absolute_error"] == [0.5, 0.5]
