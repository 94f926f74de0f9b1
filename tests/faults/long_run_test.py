"""A long run at two ranks: memory, open files, log and speed stay what they are.

Usage: long_run_test.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS.
"""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import NamedTuple

from fault_runs import LONG, FaultTest, metrics_lines
from programs import ranks_of

STEPS = 10_000 if LONG else 600
SAVES = 20
LOG_EVERY = 10
SETTINGS = (
    f"schedule.steps={STEPS}",
    f"checkpoint.every_steps={STEPS // SAVES}",
    f"evaluation.every_steps={STEPS // SAVES}",
    f"run.log_every_steps={LOG_EVERY}",
    "batch.tokens_per_step=256",
)
STOP = STEPS // 10
EARLY = range(STOP + 2 * STEPS // SAVES, STEPS // 2)  # the second run has saved and validated
LATE = range(3 * STEPS // 4, STEPS)


class Sample(NamedTuple):
    """What a rank holds while a step is the newest in metrics.jsonl."""

    step: int
    resident: int  # KiB
    peak: int  # KiB
    files: int
    threads: int


def sample(number: int, step: int) -> Sample | None:
    """Nothing where the process has ended."""
    process = Path(f"/proc/{number}")
    try:
        text = (process / "status").read_text()
        files = len(list((process / "fd").iterdir()))
    except OSError:
        return None
    numbers = {key: int(value) for key, value in re.findall(r"(\w+):\s+(\d+)", text)}
    if "VmRSS" not in numbers:
        return None
    return Sample(step, numbers["VmRSS"], numbers["VmHWM"], files, numbers["Threads"])


class LongRun(FaultTest):
    """One run that is stopped after a tenth and goes on to its end."""

    def watch(self, folder: str, stop_at: int | None) -> tuple[int, str, dict[int, list[Sample]]]:
        """Runs on; exit status, log and samples by process. Tells it to stop at a step."""
        log = self.root / f"{folder}_{stop_at}.log"
        noted = self.root / folder / "metrics.jsonl"
        samples: dict[int, list[Sample]] = {}
        with log.open("w") as file:
            command = self.pretrain(folder, *SETTINGS, world=2)
            run = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, env=self.environment()
            )
            while run.poll() is None:
                time.sleep(0.1)
                step = noted.read_bytes().count(b'"step"') if noted.exists() else 0
                for number in ranks_of(self.root / folder):
                    if found := sample(number, step):
                        samples.setdefault(number, []).append(found)
                if stop_at is not None and step >= stop_at:
                    run.send_signal(signal.SIGUSR1)
                    stop_at = None
        return run.returncode, log.read_text(), samples

    def test_memory_files_log_and_speed_stay(self) -> None:
        status, first_log, _ = self.watch("long", STOP)
        self.assertEqual(status, 75, first_log)
        status, log, samples = self.watch("long", None)
        self.assertEqual(status, 0, log)
        self.assertEqual(len(samples), 2)
        self.check_buffers(first_log, log)
        self.check_processes(samples)
        self.check_log(log)
        self.check_speed()

    def check_buffers(self, first_log: str, log: str) -> None:
        """After the whole run the Kokkos buffers' high-water is that of its first tenth."""
        peaks = [
            re.findall(r"peak memory of a rank: (.+) on its host, (.+) in Kokkos buffers", text)
            for text in (first_log, log)
        ]
        self.assertEqual([len(found) for found in peaks], [1, 1], log)
        (early,), (late,) = peaks
        print(f"\nhost peak {early[0]} then {late[0]}, Kokkos high-water {early[1]} then {late[1]}")
        self.assertEqual(early[1], late[1])

    def check_processes(self, samples: dict[int, list[Sample]]) -> None:
        """What a rank holds in the last quarter is what it held in the first half."""
        for rank, found in enumerate(samples.values()):
            early, late = ([each for each in found if each.step in part] for part in (EARLY, LATE))
            self.assertTrue(early and late, f"rank {rank}: too fast to be looked at")
            for name in ("resident", "peak"):
                most = [max(getattr(each, name) for each in part) for part in (early, late)]
                self.compare(f"rank {rank}: {name} KiB", *most, 1024)
            for name in ("files", "threads"):  # a save under way has one of each more
                usual = [
                    statistics.median_low([getattr(s, name) for s in part])
                    for part in (early, late)
                ]
                self.compare(f"rank {rank}: {name}", *usual, 0)

    def compare(self, what: str, early: int, late: int, slack: int) -> None:
        """A quantity in the first half and in the last quarter."""
        print(f"{what} {early:,} in the first half, {late:,} in the last quarter")
        self.assertLessEqual(late, early + slack, what)

    def check_log(self, log: str) -> None:
        """A line every ten steps, a few for each save and validation, and some at the start."""
        allowed = STEPS // LOG_EVERY + 6 * SAVES + 50
        lines = log.splitlines()
        noted = (self.root / "long" / "metrics.jsonl").stat().st_size
        print(f"{len(lines):,} log lines of {len(log):,} bytes; {noted / STEPS:.0f} noted per step")
        self.assertLessEqual(len(lines), allowed)
        self.assertLess(max(map(len, lines)), 400)
        self.assertLess(noted, 600 * STEPS)

    def check_speed(self) -> None:
        """The last quarter is no slower than the slowest tenth of the first half."""
        lines = metrics_lines(self.root / "long")
        seconds = [line["step_seconds"] for line in lines if "step_seconds" in line]
        self.assertEqual(len(seconds), STEPS)
        tenth = STEPS // 10
        medians = [statistics.median(seconds[i : i + tenth]) for i in range(0, STEPS, tenth)]
        shown = ", ".join(f"{1e3 * median:.2f}" for median in medians)
        late = statistics.median(seconds[LATE.start :])
        print(f"median ms of a step by tenths of the run: {shown}")
        if LONG:
            self.assertLessEqual(late, 1.1 * max(medians[1:5]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
