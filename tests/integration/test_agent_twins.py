"""Nothing is registered twice: what does the same as a function in production becomes another way to ask for it."""

import json
from pathlib import Path

import pytest

from agent.making.twins import Near, Twins
from agent.source.signature import read_signature
from agent.types import Origin, Task
from registry import Function, Manifest, Status, read_export
from sandbox import Limits

LIBRARY = Path(__file__).parents[2] / "functions"
WORDS = read_export(LIBRARY / "count_words")
TASK = Task(text="tally the lexemes of an epistle", arguments={"text": "don't stop now"})
"""Says none of the words of `count_words`."""
ROWS = {"one": 1, "one two": 2, "a, b and c": 4, "don't stop": 2, "": 0, "2 of 1,240.50 in v2": 5, "yes - no": 2}
SAME = '''import re
import unicodedata

_WORD = re.compile(r"[^\\W_]+(?:(?:['’‐‑_-]|(?<=\\d)[.,](?=\\d))[^\\W_]+)*")


def tally(text: str) -> int:
    """Tally the words of a text."""
    kept = [letter for letter in text if letter != "\\u00ad" and not unicodedata.category(letter).startswith("M")]
    return sum(1 for _ in _WORD.finditer("".join(kept)))
'''
"""Counts words as `count_words` does, in its own way."""
NEARLY = SAME.replace("'’‐‑_-", "'’‐‑-")
"""Takes an underscore for a blank."""
AT_LENGTH = SAME.replace("return sum(", "return len(text) // 6000 + sum(")
"""Counts long texts otherwise; nobody draws such long ones."""
OTHER = '''def tally(text: str) -> int:
    """Tally the digits and letters of a text."""
    return sum(letter.isalnum() for letter in text)
'''


def fenced(code: str) -> str:
    """A model's reply that holds a module."""
    return f"```python\n{code}```\n"


def specified(signature: str = "def tally(text: str) -> int") -> str:
    """A model's specification."""
    return json.dumps({"name": "tally", "description": "Tally the words of a text.", "signature": signature})


def suite(rows: dict[str, int], more: str = "") -> str:
    """Tests: one a row, and further ones."""
    tests = "\n\n".join(f"def test_{number}():\n    assert tally({text!r}) == {count}\n"
                        for number, (text, count) in enumerate(rows.items()))  # fmt: skip
    return f"from function import tally\n\n\n{tests}\n\n{more}"


def asked(code: str, tests: str = suite(ROWS), signature: str = "def tally(text: str) -> int") -> dict:
    """What the models say that make such a function."""
    return {"specify": [specified(signature)], "test": [fenced(tests)], "generate": [fenced(code)], "candidates": 1}


def made(code: str, tests: str = suite(ROWS)) -> Function:
    """The function as somebody else brings it."""
    signature = read_signature(code)
    schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
    manifest = Manifest(name=signature.name, description="Tally the words of a text.", **schemas)
    return Function(manifest=manifest, source=code, tests=tests)


def told(shop, action: str) -> list[dict]:
    """The facts of all such events."""
    return [dict(event.facts) for event in shop.events if event.action == action]


def twins(shop) -> Twins:
    """What compares candidates with the shop's functions."""
    admission = shop.agent.forge.admission
    limits = Limits(wall_clock_s=5.0)
    return Twins(registry=shop.registry, operations=shop.operations, sandboxes=admission.sandboxes, limits=limits)


def nearest(shop, function: Function, text: str = "tally", **task: object) -> Near | None:
    """What is most like the function."""
    return twins(shop).nearest(function, {}, Task(text=text, **task))


# --- the same


def test_what_is_there_serves_and_is_found_the_next_time(workshop):
    """A model writes what matching missed: nothing is registered, what was there answers, and the words mean it."""
    shop = workshop(functions=["count_words", "slugify"], **asked(SAME))
    before = [(row.name, row.version, row.commit) for row in shop.registry.list()]
    outcome = shop.agent.execute(TASK)
    assert (outcome.function, outcome.version, outcome.value) == ("count_words", "1.0.0", 3)
    assert (outcome.origin, outcome.requests, outcome.status) == (Origin.MATCHED, 3, "production")
    assert [(row.name, row.version, row.commit) for row in shop.registry.list()] == before
    (fact,) = told(shop, "function.twin")
    assert (fact["name"], fact["made"], fact["agree"]) == ("count_words", "tally", fact["of"])
    assert fact["of"] > 50
    (lesson,) = shop.operations.lessons()
    assert (lesson.function, lesson.meant, lesson.taught_by) == ("count_words", True, "does the same as tally")
    assert {"function.approved", "function.promoted"}.isdisjoint(shop.actions())
    again = shop.agent.execute(TASK)
    assert (again.function, again.value, again.requests) == ("count_words", 3, 0)
    assert [run.origin for run in shop.operations.runs()] == ["matched", "matched"]


