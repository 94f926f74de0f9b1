"""The benchmark's arithmetic and its talk with PyTorch's process; with PyTorch also its steps."""

import argparse
import importlib.util
import json
import subprocess
from pathlib import Path

import pytest
from built_programs import NEEDS_PROGRAMS
from conftest import PROGRAMS

import bench_scaling
import bench_training
import dnagpt_steps
import torch_steps
from bench_training import OurChoice, Shape, TorchChoice

SHAPE = Shape(2, 2, 32, 16, 4, "fixed")
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def test_ranks_fill_the_cores_and_have_rows() -> None:
    assert bench_training.our_choices(["float"], 4, 2) == [
        OurChoice("float", 1, 4),
        OurChoice("float", 2, 2),
    ]


def test_ratio_and_share_are_of_medians() -> None:
    times = {"torch": [4.0, 2.0, 3.0], "dnagpt": [2.0, 9.0, 1.0], "products": [1.0]}
    result = bench_training.summarise(SHAPE, times)
    assert result["tokens_per_second"] == {"torch": 64 / 3, "dnagpt": 32, "products": 64}
    assert result["ratio"] == 1.5
    assert result["share_of_products"] == 0.5


def test_a_torch_process_that_ends_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(torch_steps.sys, "executable", "/bin/false")
    choices = bench_training.torch_choices(bench_training.parse([]))
    with pytest.raises(bench_training.TorchEndedError, match="no way to run PyTorch"):
        bench_training.try_torch(SHAPE, choices, 1)
    assert "left out, an error" in capsys.readouterr().err
    assert str(TorchChoice("bf16", True)) == "PyTorch compiled bf16"


def test_settings_give_every_rank_its_rows_at_once(tmp_path: Path) -> None:
    programs = bench_training.Programs(tmp_path, tmp_path, tmp_path)
    settings = programs.settings(SHAPE, OurChoice("bf16", 3, 1))
    assert "batch.tokens_per_step=64" in settings
    assert "batch.micro_batch=2" in settings
    assert "run.precision=bf16" in settings


def test_a_gpu_has_its_own_choices() -> None:
    options = bench_training.parse(["--device=cuda", "--torch-attention", "flash", "cudnn"])
    assert (options.rows, options.steps, options.precisions) == (64, 20, ("bf16",))
    assert bench_training.parse(["--device=cuda", "--context=4096"]).rows == 8
    assert bench_training.parse([]).rows == 8
    ways = [str(choice) for each in bench_training.torch_choices(options) for choice in each]
    assert ways == [
        f"PyTorch compiled {precision}, {kernel} attention"
        for precision in ("bf16", "bf16_weights")
        for kernel in ("flash", "cudnn")
    ]
    programs = bench_training.Programs(Path(), Path(), Path("/tmp"))
    for told in (True, False):
        settings = programs.settings(SHAPE, OurChoice("bf16", 1, 1, told))
        assert f"run.deterministic={str(told).lower()}" in settings


@pytest.mark.parametrize(
    "wrong", [["--profile"], ["--device=cuda", "--precisions", "bf16", "float"], ["--device=tpu"]]
)
def test_options_that_do_not_fit_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        bench_training.parse(wrong)
    assert refused.value.code == 2


GPU_TIMES = {
    "torch": [0.06],
    "square_product": [0.0016, 0.0014, 0.0015],
    "dnagpt": [0.05],
    "dnagpt_not_deterministic": [0.04],
}


