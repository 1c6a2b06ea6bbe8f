"""What a specification says of a function, and which specifications no function can be made to."""

import ast
from typing import Any

import pytest

from agent.source.signature import UnreadableSignature
from agent.specification import MOST_ALIASES, Specification, fault_of
from agent.types import Task
from registry import Example

SECRET = "geheim-4711"


def specified(**changed: Any) -> Specification:
    """A good specification, with changes."""
    fields: dict[str, Any] = {
        "name": "repeat",
        "description": " Repeat a text. ",
        "aliases": ["say again", " say again ", "", "echo"],
        "signature": "def repeat(text: str, times: int = 2) -> str",
        "parameters": {"text": "What is\nrepeated.", "times": "How often."},
        "ensures": ["the result is the text, as often as asked"],
        "bad_input": [{"when": "times is negative", "raises": "OverflowError"}],
        "examples": [{"in": {"text": "a"}, "out": "aa"}, {"in": {"text": "a", "times": -1}, "raises": True}],
        "properties": [{"name": "length", "holds": "len(result) == len(text) * times"}],
    }
    return Specification.model_validate(fields | changed)


def example(arguments: dict[str, Any], output: Any) -> Example:
    """What a person says."""
    return Example.model_validate({"in": arguments, "out": output})


def test_the_manifest_is_the_specifications():
    """Name, description, words for it and schemas come from the specification, cleaned; examples from the person."""
    stated = example({"text": "b"}, "bb")
    manifest = specified().manifest(Task(text="x", examples=(stated,), requirements=("numpy",)))
    assert (manifest.name, manifest.description) == ("repeat", "Repeat a text.")
    assert manifest.aliases == ("say again", "echo")
    assert manifest.input_schema["properties"]["text"] == {"type": "string", "description": "What is repeated."}
    assert manifest.input_schema["properties"]["times"]["default"] == 2
    assert manifest.output_schema == {"type": "string"}
    assert (manifest.examples, manifest.requirements, manifest.grants) == ((stated,), ("numpy",), ())


def test_a_model_cannot_flood_the_matching_with_words():
    """No more aliases are kept than people would type."""
    manifest = specified(aliases=[f"word {number}" for number in range(99)]).manifest(Task(text="x"))
    assert len(manifest.aliases) == MOST_ALIASES


@pytest.mark.parametrize(
    "signature",
    ["def repeat(text: str, times: int = 2) -> str", "repeat(text: str, times: int = 2) -> str:",
     " def repeat(text: str,\n  times: int = 2) -> str:\n"],
)  # fmt: skip
def test_a_signature_is_read_as_models_write_it(signature):
    """With or without `def`, colon and line breaks it is the same function."""
    made = specified(signature=signature)
    assert made.interface == specified().interface
    assert " ".join(made.shown.split()) == "repeat(text: str, times: int = 2) -> str"


def test_the_stub_is_the_function_without_what_it_does():
    """It can be imported, has signature and documentation, and nothing else happens when it is called."""
    stub = ast.parse(specified(description='Say """it""" \\ twice.').stub)
    (function,) = stub.body
    assert isinstance(function, ast.FunctionDef)
    assert (
        ast.get_docstring(function)
        == 'Say """it""" \\ twice.\n\nArgs:\n    text: What is repeated.\n    times: How often.'
    )
    assert ast.unparse(function.body[1:]) == "raise NotImplementedError"


def test_an_async_function_is_one():
    """`async def` is kept in the stub, and not shown to people."""
    made = specified(signature="async def repeat(text: str, times: int = 2) -> str")
    assert made.interface.is_async
    assert made.shown == "repeat(text: str, times: int = 2) -> str"


@pytest.mark.parametrize(
    "signature", ["def repeat(", "x = 1", "def repeat(text: str) -> str:\n    return text\ndef b()"]
)
def test_what_is_no_signature_is_unreadable(signature):
    """No other statement passes for one."""
    with pytest.raises(UnreadableSignature):
        _ = specified(signature=signature).interface


def test_authors_read_all_but_the_other_words():
    """The text that testers and coders get holds what binds them, with an example as a person would write it."""
    text = specified().as_text()
    assert "say again" not in text
    assert all(part in text for part in ("times is negative", "OverflowError", '"raises": true', "len(result)"))
    assert Specification.model_validate_json(text) == specified(aliases=[])


def test_bad_input_gets_a_value_error_besides_what_is_named():
    """The names of allowed errors are the specified ones and ValueError."""
    assert specified().errors == {"ValueError", "OverflowError"}


def test_a_good_specification_has_no_fault():
    """Nothing is found where a function can be made to it, and the caller's own call would work."""
    assert fault_of(specified(), Task(text="x", arguments={"text": "a"}), {"other": "Else."}) == ""


