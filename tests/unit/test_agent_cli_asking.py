"""How a question is put to the person at the terminal, and how what they say is read."""

import io
import json
import sys

import pytest
from hypothesis import given, strategies

from agent.cli.asking import ask_person, attendant, picked, question_lines, read_result
from agent.errors import BadTask
from agent.questions import Asked, Choice, Said, nobody
from agent.showing import MOST_CHARS, shown

WITH, AFTER, FAILS = Said(value=["2026-11-30"]), Said(value=["2026-12-31"]), Said(raises=True)
ASKED = Asked(
    task="next payday",
    function="next_paydays",
    arguments={"start": "2026-11-30", "count": 1},
    choices=(
        Choice(said=WITH, candidates=(1, 3, 4)),
        Choice(said=AFTER, candidates=(2,)),
        Choice(said=FAILS, candidates=(5,)),
    ),
)
JSON_VALUES = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(max_size=5), inner),
    max_leaves=8,
)


@pytest.fixture
def types(monkeypatch):
    """Puts lines where a person types them."""
    return lambda *lines: monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1"], WITH),
        ([" 2 "], AFTER),
        (["3"], FAILS),
        (["4", '["2027-01-29"]'], Said(value=["2027-01-29"])),
        (["4", "null"], Said()),
        (["4", "error"], FAILS),
        ([""], None),
        ([], None),
        (["4", ""], None),
    ],
)
def test_a_person_picks_says_or_does_not_know(types, lines, said):
    """A number picks, the last number lets say a value or an error, Enter and the end of input mean: not known."""
    types(*lines)
    assert ask_person(ASKED) == said


@pytest.mark.parametrize("typed", ["5", "0", "-1", "yes", '"2026-11-30"', "1 2", "²", "٣", "9" * 5000])
def test_what_is_no_answer_is_asked_again(types, capsys, typed):
    """A line that names no answer is said to name none, and the next one counts."""
    types(typed, "2")
    assert ask_person(ASKED) == AFTER
    assert "is none of the answers" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["2026-11-30", "[1, 2", "NaN", "[1e999]", '"\\ud800"', "[" * 100_000])
def test_something_else_must_be_json(types, value):
    """A value that is none, or that no function can give, is asked for again."""
    types("4", value, "1")
    assert ask_person(ASKED) == WITH
    with pytest.raises(BadTask):
        read_result(value, "--value")


def test_a_question_shows_the_call_and_the_competing_answers(types, capsys):
    """The arguments by name, each answer with how many candidates give it, and all on standard error."""
    types("")
    ask_person(ASKED)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[:6] == [
        '? For start = "2026-11-30", count = 1, what must next_paydays give?',
        '  [1] ["2026-11-30"]   (3 candidates)',
        '  [2] ["2026-12-31"]   (1 candidate)',
        "  [3] an error   (1 candidate)",
        "  [4] something else",
        "  [Enter] I do not know",
    ]


def test_a_kept_question_has_its_number():
    """The person sees which question they answer, and a call without arguments reads as one."""
    kept = Asked(task="", function="pi", arguments={}, choices=ASKED.choices, id=12)
    assert question_lines(kept)[0].startswith("? Question 12. For no arguments, what must pi give?")


@given(JSON_VALUES)
def test_nothing_is_hidden_in_what_is_shown(value):
    """Whatever a candidate gives stands on one line, printable, and reads back as the same value."""
    text = shown(value, most=10**6)
    assert text.isprintable()
    assert json.loads(text) == value


def test_a_long_value_is_cut_and_says_so():
    """A page of text does not flood the terminal; its length is told."""
    assert shown("x" * 10_000) == '"' + "x" * (MOST_CHARS - 1) + " … (10,002 characters)"


def test_markup_and_signs_in_a_question_stay_what_they_are(types, capsys):
    """Brackets, colons and escape codes in a value neither vanish nor act."""
    types("1")
    arguments = {"text": "[red]a[/red] :smile: \x1b[31m \x9b \u202e"}
    ask_person(Asked(task="", function="f", arguments=arguments, choices=ASKED.choices))
    assert 'text = "[red]a[/red] :smile: \\u001b[31m \\u009b \\u202e"' in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["4", "", "one"])
def test_an_unknown_answer_names_those_there_are(typed):
    """The error lists the answers by number and says how to give another."""
    with pytest.raises(BadTask, match=r"\[1\] .*\[2\] .*\[3\] an error") as caught:
        picked(ASKED, typed)
    assert "--value" in caught.value.advice


def test_nobody_is_asked_where_nobody_attends(monkeypatch):
    """A pipe, a closed input or a program that reads JSON gets no question."""
    assert attendant(json_output=False) is nobody
    monkeypatch.setattr(sys, "stdin", None)
    assert attendant(json_output=False) is nobody
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert attendant(json_output=True) is nobody
    assert attendant(json_output=False) is ask_person
