"""Functions that need packages, from the task to production: locked, guarded, proven with them, signed by a person."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import BadTask, NotPromoted, Undecided
from agent.packages import AllowList, Shelf
from agent.questions import Said
from agent.sandboxes import Sandboxes
from agent.types import Task
from registry import Function, Manifest, Status
from sandbox import Sandbox
from sandbox.locks import read_lock
from sandbox.packages import Layers
from sandbox.resolver import PackagesUnavailable, Resolver

VOWELS = {"vowel_letters/__init__.py": "def find(text):\n    return [c for c in text.lower() if c in 'aeiou']\n"}
CODE = '''import vowel_letters


def count_vowels(text: str) -> int:
    """Count the vowels in a text."""
    return len(vowel_letters.find(text))
'''
OTHER = '''from vowel_letters import find


def count_vowels(text: str) -> int:
    """Count the letters of a text that are vowels."""
    found = 0
    for _ in find(text):
        found += 1
    return found
'''
SUITE = "from function import count_vowels\n\n\n" + "\n\n".join(
    f"def test_{number}():\n    assert count_vowels({text!r}) == {count}\n"
    for number, (text, count) in enumerate({"Adele": 3, "xyz": 0, "education": 5, "OUIJA": 4, "boat": 2}.items())
)
TASK = Task(text="count the vowels", requirements=("Vowel.Letters",))
PLAIN_TASK = Task(text="count the vowels")
PLAIN = CODE.replace("import vowel_letters\n\n\n", "").replace(
    "len(vowel_letters.find(text))", "sum(letter in 'aeiou' for letter in text.lower())"
)

MakeShelf = Callable[..., Shelf]


@pytest.fixture
def shelf(layers: Layers, resolver: Resolver) -> MakeShelf:
    """A shelf with the operator's list."""

    def make(*allow: str, others: bool = True, asking: Resolver = resolver) -> Shelf:
        allowed = AllowList(entries=allow, others=others)
        return Shelf(layers=layers, resolver=asking, python=lambda: "3.14.2", allowed=allowed)

    return make


@pytest.fixture
def shop(workshop: Callable[..., Any], shelf: MakeShelf, wasm: Sandbox) -> Iterator[Callable[..., Any]]:
    """An agent with the packages of the index, and a list of the operator's."""

    def make(*allow: str, others: bool = True, asking: Resolver | None = None, **words: Any) -> Any:
        its = shelf(*allow, others=others, **({"asking": asking} if asking else {}))
        sandboxes = Sandboxes(("wasm",), lambda _: wasm, lambda line: None, its.of)
        written = [fenced(CODE), fenced(OTHER)]
        said = {"generate": written, "enhance": [*written], "repair": [*written], **words}
        return workshop(sandboxes=sandboxes, shelf=its, **said)

    return make


def fenced(code: str) -> str:
    """A model's reply that holds a module."""
    return f"```python\n{code}```"


def proposing(*requirements: str) -> str:
    """A model's specification that names packages."""
    facts = {"name": "count_vowels", "description": "Count the vowels in a text.", "requirements": requirements}
    example = {"in": {"text": "Adele"}, "out": 3}
    return json.dumps(facts | {"signature": "def count_vowels(text: str) -> int", "examples": [example]})


def function(**changed: Any) -> Function:
    """A function that needs the package, as a folder from elsewhere has it."""
    facts = {"name": "count_vowels", "description": "Count the vowels in a text.", "requirements": ("vowel-letters",)}
    schemas = {"input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
                                "additionalProperties": False}, "output_schema": {"type": "integer"}}  # fmt: skip
    whole = {"manifest": Manifest(**facts, **schemas), "source": CODE, "tests": SUITE, **changed}
    return Function(**whole)


def test_a_function_is_made_with_its_packages_and_waits_for_a_person(index, shop):
    """What was asked for is locked, proven and run with its packages; the version is approved and no more."""
    index.add("vowel-letters", "1.0", VOWELS, requires=("words",))
    index.add("words", "2.0")
    made = shop()
    outcome = made.agent.create(TASK)
    version = made.registry.get("count_vowels", outcome.version)
    assert version.status is Status.APPROVED
    assert version.function.manifest.requirements == ("Vowel.Letters",)
    assert read_lock(version.function.lock).versions == {"vowel-letters": "1.0", "words": "2.0"}
    rows = {row["name"]: row for row in version.evidence["packages"]}
    assert rows["vowel-letters"] == {
        "name": "vowel-letters", "version": "1.0", "by": "person", "allowed": False, "resembles": "",
        "released": "2020-01-01", "first_released": "2020-01-01",
    }  # fmt: skip
    assert rows["words"]["by"] == "another package"
    made.registry.promote("count_vowels", by="Ola")
    assert made.agent.run("count_vowels", Task(text="", arguments={"text": "Adele"})).value == 3


