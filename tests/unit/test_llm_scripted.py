"""The scripted provider: which reply it chooses, and that the demo's replies are what they say."""

import sys
import types

import pytest

from agent.errors import BadSettings, NotScripted
from agent.ports import ModelRequest, Purpose
from agent.replies import Draft, read_draft
from integrations.llm.scripted import PROVIDER

WISH = "find the best month: which month had the highest total amount in this sales file"
SCRIPT = """
[[reply]]
purpose = "generate"
words = ["Weeks", "sum"]
attempt = 2
text = "second"

[[reply]]
purpose = "generate"
words = ["weeks", "sum"]
text = "any"

[[reply]]
purpose = "match"
words = ["weeks"]
text = { function = "none", sure = true }
"""


def asked(task, purpose=Purpose.GENERATE) -> ModelRequest:
    """A request of that purpose."""
    return ModelRequest(messages=(), purpose=purpose, task=task)


@pytest.fixture
def provider(tmp_path):
    """A provider with the script above."""
    file = tmp_path / "replies.toml"
    file.write_text(SCRIPT)
    return PROVIDER.open({"file": file})


def demo_draft(purpose) -> Draft:
    """The demo's draft for a purpose."""
    draft = read_draft(PROVIDER.open({}).complete(asked(WISH, purpose)).text)
    assert isinstance(draft, Draft)
    return draft


def outcomes(code: str, tests: str) -> list[str]:
    """What each test does with the function: `passed`, or the name of what it raised."""
    function = types.ModuleType("function")
    exec(code, function.__dict__)
    scope: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "function", function)
        exec(tests, scope)
    return [outcome(test) for name, test in scope.items() if name.startswith("test_")]


def outcome(test) -> str:
    """What one test does."""
    try:
        test()
    except (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception) as error:
        return type(error).__name__
    return "passed"


def test_a_reply_is_chosen_by_purpose_words_and_attempt(provider):
    """All words must stand in the task; a numbered reply answers only that request for the task."""
    task = "The SUM of the weeks"
    assert [provider.complete(asked(task)).text for _ in range(3)] == ["any", "second", "any"]
    assert provider.complete(asked("sum other weeks")).text == "any"


def test_a_table_is_said_as_json(provider):
    """A reply written as a table reaches the reader as the JSON a model would write."""
    assert provider.complete(asked("weeks", Purpose.MATCH)).text == '{"function": "none", "sure": true}'


@pytest.mark.parametrize("task", ["sum the days", "summary of weeks", "", "x" * 1_000_000])
def test_what_is_not_scripted_is_refused(provider, task):
    """A task without a reply is an error that names it shortly and says what would serve."""
    with pytest.raises(NotScripted) as caught:
        provider.complete(asked(task))
    assert len(str(caught.value)) < 200
    assert "ollama" in caught.value.advice


@pytest.mark.parametrize("text", ["[[reply]]", "reply = 1", "[[", "\x00", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path, text):
    """A missing or broken file is an error of the settings that names the file."""
    file = tmp_path / "broken.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadSettings, match=r"broken\.toml"):
        PROVIDER.open({"file": file})


def test_the_demos_first_candidate_is_wrong_and_its_tests_say_so():
    """The first candidate fails tests of its own by assertion, so that the demo shows a verdict with a reason."""
    draft = demo_draft(Purpose.GENERATE)
    said = outcomes(draft.code, draft.tests)
    assert said.count("passed") == 6
    assert said.count("AssertionError") == 3


def test_the_demos_repair_is_right():
    """The repair keeps the tests and passes them all."""
    first, repair = demo_draft(Purpose.GENERATE), demo_draft(Purpose.REPAIR)
    assert (first.name, first.tests) == (repair.name, repair.tests)
    assert outcomes(repair.code, repair.tests) == ["passed"] * 10


@pytest.mark.parametrize("body", ["raise Marker", "return ''", "return 'x'", "return None", "return 0"])
def test_the_demos_tests_fail_on_stubs(body):
    """Every test of the demo fails on a stub that raises, and on one that returns a placeholder by assertion."""
    stub = f"class Marker(LookupError): ...\n\n\ndef best_sales_month(text):\n    {body}\n"
    said = outcomes(stub, demo_draft(Purpose.REPAIR).tests)
    assert "passed" not in said
    assert said.count("Marker" if body == "raise Marker" else "AssertionError") >= 9


def test_the_demos_third_step_is_not_given_away():
    """The other words for the wish are found by likeness, not because the sentence was written down."""
    draft = demo_draft(Purpose.REPAIR)
    other = "which month was the strongest by revenue in the sales data"
    assert all(other not in text.lower() for text in (draft.description, *draft.aliases))
    assert {"month", "strongest", "revenue", "sales"} <= set(
        " ".join((draft.description, *draft.aliases)).lower().split()
    )
