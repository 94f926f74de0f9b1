"""What the scripts of the result tables are given."""

import argparse
from pathlib import Path
from types import ModuleType

import pytest

import expression_table
import genomes_table
import gpu_study
import pretraining_table
import signals_table
import synthetic_expression
import tasks_table
import variants_table

TOOLS = [
    expression_table,
    genomes_table,
    gpu_study,
    pretraining_table,
    signals_table,
    synthetic_expression,
    tasks_table,
    variants_table,
]


def parser_of(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The parser of a tool's command line."""
    parsers = []

    def keep(parser: argparse.ArgumentParser, *_: object) -> None:
        parsers.append(parser)
        raise SystemExit

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", keep)
    with pytest.raises(SystemExit):
        tool.main([])
    return parsers[0]


def text_of(default: object) -> str:
    """A default as a person would write it."""
    if isinstance(default, Path):
        return f"configs/{default.name}"
    return " ".join(default) if isinstance(default, tuple) else str(default)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_every_option_is_explained_with_its_default(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for option in parser_of(tool, monkeypatch)._actions:
        name = option.option_strings[0]
        assert option.help, name
        assert "Lines:" not in option.help
        shown = option.help % {"default": option.default}
        is_flag = option.nargs == 0
        if not is_flag and option.default not in (None, "", [], argparse.SUPPRESS):
            assert text_of(option.default) in shown, name