def test_what_the_operator_allows_needs_no_person(index, shop):
    """A package on the operator's list goes to production by the function's checks."""
    index.add("vowel-letters", "1.0", VOWELS)
    made = shop("vowel_letters>=1")
    made.agent.create(TASK)
    assert made.registry.get("count_vowels").status is Status.PRODUCTION


@pytest.mark.parametrize(
    ("allow", "requirement", "listed"),
    [
        ("pandas", "pandas", True),
        ("Pandas>=2", "pandas", True),
        ("pandas>=3", "pandas", False),
        ("numpy", "pandas", False),
        ("pandas", "pandas[excel]", False),
        ("pandas[excel,html]", "pandas[excel]", True),
    ],
)
def test_the_list_means_a_package_with_its_versions_and_extras(allow, requirement, listed):
    """An entry stands for that package, at the versions and with the extras that it names."""
    lock = "# Made for Python 3.14. These files and no others are installed.\n"
    lock += f"pandas==2.5.0 \\\n    --hash=sha256:{'0' * 64}\n"
    manifest = Manifest(name="f", description="", input_schema={}, requirements=(requirement,))
    assert AllowList(entries=(allow,)).covers(Function(manifest=manifest, source="", tests="", lock=lock)) is listed
    assert not AllowList(entries=(allow,)).covers(Function(manifest=manifest, source="", tests="", lock="broken"))


def test_a_package_is_allowed_where_all_that_is_asked_of_it_is(index, shelf):
    """One that is asked for twice, once with an extra that is not on the list, is shown as not allowed."""
    index.add("vowel-letters", "1.0", VOWELS)
    for wanted, allowed in (
        (("vowel-letters[fast]", "vowel-letters"), False),
        (("vowel-letters>=1", "vowel-letters"), True),
    ):
        made = function(manifest=function().manifest.model_copy(update={"requirements": wanted}))
        its = shelf("vowel-letters")
        made = replace(made, lock=its.locked(wanted).lock)
        (row,) = its.evidence(made, {}, "import")["packages"]
        assert (row["allowed"], its.allowed.covers(made)) == (allowed, allowed)


def test_a_function_without_packages_needs_nothing(shop, index):
    """Where nothing is asked for, no index is asked and nothing is kept."""
    made = shop(generate=[fenced(PLAIN)])
    made.agent.create(PLAIN_TASK)
    version = made.registry.get("count_vowels")
    assert (version.status, version.function.lock) == (Status.PRODUCTION, "")
    assert "packages" not in version.evidence
    assert index.asked == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("reqeusts", "did you mean `requests`"),
        ("sklearn", "did you mean `scikit-learn`"),
        ("qqzzxxyyww", "do without it"),
        ("json", "standard library"),
        ("evil @ http://127.0.0.1/evil.whl", "address"),
    ],
)
def test_a_package_that_cannot_be_had_is_said_before_any_model_is_asked(shop, name, said):
    """A wrong name, one of Python's own modules, or an address ends the task at once, with what to do."""
    made = shop()
    with pytest.raises(BadTask, match=said):
        made.agent.create(replace(TASK, requirements=(name,)))
    assert made.teller.requests == []


def test_what_is_not_on_the_list_can_be_ruled_out(index, shop):
    """With `allow_unlisted = false` a package that is not on the list is refused, and the index is not asked."""
    index.add("vowel-letters", "1.0", VOWELS)
    with pytest.raises(BadTask, match="not on the operator's list"):
        shop("numpy", others=False).agent.create(TASK)
    assert index.asked == []
    made = shop("vowel-letters", others=False)
    made.agent.create(TASK)
    assert made.registry.get("count_vowels").status is Status.PRODUCTION


def test_a_function_from_elsewhere_gets_a_lock(index, shop):
    """A folder without a lock is locked at the door; it waits for a person as any other."""
    index.add("vowel-letters", "1.0", VOWELS)
    version = shop().agent.admit(function(), source="import")
    assert version.status is Status.APPROVED
    assert read_lock(version.function.lock).versions == {"vowel-letters": "1.0"}
    assert version.evidence["packages"][0]["by"] == "import"


def test_a_lock_from_elsewhere_is_kept_where_the_index_bears_it_out(index, shop, shelf):
    """An imported lock keeps its text and its versions, also where newer ones exist."""
    index.add("vowel-letters", "1.0", VOWELS)
    lock = shelf().locked(["vowel-letters"]).lock
    index.add("vowel-letters", "2.0", VOWELS)
    version = shop().agent.admit(function(lock=lock), source="import")
    assert version.function.lock == lock


