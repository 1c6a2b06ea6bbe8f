"""The scripted provider: which reply it chooses, and that the demo's replies are what they say."""

import sys
import types

import pytest

from agent.demo import AGAIN, NEW, SCRIPTED_CANDIDATES
from agent.errors import BadSettings, NotScripted
from agent.evidence.specified_tests import specified_tests
from agent.ports import ModelRequest, Purpose
from agent.replies import Code, read_code, read_reply
from agent.source.suites import joined
from agent.specification import Specification, fault_of
from agent.types import Task
from integrations.llm.scripted import PROVIDER

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
    return PROVIDER.open({"file": file})[0]


def demo_specification() -> Specification:
    """The demo's specification."""
    specification = read_reply(PROVIDER.open({})[0].complete(asked(NEW, Purpose.SPECIFY)).text, Specification)
    assert isinstance(specification, Specification)
    return specification


def demo_modules(purpose) -> list[str]:
    """What the demo says when it is asked for a purpose, as often as it is."""
    provider = PROVIDER.open({})[0]
    times = 1 if purpose is Purpose.TEST else SCRIPTED_CANDIDATES
    found = [read_code(provider.complete(asked(NEW, purpose)).text) for _ in range(times)]
    assert all(isinstance(code, Code) for code in found)
    return [code.code for code in found if isinstance(code, Code)]


def demo_tests() -> str:
    """The demo's whole suite, as the gate gets it."""
    return joined(demo_modules(Purpose.TEST)[0], specified_tests(demo_specification()))


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
        PROVIDER.open({"file": file})[0]


def test_the_attempts_of_each_purpose_are_counted_by_themselves(provider):
    """A repair between two candidates does not change which candidate comes next; another task counts anew."""
    task = "sum the weeks"
    assert provider.complete(asked(task)).text == "any"
    provider.complete(asked(task, Purpose.MATCH))
    assert provider.complete(asked(task)).text == "second"
    assert provider.complete(asked(task + " again")).text == "any"


def test_a_refused_request_counts_as_one(tmp_path):
    """The numbers are those of the requests for a task and a purpose, answered or not."""
    file = tmp_path / "replies.toml"
    file.write_text('[[reply]]\npurpose = "repair"\nwords = ["x"]\nattempt = 2\ntext = "second"\n')
    provider = PROVIDER.open({"file": file})[0]
    with pytest.raises(NotScripted):
        provider.complete(asked("x", Purpose.REPAIR))
    assert provider.complete(asked("x", Purpose.REPAIR)).text == "second"
    with pytest.raises(NotScripted):
        provider.complete(asked("x", Purpose.REPAIR))


def test_the_demos_specification_has_no_fault():
    """A function can be made to it, from the arguments that the demo holds, and it has tests of its own."""
    specification = demo_specification()
    assert fault_of(specification, Task(text=NEW, arguments={"text": "x"}), {}) == ""
    assert "def test_specified_example_2" in specified_tests(specification)
    assert "def test_property_1" in specified_tests(specification)


def test_the_demos_candidates_are_wrong_and_its_tests_say_so():
    """Each first candidate fails tests by assertion, so that the demo shows verdicts with reasons."""
    said = [outcomes(code, demo_tests()) for code in demo_modules(Purpose.GENERATE)]
    assert len(said) == SCRIPTED_CANDIDATES
    for each in said:
        assert each.count("passed") >= 6
        assert "AssertionError" in each


def test_the_demos_repairs_are_right_and_of_two_minds_about_how():
    """Both pass all tests, and neither is a copy of the other: agreement says something."""
    repairs = demo_modules(Purpose.REPAIR)
    for code in repairs:
        assert set(outcomes(code, demo_tests())) == {"passed"}
    assert len(set(repairs)) == SCRIPTED_CANDIDATES


@pytest.mark.parametrize("body", ["raise Marker", "return ''", "return 'x'", "return None", "return 0"])
def test_the_demos_tests_fail_on_stubs(body):
    """Every test that is written fails on a stub that raises; a constant is caught by assertion in nearly all."""
    stub = f"class Marker(LookupError): ...\n\n\ndef best_sales_month(text):\n    {body}\n"
    said = outcomes(stub, demo_modules(Purpose.TEST)[0])
    assert "passed" not in said
    assert said.count("Marker" if body == "raise Marker" else "AssertionError") >= 9


def test_the_demos_third_step_is_not_given_away():
    """The other words for the wish are found by likeness, not because the sentence was written down."""
    specification = demo_specification()
    words = (specification.description, *specification.aliases)
    assert all(AGAIN not in text.lower() for text in words)
    assert {"month", "strongest", "revenue", "sales"} <= set(" ".join(words).lower().replace(":", " ").split())
