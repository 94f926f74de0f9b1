"""The main path through the programs: genomes, shards, training, interruption, resume, evaluation.

Usage: main_path_test.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from programs import DNAGPT, MPIEXEC, PREP, TINY_MODEL, ranks, run

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
CONFIG = (
    TINY_MODEL
    + """
[batch]
tokens_per_step = 256
micro_batch = 2
[schedule]
steps = 20
[optimizer]
learning_rate = 3e-3
[checkpoint]
every_steps = 10
[evaluation]
every_steps = 10
windows_per_species = 4
"""
)
# The same rows at another world size: only the order of float sums differs. 20 updates of AdamW
# amplify a rounding error of 6e-8 by what the first steps' small second moments allow.
LOSS_TOLERANCE = 2e-4


class MainPath(unittest.TestCase):
    """One folder of genomes and shards, one finished run at two ranks, for all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.root = Path(tempfile.mkdtemp(prefix="dnagpt_main_path_"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        (cls.root / "tiny.toml").write_text(CONFIG)
        run([PREP, "synthesize", "--output", str(cls.root / "genomes"), "--size-factor", "0.05"])
        cls.shard(2, "shards")
        cls.printed = run(cls.pretrain(2, "whole"))

    @classmethod
    def shard(cls, count: int, folder: str, *options: str) -> None:
        files = ["--species", str(cls.root / "genomes" / "species.toml")]
        run(ranks(count, PREP, "shard", *files, "--output", str(cls.root / folder), *options))

    @classmethod
    def evaluate(cls, count: int, folder: str, shards: str, *options: str) -> list[str]:
        files = ["--checkpoint", str(cls.root / folder), "--shards", str(cls.root / shards)]
        output = ["--output", str(cls.root / f"{shards}_{count}.json")]
        return ranks(count, DNAGPT, "evaluate", *files, *output, *options)

    @classmethod
    def pretrain(cls, count: int, folder: str, *settings: str) -> list[str]:
        return ranks(
            count,
            DNAGPT,
            "pretrain",
            str(cls.root / "tiny.toml"),
            f"run.folder={cls.root / folder}",
            f"data.shards={cls.root / 'shards'}",
            *settings,
        )

    def losses(self, folder: str) -> dict[int, float]:
        lines = (self.root / folder / "metrics.jsonl").read_text().splitlines()
        return {
            line["step"]: line["loss_next_token"]
            for line in map(json.loads, lines)
            if "step" in line
        }

    def test_the_log_says_which_cores_each_rank_has(self) -> None:
        for rank in range(2):
            self.assertRegex(self.printed, rf"rank {rank}: \S+, cores [\d,-]+, ")

    def test_shards_are_the_same_for_any_number_of_ranks(self) -> None:
        for count in (1, 4):
            folder = f"shards_{count}"
            self.shard(count, folder)
            names = sorted(path.name for path in (self.root / "shards").glob("*.h5"))
            self.assertEqual(len(names), 27)
            for name in names:
                self.assertEqual(
                    (self.root / "shards" / name).read_bytes(),
                    (self.root / folder / name).read_bytes(),
                )

    def test_a_checkpoint_of_two_ranks_goes_on_with_the_same_rows_at_one_and_four(self) -> None:
        whole = self.losses("whole")
        self.assertEqual(sorted(whole), list(range(1, 21)))
        for count in (1, 4):
            folder = f"at_{count}"
            shutil.copytree(self.root / "whole", self.root / folder)
            (self.root / folder / "checkpoints" / "step_00000020.h5").unlink()
            printed = run(self.pretrain(count, folder))
            self.assertIn("resumed from", printed)
            self.assertIn("world size was '2'", printed)
            resumed = self.losses(folder)
            self.assertEqual(sorted(resumed), list(range(1, 21)))
            for step in range(11, 21):
                self.assertAlmostEqual(
                    resumed[step], whole[step], delta=LOSS_TOLERANCE * whole[step]
                )

    def test_a_signal_saves_and_the_same_command_finishes(self) -> None:
        command = self.pretrain(2, "stopped", "schedule.steps=100000", "evaluation.every_steps=0")
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            metrics = self.root / "stopped" / "metrics.jsonl"
            while process.poll() is None and not (
                metrics.exists() and metrics.read_text().count("\n") > 5
            ):
                time.sleep(0.05)
            process.send_signal(signal.SIGUSR1)
            self.assertEqual(process.wait(timeout=60), 75)
        steps = max(self.losses("stopped"))
        run(self.pretrain(2, "stopped", f"schedule.steps={steps + 3}", "evaluation.every_steps=0"))
        self.assertEqual(sorted(self.losses("stopped")), list(range(1, steps + 4)))

    def test_evaluation_does_not_depend_on_the_ranks(self) -> None:
        reports = []
        for count in (1, 2):
            options = ("--windows", "4", "--task-rows", "8", "--novel")
            run(self.evaluate(count, "whole", "shards", *options))
            output = self.root / f"shards_{count}.json"
            reports.append(json.loads(output.read_text()))
        one, two = reports
        self.assertEqual(len(one["species"]), 9)
        self.assertEqual(one["step"], 20)
        for name, scores in one["species"].items():
            self.assertAlmostEqual(
                scores["bits_per_base"], two["species"][name]["bits_per_base"], places=5
            )
            self.assertEqual(scores["order_count"], 8)
            self.assertLess(scores["markov"]["order_2"], 2.1)

    def test_inspect_and_plan_speak_without_ranks(self) -> None:
        checkpoint = self.root / "whole" / "checkpoints" / "step_00000020.h5"
        self.assertIn("digests    all match", run([DNAGPT, "inspect", str(checkpoint)]))
        self.assertIn("memory of a rank", run([DNAGPT, "plan", str(self.root / "tiny.toml")]))
        shards = sorted(map(str, (self.root / "shards").glob("*.h5")))
        self.assertIn("homo_sapiens", run([PREP, "inspect", *shards[:20]]))

    def test_measure_prints_one_object_and_keeps_nothing(self) -> None:
        scratch = self.root / "scratch"
        scratch.mkdir()
        settings = [f"data.shards={self.root / 'shards'}", "run.folder=untouched"]
        command = [DNAGPT, "pretrain", str(self.root / "tiny.toml"), *settings]
        done = subprocess.run(
            ranks(2, *command, "--measure", "--measure-steps", "3", "--profile"),
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"TMPDIR": str(scratch)},
        )
        result = json.loads(done.stdout)
        self.assertEqual(result["ranks"], 2)
        self.assertEqual(len(result["step_seconds"]), 3)
        self.assertGreater(result["peak_memory_bytes"], 1 << 20)
        self.assertFalse(list(scratch.glob("dnagpt_measure_*")))
        self.assertFalse(Path("untouched").exists())
        # The table's parts add up to the time of the steps.
        rows = [line.split() for line in done.stderr.splitlines()]
        together = next(float(row[1]) for row in rows if row[:1] == ["together"])
        rooms = [row for row in rows if len(row) == 4 and row[3] == "%"]
        self.assertAlmostEqual(
            sum(float(row[1]) for row in rooms if row[0] != "together"), together, delta=0.05
        )
        steps_took = 1e3 * sum(result["step_seconds"]) / 3
        self.assertLess(abs(together - steps_took), 0.2 * steps_took)

    def test_a_profile_of_a_run_is_printed_at_its_end(self) -> None:
        printed = run([*self.pretrain(1, "profiled", "schedule.steps=4"), "--profile"])
        self.assertIn("profile of rank 0 over 3 steps", printed)
        for operation in ("linear forward", "wait for rows", "everything else", "save"):
            self.assertIn(operation, printed)
        self.assertRegex(
            printed, r"peak memory of a rank: [\d.]+ MiB on its host, [\d.]+ [KM]iB in K"
        )

    def test_plan_measures_and_its_launch_line_works(self) -> None:
        config = self.root / "it's tiny.toml"
        config.write_text(CONFIG)
        shards = f"data.shards={self.root / 'shards'}"
        environment = os.environ | {"DNAGPT_LAUNCH": f"{MPIEXEC} --oversubscribe --bind-to none"}
        printed = run([DNAGPT, "plan", str(config), shards, "--measure"], environment=environment)
        *table, last = printed.splitlines()
        self.assertRegex("\n".join(table), r"ranks +threads +tokens/s +memory of a rank")
        self.assertTrue(last.startswith("launch: env OMP_NUM_THREADS="), last)
        launch = last.removeprefix("launch: ").split()
        run([*launch, *self.pretrain(1, "launched", "schedule.steps=2")[6:]])
        self.assertEqual(sorted(self.losses("launched")), [1, 2])

    def test_plan_names_what_a_child_run_said(self) -> None:
        # With the launcher that is taken where DNAGPT_LAUNCH is not set.
        shards = f"data.shards={self.root / 'nowhere'}"
        environment = os.environ | {"PATH": f"{Path(MPIEXEC).parent}:{os.environ['PATH']}"}
        environment.pop("DNAGPT_LAUNCH", None)
        command = [DNAGPT, "plan", str(self.root / "tiny.toml"), shards, "--measure"]
        printed = run([*command, "--measure-steps", "1"], expected=1, environment=environment)
        self.assertIn("nowhere", printed)
        self.assertIn("DNAGPT_LAUNCH", printed)

    def test_recomputing_changes_no_loss(self) -> None:
        deeper = ("model.layers=3", "schedule.steps=6", "evaluation.every_steps=0")
        run(self.pretrain(2, "kept", *deeper))
        run(self.pretrain(2, "recomputed", *deeper, "model.recompute=blocks"))
        self.assertEqual(len(self.losses("kept")), 6)
        self.assertEqual(self.losses("recomputed"), self.losses("kept"))

    def test_plan_takes_the_size_of_the_data_from_the_shards(self) -> None:
        config = str(CONFIGS / "pretrain_m.toml")
        shards = f"data.shards={self.root / 'shards'}"
        self.assertIn("schedule", run([DNAGPT, "plan", config, shards, "--ranks", "64"]))
        self.assertIn("--bases", run([DNAGPT, "plan", config], expected=1))

    def test_a_world_of_one_under_a_launcher_of_more_is_refused(self) -> None:
        # What needs no ranks works all the same: it starts no MPI.
        environment = os.environ | {"SLURM_NTASKS": "4"}
        command = [DNAGPT, "pretrain", str(self.root / "tiny.toml"), "data.shards=x"]
        self.assertIn("4", run(command, expected=1, environment=environment))
        self.assertFalse((Path.cwd() / "run").exists())
        checkpoint = self.root / "whole" / "checkpoints" / "step_00000020.h5"
        run([DNAGPT, "inspect", str(checkpoint)], environment=environment)
        run([DNAGPT, "plan", str(self.root / "tiny.toml")], environment=environment)

    def test_one_warning_when_the_world_size_changed(self) -> None:
        shutil.copytree(self.root / "whole", self.root / "warned")
        printed = run(self.pretrain(4, "warned"))
        self.assertEqual(printed.count("world size was '2'"), 1)

    def test_evaluation_of_other_data_than_the_runs_is_told(self) -> None:
        self.shard(1, "other", "--validation-fraction", "0.2")
        options = ("--windows", "1", "--task-rows", "3")
        rows_file = self.root / "rows.tsv"
        printed = run(
            self.evaluate(1, "whole", "other", *options, "--write-task-rows", str(rows_file))
        )
        self.assertIn("is not what", printed)
        header, *rows = rows_file.read_text().splitlines()
        self.assertEqual(header, "species\tanswer\tsequence")
        self.assertEqual(len(rows), 27)
        for row in rows:
            _, answer, sequence = row.split("\t")
            self.assertIn(answer, ("forward", "reversed"))
            self.assertRegex(sequence, "^[ACGTN]{137,162}$")  # 27 words or joins

    def test_a_flipped_bit_is_named(self) -> None:
        broken = self.root / "broken.h5"
        content = bytearray((self.root / "whole" / "checkpoints" / "step_00000020.h5").read_bytes())
        content[-5] ^= 4
        broken.write_bytes(content)
        self.assertIn("adam_v", run([DNAGPT, "inspect", str(broken)], expected=1))

    def test_the_failure_of_one_rank_ends_all(self) -> None:
        (self.root / "file").write_text("no folder")
        printed = run(self.pretrain(2, "file/run"), expected=1)
        self.assertIn("rank 0: cannot make the run folder", printed)

    def test_wrong_settings_are_told_once(self) -> None:
        printed = run(self.pretrain(4, "never", "model.heads=3"), expected=1)
        self.assertEqual(printed.count("is no multiple of model.heads"), 1)

    def test_wrong_use_has_its_own_status_and_a_hint(self) -> None:
        self.assertIn("--help", run([DNAGPT, "pretrain"], expected=2))
        printed = run(self.pretrain(1, "never", "optimizer.lerning_rate=1"), expected=1)
        self.assertIn("optimizer.learning_rate", printed)
        for program in (DNAGPT, PREP):
            self.assertRegex(run([program, "--version"]), r"^dnagpt(-prep)? \d+\.\d+\.\d+")
        self.assertRegex(run([DNAGPT, "--version"]), r"\nKokkos \d+\.\d+\.\d+ \(\w+\), \w+ \d")

    def test_plan_says_whether_a_device_is_large_enough(self) -> None:
        plan = [DNAGPT, "plan", str(self.root / "tiny.toml"), "--device-memory"]
        self.assertRegex(
            run([*plan, "80"]), r"a device of 80\.0 GiB: the run fits, 80\.0 GiB of it left"
        )
        needed = re.search(r"without that copy +([\d.]+) MiB", run([*plan, "80"]))
        almost = 0.99 * float(needed[1]) / 1024
        self.assertRegex(run([*plan, str(almost)]), r"too much; it fits from 2 ranks on")
        printed = run([*plan, "0.0001"])
        self.assertRegex(
            printed, r"does not fit, a rank takes .* too much; no number of ranks helps: lower"
        )


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
