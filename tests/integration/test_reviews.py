"""Candidates as merge requests, with a real registry, remote and queue: merged, closed, changed, late, killed."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from host_stand import HostStand, git, protected
from pydantic import SecretStr

from agent.config import Settings, load_settings
from agent.errors import BadSettings, NotGranted
from agent.host_wiring import serving
from agent.hosting.host import Review, ReviewSeen
from agent.hosting.reviews import Reviews
from agent.hosting.settings import HostSettings
from agent.promoter import Promoter
from agent.rights.approval import Approval
from agent.types import Origin, Outcome, Task
from agent.wiring import open_people, signing_of
from agent.workflow.desk import Asked
from agent.workflow.endings import ending_of
from agent.workflow.kept import written
from agent.workflow.people import People
from agent.workflow.turns import Wanted
from registry import (
    Function,
    Manifest,
    Registry,
    Remote,
    Status,
    TaskRecord,
    TaskState,
    Version,
)

METHODS = ("merge", "ff", "squash")
GRANT = "http GET api.example.org"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
EVIDENCE = {
    "verdict": {
        "passed": True,
        "summary": "2 of 2 checks",
        "checks": [
            {"check": "green", "passed": True, "summary": "4 tests", "evidence": {"tests": 4}},
            {"check": "mutation", "passed": None, "summary": "not asked", "evidence": {}},
        ],
    },
    "provenance": {"task": "fetch it", "model": "scripted"},
    "answers": [{"in": {"text": "a"}, "out": 1}],
}


class Killed(BaseException):
    """The process is killed here."""


@dataclass(kw_only=True)
class House:
    """A registry that is a project of a host, and one process that serves its merge requests."""

    folder: Path
    host: HostStand
    settings: Settings
    reviews: Reviews
    opened: list[People] = field(default_factory=list)

    @property
    def people(self) -> People:
        """Who speaks for tasks."""
        return self.reviews.people

    @property
    def registry(self) -> Registry:
        """The copy that is served."""
        return self.people.signing.registry

    @property
    def origin(self) -> Path:
        """The project's repository."""
        return self.folder / "origin.git"

    def another(self, **more: Any) -> Reviews:
        """Another process of the same installation."""
        people = open_people(self.settings)
        self.opened.append(people)
        wanted = HostSettings.of("gitlab", {**self.settings.codehost["gitlab"], **more})
        reviews = Reviews.of(self.host, people, wanted, timedelta(days=7))
        reviews.settle_s = 0.0
        return reviews

    def restart(self, **more: Any) -> None:
        """This process ends, and another one begins."""
        self.reviews = self.another(**more)

    def candidate(self, body: str = "return text", *grants: str, name: str = "fetch", **evidence: Any) -> Version:
        """A version that needs a person, let in as far as that goes."""
        promoter = Promoter(registry=self.registry, policy="person", is_reviewed=True)
        return promoter.admit(function(body, *grants, name=name), {**EVIDENCE, **evidence})

    def proposed(self, *arguments: str) -> Review:
        """The merge request of a new candidate."""
        version = self.candidate(*arguments)
        self.reviews.propose()
        (review,) = self.host.reviews("12", f"candidate/fetch/{version.digest}")
        return review

    def waits(self, version: Version) -> TaskRecord:
        """A task that waits for the version to be signed."""
        desk = self.people.desk
        task = desk.submit(Wanted(task=Task(text="fetch it")), Asked(by="gitlab:ann", via="gitlab", key=version.digest))
        with pytest.raises(NotGranted) as caught:
            Approval(registry=self.registry).refuse_ungranted(version)
        ending = ending_of(caught.value, task)
        values = {"state": ending.state, "reason": ending.reason, "error": ending.error, "waits_for": ending.waits_for}
        assert desk.tasks.move(desk.tasks.task(task.id), values)
        return self.task(task)

    def task(self, task: TaskRecord) -> TaskRecord:
        """The task as it stands now."""
        return self.people.desk.tasks.task(task.id)

    def served(self) -> str:
        """The version in production; empty where there is none."""
        self.registry.catch_up()
        found = self.registry.find("fetch")
        return found.version if found else ""

    def serves(self, *bodies: str) -> None:
        """Have these be in production one after another, from before there were reviews."""
        for body in bodies:
            made = function(body)
            digest = self.registry.add_candidate(made, EVIDENCE).digest
            self.registry.promote("fetch", self.registry.approve("fetch", digest, by="bob").version, by="bob")

    def audited(self) -> list[tuple[str, str, str]]:
        """Who did what, and how it ended."""
        rows = self.people.operations.audit(limit=50)
        return [(row.actor, row.action, row.outcome) for row in rows if row.action.startswith(("promote", "rollback"))]

    def close(self) -> None:
        """End all processes."""
        for people in self.opened:
            people.close()


