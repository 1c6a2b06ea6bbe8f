"""How the command line reads arguments, and how results look to a person."""

import pytest

from agent.cli.opening import read_arguments, read_cli_examples, read_json, read_value
from agent.cli.render import error_text, is_number, milliseconds, print_value
from agent.errors import BadTask, NotPromoted, RunFailed


def test_arguments_of_options_win_over_the_file(tmp_path):
    """`--args-file` gives the ground, `-a` the exceptions; the last of two counts."""
    file = tmp_path / "args.json"
    file.write_text('\ufeff{"a": 1, "b": [2]}')
    assert read_arguments(["a=x", "c=1=2", "c="], file) == {"a": "x", "b": [2], "c": ""}
    assert read_arguments(None, None) == {}


def test_a_value_may_be_a_file_or_begin_with_an_at_sign(tmp_path):
    """`@FILE` is the file's text without its byte-order mark, `@@` a plain `@`."""
    file = tmp_path / "notes.txt"
    file.write_bytes(b"\xef\xbb\xbfza\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87\r\n")
    assert read_value("text", f"@{file}") == "zażółć\r\n"
    assert read_value("text", "@@home") == "@home"
    assert read_value("text", "a@b") == "a@b"


@pytest.mark.parametrize("pair", ["text", "=x", "a b=c", "1a=x", "-=x", ""])
def test_what_is_no_pair_is_named(pair):
    """The error shows what was given and what it should look like."""
    with pytest.raises(BadTask, match="is not NAME=VALUE"):
        read_arguments([pair], None)


@pytest.mark.parametrize(("content", "why"), [("[1]", "no JSON object"), ("{", "not JSON"), ("", "not JSON")])
def test_an_arguments_file_holds_one_object(tmp_path, content, why):
    """Anything else is named with the file."""
    file = tmp_path / "args.json"
    file.write_text(content)
    with pytest.raises(BadTask, match=why) as caught:
        read_arguments(None, file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["[1, 2", "{'in': 1}", "[" * 100_000, '{"in": {"a": NaN}, "out": 1}', "9" * 5000],
    ids=["cut", "quotes", "deep", "nan", "digits"],
)
def test_json_that_cannot_be_read_is_bad_input(text):
    """Broken, endless or impossible JSON is an error with advice, not a crash."""
    with pytest.raises(BadTask) as caught:
        read_cli_examples([text])
    assert caught.value.advice


def test_json_is_read():
    """Good JSON comes back as it is."""
    assert read_json('{"a": [1, null]}', "--example") == {"a": [1, None]}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("two\nlines\n", "two\nlines\n"),
        ("[bold]plain[/bold]", "[bold]plain[/bold]\n"),
        (2, "2\n"),
        (None, "null\n"),
        (True, "true\n"),
        ("", "\n"),
        ([1, 2], "[1, 2]\n"),
        ("zażółć", "zażółć\n"),
        ({}, "{}\n"),
        ({"a": [1]}, '{"a": [1]}\n'),
    ],
)
def test_values_are_shown_plainly(capsys, value, shown):
    """Text as it is, other values as JSON, markup never taken for markup."""
    print_value(value)
    assert capsys.readouterr().out == shown


def test_a_mapping_and_rows_are_columns(capsys):
    """Numbers stand under each other at the right, rows have a heading, brackets stay brackets."""
    print_value({"North": "1240.50", "South": "82.00"})
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" 1240.50")
    assert second.endswith("   82.00")
    print_value([{"name": "[red]a[/red]", "count": 1}, {"name": "b", "count": 22}])
    heading, row, _ = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "count"]
    assert row.split() == ["[red]a[/red]", "1"]


@pytest.mark.parametrize(("cell", "number"), [("1", True), ("-1.5", True), ("a", False), ("", False), ("1-2", False)])
def test_numbers_are_known(cell, number):
    """Only what reads as one number is aligned as one."""
    assert is_number(cell) is number


def test_an_error_has_three_parts():
    """What happened, what was kept, what to do next; findings and the traceback between."""
    text = error_text(NotPromoted("3 tried", kept="all", findings=["test_a failed"]))
    assert text.splitlines()[:3] == ["✗ 3 tried", "    test_a failed", "  kept: all"]
    assert text.splitlines()[3].startswith("  next: ")
    assert "line 2" in error_text(RunFailed("failed", traceback="Traceback:\n  line 2\n"))


def test_durations_are_in_the_unit_people_read():
    """Milliseconds below a second, seconds above."""
    assert (milliseconds(0.0031), milliseconds(12.34)) == ("3.1 ms", "12.3 s")