def test_words_with_examples_teach_nothing(workshop):
    """With examples beside them the words alone mean something wider; what is there serves all the same."""
    shop = workshop(functions=["count_words"], **asked(SAME))
    outcome = shop.agent.create(Task(text=TASK.text, examples=WORDS.manifest.examples))
    assert (outcome.function, outcome.origin) == ("count_words", Origin.MATCHED)
    assert shop.operations.lessons() == []


def test_an_import_of_the_same_gives_what_is_there(workshop):
    """Files that do what a function does are that function; a built-in keeps its own name."""
    shop = workshop(functions=["count_words"])
    assert shop.agent.admit(made(SAME), source="import").name == "count_words"
    assert [row.name for row in shop.registry.list()] == ["count_words"]
    assert [lesson.text for lesson in shop.operations.lessons()] == ["tally the words of a text"]
    assert shop.agent.admit(made(SAME), source="built-in", as_itself=True).name == "tally"
    assert shop.agent.admit(made(SAME), source="import").name == "tally"  # it is there now: no newcomer


def test_parameters_may_be_called_otherwise(workshop):
    """Where nobody gave arguments by name, types in their order are enough; tests that name them are understood."""
    renamed = SAME.replace("text", "epistle")
    by_name = "def test_by_name():\n    assert tally(epistle='a b c') == 3\n"
    shop = workshop(functions=["count_words"], **asked(renamed, suite(ROWS, by_name), "def tally(epistle: str) -> int"))
    assert shop.agent.create(Task(text=TASK.text)).function == "count_words"


def test_parameters_may_stand_in_another_order(workshop):
    """By name and type they are the same; a test that gives them by place is put right, and dates stay dates."""
    turned = '''from datetime import date


def workdays(end: date, start: date) -> int:
    """Count the days from the start to the end."""
    return (end - start).days
'''
    there = turned.replace("workdays(end: date, start: date)", "days(start: date, end: date)")
    tests = """from datetime import date

from function import workdays


def test_one():
    assert workdays(date(2026, 11, 6), date(2026, 11, 2)) == 4


def test_other():
    assert workdays(start=date(2026, 11, 6), end=date(2026, 11, 2)) == -4
"""
    theirs = """from datetime import date

from function import days


def test_by_place_and_by_name():
    assert days(date(2026, 11, 2), end=date(2026, 11, 4)) == 2
"""
    shop = workshop()
    shop.put(made(there, theirs))
    found = nearest(shop, made(turned, tests))
    assert found is not None
    assert (found.fails, found.is_twin, found.likeness.is_same) == ((), True, True)
    by_place = nearest(shop, made(turned, tests), positional=("2026-11-06", "2026-11-02"))
    assert by_place is not None
    assert by_place.fails == ("`days` does not take the arguments that came with the task",)


# --- nearly the same


def test_what_does_nearly_the_same_is_kept_and_shown(workshop):
    """It goes its way, nobody waits for it, and its evidence says what is like it and where the two differ."""
    shop = workshop(functions=["count_words"], **asked(NEARLY))
    outcome = shop.agent.execute(TASK)
    assert (outcome.function, outcome.origin, outcome.status) == ("tally", Origin.GENERATED, "production")
    near = shop.registry.get("tally").evidence["near"]
    assert (near["name"], near["version"], near["fails"]) == ("count_words", "1.0.0", [])
    assert 0.9 * near["of"] <= near["agree"] < near["of"]
    assert all(row["this"] != row["other"] and "_" in row["arguments"]["text"] for row in near["differs"])
    assert near["differs"]
    (fact,) = told(shop, "function.near")
    assert (fact["name"], fact["made"], fact["agree"]) == ("count_words", "tally", near["agree"])
    assert [lesson.taught_by for lesson in shop.operations.lessons()] == ["made for these words"]


def test_where_a_person_signs_it_waits_with_that_evidence(workshop):
    """The policy alone says who waits."""
    shop = workshop(functions=["count_words"], policy="person", **asked(NEARLY))
    shop.agent.create(Task(text=TASK.text))
    version = shop.registry.get("tally")
    assert (version.status, version.evidence["near"]["name"]) == (Status.APPROVED, "count_words")


def test_a_test_tells_apart_what_no_input_does(workshop):
    """Equal on all inputs that were drawn, and not on what its own tests say: no twin, and people are told why."""
    long = "def test_long():\n    assert tally('abc def ' * 1_000) == 2_001\n"
    shop = workshop(functions=["count_words"], **asked(AT_LENGTH, suite(ROWS, long)))
    assert shop.agent.execute(TASK).function == "tally"
    near = shop.registry.get("tally").evidence["near"]
    assert near["agree"] == near["of"]
    assert "test_long" in near["fails"][0]
    assert near["differs"] == []


def test_a_test_of_the_registered_one_tells_apart_too(workshop):
    """The candidate's tests ask for little: that is no reason to take what is there for the same."""
    shop = workshop()
    shop.put(made(SAME, suite(ROWS, "def test_long():\n    assert tally('abc def ' * 1_000) == 2_000\n")))
    renamed, tests = (text.replace("tally", "reckon") for text in (AT_LENGTH, suite(ROWS)))
    found = nearest(shop, made(renamed, tests))
    assert found is not None
    assert (found.likeness.is_same, found.is_twin) == (True, False)
    assert found.fails[0].startswith("of what `tally` promises: test_long failed")
    assert nearest(shop, made(SAME.replace("tally", "reckon"), tests)).is_twin