def function(body: str = "return text", *grants: str, name: str = "fetch", **manifest: Any) -> Function:
    """A function; it is never run here."""
    said = {"description": "Fetches.", "input_schema": TEXT, "grants": grants, **manifest}
    source = f"async def {name}(text: str) -> str:\n    {body}\n"
    return Function(manifest=Manifest(name=name, **said), source=source, tests="# none\n")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A registry with nothing in it, at a host where ann is a maintainer and eve is not."""
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(origin))
    with Registry.create(tmp_path / "r.git", remote=Remote(place=str(origin))) as first:
        first.share()
    section = {"registry_project": "group/registry", "registry_pipeline": False}
    own = {"registry": tmp_path / "r.git", "registry_remote": str(origin), "registry_max_age_s": 0}
    settings = load_settings(**own, codehost={"gitlab": section})
    host = HostStand(repositories={"12": origin})
    host.roles_of = {"ann": frozenset({"reporter", "developer", "maintainer"}), "eve": frozenset({"developer"})}
    made = House(folder=tmp_path, host=host, settings=settings, reviews=None)  # type: ignore[arg-type]
    made.restart()
    yield made
    made.close()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("guarded", [False, True])
def test_what_somebody_merges_who_may_goes_into_production(house, method, guarded):
    """However it was merged, and where `main` takes no pushes: signed by whom the host names, and the task goes on."""
    version = house.candidate("return text", GRANT)
    assert version.status is Status.TESTING
    task = house.waits(version)
    assert task.waits_for == f"approval:fetch::{version.digest}"
    if guarded:
        protected(house.origin, "main")
    house.reviews.propose()
    (review,) = house.host.merge_requests.values()
    assert (review.target, review.source) == ("main", f"candidate/fetch/{version.digest}")
    house.host.merges("ann", review, method)
    house.reviews.seen(ReviewSeen(room="12", number=review.number))
    assert house.served() == "1.0.0"
    assert house.task(task).state is TaskState.QUEUED
    assert house.task(task).known["approved"] == ["fetch", "1.0.0"]
    assert [row.by for row in house.registry.history("fetch")] == ["gitlab:ann", "gitlab:ann"]
    assert house.audited() == [("gitlab:ann", "promote.approved", "allowed")]
    assert house.registry.check() == []
    for _ in range(2):
        house.reviews.look()
        house.reviews.propose()
    assert len(house.host.merge_requests) == 1
    assert len(house.host.texts()) == 1
    assert len(house.audited()) == 1


def test_merged_by_somebody_without_the_right_nothing_is_promoted(house):
    """The note says who may, once; somebody at the terminal may still let in what is on `main`."""
    version = house.candidate("return text", GRANT)
    task = house.waits(version)
    house.reviews.propose()
    house.host.merges("eve", house.host.review("12", 1))
    for _ in range(2):
        house.reviews.look()
        house.restart()
    assert house.served() == ""
    assert house.task(task).state is TaskState.WAITING
    (said,) = house.host.texts()
    assert "gitlab:eve" in said
    assert "maintainer" in said
    assert house.audited() == [("gitlab:eve", "promote.rejected", "refused")]
    assert house.registry.get("fetch").status is Status.TESTING
    assert house.registry.approve("fetch", version.digest, by="operator").status is Status.APPROVED


def test_where_the_host_does_not_say_who_merged_nothing_is_promoted(house):
    """No word is nobody's word."""
    review = house.proposed()
    merged = house.host.merges("ann", review)
    house.host.merge_requests["12", 1] = replace(merged, decided_by=None)
    house.reviews.look()
    assert house.served() == ""
    assert "may not sign" in house.host.texts()[0]


def test_closed_without_merging_is_a_no(house):
    """Who waited is told by whom; the branch stays, and nothing is proposed again."""
    version = house.candidate("return text", GRANT)
    task = house.waits(version)
    house.reviews.propose()
    house.host.closes("eve", house.host.review("12", 1))
    house.reviews.look()
    assert house.task(task).state is TaskState.FAILED
    assert "gitlab:eve" in house.task(task).reason
    house.reviews.propose()
    assert len(house.host.merge_requests) == 1
    assert house.registry.get("fetch", version.digest).status is Status.TESTING
    assert house.audited()[0][:2] == ("gitlab:eve", "promote.rejected")


