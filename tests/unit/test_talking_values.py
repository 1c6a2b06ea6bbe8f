"""How a function's result looks in a message."""

import csv
import io
import json

import pytest
from hypothesis import given, strategies

from agent.talking.values import MOST_CHARS, csv_of, value_of

ROWS = [{"region": "North", "total": 1240.5}, {"region": "Łódź", "total": 982}]


SCALARS = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text()
)
JSON_VALUES = strategies.recursive(
    SCALARS | strategies.lists(strategies.fixed_dictionaries({"a": SCALARS, "b": SCALARS}), min_size=1),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=30,
)


def lines(value, language="en"):
    """What stands in the block."""
    text = value_of(value, "f", language).text
    return text.removeprefix("```\n").removesuffix("\n```").splitlines()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "no value"),
        (True, "`true`"),
        (42, "`42`"),
        (-1.5, "`-1.5`"),
        ("two words", "`two words`"),
        ("", '`""`'),
        ([], "`[]`"),
        ({}, "`{}`"),
        (["a", 1], '`["a", 1]`'),
        ({"a": [1]}, '`{"a": [1]}`'),
        ("@all", "`@\u200dall`"),
    ],
)
def test_what_is_short_stands_in_the_line(value, text):
    """Scalars, short lists, nothing at all."""
    shown = value_of(value, "f", "en")
    assert (shown.text, shown.is_inline, shown.note, shown.files) == (text, True, "", {})


@pytest.mark.parametrize("text", ["a\nb", "with ` tick", " indented", "x" * 201, "tab\tseparated"])
def test_a_text_that_a_line_would_change_has_a_block(text):
    """Line breaks, ticks and spaces at the edges are kept."""
    shown = value_of(text, "f", "en")
    assert not shown.is_inline
    assert shown.files == {}
    assert shown.text == f"```\n{text}\n```"


def test_rows_are_a_table():
    """Headings, numbers to the right, wide letters counted."""
    assert lines(ROWS) == ["region   total", "North   1240.5", "Łódź       982"]
    assert lines([{"k": "日本", "n": 1}, {"k": "abcd", "n": 22}]) == ["k      n", "日本   1", "abcd  22"]
    assert lines({"North": 1240.5, "South": 982}) == ["North  1240.5", "South     982"]
    assert lines({"a": None, "b": "x"}) == ["a  null", "b  x"]


def test_line_ends_in_a_cell_do_not_break_a_table():
    """A row is one line, whatever is in it."""
    assert lines([{"a": "one\ntwo\r\nthree", "b": "```"}])[1].startswith("one↵two↵three  `")
    assert len(lines([{"a": "one\ntwo", "b": "```"}])) == 2


@pytest.mark.parametrize(("language", "words"), [("en", "rows shown: 20 of 30"), ("pl", "wiersze: 20 z 30")])
def test_a_long_table_is_cut_and_sent_whole(language, words):
    """The first rows, how many there are, and a file with all of them."""
    rows = [{"n": number, "name": f"row {number}"} for number in range(30)]
    shown = value_of(rows, "f", language)
    assert len(shown.text.splitlines()) == 23
    assert shown.note.startswith(words)
    assert "`f.csv`" in shown.note
    assert shown.files["f.csv"].decode().splitlines()[-1] == "29,row 29"


def test_a_wide_table_is_cut_and_sent_whole():
    """Long cells and many columns are cut where it is seen, and the file has them."""
    long_cell = value_of([{"a": "x" * 100, "b": 1}], "f", "en")
    assert "x…" in long_cell.text
    assert "whole: `f.csv`" in long_cell.note
    assert "x" * 100 in long_cell.files["f.csv"].decode()
    many = value_of([{f"column {number}": number for number in range(40)}], "f", "en")
    assert all(line.endswith("…") for line in many.text.splitlines()[1:-1])
    assert "column 39" in many.files["f.csv"].decode()


def test_long_texts_and_other_values_are_sent_whole():
    """A text as text, what is nested as JSON; the beginning is shown."""
    text = "\n".join(f"line {number}" for number in range(100))
    shown = value_of(text, "f", "en")
    assert shown.files == {"f.txt": text.encode()}
    assert shown.text.startswith("```\nline 0\n")
    assert shown.text.endswith("line 19\n…\n```")
    nested = {"rows": [{"a": [number]} for number in range(200)]}
    shown = value_of(nested, "f", "pl")
    assert json.loads(shown.files["f.json"]) == nested
    assert shown.note == "tylko początek; całość: `f.json`"


@given(JSON_VALUES)
def test_any_value_is_shown_within_the_limits(value):
    """Nothing is too long for a message, and what is left out is in a file."""
    shown = value_of(value, "f", "en")
    assert len(shown.text.replace("\u200d", "")) <= MOST_CHARS + 100
    assert bool(shown.note) is bool(shown.files)
    assert shown.is_inline is ("\n" not in shown.text)


def test_a_file_of_rows_is_csv_in_which_nothing_is_computed():
    """RFC 4180: line ends, quotes; texts that a spreadsheet would compute have an apostrophe, numbers have none."""
    data = csv_of([
        {"a": "x,y", "=b": 'say "hi"'}, {"a": "=1+1", "=b": "-5"}, {"a": -5, "=b": "@SUM(A1)"},
        {"a": None, "=b": " =2"}, {"a": "+48 22", "=b": "\t=3"}, {"a": True, "=b": "one\ntwo"}, {"a": "-", "=b": "＝4"},
    ])  # fmt: skip
    assert data.startswith(b'a,\'=b\r\n"x,y","say ""hi"""\r\n')
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert rows[2:] == [
        ["'=1+1", "-5"],
        ["-5", "'@SUM(A1)"],
        ["", "' =2"],
        ["'+48 22", "'\t=3"],
        ["true", "one\ntwo"],
        ["'-", "'＝4"],
    ]
