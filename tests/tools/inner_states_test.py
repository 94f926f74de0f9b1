"""plot_attention.py, attention_files.py and embeddings_npz.py, on files of the real programs."""

from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, run

import attention_files
import dnagpt_files
import embeddings_npz
import plot_attention

FINETUNING = """
[model]
layers = 3
heads = 2
channels = 8
context_length = 16
[finetune]
rows_per_step = 8
[batch]
micro_batch = 8
[optimizer]
learning_rate = 1e-3
[schedule]
steps = 1
"""
WORDS = 10
ROWS = 60

pytestmark = NEEDS_PROGRAMS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the means of a set, the maps and the embeddings of three sequences."""
    folder, random = tmp_path_factory.mktemp("states"), np.random.default_rng(1)
    rows = [f"{''.join(random.choice(list('ACGT'), 6 * WORDS))}\t{i % 2}" for i in range(ROWS)]
    (folder / "table.tsv").write_text("\n".join(["sequence\tlabel", *rows]) + "\n")
    run("dnagpt-prep", "signals", "--table", folder / "table.tsv", "--output", folder / "set.h5")
    (folder / "finetune.toml").write_text(FINETUNING)
    settings = [f"run.folder={folder / 'run'}", f"finetune.data={folder / 'set.h5'}"]
    run("dnagpt", "finetune", folder / "finetune.toml", *settings)
    lengths = (18, 60, 75)
    fasta = [f">s{n}\n{''.join(random.choice(list('ACGT'), n))}\n" for n in lengths]
    (folder / "three.fa").write_text("".join(fasta))
    model = ["--checkpoint", folder / "run"]
    given = [*model, "--fasta", folder / "three.fa"]
    average = [*model, "--set", folder / "set.h5", "--split", "train"]
    run("dnagpt", "attention", *average, "--output", folder / "mean.h5")
    drawn = ["--random-weights", 1, "--output", folder / "drawn.h5"]
    run("dnagpt", "attention", *average, *drawn)
    run("dnagpt", "attention", *given, "--layers", "1,3", "--output", folder / "maps.h5")
    run("dnagpt", "embed", *given, "--layers", "0,final", "--output", folder / "states.h5")
    return folder


def test_the_mean_of_a_set_has_a_share_for_every_word(made: Path) -> None:
    attention = attention_files.read_mean_attention(made / "mean.h5")
    labelled = dnagpt_files.read_labelled_set(made / "set.h5")
    assert (attention.classes, attention.layers) == (["0", "1"], [1, 2, 3])
    assert attention.mean.shape == (2, 3, 2, 1 + WORDS + 2)
    assert (attention.first_word, attention.words) == (1, WORDS)
    train = labelled.split == "train"
    assert attention.count.tolist() == np.bincount(labelled.label[train]).tolist()
    np.testing.assert_allclose(attention.mean.sum(axis=-1), 1, atol=1e-6)
    everything = attention.mass_within(30, 1000)
    np.testing.assert_allclose(everything, attention.of_words().sum(axis=-1))
    near = attention.mass_within(33, 6)
    np.testing.assert_allclose(near, attention.mean[..., 1 + 4 : 1 + 7].sum(axis=-1))


def test_means_are_drawn_and_counted(made: Path, capsys: pytest.CaptureFixture) -> None:
    picture = made / "mean.png"
    files = ["--mean", f"tuned={made / 'mean.h5'}", "--mean", str(made / "drawn.h5")]
    assert plot_attention.main([*files, "--signal-start", "30", "--output", str(picture)]) == 0
    printed = capsys.readouterr().out
    assert "| layer | tuned, 0 | tuned, 1 | drawn, 0 | drawn, 1 |" in printed
    assert "most within 60 bp in tuned: layer" in printed
    assert picture.stat().st_size > 10_000
    near = ["--signal-start", "30", "--within", "9", "--output", str(picture)]
    assert plot_attention.main([*files, *near]) == 0
    printed = capsys.readouterr().out
    assert "most within 9 bp in tuned: layer" in printed
    shares = attention_files.read_mean_attention(made / "mean.h5").mass_within(30, 9).mean(axis=2)
    assert f"| 1 | {shares[0, 0]:.4f} | {shares[1, 0]:.4f} |" in printed


def test_every_head_has_its_panel_and_its_line(made: Path, capsys: pytest.CaptureFixture) -> None:
    picture = made / "heads.png"
    files = ["--mean", f"tuned={made / 'mean.h5'}", "--mean", str(made / "drawn.h5")]
    near = ["--signal-start", "30", "--within", "9", "--output", str(picture)]
    assert plot_attention.main([*files, *near, "--heads"]) == 0
    printed = capsys.readouterr().out
    assert "| layer | head | tuned, 0 | tuned, 1 | drawn, 0 | drawn, 1 |" in printed
    tuned = attention_files.read_mean_attention(made / "mean.h5")
    shares = tuned.mass_within(30, 9)
    for layer in range(3):
        for head in range(2):
            of = shares[:, layer, head]
            assert f"| {layer + 1} | {head} | {of[0]:.4f} | {of[1]:.4f} |" in printed
    layer, head = np.unravel_index(shares.mean(axis=0).argmax(), (3, 2))
    assert f"most within 9 bp in tuned: layer {layer + 1}, head {head}" in printed
    assert picture.stat().st_size > 10_000
    figure = plot_attention.draw_heads({"tuned": tuned}, 30)
    assert [panel.get_title() for panel in figure.axes[:3]] == [
        "layer 1, head 0",
        "layer 1, head 1",
        "layer 2, head 0",
    ]
    of_class_1 = figure.axes[3].lines[1]
    np.testing.assert_array_equal(of_class_1.get_xdata(), tuned.word_centres() - 30)
    np.testing.assert_allclose(of_class_1.get_ydata(), tuned.of_words()[1, 1, 1])


def test_maps_of_a_record_are_drawn(made: Path, capsys: pytest.CaptureFixture) -> None:
    maps = attention_files.read_map(made / "maps.h5", 0, 3)
    assert maps.shape == (2, 6, 6)
    assert attention_files.read_map(made / "maps.h5", 2, 1).shape == (2, 16, 16)
    assert np.all(maps[:, 0, 1:] == 0)
    picture = made / "map.png"
    asked = ["--maps", str(made / "maps.h5"), "--record", "1", "--output", str(picture)]
    assert plot_attention.main([*asked, "--layer", "3"]) == 0
    assert picture.stat().st_size > 5_000
    assert plot_attention.main([*asked, "--layer", "2"]) == 1
    assert "layers [1, 3]" in capsys.readouterr().err


def test_embeddings_become_an_archive(made: Path, capsys: pytest.CaptureFixture) -> None:
    output = made / "states.npz"
    assert embeddings_npz.main([str(made / "states.h5"), "--output", str(output)]) == 0
    archive = np.load(output)
    arrays, _ = dnagpt_files.read_arrays(made / "states.h5")
    assert archive["id"].tolist() == ["s18", "s60", "s75"]
    assert archive["end"].tolist() == [18, 60, 75]
    assert archive["position"].tolist() == [-1, -1, -1]
    for name in ("layer_0", "final"):
        np.testing.assert_array_equal(archive[name], arrays[f"/{name}"])
    assert embeddings_npz.main([str(made / "maps.h5"), "--output", str(output)]) == 1
    assert "'dnagpt attention' version 1, not" in capsys.readouterr().err