def test_closed_and_opened_again_and_merged_counts(house):
    """People may change their minds; what is merged in the end is what holds."""
    review = house.proposed()
    house.host.closes("eve", review)
    house.reviews.seen(ReviewSeen(room="12", number=1))
    house.host.merge_requests["12", 1] = replace(review, state="open")
    house.reviews.seen(ReviewSeen(room="12", number=1))
    house.host.merges("ann", house.host.review("12", 1))
    house.reviews.seen(ReviewSeen(room="12", number=1))
    assert house.served() == "1.0.0"


@pytest.mark.parametrize("method", METHODS)
def test_what_was_changed_after_it_was_opened_is_never_promoted(house, method):
    """What is signed is the digest: said while it is open, and when it is merged."""
    review = house.proposed()
    edited(house, review.source, "function.py", "async def fetch(text: str) -> str:\n    return 'gotcha'\n")
    house.reviews.look()
    assert "not what was proposed" in house.host.texts()[0]
    house.host.merges("ann", review, method)
    house.reviews.look()
    assert house.served() == ""
    assert house.registry.candidates() == [] or method == "ff"
    assert house.audited() == [("gitlab:ann", "promote.rejected", "refused")]


def test_changed_evidence_is_no_better(house):
    """A verdict that somebody else wrote speaks for nothing."""
    review = house.proposed()
    digest = review.source.split("/")[2]
    edited(house, review.source, "evidence.json", f'{{"digest": "{digest}", "verdict": {{"passed": true}}}}\n')
    house.host.merges("ann", review)
    house.reviews.look()
    assert house.served() == ""


def edited(house: House, branch: str, file: str, text: str) -> None:
    """Somebody who may push changes the branch."""
    work = house.folder / f"edit-{file}"
    git(house.folder, "clone", "--quiet", "--branch", branch, str(house.origin), str(work))
    next(work.glob(f"functions/*/*/{file}")).write_text(text)
    git(work, "commit", "--quiet", "--all", "--message", "A small change")
    git(work, "push", "--quiet")


def test_merged_into_another_branch_it_is_not_signed(house):
    """A merge request may be turned to any branch: what counts is `main`."""
    review = house.proposed()
    git(house.origin, "branch", "elsewhere", "main")
    turned = house.host.merge_requests["12", 1] = replace(review, target="elsewhere")
    house.host.merges("ann", turned, removes=False)
    house.reviews.look()
    assert house.served() == ""
    assert house.audited() == [("gitlab:ann", "promote.rejected", "refused")]


def test_what_was_taken_back_from_main_at_once_is_not_signed(house):
    """Somebody merged it, and somebody thought better of it before it was seen."""
    before = git(house.origin, "rev-parse", "main^{tree}")
    house.host.merges("ann", house.proposed())
    back = git(house.origin, "commit-tree", before, "-p", "main", "-m", "Revert it")
    git(house.origin, "update-ref", "refs/heads/main", back)
    house.reviews.look()
    assert house.served() == ""
    assert house.audited() == [("gitlab:ann", "promote.rejected", "refused")]


def test_a_rebased_branch_is_what_it_was(house):
    """A project that wants fast-forwards has people rebase; the function's folder stays the same."""
    first, second = house.proposed("return 1"), house.candidate(name="other")
    house.reviews.propose()
    house.host.merges("ann", first)
    house.reviews.look()
    (other,) = house.host.reviews("12", f"candidate/other/{second.digest}")
    house.host.merges("ann", other, "ff")
    house.reviews.look()
    assert house.registry.find("other").version == "1.0.0"
    assert house.served() == "1.0.0"


def test_what_nobody_merges_expires(house):
    """It is closed with a note, and not opened again."""
    house.proposed()
    house.reviews.now = lambda: datetime.now(UTC) + timedelta(days=8)
    for _ in range(2):
        house.reviews.look()
        house.reviews.propose()
    (review,) = house.host.merge_requests.values()
    assert review.state == "closed"
    assert house.host.texts() == ["Expired: nobody merged it in time."]
    assert house.audited() == []


def test_what_is_decided_elsewhere_is_closed(house):
    """An operator at the terminal was faster."""
    review = house.proposed()
    house.registry.approve("fetch", review.source.split("/")[2], by="operator")
    house.reviews.look()
    assert house.host.review("12", 1).state == "closed"
    assert "approved" in house.host.texts()[0]


