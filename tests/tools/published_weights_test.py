"""The programs take converted weights, and compute from them what the torch reference computes."""

import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, run
from conftest import PROGRAMS
from published_weights import (
    CLASSES_ONLY,
    DYNAMIC,
    FIRST_WORD,
    NUMBERS_ONLY,
    RESERVED,
    SMALL,
    TOLERANCE,
    Tensors,
    convert,
    draw_tensors,
    make_checkpoint,
    needs_torch,
    reference,
    same_bits,
    word_tokens,
    write_safetensors,
)
from safetensors.numpy import load_file

import attention_files
import dnagpt_files
import prediction_files
from model_tensors import ModelShape

TEMPLATE_POSITIONS = 5
"""Of a training row, those that hold no word; windows are as long as its words."""
NUMBERS_PROMPT = "<R><+><M>{numbers}<=><M>"
FINETUNING = """
[finetune]
heads = "{heads}"
rows_per_step = 8
[batch]
micro_batch = 8
[optimizer]
learning_rate = {rate}
[schedule]
steps = 1
"""

pytestmark = NEEDS_PROGRAMS


def finetune(folder: Path, checkpoint: Path, data: Path, prompt: str, **config: object) -> Tensors:
    """One step in folder/run; the weights after it, by way of a weight file."""
    (folder / "finetune.toml").write_text(FINETUNING.format(**config))
    settings = {"run.folder": folder / "run", "finetune.data": data, "finetune.from": checkpoint}
    settings["finetune.prompt"] = prompt
    texts = [f"{key}={value}" for key, value in settings.items()]
    run("dnagpt", "finetune", folder / "finetune.toml", *texts)
    saved = folder / "run" / "checkpoints" / "step_00000001.h5"
    return load_file(convert(saved, folder / "tuned.safetensors"))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 sequences of two classes."""
    folder, random = tmp_path_factory.mktemp("classes"), np.random.default_rng(1)
    rows = [f"{''.join(random.choice(list('ACGT'), 60))}\t{row % 2}" for row in range(60)]
    (folder / "table.tsv").write_text("\n".join(["sequence\tlabel", *rows]) + "\n")
    run("dnagpt-prep", "signals", "--table", folder / "table.tsv", "--output", folder / "set.h5")
    return folder / "set.h5"


@pytest.fixture(scope="module")
def genes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 genes whose target is the sum of two numbers."""
    folder, random = tmp_path_factory.mktemp("genes"), np.random.default_rng(2)
    rows = [
        f"g{row}\t{a:.6f}\t{b:.6f}\t{a + b:.6f}"
        for row, (a, b) in enumerate(random.normal(size=(40, 2)))
    ]
    (folder / "table.tsv").write_text("\n".join(["gene_id\tf1\tf2\ty", *rows]) + "\n")
    columns = ["--number-columns", "f1,f2", "--target-column", "y"]
    table, output = folder / "table.tsv", folder / "set.h5"
    run("dnagpt-prep", "expression", "--table", table, *columns, "--output", output)
    return output


@pytest.mark.parametrize("shape", [SMALL, DYNAMIC, CLASSES_ONLY, NUMBERS_ONLY])
def test_inspect_takes_a_converted_checkpoint(tmp_path: Path, shape: ModelShape) -> None:
    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    text = run("dnagpt", "inspect", "--tensors", checkpoint)
    count = sum(values.size for values in tensors.values())
    assert "digests    all match" in text
    assert f"parameters {count:,} in {len(tensors)} tensors" in text
    assert f"vocabulary {shape.vocabulary}, " in text
    assert all(f"  {name} " in text for name in tensors)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    tensors = draw_tensors(SMALL)
    next(iter(tensors.values())).flat[3] = np.nan
    source = write_safetensors(tmp_path / "weights.safetensors", tensors)
    checkpoint = convert(source, tmp_path / "damaged.h5", f"--heads={SMALL.heads}")
    asked = ["--checkpoint", checkpoint, "--prompt", "<R>ACGTAC", "--output", tmp_path / "p.tsv"]
    command = [PROGRAMS / "dnagpt", "predict", *map(str, asked)]
    answer = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    assert answer.returncode == 1
    assert "holds weights that are not finite" in answer.stderr
    assert not (tmp_path / "p.tsv").exists()


@pytest.mark.parametrize(
    ("shape", "answer", "left_out"),
    [
        (SMALL, "class", {"num_regression", "number_embedding"}),
        (CLASSES_ONLY, "class", set()),
        (NUMBERS_ONLY, "number", set()),
    ],
)
def test_fine_tuning_starts_from_converted_weights(
    tmp_path: Path, classes: Path, genes: Path, shape: ModelShape, answer: str, left_out: set[str]
) -> None:
    """A step too small to see leaves the weights where they were; heads without use are left out.

    What is left can be converted back.
    """
    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    data, prompt = (classes, "class") if answer == "class" else (genes, NUMBERS_PROMPT)
    tuned = finetune(tmp_path, checkpoint, data, prompt, heads="needed", rate=1e-12)
    assert {name.split(".")[0] for name in set(tensors) - set(tuned)} == left_out
    for name, values in tuned.items():
        np.testing.assert_allclose(values, tensors[name], rtol=1e-6, atol=1e-11, err_msg=name)
    weights = tmp_path / "tuned.safetensors"
    again = convert(weights, tmp_path / "again.h5", f"--heads={shape.heads}")
    assert same_bits(dnagpt_files.read_weights(again)[0], tuned)


