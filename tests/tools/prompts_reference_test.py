"""Free prompts are answered as by the torch reference, numbers spliced in, in float and bf16."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, run
from published_weights import (
    DYNAMIC,
    RESERVED,
    SMALL,
    TOLERANCE,
    make_checkpoint,
    needs_torch,
    reference,
    word_tokens,
)

import dnagpt_files
import prediction_files
from model_tensors import ModelShape

BF16_SHARE = 3e-2
"""Root mean square of what bf16 may miss, in standard deviations of what is compared."""
PRINTED = 5e-6
"""Relative, of numbers printed with six digits."""
PROMPTS = 10
"""Of each kind, of several lengths."""
NUMBER = -1
"""The token of a position that holds a number."""

pytestmark = [
    NEEDS_PROGRAMS,
    needs_torch,
]


@dataclass(frozen=True)
class Row:
    """A prompt as the model reads it; NaN stands for a number that is asked inside."""

    text: str
    tokens: list[int]
    numbers: list[float]

    @property
    def asks_last(self) -> bool:
        """Whether the answer is a number."""
        return self.tokens[-1] == RESERVED.index("M")


@dataclass(frozen=True)
class Answer:
    """What a model makes of a prompt."""

    logits: np.ndarray
    """(positions, V)"""
    asked: list[float]
    number: float | None


def make_row(parts: Sequence[str | list[float]], shape: ModelShape) -> Row:
    """Of reserved tokens, bases, and numbers: without any, one is asked."""
    text, tokens, numbers = "", [], []
    for part in parts:
        if isinstance(part, list):
            text += ",".join(map(repr, part))
            tokens += [NUMBER] * max(1, len(part))
            numbers += part or [np.nan]
        elif len(part) == 1:
            text += f"<{part}>"
            tokens.append(RESERVED.index(part))
        else:
            text += part
            tokens += word_tokens(np.array(list(part)), shape).tolist()
    return Row(text, tokens, numbers)


def draw_rows(kind: str, shape: ModelShape) -> list[Row]:
    """Prompts of a kind with one to ten words."""
    random = np.random.default_rng(5)
    rows = []
    for words in range(1, PROMPTS + 1):
        bases = "".join(random.choice(list("ACGT"), 6 * words))
        three, eight = (random.normal(size=count).round(3).tolist() for count in (3, 8))
        parts = {
            "words": ["R", bases],
            "three numbers": ["R", "+", "M", three, "+", bases, "=", "B"],
            "eight numbers": ["R", "+", "M", eight, "+", bases, "=", "M"],
            "asked inside": ["R", bases, "M", [], "+", bases, "M", [], "=", "M"],
        }
        rows.append(make_row(parts[kind], shape))
    return rows


def answer_of_reference(model: Callable, row: Row, read_back: Sequence[float]) -> Answer:
    """`read_back`: what is read from there on in the place of each number that is asked inside.

    They are the program's own numbers: where one lies near 0 the number embedding, which has a
    layernorm behind it, makes much of little, so that bf16 would be compared with another prompt.
    """
    import torch

    numbers: list[float] = list(row.numbers)
    asked: list[float] = []
    places = [place for place, token in enumerate(row.tokens) if token == NUMBER]

    def read(length: int) -> tuple[np.ndarray, float]:
        known = [place for place in places if place < length]
        values = torch.tensor(numbers[: len(known)], dtype=torch.float64)
        given, last = (torch.tensor(each, dtype=torch.int64) for each in (known, [length - 1]))
        with torch.no_grad():
            logits, value = model(torch.tensor([row.tokens[:length]]), given, values, last)
        return logits[0].numpy(), float(value)

    for number, place in enumerate(places):
        if np.isnan(numbers[number]):
            numbers[number] = read_back[len(asked)]
            asked.append(read(place)[1])
    logits, value = read(len(row.tokens))
    return Answer(logits, asked, value if row.asks_last else None)


def answers_of_program(
    folder: Path, checkpoint: Path, rows: Sequence[Row], precision: str
) -> list[Answer]:
    """Of `dnagpt predict` with the logits of every position."""
    (folder / "prompts.txt").write_text("".join(f"{row.text}\n" for row in rows))
    logits, table = folder / "logits.h5", folder / "table.tsv"
    asked = ["--checkpoint", checkpoint, "--prompts", folder / "prompts.txt", "--output", table]
    asked += ["--logits", logits, "--logits-at", "every", "--precision", precision]
    run("dnagpt", "predict", *asked)
    columns = prediction_files.read_table(table)
    arrays, _ = dnagpt_files.read_arrays(logits)
    answers = []
    for record, (inside, number) in enumerate(
        zip(columns["asked"], columns["number"], strict=True)
    ):
        values = [float(value) for value in inside.split(",") if value]
        own = arrays["/logits"][arrays["/record"] == record]
        answers.append(Answer(own, values, float(number) if number else None))
    return answers


def numbers_of(answers: Sequence[Answer]) -> np.ndarray:
    """All regression outputs: asked inside, then last, prompt by prompt."""
    return np.array(
        [
            value
            for answer in answers
            for value in (*answer.asked, answer.number)
            if value is not None
        ]
    )


def check_near(found: np.ndarray, expected: np.ndarray, precision: str, digits: float) -> None:
    """Each value in float; in bf16 all together."""
    assert found.shape == expected.shape
    if precision == "float":
        tolerance = TOLERANCE + digits
        bound = tolerance * np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=bound)
    else:
        missed = float(np.sqrt(np.mean((found - expected) ** 2)) / expected.std())
        assert 1e-4 < missed < BF16_SHARE


@pytest.mark.parametrize("precision", ["float", "bf16"])
@pytest.mark.parametrize("kind", ["words", "three numbers", "eight numbers", "asked inside"])
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC], ids=["fixed", "dynamic"])
def test_prompts_are_answered_as_by_the_reference(
    tmp_path: Path, shape: ModelShape, kind: str, precision: str
) -> None:
    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    rows, model = draw_rows(kind, shape), reference(shape, tensors)
    found = answers_of_program(tmp_path, checkpoint, rows, precision)
    expected = [
        answer_of_reference(model, row, answer.asked)
        for row, answer in zip(rows, found, strict=True)
    ]
    logits = (np.concatenate([answer.logits for answer in each]) for each in (found, expected))
    check_near(*logits, precision, 0)
    asks = {"words": 0, "three numbers": 0, "eight numbers": 1, "asked inside": 3}[kind]
    numbers = numbers_of(expected)
    assert len(numbers) == asks * len(rows)
    if asks:
        check_near(numbers_of(found), numbers, precision, PRINTED)
