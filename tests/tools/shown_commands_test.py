"""Every command that a page shows is read by its program, up to the input that it lacks here."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from built_programs import NEEDS_PROGRAMS
from conftest import PROGRAMS, ROOT
from shown_commands import (
    OURS,
    Command,
    EmptyFolders,
    by_a_script,
    faults,
    read_page,
    spans_of_code,
)

PAGES = ["README.md", "INSTALL.md", "CONTRIBUTING.md", "jobs/slurm/README.md"]
PAGES += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))]
FEWEST = {
    "README.md": 6,
    "docs/downstream.md": 40,
    "docs/inference.md": 25,
    "jobs/slurm/README.md": 14,
}
"""Commands of ours in a page's blocks, at least."""

THREADS = 8
"""Commands at once: MPI's start waits more than it works."""

pytestmark = NEEDS_PROGRAMS


def faults_of_page(text: str, folder: Path) -> tuple[int, list[str]]:
    """How many commands of ours a page shows, and what is wrong with them."""
    page = read_page(text, folder)
    folders = EmptyFolders(folder, page.files)
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda command: faults(command, folders), page.commands))
    ours = [answer for answer in answers if answer is not None]
    return len(ours), [*page.errors.splitlines(), *(fault for answer in ours for fault in answer)]


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_reach_their_input(page: str, tmp_path: Path) -> None:
    count, wrong = faults_of_page((ROOT / page).read_text(), tmp_path)
    assert not wrong, "\n".join(wrong)
    assert count >= FEWEST.get(page, 0)


@cache
def known_options(program: str, subcommand: str) -> frozenset[str]:
    command = [PROGRAMS / program, subcommand, "--help"]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return frozenset(re.findall(r"(?<![\w-])--[\w-]+", text))


def faults_of_span(span: str) -> list[str] | None:
    """What is wrong with a command inside a sentence; None where it is none with options."""
    words = re.findall(r"[^\s|]+", span)
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    if not options or len(words) < 2:
        return None
    if words[0] in OURS:
        unknown = set(options) - known_options(words[0], words[1])
        return [f"`{span}`: {option}" for option in sorted(unknown)]
    if re.fullmatch(r"(tools|data_prep|jobs/slurm)/\w+\.sh", words[0]):
        return list(filter(None, [by_a_script(Command(["bash", *words]))]))
    return None


def test_options_inside_sentences_are_known() -> None:
    answers = [
        faults_of_span(span) for page in PAGES for span in spans_of_code((ROOT / page).read_text())
    ]
    checked = [answer for answer in answers if answer is not None]
    wrong = [fault for answer in checked for fault in answer]
    assert not wrong, "\n".join(wrong)
    assert len(checked) >= 12


def missing_files(text: str, folder: Path) -> list[str]:
    """Files of the project that a page of this folder names or links, and that are not there."""
    folders = "configs|data_prep|docs|include|jobs/slurm|tests|tools"
    named = re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]+\.\w+\b", text)
    linked = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    wrong = {name for name in named if not (ROOT / name).exists() and name not in linked}
    return sorted(wrong | {name for name in linked if not (folder / name).exists()})


def test_files_that_pages_name_are_there() -> None:
    pages = {page: ROOT / page for page in PAGES}
    wrong = {page: missing_files(path.read_text(), path.parent) for page, path in pages.items()}
    assert not {page: names for page, names in wrong.items() if names}


TABLE = "python tools/signals_table.py --set a=a.h5 --pretrained a=runs/a --work w"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("dnagpt predict --checkpoint runs/a --fats a.fa", "--fats"),
        ("mpirun -n 2 \\\n  dnagpt evaluate --checkpoint a --set a.h5 --windows 4", "requires"),
        ("dnagpt inspect --tensor a.h5", "--tensor"),
        ("dnagpt foretell --checkpoint runs/a", "foretell|required"),
        ("OMP_NUM_THREADS=1 dnagpt-prep signals --table a.tsv --outputs a.h5", "--outputs"),
        ("dnagpt pretrain configs/pretrain_tiny.toml schedule.step=4", "nearest known"),
        ("dnagpt pretrain configs/pretrain_tiny.toml model.heads=3", "heads"),
        ("dnagpt pretrain configs/pretrain_none.toml", "does not exist"),
        ("python tools/report.py runs/a --outptu a.html", "--outptu"),
        ("python tools/reports.py runs/a", "there is no tools/reports.py"),
        ("python tools/evaluate_checkpoints.py a --command 'dnagpt evaluate --sets b'", "--sets"),
        (f"{TABLE} --seed 1", "--seed "),
        (f"{TABLE} --setting schedule.epoch=1", "nearest known"),
        ("sbatch --array=1-8 jobs/slurm/predict.sbatch --fats all.fa.gz", "--fats"),
        ("sbatch jobs/slurm/predicts.sbatch", "predicts.sbatch"),
        ("DNAGPT_SETS=a.h5 sbatch jobs/slurm/finetune.sbatch", "DNAGPT_SETS"),
        ("bash jobs/slurm/submit_all.sh optimizer.rate=1", "optimizer.rate"),
        ("DNAGPT_SCORE_ARGS='--vcfs a.vcf' bash jobs/slurm/submit_all.sh", "--vcfs"),
        ("bash tools/run_tests.sh --longer", "--longer"),
        ("dnagpt-prepare shard", "dnagpt-prepare"),
        ("(dnagpt inspect", "syntax error"),
    ],
)
def test_a_wrong_command_is_found(command: str, message: str, tmp_path: Path) -> None:
    count, wrong = faults_of_page(f"Text.\n\n```\n{command}\n```\n", tmp_path)
    assert re.search(message, "\n".join(wrong)), wrong
    assert count == (message != "syntax error")


def test_a_wrong_config_of_a_page_is_found(tmp_path: Path) -> None:
    text = "`own.toml`:\n\n```toml\n[finetune]\nrow_per_step = 8\n```\n"
    text += "```\ndnagpt finetune own.toml finetune.data=a.h5\n```\n"
    count, wrong = faults_of_page(text, tmp_path)
    assert count == 1
    assert "row_per_step" in "\n".join(wrong)


def test_wrong_words_inside_sentences_are_found() -> None:
    assert spans_of_code("Take `a --b`.\n\n```\n`c`\n```\n") == ["a --b"]
    assert faults_of_span("dnagpt evaluate --sets") == ["`dnagpt evaluate --sets`: --sets"]
    assert faults_of_span("dnagpt-prep inspect --vocabulary fixed|dynamic") == []
    assert faults_of_span("tools/run_tests.sh --longer") == ["run_tests.sh does not know --longer"]
    assert faults_of_span("dnagpt evaluate") is None
    text = "`configs/none.toml`, `tools/report.py`, [x](results/none.md#a), [y](numerics.md)"
    assert missing_files(text, ROOT / "docs") == ["configs/none.toml", "results/none.md"]
