"""Tables as text: columns in line for the terminal, or Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

Cells = Sequence[Sequence[str]]
"""Rows of a table, the head row first, all of one length."""


def aligned_table(cells: Cells) -> list[str]:
    """Lines with the first column to the left, the others to the right, a rule under the head."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def markdown_table(cells: Cells) -> list[str]:
    """Lines of a Markdown table; numbers should be texts already."""
    head, *rows = [f"| {' | '.join(row)} |" for row in cells]
    return [head, "|---" * len(cells[0]) + "|", *rows]


def format_value(value: float | None, digits: int = 4) -> str:
    """A count as it is, a number with this many digits behind the point, "-" for a missing one."""
    if isinstance(value, int):
        return str(value)
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
