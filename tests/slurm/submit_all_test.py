"""The whole chain of jobs/slurm/submit_all.sh under a real Slurm beside the same programs without.

Usage: submit_all_test.py DNAGPT DNAGPT_PREP MPIEXEC, as root, with DNAGPT_LONG=1.
"""

from __future__ import annotations

import json
import random
import sys
import unittest
from pathlib import Path

from cluster import LONG, SKIPPED, Cluster, run_tests
from programs import DNAGPT, PREP, bases, run
from tiny_training import TinyTraining

CLUSTER = Cluster()
SETTINGS = ("schedule.steps=40", "checkpoint.every_steps=20")
FINETUNE = """
[model]
layers = 1
heads = 2
channels = 16
context_length = 32
[finetune]
prompt = "<S>{sequence}<=><B>"
rows_per_step = 8
[batch]
micro_batch = 4
[schedule]
epochs = 2
"""
STAGES = "data_prep pretrain evaluate score embed finetune evaluate_set predict generate".split()


class Chain(unittest.TestCase):
    """One folder with genomes, a labelled set and sequences for all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.training = TinyTraining(CLUSTER)
        cls.root = cls.training.root
        (cls.root / "finetune.toml").write_text(FINETUNE)
        draw = random.Random(1)
        rows = [("CCGCCG" if i % 2 else "AATAAA") + bases(40, draw) for i in range(80)]
        table = "".join(f"{row}\t{'yn'[i % 2]}\n" for i, row in enumerate(rows))
        (cls.root / "set.tsv").write_text("sequence\tlabel\n" + table)
        cls.signals = str(cls.root / "set.h5")
        run([PREP, "signals", "--table", str(cls.root / "set.tsv"), "--output", cls.signals])
        cls.fasta = cls.root / "some.fa"
        cls.fasta.write_text("".join(f">s{i}\n{row}\n" for i, row in enumerate(rows)))

    def submit_all(self, name: str, *arguments: str, **more: str) -> dict[str, str]:
        """Runs submit_all.sh; the jobs by their stages. All files lie in folder `name`."""
        folder = self.root / name
        folder.mkdir()
        log = f"--output={folder}/%x.%j_%a.log"
        options = f"--ntasks=2 --mem-per-cpu=0 {log}"
        variables = self.training.variables(f"{name}/pretrain") | {
            "DNAGPT_SHARDS": str(folder / "shards"),
            "DNAGPT_FINETUNE_RUN": str(folder / "finetune"),
            "DNAGPT_FINETUNE_CONFIG": str(self.root / "finetune.toml"),
        }
        variables |= {f"DNAGPT_{stage.upper()}_SBATCH": options for stage in STAGES}
        variables["DNAGPT_DATA_PREP_SBATCH"] += " --ntasks=1"
        printed = CLUSTER.run("bash", "jobs/slurm/submit_all.sh", *arguments, **variables | more)
        return {line.split()[0]: line.split()[2].strip(",") for line in printed.splitlines()}

    def logs(self, name: str) -> str:
        """What the jobs have written, for a failure's message."""
        files = sorted((self.root / name).glob("*.log"))
        return "\n".join(f"{file.name}:\n{file.read_text()}" for file in files)

    def expect_all_completed(self, name: str, jobs: dict[str, str]) -> None:
        """Every job of the chain, and every task of its arrays."""
        for stage, job in jobs.items():
            self.training.wait_for_end(job, seconds=600)
            states = {task["JobState"] for task in CLUSTER.tasks(job)}
            self.assertEqual(states, {"COMPLETED"}, f"{stage}\n{self.logs(name)}")

    def expect_same_file(self, one: Path, other: Path) -> None:
        self.assertTrue(one.read_bytes() == other.read_bytes(), f"{one} and {other} differ")

    def test_the_chain_makes_what_the_programs_make_without_slurm(self) -> None:
        root = self.root / "chain"
        fasta = ("--fasta", str(self.fasta))
        jobs = self.submit_all(
            "chain",
            *SETTINGS,
            DNAGPT_SET=self.signals,
            DNAGPT_EVALUATE_ARGS="--windows 4 --task-rows 8",
            DNAGPT_SCORE_ARGS=f"--species R {' '.join(fasta)} --output {root}/scores.tsv",
            DNAGPT_EMBED_ARGS=f"--species-token R {' '.join(fasta)} --output {root}/states.h5",
            DNAGPT_PREDICT_ARGS=f"{' '.join(fasta)} --output {root}/answers.tsv",
        )
        self.assertEqual(list(jobs), STAGES[:-1])
        self.expect_all_completed("chain", jobs)
        for shard in sorted(self.training.shards.glob("*.h5")):
            self.expect_same_file(shard, root / "shards" / shard.name)
        whole = self.training.without_slurm("whole", *SETTINGS)
        self.assertEqual(self.training.last_checkpoint("chain/pretrain"), whole)
        steps = [
            json.loads((root / "pretrain" / "evaluations" / f"step_{step:08d}.json").read_text())
            for step in (20, 40)
        ]
        self.assertEqual([each["step"] for each in steps], [20, 40])
        self.assertTrue((root / "finetune" / "evaluation_set.json").exists())
        self.expect_files_without_slurm(root)

    def expect_files_without_slurm(self, root: Path) -> None:
        """Scores, embeddings and answers, asked again of the chain's checkpoints."""
        fasta = ("--fasta", str(self.fasta))
        for command, folder, species, name in (
            ("score", "pretrain", ("--species", "R"), "scores.tsv"),
            ("embed", "pretrain", ("--species-token", "R"), "states.h5"),
            ("predict", "finetune", (), "answers.tsv"),
        ):
            again = root / f"again_{name}"
            checkpoint = ("--checkpoint", str(root / folder))
            run([DNAGPT, command, *checkpoint, *species, *fasta, "--output", str(again)])
            self.expect_same_file(root / name, again)

    def test_haplotypes_are_drawn_at_the_end_of_a_chain(self) -> None:
        alleles = ("0 1 " * 7, "1 1 0 0 " * 3 + "1 1 ")
        rows = [f"Real p{i // 2}_{'AB'[i % 2]} {alleles[i % 2]}\n" for i in range(80)]
        (self.root / "real.hapt").write_text("".join(rows))
        data = str(self.root / "haplotypes.h5")
        source = ("--hapt", str(self.root / "real.hapt"), "--split", "8,0,2")
        run([PREP, "haplotypes", *source, "--output", data])
        config = self.root / "haplotypes.toml"
        prompt = 'prompt = "<S>{sequence}<=><B>"\n'
        longer = FINETUNE.replace(prompt, "").replace("epochs = 2", "epochs = 30")
        config.write_text(longer + "[optimizer]\nlearning_rate = 1e-2\n")
        jobs = self.submit_all(
            "haplotypes",
            "--from",
            "finetune",
            DNAGPT_SET=data,
            DNAGPT_FROM="",
            DNAGPT_FINETUNE_CONFIG=str(config),
            DNAGPT_GENERATE_ARGS="--count 5",
        )
        self.assertEqual(list(jobs), ["finetune", "evaluate_set", "generate"])
        self.expect_all_completed(
            "haplotypes", {key: jobs[key] for key in ("finetune", "generate")}
        )
        drawn = self.root / "haplotypes" / "finetune" / "artificial.hapt"
        self.assertEqual(len(drawn.read_text().splitlines()), 5)

    def test_a_stage_that_fails_takes_its_dependents_down(self) -> None:
        jobs = self.submit_all("failing", "optimizer.lerning_rate=1", DNAGPT_SET=self.signals)
        states = {stage: self.training.wait_for_end(job)["JobState"] for stage, job in jobs.items()}
        expected = dict.fromkeys(jobs, "CANCELLED") | {
            "data_prep": "COMPLETED",
            "pretrain": "FAILED",
        }
        self.assertEqual(states, expected, self.logs("failing"))
        said = self.logs("failing")
        self.assertIn("optimizer.learning_rate", said)
        self.assertIn("jobs that wait for the success of this one leave", said)
        self.assertEqual(CLUSTER.query("squeue", "-h"), "")


if __name__ == "__main__":
    if not LONG:
        print("SKIPPED: the chain is the long form (DNAGPT_LONG=1 runs it)")
        sys.exit(SKIPPED)
    sys.exit(run_tests(CLUSTER))
