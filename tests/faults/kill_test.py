"""Kills runs at every call that changes their files, and at random moments; each goes on as if not.

Usage: kill_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fault_runs import (
    LONG,
    FaultTest,
    Place,
    contents,
    counts,
    difference,
    newest_checkpoint,
    resumed_at,
    start,
)

MODES = ("before", "midway")
WHO = {"all ranks": (0, 1), "rank 0": (0,), "rank 1": (1,), "the launcher": ()}


def last_save(places: list[Place]) -> list[Place]:
    """From the first call on the last checkpoint's file to the last call of the run."""
    files = [place.path for place in places if place.path.endswith(".h5.tmp")]
    first = next(i for i, place in enumerate(places) if place.path == files[-1])
    return places[first:]


def saved_steps(places: list[Place]) -> list[int]:
    """The steps at which the run saves."""
    matches = (re.search(r"step_(\d+)\.h5\.tmp", place.path) for place in places)
    return sorted({int(match[1]) for match in matches if match})


class EveryCall(FaultTest):
    """One rank, killed before or amid each call."""

    def campaign(
        self, command: list[str], reference: str, saves: list[int], tasks: list[tuple[str, Place]]
    ) -> None:
        """Kills the command, whose folder is {}, at each place in its mode, and starts it again."""
        expected = contents(self.root / reference)
        resumed: Counter[int] = Counter()
        lost: Counter[int] = Counter()

        def attempt(task: tuple[str, Place]) -> None:
            mode, place = task
            folder = f"{mode}_{place.path.replace('/', '_')}_{place.number}"
            mine = [part.replace("{}", folder) for part in command]
            at = f"{place.path}\t{place.number}"
            ended = start(mine, self.faults(folder, at=at, mode=mode))
            self.assertEqual(ended.status, -signal.SIGKILL, ended.printed)
            newest = newest_checkpoint(self.root / folder)
            done = steps_noted(self.root / folder)
            again = start(mine, self.environment())
            self.assertEqual(again.status, 0, again.printed)
            self.assertNotIn("set aside", again.printed)
            self.assertEqual(resumed_at(again.printed), newest, again.printed)
            self.assertEqual(difference(self.root / folder, expected), "", again.printed)
            later = [step for step in saves if step > newest]
            # Of these only the first may be under way: it is complete before the next one starts.
            self.assertLessEqual(done, later[min(1, len(later) - 1)] if later else newest)
            resumed[newest] += 1
            lost[max(0, done - newest)] += 1
            shutil.rmtree(self.root / folder)

        self.for_all(tasks, attempt)
        modes = counts(f"{mode} {place.call}" for mode, place in tasks)
        print(
            f"{reference}: {len(tasks)} kills ({modes})\n  resumed at step (runs): "
            f"{dict(sorted(resumed.items()))}, steps lost (runs): {dict(sorted(lost.items()))}",
            flush=True,
        )

    def test_pretraining(self) -> None:
        command = self.pretrain("{}")
        places = self.places("pretrained", self.pretrain("pretrained"))
        chosen = places if LONG else last_save(places)
        self.assertIn("unlink", [place.call for place in chosen])  # retention is part of it
        tasks = [(mode, place) for mode in MODES for place in chosen]
        self.campaign(command, "pretrained", saved_steps(places), tasks)

    def test_finetuning(self) -> None:
        self.succeed(self.pretrain("first", "schedule.steps=1"))
        self.make_set()
        origin = f"finetune.from={self.root / 'first'}"
        places = self.places("finetuned", self.finetune("finetuned", origin))
        self.assertIn("rename evaluation.json.tmp", [f"{p.call} {p.path}" for p in places])
        results = [p for p in last_save(places) if not p.path.endswith(".h5.tmp")]
        starts = [p for p in places if p.path.startswith("from.json")]
        modes, chosen = (MODES, places) if LONG else (MODES[:1], starts + results)
        tasks = [(mode, place) for mode in modes for place in chosen]
        command = self.finetune("{}", origin)
        self.campaign(command, "finetuned", saved_steps(places), tasks)


def steps_noted(folder: Path) -> int:
    """How many steps the metrics of a run that was killed have."""
    path = folder / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(line.startswith('{"step":') for line in lines)


