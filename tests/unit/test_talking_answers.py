"""What people reply to what a task waits for."""

import pytest
from hypothesis import given, strategies

from agent.questions import Asked, Choice, Said
from agent.talking.answers import read_arguments, read_said, read_which

FIVE, SEVEN = Said(value=5), Said(value=7)
ASKED = Asked(
    task="t",
    function="f",
    arguments={},
    choices=(Choice(said=FIVE, candidates=(1,)), Choice(said=SEVEN, candidates=(2,))),
)
OPTIONS = ("csv_group_sum", "slugify")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", FIVE),
        (" 2. ", SEVEN),
        ("2)", SEVEN),
        ("`1`", FIVE),
        ("= 1", Said(value=1)),
        ("=null", Said()),
        ("3", Said(value=3)),
        ("-1", Said(value=-1)),
        ("12.5", Said(value=12.5)),
        ('["2026-11-30"]', Said(value=["2026-11-30"])),
        ('```json\n{"a": 1}\n```', Said(value={"a": 1})),
        ('"two words"', Said(value="two words")),
        ("error", Said(raises=True)),
        ("An error.", Said(raises=True)),
        ("błąd", Said(raises=True)),
        ("BLAD!", Said(raises=True)),
    ],
)
def test_an_answer_is_a_number_a_value_or_an_error(text, said):
    """A choice by its number, which a `=` before it makes a value; all else as JSON."""
    assert read_said(text, ASKED) == said


@pytest.mark.parametrize(
    "text",
    ["", "the first", "pierwsza", "1 2", "=", "two words", "NaN", "[1e999]", '"\\ud800"', "[" * 100_000, "9" * 5000,
     "٣", "²", "errors in this log"],
)  # fmt: skip
def test_what_is_no_answer_may_be_a_task(text):
    """Neither a number, nor JSON that a function could give."""
    assert read_said(text, ASKED) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1", "csv_group_sum"),
        ("2.", "slugify"),
        ("slugify", "slugify"),
        ("`Slugify`", "slugify"),
        ("CSV_GROUP_SUM.", "csv_group_sum"),
        ("none", "none"),
        ("None of them", "none"),
        ("żadna", "none"),
        ("Zadna z nich.", "none"),
        ("0", None),
        ("3", None),
        ("٢", None),
        ("slugify this title", None),
        ("csv_to_json", None),
        ("", None),
    ],
)
def test_which_function_is_read(text, name):
    """By number, by name, or none of them."""
    assert read_which(text, OPTIONS) == name


@pytest.mark.parametrize(
    ("text", "missing", "given_"),
    [
        ("group_by = region", ["group_by", "value"], {"group_by": "region"}),
        ("group_by=region\nvalue: amount", ["group_by", "value"], {"group_by": "region", "value": "amount"}),
        ("group_by = region, value = amount", ["group_by", "value"], {"group_by": "region", "value": "amount"}),
        ("group_by = region; `value` = amount", ["group_by", "value"], {"group_by": "region", "value": "amount"}),
        ('value = "a, text = b"\ntext = c', ["value", "text"], {"value": "a, text = b", "text": "c"}),
        ("value = a, b, c\ntext = d,", ["value", "text"], {"value": "a, b, c", "text": "d,"}),
        ("text =\n```\na,b\n1,2\n```\nvalue = b", ["text", "value"], {"text": "a,b\n1,2", "value": "b"}),
        ("text = ```\nvalue = 1\n```", ["text", "value"], {"text": "value = 1"}),
        ("text = one\ntwo\nvalue = b", ["text", "value"], {"text": "one\ntwo", "value": "b"}),
        ("text = ", ["text"], {"text": ""}),
        ("text = 'it'", ["text"], {"text": "it"}),
        ("text = „tak”", ["text"], {"text": "tak"}),
        ("a,b\n1,2", ["text"], {"text": "a,b\n1,2"}),
        ("```csv\na,b\n1,2\n```", ["text"], {"text": "a,b\n1,2"}),
        ('"a","b"', ["text"], {"text": '"a","b"'}),
        ("'a','b'", ["text"], {"text": "'a','b'"}),
        ('"one\\ntwo"', ["text"], {"text": "one\ntwo"}),
        ("see text = below", ["text"], {"text": "see text = below"}),
        ("subtext = 1", ["text"], {"text": "subtext = 1"}),
        ("text = a\ngroup_by = b", ["text"], {"text": "a\ngroup_by = b"}),
        ("region and amount", ["group_by", "value"], None),
        ("hello\ngroup_by = region", ["group_by", "value"], None),
        ("other = 1", ["group_by", "value"], None),
        ("", ["text"], None),
        ("  ", ["text"], None),
        ("x", [], None),
    ],
)
def test_arguments_are_read(text, missing, given_):
    """Pairs on lines or behind commas; the whole text where one is missing; quotes and fences taken off."""
    assert read_arguments(text, missing) == given_


def test_other_arguments_may_be_given_with_those_that_are_missing():
    """Where the function's parameters are known."""
    found = read_arguments("text = a\ngroup_by = b", ["text"], ["text", "group_by"])
    assert found == {"text": "a", "group_by": "b"}


@given(strategies.text(max_size=200))
def test_any_reply_is_read(text):
    """Whatever is said is an answer or none, never an error; one missing text is taken whole."""
    read_said(text, ASKED)
    assert read_which(text, OPTIONS) in (None, "none", *OPTIONS)
    read_arguments(text, ["group_by", "value"])
    if text.strip() and text.strip()[0].isalnum() and "=" not in text and ":" not in text:
        assert read_arguments(text, ["whole"]) == {"whole": text.strip()}
