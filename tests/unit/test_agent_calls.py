"""Calls by place and by name are brought into the one form that all sides share, or left as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.calls import by_name, named, promise_of
from agent.evidence.statements import Arguments
from registry import Example

PARAMETERS = ("text", "count")
JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


def call(*positional: object, **by: object) -> Arguments:
    """A call as one writes it."""
    return Arguments(positional=positional, named=tuple(by.items()))


@pytest.mark.parametrize(
    "written", [call("a", 2), call("a", count=2), call(text="a", count=2), call(count=2, text="a")]
)
def test_one_call_has_one_form(written):
    """However a call is written, its text is the same afterwards: by name, in the order of the parameters."""
    assert named(written, PARAMETERS).text == "text='a', count=2"
    assert by_name(written, PARAMETERS) == {"text": "a", "count": 2}


@pytest.mark.parametrize(
    "written",
    [
        call("a", 2, 3),
        call("a", text="b"),
        call("a", other=1),
        call(1j, 2),
    ],
    ids=["too many", "twice", "unknown", "no json"],
)
def test_a_call_that_would_lose_something_stays_as_it_is(written):
    """What has no name, two values or no JSON form is not forced into the form."""
    assert named(written, PARAMETERS) is written


def test_none_is_a_value():
    """An argument that is None is not taken for one without a form."""
    assert named(call(None, 1), PARAMETERS).named == (("text", None), ("count", 1))


@given(JSON, JSON)
def test_the_form_is_final(text, count):
    """Bringing a call into the form twice changes nothing more."""
    once = named(Arguments(positional=(text, count)), PARAMETERS)
    assert named(once, PARAMETERS) == once
    assert by_name(once, PARAMETERS) == dict(once.named)


def test_an_example_is_a_promise():
    """What a person says of a call, value or error, counts as it was said."""
    value = promise_of(Example.model_validate({"in": {"text": "a"}, "out": [1]}))
    assert (value.arguments.named, value.value, value.raises) == ((("text", "a"),), [1], False)
    error = promise_of(Example.model_validate({"in": {}, "raises": True}))
    assert (error.value, error.raises) == (None, True)
