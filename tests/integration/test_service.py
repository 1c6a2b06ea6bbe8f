"""What programs may ask of the service, with a real registry, database and sandbox: their scopes, what is theirs."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from agent.errors import BadArguments, BadTask, NotGranted, NotKnown, NotPermitted, TooBusy, Unclear
from agent.permission import Permission
from agent.rights.approval import Approval
from agent.service.callers import OF_ANYBODY_HERE, Caller, Scope
from agent.service.feed import Feed
from agent.service.functions import FunctionVerbs, acting
from agent.service.models import ModelVerbs
from agent.service.requests import (
    AnswerRequest,
    ApproveRequest,
    ModelAsk,
    PromoteRequest,
    RejectRequest,
    RollbackRequest,
    RunRequest,
    TaskRequest,
)
from agent.service.service import Service
from agent.service.tasks import TaskVerbs
from agent.service.tokens import Tokens
from agent.signing import Signing
from agent.types import Event
from agent.workflow.desk import Desk
from agent.workflow.endings import ending_of
from agent.workflow.people import People
from agent.workflow.queue import Queue
from registry import Function, Manifest, Status, TaskRecord, TaskState, UnknownFunction, UnknownTask, Version
from registry.tasks import event_of

ALL = frozenset(Scope)
GRANT = "http GET api.example.org"
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ANN = Caller(by="ann", scopes=frozenset({Scope.TASKS}), via="http")
BOB = Caller(by="bob", scopes=ALL, via="http")
WISH = TaskRequest(task="count the words", arguments={"text": "a b"})


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A service without workers."""

    service: Service
    events: list[Event]

    @property
    def people(self) -> People:
        """Who takes words on waiting tasks."""
        return self.service.tasks.people

    def waiting(self, error: Exception, caller: Caller = ANN) -> TaskRecord:
        """A task whose first turn ended with that error."""
        tasks = self.people.desk.tasks
        task = tasks.task(self.service.tasks.submit(WISH, caller).id)
        ending = ending_of(error, task)
        values = {"state": ending.state, "reason": ending.reason, "error": ending.error, "waits_for": ending.waits_for}
        assert tasks.move(task, values)
        return tasks.task(task.id)

    def version(self, source: str = "", *, name: str = "fetch", grants: tuple[str, ...] = (GRANT,)) -> Version:
        """A version that is approved and not in production."""
        manifest = Manifest(name=name, description="Fetches.", input_schema=TEXT, grants=grants)
        written = source or f"async def {name}(text: str) -> str:\n    return text\n"
        registry = self.people.signing.registry
        registry.add_candidate(Function(manifest=manifest, source=written, tests="# none\n"), {})
        return registry.approve(name, by="test")

    def ungranted(self, version: Version) -> Exception:
        """The error of a run that nobody has granted."""
        with pytest.raises(NotGranted) as caught:
            Approval(registry=self.people.signing.registry).refuse_ungranted(version)
        return caught.value


@pytest.fixture
def stand(workshop: Callable[..., Any]) -> Iterator[Callable[..., Stand]]:
    """Makes a service; `approvers` are those whom the operator names."""
    made: list[Service] = []

    def make(*approvers: str, runs: int = 2, **more: Any) -> Stand:
        place = workshop(functions=["count_words", "slugify"], **more)
        operations, may = place.operations, Permission(approvers=approvers)
        desk = Desk(tasks=operations.tasks, queue=Queue(operations), may=may)
        people = People(desk=desk, operations=operations, signing=Signing(registry=place.registry, allowed=(), may=may))
        service = Service(
            tasks=TaskVerbs(people=people),
            functions=FunctionVerbs(
                agent=place.agent,
                people=people,
                runs=runs,
                slots=threading.BoundedSemaphore(runs),
                is_reviewed=False,
                turn_s=0.05,
            ),
            models=ModelVerbs(router=place.agent.matcher.router),
            tokens=Tokens(operations=operations),
            feed=Feed(operations.tasks),
        )
        made.append(service)
        return Stand(service=service, events=place.events)

    yield make
    for service in made:
        service.feed.close()
        service.tasks.people.desk.close()


