"""Examples: what a manifest says of a call, and that saying more did not change what was said before."""

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from registry import Example, Function, Manifest, manifest_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)
EXAMPLES = st.one_of(
    st.builds(lambda arguments, output: {"in": arguments, "out": output}, ARGUMENTS, VALUES),
    st.builds(lambda arguments: {"in": arguments, "raises": True}, ARGUMENTS),
)


def manifest(*examples: object) -> Manifest:
    """A manifest with these examples."""
    return Manifest.model_validate({"name": "f", "description": "", "input_schema": {}, "examples": examples})


@given(st.lists(EXAMPLES, max_size=3))
def test_examples_are_written_as_they_were_read(examples):
    """The text of a manifest holds each example with the keys it came with, and reads back as the same."""
    written = manifest_text(manifest(*examples))
    assert json.dumps(json.loads(written)["examples"]) == json.dumps(examples)
    assert Manifest.model_validate(json.loads(written)) == manifest(*examples)


@given(ARGUMENTS, VALUES)
def test_an_example_made_in_code_is_the_one_in_the_file(arguments, output):
    """Python names and the names in the file make the same example, whatever it says."""
    gives, fails = {"in": arguments, "out": output}, {"in": arguments, "raises": True}
    assert Example(arguments=arguments, output=output) == Example.model_validate(gives)
    assert Example(arguments=arguments, raises=True) == Example.model_validate(fails)
    assert Example(arguments=arguments, output=output).model_dump() == {"arguments": arguments, "output": output}
    assert Example(arguments=arguments, raises=True).model_dump() == {"arguments": arguments, "raises": True}


def test_a_manifest_from_before_errors_could_be_examples_keeps_its_digest():
    """What was registered without `raises` has the same bytes and the same digest today."""
    text = """{
  "name": "f",
  "description": "",
  "aliases": [],
  "input_schema": {},
  "output_schema": {},
  "requirements": [],
  "grants": [],
  "examples": [
    {
      "in": {
        "x": 1
      },
      "out": null
    }
  ]
}
"""
    read = Manifest.model_validate(json.loads(text))
    assert manifest_text(read) == text
    digest = sha256(json.dumps(["s", "t", text], ensure_ascii=False).encode()).hexdigest()
    assert Function(manifest=read, source="s", tests="t").digest == digest


def test_a_lock_is_part_of_what_a_function_is():
    """Functions that differ in their locks are two; none is told from another by an empty lock."""
    made = manifest({"in": {}, "out": None})
    plain, locked = (
        Function(manifest=made, source="s", tests="t"),
        Function(manifest=made, source="s", tests="t", lock="l"),
    )
    others = [Function(manifest=made, source="s", tests="t", lock="m"), Function(manifest=made, source="s", tests="tl")]
    assert len({each.digest for each in (plain, locked, *others)}) == 4
    assert Function(manifest=made, source="s", tests="t", lock="").digest == plain.digest


def test_giving_nothing_is_not_failing():
    """A call that gives null and a call that must fail are two examples."""
    gives, fails = Example(arguments={}, output=None), Example(arguments={}, raises=True)
    assert gives != fails
    assert manifest_text(manifest({"in": {}, "out": None})) != manifest_text(manifest({"in": {}, "raises": True}))
    assert (gives.raises, fails.raises, fails.output) == (False, True, None)


@pytest.mark.parametrize(
    "said",
    [
        {"in": {}},
        {"in": {}, "raises": False},
        {"in": {}, "out": 1, "raises": True},
        {"in": {}, "out": None, "raises": True},
        {"out": 1},
        {"in": {}, "out": 1, "more": 2},
    ],
)
def test_an_example_has_one_ending(said):
    """An example with no ending, with two, or with a key nobody knows is refused."""
    with pytest.raises(ValidationError):
        Example.model_validate(said)


def test_an_example_may_say_that_the_call_does_not_fail():
    """`raises: false` beside a value says nothing more, and is not written."""
    said = {"in": {}, "out": 1, "raises": False}
    assert Example.model_validate(said) == Example(arguments={}, output=1)
    assert '"raises"' not in manifest_text(manifest(said))
