"""The life of a function: candidate, approved, production, rolled back, quarantined."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import (
    ALLOWED_TRANSITIONS,
    Function,
    InvalidTransition,
    Manifest,
    NameTaken,
    Registry,
    RegistryError,
    Status,
    Superseded,
    UnknownFunction,
    UnknownVersion,
    read_export,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def function(name: str = "count_words", source: str = "one", **fields: object) -> Function:
    """A small function, different for each source."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    manifest = Manifest(name=name, description="Counts words.", input_schema=schema, **fields)
    return Function(manifest=manifest, source=f"# {source}\n", tests="def test(): pass\n")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry.create(tmp_path / "registry") as registry:
        yield registry


def produce(registry: Registry, function: Function) -> str:
    """Take the function to production; its version."""
    registry.add_candidate(function, {})
    registry.approve(function.name, function.digest, by="Ann")
    return registry.promote(function.name, by="Ann").version


def git(registry: Registry, *arguments: str) -> str:
    """What git itself says."""
    return subprocess.run(
        ["git", f"--git-dir={registry.path}", *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_a_function_goes_from_candidate_to_production(registry):
    """Each step changes the status and nothing else, and `get` shows the best there is."""
    evidence = {"verdict": {"summary": "9 tests"}}
    candidate = registry.add_candidate(function(), evidence)
    assert (candidate.status, candidate.version, candidate.function) == (Status.TESTING, "", function())
    assert candidate.evidence == {**evidence, "digest": function().digest}
    assert registry.get("count_words") == candidate
    assert registry.find("count_words") is None

    approved = registry.approve("count_words", by="Ann")
    assert (approved.status, approved.version) == (Status.APPROVED, "1.0.0")
    assert registry.get("count_words") == approved

    serving = registry.promote("count_words", by="Ann")
    assert (serving.status, serving.version) == (Status.PRODUCTION, "1.0.0")
    assert registry.find("count_words") == registry.get("count_words") == serving
    assert registry.production() == [serving]
    assert registry.check() == []


def test_refs_say_where_a_version_stands(registry):
    """A person with nothing but git sees the same statuses, and who decided."""
    produce(registry, function())
    second = registry.add_candidate(function(source="two"), {})
    refs = git(registry, "for-each-ref", "--format=%(refname) %(objecttype)").split("\n")
    assert refs[:-1] == [
        f"refs/heads/candidate/count_words/{second.digest} commit",
        "refs/heads/main commit",
        "refs/heads/production commit",
        "refs/tags/count_words/v1.0.0 tag",
    ]
    assert git(registry, "log", "-1", "--format=%(trailers:key=Approved-by,valueonly)", "main").strip() == "Ann"
    listed = git(registry, "ls-tree", "-r", "--name-only", "production").split()
    assert [Path(path).name for path in listed] == [
        "README.md",
        "evidence.json",
        "function.json",
        "function.py",
        "test_function.py",
    ]
    assert git(registry, "fsck", "--strict", "--no-dangling") == ""


def test_adding_the_same_files_twice_is_adding_them_once(registry):
    """A digest is one function: it keeps the status and the evidence it has."""
    first = registry.add_candidate(function(), {"first": True})
    assert registry.add_candidate(function(), {"first": False}) == first
    produce(registry, function())
    again = registry.add_candidate(function(), {})
    assert (again.status, again.version) == (Status.PRODUCTION, "1.0.0")
    assert len(registry.list()) == 1


def test_approving_twice_gives_the_same_version(registry):
    """An approval repeated after a crash makes no second version."""
    digest = registry.add_candidate(function(), {}).digest
    first = registry.approve("count_words", digest, by="Ann")
    assert registry.approve("count_words", digest, by="Ann") == first


def test_several_candidates_must_be_told_apart(registry):
    """Without a digest only an only candidate can be approved; the error lists the others."""
    digests = {registry.add_candidate(function(source=text), {}).digest for text in "ab"}
    with pytest.raises(UnknownVersion) as caught:
        registry.approve("count_words", by="Ann")
    assert all(digest in str(caught.value) for digest in digests)
    assert registry.get("count_words", digest := digests.pop()).digest == digest


def test_versions_are_numbered_by_the_kind_of_change(registry):
    """A kept signature is a minor version, a changed one a major version."""
    numbers = []
    for text, change in [("a", "minor"), ("b", "minor"), ("c", "major"), ("d", "minor")]:
        digest = registry.add_candidate(function(source=text), {}).digest
        numbers.append(registry.approve("count_words", digest, by="Ann", change=change).version)
    assert numbers == ["1.0.0", "1.1.0", "2.0.0", "2.1.0"]


def test_a_new_function_needs_a_free_name(registry):
    """What was made under a name that somebody else took meanwhile is not let in as their next version."""
    produce(registry, function(source="theirs"))
    ours = registry.add_candidate(function(source="ours"), {})
    with pytest.raises(NameTaken, match="count_words"):
        registry.approve("count_words", ours.digest, by="Ann", change="new")
    assert registry.get("count_words").function.source == "# theirs\n"


def test_a_successor_replaces_only_what_it_was_made_from(registry):
    """A version prepared for 1.0.0 does not silently undo the 1.1.0 that came in between."""
    produce(registry, function(source="first"))
    produce(registry, function(source="second"))
    late = registry.add_candidate(function(source="late"), {})
    with pytest.raises(Superseded, match=r"1\.1\.0 is in production"):
        registry.approve("count_words", late.digest, by="Ann", replaces="1.0.0")
    assert registry.approve("count_words", late.digest, by="Ann", replaces="1.1.0").version == "1.2.0"


def test_a_rollback_is_a_new_commit(registry):
    """Going back adds to the history of production and takes nothing from it."""
    produce(registry, function(source="a"))
    produce(registry, function(source="b"))
    before = git(registry, "rev-parse", "production").strip()
    fingerprint = registry.fingerprint()
    back = registry.rollback("count_words", "1.0.0", by="Bob", note="Wrong in March.")
    assert (back.version, back.status, registry.find("count_words")) == ("1.0.0", Status.PRODUCTION, back)
    assert git(registry, "rev-parse", "production^").strip() == before
    assert registry.fingerprint() != fingerprint
    assert registry.get("count_words", "1.1.0").status is Status.APPROVED
    assert registry.history("count_words")[-1].note == "Wrong in March."
    assert registry.promote("count_words", by="Ann").version == "1.1.0"


def test_quarantine_brings_back_the_newest_earlier_version_that_served(registry):
    """An approved version that never served is not tried on people when another is quarantined."""
    produce(registry, function(source="a"))
    registry.add_candidate(function(source="never promoted"), {})
    registry.approve("count_words", by="Ann")
    assert produce(registry, function(source="c")) == "1.2.0"
    after = registry.quarantine("count_words", by="Bob", reason="It loses commas.")
    assert after is not None
    assert (after.version, after.status) == ("1.0.0", Status.PRODUCTION)
    assert registry.get("count_words", "1.2.0").status is Status.QUARANTINED
    assert registry.find("count_words") == after
    with pytest.raises(InvalidTransition, match=r"1\.2\.0 is quarantined"):
        registry.promote("count_words", "1.2.0", by="Ann")
    with pytest.raises(InvalidTransition):
        registry.rollback("count_words", "1.2.0", by="Ann")
    assert registry.promote("count_words", by="Ann").version == "1.1.0"
    assert registry.check() == []


def test_quarantine_of_the_only_version_leaves_nothing_to_run(registry):
    """Where no earlier version served, production has none, and repeating it changes nothing."""
    produce(registry, function())
    assert registry.quarantine("count_words", by="Bob", reason="wrong") is None
    assert registry.quarantine("count_words", by="Bob", reason="wrong", version="1.0.0") is None
    assert registry.find("count_words") is None
    assert registry.production() == []
    assert registry.get("count_words").status is Status.QUARANTINED
    assert [entry.status for entry in registry.list()] == [Status.QUARANTINED]
    with pytest.raises(UnknownVersion, match="no version in production"):
        registry.quarantine("count_words", by="Bob", reason="wrong")


def test_quarantine_of_a_version_that_does_not_serve_leaves_production_alone(registry):
    """What runs keeps running, and the record says who and why."""
    produce(registry, function(source="a"))
    produce(registry, function(source="b"))
    after = registry.quarantine("count_words", by="Bob", reason="old bug", version="1.0.0")
    assert after is not None
    assert after.version == "1.1.0"
    last = registry.history("count_words")[-1]
    assert (last.version, last.status, last.by, last.note) == ("1.0.0", Status.QUARANTINED, "Bob", "old bug")


def test_approving_again_what_was_quarantined_does_not_free_it(registry):
    """The digest of a quarantined version stays quarantined, however often it is generated anew."""
    produce(registry, function())
    registry.quarantine("count_words", by="Bob", reason="wrong")
    assert registry.add_candidate(function(), {}).status is Status.QUARANTINED
    assert registry.approve("count_words", function().digest, by="Ann").status is Status.QUARANTINED
    with pytest.raises(UnknownVersion, match="no approved version"):
        registry.promote("count_words", by="Ann")


@pytest.mark.parametrize("step", ["get", "history", "promote", "approve"])
def test_a_name_nobody_registered_is_an_error_that_names_it(registry, step):
    """An unknown name is told from an unknown version, for each way to ask."""
    arguments = {"by": "Ann"} if step in ("promote", "approve") else {}
    with pytest.raises(UnknownFunction, match="nothing_here"):
        getattr(registry, step)("nothing_here", **arguments)
    produce(registry, function())
    with pytest.raises(UnknownVersion, match=r"count_words has no version 9\.9\.9"):
        registry.rollback("count_words", "9.9.9", by="Ann")


def test_nobody_changes_anything_without_a_name(registry):
    """Whoever approves or promotes is named; an empty name is refused."""
    registry.add_candidate(function(), {})
    with pytest.raises(RegistryError, match="name"):
        registry.approve("count_words", by=" \n")


def test_history_tells_the_whole_life(registry):
    """Every step stands in the history, oldest first, with its commit."""
    produce(registry, function(source="a"))
    registry.add_candidate(function(source="b"), {}, by="model")
    entries = registry.history("count_words")
    assert {(entry.status, entry.by) for entry in entries} == {
        (Status.APPROVED, "Ann"),
        (Status.PRODUCTION, "Ann"),
        (Status.TESTING, "model"),
    }
    assert entries == sorted(entries, key=lambda entry: entry.when)
    assert all(len(entry.commit) == 40 for entry in entries)


def test_a_list_shows_each_function_once_and_each_candidate(registry):
    """A function is listed at its best status; what waits for approval stands beside it."""
    produce(registry, function("beta"))
    registry.add_candidate(function("beta", "two"), {})
    registry.add_candidate(function("alpha"), {})
    registry.approve("alpha", by="Ann")
    rows = [(row.name, row.version, row.status.value, row.description) for row in registry.list()]
    assert rows == [
        ("alpha", "1.0.0", "approved", "Counts words."),
        ("beta", "1.0.0", "production", "Counts words."),
        ("beta", "", "testing", "Counts words."),
    ]


def test_a_diff_shows_what_changed_and_leaves_the_evidence_out(registry):
    """Two versions differ by their files; an equal pair gives an empty text."""
    produce(registry, function(source="a"))
    produce(registry, function(source="b"))
    text = registry.diff("count_words", "1.0.0", "1.1.0")
    assert "-# a\n+# b\n" in text
    assert "evidence" not in text
    assert registry.diff("count_words", "1.0.0", "1.0.0") == ""


def test_an_export_can_be_read_back(registry, tmp_path):
    """A function leaves the registry as a folder, and comes back as the same function."""
    produce(registry, function())
    folder = registry.export("count_words", tmp_path / "out")
    assert folder == tmp_path / "out" / "count_words"
    assert read_export(folder) == function()


def test_a_lock_goes_with_its_function(registry, tmp_path):
    """A lock is a file of the version, in git, in the index, in an export; a version without leaves none behind."""
    locked = replace(function(), lock="six==1.0\n")
    produce(registry, locked)
    assert registry.find("count_words").function == registry.get("count_words", "1.0.0").function == locked
    folder = registry.export("count_words", tmp_path)
    assert (folder / "requirements.lock").read_text() == "six==1.0\n"
    assert read_export(folder) == locked
    produce(registry, function(source="plain"))
    assert read_export(registry.export("count_words", tmp_path)).lock == ""
    assert "-six==1.0" in registry.diff("count_words", "1.0.0", "1.1.0")
    assert registry.check() == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=TEXTS, tests=TEXTS, description=TEXTS, alias=TEXTS, lock=TEXTS)
def test_git_gives_back_every_character(registry, source, tests, description, alias, lock):
    """Any text survives git and the index: Unicode, CRLF, no newline at the end, nothing at all."""
    manifest = Manifest(name="any_text", description=description, aliases=(alias,), input_schema={})
    given_function = Function(manifest=manifest, source=source, tests=tests, lock=lock)
    registry.add_candidate(given_function, {})
    version = registry.approve("any_text", given_function.digest, by="Ann").version
    assert registry.promote("any_text", version, by="Ann").function == given_function
    found = registry.find("any_text")
    assert found is not None
    assert found.function == given_function


def test_no_transition_leads_out_of_quarantine():
    """The table of moves knows no way back from quarantine, and no way past approval."""
    assert not [move for move in ALLOWED_TRANSITIONS if move[0] is Status.QUARANTINED]
    assert [move for move in ALLOWED_TRANSITIONS if move[0] is Status.TESTING] == [(Status.TESTING, Status.APPROVED)]