def test_shares_of_peak_and_of_a_product() -> None:
    shape = Shape(12, 12, 768, 512, 64, "dynamic")
    result = bench_training.summarise(shape, GPU_TIMES, 989)
    flops = 667_008_000 * 64 * 512
    assert result["mfu"]["dnagpt"] == pytest.approx(flops / 0.05 / 989e12)
    product = 2 * 8192**3 / 0.0015
    assert result["square_product_tflops"] == pytest.approx(product / 1e12)
    assert result["share_of_square_product"]["torch"] == pytest.approx(flops / 0.06 / product)
    assert result["cost_of_determinism"] == pytest.approx(0.2)
    assert result["ratio"] == pytest.approx(1.2)
    assert bench_training.summarise(shape, GPU_TIMES)["mfu"] == dict.fromkeys(result["mfu"])
    names = {"torch": "PyTorch", "dnagpt": "det", "dnagpt_not_deterministic": "not det"}
    gpu = {"gpu": "a GPU", "driver": "1", "cuda": "13.0", "cpu": "a CPU", "units": ""}
    lines = bench_training.result_lines({"machine": gpu, **names, **result})
    assert lines[0] == "a GPU, driver 1, CUDA 13.0"
    assert lines[2].split() == ["det", "655360.0", "tokens/s", "MFU", "44.2", "%"]
    assert lines[-1].split() == ["determinism", "costs", "20.0", "%"]


class MadeUpServer:
    """PyTorch's process with an H100 that never tires."""

    def __init__(self, shape: Shape, choice: TorchChoice, *_: object) -> None:
        self.factor = 2 if choice.precision == "bf16" else 1
        assert (choice.device, choice.compiled) == ("cuda", True)

    def seconds(self, steps: int) -> list[float]:
        return [0.06 * self.factor] * steps

    def products(self, count: int) -> list[float]:
        return [0.0015] * count

    def close(self) -> None:
        pass


def test_the_turns_on_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    told = []
    products = "cuBLASLt 13.1.0"

    def complete(command: list[str], _: dict[str, str]) -> subprocess.CompletedProcess[str]:
        told.append(command)
        seconds = 0.04 if "run.deterministic=false" in command else 0.05
        said = json.dumps({"step_seconds": [seconds], "products": products})
        log = "10:00 warning: cuDNN takes no attention\ndata\n"
        log += "profile of rank 0\ntogether\n" if "--profile" in command else ""
        return subprocess.CompletedProcess(command, 0, said, log)

    monkeypatch.setattr(dnagpt_steps, "complete", complete)
    facts = dict.fromkeys(("cpu", "units", "gpu", "driver", "cuda"), "x")
    for name in ("machine", "gpu_facts"):
        monkeypatch.setattr(bench_training, name, lambda: facts)
    monkeypatch.setattr(bench_training, "require_gpu", lambda: None)
    monkeypatch.setattr(bench_training, "TorchServer", MadeUpServer)
    output = tmp_path / "gpu.json"
    given = [f"--shards={tmp_path}", f"--output={output}", "--profile", "--rounds=2"]
    assert bench_training.main(["--device=cuda", "--peak-tflops=989", *given]) == 0
    assert "warning: cuDNN takes no attention\n" in capsys.readouterr().err
    result = json.loads(output.read_text())
    assert result["torch"] == "PyTorch compiled bf16_weights, flash attention"
    assert result["dnagpt"] == "dnagpt bf16 deterministic"
    assert (result["ratio"], result["cost_of_determinism"]) == pytest.approx((1.2, 0.2))
    assert {side: len(taken) for side, taken in result["step_seconds"].items()} == {
        "torch": 40,
        "square_product": 40,
        "dnagpt": 2,
        "dnagpt_not_deterministic": 2,
    }
    assert (tmp_path / "gpu.profile.txt").read_text() == "profile of rank 0\ntogether\n"
    assert all(command[0] == "build/cuda/bin/dnagpt" for command in told)  # no launcher
    assert sum("run.deterministic=true" in command for command in told) == 3
    products = "oneDNN 2.6.3"
    with pytest.raises(SystemExit, match="computes on CPUs"):
        bench_training.main(["--device=cuda", *given])


@needs_torch
def test_a_gpu_that_is_not_there_is_told(capsys: pytest.CaptureFixture) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert bench_training.main(["--device", "cuda"]) == 1
    assert "sees no GPU" in capsys.readouterr().err


