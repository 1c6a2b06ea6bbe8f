"""What a wish says: terms by weight, values apart from what is to be done, telling arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.matching.wish import ANY_WISH, OF_A_VALUE, OF_ANY_WISH, wish_of
from agent.types import Task
from registry.terms import terms


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ('make a slug of "Hello World"', "hello", "slug"),
        ("what is the area with radius 15.5", "15", "area"),
        ("the weather in San Francisco", "franci", "weathe"),
        ("events on 2026-11-20 in the log", "20261120", "events"),
        ("policz słowa w „Zażółć gęślą jaźń”", "zazolc", "slowa"),
        ("fetch https://example.com/page and list links", "exampl", "links"),
    ],
)
def test_values_weigh_less_than_what_is_to_be_done(text, value, said):
    """A name, a quotation, a number, a date and an address say on what; the other words say what."""
    weights = wish_of(Task(text=text)).weights
    assert weights[value[:6]] == OF_A_VALUE
    assert weights[said] == 1.0


@pytest.mark.parametrize(
    "text", ["is this IBAN valid", "sum a CSV column", "the SHA-256 of it", "sha256 of it", "an MD5"]
)
def test_abbreviations_and_words_with_digits_are_no_values(text):
    """`IBAN`, `SHA-256` and `md5` say what something is, though they are written in capitals or hold digits."""
    assert OF_A_VALUE not in wish_of(Task(text=text)).weights.values()


def test_words_of_any_wish_weigh_less():
    """`calculate` and `policz` stand in wishes of every kind."""
    assert terms("calculate policz") == [term for term in terms("calculate policz") if term in ANY_WISH]
    assert wish_of(Task(text="calculate tax")).weights == {"calcul": OF_ANY_WISH, "tax": 1.0}


@pytest.mark.parametrize(
    ("text", "dated"), [("on 3 May", True), ("jutro", True), ("2026-01-02", True), ("may I", False)]
)
def test_dates_are_seen(text, dated):
    """Dates in figures and in words, in several languages."""
    assert wish_of(Task(text=text)).dated is dated


def test_only_names_that_say_something_tell():
    """That the caller gives a `text` says nothing of the function; an `iban` does."""
    assert not wish_of(Task(text="x", arguments={"text": "a"})).telling
    assert not wish_of(Task(text="x")).telling
    assert wish_of(Task(text="x", arguments={"text": "a", "iban": "b"})).telling


@given(st.text(max_size=300))
def test_any_text_is_a_wish(text):
    """Whatever the text, each of its terms has one weight above 0 and at most 1, in the order of the text."""
    wish = wish_of(Task(text=text))
    assert all(0 < weight <= 1 for weight in wish.weights.values())
    assert len(wish.pairs) == max(0, len(wish.weights) - 1)