def test_a_protected_production_is_told_and_it_goes_on_once_that_is_mended(house):
    """Nothing is lost: it is on `main`, signed, and waits."""
    protected(house.origin, "main", "production")
    version = house.candidate("return text", GRANT)
    task = house.waits(version)
    house.reviews.propose()
    house.host.merges("ann", house.host.review("12", 1))
    for _ in range(3):
        house.reviews.look()
    (said,) = house.host.texts()
    assert "protected branches" in said
    assert house.served() == ""
    assert house.registry.get("fetch").status is Status.APPROVED
    protected(house.origin, "main")
    house.restart()
    house.reviews.look()
    assert house.served() == "1.0.0"
    assert house.task(task).state is TaskState.QUEUED
    assert house.audited() == [("gitlab:ann", "promote.approved", "allowed")]


def test_a_function_that_needs_nobody_goes_on_by_pushing_or_by_a_merge_request(house):
    """Where `main` is protected it stays a candidate, whatever the policy says."""
    promoter = Promoter(registry=house.registry, policy="default", is_reviewed=True)
    assert promoter.admit(function("return 1"), EVIDENCE).status is Status.PRODUCTION
    protected(house.origin, "main")
    waits = promoter.admit(function("return 2"), EVIDENCE, replaces=house.registry.find("fetch"))
    assert waits.status is Status.TESTING
    house.reviews.propose()
    house.host.merges("ann", house.host.review("12", 1), "squash")
    house.reviews.look()
    assert house.served() == "2.0.0"


def test_a_function_that_needs_nobody_is_approved_where_production_is_protected(house):
    """It waits for whoever may push, or for a person; nothing is forced."""
    protected(house.origin, "production")
    promoter = Promoter(registry=house.registry, policy="default", is_reviewed=True)
    assert promoter.admit(function(), EVIDENCE).status is Status.APPROVED


KILLED_AT = ("propose", "add", "review", "move", "approve", "promote", "approved", "say", "audit")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", KILLED_AT)
def test_killed_anywhere_it_is_done_once(house, monkeypatch, at, after):
    """One merge request, one promotion, one note, one line in the audit, and the task goes on once."""
    version = house.candidate("return text", GRANT)
    task = house.waits(version)
    owner: dict[str, tuple[Any, str]] = {
        "propose": (house.host, "propose"),
        "review": (house.host, "review"),
        "say": (house.host, "say"),
        "add": (type(house.reviews.records), "add"),
        "move": (type(house.reviews.records), "move"),
        "approve": (Registry, "approve"),
        "promote": (Registry, "promote"),
        "approved": (People, "approved"),
    }
    where, name = owner.get(at, (__import__("agent.hosting.reviews", fromlist=["x"]), "keep_audit"))
    kill(monkeypatch, where, name, after=after)
    for _ in range(3):
        with suppress(Killed):
            house.reviews.propose()
            if house.host.merge_requests and house.host.merge_requests["12", 1].state == "open":
                house.host.merges("ann", house.host.merge_requests["12", 1])
            house.reviews.look()
        house.restart()
    house.reviews.propose()
    house.reviews.look()
    assert house.served() == "1.0.0"
    assert len(house.host.merge_requests) == 1
    assert len(house.host.texts()) == 1
    assert house.audited() == [("gitlab:ann", "promote.approved", "allowed")]
    assert (house.task(task).state, house.task(task).turn) == (TaskState.QUEUED, task.turn + 1)
    assert [row.status for row in house.registry.history("fetch")] == [Status.APPROVED, Status.PRODUCTION]


def kill(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, *, after: bool) -> None:
    """Have the next call of it be the process's last, just before it is done or just after."""
    real, killed = getattr(where, name), []

    def deadly(*arguments: Any, **named: Any) -> Any:
        if killed:
            return real(*arguments, **named)
        killed.append(True)
        if after:
            real(*arguments, **named)
        raise Killed

    monkeypatch.setattr(where, name, deadly)


def test_two_processes_make_one_merge_request_and_one_promotion(house):
    """Whoever is first does it; the other finds it done."""
    house.waits(house.candidate("return text", GRANT))
    one, two = house.reviews, house.another()
    for reviews in (one, two, one):
        reviews.propose()
    house.host.merges("ann", house.host.review("12", 1))
    for reviews in (two, one, two):
        reviews.look()
        reviews.propose()
    assert house.served() == "1.0.0"
    assert len(house.host.merge_requests) == 1
    assert len(house.host.texts()) == 1
    assert len(house.audited()) == 1


