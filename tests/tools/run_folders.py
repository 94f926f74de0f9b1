"""Small run folders for the tests of the tools."""

import json
from pathlib import Path

import numpy as np

import prediction_files
from prediction_files import ClassPredictions, NumberPredictions


def write_metrics(folder: Path, lines: list[dict]) -> None:
    """metrics.jsonl of these lines."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text)


def steps(count: int) -> list[dict]:
    """Lines of steps whose loss falls."""
    return [
        {"step": s, "loss": 9 / s, "learning_rate": 1e-3, "grad_norm": 1.0, "tokens_per_second": 9}
        for s in range(1, count + 1)
    ]


def write_config(folder: Path, rate: float) -> None:
    """config.toml with the learning rate and the folder."""
    text = f'[run]\nfolder = "{folder}"\nseed = 1\n[optimizer]\nlearning_rate = {rate}\n'
    (folder / "config.toml").write_text(text)


def write_pretraining(folder: Path, bits: float = 1.9, rate: float = 1e-3) -> Path:
    """A run of 8 steps, resumed after step 4, with a validation line and evaluation.json."""
    folder.mkdir(parents=True)
    write_config(folder, rate)
    lines = steps(8)
    for step in (8, 4):
        evaluation = {"step": step, "bits_per_base": {"yeast": bits, "e_coli": bits + 0.1}}
        lines.insert(step, {"evaluation": evaluation | {"gc_r2": {"yeast": 0.5}}})
    lines.insert(5, {"resumed": {"step": 4, "world_size": 2}})
    write_metrics(folder, lines)
    write_evaluation(folder / "evaluation.json", bits, 8)
    return folder


def write_evaluation(path: Path, bits: float, step: int) -> None:
    """evaluation.json of a pretrained checkpoint."""
    species = {"yeast": {"bits_per_base": bits}, "e_coli": {"bits_per_base": bits + 0.1}}
    mean = {"bits_per_base": bits + 0.05, "gc_r2": 0.5, "order_accuracy": 0.75}
    evaluation = {"format_version": 1, "checkpoint": f"step_{step:08}.h5", "step": step}
    evaluation |= {"split": "validation", "species": species, "mean": mean}
    path.write_text(json.dumps(evaluation))


def class_entry(accuracy: float) -> dict:
    """Scores of a split."""
    scores = {"n": 40, "n_by_class": {"negative": 20, "positive": 20}, "accuracy": accuracy}
    scores |= {"mcc": 2 * accuracy - 1, "auroc": None, "confusion": [[16, 4], [4, 16]]}
    return scores | {"intervals": {"accuracy": [accuracy - 0.1, accuracy + 0.1]}}


def tuned_evaluation(accuracy: float) -> dict:
    """evaluation.json of a fine-tuned run on one set with classes."""
    sets = {
        "pas": {
            "answer": "class",
            "classes": ["negative", "positive"],
            "validation": class_entry(accuracy),
            "test": class_entry(accuracy),
        }
    }
    return {"format_version": 1, "checkpoint": "step_00000008.h5", "step": 8, "sets": sets}


def write_tuning(folder: Path, accuracy: float = 0.8, rate: float = 3e-5) -> Path:
    """A fine-tuned run of 8 steps on one set with classes."""
    folder.mkdir(parents=True)
    write_config(folder, rate)
    lines = steps(8)
    for step in (8, 4):
        sets = {"pas": {"n": 40, "accuracy": accuracy, "loss": 0.5}}
        evaluation = {"step": step, "epoch": step // 4, "score": accuracy, "sets": sets}
        lines.insert(step, {"evaluation": evaluation})
    write_metrics(folder, lines)
    (folder / "evaluation.json").write_text(json.dumps(tuned_evaluation(accuracy)))
    prediction_files.write_predictions(folder / "predictions.tsv", class_answers())
    return folder


def class_answers() -> ClassPredictions:
    """40 answers, a fifth of them wrong."""
    label = np.arange(40) % 2
    predicted = np.where(np.arange(40) % 5 == 0, 1 - label, label)
    probabilities = np.where(np.eye(2)[predicted] == 1, 0.7, 0.3)
    names = np.array([f"e{row}" for row in range(40)], dtype=object)
    split = np.full(40, "test", dtype=object)
    return ClassPredictions(
        ["negative", "positive"],
        names,
        np.full(40, 600),
        label,
        predicted,
        probabilities,
        np.zeros(40),
        split,
    )


def number_answers() -> NumberPredictions:
    """20 answers that are near the target."""
    target = np.linspace(-1, 2, 20)
    names = np.array([f"g{row}" for row in range(20)], dtype=object)
    return NumberPredictions(names, target, target, target + 0.1, np.full(20, "test", dtype=object))


def write_seeds(folder: Path) -> Path:
    """A fine-tuning with two seeds."""
    folder.mkdir(parents=True)
    write_config(folder, 3e-5)
    runs = []
    for seed, accuracy in ((1, 0.8), (2, 0.9)):
        write_tuning(folder / f"seed_{seed}", accuracy)
        runs.append({"folder": f"seed_{seed}", "seed": seed, "fold": 0, "step": 8, "epoch": 2})
        runs[-1]["sets"] = tuned_evaluation(accuracy)["sets"]
    summary = {"format_version": 1, "runs": runs}
    summary["mean"] = {"pas": {"test": {"accuracy": 0.85, "mcc": 0.7}}}
    summary["deviation"] = {"pas": {"test": {"accuracy": 0.0707, "mcc": 0.1414}}}
    (folder / "evaluation.json").write_text(json.dumps(summary))
    return folder