def test_a_token_is_kept_by_its_digest_only(stand: Any) -> None:
    """What is printed once is nowhere in the database; it is known again, with its person and its scopes."""
    tokens = stand().service.tokens
    record, token = tokens.create("ann", [Scope.TASKS, Scope.MODELS], by="root", lasts=timedelta(days=1))
    caller = tokens.caller(token, "http")
    assert caller == Caller(by="ann", scopes=frozenset({Scope.TASKS, Scope.MODELS}), via="http")
    secret = token.split("_", 2)[2]
    with tokens.operations.tasks.writing() as connection:
        for table in ("tokens", "audit"):
            assert secret not in str(connection.execute(text(f"SELECT * FROM {table}")).all())
    (made,) = tokens.operations.audit()
    assert (made.actor, made.action, made.subject) == ("root", "token.created", f"token {record.id} of ann")
    assert tokens.list()[0].used_at is not None


def test_wrong_tokens_are_known_to_nobody(stand: Any) -> None:
    """Cut, changed, of another's id, revoked, expired, empty: each is refused in the same words."""
    tokens = stand().service.tokens
    record, token = tokens.create("ann", [Scope.TASKS], by="root")
    _, other = tokens.create("bob", [Scope.TASKS], by="root")
    _, late = tokens.create("cyd", [Scope.TASKS], by="root", lasts=timedelta(0))
    mixed = "_".join([*token.split("_")[:2], other.split("_", 2)[2]])
    said = set()
    for wrong in ("", "kowal", "kowal__", token[:-1], token + "a", token.swapcase(), mixed, late, "\ud800", "Ω" * 9999):
        with pytest.raises(NotKnown) as refused:
            tokens.caller(wrong, "http")
        said.add(str(refused.value))
    assert tokens.caller(token, "http").by == "ann"
    assert tokens.revoke(record.id, by="root").revoked_at == tokens.revoke(record.id, by="root").revoked_at
    with pytest.raises(NotKnown) as refused:
        tokens.caller(token, "http")
    assert said | {str(refused.value)} == {str(refused.value)}
    assert tokens.any_valid()  # bob's
    with pytest.raises(BadTask, match="no token"):
        tokens.revoke("nothing", by="root")


@pytest.mark.parametrize(
    ("name", "scopes"), [("", [Scope.TASKS]), (" ", [Scope.TASKS]), ("ann", []), ("a\nb", [Scope.TASKS])]
)
def test_a_token_needs_a_person_and_a_scope(stand: Any, name: str, scopes: list[Scope]) -> None:
    """Without either nothing is made."""
    tokens = stand().service.tokens
    with pytest.raises(BadTask):
        tokens.create(name, scopes, by="root")
    assert tokens.list() == []


def test_without_a_token_only_as_long_as_none_was_ever_made(stand: Any) -> None:
    """Whoever is on the machine may do all but sign; one token, even a revoked one, closes that for good."""
    tokens = stand().service.tokens
    anybody = tokens.anybody("root", "http")
    assert anybody.scopes == OF_ANYBODY_HERE
    assert not anybody.scopes & {Scope.APPROVE, Scope.TASKS_ALL, Scope.MODELS}
    assert not tokens.any_valid()
    record, _ = tokens.create("ann", [Scope.TASKS], by="root")
    tokens.revoke(record.id, by="root")
    with pytest.raises(NotKnown):
        tokens.anybody("root", "http")


VERBS: dict[Scope, list[Callable[[Service, Caller], Any]]] = {
    Scope.TASKS: [
        lambda service, caller: service.tasks.submit(WISH, caller),
        lambda service, caller: service.tasks.list(caller),
        lambda service, caller: service.tasks.task("0" * 32, caller),
        lambda service, caller: service.tasks.events("0" * 32, caller),
        lambda service, caller: service.tasks.file("0" * 32, "x", caller),
        lambda service, caller: service.tasks.cancel("0" * 32, caller),
        lambda service, caller: service.tasks.retry("0" * 32, caller),
        lambda service, caller: service.tasks.answer("0" * 32, AnswerRequest(function="x"), caller),
    ],
    Scope.APPROVE: [
        lambda service, caller: service.tasks.approve("0" * 32, ApproveRequest(), caller),
        lambda service, caller: service.tasks.reject("0" * 32, RejectRequest(), caller),
        lambda service, caller: service.functions.promote("slugify", PromoteRequest(), caller),
        lambda service, caller: service.functions.rollback("slugify", RollbackRequest(version="1.0.0"), caller),
    ],
    Scope.FUNCTIONS: [
        lambda service, caller: service.functions.list(caller),
        lambda service, caller: service.functions.get("slugify", caller),
        lambda service, caller: service.functions.versions("slugify", caller),
        lambda service, caller: service.functions.source("slugify", caller),
        lambda service, caller: service.functions.evidence("slugify", caller),
        lambda service, caller: service.functions.diff("slugify", "1.0.0", "1.0.0", caller),
    ],
    Scope.FUNCTIONS_RUN: [lambda service, caller: service.functions.run("slugify", RunRequest(), caller)],
    Scope.FUNCTIONS_CHANGE: [
        lambda service, caller: service.tasks.submit(WISH, caller, verb="create"),
        lambda service, caller: service.tasks.submit(WISH, caller, verb="enhance", name="slugify"),
    ],
    Scope.MODELS: [
        lambda service, caller: service.models.list(caller),
        lambda service, caller: service.models.ask(ModelAsk(task="hello"), caller),
    ],
}


