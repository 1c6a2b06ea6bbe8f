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

from agent.replies import CUT_OFF, EMPTY, Draft, extract_code, read_draft, read_reply

CODE = 'def double(n: int) -> int:\n    """Twice the number."""\n    return 2 * n\n'
TESTS = "from function import double\n\n\ndef test_two():\n    assert double(2) == 4\n"
DRAFT = Draft(name="double", description="Twice the number.", aliases=("times two",), code=CODE, tests=TESTS)
JSON = DRAFT.model_dump_json()
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
        json.dumps({"draft": DRAFT.model_dump()}),
        f"[{JSON}]",
        JSON.replace("\\n", "\n"),
        JSON[:-1] + ",}",
        JSON.replace('"name"', "'name'", 1),
        f'Like {{"name": "this"}}: {JSON}',
        f'{{"name": "double", "description": "Twice the number.", "aliases": ["times two"], '
        f'"code": """{CODE}""", "tests": """{TESTS}"""}}',
        json.dumps(DRAFT.model_dump() | {"code": f"```python\n{CODE}```", "tests": f"```\n{TESTS}```"}),
        json.dumps(DRAFT.model_dump() | {"confidence": 0.9}),
    ],
)
def test_a_draft_is_read_out_of_every_usual_wrapping(text):
    """Fences, prose, thoughts, raw newlines and small faults of JSON do not change the draft."""
    assert read_draft(text) == DRAFT


def test_two_python_blocks_are_a_draft():
    """Without JSON, a draft is named after its one public function and described by its docstring."""
    draft = read_draft(f"The function:\n```python\n{CODE}```\nand its tests:\n```python\n{TESTS}```\n")
    assert draft == DRAFT.model_copy(update={"aliases": ()})


@pytest.mark.parametrize(
    "cut_at", [JSON.index("Twice the number.\\"), JSON.index("return"), JSON.index("assert"), len(JSON) - 1]
)
@pytest.mark.parametrize("opening", ["", "```json\n", "Sure! "])
def test_cut_off_json_is_never_completed(cut_at, opening):
    """A reply that ends inside its JSON is called cut off, wherever it ends."""
    assert read_draft(opening + JSON[:cut_at]) == CUT_OFF


def test_a_cut_that_ends_in_a_brace_is_still_a_cut():
    """A closing brace inside the code does not pass for the end of the reply."""
    text = json.dumps(DRAFT.model_dump() | {"tests": "def test_a():\n    assert f() == {}"})
    assert read_draft(text[: text.index("{}") + 2]) == CUT_OFF


def test_an_open_python_block_is_cut_off():
    """Of two blocks without JSON the second must be closed."""
    assert read_draft(f"```python\n{CODE}```\n```python\n{TESTS}") == CUT_OFF


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", EMPTY),
        (" \n ", EMPTY),
        ("I am sorry, I cannot do that.", "neither a JSON object nor a Python block"),
        (f"```python\n{CODE}```", "no tests"),
        (f"```python\n{CODE}\n{TESTS}```", "two blocks"),
        (f"```python\n{CODE}\ndef triple(n):\n    return 3 * n\n```\n```python\n{TESTS}```", "more than one"),
        (json.dumps({"name": "double"}), "code: Field required"),
        (json.dumps(DRAFT.model_dump() | {"name": "Double"}), "name: String should match pattern"),
        (json.dumps(DRAFT.model_dump() | {"name": "class"}), "keyword"),
        (json.dumps(DRAFT.model_dump() | {"code": 1}), "code: Input should be a valid string"),
        (json.dumps(DRAFT.model_dump() | {"code": "x = '\ud800'"}), "not Unicode"),
        (JSON.replace("2 * n", '"2 * n'), "The reply"),
        (f"<think>what about\n{JSON}\nno, that is wrong", "still thinking"),
    ],
)
def test_what_cannot_be_read_has_a_reason(text, says):
    """An unreadable reply gives a reason that names the fault, never a half draft."""
    reason = read_draft(text)
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
    assert isinstance(read_draft(text), str)
    extract_code(text)
    assert time.process_time() - started < 10, "quadratic reading takes minutes here"


@given(st.text() | st.text(alphabet='{}"\\`<>/:,[]\n think"def name code tests()', max_size=400))
def test_no_text_raises(text):
    """Whatever a model writes, reading it gives a value or a reason."""
    assert isinstance(read_draft(text), Draft | str)
    assert isinstance(read_reply(text, Choice), Choice | str)
    assert isinstance(extract_code(text), str | None)


UNFENCED = st.text(min_size=1).filter(lambda code: not code.strip().startswith(("```", "~~~")))
DRAFTS = st.builds(
    Draft,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}_", fullmatch=True),
    description=st.text(min_size=1),
    aliases=st.lists(st.text(), max_size=3).map(tuple),
    code=UNFENCED,
    tests=UNFENCED,
)
PROSE = st.text(alphabet=st.characters(codec="utf-8", exclude_characters='{}<>"`~'))


@given(DRAFTS, st.sampled_from(["", "```", "```json", "~~~"]), PROSE, PROSE)
def test_a_draft_survives_its_wrapping(draft, fence, before, after):
    """Any draft, as JSON in any fence with any prose around it, comes back as it was."""
    body = draft.model_dump_json()
    text = f"{before}\n{fence}\n{body}\n{fence[:3]}\n{after}"
    assert read_draft(text) == draft


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