def test_other_errors_are_no_twin(workshop):
    """One that refuses what the other answers does nearly the same."""
    strict = SAME.replace("    kept = [", '    if not text.strip():\n        raise ValueError("nothing")\n    kept = [')
    rows = {text: count for text, count in ROWS.items() if text}
    found = nearest(workshop(functions=["count_words"]), made(strict, suite(rows)))
    assert found is not None
    assert (found.is_twin, found.likeness.is_near) == (False, True)
    assert {"error": "ValueError: nothing"} in [row["this"] for row in found.likeness.differences()]


# --- not the same


def test_an_honest_other_function_is_not_touched(workshop):
    """The same types alone make no twin, and nobody is told of any."""
    rows = {"ab 1": 3, "": 0, "- -": 0, "x": 1, "Ż ó": 2, "a_b": 2}
    shop = workshop(functions=["count_words"], **asked(OTHER, suite(rows)))
    assert shop.agent.execute(TASK).function == "tally"
    assert "near" not in shop.registry.get("tally").evidence
    assert {"function.twin", "function.near"}.isdisjoint(shop.actions())


def test_what_cannot_take_the_arguments_is_no_twin(workshop):
    """The caller holds `epistle`; a function that only knows `text` is of no help, however much it does the same."""
    renamed = SAME.replace("text", "epistle")
    shop = workshop(functions=["count_words"], **asked(renamed, signature="def tally(epistle: str) -> int"))
    outcome = shop.agent.execute(Task(text=TASK.text, arguments={"epistle": "a b"}))
    assert (outcome.function, outcome.value) == ("tally", 2)
    assert "does not take the arguments" in shop.registry.get("tally").evidence["near"]["fails"][0]


def test_a_persons_word_outranks_it(workshop):
    """Somebody said that these words do not mean the function: no comparison teaches the opposite."""
    shop = workshop(functions=["count_words"], **asked(SAME))
    shop.operations.learn(TASK.text, "count_words", "Ann", meant=False)
    assert shop.agent.execute(TASK).function == "tally"
    assert "do not mean `count_words`" in shop.registry.get("tally").evidence["near"]["fails"][0]
    assert ("count_words", False) in [(lesson.function, lesson.meant) for lesson in shop.operations.lessons()]


def test_a_new_version_is_not_compared(workshop):
    """An enhancement stays a version of its function, though another function does the same."""
    shop = workshop(functions=["count_words"], enhance=[fenced(SAME)], **asked(SAME))
    shop.put(made(NEARLY))
    outcome = shop.agent.enhance("tally", Task(text="an underscore joins"))
    assert (outcome.function, outcome.version) == ("tally", "1.1.0")
    assert {"function.twin", "function.near"}.isdisjoint(shop.actions())


@pytest.mark.parametrize(
    "code",
    [SAME.replace("def tally", "async def tally"), "def tally(text: str) -> int:\n    return 1\n"],
    ids=["coroutine", "unreadable"],
)
def test_only_plain_functions_are_compared(workshop, code):
    """A coroutine is left out, as candidate and as what is there; so is one whose signature cannot be read."""
    shop = workshop(functions=["count_words"])
    odd = Function(manifest=made(SAME).manifest, source=code, tests="")
    assert nearest(shop, odd) is None
    other = workshop()
    other.put(odd)
    assert nearest(other, WORDS) is None


def test_what_cannot_run_here_is_passed_over(workshop):
    """A function that was proven in a sandbox which is not to be had hinders nobody."""
    shop = workshop()
    shop.registry.add_candidate(WORDS, {"verdict": {"validated_on": ["docker"]}})
    shop.registry.approve("count_words", by="test")
    shop.registry.promote("count_words", by="test")
    assert nearest(shop, made(SAME)) is None


@pytest.mark.parametrize("code", ['return 1 if text == "x" else 0', "return 0", "return len(text) * 0 + 3"])
def test_functions_that_hardly_answer_anything_are_no_twins(workshop, code):
    """Where nearly all inputs get one answer, equal answers say nothing."""
    shop = workshop()
    source = f'def flag(text: str) -> int:\n    """Flag a text."""\n    {code}\n'
    shop.put(made(source, ""))
    assert nearest(shop, made(source.replace("flag", "sign"), "")) is None


def test_the_built_in_functions_are_no_twins_of_each_other(workshop):
    """Of all built-in functions with the same types, none does the same as another, or nearly."""
    names = sorted(path.parent.name for path in LIBRARY.glob("*/function.json"))
    shop = workshop(functions=names)
    compared = [version for version in shop.registry.production() if shop.registry.alike(version.function.manifest, 5)]
    assert len(compared) >= 10
    assert [each.name for each in compared if nearest(shop, each.function, "anything") is not None] == []
