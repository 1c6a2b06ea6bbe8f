"""Objects as CSV text."""

import csv
import io
import json


def json_to_csv(rows: list[dict[str, bool | int | float | str | None]], delimiter: str = ",") -> str:
    """Turn a list of objects into a CSV text with a header row.

    The text is that of RFC 4180: every line ends with CR LF, and a field is quoted only where it holds the
    delimiter, a quote or a line end, or where an empty one is all that its line has. The columns are the keys of
    all objects in the order in which they first appear. A key that an object lacks, and null, give an empty
    field; true, false and numbers are written as in JSON, texts as they are.

    Args:
        rows: The objects, one for each row; their values are texts, numbers, booleans or null.
        delimiter: The character between two fields, for example a semicolon.

    Returns:
        The CSV text; empty where no object has a key.

    Raises:
        ValueError: The delimiter is not one character, or is a quote or a line end; or a value is a list, an object
            or a number that JSON does not have.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character and no quote or line end, not {delimiter!r}")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if not columns:
        return ""
    lines = [columns]
    for number, row in enumerate(rows, 1):
        lines.append([_field(row.get(column), f"{column!r} of row {number}") for column in columns])
    return "".join(_line(fields, delimiter) for fields in lines)


def _field(value: object, place: str) -> str:
    """The value as it stands in a field, before quotes."""
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, bool | int | float):
        raise ValueError(f"{place} is neither text nor number, boolean or null")
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"{place} is not a number that JSON has: {value}") from error


def _line(fields: list[str], delimiter: str) -> str:
    """One line of CSV with its end."""
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="\r\n").writerow(fields)
    return target.getvalue()
