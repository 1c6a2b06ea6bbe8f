"""Totals of one column of a CSV text for each value of another column."""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal, localcontext

_DELIMITERS = ",;\t"
_LONGEST_NUMBER = 40
# Digits, in groups of three or not, then decimals.
_DECIMAL_POINT = re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:[, ]\d{3})+)(?:\.\d*)?|\.\d+)", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:[. ]\d{3})+)(?:,\d*)?|,\d+)", re.ASCII)


def csv_group_sum(text: str, group_by: str, value: str) -> dict[str, float]:
    """Total a numeric column of a CSV text per group, for example the amounts per region.

    The first row that is not blank names the columns. The delimiter is found among comma, semicolon and tab.
    In a semicolon file whose value column holds a comma, the comma is the decimal sign and dots group
    thousands; everywhere else the dot is the decimal sign and commas group thousands. Spaces may group them
    too. Sums are exact before they become floats.

    Args:
        text: The CSV text, with a header row.
        group_by: The name of the column whose values are the groups.
        value: The name of the column to total; an empty cell adds nothing.

    Returns:
        The total of each group, in order of first appearance.

    Raises:
        ValueError: A column is missing or named twice, a row does not fit the header, a quote is left open,
            or a cell to total is not a number.
    """
    delimiter = _delimiter(text, {group_by, value})
    rows = _rows(text, delimiter)
    _, header = next(rows, (0, []))
    group_at, value_at = _position(header, group_by), _position(header, value)
    cells: list[tuple[int, str, str]] = []
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"line {line} has {len(row)} fields, but the header has {len(header)}")
        cells.append((line, row[group_at], row[value_at]))
    return _totals(cells, decimal_comma=delimiter == ";" and any("," in cell for _, _, cell in cells))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, its cells stripped, with the number of its last line."""
    # Strict, because a quote left open would otherwise swallow the rest of the file without a word.
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            stripped = [cell.strip() for cell in row]
            if any(stripped):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is not CSV: {error}") from error


def _delimiter(text: str, wanted: set[str]) -> str:
    """The delimiter that gives the wanted columns, or else the most columns."""

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            _, header = next(_rows(text, delimiter), (0, []))
        except ValueError:
            return False, 0
        return wanted <= set(header), len(header)

    return max(_DELIMITERS, key=fit)


def _position(header: list[str], column: str) -> int:
    if column not in header:
        raise ValueError(f"no column {column!r}; the columns are: {', '.join(map(repr, header)) or 'none'}")
    if header.count(column) > 1:
        raise ValueError(f"the header names column {column!r} more than once")
    return header.index(column)


def _totals(cells: list[tuple[int, str, str]], *, decimal_comma: bool) -> dict[str, float]:
    totals: dict[str, Decimal] = {}
    # Cells are short, so a hundred digits hold every sum without rounding; the default 28 would not.
    with localcontext(prec=100):
        for line, group, cell in cells:
            totals[group] = totals.get(group, Decimal(0)) + _number(cell, line, decimal_comma=decimal_comma)
    return {group: float(total) for group, total in totals.items()}


def _number(cell: str, line: int, *, decimal_comma: bool) -> Decimal:
    if not cell:
        return Decimal(0)
    form = _DECIMAL_COMMA if decimal_comma else _DECIMAL_POINT
    plain = re.sub(r"\s", " ", cell)  # the spaces that group thousands are often no-break ones
    if len(plain) > _LONGEST_NUMBER or not form.fullmatch(plain):
        raise ValueError(f"line {line}: {cell!r} is not a number")
    decimal_sign, grouping = (",", ". ") if decimal_comma else (".", ", ")
    digits = plain.translate(dict.fromkeys(map(ord, grouping)))
    return Decimal(digits.replace(decimal_sign, "."))
