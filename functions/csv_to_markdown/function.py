"""CSV text as a table in Markdown."""

import csv
import io
import re

_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[ ,][0-9]{3})+)(?:[.,][0-9]+)?%?")
_LINE_END = re.compile(r"\r\n|\r|\n")


def csv_to_markdown(text: str, delimiter: str = ",") -> str:
    r"""Turn a CSV text into a Markdown table, with columns of numbers aligned to the right.

    The text is read by RFC 4180, and the table is one of GitHub Flavored Markdown. Each row is written like
    `| a | b |`, and the row below the header says `---`, or `---:` for a column to align to the right: one whose
    cells below the header are all numbers or empty, with a number among them. A number may have a sign,
    thousands grouped by commas or spaces, decimals behind a dot or a comma, and a percent sign. Cells lose the
    spaces around them; pipes and backslashes in them get a backslash before them, and line ends become `<br>`.
    Blank lines are passed over.

    Args:
        text: The CSV text; its first row that is not blank is the header.
        delimiter: The character between two fields, for example a semicolon.

    Returns:
        The lines of the table, without a line end behind the last.

    Raises:
        ValueError: The delimiter is not one character, or is a quote or a line end; there is no header; a row has
            more or fewer fields than the header; or a quote is left open or followed by other text.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character and no quote or line end, not {delimiter!r}")
    header, *rows = _rows(text, delimiter)
    rules = ["---:" if _is_numeric([row[place] for row in rows]) else "---" for place in range(len(header))]
    lines = [_written(header), rules, *map(_written, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """All rows that are not blank, their cells stripped: one at least, and all of one length."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    # Strict, because a quote left open would otherwise swallow the rest of the file without a word.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        for row in filter(None, reader):
            rows.append([cell.strip() for cell in row])
            if len(row) != len(rows[0]):
                raise ValueError(f"line {reader.line_num} has {len(row)} fields, but the header has {len(rows[0])}")
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is not CSV: {error}") from error
    if not rows:
        raise ValueError("text has no header row")
    return rows


def _is_numeric(cells: list[str]) -> bool:
    """True where all cells that hold anything hold numbers, and one does."""
    filled = list(filter(None, cells))
    return bool(filled) and all(map(_NUMBER.fullmatch, filled))


def _written(cells: list[str]) -> list[str]:
    """The cells as they stand in a Markdown table."""
    return [_LINE_END.sub("<br>", re.sub(r"([\\|])", r"\\\1", cell)) for cell in cells]