@needs_torch
def test_the_loss_in_one_piece_is_the_reference_s() -> None:
    import torch

    import torch_model
    import torch_reference

    shape = torch_reference.GOLDEN_SHAPE
    arrays = torch_reference.golden_batch(shape, 3, 5)
    batch = torch_reference.to_torch(arrays, torch.float64)
    torch.manual_seed(2)
    outputs = torch_reference.run_forward(torch_model.DnaGpt(shape).double(), batch)
    weights = torch_model.LossWeights()
    expected = torch_model.multi_task_loss(*outputs, batch, weights).total
    merged = torch_steps.merge_targets(batch, weights)
    found = torch_steps.merged_loss(*outputs, merged, weights)
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)


@needs_torch
@pytest.mark.parametrize("precision", torch_steps.PRECISIONS)
def test_a_step_of_each_precision_learns_the_batch(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    import torch_model
    import torch_reference

    copy_rows = torch.Tensor.index_copy

    def copy_as_a_gpu_does(rows: torch.Tensor, *given: object) -> torch.Tensor:
        assert rows.dtype == given[-1].dtype
        return copy_rows(rows, *given)

    plan = torch_reference.TrainingPlan(learning_rate=1e-2)
    monkeypatch.setattr(torch_reference, "TrainingPlan", lambda: plan)
    monkeypatch.setattr(torch.Tensor, "index_copy", copy_as_a_gpu_does)
    monkeypatch.setattr(torch_model.Attention, "forward", torch_model.Attention.forward)
    choice, losses = TorchChoice(precision, compiled=False), []
    build = torch_steps.build_loss

    def noted(*given: object) -> object:
        compute = build(*given)

        def loss() -> torch.Tensor:
            total = compute()
            losses.append(total.item())
            return total

        return loss

    monkeypatch.setattr(torch_steps, "build_loss", noted)
    step = torch_steps.build_step(SHAPE, choice)
    for _ in range(8):
        step()
    assert losses[-1] < losses[0] - 0.5


def test_times_begin_and_end_with_an_idle_device() -> None:
    calls: list[str] = []
    work, wait = (lambda name=name: calls.append(name) for name in ("work", "wait"))
    assert len(torch_steps.time_each(work, 2, wait)) == 2
    assert calls == ["wait", "work", "wait"] * 2


def test_programs_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(bench_training, "machine", dict)
    assert bench_training.main(["--programs", str(tmp_path)]) == 1
    assert f"cannot start {tmp_path}/dnagpt-prep" in capsys.readouterr().err


@needs_torch
@NEEDS_PROGRAMS
@pytest.mark.skipif(
    not (PROGRAMS / "bench_products").exists(), reason="bench_products is not built"
)
def test_both_sides_take_turns(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bench_training, "torch_choices", lambda _: [[TorchChoice("float", compiled=False)]]
    )
    output = tmp_path / "result.json"
    sizes = ["--layers=1", "--heads=2", "--channels=16", "--context=32", "--rows=2"]
    sizes += ["--vocabulary=fixed", "--precisions=float"]
    given = [f"--programs={PROGRAMS}", f"--shards={shards}", "--rounds=1", "--steps=1"]
    given += [f"--output={output}", "--profile", "--peak-tflops=1"]
    assert bench_training.main([*sizes, *given]) == 0
    result = json.loads(output.read_text())
    assert set(result["mfu"]) == {"torch", "dnagpt"}
    assert len(result["step_seconds"]["torch"]) == 1
    profile = (tmp_path / "result.profile.txt").read_text()
    assert profile.startswith("profile of rank 0")
    assert "together" in profile


def test_the_law_follows_operations_and_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_: object, point: bench_scaling.Point, options: argparse.Namespace) -> dict:
        flops = bench_scaling.flops_per_token(point, options.channels, 15_659)
        memory = {"peak_memory_bytes": 2**30, "planned_memory_bytes": 2**30}
        return {"tokens_per_second": 1e9 * point.ranks / flops} | memory

    monkeypatch.setattr(bench_scaling, "measure", measured)
    options = argparse.Namespace(
        programs=tmp_path, shards=tmp_path, vocabulary="fixed", channels=32, heads=2
    )
    results = bench_scaling.compare(options, tmp_path)
    assert [row["measured_over_expected"] for row in results] == pytest.approx([1] * 9)
    bench_scaling.plot(results, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