def test_a_lock_from_elsewhere_cannot_bring_what_the_index_does_not_have(index, shop, shelf):
    """Foreign digests are replaced by the index's own, other packages fall out, and what is no lock is refused."""
    index.add("vowel-letters", "1.0", VOWELS)
    index.add("stowaway", "1.0")
    honest = shelf().locked(["vowel-letters"]).lock
    foreign = honest.replace("    --hash", f"    --hash=sha256:{'0' * 64} \\\n    --hash", 1)
    stowaway = shelf().locked(["vowel-letters", "stowaway"]).lock
    made = shop()
    assert made.agent.admit(function(lock=foreign), source="import").function.lock == honest
    assert made.agent.admit(function(lock=stowaway), source="import").function.lock == honest
    for text in ("--index-url http://127.0.0.1/\n", honest + "-r /etc/passwd\n"):
        with pytest.raises(NotPromoted):
            made.agent.admit(function(lock=text), source="import")


def test_an_unneeded_lock_is_dropped(shop):
    """A lock in the folder of a function that declares no package brings none."""
    plain = function().manifest.model_copy(update={"requirements": ()})
    version = shop().agent.admit(function(manifest=plain, source=PLAIN, lock="anything"), source="import")
    assert version.function.lock == ""


def test_a_package_that_is_not_declared_is_not_there(index, shop):
    """A candidate that imports what nobody declared is refused by reading."""
    with pytest.raises(NotPromoted) as caught:
        shop().agent.create(PLAIN_TASK)
    assert "`import vowel_letters` is neither" in str(caught.value.facts["findings"])


def test_a_module_may_have_another_name_than_its_package(index, shop):
    """What the installed packages bring may be imported, whatever the package is called; pytest's own parts may not."""
    index.add("vowel-letters-fast", "1.0", VOWELS)
    wanted = function().manifest.model_copy(update={"requirements": ("vowel-letters-fast",)})
    made = shop()
    assert made.agent.admit(function(manifest=wanted), source="import").status is Status.APPROVED
    with pytest.raises(NotPromoted, match="static"):
        made.agent.admit(function(manifest=wanted, source="import pluggy\n" + CODE), source="import")


def test_an_enhanced_function_keeps_its_packages(index, shop):
    """A new version has the locked versions of the one before, though newer ones exist."""
    index.add("vowel-letters", "1.0", VOWELS)
    made = shop("vowel-letters")
    made.agent.create(TASK)
    index.add("vowel-letters", "2.0", VOWELS)
    before = made.registry.get("count_vowels")
    outcome = made.agent.enhance("count_vowels", Task(text="count the vowels of a text, quickly"))
    after = made.registry.get("count_vowels", outcome.version)
    assert after.function.lock == before.function.lock != ""


def test_a_version_whose_lock_is_gone_does_not_run(shelf):
    """Packages without a readable lock are an error that says what to do, and nothing is installed."""
    with pytest.raises(PackagesUnavailable, match="does not say which"):
        shelf().of(function(lock=""))
    assert shelf().of(function(manifest=function().manifest.model_copy(update={"requirements": ()}))) is None


def test_what_a_model_proposes_is_made_waits_is_signed_and_runs(index, shop):
    """Packages of the specification are locked, told, proven with; the person who signs sees that a model asked."""
    index.add("vowel-letters", "1.0", VOWELS)
    made = shop(specify=[proposing("vowel-letters", "Vowel_Letters")])
    outcome = made.agent.create(PLAIN_TASK)
    version = made.registry.get("count_vowels", outcome.version)
    assert version.status is Status.APPROVED
    assert version.function.manifest.requirements == ("vowel-letters",)
    assert read_lock(version.function.lock).versions == {"vowel-letters": "1.0"}
    assert [(row["name"], row["by"], row["allowed"]) for row in version.evidence["packages"]] == [
        ("vowel-letters", "model", False)
    ]
    assert [event.facts["packages"] for event in made.events if event.action == "task.specified"] == [["vowel-letters"]]
    assert "and the packages vowel-letters" in made.first("generate")
    made.registry.promote("count_vowels", by="Ola")
    assert made.agent.run("count_vowels", Task(text="", arguments={"text": "Adele"})).value == 3


def test_what_a_model_proposes_from_the_operators_list_needs_no_person(index, shop):
    """The list is told to the model, and a version with nothing else goes to production by its checks."""
    index.add("vowel-letters", "1.0", VOWELS)
    made = shop("vowel-letters", others=False, specify=[proposing("vowel-letters")])
    made.agent.create(PLAIN_TASK)
    assert "There are no others than these: vowel-letters." in made.first("specify")
    version = made.registry.get("count_vowels")
    assert (version.status, version.evidence["packages"][0]["by"]) == (Status.PRODUCTION, "model")


