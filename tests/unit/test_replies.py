"""What can be read out of a model's reply, and what must be refused."""

import ast
import json
import os
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agent.replies import CUT_OFF, EMPTY, NO_CODE, Code, extract_code, read_code, read_reply
from agent.specification import BadInput, Property, Specification

CODE = 'def double(n: int) -> int:\n    """Twice the number."""\n    return 2 * n\n'
TESTS = "from function import double\n\n\ndef test_two():\n    assert double(2) == 4\n"
SPECIFICATION = Specification(
    name="double",
    description="Twice the number.\nIn {braces}.",
    aliases=("times two",),
    signature="def double(n: int) -> int",
    parameters={"n": "The number."},
    ensures=("result == 2 * n",),
    bad_input=(BadInput(when="n is no number"),),
    properties=(Property(name="even", holds="result % 2 == 0"),),
)
JSON = SPECIFICATION.model_dump_json(by_alias=True)
SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))


class Choice(BaseModel):
    choice: str


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"Here it is:\n\n```\n{JSON}\n```\nI hope it helps {{really}}.",
        f'<think>Maybe {{\'a\': 1}} or {{"name": "x"}}?</think>\n{JSON}',
        f"maybe {{ or }}</think>\n{JSON}",
        f"<think>\n{JSON}",
        f"<think>\n```json\n{JSON}\n```\n",
        json.dumps({"specification": SPECIFICATION.model_dump(by_alias=True)}),
        f"[{JSON}]",
        JSON.replace("\\n", "\n"),
        JSON[:-1] + ",}",
        JSON.replace('"name"', "'name'", 1),
        JSON.replace('"times two"]', '"times two"'),
        f'Like {{"name": "this"}}: {JSON}',
        JSON.replace('"Twice the number.\\nIn {braces}."', '"""Twice the number.\nIn {braces}."""'),
        json.dumps(SPECIFICATION.model_dump(by_alias=True) | {"confidence": 0.9}),
    ],
)
def test_a_specification_is_read_out_of_every_usual_wrapping(text):
    """Fences, prose, thoughts, raw newlines and small faults of JSON do not change what is said."""
    assert read_reply(text, Specification) == SPECIFICATION


@pytest.mark.parametrize("cut_at", [JSON.index("{braces"), JSON.index("def double"), JSON.index("even"), len(JSON) - 1])
@pytest.mark.parametrize("opening", ["", "```json\n", "Sure! "])
def test_cut_off_json_is_never_completed(cut_at, opening):
    """A reply that ends inside its JSON is called cut off, wherever it ends."""
    assert read_reply(opening + JSON[:cut_at], Specification) == CUT_OFF


def test_a_cut_that_ends_in_a_brace_is_still_a_cut():
    """A closing brace inside a text does not pass for the end of the reply."""
    assert read_reply(JSON[: JSON.index("{braces}") + 8], Specification) == CUT_OFF
    wrapped = json.dumps({"code": "def f():\n    return {}\n"})
    assert read_code(wrapped[: wrapped.index("{}") + 2]) == CUT_OFF


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", EMPTY),
        (" \n ", EMPTY),
        ("I am sorry, I cannot do that.", "no JSON object"),
        (f"```python\n{CODE}```", "no JSON object"),
        (json.dumps({"name": "double"}), "description: Field required"),
        (JSON.replace('"double"', '"Double"'), "name: String should match pattern"),
        (JSON.replace('"def double(n: int) -> int"', "1"), "signature: Input should be a valid string"),
        (JSON.replace("times two", "\\ud800"), "not Unicode"),
        (JSON.replace('"def double', '"def "double'), "cut off"),
        (f"<think>what about\n{JSON}\nno, that is wrong", "still thinking"),
    ],
)
def test_json_that_cannot_be_read_has_a_reason(text, says):
    """An unreadable reply gives a reason that names the fault, never half a value."""
    reason = read_reply(text, Specification)
    assert isinstance(reason, str)
    assert says in reason


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f"```python\n{CODE}```",
        f"Here it is:\n```\n{CODE}```\nIt doubles {{n}}.",
        f"[PYTHON]\n{CODE}[/PYTHON]",
        f"<think>def wrong(): pass</think>\n```python\n{CODE}```",
        json.dumps({"code": CODE}),
        json.dumps({"source": f"```python\n{CODE}```", "sure": True}),
        f"```json\n{json.dumps({'code': CODE})}\n```",
        json.dumps({"code": CODE}).replace("\\n", "\n"),
        f"```\n>>> double(2)\n4\n```\n```python\n{CODE}```",
    ],
)
def test_a_module_is_read_out_of_every_usual_wrapping(text):
    """Blocks, tags, thoughts, bare code and JSON with one key give the module as it was."""
    assert read_code(text) == Code(code=CODE)


