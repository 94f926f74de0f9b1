"""NAME=VALUE on a command line."""

from __future__ import annotations

import argparse


def split_name(text: str) -> tuple[str, str]:
    """NAME=REST as a pair."""
    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=..")
    return name, rest
