"""Times inference of PyTorch and of dnagpt on the same work, on this CPU, in one run.

Work: one sequence of --words new words; --batch sequences at once, in one program and in one a
core; classes of prompts with --bases bases; then, of dnagpt alone, bits of every base (`score`) and
embeddings (`embed`) of the same sequences. The model has random weights and a preset's shape.
PyTorch's side is the torch reference as the released code runs it: no cache of keys and values, one
sequence at a time, logits of all positions; classes with the batch that suits it best.

Both sides are timed --rounds times, and the medians count. dnagpt is timed as a whole program on
little and on more work in turn: the difference leaves out starting, reading the checkpoint and
warming up. One sequence and one batch are drawn by a program on all cores. All else is done by one
program a core on one thread, as ranks would who have a block of 1,024 records each; a program's
work is its own. Its ceilings are measured in between: the read bandwidth over the bytes of the
weights that a new word reads (one sequence), and the products of the forward pass alone, in the
shapes of the work (bench_products).

Run it in the environment of tools/requirements-torch.txt, on an idle machine. The folder with
dnagpt and bench_products is that of a build with -DDNAGPT_BENCHMARKS=ON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import convert_checkpoint
import model_tensors
from bench_training import machine
from dnagpt_files import BASES_PER_WORD
from dnagpt_steps import run, say
from model_tensors import ModelShape
from text_tables import format_value, markdown_table
from torch_steps import THREAD_VARIABLES
from whole_files import write_text

BYTES = {"float": 4, "bf16": 2}
TEMPLATE_POSITIONS = 3
"""Of a prompt with one sequence: species, `=`, and the position of the answer."""
PROMPT = "<R>{sequence}<=><R>"
READ_BYTES = 1 << 30
FEW = 8
"""Sequences that a program warms up on."""


@dataclasses.dataclass(frozen=True)
class Work:
    """What is timed."""

    words: int
    batch: int
    bases: int
    prompts: int

    @property
    def positions(self) -> int:
        """Of one prompt."""
        return self.bases // BASES_PER_WORD + TEMPLATE_POSITIONS


# ---------------------------------------------------------------------------- PyTorch's side


class TorchSide:
    """The torch reference with random weights."""

    def __init__(self, shape: ModelShape, precision: str, cores: int) -> None:
        import torch

        import torch_model

        torch.set_num_threads(cores)
        torch.manual_seed(1)
        sizes = (shape.layers, shape.heads, shape.channels, shape.context_length)
        words = model_tensors.WORDS[shape.vocabulary]
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        model = torch_model.DnaGpt(torch_model.ModelShape(*sizes, words))
        self.model = model.to(kind).eval()
        self.nothing = torch.zeros(0, dtype=torch.int64)
        self.no_numbers = torch.zeros(0, dtype=kind)
        self.words = words

    def logits(self, tokens: object) -> object:
        """Of all positions: tokens (B, T), logits (B, T, V)."""
        return self.model(tokens, self.nothing, self.no_numbers, self.nothing)[0]

    def generate(self, words: int) -> float:
        """Seconds for so many words behind one token."""
        import torch

        tokens = torch.zeros(1, 1, dtype=torch.int64)
        with torch.inference_mode():
            began = time.perf_counter()
            for _ in range(words):
                chances = self.logits(tokens)[:, -1].float().softmax(-1)
                tokens = torch.cat([tokens, torch.multinomial(chances, 1)], 1)
        return time.perf_counter() - began

    def classify(self, batch: int, positions: int) -> float:
        """Seconds for one batch of prompts."""
        import torch

        tokens = torch.randint(self.words, (batch, positions))
        with torch.inference_mode():
            began = time.perf_counter()
            self.logits(tokens)[:, -1].float().argmax(-1)
        return time.perf_counter() - began


def read_bandwidth(cores: int) -> float:
    """Bytes/s of reading a large array on all cores, the best of several."""
    import torch

    torch.set_num_threads(cores)
    values = torch.ones(READ_BYTES // 4)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        values.sum()
        seconds.append(time.perf_counter() - began)
    return READ_BYTES / min(seconds)


# ------------------------------------------------------------------------------- dnagpt's side


class OurSide:
    """dnagpt with random weights."""

    def __init__(
        self, folder: Path, shape: ModelShape, work: Work, place: Path, cores: int
    ) -> None:
        self.folder, self.shape, self.work, self.place = folder, shape, work, place
        self.cores = cores
        self.environment = self.threads(cores)
        self.checkpoint = self.make_checkpoint()
        draw = random.Random(1)
        for name, count in (("few", FEW), ("many", FEW + work.prompts)):
            records = (
                f">s{i}\n{''.join(draw.choices('ACGT', k=work.bases))}\n" for i in range(count)
            )
            (place / f"{name}.fa").write_text("".join(records))

    @staticmethod
    def threads(count: int) -> dict[str, str]:
        """Environment of a program with so many threads."""
        allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        return dict.fromkeys(THREAD_VARIABLES, str(count)) | allowed

    def make_checkpoint(self) -> Path:
        """Random weights as a checkpoint, by way of a weight file."""
        from safetensors.numpy import save_file

        draw = np.random.default_rng(1)
        tensors = {}
        for name, size in model_tensors.tensor_shapes(self.shape).items():
            noise = draw.standard_normal(size, dtype=np.float32)
            tensors[name] = (
                1 + np.float32(0.1) * noise if len(size) == 1 else noise * np.float32(0.02)
            )
        source, output = self.place / "weights.safetensors", self.place / "weights.h5"
        save_file(tensors, source)
        heads = f"--heads={self.shape.heads}"
        if convert_checkpoint.main([str(source), f"--output={output}", heads]) != 0:
            raise RuntimeError("the weights could not be converted; see above")
        source.unlink()
        return output

    def seconds(self, programs: int, command: str, *arguments: str) -> float:
        """Of so many whole programs at once. `{n}` in an argument is the program's number."""
        threads = self.threads(max(1, self.cores // programs))
        given = [
            command,
            f"--checkpoint={self.checkpoint}",
            f"--output={self.place / command}_{{n}}",
        ]

        def one(number: int) -> None:
            own = [text.replace("{n}", str(number)) for text in (*given, *arguments)]
            run([str(self.folder / "dnagpt"), *own], threads)

        began = time.perf_counter()
        with ThreadPoolExecutor(programs) as pool:
            list(pool.map(one, range(1, programs + 1)))
        return time.perf_counter() - began

    def generate(self, precision: str, batch: int, batches: int, programs: int = 1) -> float:
        """Seconds for so many full batches of sequences, in each of so many programs."""
        work = ["--prompt=<R>", f"--bases={BASES_PER_WORD * self.work.words}", "--seed={n}"]
        work += [f"--count={batch * batches}", f"--batch={batch}", f"--precision={precision}"]
        return self.seconds(programs, "generate", *work)

    def read(self, command: str, precision: str, name: str) -> float:
        """Seconds of predict, embed or score on the sequences of a file, in a program a core."""
        options = {
            "predict": [f"--template={PROMPT}", "--answer=class"],
            "embed": [f"--template={PROMPT}"],
            "score": ["--species=R"],
        }
        work = [f"--fasta={self.place / name}.fa", f"--precision={precision}"]
        return self.seconds(self.cores, command, *work, *options[command])

    def products(self, precision: str, rows: int, head_rows: int) -> float | None:
        """Seconds of the forward products of so many positions; None where there are none."""
        shape = self.shape
        command = [str(self.folder / "bench_products"), "--forward", "--rows", str(rows)]
        command += ["--channels", str(shape.channels), "--layers", str(shape.layers)]
        command += ["--vocabulary", str(model_tensors.WORDS[shape.vocabulary])]
        command += ["--head-rows", str(head_rows), "--precision", precision]
        try:
            return json.loads(run(command, self.environment))["step_seconds"]
        except subprocess.CalledProcessError:
            return None


# -------------------------------------------------------------------------------- measurement


def difference(little: Sequence[float], much: Sequence[float]) -> float:
    """Seconds of the work that is in `much` and not in `little`, by their medians."""
    return statistics.median(much) - statistics.median(little)


def weights_of_a_word(shape: ModelShape) -> int:
    """Parameters that are read for each new word: the layers and the token head."""
    skipped = (model_tensors.TOKEN_TABLE, model_tensors.POSITION_TABLE)
    sizes = model_tensors.tensor_shapes(shape)
    heads = ("num_regression.", "number_embedding.")
    return sum(
        int(np.prod(size))
        for name, size in sizes.items()
        if name not in skipped and not name.startswith(heads)
    )


def times_of(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """Each work's seconds; the works take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for place, work in enumerate(works):
            taken[place].append(work())
    return taken


def measure_torch(shape: ModelShape, work: Work, precision: str, cores: int, rounds: int) -> dict:
    """Words and prompts a second, by the medians; of prompts with the better batch."""
    side = TorchSide(shape, precision, cores)
    side.classify(1, work.positions)
    words = min(work.words, shape.context_length)
    batches = (1, 8)
    reading = [lambda batch=batch: side.classify(batch, work.positions) for batch in batches]
    drawing, *classes = times_of(rounds, lambda: side.generate(words), *reading)
    prompts = (
        batch / statistics.median(seconds) for batch, seconds in zip(batches, classes, strict=True)
    )
    return {
        "words_per_second": words / statistics.median(drawing),
        "prompts_per_second": max(prompts),
    }


def measure_ours(side: OurSide, precision: str, rounds: int) -> dict:
    """Words, prompts, bases and sequences a second."""
    work = side.work
    one = times_of(
        rounds, lambda: side.generate(precision, 1, 1), lambda: side.generate(precision, 1, 3)
    )
    batch = times_of(
        rounds,
        lambda: side.generate(precision, work.batch, 1),
        lambda: side.generate(precision, work.batch, 2),
    )
    many = times_of(
        rounds,
        lambda: side.generate(precision, work.batch, 1, side.cores),
        lambda: side.generate(precision, work.batch, 2, side.cores),
    )
    result = {
        "words_per_second": 2 * work.words / difference(*one),
        "words_per_second_of_a_batch": work.batch * work.words / difference(*batch),
        "words_per_second_of_a_batch_a_core": side.cores
        * work.batch
        * work.words
        / difference(*many),
    }
    for command in ("predict", "embed", "score"):
        reading = [
            lambda name=name, c=command: side.read(c, precision, name) for name in ("few", "many")
        ]
        seconds = difference(*times_of(rounds, *reading))
        result[f"{command}_per_second"] = side.cores * work.prompts / seconds
    return result


def ceilings(side: OurSide, precision: str, cores: int) -> dict:
    """Words a second by bandwidth; sequences a second by products, with logits where each command
    reads them: one a prompt, none, or for six phases one a word."""
    work = side.work
    bytes_of_word = weights_of_a_word(side.shape) * BYTES[precision]
    bandwidth = read_bandwidth(cores)
    result = {
        "read_bandwidth_gb_s": bandwidth / 1e9,
        "words_per_second": bandwidth / bytes_of_word,
    }
    prompts = max(1, 8192 // work.positions)
    rows = prompts * work.positions
    for command, head_rows in (("predict", prompts), ("embed", 1), ("score", rows)):
        seconds = side.products(precision, rows, head_rows)
        readings = BASES_PER_WORD if command == "score" else 1
        if seconds is not None:
            result[f"{command}_per_second"] = prompts / seconds / readings
    return result


def summarise(theirs: dict[str, dict], ours: dict, most: dict) -> dict:
    """Ratios to the faster way to run PyTorch, and shares of the ceilings."""
    words = max(each["words_per_second"] for each in theirs.values())
    prompts = max(each["prompts_per_second"] for each in theirs.values())
    ratios = {
        "one_sequence": ours["words_per_second"] / words,
        "batch": ours["words_per_second_of_a_batch"] / words,
        "batch_a_core": ours["words_per_second_of_a_batch_a_core"] / words,
        "classification": ours["predict_per_second"] / prompts,
    }
    shares = {name: ours[name] / most[name] for name in ours if name in most}
    return {"ratio": ratios, "share_of_ceiling": shares}


def result_table(result: dict) -> list[str]:
    """Lines: a row for each figure."""
    names = [f"PyTorch {precision}" for precision in result["torch"]]
    precisions = list(result["dnagpt"])
    names += [f"{what} {precision}" for precision in precisions for what in ("dnagpt", "ceiling")]
    keys = {
        "words_per_second": "one sequence, words/s",
        "words_per_second_of_a_batch": "a batch, words/s",
        "words_per_second_of_a_batch_a_core": "a batch a core, words/s",
        "prompts_per_second": "classes, prompts/s",
        "predict_per_second": "classes, prompts/s",
        "embed_per_second": "embeddings, sequences/s",
        "score_per_second": "bits of bases, sequences/s",
    }
    rows: dict[str, dict[str, float]] = {title: {} for title in dict.fromkeys(keys.values())}
    columns = [(f"PyTorch {p}", values) for p, values in result["torch"].items()]
    for precision, values in result["dnagpt"].items():
        columns += [(f"dnagpt {precision}", values)]
        columns += [(f"ceiling {precision}", result["ceiling"][precision])]
    for name, values in columns:
        for key, title in keys.items():
            if key in values:
                rows[title][name] = values[key]
    cells = [["work", *names]]
    cells += [[t, *(format_value(row.get(name), 2) for name in names)] for t, row in rows.items()]
    return markdown_table(cells)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--programs", type=Path, default=Path("build/release/bin"), help="folder of the programs"
    )
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--channels", type=int, default=768)
    parser.add_argument("--context", type=int, default=512, help="positions")
    parser.add_argument("--vocabulary", choices=("fixed", "dynamic"), default="dynamic")
    parser.add_argument("--words", type=int, default=256, help="new ones of each sequence")
    parser.add_argument("--batch", type=int, default=64, help="sequences drawn at once")
    parser.add_argument("--bases", type=int, default=600, help="of each prompt")
    parser.add_argument("--prompts", type=int, default=64, help="of each program, that are timed")
    both = ("bf16", "float")
    parser.add_argument("--precisions", nargs="+", choices=both, default=both, help="of dnagpt")
    parser.add_argument("--torch-precisions", nargs="+", choices=both, default=both)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each work")
    parser.add_argument("--output", type=Path, help="JSON file")
    return parser.parse_args(arguments)


def compare(options: argparse.Namespace, place: Path) -> dict:
    """All of the measurement."""
    shape = ModelShape(
        options.layers, options.heads, options.channels, options.context, options.vocabulary
    )
    work = Work(options.words, options.batch, options.bases, options.prompts)
    cores = len(os.sched_getaffinity(0))
    side = OurSide(options.programs, shape, work, place, cores)
    result: dict = {"machine": machine(), "shape": dataclasses.asdict(shape)}
    result |= {"work": dataclasses.asdict(work), "torch": {}, "dnagpt": {}, "ceiling": {}}
    for precision in options.torch_precisions:
        say(f"PyTorch in {precision}")
        result["torch"][precision] = measure_torch(shape, work, precision, cores, options.rounds)
    for precision in options.precisions:
        say(f"dnagpt in {precision}")
        result["dnagpt"][precision] = measure_ours(side, precision, options.rounds)
        result["ceiling"][precision] = ceilings(side, precision, cores)
    result["summary"] = {
        precision: summarise(result["torch"], ours, result["ceiling"][precision])
        for precision, ours in result["dnagpt"].items()
    }
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 when a program fails."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="dnagpt_bench_") as place:
        try:
            result = compare(options, Path(place))
        except (RuntimeError, subprocess.CalledProcessError) as failure:
            say(str(failure))
            return 1
    print("\n".join(result_table(result)))
    print(json.dumps(result["summary"], indent=2))
    if options.output:
        write_text(options.output, json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
