"""Full, read-only and failing disks, and files that vanish or change while a run needs them.

Usage: disk_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from fault_runs import (
    FILE_FAULTS,
    LONG,
    FaultTest,
    Place,
    contents,
    counts,
    difference,
    newest_checkpoint,
    start,
)
from programs import DNAGPT, MPIEXEC, PREP, run

NO_ROOM = "No space left on device"
OWN_MOUNTS = "DNAGPT_OWN_MOUNTS"


def enter_own_mounts() -> None:
    """Starts this test again where it may mount folders that nobody else sees, if it may at all."""
    if OWN_MOUNTS in os.environ or shutil.which("unshare") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for unshare in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
            trial = [*unshare, "mount", "-t", "tmpfs", "-o", "size=1m", "none", folder]
            if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
                os.environ[OWN_MOUNTS] = "1"
                os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


class SmallDisk(FaultTest):
    """A disk of a few megabytes, made for each test."""

    def setUp(self) -> None:
        if OWN_MOUNTS not in os.environ:
            self.skipTest("SKIPPED: this machine does not let the test mount a small disk")
        self.disk = self.root / "disk"
        self.disk.mkdir()
        self.mount("-t", "tmpfs", "-o", "size=1m", "none")
        self.addCleanup(self.unmount)

    def mount(self, *options: str) -> None:
        subprocess.run(["mount", *options, str(self.disk)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.disk)], check=True)
        self.disk.rmdir()

    def resize(self, size: str) -> None:
        self.mount("-o", f"remount,size={size}")

    def refuse(self, command: list[str], *parts: str) -> None:
        ended = start(command, self.environment())
        self.assertEqual(ended.status, 1, ended.printed)
        for part in parts:
            self.assertIn(part, ended.printed)

    def test_a_save_without_room_leaves_the_older_checkpoint(self) -> None:
        for world in (1, 2):
            self.succeed(self.pretrain(f"whole_{world}", world=world))
            self.resize("9m")  # one checkpoint of 6 MB, not two
            command = self.pretrain(f"disk/{world}", world=world)
            self.refuse(command, "step_00000004.h5.tmp", NO_ROOM, "free some space")
            folder = self.disk / str(world)
            self.assertFalse(list(folder.rglob("*.tmp")))
            self.assertEqual(newest_checkpoint(folder), 2)
            run([DNAGPT, "inspect", str(folder / "checkpoints" / "step_00000002.h5")])
            self.refuse(command, NO_ROOM)  # and again
            self.resize("40m")
            self.assertIn("at step 2", self.succeed(command))
            expected = contents(self.root / f"whole_{world}")
            self.assertEqual(difference(folder, expected), "")
            shutil.rmtree(folder)
        print("full disk: the save at step 4 fails at 1 and 2 ranks, step 2 stays, goes on")

    def test_shards_without_room(self) -> None:
        command = self.shard("disk/shards")
        self.resize("100k")  # too little for the sequences that wait
        self.refuse(command, str(self.disk), NO_ROOM, "free some space")
        self.resize("500k")  # too little for all shards
        self.refuse(command, str(self.disk), NO_ROOM)
        whole = sorted(self.disk.glob("shards/*.h5"))
        self.assertGreater(len(whole), 0)
        self.assertFalse(list(self.disk.rglob("*.tmp")))
        for path in whole:
            run([PREP, "inspect", str(path)])
        self.resize("4m")
        self.succeed(command)
        found = contents(self.disk / "shards")
        expected = contents(self.root / "shards")
        for name, digest in expected.items():
            self.assertEqual(found.get(name), digest, name)
        self.assertEqual(sorted(found), sorted(expected))
        print(f"full disk: {len(whole)} of {len(expected)} shards were made, the rest afterwards")

    def test_a_read_only_folder_is_refused(self) -> None:
        self.resize("40m")
        self.succeed(self.pretrain("disk/run", "schedule.steps=2"))
        before = contents(self.disk / "run")
        self.mount("-o", "remount,ro")
        self.refuse(self.pretrain("disk/run"), str(self.disk / "run"), "Read-only file system")
        self.refuse(self.shard("disk/shards"), str(self.disk), "Read-only file system")
        self.assertEqual(difference(self.disk / "run", before), "")


class FailingCalls(FaultTest):
    """No room, or a broken disk, from one call of the run on."""

    def campaign(self, name: str, reference: str, command: list[str], tasks: list) -> None:
        """The command, whose folder is {}, fails aloud, keeps what it had, and goes on later."""
        expected = contents(self.root / reference)

        def attempt(task: tuple[str, Place]) -> None:
            mode, place = task
            folder = f"{mode}_{place.path.replace('/', '_')}_{place.number}"
            mine = [part.replace("{}", folder) for part in command]
            at = f"{place.path}\t{place.number}"
            ended = start(mine, self.faults(folder, at=at, mode=mode))
            self.assertEqual(ended.status, 1, ended.printed)
            said = [line for line in ended.printed.splitlines() if line.startswith("error")]
            self.assertEqual(len(said), 1, ended.printed)
            self.assertIn(str(self.root / folder), said[0])
            self.assertTrue(NO_ROOM in said[0] or "Input/output error" in said[0], said[0])
            newest = newest_checkpoint(self.root / folder)
            again = start(mine, self.environment())
            self.assertEqual(again.status, 0, again.printed)
            self.assertNotIn("set aside", again.printed)
            if newest > 0:
                self.assertIn(f"at step {newest}", again.printed)
            self.assertEqual(difference(self.root / folder, expected), "", again.printed)
            shutil.rmtree(self.root / folder)

        self.for_all(tasks, attempt)
        modes = counts(f"{mode} from {place.call}" for mode, place in tasks)
        print(f"{name}, failing calls: {modes}", flush=True)

    def tasks(self, places: list[Place], chosen: Callable[[Place], bool]) -> list:
        space = ("open", "write", "pwrite", "writev", "fallocate", "mkdir")
        full = [("full", place) for place in places if place.call in space]
        broken = [("broken", place) for place in places if place.call in (*space, "fsync")]
        return [task for task in full + broken if LONG or chosen(task[1])]

    def test_pretraining(self) -> None:
        places = self.places("pretrained", self.pretrain("pretrained"))
        numbers = (1, 2, 8, 17, 18, 19, 20, 22, 23, 24, 25)  # each stage of a save
        tasks = self.tasks(
            places,
            lambda place: (
                (place.path.endswith("4.h5.tmp") and place.number in numbers)
                or (place.path == "metrics.jsonl" and place.number == 6)
                or (place.path.endswith("latest.tmp") and place.number == 6)
            ),
        )
        tasks = tasks if LONG else tasks[::2]
        self.campaign("pretrain", "pretrained", self.pretrain("{}"), tasks)

    def test_finetuning(self) -> None:
        self.succeed(self.pretrain("first", "schedule.steps=1"))
        self.make_set()
        origin = f"finetune.from={self.root / 'first'}"
        places = self.places("finetuned", self.finetune("finetuned", origin))
        results = ("from.json.tmp", "predictions.tsv.tmp", "evaluation.json.tmp")
        tasks = self.tasks(places, lambda place: place.path in results and place.number == 2)
        self.assertEqual({task[1].path for task in tasks} & set(results), set(results))
        self.campaign("finetune", "finetuned", self.finetune("{}", origin), tasks)

    def test_a_background_save_that_fails_on_one_rank_ends_all(self) -> None:
        self.succeed(self.pretrain("whole_2", world=2))
        command = self.pretrain("rank_1")
        # The other rank makes the file: the first call of this one is the saver thread's write.
        at = "checkpoints/step_00000004.h5.tmp\t1"
        preload = [f"LD_PRELOAD={FILE_FAULTS}", f"DNAGPT_FAULT_FOLDER={self.root / 'rank_1'}"]
        faults = ["env", *preload, f"DNAGPT_FAULT_AT={at}", "DNAGPT_FAULT_MODE=broken"]
        launcher = [MPIEXEC, "--oversubscribe", "--bind-to", "none"]
        one_fails = [*launcher, "-n", "1", *command, ":", "-n", "1", *faults, *command]
        ended = start(one_fails, self.environment())
        self.assertEqual(ended.status, 1, ended.printed)
        self.assertIn("rank 1", ended.printed)
        self.assertIn("Input/output error", ended.printed)
        self.assertRegex(ended.printed, r"saved \S+2\.h5 \(training stood still for [\d.]+ s\)")
        self.assertEqual(newest_checkpoint(self.root / "rank_1"), 2)
        self.assertFalse(list(self.root.glob("rank_1/checkpoints/*.tmp")))
        self.succeed(self.pretrain("rank_1", world=2))
        self.assertEqual(difference(self.root / "rank_1", contents(self.root / "whole_2")), "")

    def test_a_log_that_cannot_be_written_stops_nothing(self) -> None:
        self.succeed(self.pretrain("told"))
        with Path("/dev/full").open("w") as full:
            command = self.pretrain("untold")
            done = subprocess.run(
                command, stdout=full, stderr=full, check=False, env=self.environment()
            )
        self.assertEqual(done.returncode, 0)
        self.assertEqual(difference(self.root / "untold", contents(self.root / "told")), "")


class VanishingFiles(FaultTest):
    """What a run needs is taken away or changed under its feet."""

    def setUp(self) -> None:
        self.shards = self.root / "used"
        shutil.copytree(self.root / "shards", self.shards)
        self.addCleanup(shutil.rmtree, self.shards, ignore_errors=True)
        self.shard_file = self.shards / "homo_sapiens.train.000.h5"

    def command(self, folder: str, *settings: str) -> list[str]:
        return self.pretrain(folder, f"data.shards={self.shards}", *settings)

    def interfere(self, folder: str, act: Callable[[], None]) -> str:
        """Acts on a run without end after some of its steps; returns what the run says then."""
        settings = ("schedule.steps=1000000", "checkpoint.every_steps=20", "checkpoint.keep_last=3")
        with subprocess.Popen(
            self.command(folder, *settings, "evaluation.every_steps=0"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
        ) as process:
            checkpoint = self.root / folder / "checkpoints" / "step_00000020.h5"
            until = time.monotonic() + 60
            while not checkpoint.exists() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            act()
            try:
                printed, _ = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                self.fail(f"the run went on: {process.communicate()[0][-2000:]}")
        self.assertEqual(process.returncode, 1, printed)
        return printed

    def test_a_shard_that_is_missing_at_the_resume(self) -> None:
        self.succeed(self.command("resumed", "schedule.steps=2"))
        self.shard_file.unlink()
        ended = start(self.command("resumed"), self.environment())
        self.assertEqual(ended.status, 1, ended.printed)
        self.assertIn("the training data are not those of this run", ended.printed)

    def test_a_shard_that_changes(self) -> None:
        whole = self.shard_file.read_bytes()
        other = bytearray(whole)
        other[-100] ^= 1

        def in_place() -> None:
            with self.shard_file.open("r+b") as file:
                file.write(other)

        def by_rename() -> None:
            beside = self.shards / "beside"
            beside.write_bytes(other)
            beside.rename(self.shard_file)

        for name, act in (("in_place", in_place), ("by_rename", by_rename)):
            printed = self.interfere(name, act)
            self.assertIn(str(self.shard_file), printed)
            self.assertIn("has changed since it was opened", printed)
            newest = newest_checkpoint(self.root / name)
            ended = start(self.command(name), self.environment())
            self.assertEqual(ended.status, 1, ended.printed)
            self.assertIn(f"{self.shard_file} is damaged in block 0", ended.printed)
            self.shard_file.write_bytes(whole)
            again = self.command(name, f"schedule.steps={newest + 3}")
            self.assertIn(f"at step {newest}", self.succeed(again))
            print(f"shard changed {name}: told at the next save, goes on from step {newest}")

    def test_a_shard_that_is_removed(self) -> None:
        printed = self.interfere("removed", self.shard_file.unlink)
        self.assertIn(f"{self.shard_file} cannot be looked at", printed)

    def test_a_run_folder_that_is_removed(self) -> None:
        away = self.root / "away"

        def act() -> None:
            (self.root / "gone").rename(away)
            shutil.rmtree(away, ignore_errors=True)

        printed = self.interfere("gone", act)
        self.assertIn(str(self.root / "gone"), printed)
        self.assertIn("was removed or replaced while this run was writing it", printed)


if __name__ == "__main__":
    enter_own_mounts()
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