def test_each_verb_takes_its_scope(stand: Any) -> None:
    """With every scope but the one that it needs nothing is done, and the refusal names the scope."""
    service = stand().service
    for scope, verbs in VERBS.items():
        caller = Caller(by="ann", scopes=ALL - {scope}, via="http")
        for verb in verbs:
            with pytest.raises(NotPermitted, match=f"scope `{scope}`"):
                verb(service, caller)
    assert service.tasks.list(BOB).tasks == ()


def test_one_key_is_one_task_and_is_its_callers_own(stand: Any) -> None:
    """Sent again it is the same task; by somebody else it is another; with something else under it, it is refused."""
    tasks = stand().service.tasks
    first, again = (tasks.submit(WISH, ANN, key="k").id for _ in range(2))
    assert first == again
    assert tasks.submit(WISH, BOB, key="k").id != first
    with pytest.raises(BadTask, match="Something else") as refused:
        tasks.submit(TaskRequest(task="another"), ANN, key="k")
    assert first in refused.value.kept
    assert len(tasks.list(replace(BOB, by="eve")).tasks) == 2


def test_people_see_their_own_tasks_only(stand: Any) -> None:
    """Another's is not there for them, whatever they say to it; the scope for all shows all, by pages."""
    tasks = stand().service.tasks
    theirs = [tasks.submit(WISH, ANN).id for _ in range(5)]
    stranger = Caller(by="eve", scopes=frozenset({Scope.TASKS}), via="http")
    own = tasks.submit(WISH, stranger).id
    for verb in (tasks.task, tasks.cancel, tasks.retry, tasks.events):
        with pytest.raises(UnknownTask):
            verb(theirs[0], stranger)
    with pytest.raises(UnknownTask):
        tasks.task(own[:8], stranger)  # no beginnings: they would tell what there is
    with pytest.raises(UnknownTask):
        tasks.list(stranger, cursor=theirs[0])
    assert [task.id for task in tasks.list(stranger).tasks] == [own]
    seen, page = [], tasks.list(BOB, limit=2)
    while True:
        seen += [task.id for task in page.tasks]
        if not page.next:
            break
        page = tasks.list(BOB, limit=2, cursor=page.next)
    assert sorted(seen) == sorted([*theirs, own])
    assert [task.id for task in tasks.list(ANN, states=[TaskState.DONE]).tasks] == []


def test_a_model_may_only_be_asked_for_a_function_by_whoever_may_have_one_made(stand: Any) -> None:
    """Without the scope the task is one that takes what there is."""
    place = stand()
    made = {
        caller.by: place.people.desk.tasks.task(place.service.tasks.submit(WISH, caller).id).request["task"]
        for caller in (ANN, BOB)
    }
    assert made["ann"]["may_create"] is False
    assert made["bob"]["may_create"] is True


def test_answers_go_to_what_is_asked(stand: Any) -> None:
    """Missing arguments and which function is meant are shown and taken; an answer of another kind is refused."""
    place = stand()
    tasks = place.service.tasks
    missing = place.waiting(BadArguments("`slugify` needs `text`", missing=["text"], argument="text"))
    shown = tasks.task(missing.id, ANN)
    assert shown.waits_for is not None
    assert (shown.waits_for.kind, shown.waits_for.missing) == ("arguments", ("text",))
    with pytest.raises(BadTask, match="does not wait for this"):
        tasks.answer(missing.id, AnswerRequest(function="slugify"), ANN)
    assert tasks.answer(missing.id, AnswerRequest(arguments={"text": "x"}), ANN).state == "queued"
    which = place.waiting(Unclear("which?", options=[{"name": "slugify"}, {"name": "count_words"}]))
    assert tasks.task(which.id, ANN).waits_for.options == ("slugify", "count_words")
    assert tasks.answer(which.id, AnswerRequest(function="slugify"), ANN).state == "queued"


