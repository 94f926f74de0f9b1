"""A bundle runs from another place without this machine's libraries, and keeps to its limit."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from built_programs import NEEDS_PROGRAMS, TINY_MODEL, TINY_PRETRAINING
from conftest import PROGRAMS, ROOT

SCRIPT = ROOT / "tools" / "gpu_bundle.sh"
OF_THE_SYSTEM = r"lib(c|m|dl|pthread|rt|resolv)\.so"
pytestmark = NEEDS_PROGRAMS


def pack(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["bash", SCRIPT, "--programs", PROGRAMS, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, shards: Path) -> Path:
    """A bundle of the CPU programs that was moved after it was made."""
    made = tmp_path_factory.mktemp("made") / "bundle"
    tests = ["--also", "model_golden_model_test", "--also", "model_flops_test"]
    done = pack("--output", made, "--limit", 400, "--data", f"shards={shards}", *tests)
    assert done.returncode == 0, done.stderr
    moved = tmp_path_factory.mktemp("another place") / "here"
    made.rename(moved)
    return moved


def open_mpi_folders() -> list[str]:
    """Where Open MPI keeps its parts on this machine."""
    asked = ["ompi_info", "--parsable"]
    asked += [
        word for name in ("pkglibdir", "pkgdatadir", "sysconfdir") for word in ("--path", name)
    ]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return [path for path in re.findall(r"^path:\w+:(.+)$", said, re.M) if Path(path).is_dir()]


def hidden(command: Sequence[str], empty: Path) -> list[str]:
    """A command that does not see Open MPI's folders, where this account may hide them."""
    alone = ["unshare", "--mount"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        return list(command)
    mounts = " && ".join(f"mount --bind '{empty}' '{path}'" for path in open_mpi_folders())
    return [*alone, "bash", "-c", f'{mounts} && exec "$@"', "bash", *command]


def start(bundle: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """run.sh in an empty environment."""
    empty = bundle.parent / "empty"
    empty.mkdir(exist_ok=True)
    given = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHON": sys.executable} | variables
    command = [str(bundle / "run.sh"), *map(str, arguments)]
    return subprocess.run(
        hidden(command, empty), capture_output=True, text=True, check=False, env=given
    )


def test_a_moved_bundle_pretrains(bundle: Path, tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(TINY_MODEL + TINY_PRETRAINING)
    settings = [f"run.folder={tmp_path / 'run'}", f"data.shards={bundle / 'data' / 'shards'}"]
    done = start(bundle, "dnagpt", "pretrain", config, *settings, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "the run is complete: 4 steps" in done.stderr
    assert (tmp_path / "run" / "checkpoints" / "step_00000004.h5").exists()


def test_libraries_are_those_of_the_bundle(bundle: Path) -> None:
    for program in (bundle / "programs").iterdir():
        said = subprocess.run(
            ["ldd", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"LD_LIBRARY_PATH": str(bundle / "lib")},
        ).stdout
        found = dict(re.findall(r"^\t(\S+) => (.+) \(0x", said, re.MULTILINE))
        assert found
        for name, path in found.items():
            is_own = Path(path).is_relative_to(bundle / "lib")
            assert is_own != bool(re.match(OF_THE_SYSTEM, name)), (program.name, name, path)


def test_the_study_starts_in_a_bundle(bundle: Path, tmp_path: Path) -> None:
    done = start(bundle, "study", "--quick", "--work", tmp_path, "--until", "data")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "shards").exists()  # the bundle's own are taken
    assert (tmp_path / "sets" / "fly_pas.h5").exists()
    done = start(bundle, "bench", "--precisions", "bf16", "float")
    assert done.returncode == 2
    assert "--device cuda takes one" in done.stderr


def test_the_tests_of_a_bundle_run(bundle: Path, tmp_path: Path) -> None:
    done = start(bundle, "tests", OMP_NUM_THREADS="1")
    verdicts = dict(re.findall(r"^(\w+) +(passed|skipped|FAILED) ", done.stdout, re.MULTILINE))
    assert verdicts.pop("gpu_path") in ("passed", "skipped", "FAILED")  # these are CPU programs
    assert verdicts == {"model_golden_model_test": "passed", "model_flops_test": "passed"}
    own = tmp_path / "bundle"
    shutil.copytree(bundle, own, symlinks=True)
    (own / "tests" / "small_model.h5").unlink()
    done = start(own, "tests", OMP_NUM_THREADS="1")
    assert done.returncode == 1
    assert re.search(
        r"^model_golden_model_test +FAILED .*\n(.*\n)*?.*small_model.h5", done.stdout, re.M
    )


def test_libraries_that_stay_outside_are_looked_for(bundle: Path, tmp_path: Path) -> None:
    own = tmp_path / "bundle"
    shutil.copytree(bundle, own, ignore=shutil.ignore_patterns("lib", "programs", "data"))
    (own / "elsewhere.txt").write_text("libmade_up.so.1\n")
    done = start(own, "env")
    assert done.returncode == 1
    assert "libmade_up.so.1 is not found" in done.stderr
    (tmp_path / "with a space").mkdir()
    (tmp_path / "with a space" / "libmade_up.so.1").touch()
    named = f"{tmp_path}:{tmp_path / 'with a space'}"
    done = start(own, "env", DNAGPT_CUDA_LIBRARIES=named)
    assert f"DNAGPT_CUDA_LIBRARIES={tmp_path / 'with a space'}\n" in done.stdout, done.stderr


def test_an_archive_and_a_limit(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.tar.gz"
    done = pack("--output", archive, "--limit", 400)
    assert done.returncode == 0, done.stderr
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert {f"gpu_bundle/{name}" for name in ("run.sh", "bin/dnagpt", "lib")} <= set(names)
    done = pack("--output", tmp_path / "small", "--limit", 1)
    assert done.returncode == 1
    assert "larger than --limit 1 MiB" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.tar.gz"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--limit", "much"], 2, "--limit wants a number"),
        (["--outputs", "a"], 2, "unknown option '--outputs'"),
        (["--data"], 2, "--data wants a value"),
        (["--programs", "/nowhere"], 1, "there is no program /nowhere/dnagpt"),
        (["--output", "/usr"], 1, "/usr is no bundle"),
        (["--data", "shards=/nowhere", "--output", "OWN"], 1, "names no folder"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], status: int, message: str, tmp_path: Path) -> None:
    given = [str(tmp_path / "own") if word == "OWN" else word for word in arguments]
    done = pack(*given)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert list(tmp_path.iterdir()) == []
