"""CSV text as a list of objects."""

import csv
import io


def csv_to_json(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Turn a CSV text with a header row into a list of objects, one a row.

    The text is read by RFC 4180: a field in double quotes may hold delimiters, line ends and doubled quotes.
    Every value stays a text as it was written, spaces and leading zeros included. Blank lines are passed over,
    and so is a byte order mark. Lines may end with CR LF, LF or CR.

    Args:
        text: The CSV text; its first row that is not blank names the columns.
        delimiter: The character between two fields, for example a semicolon.

    Returns:
        An object for each row, its keys in the order of the columns.

    Raises:
        ValueError: The delimiter is not one character, or is a quote or a line end; there is no header; the header
            leaves a column without a name or names two alike; a row has more or fewer fields than the header; or
            a quote is left open or followed by other text.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character and no quote or line end, not {delimiter!r}")
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    # Strict, because a quote left open would otherwise swallow the rest of the file without a word.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    found = []
    try:
        for row in filter(None, reader):
            if not header:
                header = _checked(row)
            elif len(row) != len(header):
                raise ValueError(f"line {reader.line_num} has {len(row)} fields, but the header has {len(header)}")
            else:
                found.append(dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is not CSV: {error}") from error
    if not header:
        raise ValueError("text has no header row")
    return found


def _checked(header: list[str]) -> list[str]:
    """The header, where every column has a name of its own."""
    for number, name in enumerate(header, 1):
        if not name.strip():
            raise ValueError(f"column {number} of the header has no name")
        if header.index(name) < number - 1:
            raise ValueError(f"the header names column {name!r} more than once")
    return header
