"""The golden file fits the scripts; with torch, the reference computes it again and is checked."""

import hashlib
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

import dnagpt_files
import user_block

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "small_model.h5"
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


@pytest.fixture(scope="module")
def golden() -> tuple[dict[str, np.ndarray], dict[str, dnagpt_files.Scalar]]:
    return dnagpt_files.read_arrays(GOLDEN)


def test_golden_file_was_written_by_these_scripts(golden: tuple) -> None:
    texts = [(ROOT / "tools" / f"torch_{part}.py").read_bytes() for part in ("model", "reference")]
    expected = hashlib.sha256(b"".join(texts)).hexdigest()
    assert golden[1]["script_hash"] == expected, (
        "the scripts changed (the golden file is older); write it again with "
        "python tools/torch_reference.py --write-golden tests/golden/small_model.h5"
    )


def test_golden_file_is_small_and_undamaged() -> None:
    assert GOLDEN.stat().st_size < 600_000
    user_block.verify_file(GOLDEN)


def test_loss_follows_from_logits(golden: tuple) -> None:
    arrays, attributes = golden
    logits = arrays["/forward/logits"].reshape(-1, attributes["vocabulary"]).astype(np.float64)
    nats = np.log(np.exp(logits).sum(axis=1))[:, None] - logits
    targets = arrays["/batch/targets"].ravel()
    rows = np.flatnonzero(targets >= 0)
    next_token = nats[rows, targets[rows]].mean()
    order = nats[arrays["/batch/order_position"], arrays["/batch/order_target"]].mean()
    gc = ((arrays["/forward/regression"] - arrays["/batch/regression_target"]) ** 2).mean()
    assert next_token == pytest.approx(attributes["loss_next_token"], rel=1e-6)
    assert order == pytest.approx(attributes["loss_order"], rel=1e-6)
    assert gc == pytest.approx(attributes["loss_gc"], rel=1e-6)
    total = next_token + attributes["order_weight"] * order + attributes["gc_weight"] * gc
    assert total == pytest.approx(attributes["loss"], rel=1e-6)


def test_first_training_step_is_the_forward_pass(golden: tuple) -> None:
    arrays, attributes = golden
    squares = [
        (array.astype(np.float64) ** 2).sum()
        for path, array in arrays.items()
        if path.startswith("/gradients/")
    ]
    assert arrays["/training/loss"][0] == pytest.approx(attributes["loss"], rel=1e-6)
    assert arrays["/training/grad_norm"][0] == pytest.approx(math.sqrt(sum(squares)), rel=1e-6)
    assert len(arrays["/training/loss"]) == attributes["steps"]


def test_batch_is_the_pretraining_template(golden: tuple) -> None:
    batch = {path: array for path, array in golden[0].items() if path.startswith("/batch/")}
    tokens, targets = batch["/batch/tokens"], batch["/batch/targets"]
    flat = tokens.ravel()
    assert (flat[batch["/batch/numbers_position"]] == -1).all()
    assert (flat == -1).sum() == len(batch["/batch/numbers_position"])
    assert (flat[batch["/batch/regression_position"]] == 18).all()
    assert (flat[batch["/batch/order_position"]] == 19).all()
    rows, columns = np.nonzero(targets >= 0)
    assert (targets[rows, columns] == tokens[rows, columns + 1]).all()
    assert (targets[rows, columns] >= 34).all()


def test_norms_and_embeddings_do_not_decay(golden: tuple) -> None:
    """A word that no row holds has no gradient: without decay its embedding stays."""
    arrays, _ = golden
    unused = np.setdiff1d(np.arange(101), arrays["/batch/tokens"])
    name = "transformer.wte.weight"
    before, after = arrays[f"/weights/{name}"], arrays[f"/training/weights/{name}"]
    assert len(unused) > 10
    assert (before[unused] == after[unused]).all()
    assert (before != after).any()


@needs_torch
def test_reference_computes_the_golden_file_again() -> None:
    import torch

    import torch_reference

    assert max(torch_reference.check_golden(GOLDEN).values()) < 1e-6
    assert max(torch_reference.check_golden(GOLDEN, torch.float32).values()) < 1e-4


@needs_torch
def test_presets_have_the_published_number_of_parameters() -> None:
    from torch_model import PRESETS, parameter_count

    for shape, published in PRESETS.values():
        assert parameter_count(shape) == published


@needs_torch
def test_learning_rate_warms_up_and_falls() -> None:
    from torch_reference import TrainingPlan, learning_rate

    plan = TrainingPlan(steps=12, warmup_steps=4, learning_rate=8.0, min_learning_rate=2.0)
    assert [learning_rate(plan, step) for step in range(5)] == [2.0, 4.0, 6.0, 8.0, 8.0]
    assert learning_rate(plan, 8) == pytest.approx(5.0)
    assert learning_rate(plan, 12) == pytest.approx(2.0)


@needs_torch
def test_later_tokens_do_not_change_earlier_logits(golden: tuple) -> None:
    import torch

    import torch_reference

    arrays, _ = golden
    weights = {
        path.removeprefix("/weights/"): array
        for path, array in arrays.items()
        if path.startswith("/weights/")
    }
    model = torch_reference.load_model(torch_reference.GOLDEN_SHAPE, weights, torch.float64)
    nothing = torch.zeros(0, dtype=torch.int64)
    tokens = torch.arange(24)[None] + 34
    changed = tokens.clone()
    changed[0, 15:] = 99
    values = torch.zeros(0, dtype=torch.float64)
    first = model(tokens, nothing, values, nothing)[0]
    second = model(changed, nothing, values, nothing)[0]
    assert torch.equal(first[:, :15], second[:, :15])
    assert not torch.allclose(first[:, 15:], second[:, 15:])