def windows(shard: dnagpt_files.Shard, words: int) -> Iterator[np.ndarray]:
    """The shard's contigs, cut into so many 6-mers; the last of each may be shorter."""
    contigs = (shard.contigs["first_token"], shard.contigs["length"] // 6)
    for first, count in zip(*contigs, strict=True):
        contig = shard.tokens[first : first + count].astype(np.int64)
        yield from (contig[start : start + words] for start in range(0, count, words))


def reference_bits(model: Callable, shard: dnagpt_files.Shard, shape: ModelShape) -> float:
    """Bits per base of the shard's windows, each read from its species token on."""
    import torch

    nothing = torch.zeros(0, dtype=torch.int64)
    species = RESERVED.index(str(shard.attributes["species_token"]))
    nats, bases = 0.0, 0
    for words in windows(shard, shape.context_length - TEMPLATE_POSITIONS):
        known = (words[:, None] // 5 ** np.arange(6) % 5 > 0).all(axis=1)
        tokens = torch.tensor([[species, *(words + FIRST_WORD[shape.vocabulary])]])
        with torch.no_grad():
            logits, _ = model(tokens, nothing, nothing.double(), nothing)
        loss = torch.nn.functional.cross_entropy(logits[0, :-1], tokens[0, 1:], reduction="none")
        nats += float(loss[torch.from_numpy(known)].sum())
        bases += 6 * int(known.sum())
    return nats / math.log(2) / bases


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC])
def test_bits_per_base_are_the_reference_s(tmp_path: Path, shards: Path, shape: ModelShape) -> None:
    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    output = tmp_path / "evaluation.json"
    where = ["--checkpoint", checkpoint, "--shards", shards, "--output", output]
    run("dnagpt", "evaluate", *where, "--task-rows", 1)
    scores = dnagpt_files.read_evaluation(output)["species"]
    model = reference(shape, tensors)
    species = list(dnagpt_files.iterate_shards(shards, "validation"))
    assert len(species) == len(scores) == 9
    for shard in species:
        expected = reference_bits(model, shard, shape)
        assert scores[shard.species]["bits_per_base"] == pytest.approx(expected, rel=TOLERANCE)


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC])
def test_numbers_are_the_reference_s(tmp_path: Path, genes: Path, shape: ModelShape) -> None:
    """A checkpoint of the program, converted to weights: regression head and number embedding."""
    import torch

    checkpoint, _ = make_checkpoint(tmp_path, shape)
    tensors = finetune(tmp_path, checkpoint, genes, NUMBERS_PROMPT, heads="all", rate=1e-2)
    _, attributes = dnagpt_files.read_weights(tmp_path / "run/checkpoints/step_00000001.h5")
    scales = json.loads(str(attributes["task"]))["sets"][0]["numbers"]
    predictions = prediction_files.read_predictions(tmp_path / "run" / "predictions.tsv")
    labelled = dnagpt_files.read_labelled_set(genes)
    places = {name: place for place, name in enumerate(labelled.id)}
    numbers = labelled.numbers[[places[name] for name in predictions.id]]
    numbers -= [scale["mean"] for scale in scales]
    numbers /= [scale["deviation"] for scale in scales]
    row = [RESERVED.index("R"), RESERVED.index("+"), RESERVED.index("M"), -1, -1]
    row += [RESERVED.index("="), RESERVED.index("M")]
    starts = torch.arange(len(numbers)) * len(row)
    with torch.no_grad():
        _, expected = reference(shape, tensors)(
            torch.tensor([row] * len(numbers)),
            (starts[:, None] + torch.tensor([3, 4])).flatten(),
            torch.from_numpy(numbers).flatten(),
            starts + len(row) - 1,
        )
    assert len(numbers) > 5
    scale = float(expected.abs().max())
    np.testing.assert_allclose(
        predictions.predicted, expected.numpy(), rtol=TOLERANCE, atol=TOLERANCE * scale
    )


