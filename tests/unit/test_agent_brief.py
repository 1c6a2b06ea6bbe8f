"""What is settled before code exists: what is pinned, what an extension keeps, and that none of it is lost."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.brief import Brief, brief_from
from agent.specification import Specification
from agent.types import Task
from registry import Example, Function, Manifest, Status, Version

TESTS = "from function import double\n\n\ndef test_by():\n    assert double(2, by=3) == 6\n"
OLD_TESTS = "from function import double\n\n\ndef test_two():\n    assert double(2) == 4\n"
SPECIFICATION = Specification.model_validate(
    {
        "name": "double",
        "description": "Double a number, or more.",
        "aliases": ["twice", "times"],
        "signature": "def double(n: int, by: int = 2) -> int",
        "examples": [{"in": {"n": 5}, "out": 10}],
    }
)
SECRET = "geheim-4711"


def example(n: int, out: int, **more: Any) -> Example:
    """What a person says."""
    return Example.model_validate({"in": {"n": n, **more}, "out": out})


@pytest.fixture
def old() -> Version:
    """The version to be extended, with everything that must stay."""
    manifest = Manifest(
        name="double",
        description="Old words.",
        aliases=("twofold", "twice"),
        input_schema={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
        requirements=("numpy",),
        grants=("GET api.example.org",),
        examples=(example(1, 2), example(3, 6)),
    )
    function = Function(manifest=manifest, source="def double(n: int) -> int: ...\n", tests=OLD_TESTS)
    return Version(function=function, commit="0" * 40, status=Status.PRODUCTION, version="1.0.0")


@pytest.fixture
def brief(old: Version) -> Callable[..., Brief]:
    """The brief of the extension, with changes."""

    def make(**changed: Any) -> Brief:
        task = Task(
            text="let me choose the factor",
            arguments={"n": SECRET},
            positional=(SECRET,),
            examples=(example(2, 6, by=3),),
            requirements=("numpy", "attrs"),
            wishes=("no floats",),
        )
        fields = {"task": task, "replaces": old, "kept_tests": OLD_TESTS, "authors": {"tests": "m test@1"}}
        return Brief(task_id="7", tests=TESTS, **{"specification": SPECIFICATION, **fields, **changed})

    return make


def test_an_extension_keeps_what_the_old_version_promised(brief):
    """Name, aliases, examples, packages and old tests stay; grants do not: what is reached is observed anew."""
    function = brief().function("def double(n: int, by: int = 2) -> int: ...")
    manifest = function.manifest
    assert (manifest.name, manifest.description) == ("double", "Double a number, or more.")
    assert manifest.aliases == ("twofold", "twice", "times")
    assert manifest.examples == (example(2, 6, by=3), example(1, 2), example(3, 6))
    assert manifest.grants == ()
    assert manifest.requirements == ("numpy", "attrs")
    assert manifest.parameters == ("n", "by")
    assert function.tests.startswith(OLD_TESTS)
    assert "def test_by()" in function.tests


def test_who_asked_for_a_package_is_known(brief, old):
    """A package has who asked for it in the version before, and who does now: a person, the specification, or both."""
    rows = [
        {"name": "numpy", "by": "model"},
        {"name": "six", "by": "another package"},
        {"name": "rich", "by": "import"},
    ]
    kept = old.function.manifest.model_copy(update={"requirements": ("numpy", "Rich")})
    before = replace(old, evidence={"packages": rows}, function=replace(old.function, manifest=kept))
    wanted = ("numpy", "Rich", "Attrs", "six>=1", "rich>=2", "more-itertools", "six>=1.1", "six>=1.2")
    task = Task(text="x", requirements=wanted)
    specification = SPECIFICATION.model_copy(
        update={"requirements": ("six>=1", "rich>=2", "more-itertools", "six>=1.2")}
    )
    made = brief(task=task, specification=specification, replaces=before)
    assert made.askers == {
        "numpy": "model",
        "rich": "import and model",
        "attrs": "person",
        "six": "model and person",
        "more-itertools": "model",
    }
    assert brief_from(made.as_json(), before).askers == made.askers
    assert brief(task=task, replaces=None).askers["numpy"] == "person"


def test_what_a_person_says_now_outranks_what_was_said_before(brief):
    """An answer or example takes the place of an old one for the same call; a model's examples are never pinned."""
    changed = brief(task=Task(text="x", examples=(example(1, 3),))).answered(example(3, 7)).answered(example(4, 9))
    assert changed.pinned == (example(3, 7), example(4, 9), example(1, 3))
    assert changed.manifest.examples == changed.pinned
    assert example(5, 10) not in changed.pinned


def test_without_a_version_before_there_are_only_the_new_tests(brief):
    """A new function's suite is the one that was written for it, with one newline at its end."""
    fresh = brief(replaces=None, kept_tests="")
    assert fresh.suite == TESTS
    function = fresh.function("\n\ndef double(): ...\n\n\n", tests="x\n\n")
    assert (function.source, function.tests) == ("def double(): ...\n", "x\n")
    assert function.manifest.grants == ()


def test_a_brief_comes_back_as_it_was_kept(brief, old):
    """An answer that comes a week later finds all but the caller's arguments, which nobody needs to keep."""
    made = brief().answered(example(4, 9))
    kept = json.loads(json.dumps(made.as_json()))
    assert SECRET not in json.dumps(kept)
    assert kept["replaces"] == ["double", "1.0.0"]
    assert brief_from(kept, old) == replace(made, task=replace(made.task, arguments={}, positional=()))
