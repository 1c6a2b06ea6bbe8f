"""Doubts: what the candidates disagree on becomes a question, and a person's answer decides, now or later."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.checks import agreement
from agent.errors import NotPromoted, Undecided
from agent.questions import Asked, Said
from agent.sandboxes import Sandboxes
from agent.source.signature import read_signature
from agent.types import Origin, Task
from agent.verifier import verify
from registry import AlreadyAnswered, Example, Function, Manifest, NameTaken, UnknownQuestion
from sandbox import Limits

CASELESS = '''def longest(words: list[str]) -> str:
    """Return the longest of the words, the first of equally long ones."""
    best = ""
    for word in words:
        if len(word) > len(best):
            best = word
    return best
'''
LAST = '''def longest(words: list[str]) -> str:
    """Return the longest of the words, the last of equally long ones."""
    best = ""
    for word in words:
        if len(word) >= len(best):
            best = word
    return best
'''
SPECIFICATION = json.dumps(
    {
        "name": "longest",
        "description": "The longest of the words.",
        "signature": "def longest(words: list[str]) -> str",
        "examples": [{"in": {"words": ["a", "bbb", "cc"]}, "out": "bbb"}],
    }
)
TESTS = """from function import longest


def test_middle():
    assert longest(["to", "apple", "be"]) == "apple"


def test_none():
    assert longest([]) == ""
"""
TASK = Task(text="the longest of the words", arguments={"words": ["geheim", "4711"]})


def fenced(code: str) -> str:
    """A model's reply that holds a module."""
    return f"```python\n{code}```\n"


def first_longest(words: list[str]) -> str:
    """What a person means: the first of equally long words."""
    return max(words, key=len, default="")


@pytest.fixture
def doubtful(workshop: Callable[..., Any]) -> Callable[..., Any]:
    """A workshop with two candidates that differ on ties, which the tests leave open."""

    def make(*sources: str, **words: Any) -> Any:
        replies = [fenced(source) for source in sources or (CASELESS, LAST)]
        said = {"specify": [SPECIFICATION], "test": [TESTS], "generate": replies}
        return workshop(candidates=len(replies), **said | words)

    return make


def undecided(shop: Any) -> Undecided:
    """The end of the task that nobody attends."""
    with pytest.raises(Undecided) as caught:
        shop.agent.execute(TASK)
    return caught.value


def test_with_somebody_there_the_answer_decides(doubtful: Callable[..., Any]) -> None:
    """Asked is one concrete call with the competing answers; what is said is pinned, in manifest and evidence."""
    heard: list[Asked] = []

    def ask(asked: Asked) -> Said:
        heard.append(asked)
        return Said(value=first_longest(asked.arguments["words"]))

    shop = doubtful(ask=ask)
    outcome = shop.agent.execute(TASK)
    assert (outcome.value, outcome.origin) == ("geheim", Origin.GENERATED)
    assert 1 <= len(heard) <= 3
    asked = heard[0]
    assert (asked.task, asked.function, list(asked.arguments)) == (TASK.text, "longest", ["words"])
    assert sorted(choice.candidates for choice in asked.choices) == [(1,), (2,)]
    version = shop.registry.get("longest")
    assert version.function.source == CASELESS
    pinned = [Example(arguments=one.arguments, output=first_longest(one.arguments["words"])) for one in heard]
    assert sorted(map(str, version.function.manifest.examples)) == sorted(map(str, pinned))
    assert version.evidence["answers"] == [example.model_dump(mode="json", by_alias=True) for example in pinned]
    assert version.evidence["provenance"]["attempts"] == 2
    assert shop.operations.questions(open_only=False) == []


def test_without_anybody_the_question_is_kept_and_nothing_promoted(doubtful: Callable[..., Any]) -> None:
    """Doubt means not promoted: exit code 4, the call and its competing answers, and all candidates for later."""
    shop = doubtful()
    error = undecided(shop)
    assert error.exit_code == 4
    (kept,) = shop.operations.questions()
    assert error.facts["question"] == kept.id
    assert f"kowal answer {kept.id}" in error.advice
    assert (kept.task, kept.function, kept.answer, kept.outcome) == (TASK.text, "longest", None, "")
    assert len(kept.choices) == 2
    assert [candidate["source"] for candidate in kept.state["candidates"]] == [CASELESS, LAST]
    assert shop.registry.list() == []
    assert shop.actions()[-1] == "question.kept"
    assert "geheim" not in f"{kept} {error.facts} {shop.events} {shop.operations.attempts()}"


def test_somebody_who_does_not_know_leaves_the_question_open(doubtful: Callable[..., Any]) -> None:
    """No answer is as if nobody were there, and the person is not asked the same again."""
    heard: list[Asked] = []
    shop = doubtful(ask=heard.append)
    undecided(shop)
    assert len(heard) == len({str(asked.arguments) for asked in heard}) == 1
    assert len(shop.operations.questions()) == 1


