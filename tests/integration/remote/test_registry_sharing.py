"""Several copies of one registry: what one machine does the others see, and two at once do not undo each other."""

import sqlite3
import subprocess
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry import InvalidTransition, NameTaken, NotARegistry, Registry, RegistryError, Remote, Status, Superseded

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
STEPS = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from(["canary", "promote", "rollback", "quarantine"]), st.sampled_from(VERSIONS)
    ),
    min_size=3,
    max_size=6,
)
PROMOTE_MANY = """
from registry import Function, Manifest
for number in range({count}):
    name = f"{prefix}_{{number}}"
    for name in (name, "everybodys"):
        manifest = Manifest(name=name, description="x", input_schema={{}})
        candidate = Function(manifest=manifest, source=f"{{name}} {{number}}", tests="")
        digest = registry.add_candidate(candidate, {{}}).digest
        version = registry.approve(name, digest, by="{prefix}").version
        registry.promote(name, version, by="{prefix}")
"""


def test_an_empty_remote_is_filled_and_then_copied(shared, make, produce, refs, tmp_path):
    """What the first machine has is at the remote, all of it; the next machine begins with the same."""
    first = shared.opening(tmp_path / "first")
    produce(first)
    first.add_candidate(make(source="two"), {})
    assert not first.share()
    second = shared.copy("second")
    assert refs(tmp_path / "first") == refs(tmp_path / "second") == refs(shared.origin)
    assert second.find("count_words").function == make()
    assert second.history("count_words") == first.history("count_words")
    assert second.check() == []


def test_a_registry_with_a_past_fills_a_remote_with_all_of_it(tmp_path, produce, approve, make, refs):
    """Candidates, trials and quarantines go along, not the branches alone."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin")], check=True)
    with Registry.create(tmp_path / "r") as alone:
        produce(alone, "a")
        produce(alone, "b")
        alone.quarantine("count_words", by="Ann", reason="x", version="1.1.0")
        alone.canary("count_words", approve(alone, "c"), by="Ann")
        alone.add_candidate(make(source="d"), {})
    with Registry.open(tmp_path / "r", remote=Remote(place=str(tmp_path / "origin"))) as shared:
        assert shared.share()
    assert len(refs(tmp_path / "r")) == 8
    assert refs(tmp_path / "r") == refs(tmp_path / "origin")


def test_an_empty_remote_gives_no_copy(tmp_path):
    """Whoever finds the remote empty is told so, and may fill it."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin")], check=True)
    assert Registry.copy(tmp_path / "r", Remote(place=str(tmp_path / "origin"))) is None


