"""A function's result in a message: a word, a table, a block; and what is too long for one as a file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len, set_cell_size

from agent.showing import is_number, is_rows, is_scalar, is_short, scalar
from agent.talking.marking import fenced, span, visible
from agent.talking.phrases import Language, say

MOST_CHARS = 1_500
"""Of a value that is shown."""
MOST_ROWS = 20
MOST_INLINE = 200
"""Characters of a text that stands in the first line."""
WIDEST_CELL = 40
"""Columns of a terminal that a cell takes."""
WIDEST_TABLE = 120
FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""Signs by which a spreadsheet takes a text for a formula (OWASP, CSV Injection)."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A value as people see it."""

    text: str
    """One line that may follow other words, or a block of its own."""
    is_inline: bool = False
    note: str = ""
    """What is left out, and where it is."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The whole of it, where the text is not."""


def value_of(value: Any, stem: str, language: Language) -> Shown:
    """A JSON value as people read it; `stem` is the file's name without its ending, where one is needed."""
    if value is None:
        return Shown(text=say("nothing", language), is_inline=True)
    if isinstance(value, str):
        return text_of(value, f"{stem}.txt", language)
    if is_rows(value):
        rows = [list(value[0]), *([scalar(row[key]) for key in value[0]] for row in value)]
        return table_of(rows, stem, csv_of(value), language)
    if isinstance(value, dict) and value and all(map(is_scalar, value.values())):
        pairs = [{"key": key, "value": item} for key, item in value.items()]
        return table_of([[key, scalar(item)] for key, item in value.items()], stem, csv_of(pairs), language, headed=0)
    if is_short(value):
        return text_of(json.dumps(value, ensure_ascii=False), f"{stem}.json", language)
    return text_of(json.dumps(value, ensure_ascii=False, indent=2), f"{stem}.json", language)


def text_of(text: str, file: str, language: Language) -> Shown:
    """A text as code within the line where it fits there unchanged, else as a block, or its beginning and a file."""
    if len(text) <= MOST_INLINE and not set("`\n\t") & set(visible(text)) and text == text.strip():
        return Shown(text=span(text or '""'), is_inline=True)
    lines = text[:MOST_CHARS].splitlines()[:MOST_ROWS]
    if len(text) <= MOST_CHARS and len(text.splitlines()) <= MOST_ROWS:
        return Shown(text=fenced(text))
    note = say("first_signs", language, file=span(file))
    return Shown(text=fenced("\n".join([*lines, "…"])), note=note, files={file: text.encode(errors="replace")})


def table_of(rows: Sequence[Sequence[str]], stem: str, whole: bytes, language: Language, *, headed: int = 1) -> Shown:
    """Rows as aligned columns, `headed` of them headings; and `whole` as a file, where something is left out."""
    cells = [[cell_of(cell) for cell in row] for row in rows]
    lines, is_narrowed = aligned(cells, headed)
    taken = fitting(lines, MOST_ROWS + headed, MOST_CHARS)
    file, total = f"{stem}.csv", len(rows) - headed
    is_cut = is_narrowed or any(cell_len(cell) > WIDEST_CELL for row in rows for cell in row)
    if taken < len(lines):
        note = say("first_rows", language, shown=max(taken - headed, 0), total=total, file=span(file))
    else:
        note = say("cut_cells", language, file=span(file)) if is_cut else ""
    return Shown(text=fenced("\n".join(lines[:taken])), note=note, files={file: whole} if note else {})


def cell_of(text: str, widest: int = WIDEST_CELL) -> str:
    """The text as one cell: on one line, no wider than so many columns of a terminal."""
    line = visible(text).replace("\n", "↵").replace("\t", " ")
    return line if cell_len(line) <= widest else f"{set_cell_size(line, widest - 1).rstrip()}…"


def aligned(rows: Sequence[Sequence[str]], headed: int) -> tuple[list[str], bool]:
    """Each row as a line, numbers to the right; and whether columns were left out because the table is too wide."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    right = [all(is_number(cell) or cell == "null" for cell in column[headed:]) for column in columns]
    fit, used = 0, 0
    for width in widths:
        used += width + 2
        if fit and used > WIDEST_TABLE:
            break
        fit += 1
    lines = ["  ".join(" " * (width - cell_len(cell)) + cell if numeric else cell + " " * (width - cell_len(cell))
                       for cell, width, numeric in zip(row[:fit], widths, right, strict=False)).rstrip()
             for row in rows]  # fmt: skip
    left_out = fit < len(widths)
    return ([f"{line}  …" for line in lines] if left_out else lines), left_out


def fitting(lines: Sequence[str], most: int, most_chars: int) -> int:
    """How many of the first lines are no more than so many, and together no longer than so much."""
    count, used = 0, 0
    for line in lines[:most]:
        used += len(line) + 1
        if count and used > most_chars:
            break
        count += 1
    return count


def csv_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows with the same keys as CSV (RFC 4180, UTF-8), in which no text is a formula: such have a `'` before them."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow([harmless(key) for key in rows[0]])
    writer.writerows([[cell_value(item) for item in row.values()] for row in rows])
    return sheet.getvalue().encode(errors="replace")


def cell_value(value: Any) -> str:
    """A plain value in a CSV file; nothing for None."""
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else scalar(value)


def harmless(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would compute it."""
    return f"'{text}" if text.lstrip(" ")[:1] in FORMULA and text.strip() and not is_number(text) else text