@pytest.mark.parametrize("said", [{}, {"choice": 1, "raises": True}, {"value": None, "function": "x"}, {"choice": 0}])
def test_an_answer_says_one_thing(said: dict[str, Any]) -> None:
    """None at all, or two, are none; `null` is a value."""
    with pytest.raises(ValueError, match=r"exactly one|greater than"):
        AnswerRequest.model_validate(said)
    assert AnswerRequest.model_validate({"value": None}).value is None


def test_a_signature_is_bound_to_what_was_seen(stand: Any) -> None:
    """It takes the digest of the version that waits; it is shown what it asks for; the audit says who signed."""
    place = stand()
    version = place.version()
    task = place.waiting(place.ungranted(version))
    shown = place.service.tasks.task(task.id, BOB)
    assert shown.waits_for is not None
    assert shown.waits_for.signature is not None
    assert (shown.waits_for.signature.digest, shown.waits_for.signature.asks) == (version.digest, (GRANT,))
    with pytest.raises(ValueError, match="digest"):
        ApproveRequest(grant=True)
    with pytest.raises(BadTask, match="another version"):
        place.service.tasks.approve(task.id, ApproveRequest(grant=True, digest="0" * 64), BOB)
    with pytest.raises(NotGranted):
        place.service.tasks.approve(task.id, ApproveRequest(digest=version.digest), BOB)
    on = place.service.tasks.approve(task.id, ApproveRequest(grant=True, digest=version.digest), BOB)
    assert on.state == "queued"
    assert place.people.signing.registry.get("fetch", "1.0.0").status is Status.PRODUCTION
    signed = [row for row in place.people.operations.audit("fetch") if row.action == "task.approved"]
    assert [(row.actor, row.digest) for row in signed] == [("bob", version.digest)]


def test_the_operators_word_on_who_signs_holds_over_http_too(stand: Any) -> None:
    """A token with the scope signs nothing for somebody whom `tasks.approvers` does not name."""
    place = stand("carol")
    version = place.version(grants=())
    task = place.waiting(place.ungranted(place.version(name="load")))
    for act in (
        lambda: place.service.functions.promote("fetch", PromoteRequest(version="1.0.0"), BOB),
        lambda: place.service.functions.rollback("slugify", RollbackRequest(version="1.0.0"), BOB),
        lambda: place.service.tasks.reject(task.id, RejectRequest(reason="no"), BOB),
    ):
        with pytest.raises(NotPermitted, match="carol"):
            act()
    carol = replace(BOB, by="carol")
    moved = place.service.functions.promote("fetch", PromoteRequest(version="1.0.0"), carol)
    assert (moved.version, moved.status) == ("1.0.0", "production")
    assert place.people.signing.registry.history("fetch")[-1].by == "carol"
    assert version.status is Status.APPROVED


def test_a_function_goes_to_production_and_back(stand: Any) -> None:
    """Its newest version, bound to the digest where one is said; then the earlier one again, all in its history."""
    place = stand()
    functions, registry = place.service.functions, place.people.signing.registry
    before = functions.fingerprint()
    first = place.version(grants=())
    functions.promote("fetch", PromoteRequest(digest=first.digest), BOB)
    assert functions.fingerprint() != before
    second = place.version("def fetch(text: str) -> str:\n    return text * 2\n", grants=())
    with pytest.raises(BadTask, match="another version"):
        functions.promote("fetch", PromoteRequest(digest=first.digest), BOB)
    assert functions.promote("fetch", PromoteRequest(), BOB).version == second.version
    assert "return text * 2" in functions.diff("fetch", first.version, second.version, BOB).diff
    back = functions.rollback("fetch", RollbackRequest(version=first.version), BOB)
    assert (back.version, back.status, back.branch) == (first.version, "production", "")
    assert registry.get("fetch").digest == first.digest
    assert [entry.by for entry in functions.versions("fetch", BOB)][-1] == "bob"