def lives(process: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet has no command line."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


KIND_OF = {
    **dict.fromkeys(("open", "openat", "openat2", "creat"), "open"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), "unlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    **dict.fromkeys(("link", "linkat", "symlink", "symlinkat"), "link"),
    "pwrite64": "pwrite",
}
# No library function of the preloaded ones does these: the program must not.
UNSEEN = "pwritev,pwritev2,copy_file_range,sendfile,splice,sync_file_range,io_uring_enter,mmap"
SEEN = "write,writev,ftruncate,truncate,fallocate,fsync,fdatasync"


class Strace(FaultTest):
    """Whether the preloaded library sees all that the kernel sees."""

    def traced(self, lines: list[str], folder: Path) -> Counter[tuple[str, str]]:
        """Calls that change the folder, by kind and path."""
        found: Counter[tuple[str, str]] = Counter()
        for line in lines:
            match = re.match(r"\d+ +(\w+)\((.*)", line)
            if match is None:  # a signal, an end, the second half of a call
                continue
            call, arguments = match.groups()
            kind = KIND_OF.get(call, call)
            if kind == "open" and not re.search("O_CREAT|O_TRUNC", arguments):
                continue
            if kind == "mmap" and not re.search("PROT_WRITE.*MAP_SHARED", arguments):
                continue
            by_path = call == "truncate" or (call in KIND_OF and call != "pwrite64")
            place = re.search(r'"([^"]*)"' if by_path else r"\d<([^>]*)>", arguments)
            path = Path(place[1]) if place else Path("/")
            if path.is_relative_to(folder):
                found[kind, str(path.relative_to(folder))] += 1
        return found

    def test_the_library_sees_every_call(self) -> None:
        folder, trace, log = (self.root / name for name in ("traced", "trace", "log"))
        calls = f"{','.join(KIND_OF)},{SEEN},{UNSEEN}"
        strace = ["strace", "-f", "-y", "-s", "1", "-e", f"trace={calls}", "-o", str(trace)]
        if shutil.which("strace") is None or start([*strace, "true"], self.environment()).status:
            self.skipTest("SKIPPED: strace is not there or may not trace")
        faults = self.faults(folder.name, log=str(log))
        preload = [f"{key}={faults[key]}" for key in faults if key not in os.environ]
        ended = start([*strace, "env", *preload, *self.pretrain("traced")], self.environment())
        self.assertEqual(ended.status, 0, ended.printed)
        rows = (line.split("\t") for line in log.read_text().splitlines())
        counted = Counter((call, path) for call, path, _ in rows)
        self.assertEqual(self.traced(trace.read_text().splitlines(), folder), counted)
        print(f"strace and the library count the same {counted.total()} calls")


class RandomMoments(FaultTest):
    """Two ranks and their launcher, killed at any time."""

    def setUp(self) -> None:
        self.seed = int(os.environ.get("DNAGPT_FAULT_SEED", time.time_ns() % 10**9))
        self.draw = random.Random(self.seed)

    def ranks_of(self, launcher: int) -> list[int]:
        """The processes of the ranks, in the order of their starts."""
        with contextlib.suppress(OSError):  # the launcher has just ended
            text = Path(f"/proc/{launcher}/task/{launcher}/children").read_text()
            return sorted(map(int, text.split()))
        return []

    def wait_for_steps(self, launcher: subprocess.Popen, folder: Path, steps: int) -> None:
        """Until the run has noted so many steps or has ended."""
        while launcher.poll() is None and steps_noted(folder) < steps:
            time.sleep(0.002)

    @contextlib.contextmanager
    def started(self, command: list[str]) -> Iterator[subprocess.Popen]:
        """The launcher of a run; waits for its end."""
        silent = subprocess.DEVNULL
        with subprocess.Popen(
            command, stdout=silent, stderr=silent, env=self.environment()
        ) as launcher:
            yield launcher
            launcher.wait(timeout=60)

    def whole(self, command: list[str], folder: str) -> tuple[float, float]:
        """Runs to the end; returns the seconds until the first step and from there to the end."""
        began = time.monotonic()
        with self.started([part.replace("{}", folder) for part in command]) as launcher:
            self.wait_for_steps(launcher, self.root / folder, 1)
            first = time.monotonic()
        self.assertEqual(launcher.returncode, 0)
        return first - began, time.monotonic() - first

    def kill(self, launcher: subprocess.Popen, which: tuple[int, ...]) -> None:
        """Kills ranks once they are there, or the launcher alone; waits for the end of all."""
        processes: list[int] = []
        while len(processes) < 2 and launcher.poll() is None:
            processes = self.ranks_of(launcher.pid)
        chosen = [processes[i] for i in which if i < len(processes)]
        for process in chosen if which else [launcher.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while any(map(lives, processes)):
            self.assertLess(time.monotonic(), deadline, "ranks live on without their launcher")
            time.sleep(0.01)

    def campaign(self, name: str, command: list[str], kills: int) -> None:
        """One kill in six before the first step, the others within two steps after a drawn one."""
        before, after = self.whole(command, f"whole_{name}")
        steps = steps_noted(self.root / f"whole_{name}")
        expected = contents(self.root / f"whole_{name}")
        print(f"{name}, 2 ranks: {kills} kills, seed {self.seed} (DNAGPT_FAULT_SEED repeats it)")
        for number in range(kills):
            early = number % 6 == 5
            step = 0 if early else self.draw.randint(1, steps - 1)
            moment = self.draw.uniform(0, before if early else 2 * after / steps)
            who = self.draw.choice(list(WHO))
            folder = self.root / f"killed_{number}"
            mine = [part.replace("{}", folder.name) for part in command]
            with self.started(mine) as launcher:
                self.wait_for_steps(launcher, folder, step)
                time.sleep(moment)
                self.kill(launcher, WHO[who])
            half = sorted(path.name for path in folder.rglob("*.tmp"))
            newest = newest_checkpoint(folder)
            since = f"step {step}" if step else "the start"
            print(
                f"  {who} {moment:.3f} s after {since}: {steps_noted(folder)} steps noted, "
                f"newest checkpoint {newest}, half-written: {', '.join(half) or 'none'}",
                flush=True,
            )
            printed = self.succeed(mine)
            self.assertNotIn("set aside", printed)
            self.assertEqual(resumed_at(printed), newest)
            self.assertEqual(difference(folder, expected), "", printed)
            shutil.rmtree(folder)

    def test_pretraining(self) -> None:
        steps = "schedule.steps=60" if LONG else "schedule.steps=20"
        command = self.pretrain("{}", steps, "evaluation.every_steps=10", world=2)
        self.campaign("pretrain", command, 50 if LONG else 6)

    @unittest.skipUnless(LONG, "only with DNAGPT_LONG=1")
    def test_finetuning(self) -> None:
        self.succeed(self.pretrain("first", "schedule.steps=1"))
        self.make_set()
        origin = f"finetune.from={self.root / 'first'}"
        command = self.finetune("{}", origin, "schedule.epochs=12", world=2)
        self.campaign("finetune", command, 50)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