def test_a_remote_that_holds_something_else_is_refused(tmp_path):
    """Nobody's code repository becomes a registry, nor is it written to."""
    work, origin = tmp_path / "work", tmp_path / "work" / ".git"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(work)], check=True)
    command = ["git", "-C", str(work), "-c", "user.name=A", "-c", "user.email=a@b.c"]
    subprocess.run([*command, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    with pytest.raises(NotARegistry, match="something else"):
        Registry.copy(tmp_path / "copy", Remote(place=str(origin)))
    with Registry.create(tmp_path / "r", remote=Remote(place=str(origin))) as registry:
        with pytest.raises(NotARegistry, match="something else"):
            registry.share()
        assert "something else" in registry.refresh()


def test_what_one_machine_does_the_other_sees_after_the_maximal_age(shared, produce, approve):
    """Promotion, trial, rollback and quarantine arrive with the next look; a young copy is not asked to look."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    young = shared.opening(theirs.path, max_age_s=3600)
    produce(ours, "a")
    assert young.refresh() == ""
    assert young.find("count_words") is None
    assert theirs.refresh() == ""
    assert young.find("count_words").version == "1.0.0"
    ours.canary("count_words", approve(ours, "b"), by="Ann")
    assert theirs.refresh() == ""
    assert theirs.on_trial("count_words").version == "1.1.0"
    ours.promote("count_words", "1.1.0", by="Ann")
    ours.rollback("count_words", "1.0.0", by="Bob", note="Wrong in March.")
    assert theirs.refresh() == ""
    assert (theirs.find("count_words").version, theirs.on_trial("count_words")) == ("1.0.0", None)
    assert theirs.history("count_words")[-1].note == "Wrong in March."
    ours.quarantine("count_words", by="Bob", reason="wrong", version="1.1.0")
    ours.quarantine("count_words", by="Bob", reason="wrong")
    assert theirs.refresh() == ""
    assert theirs.find("count_words") is None
    assert theirs.get("count_words", "1.0.0").status is Status.QUARANTINED


def test_candidates_come_and_go_with_the_remote(shared, make, approve, refs):
    """What waits for a person waits everywhere; what was let in elsewhere waits nowhere."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    digest = ours.add_candidate(make(), {"seen": True}).digest
    theirs.refresh()
    assert theirs.get("count_words", digest).evidence["seen"]
    assert theirs.approve("count_words", digest, by="Bob").version == "1.0.0"
    assert ours.refresh() == ""
    assert [row.status for row in ours.list()] == [Status.APPROVED]
    assert not any("candidate" in line for line in refs(ours.path) + refs(shared.origin))


def test_what_else_the_remote_holds_is_left_alone(shared, produce, refs):
    """Refs of the host and of people are neither copied nor removed."""
    ours = shared.copy("ours")
    others = ("refs/merge-requests/1/head", "refs/heads/wish", "refs/tags/v1", "refs/tags/Bad/v1.0.0")
    for ref in others:
        command = ["git", f"--git-dir={shared.origin}", "update-ref", ref, "refs/heads/main"]
        subprocess.run(command, check=True)
    produce(ours)
    assert ours.refresh() == ""
    theirs = shared.copy("theirs")
    for copy in (ours, theirs):
        assert not [line for line in refs(copy.path) if line.startswith(others)]
    assert len([line for line in refs(shared.origin) if line.startswith(others)]) == 4


def test_what_vouches_for_production_arrives_before_it(shared, produce, approve, make, monkeypatch):
    """A reader who looks while a copy is brought up to date never sees a version in production without its tag."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    waiting = ours.add_candidate(make(source="waiting"), {}).digest
    theirs.refresh()
    produce(ours, "a")
    ours.canary("count_words", approve(ours, "b"), by="Ann")
    ours.approve("count_words", waiting, by="Ann")
    moved = []
    update = theirs._sharing._refs.update
    monkeypatch.setattr(theirs._sharing._refs, "update", lambda updates: (moved.extend(updates), update(updates)))
    assert theirs.refresh() == ""
    names = [each.ref.split("/")[1] if each.new else "gone" for each in moved]
    assert names == ["tags", "tags", "tags", names[3], names[4], "heads", "gone"]
    assert {moved[3].ref, moved[4].ref} == {"refs/heads/main", "refs/kowal/canary/count_words/1.1.0"}
    assert moved[5].ref == "refs/heads/production"


def test_only_what_changed_is_indexed_anew(shared, produce):
    """A copy that takes over one change keeps the rows of all other functions."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    for name in ("alpha", "beta", "gamma"):
        produce(ours, "a", name)
    theirs.refresh()
    rows = indexed(theirs)
    produce(ours, "b", "beta")
    theirs.refresh()
    after = indexed(theirs)
    assert {name for name, row in after.items() if rows[name] != row} == {"beta"}
    assert after["beta"][1] == "1.1.0"


def indexed(registry):
    """The rows of the index, by name."""
    registry.find("alpha")
    with closing(sqlite3.connect(registry.path / "kowal-index.sqlite")) as db:
        return {name: (row, version) for name, row, version in db.execute("SELECT name, id, version FROM functions")}


def test_two_machines_asked_for_the_same_function_make_one(shared, make, produce, racing, refs):
    """Whichever step the other machine is ahead by, one version comes of it, and no candidate stays beside it."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    racing(theirs, lambda: ours.add_candidate(make(), {"by": "ours"}))
    assert theirs.add_candidate(make(), {"by": "theirs"}).evidence["by"] == "ours"
    racing(theirs, lambda: produce(ours))
    approved = theirs.approve("count_words", make().digest, by="B", change="new")
    assert (approved.version, approved.status) == ("1.0.0", Status.PRODUCTION)
    assert theirs.promote("count_words", by="B") == ours.find("count_words")
    assert [entry.by for entry in theirs.history("count_words")] == ["Ann", "Ann"]
    racing(theirs, lambda: produce(ours, "two"))
    assert theirs.add_candidate(make(source="two"), {}).status is Status.TESTING
    assert theirs.approve("count_words", make(source="two").digest, by="B").version == "1.1.0"
    assert not any("candidate" in line for line in refs(theirs.path) + refs(shared.origin))


def test_a_name_is_taken_by_one_of_two(shared, make, approve, racing):
    """Of two different functions of one name one is registered; the other is told, and waits as a candidate."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    late = theirs.add_candidate(make(source="theirs"), {}).digest
    racing(theirs, lambda: approve(ours, "ours"))
    with pytest.raises(NameTaken, match="count_words"):
        theirs.approve("count_words", late, by="B", change="new")
    assert theirs.get("count_words").function.source == "ours"
    assert ours.get("count_words", late).status is Status.TESTING


@pytest.mark.parametrize("step", ["a newer version", "a rollback"])
def test_a_successor_is_checked_against_what_the_remote_has_in_production(shared, make, produce, racing, step):
    """What was made from a version that gives way elsewhere at this moment is refused."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    produce(ours, "a")
    produce(ours, "b")
    late = theirs.add_candidate(make(source="late"), {}).digest
    steps = {"a newer version": lambda: produce(ours, "c"), "a rollback": lambda: back(ours)}
    racing(theirs, steps[step])
    with pytest.raises(Superseded, match=r"1\.1\.0 was to be replaced"):
        theirs.approve("count_words", late, by="B", replaces="1.1.0")
    assert theirs.approve("count_words", late, by="B").status is Status.APPROVED


def back(registry):
    """Production again as it first was."""
    registry.rollback("count_words", "1.0.0", by="Ann")


def test_a_move_is_decided_anew_where_another_machine_moved_first(shared, approve, produce, racing, refs):
    """Of two moves at one moment both are kept in their order, or the second is refused as it would be later."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    produce(ours, "a")
    produce(ours, "b")
    approve(ours, "c")
    racing(theirs, lambda: ours.promote("count_words", "1.2.0", by="A"))
    back(theirs)
    produced = [entry for entry in theirs.history("count_words") if entry.status is Status.PRODUCTION]
    assert [entry.version for entry in produced] == ["1.0.0", "1.1.0", "1.2.0", "1.0.0"]
    racing(theirs, lambda: ours.quarantine("count_words", by="A", reason="wrong", version="1.1.0"))
    with pytest.raises(InvalidTransition, match=r"1\.1\.0 is quarantined"):
        theirs.promote("count_words", "1.1.0", by="B")
    racing(theirs, lambda: ours.quarantine("count_words", by="A", reason="wrong", version="1.0.0"))
    assert theirs.quarantine("count_words", by="B", reason="wrong", version="1.0.0") is None
    assert len([entry for entry in theirs.history("count_words") if entry.status is Status.QUARANTINED]) == 2
    assert refs(theirs.path) == refs(ours.path) == refs(shared.origin)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_any_order_of_steps_on_two_copies_is_that_order_on_one_registry(shared, approve, refs, steps, tmp_path_factory):
    """Each step ends as it would have where both machines had one registry, though the copies are told of nothing."""
    folder = tmp_path_factory.mktemp("one")
    alone = shared.kept(Registry.create(folder / "alone"))
    name = f"swing_{folder.name.rpartition('one')[2]}"
    ours = shared.kept(Registry.copy(folder / "ours", shared.remote(3600)))
    for registry in (alone, ours):
        assert tuple(approve(registry, source, name) for source in "abc") == VERSIONS
    theirs = shared.kept(Registry.copy(folder / "theirs", shared.remote(3600)))
    for mine, step, version in steps:
        assert end_of(ours if mine else theirs, step, name, version) == end_of(alone, step, name, version)
    for registry in (ours, theirs):
        again = shared.opening(registry.path)
        assert again.refresh() == ""
        assert again.check() == []
        assert [shape(entry) for entry in again.history(name)] == [shape(entry) for entry in alone.history(name)]
        assert refs(again.path) == refs(shared.origin)


def end_of(registry, step, name, version):
    """How a step ended: the status and version that came of it, or the error's class."""
    more = {"reason": "x", "version": version} if step == "quarantine" else {}
    try:
        found = getattr(registry, step)(name, *(() if more else (version,)), by="Ann", **more)
    except RegistryError as error:
        return type(error)
    return found and (found.version, found.status)


def shape(entry):
    """What two histories can share: all but ids and times."""
    return entry.version, entry.status, entry.by


def test_processes_on_several_copies_lose_nothing_and_double_nothing(shared, refs):
    """Three machines' processes, two on one copy, promote at once: every function and every version is there once."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    prefixes, count = {"left": ours, "right": theirs, "middle": ours}, 5
    running = [
        shared.process(registry, PROMOTE_MANY.format(prefix=prefix, count=count))
        for prefix, registry in prefixes.items()
    ]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0, 0]
    histories = []
    for registry in (ours, theirs):
        assert registry.refresh() == ""
        assert registry.check() == []
        found = {version.name: version.version for version in registry.production()}
        assert found.keys() == {"everybodys"} | {f"{prefix}_{n}" for prefix in prefixes for n in range(count)}
        histories.append([registry.history(name) for name in sorted(found)])
        assert refs(registry.path) == refs(shared.origin)
    assert histories[0] == histories[1]
    everybodys = [entry for entry in ours.history("everybodys") if entry.status is Status.APPROVED]
    assert len({entry.version for entry in everybodys}) == len(everybodys) == count
    alone = [entry for entry in ours.history("left_0") if entry.status is Status.PRODUCTION]
    assert [entry.by for entry in alone] == ["left"]
