"""What `dnagpt generate` draws is what the model says, by way of `dnagpt predict --logits`."""

from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, run
from scipy import stats

import dnagpt_files

CONFIG = """
[model]
layers = 2
heads = 2
channels = 32
context_length = 32
vocabulary = "fixed"
[batch]
tokens_per_step = 1024
micro_batch = 32
[optimizer]
learning_rate = 5e-3
[schedule]
steps = 40
warmup_steps = 5
"""
FIRST_WORD = 34
"""Its token; words count up in base 5 with the digits N A G C T."""
TEXTS, WORDS = 500, 20
BINS = 40
LEAST_CHANCE = 1e-4
"""Of a statistic as large as the test's, if the words were drawn rightly."""

pytestmark = NEEDS_PROGRAMS


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, shards: Path) -> Path:
    """The run folder of a small model that was trained."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "config.toml").write_text(CONFIG)
    run(
        "dnagpt",
        "pretrain",
        folder / "config.toml",
        f"run.folder={folder}/run",
        f"data.shards={shards}",
    )
    return folder / "run"


def drawn_words(model: Path, folder: Path, *options: object) -> list[str]:
    """The bases of each text that follows <R>."""
    output = folder / "drawn.fa"
    given = ["--checkpoint", model, "--prompt", "<R>", "--bases", 6 * WORDS, "--batch", 128]
    run("dnagpt", "generate", *given, *options, "--output", output)
    return ["".join(part.split("\n")[1:]) for part in output.read_text().split(">")[1:]]


def log_probabilities(model: Path, folder: Path, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Of each word of each text, with the right words before it: log p of all words without N
    (texts, words, 4,096), and the word's place among them (texts, words)."""
    (folder / "prompts.txt").write_text("".join(f"<R>{text}\n" for text in texts))
    logits = folder / "logits.h5"
    asked = ["--prompts", folder / "prompts.txt", "--answer", "words", "--logits-at", "every"]
    run(
        "dnagpt",
        "predict",
        "--checkpoint",
        model,
        *asked,
        "--logits",
        logits,
        "--output",
        folder / "p.tsv",
    )
    arrays, _ = dnagpt_files.read_arrays(logits)
    known = np.flatnonzero((dnagpt_files.word_codes() > 0).all(axis=1))
    values = arrays["/logits"].reshape(len(texts), WORDS + 1, -1)[:, :-1, FIRST_WORD + known]
    values = values.astype(np.float64)
    values -= values.max(axis=2, keepdims=True)
    values -= np.log(np.exp(values).sum(axis=2, keepdims=True))
    codes = np.array([[dnagpt_files.BASES.index(base) for base in text] for text in texts])
    words = codes.reshape(len(texts), WORDS, 6) @ 5 ** np.arange(5, -1, -1)
    return values, np.searchsorted(known, words)


def test_words_have_the_model_s_own_distribution(model: Path, tmp_path: Path) -> None:
    """Chi-square of 10,000 draws over bins of words; each draw has probabilities of its own, so the
    covariance of the counts is the sum over draws."""
    texts = drawn_words(model, tmp_path, "--count", TEXTS, "--seed", 3)
    assert len(set(texts)) == TEXTS
    values, words = log_probabilities(model, tmp_path, texts)
    bin_of_word = np.random.default_rng(1).permutation(values.shape[2]) % BINS
    member = np.eye(BINS)[bin_of_word]
    shares = np.exp(values).reshape(-1, values.shape[2]) @ member
    counts = np.bincount(bin_of_word[words.ravel()], minlength=BINS)
    covariance = np.diag(shares.sum(axis=0)) - shares.T @ shares
    apart = counts - shares.sum(axis=0)
    statistic = float(apart @ np.linalg.pinv(covariance, hermitian=True) @ apart)
    assert stats.chi2.sf(statistic, BINS - 1) > LEAST_CHANCE
    chance = values.reshape(-1, values.shape[2])[np.arange(words.size), words.ravel()]
    expected = (np.exp(values) * values).sum(axis=2)
    spread = np.sqrt(((np.exp(values) * values**2).sum(axis=2) - expected**2).sum())
    assert abs(chance.sum() - expected.sum()) < 4 * spread
    uniform = np.full(BINS, words.size / BINS)
    assert stats.chisquare(counts, uniform).pvalue < LEAST_CHANCE


def test_a_temperature_near_0_takes_the_likeliest_word(model: Path, tmp_path: Path) -> None:
    text = drawn_words(model, tmp_path, "--temperature", 0.01)
    values, words = log_probabilities(model, tmp_path, text)
    largest = values.max(axis=2)
    np.testing.assert_allclose(
        np.take_along_axis(values, words[..., None], 2)[..., 0], largest, atol=1e-4
    )