@pytest.mark.parametrize(
    ("allow", "requirement", "said"),
    [
        (None, "reqeusts", "did you mean `requests`"),
        (None, "text-vowel-counter-pro", "models invent package names: do without it"),
        (None, "json", "standard library"),
        (None, "fresh", "older than 30 days"),
        (None, "evil @ http://127.0.0.1/evil.whl", "names an address"),
        (None, "--index-url=http://127.0.0.1/", "is not a package"),
        (None, "native", "native code"),
        ("numpy", "vowel-letters", "not on the operator's list of packages (numpy)"),
    ],
)
def test_a_proposed_package_that_cannot_be_had_goes_back_to_the_model(index, shop, allow, requirement, said):
    """What is wrong with it is a finding on the specification; the next one, which does without, is made."""
    index.add("vowel-letters", "1.0", VOWELS)
    index.add("fresh", "1.0", uploaded="2999-01-01T00:00:00Z")
    index.add("native", "1.0", {"native/core.so": "ELF"})
    allowed = {"others": False} if allow else {}
    words = {"specify": [proposing(requirement), proposing()], "generate": [fenced(PLAIN)]}
    made = shop(*([allow] if allow else []), **allowed, **words)
    made.agent.create(PLAIN_TASK)
    version = made.registry.get("count_vowels")
    assert (version.status, version.function.manifest.requirements) == (Status.PRODUCTION, ())
    requests = [request for request in made.teller.requests if request.purpose.value == "specify"]
    assert said in requests[1].messages[-1].content
    assert len(requests) == 2


def test_without_an_index_a_proposed_package_is_done_without(shop):
    """The model learns that nothing can be fetched, and the person why."""
    away = Resolver(index="http://127.0.0.1:9/simple")
    made = shop(asking=away, specify=[proposing("vowel-letters"), proposing()], generate=[fenced(PLAIN)])
    made.agent.create(PLAIN_TASK)
    assert made.registry.get("count_vowels").status is Status.PRODUCTION
    assert "cannot be fetched now: do without" in made.teller.requests[1].messages[-1].content
    assert "127.0.0.1:9" not in made.teller.heard()
    assert any("could not be asked" in event.facts["line"] for event in made.events if event.action == "progress")


def test_a_model_that_insists_on_a_package_ends_the_task(shop):
    """After three tries the error says which package it was, and that nothing was made."""
    made = shop("numpy", others=False, specify=[proposing("vowel-letters")])
    with pytest.raises(NotPromoted, match="in 3 tries; the last: requirements: `vowel-letters` is not on"):
        made.agent.create(PLAIN_TASK)
    assert (made.teller.asked_for(), made.registry.list()) == (["specify"] * 3, [])


def test_a_new_version_remembers_who_asked(index, shop):
    """A package that a model asked for stays one that a model asked for; what the person adds is the person's."""
    index.add("vowel-letters", "1.0", VOWELS)
    index.add("words", "1.0")
    made = shop(specify=[proposing("vowel-letters")])
    made.agent.create(PLAIN_TASK)
    wish = Task(text="count the vowels of a text, quickly", requirements=("words",))
    outcome = made.agent.enhance("count_vowels", wish)
    version = made.registry.get("count_vowels", outcome.version)
    assert version.function.manifest.requirements == ("vowel-letters", "words")
    assert {row["name"]: row["by"] for row in version.evidence["packages"]} == {
        "vowel-letters": "model", "words": "person"
    }  # fmt: skip


def test_an_answer_keeps_what_the_model_proposed(index, shop):
    """A question that is answered later finds the packages, their lock, and who asked for them."""
    index.add("vowel-letters", "1.0", VOWELS)
    odd = OTHER.replace("find(text)", "find(text.replace('z', 'a'))")
    tests = "from function import count_vowels\n\n\ndef test_some():\n    assert count_vowels('boat') == 2\n"
    tests += "\n\ndef test_none():\n    assert count_vowels('x') == 0\n"
    made = shop(specify=[proposing("vowel-letters")], test=[fenced(tests)], generate=[fenced(CODE), fenced(odd)])
    with pytest.raises(Undecided):
        made.agent.create(PLAIN_TASK)
    (question,) = made.operations.questions()
    value = sum(letter in "aeiou" for letter in question.arguments["text"].lower())
    outcome = made.agent.answer(question.id, Said(value=value), by="Ola")
    version = made.registry.get("count_vowels", outcome.version)
    assert version.status is Status.APPROVED
    assert version.function.manifest.requirements == ("vowel-letters",)
    assert version.function.lock == question.state["brief"]["lock"] != ""
    assert [row["by"] for row in version.evidence["packages"]] == ["model"]
