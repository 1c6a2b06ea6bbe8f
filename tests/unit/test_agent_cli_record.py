"""How a version's record looks: its distinct calls, the answers it changes, and what progress says of its moves."""

import pytest

from agent.cli.progress import LINES
from agent.cli.record import MOST_SHOWN, differences_json, print_differences, print_near, success_json
from agent.warden import success
from registry import CallCounts, Difference


def difference(arguments: object = None, before: object = 1, after: object = 2) -> Difference:
    """A call that is answered otherwise."""
    given = {"x": 1} if arguments is None else arguments
    return Difference(function="f", old="1.0.0", new="1.1.0", arguments=given, before=before, after=after)


@pytest.mark.parametrize(
    ("ok", "failed", "words"),
    [
        (57, 1, "57 of 58 distinct calls, at least 0.92 (95 %)"),
        (59, 0, "59 of 59 distinct calls, at least 0.95 (95 %)"),
        (58, 0, "58 of 58 distinct calls, at least 0.94 (95 %)"),
        (0, 1, "0 of 1 distinct calls, at least 0.00 (95 %)"),
        (0, 0, "no distinct calls yet"),
    ],
)
def test_success_is_said_with_its_bound(ok, failed, words):
    """The bound is rounded down: nothing is claimed that was not shown."""
    assert success(CallCounts(ok=ok, failed=failed)) == words


def test_programs_get_both_bounds():
    """The same facts as numbers."""
    facts = success_json(CallCounts(ok=57, failed=1))
    assert (facts["ok"], facts["calls"], facts["confidence"]) == (57, 58, 0.95)
    assert 0.92 < facts["at_least"] < 57 / 58 < facts["at_most"] < 1


def test_differences_are_a_table(capsys):
    """Arguments, before and after as JSON, none wider than 60 characters."""
    print_differences([difference({"text": "x" * 100}, before=[1], after={"error": "KeyError"})])
    shown = capsys.readouterr().out
    title, heading, *rows = shown.splitlines()
    assert title == "answers that change, on 1 recorded calls"
    assert heading.split() == ["arguments", "before", "after"]
    assert rows[0].startswith('{"text":')
    assert '{"error": "KeyError"}' in shown
    assert 40 < shown.count("x") <= 50


def test_a_long_table_is_cut_and_says_so(capsys):
    """What is left out is counted, and nothing is printed where nothing changes."""
    print_differences([])
    assert capsys.readouterr().out == ""
    print_differences([difference({"x": number}) for number in range(MOST_SHOWN + 3)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MOST_SHOWN + 3
    assert lines[-1] == "and 3 more: --json has them all"


def test_programs_get_the_differences_whole():
    """Only what was asked and answered, uncut."""
    (row,) = differences_json([difference({"text": "x" * 100})])
    assert row == {"arguments": {"text": "x" * 100}, "before": 1, "after": 2}


NEAR = {
    "name": "g",
    "version": "1.0.0",
    "agree": 99,
    "of": 104,
    "differs": [{"arguments": {"x": "[red]"}, "this": 1, "other": {"error": "KeyError"}}],
    "fails": ["test_[it] failed: \x1b[2J"],
}


def test_what_is_nearly_the_same_is_shown(capsys):
    """Which function, on how many inputs, where the two differ; text from elsewhere is neither markup nor obeyed."""
    print_near({})
    assert capsys.readouterr().out == ""
    print_near({"near": NEAR})
    title, heading, row, finding = capsys.readouterr().out.splitlines()
    assert title == "g 1.0.0 does the same on 99 of 104 inputs"
    assert heading.split() == ["arguments", "this", "one", "g"]
    assert row.split("  ")[0] == '{"x": "[red]"}'
    assert finding == "  test_[it] failed: \N{REPLACEMENT CHARACTER}[2J"
    print_near({"near": NEAR | {"differs": []}})
    assert "arguments" not in capsys.readouterr().out


VERSION = {"name": "f", "version": "1.1.0", "commit": "0" * 40, "status": "canary"}


@pytest.mark.parametrize(
    ("action", "facts", "parts"),
    [
        ("function.canary", {}, ["on trial", "f 1.1.0"]),
        ("function.promoted", {}, ["production f 1.1.0"]),
        (
            "function.twin",
            {"made": "g", "agree": 104, "of": 104},
            ["the same", "f 1.1.0", "what g does, on 104 inputs"],
        ),
        ("function.near", {"made": "g", "agree": 99, "of": 104}, ["nearly", "f 1.1.0", "99 of 104", "show g"]),
        ("function.promoted", {"note": "59 of 59 [x]"}, ["production f 1.1.0", r"59 of 59 \[x]"]),
        ("function.quarantined", {"reason": "2 of 2 failed", "restored": "1.0.0"}, ["2 of 2", "1.0.0 is back"]),
        ("function.quarantined", {"reason": "2 of 2 failed", "restored": ""}, ["nothing took its place", "history f"]),
        ("function.stays", {"error": "it is locked"}, ["stays canary", "it is locked"]),
        ("canary.failed", {"why": "KeyError: [1]", "instead": "1.0.0"}, ["1.0.0 answers", "KeyError: [1]"]),
        (
            "calls.replayed",
            {"name": "f", "calls": 7, "different": 2, "missed": 1},
            ["7 recorded calls, 2 answered otherwise, 1 not compared"],
        ),
    ],
)
def test_each_move_has_a_line(action, facts, parts):
    """People at a terminal are told what became of a version, and text from elsewhere is never markup."""
    line = LINES[action](VERSION | facts)
    assert [part for part in parts if part not in line] == []
