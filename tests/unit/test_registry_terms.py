"""Which words a text has for matching, and when two values are the same for a person."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.equality import same_json
from registry.terms import STOP_WORDS, aims, unique, words


@pytest.mark.parametrize(
    ("text", "count", "wanted"),
    [
        ("html_to_text", 1, ["text"]),
        ("csvToJson", 1, ["json"]),
        ("Turn HTML into a readable plain text", 1, ["readab"]),
        ("Turn HTML into a readable plain text", 3, ["readab", "plain", "text"]),
        ("zamień CSV na tabelę Markdown", 2, ["tabele", "markdo"]),
        ("JSON to CSV, then to PDF", 1, ["csv", "pdf"]),
        ("JSON or CSV", 3, []),
        ("add to", 3, []),
    ],
)
def test_what_something_becomes_stands_after_a_small_word(text, count, wanted):
    """`HTML or text` makes none of the two, `HTML to text` makes text."""
    assert aims(text, count) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Count the words in a text", ["count", "words", "text"]),
        ("count_words", ["count", "words"]),
        ("csvGroupSum", ["csv", "group", "sum"]),
        ("E-Mail addresses", ["email", "addresses"]),
        ("e‑mail", ["e", "mail"]),
        ("don't", ["dont"]),
        ("Zażółć gęślą jaźń", ["zazolc", "gesla", "jazn"]),
        ("policz słowa w tekście", ["policz", "slowa", "tekscie"]),
        ("ŁÓDŹ", ["lodz"]),
        ("Straße", ["strasse"]),
        ("Zähle die Wörter", ["zahle", "die", "worter"]),
        ("smørrebrød", ["smorrebrod"]),
        ("région", ["region"]),
        ("3.14 and 2026-02-03", ["3", "14", "20260203"]),
        ("ﬁle", ["file"]),
        ("東京", ["東京"]),
        ("Посчитай слова", ["poschitai", "slova"]),
        ("формат CSV", ["format", "csv"]),
        ("", []),
        ("... !? — 🎉", []),
        ("of the and", []),
    ],
)
def test_words_are_folded_and_in_order(text, wanted):
    """Case, diacritics and stop words do not count; parts of snake_case do, and a joined word is one."""
    assert words(text) == wanted


def test_two_wordings_of_one_wish_have_the_same_words():
    """Politeness, case, punctuation and diacritics leave the wish what it is."""
    assert words("Please, count the WORDS!") == words("count words")
    assert words("Policz słowa") == words("policz slowa.")
    assert words("count words") != words("count lines")


def test_unique_keeps_the_first_place():
    """Repetitions go, order stays."""
    assert unique(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


@given(st.text())
def test_taking_words_apart_is_idempotent(text):
    """The words of a text are their own words, no stop word among them, whatever the text."""
    once = words(text)
    assert words(" ".join(once)) == once
    assert not set(once) & STOP_WORDS


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (1, 1.0, True),
        (1.001, 1, False),
        (1e-15, 0, True),
        (10**20, 10**20 + 1, False),
        (True, 1, False),
        (0, False, False),
        (True, True, True),
        ("a", "a", True),
        ("1", 1, False),
        (None, None, True),
        (None, 0, False),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ([], {}, False),
        ([0.1 + 0.2, [True]], [0.3, [True]], True),
        ({"a": 1, "b": 2.0}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": None}, {}, False),
        (math.inf, math.inf, True),
    ],
)
def test_two_values_are_the_same_where_a_person_says_so(left, right, same):
    """Exact, but for the last digits of a float; a truth is never a number; order counts in lists alone."""
    assert same_json(left, right) is same
    assert same_json(right, left) is same


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_a_value_is_the_same_after_a_trip_through_json(value):
    """What comes back from the sandbox unchanged counts as unchanged."""
    assert same_json(value, json.loads(json.dumps(value)))