def test_code_that_is_no_python_is_left_for_the_gate():
    """It still becomes a candidate: the check names the line, and the attempt is kept."""
    broken = "def double(n: int -> int:\n    return 2 * n\n"
    assert read_code(f"```python\n{broken}```") == Code(code=broken)


def test_of_several_blocks_the_one_that_was_asked_for_is_read():
    """A reply with the function and its tests gives the tests to who asked for tests, in either order."""
    for blocks in ((CODE, TESTS), (TESTS, CODE)):
        text = "\n".join(f"```python\n{block}```" for block in blocks)
        assert read_code(text, "def test") == Code(code=TESTS)


def test_tests_may_come_under_their_own_key():
    """JSON with the key `tests` is read as a module like any other."""
    assert read_code(json.dumps({"tests": TESTS}), "def test") == Code(code=TESTS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", EMPTY),
        ("I am sorry, I cannot do that.", NO_CODE),
        ("```python\nx = 1\n```", NO_CODE),
        (f"```python\n{CODE}", CUT_OFF),
        (f"```\n>>> double(2)\n```\n```python\n{CODE}", CUT_OFF),
        ("<think>def double(n):", "still thinking"),
        ('{"code": 1}', "code: Input should be a valid string"),
        ('{"code": ""}', "code: String should have at least 1 character"),
        ('{"name": "double"}', "no JSON object"),
        ("```python\ndef f():\n    return '\ud800'\n```", "not Unicode"),
    ],
)
def test_a_reply_without_a_module_has_a_reason(text, says):
    """What is empty, prose, cut off, or no text gives a reason, never a part of a module."""
    reason = read_code(text)
    assert isinstance(reason, str)
    assert says in reason


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ('{"choice": "a"}', "a"),
        ('<think>{"choice": "a"}? no</think>{"choice": "b"}', "b"),
        ('<think>a</think>{"choice": "the </think> tag"}', "the </think> tag"),
        ("Take {choice: 'b'}", "b"),
    ],
)
def test_the_answer_is_what_stands_outside_the_thoughts(text, choice):
    """A structured reply is the answer after the thoughts, even where the answer quotes their mark."""
    assert read_reply(text, Choice) == Choice(choice=choice)


@pytest.mark.parametrize(
    "text", ['<think>{"choice": "a"}</think> I cannot say.', '<think>{"choice": "a"} or', "a", "[]", ""]
)
def test_a_thought_is_not_an_answer(text):
    """What a model considered and did not answer is not taken for its choice."""
    assert isinstance(read_reply(text, Choice), str)


@pytest.mark.parametrize(
    "text",
    [
        "All work and no play. " * 100_000,
        '{"' * 1_000_000,
        '{"name": ' * 250_000,
        '{"name": "' + '\\"' * 1_000_000,
        '{"name": "' + "x" * 2_000_000,
        "```\n" * 500_000,
        "`" * 2_000_000,
        "[PYTHON]" * 250_000,
        "<think>" * 300_000,
        "</think>" * 250_000,
        ': """' * 400_000,
        "{" + " " * 1_000_000 + "{" + " " * 1_000_000,
        '{"name": "double", "code": ' + ': """' * 38_000,
        "def f():\n" * 200_000,
    ],
    ids=range(14),
)
def test_two_megabytes_are_read_in_a_moment(text):
    """The time to refuse a huge reply grows with its length and no faster."""
    started = time.process_time()
    assert isinstance(read_reply(text, Specification), str)
    read_code(text)
    assert time.process_time() - started < 10, "quadratic reading takes minutes here"