@pytest.mark.parametrize(("meant", "source"), [(0, CASELESS), (1, LAST)], ids=["first", "last"])
def test_an_answer_promotes_without_a_model(doubtful: Callable[..., Any], meant: int, source: str) -> None:
    """Whichever choice it is, the candidate that gives it gets in; the answer, who gave it and its outcome are kept."""
    shop = doubtful()
    undecided(shop)
    (question,) = shop.operations.questions()
    requests = len(shop.teller.requests)
    value = question.choices[meant]["said"]["value"]
    outcome = shop.agent.answer(question.id, Said(value=value), by="Ann")
    assert len(shop.teller.requests) == requests
    assert (outcome.requests, outcome.ran, outcome.status, outcome.task) == (0, False, "production", TASK.text)
    version = shop.registry.get("longest")
    assert version.function.source == source
    assert version.function.manifest.examples == (Example(arguments=dict(question.arguments), output=value),)
    assert version.evidence["specification"]["name"] == "longest"
    provenance = version.evidence["provenance"]
    assert (provenance["server"], provenance["prompts"].split("@")[0]) == ("teller", "generate")
    assert shop.operations.questions() == []
    settled = shop.operations.question(question.id)
    assert (settled.answer, settled.answered_by) == ({"out": value}, "Ann")
    assert settled.outcome == "longest 1.0.0"
    assert shop.agent.run("longest", Task(text="", arguments={"words": ["aa", "b"]})).value == "aa"


def test_a_question_is_answered_once(doubtful: Callable[..., Any]) -> None:
    """The first answer holds; a number that is none is told."""
    shop = doubtful()
    undecided(shop)
    (question,) = shop.operations.questions()
    said = Said(value=question.choices[0]["said"]["value"])
    shop.agent.answer(question.id, said, by="Ann")
    with pytest.raises(AlreadyAnswered, match="Ann"):
        shop.agent.answer(question.id, said, by="Bob")
    with pytest.raises(UnknownQuestion):
        shop.agent.answer(question.id + 1, said, by="Ann")
    assert shop.operations.question(question.id).answered_by == "Ann"


@pytest.mark.parametrize("said", [Said(value="none of them"), Said(raises=True)], ids=["value", "error"])
def test_an_answer_that_no_candidate_gives_promotes_none(doubtful: Callable[..., Any], said: Said) -> None:
    """Then all of them are wrong: nothing gets in, and the question says what became of it."""
    shop = doubtful()
    undecided(shop)
    (question,) = shop.operations.questions()
    with pytest.raises(NotPromoted) as caught:
        shop.agent.answer(question.id, said, by="Ann")
    assert type(caught.value) is NotPromoted
    assert caught.value.facts["findings"]
    assert shop.registry.list() == []
    assert shop.operations.question(question.id).outcome == str(caught.value)


def test_an_answer_may_lead_to_another_question(doubtful: Callable[..., Any]) -> None:
    """Where it leaves two candidates that still differ, the next call is kept as a question of its own."""
    shouting = LAST.replace("longest of the words", "longest one").replace("return best", "return best.upper()")
    tests = TESTS.replace('"apple"', '"APPLE"').replace("to", "TO").replace("be", "BE")
    specification = SPECIFICATION.replace('"examples"', '"ignored"')
    shop = doubtful(CASELESS, LAST, shouting, specify=[specification], test=[tests])
    numbers = []
    error = undecided(shop)
    for _ in range(3):
        numbers.append(error.facts["question"])
        asked = shop.operations.question(numbers[-1])
        try:
            shop.agent.answer(numbers[-1], Said(value=first_longest(asked.arguments["words"])), by="Ann")
            break
        except Undecided as another:
            error = another
    version = shop.registry.get("longest")
    assert version.function.source == CASELESS
    assert len(version.evidence["answers"]) == len(numbers) == len(set(numbers))


def test_an_answer_from_which_nothing_came_is_taken_up_again(doubtful: Callable[..., Any]) -> None:
    """Where the registry is in the way the answer is kept without an outcome, and repeating it goes on from there."""
    shop = doubtful()
    undecided(shop)
    (question,) = shop.operations.questions()
    said = Said(value=question.choices[0]["said"]["value"])
    signature = read_signature(LAST)
    schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
    theirs = Function(manifest=Manifest(name="longest", description="Theirs.", **schemas), source=LAST, tests=TESTS)
    shop.put(theirs)
    for _ in range(2):
        with pytest.raises(NameTaken):
            shop.agent.answer(question.id, said, by="Ann")
    kept = shop.operations.question(question.id)
    assert (kept.answered_by, kept.outcome) == ("Ann", "")
    assert shop.registry.get("longest").function.source == theirs.source


def test_a_second_look_needs_no_model(doubtful: Callable[..., Any], embedded: Sandboxes) -> None:
    """The agreement is derived again offline from the rivals and the answers in the evidence, and it matters there."""
    shop = doubtful()
    undecided(shop)
    (question,) = shop.operations.questions()
    shop.agent.answer(question.id, Said(value=question.choices[0]["said"]["value"]), by="Ann")
    requests, version = len(shop.teller.requests), shop.registry.get("longest")
    again = verify(version, embedded, Limits())
    assert again.holds, again.verdict.findings
    assert (again.changed, again.differs) == ((), ())
    agreed = next(result for result in again.verdict.results if result.check == agreement.NAME)
    assert len(agreed.evidence["candidates"]) == 2
    assert agreed.evidence["candidates"][1]["fallen"]
    assert len(shop.teller.requests) == requests


def test_a_candidate_that_fails_most_tests_is_refused_and_not_asked_about(workshop):
    """One that is plainly wrong is no doubt: the task ends in the findings, without a question for a person."""
    never = 'def count_vowels(text: str) -> int:\n    """Count the vowels in a text."""\n    return 40 + len(text)\n'
    shop = workshop(generate=[never], repair=[never], candidates=1)
    with pytest.raises(NotPromoted) as caught:
        shop.agent.execute(Task(text="count the vowels", arguments={"text": "Adele"}))
    assert not isinstance(caught.value, Undecided)
    assert shop.operations.questions() == []
