"""The programs of a GPU build: what they say without a GPU, and the main path on one.

Usage: gpu_path_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed. Ends with
77 (skipped) where there is no GPU, after what needs none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from programs import DNAGPT, MPIEXEC, ranks, run
from small_runs import SmallRuns

SKIPPED = 77
# As in main_path_test.py: only the order of float sums differs between worlds.
LOSS_TOLERANCE = 2e-4
# The same loss (nats) in bf16 from other algorithms, after tens of steps.
ALGORITHMS_TOLERANCE = 0.05
CONFIG = """
[model]
layers = 2
heads = 4
channels = 256
context_length = 128
[run]
precision = "bf16"
[batch]
tokens_per_step = 4096
micro_batch = 8
[schedule]
steps = 20
[optimizer]
learning_rate = 3e-3
[checkpoint]
every_steps = 10
keep_last = 9
[evaluation]
every_steps = 10
windows_per_species = 4
"""
# Of what the run takes beside arrays: the driver's context and NCCL's buffers (bytes).
BESIDE_ARRAYS = 1 << 30


def gpu_count() -> int:
    """The number of GPUs that the driver lists."""
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return listed.stdout.count("GPU ") if listed.returncode == 0 else 0


def has_gpu() -> bool:
    """Whether there is one."""
    return gpu_count() > 0


class GpuRuns(SmallRuns):
    """Runs of one process, large enough for a GPU's kernels."""

    config_text = CONFIG
    shard_launcher = ()

    def run_alone(self, folder: str, *settings: str, expected: int = 0) -> str:
        """What a run without a launcher prints."""
        return run(self.program(folder, *settings), expected)

    def losses(self, folder: str) -> list[float]:
        """The loss of each step."""
        return [line["loss"] for line in self.metrics(folder) if "loss" in line]

    def assert_equal_checkpoints(self, *folders: str) -> None:
        """The last steps of two runs are saved in the same bytes."""
        self.assertEqual(*(self.checkpoint(folder, 20).read_bytes() for folder in folders))


class Anywhere(GpuRuns):
    """What needs no GPU."""

    def test_version_names_the_libraries(self) -> None:
        printed = run([DNAGPT, "--version"])
        for library in (r"\(Cuda\)", r"CUDA \d+\.\d", r"cuBLASLt \d+", r"NCCL \d+", "HDF5", "MPI"):
            self.assertRegex(printed, library)

    def test_what_computes_nothing_works(self) -> None:
        self.assertIn("pretrain", run([DNAGPT, "--help"]))
        printed = run([DNAGPT, "plan", str(self.root / "small.toml"), "--device-memory", "80"])
        self.assertIn("the run fits", printed)

    @unittest.skipIf(has_gpu(), "there is a GPU")
    def test_a_start_without_a_gpu_says_so_in_one_line(self) -> None:
        printed = self.run_alone("none", expected=1)
        lines = [line for line in printed.splitlines() if "GPU" in line]
        self.assertEqual(len(lines), 1, printed)
        self.assertRegex(lines[0], r"computes on NVIDIA GPUs and finds none \(.*\); start it where")