@pytest.mark.parametrize("method", METHODS)
def test_several_at_the_very_same_time_do_it_once(house, method):
    """Four that begin at once: one version, one line in the audit, one turn of the task."""
    task = house.waits(house.candidate("return text", GRANT))
    house.reviews.propose()
    house.host.merges("ann", house.host.review("12", 1), method)
    everybody, failed = [house.another() for _ in range(4)], list[BaseException]()
    gate = threading.Barrier(len(everybody))

    def look(reviews: Reviews) -> None:
        gate.wait()
        try:
            reviews.look()
        except BaseException as error:  # noqa: BLE001 (a thread's end is told by nobody else)
            failed.append(error)

    threads = [threading.Thread(target=look, args=(reviews,)) for reviews in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert house.served() == "1.0.0"
    assert house.audited() == [("gitlab:ann", "promote.approved", "allowed")]
    assert house.task(task).turn == task.turn + 1
    assert [row.status for row in house.registry.history("fetch")] == [Status.APPROVED, Status.PRODUCTION]
    assert len(set(house.host.texts())) == 1


def test_merged_before_anything_of_it_was_kept(house):
    """A lost database, or another installation's merge request: the host and git say all that is needed."""
    house.proposed()
    house.host.merges("ann", house.host.review("12", 1), "squash")
    house.settings = house.settings.model_copy(update={"database": str(house.folder / "another.sqlite")})
    house.restart()
    house.registry.catch_up()
    house.reviews.propose()
    assert house.served() == "1.0.0"


def test_merged_by_hand_without_a_merge_request_it_stays_a_candidate(house):
    """Nobody's word is known; it is not asked for again and again, and the terminal may let it in."""
    version = house.candidate()
    git(house.origin, "update-ref", "refs/heads/main", version.commit)
    house.registry.catch_up()
    house.reviews.propose()
    calls = len(house.host.calls)
    house.reviews.propose()
    assert len(house.host.calls) == calls
    assert house.host.merge_requests == {}
    assert house.registry.approve("fetch", version.digest, by="operator").version == "1.0.0"


@pytest.mark.parametrize("method", METHODS)
def test_a_rollback_is_merged_into_production(house, method):
    """By somebody who may; the branch goes, and asked for again it is asked for anew."""
    house.serves("return 1", "return 2")
    house.registry.propose_rollback("fetch", "1.0.0", by="gitlab:bob", note="2 is wrong")
    house.reviews.propose()
    review = house.host.review("12", 1)
    assert (review.source, review.target) == ("rollback/fetch/1.0.0", "production")
    assert house.served() == "1.1.0"
    house.host.merges("ann", review, method, removes=False)
    house.reviews.look()
    assert house.served() == "1.0.0"
    assert house.registry.rollbacks() == []
    assert house.audited() == [("gitlab:ann", "rollback.approved", "allowed")]
    assert house.registry.check() == []
    house.registry.propose_rollback("fetch", "1.1.0", by="gitlab:bob")
    house.reviews.propose()
    assert house.host.review("12", 2).source == "rollback/fetch/1.1.0"


def test_a_rollback_that_is_closed_leaves_nothing(house):
    """It may be asked for again."""
    house.serves("return 1", "return 2")
    for number in (1, 2):
        house.registry.propose_rollback("fetch", "1.0.0", by="gitlab:bob", note=str(number))
        house.reviews.propose()
        house.host.closes("ann", house.host.review("12", number))
        house.reviews.look()
        assert house.registry.rollbacks() == []
    assert house.served() == "1.1.0"


def test_a_rollback_merged_by_somebody_without_the_right_is_told(house):
    """Git is the truth: it is in force, and the note says how to keep that from happening."""
    house.serves("return 1", "return 2")
    house.registry.propose_rollback("fetch", "1.0.0", by="gitlab:bob")
    house.reviews.propose()
    house.host.merges("eve", house.host.review("12", 1))
    house.reviews.look()
    assert house.served() == "1.0.0"
    assert "Protect the branch" in house.host.texts()[0]
    assert house.audited() == [("gitlab:eve", "rollback.rejected", "refused")]


def test_the_pipeline_is_asked_for_where_main_is_protected(house):
    """By a merge request, once; closed, it is never asked for again."""
    protected(house.origin, "main", "production")
    house.restart(registry_pipeline=True)
    house.reviews.propose()
    (review,) = house.host.merge_requests.values()
    assert review.source == "kowal/pipeline"
    house.host.closes("ann", review)
    house.reviews.look()
    house.restart(registry_pipeline=True)
    house.reviews.propose()
    assert len(house.host.merge_requests) == 1


def test_a_person_is_told_where_to_sign(house):
    """At the terminal and in a chat, with the address once it is there; nothing else is promoted in its place."""
    house.serves("return 1")
    version = house.candidate("return text", GRANT)
    task = house.waits(version)
    with pytest.raises(NotGranted, match="merge request"):
        house.people.approve(task, by="operator", signed=True)
    house.reviews.propose()
    with pytest.raises(NotGranted, match="/group/registry/-/merge_requests/1"):
        house.people.approve(task, by="operator", signed=True)
    signing = signing_of(house.settings, house.registry)
    with pytest.raises(NotGranted, match="merge_requests/1"):
        signing.promote("fetch", version.digest, by="operator", signed=True)
    assert house.served() == "1.0.0"
    assert house.task(task).state is TaskState.WAITING
    assert house.people.reject(task, by="operator").state is TaskState.FAILED


def test_whoever_asked_is_told_where_it_is_signed(house):
    """In the issue, with the address once the merge request is there; a comment asks for a rollback the same way."""
    house.host.roles_of["bob"] = frozenset({"reporter", "developer"})
    listening = serving(house.settings, house.host, lambda _: None)
    house.opened.append(listening.petitions.people)
    issue = house.host.opens("bob", "Fetch it", "Please.")

    def settle() -> None:
        for _ in range(4):
            while listening.turn(0.01):
                pass
            listening._next_at = dict.fromkeys(range(5, 20), 1000000000000.0)  # what reviews do, a test does

    settle()
    ((_, task),) = listening.chats.under("gitlab", issue.place.room, issue.place.thread)
    version = house.candidate("return text", GRANT)
    with pytest.raises(NotGranted) as caught:
        Approval(registry=house.registry).refuse_ungranted(version)
    ending = ending_of(caught.value, house.task(task))
    values = {"state": ending.state, "reason": ending.reason, "error": ending.error, "waits_for": ending.waits_for}
    assert house.people.desk.tasks.move(house.task(task), values)
    settle()
    assert "merging its merge request" in house.host.texts(issue.place.thread)[-1]
    house.reviews.propose()
    settle()
    (review,) = house.host.merge_requests.values()
    assert review.url in house.host.texts(issue.place.thread)[-1]
    said = len(house.host.texts())
    settle()
    assert len(house.host.texts()) == said

    house.serves("return 1", "return 2")
    house.host.notes("bob", "rollback fetch 1.0.0", issue.place)
    settle()
    assert "rollback/fetch/1.0.0" in house.host.texts(issue.place.thread)[-1]
    assert [each.branch for each in house.registry.rollbacks()] == ["rollback/fetch/1.0.0"]
    assert house.served() == "1.1.0"


def test_whoever_ran_their_own_candidate_is_told_that_it_waits(house):
    """The answer is there at once; that the function is everybody's only once it is merged, is said below it."""
    listening = serving(house.settings, house.host, lambda _: None)
    house.opened.append(listening.petitions.people)
    house.host.roles_of["bob"] = frozenset({"reporter", "developer"})
    issue = house.host.opens("bob", "Fetch it", "Please.")
    while listening.turn(0.01):
        pass
    ((_, task),) = listening.chats.under("gitlab", issue.place.room, issue.place.thread)
    version = house.candidate("return text")
    house.reviews.propose()
    facts = {"task": "Fetch it", "function": "fetch", "version": version.label, "commit": version.commit}
    done = Outcome(origin=Origin.GENERATED, value=42, ran=True, status="testing", **facts)
    values = {"state": TaskState.DONE, "outcome": written(Outcome, done)}
    assert house.people.desk.tasks.move(house.task(task), values)
    for _ in range(3):
        listening._next_at.clear()
        listening.turn(0.01)
    said = house.host.texts(issue.place.thread)
    assert any("`42`" in text and version.label in text for text in said)
    assert said[-1].endswith("/group/registry/-/merge_requests/1")


def test_a_project_without_a_remote_is_a_wrong_setting(house):
    """Nobody could ever merge there what is only here."""
    alone = house.settings.model_copy(update={"registry_remote": SecretStr("")})
    with pytest.raises(BadSettings, match="registry_remote"):
        serving(alone, house.host, lambda _: None)