@given(st.text() | st.text(alphabet='{}"\\`<>/:,[]\n think"def name code tests()', max_size=400))
def test_no_text_raises(text):
    """Whatever a model writes, reading it gives a value or a reason."""
    assert isinstance(read_reply(text, Specification), Specification | str)
    assert isinstance(read_reply(text, Choice), Choice | str)
    assert isinstance(read_code(text), Code | str)
    assert isinstance(extract_code(text), str | None)


SPECIFICATIONS = st.builds(
    Specification,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}_", fullmatch=True),
    description=st.text(min_size=1),
    signature=st.text(min_size=1),
    aliases=st.lists(st.text(), max_size=3).map(tuple),
    parameters=st.dictionaries(st.text(), st.text(), max_size=2),
    ensures=st.lists(st.text(), max_size=3).map(tuple),
    properties=st.just(()),
)
PROSE = st.text(alphabet=st.characters(codec="utf-8", exclude_characters='{}<>"`~'))


@given(SPECIFICATIONS, st.sampled_from(["", "```", "```json", "~~~"]), PROSE, PROSE)
def test_a_specification_survives_its_wrapping(specification, fence, before, after):
    """Any specification, as JSON in any fence with any prose around it, comes back as it was."""
    body = specification.model_dump_json(by_alias=True)
    text = f"{before}\n{fence}\n{body}\n{fence[:3]}\n{after}"
    assert read_reply(text, Specification) == specification


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f"```python\n{CODE}```",
        f" ```\n{CODE}```\nIt doubles.\n```\n>>> double(2)\n4\n```",
        f"[PYTHON]\n{CODE}[/PYTHON]\nDone.",
        f"Sure, here it is:\n\n{CODE}This function doubles, you see.",
        f"<think>def wrong(): pass</think>{CODE}",
        f"```python\n{CODE}",
        f"~~~py\n{CODE}~~~",
    ],
)
def test_code_is_found_in_a_reply_that_holds_only_code(text):
    """The source comes back whole from fences, tags, prose, or bare."""
    assert extract_code(text) == CODE


@pytest.mark.parametrize("text", ["", "I cannot.", "1. Take n\n2. Double it", "```\n>>> double(2)\n4\n```"])
def test_no_code_is_none(text):
    """A reply without a function gives None."""
    assert extract_code(text) is None


def test_cut_off_code_is_not_trimmed_to_something_that_parses():
    """Code that ends inside a function keeps its open end, so that it fails where the model stopped."""
    cut = "def f(n):\n    if n > 1:\n        return g(\n"
    assert extract_code(cut) == cut


def test_a_fence_inside_a_docstring_does_not_end_the_code():
    """An indented fence in a docstring belongs to the code."""
    code = 'def f():\n    """Say:\n\n    ```\n    f()\n    ```\n    """\n    return 1\n'
    assert extract_code(f"```python\n{code}```") == code


def test_real_replies_give_their_code():
    """At least 99 of 100 recorded chat replies with right code give source that defines a function."""
    path = SHARED / "data/codegen/samples.jsonl"
    if not path.exists():
        pytest.skip("the recorded replies (KOWAL_SHARED) are not here")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    right = [extract_code(row["raw"]) for row in rows if row["kind"] == "chat" and row["label"] == "right"]
    with warnings.catch_warnings(action="ignore"):
        defined = sum(any(isinstance(n, ast.FunctionDef) for n in ast.parse(code or "").body) for code in right)
    assert len(right) > 600
    assert defined / len(right) >= 0.99
