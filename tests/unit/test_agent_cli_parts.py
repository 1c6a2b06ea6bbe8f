"""How the command line reads arguments, and how results look to a person."""

import pytest

from agent.cli.opening import read_arguments, read_cli_examples, read_json, read_value
from agent.cli.progress import LINES, show, silent
from agent.cli.render import error_text, print_checks, print_value
from agent.cli.tasks import costs
from agent.errors import BadTask, NotPromoted, RunFailed
from agent.showing import cut, is_number, milliseconds
from agent.types import Event, Origin, Outcome


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
        ({":smile:": ":warning:"}, ":smile:  :warning:\n"),
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


def test_a_cut_text_is_one_line():
    """Line ends become spaces, what is left out is marked, and escape codes do nothing."""
    assert cut("one\n two\tthree", 20) == "one two three"
    assert cut("one two three", 8) == "one two…"
    assert cut("a\x1b[2Jb", 20) == "a\ufffd[2Jb"


def test_checks_are_a_table_with_the_findings_below(capsys):
    """Every check has its line, those that failed too, and each finding names its check."""
    print_checks(
        [
            {"check": "static", "passed": True, "seconds": 0.0012, "summary": "[x] fine", "findings": []},
            {"check": "green", "passed": False, "seconds": 0.2, "summary": "1 of 9 failed", "findings": ["a[0] is 2"]},
        ]
    )
    heading, first, second, finding = capsys.readouterr().out.splitlines()
    assert heading.split() == ["check", "passed", "seconds", "evidence"]
    assert first.split() == ["static", "yes", "0.001", "[x]", "fine"]
    assert second.split() == ["green", "no", "0.200", "1", "of", "9", "failed"]
    assert finding == "  green: a[0] is 2"


def outcome(**changed):
    """A task for which a function was made."""
    facts = {"task": "t", "function": "f", "version": "1.0.0", "commit": "0" * 40, "status": "production"}
    counted = {"requests": 11, "tokens": 1234, "cost_eur": 0.02, "seconds": {"make": 40.0, "run": 1.0}}
    return Outcome(**facts | counted | {"origin": Origin.GENERATED} | changed)


def test_the_last_line_says_what_it_took():
    """Time, requests, tokens and money; and what is won by it, unless the version still waits for a person."""
    assert costs(outcome()) == "  41.0 s · 11 requests · 1234 tokens · 0.02 € · next time: no model is asked"
    assert costs(outcome(requests=1, cost_eur=0.0, status="approved")) == "  41.0 s · 1 request · 1234 tokens · 0.00 €"
    assert "0.02 € and 2 of unknown price · next" in costs(outcome(unpriced=2))


ALIKE = "3 of 5 candidates agree on 112 inputs, 7.5 points of 4"
CANDIDATE = {"number": 3, "of": 5, "model": "ollama/q[x]", "name": "f", "seconds": 1.0, "findings": ["a", "[b]"]}


@pytest.mark.parametrize(
    ("action", "facts", "lines"),
    [
        (
            "task.specified",
            {"name": "f", "signature": "f(a: date) -> list[date]", "model": "ollama/q", "seconds": 2.1},
            ["● specified f(a: date) -> list[date]   ollama/q, 2.1 s"],
        ),
        (
            "task.specified",
            {"signature": "f() -> int", "packages": ["numpy", "pandas[excel]"], "model": "ollama/q", "seconds": 2.1},
            ["● specified f() -> int, needs numpy, pandas[excel]   ollama/q, 2.1 s"],
        ),
        (
            "tests.written",
            {"total": 9, "hidden": 4, "red": 9, "model": "ollama/q", "seconds": 3.0},
            ["● tests     9 from the specification, 4 kept back; red on the stub 9/9   ollama/q, 3.0 s"],
        ),
        (
            "request.refused",
            {"what": "specification", "number": 1, "model": "ollama/q", "findings": ["no [name]"]},
            ["◐ specification 1 of ollama/q refused:", "    no [name]"],
        ),
        ("model.asked", {"what": "specification", "number": 1, "of": 2}, ["asking for the specification"]),
        ("model.asked", {"what": "tests", "number": 2, "of": 2}, ["asking for the tests, 2 of 2"]),
        ("model.asked", {"what": "candidate", "number": 1, "of": 5}, ["asking for candidate 1 of 5"]),
        ("model.asked", {"what": "repair", "number": 2, "of": 5}, ["asking for candidate 2 of 5, mended"]),
        ("model.asked", {"what": "stronger", "number": 2, "of": 5}, ["asking a stronger model for candidate 2 of 5"]),
        (
            "candidate.tried",
            CANDIDATE | {"passed": True, "why": "10/10 tests", "findings": []},
            ["● candidate 3 of 5   ollama/q[x]   10/10 tests"],
        ),
        (
            "candidate.refused",
            CANDIDATE | {"why": "green: 6/10 tests"},
            ["◐ candidate 3 of 5   ollama/q[x]   refused by green: 6/10 tests", "    a", "    [b]"],
        ),
        ("candidates.compared", {"ruling": "promote", "points": 7.5, "summary": ALIKE}, [f"● agreement {ALIKE}"]),
        ("candidates.compared", {"ruling": "ask", "points": 2, "summary": ALIKE}, [f"◐ agreement {ALIKE}"]),
        ("candidates.compared", {"ruling": "ask", "points": -1, "summary": ALIKE}, []),
        ("question.kept", {"id": 12, "function": "f"}, ["? question 12 is kept: kowal answer 12"]),
        ("question.asked", {"id": None, "function": "f", "arguments": {}, "choices": []}, []),
    ],
)
def test_each_step_has_its_line(capsys, action, facts, lines):
    """A person can follow what is made and why it is trusted; what a model wrote is never taken for markup."""
    show(Event(action=action, facts=facts))
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()) == ("", lines)


def test_programs_get_no_progress_but_what_takes_long(capsys):
    """With `--json` only lines of progress are told, as they are, and that a copy of the registry may be old."""
    for action in LINES.keys() - {"registry.stale"}:
        silent(Event(action=action, facts={"line": "fetching [engine]"}))
    assert capsys.readouterr().err == "fetching [engine]\n"
    silent(Event(action="registry.stale", facts={"reason": "nobody answers"}))
    assert "may be old: nobody answers" in capsys.readouterr().err