def test_arguments_that_the_caller_still_owes_are_no_fault():
    """Somebody who asks for a function without calling it gives no arguments."""
    assert fault_of(specified(), Task(text="x", arguments={"times": 3}), {}) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("count_words", "taken by a function that does something else (Counts words)"),
        ("print", "means something else"),
        ("list", "means something else"),
        ("test_repeat", "means something else"),
        ("function", "means something else"),
        ("class", "means something else"),
    ],
)
def test_a_name_that_will_not_do_is_a_fault(name, why):
    """The name is free, no builtin, no keyword, and none that pytest takes for its own."""
    made = specified(name=name, signature=f"def {name}(text: str) -> str")
    assert why in fault_of(made, Task(text="x"), {"count_words": "Counts words"})


@pytest.mark.parametrize("name", ["Repeat", "_repeat", "re peat", "x" * 65, "", "../x"])
def test_a_name_that_fits_no_file_is_not_read(name):
    """Such a name does not get as far as a specification."""
    with pytest.raises(ValueError, match="name"):
        specified(name=name)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"signature": "def repeat(text: str"}, "signature: line 1"),
        ({"signature": "def repeat(text) -> str"}, "`text` has no type"),
        ({"signature": "def repeat(text: str)"}, "does not say what it returns"),
        ({"signature": "def repeat(text: bytes) -> str"}, "`bytes` has no JSON form"),
        ({"signature": "def repeat(*text: str) -> str"}, "a name of its own"),
        ({"signature": "def again(text: str) -> str"}, "that of `again`, but the function is called `repeat`"),
        ({"signature": "def repeat(text: str, times: int = 2) -> None"}, "kept for its result"),
        ({"examples": [{"in": {"words": "a"}, "out": "aa"}]}, "takes no argument `words`"),
        ({"examples": [{"in": {"times": 1}, "out": "a"}]}, "needs `text`"),
        ({"examples": [{"in": {"text": ["a"]}, "out": "a"}]}, "`text` must be string"),
        ({"examples": [{"in": {"text": "a"}, "out": 2}]}, "gives 2, but by the signature it is string"),
        ({"examples": [{"in": {"text": "a"}, "out": float("nan")}]}, "gives nan"),
        ({"bad_input": [{"when": "x", "raises": "Exception"}]}, "`Exception`: name an exact exception"),
        ({"bad_input": [{"when": "x", "raises": "SystemExit"}]}, "`SystemExit`: name an exact exception"),
        ({"bad_input": [{"when": "x", "raises": "OddTextError"}]}, "`OddTextError`: name an exact exception"),
        ({"properties": [{"name": "length", "holds": "the result is long"}]}, "the property 'length' is no Python"),
        ({"requirements": ["numpy"] * 9}, "names 9 packages: at most 8"),
        ({"properties": [{"name": "length", "holds": "x = 1"}]}, "the property 'length' is no Python"),
        ({"properties": [{"name": "deep", "holds": "-" * 100_000 + "1"}]}, "the property 'deep' is no Python"),
    ],
)  # fmt: skip
def test_what_no_function_can_be_made_to_is_a_fault(changed, why):
    """The first thing that cannot be is named, in words for its author."""
    assert why in fault_of(specified(**changed), Task(text="x"), {})


def test_an_example_of_bad_input_may_be_anything():
    """What must fail need not fit the signature."""
    made = specified(examples=[{"in": {"text": 3}, "raises": True}])
    assert fault_of(made, Task(text="x"), {}) == ""


def test_a_persons_example_binds_the_specification():
    """A signature that cannot take what the person showed is a fault, whatever else is right."""
    task = Task(text="x", examples=(example({"text": "a", "sep": "-"}, "a-a"),))
    assert "takes no argument `sep`" in fault_of(specified(), task, {})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"arguments": {"words": "a"}}, "takes no argument `words`"),
        ({"arguments": {"text": "a", "times": SECRET}}, "`times` must be integer"),
        ({"positional": ("a", SECRET)}, "`times` must be integer"),
        ({"positional": ("a", 1, SECRET)}, "takes 2 arguments, 3 were given"),
        ({"positional": (SECRET,), "arguments": {"text": SECRET}}, "`text` twice"),
    ],
)
def test_the_callers_own_call_must_work_and_stays_private(given, why):
    """The fault says which argument does not fit, and never what is in it: a model reads the fault."""
    fault = fault_of(specified(), Task(text="x", **given), {})
    assert fault.startswith("the caller's call would fail: ")
    assert why in fault
    assert SECRET not in fault


def test_what_is_inside_the_callers_lists_stays_private():
    """A misfit deep in an argument is told by the schema it should fit."""
    made = specified(signature="def repeat(text: dict[str, list[int]]) -> str", examples=[], properties=[])
    fault = fault_of(made, Task(text="x", arguments={"text": {SECRET: ["1", SECRET]}}), {})
    assert '"items": {"type": "integer"}' in fault
    assert SECRET not in fault


def test_an_idle_out_beside_raises_is_overlooked():
    """A model that fills in every key of the schema means what it says by `raises`."""
    told = {"name": "f", "description": "Does.", "signature": "def f(n: int) -> int"}
    examples = [{"in": {"n": -1}, "out": None, "raises": True}, {"in": {"n": 1}, "out": 2, "raises": False}]
    made = Specification.model_validate(told | {"examples": examples})
    assert [(example.raises, example.output) for example in made.examples] == [(True, None), (False, 2)]