def test_functions_are_listed_by_pages_and_found_by_words(stand: Any) -> None:
    """Each once, in order, whatever the size of a page; a search gives the likeliest first."""
    place = stand()
    place.version(grants=())
    functions = place.service.functions
    seen, page = [], functions.list(BOB, limit=1)
    while True:
        seen += [each.name for each in page.functions]
        if not page.next:
            break
        page = functions.list(BOB, limit=1, cursor=page.next)
    assert seen == ["count_words", "fetch", "slugify"]
    assert functions.list(BOB, query="how many words are in this text").functions[0].name == "count_words"
    with pytest.raises(BadTask):
        functions.list(BOB, query="... !")
    view = functions.get("slugify", BOB)
    assert (view.status, view.runs, view.asks) == ("production", 0, ())
    assert functions.source("slugify", BOB).digest == functions.evidence("slugify", BOB).digest == view.digest
    with pytest.raises(UnknownFunction):
        functions.get("nothing", BOB)


def test_a_run_is_written_down_as_the_callers(stand: Any) -> None:
    """It gives the value at once, in a sandbox, and for that time the thread acts for the caller alone."""
    place = stand()
    ran = place.service.functions.run("count_words", RunRequest(arguments={"text": "a b c"}), BOB)
    assert (ran.value, ran.version) == (3, "1.0.0")
    assert place.people.operations.runs()[0].id == ran.run_id
    assert acting.get() == ""
    with pytest.raises(BadArguments):
        place.service.functions.run("count_words", RunRequest(arguments={"text": 7}), BOB)
    assert acting.get() == ""


def test_nobody_runs_what_nobody_signed(stand: Any) -> None:
    """A version that does not serve is run for those only who may sign."""
    place = stand()
    place.version("def fetch(text: str) -> str:\n    return text * 2\n", grants=())
    runner = Caller(by="eve", scopes=frozenset({Scope.FUNCTIONS_RUN}), via="http")
    call = RunRequest(arguments={"text": "a"})
    with pytest.raises(NotPermitted, match="does not serve"):
        place.service.functions.run("fetch", call, runner)
    assert place.service.functions.run("fetch", call, BOB).value == "aa"
    place.service.functions.promote("fetch", PromoteRequest(), BOB)
    assert place.service.functions.run("fetch", call, runner).value == "aa"


def test_no_more_functions_run_at_a_time_than_is_allowed(stand: Any) -> None:
    """Who gets no turn is told to come again, and a turn is given back whatever becomes of a call."""
    place = stand(runs=1)
    functions = place.service.functions
    for _ in range(3):
        with pytest.raises(BadArguments):
            functions.run("count_words", RunRequest(arguments={}), BOB)
    with functions.slots, pytest.raises(TooBusy):
        functions.run("count_words", RunRequest(arguments={"text": "a"}), BOB)
    assert functions.run("count_words", RunRequest(arguments={"text": "a"}), BOB).value == 1


def test_a_model_is_asked_for_the_caller_and_within_their_demands(stand: Any) -> None:
    """The ledger has whose request it was; what demands leave nobody is refused without a word to any model."""
    place = stand(service=["hello"])
    answer = place.service.models.ask(ModelAsk(task="say hello", system="be short"), BOB)
    assert (answer.text, answer.tokens_in, answer.tokens_out) == ("hello", 10, 5)
    assert [view.server for view in place.service.models.list(BOB)] == ["teller"]


def test_whoever_waits_for_a_task_is_woken_and_nobody_else(stand: Any) -> None:
    """By any event of that task, from any process; after the waiting nothing is called any more."""
    place = stand()
    tasks, feed = place.people.desk.tasks, place.service.feed
    one, other = (place.service.tasks.submit(WISH, ANN).id for _ in range(2))
    woken, never = threading.Event(), threading.Event()
    with feed.waking(one, woken.set), feed.waking(other, never.set):
        assert woken.wait(20)
        assert never.wait(20)  # at the first look all are woken: from then on it is known what is new
        for at in range(2):
            woken.clear()
            never.clear()
            tasks.tell(event_of(one, f"test.{at}", "progress", line="x"))
            assert woken.wait(20)
            assert not never.is_set()
    woken.clear()
    tasks.tell(event_of(one, "test.last", "progress", line="x"))
    assert not woken.wait(0.5)


def test_it_says_what_keeps_it_from_working(stand: Any) -> None:
    """Nothing where all is well; the database by name once that has gone."""
    place = stand()
    assert place.service.troubles() == {}
    figures = place.service.figures()
    assert figures["functions"] == {"production": 2.0}
    assert figures["tasks"]["queued"] == 0.0
    place.service.tasks.submit(WISH, ANN)
    assert place.service.figures()["tasks"]["queued"] == 1.0
    with place.people.desk.tasks.writing() as connection:
        connection.execute(text("DROP TABLE tokens"))
    assert list(place.service.troubles()) == ["database"]
