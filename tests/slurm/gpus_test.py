"""GPUs under a real Slurm that has them in name alone: which of them each rank of a job is given.

Usage: gpus_test.py DNAGPT DNAGPT_PREP MPIEXEC, as root; no test runs the programs.
"""

from __future__ import annotations

import sys
import unittest

from cluster import Cluster, run_tests
from tiny_training import ENDED, wait_until

GPUS = 2
CLUSTER = Cluster(GPUS)
STAND_IN = """#!/bin/bash
echo "rank ${OMPI_COMM_WORLD_RANK:-$SLURM_PROCID} sees ${CUDA_VISIBLE_DEVICES-no GPU}"
"""
# Ways to ask for two GPUs, of which some let srun deal them out to the ranks.
WAYS = (
    "--gpus-per-node=2",
    "--gres=gpu:2",
    "--gpus-per-task=1",
    "--gpus=2 --ntasks-per-gpu=1",
    "--gpus-per-node=2 --gpu-bind=single:1",
)


class Gpus(unittest.TestCase):
    """Every job is evaluate.sbatch with a stand-in for the program."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.programs = CLUSTER.folder / "bin"
        cls.programs.mkdir()
        (cls.programs / "dnagpt").write_text(STAND_IN)
        (cls.programs / "dnagpt").chmod(0o755)

    def job(self, launcher: str, ranks: int, options: str) -> tuple[str, str]:
        """The job's exit code and all that it printed."""
        log = CLUSTER.folder / "log"
        log.write_text("")
        number = CLUSTER.run(
            *("sbatch", "--parsable", f"--ntasks={ranks}", "--mem-per-cpu=0", f"--output={log}"),
            *(*options.split(), "jobs/slurm/evaluate.sbatch"),
            DNAGPT_BIN=str(self.programs),
            DNAGPT_LAUNCH=launcher,
        )
        wait_until(lambda: CLUSTER.job(number)["JobState"] in ENDED, log.read_text)
        return CLUSTER.job(number)["ExitCode"], log.read_text()

    def launchers(self) -> list[str]:
        """Those that work here."""
        if "pmix" in CLUSTER.query("srun", "--mpi=list").split():
            return ["srun", "mpirun"]
        print("SKIPPED: srun (this Slurm has no PMIx: srun --mpi=list)")
        return ["mpirun"]

    def test_every_rank_sees_all_gpus_of_the_job_on_its_node(self) -> None:
        for launcher in self.launchers():
            for options in WAYS:
                if (launcher, options) == ("mpirun", "--gpus-per-task=1"):
                    continue  # its daemons are a step of one task a node: jobs/slurm/README.md
                with self.subTest(f"{launcher} {options}"):
                    code, log = self.job(launcher, 2, options)
                    self.assertEqual(code, "0:0", log)
                    self.assertIn("first node: 2 GPUs, 2 ranks", log)
                    for rank in range(2):
                        self.assertIn(f"rank {rank} sees 0,1\n", log)

    def test_more_ranks_than_gpus_are_refused(self) -> None:
        code, log = self.job("mpirun", 3, "--gpus-per-node=2")
        self.assertEqual(code, "2:0", log)
        self.assertIn("3 ranks on a node with 2 GPUs", log)
        self.assertIn("--nodes=1 --ntasks=2 --ntasks-per-node=2 --gpus-per-node=2", log)
        self.assertNotIn("rank 0", log)

    def test_a_job_without_gpus_is_one_for_cpus(self) -> None:
        for launcher in self.launchers():
            with self.subTest(launcher):
                code, log = self.job(launcher, 2, "")
                self.assertEqual(code, "0:0", log)
                self.assertNotIn("GPUs", log)
                self.assertIn("rank 1 sees no GPU\n", log)


if __name__ == "__main__":
    sys.exit(run_tests(CLUSTER))