@unittest.skipUnless(has_gpu(), "no GPU")
class OnGpu(GpuRuns):
    """Training on one GPU."""

    def test_the_first_lines_name_device_driver_and_libraries(self) -> None:
        printed = self.run_alone("lines", "schedule.steps=4")
        self.assertRegex(printed, r"rank 0: .* GPU 0 .*, driver [\d.]+ \(CUDA \d+\.\d+\)")
        self.assertRegex(printed, r"cuBLASLt [\d.]+, attention by .*, precision bf16")

    def test_equal_runs_write_equal_bytes(self) -> None:
        for folder in ("one", "two"):
            self.run_alone(folder, "run.time_products=false")
        self.assert_equal_checkpoints("one", "two")

    def test_without_determinism_a_run_learns_the_same(self) -> None:
        losses = []
        for choice in ("true", "false"):
            printed = self.run_alone(choice, f"run.deterministic={choice}")
            self.assertEqual("not deterministic" in printed, choice == "false")
            losses.append(self.losses(choice))
        for fixed, free in zip(*losses, strict=True):
            self.assertAlmostEqual(fixed, free, delta=ALGORITHMS_TOLERANCE)

    def test_a_measured_run_says_how_far_the_host_is_ahead(self) -> None:
        printed = self.run_alone("measured", "--measure", "--measure-steps", "3")
        result = json.loads(next(line for line in printed.splitlines() if line.startswith("{")))
        self.assertGreaterEqual(result["host_waits_share"], 0)
        self.assertLessEqual(result["host_waits_share"], 1)

    def test_a_resumed_run_is_bit_identical_with_the_stored_algorithms(self) -> None:
        self.run_alone("whole")
        shutil.copytree(self.root / "whole", self.root / "again")
        self.checkpoint("again", 20).unlink()
        self.assertIn("resumed", self.run_alone("again"))
        self.assert_equal_checkpoints("whole", "again")

    def test_a_run_learns_and_its_checkpoint_is_read(self) -> None:
        self.run_alone("learns", "schedule.steps=60")
        losses = self.losses("learns")
        self.assertLess(losses[-1], losses[0] - 0.5)
        checkpoint = str(self.checkpoint("learns", 60))
        output = str(self.root / "evaluation.json")
        shards = ["--shards", str(self.root / "shards"), "--output", output]
        run([DNAGPT, "evaluate", "--checkpoint", checkpoint, *shards])
        self.assertIn("bits_per_base", Path(output).read_text())

    def test_recomputing_gives_the_same_losses(self) -> None:
        losses = []
        for folder, recompute in (("kept", "none"), ("recomputed", "blocks")):
            self.run_alone(folder, f"model.recompute={recompute}", "run.time_products=false")
            losses.append(self.losses(folder))
        self.assertEqual(*losses)

    def test_the_plan_is_what_the_run_takes(self) -> None:
        shape = ["model.layers=12", "model.heads=12", "model.channels=768"]
        shape += ["model.context_length=512", "batch.tokens_per_step=32768", "batch.micro_batch=64"]
        printed = run(
            [DNAGPT, "plan", str(self.root / "small.toml"), *shape, "--device-memory", "1"]
        )
        left = re.search(r"a rank takes ([\d.]+) GiB too much", printed)
        planned = (float(left[1]) + 1) * (1 << 30)
        log = self.run_alone("memory", *shape, "schedule.steps=2", "evaluation.every_steps=0")
        taken = float(re.search(r"([\d.]+) GiB in use on its GPU", log)[1]) * (1 << 30)
        self.assertLess(abs(taken - BESIDE_ARRAYS - planned), 0.1 * planned)

    @unittest.skipIf(shutil.which(MPIEXEC) is None, "no launcher")
    def test_two_ranks_on_one_gpu_are_refused(self) -> None:
        command = ranks(gpu_count() + 1, DNAGPT, "pretrain", str(self.root / "small.toml"))
        self.assertIn("start one rank per GPU", run(command, expected=1))


@unittest.skipUnless(
    gpu_count() > 1 and shutil.which(MPIEXEC), "fewer than two GPUs, or no launcher"
)
class OnGpus(GpuRuns):
    """Training on two GPUs."""

    def test_one_and_two_gpus_learn_alike(self) -> None:
        losses = []
        for count in (1, 2):
            run(self.pretrain(count, f"world_{count}", "run.precision=float"))
            losses.append(self.losses(f"world_{count}"))
        for one, two in zip(*losses, strict=True):
            self.assertAlmostEqual(one, two, delta=LOSS_TOLERANCE)

    def test_a_rank_that_stops_ends_the_job_with_a_message(self) -> None:
        command = self.pretrain(2, "stopped", "schedule.steps=1000000", "run.stall_seconds=20")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        job = subprocess.Popen(command, **pipes)
        try:
            os.kill(self.await_ranks(job, "stopped", 5)[1], signal.SIGSTOP)
            printed, _ = job.communicate(timeout=120)
            self.assertNotIn(job.returncode, (0, 75))
            self.assertRegex(printed, "no progress|wait for the GPU")
        finally:
            job.kill()


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False)
    if not program.result.wasSuccessful():
        sys.exit(1)
    sys.exit(0 if has_gpu() else SKIPPED)
