"""What people merge at the remote: a candidate that is on `main` needs its tag only, a merged branch rolls back."""

import pytest
from chat_stand import ChatStand
from host_stand import HostStand, git, protected

from agent.hosting.host import Proposal, Review
from registry import BranchProtected, Function, InvalidTransition, Manifest, Registry, Status, UnknownVersion
from registry.messages import JOINER

METHODS = ("merge", "ff", "squash")


@pytest.fixture
def host(shared) -> HostStand:
    """A code host that has the remote as a project."""
    return HostStand(repositories={"12": shared.origin})


def opened(host: ChatStand, source: str, target: str = "main") -> Review:
    """A merge request from that branch."""
    return host.propose(Proposal(room="12", source=source, target=target, title=f"About {source}", text=""))


def candidate(registry: Registry, make, source: str = "one") -> str:
    """The branch of a new candidate."""
    return f"candidate/count_words/{registry.add_candidate(make(source=source), {}).digest}"


def commits(shared, branch: str) -> int:
    """How many commits the branch has at the remote."""
    return int(git(shared.origin, "rev-list", "--count", branch))


@pytest.mark.parametrize("removes", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_a_merged_candidate_gets_its_tag_where_it_lies(shared, host, make, method, removes):
    """However it was merged, its branch gone or not: no commit is added, so a protected `main` needs no push."""
    registry = shared.copy("one")
    review = opened(host, candidate(registry, make))
    host.merges("ann", review, method, removes=removes)
    protected(shared.origin, "main")
    registry.catch_up()
    before = commits(shared, "main")
    (waiting,) = registry.candidates()
    assert waiting.status is Status.TESTING
    assert registry.is_merged(waiting)
    assert waiting.digest == make().digest
    assert registry.get("count_words").digest == waiting.digest
    assert [row.status for row in registry.list()] == [Status.TESTING]
    version = registry.approve("count_words", waiting.digest, by="gitlab:ann")
    assert (version.version, version.status) == ("1.0.0", Status.APPROVED)
    assert commits(shared, "main") == before
    assert registry.approve("count_words", waiting.digest, by="gitlab:bob") == version
    assert registry.promote("count_words", "1.0.0", by="gitlab:ann").status is Status.PRODUCTION
    assert registry.check() == []
    assert registry.candidates() == []
    assert shared.copy("two").history("count_words") == registry.history("count_words")
    assert "candidate" not in git(shared.origin, "for-each-ref")


def test_two_merged_one_after_the_other_are_both_there(shared, host, make):
    """Until their tags stand, both count as the candidates they still are; each gets a number of its own."""
    registry = shared.copy("one")
    host.merges("ann", opened(host, candidate(registry, make, "one")))
    registry.catch_up()
    host.merges("ann", opened(host, candidate(registry, make, "two")), "squash")
    registry.catch_up()
    digests = [make(source=source).digest for source in ("two", "one")]
    assert {each.digest for each in registry.candidates()} == set(digests)
    assert [registry.approve("count_words", digest, by="ann").version for digest in digests] == ["1.0.0", "1.1.0"]
    assert registry.candidates() == []


def test_a_branch_that_somebody_changed_is_no_candidate(shared, make, tmp_path):
    """Its files are not what its name says: neither listed nor approved, whatever its commit claims."""
    registry = shared.copy("one")
    branch = candidate(registry, make)
    edited(shared, tmp_path, branch, "another source")
    registry.catch_up()
    assert registry.candidates() == []
    with pytest.raises(UnknownVersion):
        registry.approve("count_words", make().digest, by="ann")


def test_what_is_merged_after_a_change_is_no_candidate_either(shared, host, make, tmp_path):
    """Its evidence is that of other files."""
    registry = shared.copy("one")
    branch = candidate(registry, make)
    edited(shared, tmp_path, branch, "another source")
    host.merges("ann", opened(host, branch), "squash")
    registry.catch_up()
    assert registry.candidates() == []
    assert registry.find("count_words") is None


def edited(shared, tmp_path, branch: str, text: str) -> None:
    """Have somebody change the source on that branch, under the same message."""
    git(tmp_path, "clone", "--quiet", "--branch", branch, str(shared.origin), "edit")
    (path,) = (tmp_path / "edit").glob("functions/*/*/function.py")
    path.write_text(text)
    git(tmp_path / "edit", "commit", "--quiet", "--all", "--reuse-message=HEAD")
    git(tmp_path / "edit", "push", "--quiet")


def test_a_protected_branch_is_told_from_any_other_refusal(shared, make):
    """Nothing moved, and the remote's words are there."""
    registry = shared.copy("one")
    digest = registry.add_candidate(make(), {}).digest
    protected(shared.origin, "main")
    with pytest.raises(BranchProtected, match="protected branches"):
        registry.approve("count_words", digest, by="policy")
    assert registry.get("count_words", digest).status is Status.TESTING


@pytest.mark.parametrize("method", METHODS)
def test_a_rollback_is_a_branch_that_somebody_merges(shared, host, produce, method):
    """Once it is merged the earlier version serves, everywhere, and the history says who brought it back."""
    registry = shared.copy("one")
    for source in ("one", "two"):
        produce(registry, source)
    rollback = registry.propose_rollback("count_words", "1.0.0", by="gitlab:ann", note="it was better")
    assert registry.propose_rollback("count_words", "1.0.0", by="gitlab:bob") == rollback
    assert registry.rollbacks() == [rollback]
    assert registry.find("count_words").version == "1.1.0"
    host.merges("bob", opened(host, rollback.branch, "production"), method)
    registry.catch_up()
    assert registry.find("count_words").version == "1.0.0"
    assert registry.rollbacks() == []
    (last,) = registry.history("count_words")[-1:]
    assert (last.version, last.status) == ("1.0.0", Status.PRODUCTION)
    assert last.by == ("Web" if method == "squash" else "gitlab:ann")
    assert (
        sum(row.version == "1.0.0" and row.status is Status.PRODUCTION for row in registry.history("count_words")) == 2
    )
    assert registry.check() == []
    assert registry.propose_rollback("count_words", "1.0.0", by="ann") is None
    assert registry.quarantine("count_words", by="ann", reason="it was not") is None


def test_a_rollback_asked_for_anew_starts_from_what_serves_now(shared, produce):
    """The branch follows production; one that is not wanted goes."""
    registry = shared.copy("one")
    for source in ("one", "two"):
        produce(registry, source)
    first = registry.propose_rollback("count_words", "1.0.0", by="ann")
    produce(registry, "three")
    second = registry.propose_rollback("count_words", "1.0.0", by="ann")
    assert first != second
    registry.forget_rollback(first)
    assert registry.rollbacks() == [second]
    registry.forget_rollback(second)
    registry.forget_rollback(second)
    assert registry.rollbacks() == []
    registry.quarantine("count_words", by="ann", reason="wrong", version="1.0.0")
    with pytest.raises(InvalidTransition):
        registry.propose_rollback("count_words", "1.0.0", by="ann")


def test_the_pipeline_comes_by_a_commit_or_by_a_branch_where_main_is_protected(shared):
    """It is written once; one that people changed is left as it is."""
    registry = shared.copy("one")
    protected(shared.origin, "main", "production")
    branch = registry.add_pipeline("first: {}\n")
    assert git(shared.origin, "rev-parse", "kowal/pipeline") == branch == registry.add_pipeline("second: {}\n")
    assert git(shared.origin, "show", "kowal/pipeline:.gitlab-ci.yml") == "first: {}"
    protected(shared.origin)
    registry.add_pipeline("third: {}\n")
    registry.add_pipeline("fourth: {}\n")
    for name in ("main", "production"):
        assert git(shared.origin, "show", f"{name}:.gitlab-ci.yml") == "third: {}"
    assert registry.check() == []


def test_a_description_acts_on_nothing_as_a_commit(shared):
    """A code host reads the messages of commits, too: nobody is called, nothing is closed, and it reads the same."""
    registry = shared.copy("one")
    text = "Closes #1 and fixes: group/other!2 for @ann."
    manifest = Manifest(name="count_words", description=text, input_schema={})
    version = registry.add_candidate(Function(manifest=manifest, source="one", tests=""), {})
    note = registry.history("count_words")[0].note
    assert version.function.manifest.description == text
    assert note != text
    assert note.replace(JOINER, "") == text
    for sign in ("Closes", "fixes", "#1", "!2", "@ann"):
        assert sign not in git(shared.origin, "log", "-1", "--format=%B", f"candidate/count_words/{version.digest}")