def word_text(token: int, shape: ModelShape) -> str:
    """The text of a token of either vocabulary."""
    if token < len(RESERVED):
        return f"<{RESERVED[token]}>"
    number, length = token - len(RESERVED), 6 if shape.vocabulary == "fixed" else 1
    while number >= 5**length:
        number, length = number - 5**length, length + 1
    return "".join("NAGCT"[number // 5**place % 5] for place in range(length - 1, -1, -1))


def write_fasta(path: Path, sequences: list[np.ndarray]) -> None:
    """Records s0, s1, .. of these bases."""
    records = (f">s{place}\n{''.join(bases)}\n" for place, bases in enumerate(sequences))
    path.write_text("".join(records))


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC])
def test_logits_are_the_reference_s(tmp_path: Path, shape: ModelShape) -> None:
    """Of every position of prompts of several lengths, at one and two prompts a batch."""
    import torch

    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    random = np.random.default_rng(3)
    words = [random.choice(list("ACGT"), 6 * count) for count in (1, 2, 5)]
    write_fasta(tmp_path / "three.fa", words)
    logits, table = tmp_path / "logits.h5", tmp_path / "table.tsv"
    asked = ["--checkpoint", checkpoint, "--fasta", tmp_path / "three.fa", "--answer", "words"]
    asked += ["--template", "released_class", "--positions", 8, "--logits-at", "every"]
    run("dnagpt", "predict", *asked, "--logits", logits, "--output", table)
    arrays, attributes = dnagpt_files.read_arrays(logits)
    assert (attributes["format"], attributes["format_version"]) == ("dnagpt logits", 1)
    model, nothing, first = reference(shape, tensors), torch.zeros(0, dtype=torch.int64), 0
    for record, bases in enumerate(words):
        row = [
            RESERVED.index("R"),
            *word_tokens(bases, shape),
            RESERVED.index("="),
            RESERVED.index("R"),
        ]
        with torch.no_grad():
            expected = model(torch.tensor([row]), nothing, nothing.double(), nothing)[0][0].numpy()
        own = slice(first, first + len(row))
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            arrays["/logits"][own], expected, rtol=TOLERANCE, atol=TOLERANCE * scale
        )
        assert arrays["/record"][own].tolist() == [record] * len(row)
        assert arrays["/position"][own].tolist() == list(range(len(row)))
        first += len(row)
    assert len(arrays["/logits"]) == first
    likeliest = int(arrays["/logits"][-1].argmax())
    assert table.read_text().splitlines()[-1].split("\t")[3] == word_text(likeliest, shape)


def inner_states(model, tokens) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of one prompt: the residual stream behind the embeddings and each layer (T, C), and each
    layer's attention (heads, T, T)."""
    import torch

    states, maps = [], []

    def keep_attention(attention, inputs, _) -> None:
        rows, length, channels = inputs[0].shape
        size = channels // attention.heads
        qkv = attention.c_attn(inputs[0]).view(rows, length, 3, attention.heads, size)
        query, key, _ = qkv.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) / math.sqrt(size)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        maps.append(scores.masked_fill(future, -math.inf).softmax(-1)[0].numpy())

    for block in model.transformer.h:
        block.register_forward_pre_hook(
            lambda _, inputs: states.append(inputs[0][0].clone().numpy())
        )
        block.attn.register_forward_hook(keep_attention)
    model.transformer.ln_f.register_forward_hook(
        lambda _, inputs, output: states.extend([inputs[0][0].numpy(), output[0].numpy()])
    )
    nothing = torch.zeros(0, dtype=torch.int64)
    with torch.no_grad():
        model(tokens, nothing, nothing.double(), nothing)
    return states, maps


@needs_torch
@pytest.mark.parametrize("shape", [SMALL, DYNAMIC])
def test_inner_states_are_the_reference_s(tmp_path: Path, shape: ModelShape) -> None:
    """Embeddings of every layer and attention of every head, of prompts of several lengths."""
    import torch

    checkpoint, tensors = make_checkpoint(tmp_path, shape)
    random = np.random.default_rng(4)
    words = [random.choice(list("ACGT"), 6 * count) for count in (3, 1, 5)]
    write_fasta(tmp_path / "three.fa", words)
    states, maps = tmp_path / "states.h5", tmp_path / "maps.h5"
    asked = ["--checkpoint", checkpoint, "--fasta", tmp_path / "three.fa", "--positions", 8]
    asked += ["--template", "<S>{sequence}", "--species-token", "R"]
    run("dnagpt", "embed", *asked, "--layers", "all", "--pool", "every", "--output", states)
    run("dnagpt", "attention", *asked, "--output", maps)
    arrays, _ = dnagpt_files.read_arrays(states)
    names = [*(f"/layer_{layer}" for layer in range(shape.layers + 1)), "/final"]
    first = 0
    for record, bases in enumerate(words):
        row = torch.tensor([[RESERVED.index("R"), *word_tokens(bases, shape)]])
        expected_states, expected_maps = inner_states(reference(shape, tensors), row)
        own = slice(first, first + row.shape[1])
        for name, expected in zip(names, expected_states, strict=True):
            bound = TOLERANCE * np.abs(expected).max()
            np.testing.assert_allclose(arrays[name][own], expected, rtol=TOLERANCE, atol=bound)
        for layer, expected in enumerate(expected_maps):
            found = attention_files.read_map(maps, record, layer + 1)
            np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-6)
            np.testing.assert_allclose(found, expected, atol=TOLERANCE)
        first += row.shape[1]
    assert len(arrays["/final"]) == first
