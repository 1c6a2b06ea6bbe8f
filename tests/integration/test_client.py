"""The client against a live service: every verb, the errors of here from there, cut streams, services that go away."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_stand import Stand, answering, seeded, stand_in, working
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent import SubmitOptions
from agent.client import Client, RemoteTask
from agent.client.events import ServerEvent, events_in
from agent.client.problems import error_of
from agent.errors import (
    BadArguments,
    BadSettings,
    BadTask,
    KowalError,
    NotKnown,
    NotPermitted,
    ProviderUnavailable,
    ServiceError,
    ServiceUnavailable,
    TaskNotDone,
    TooBusy,
)
from agent.service.callers import Scope
from agent.service.requests import (
    AnswerRequest,
    EnhanceRequest,
    ModelAsk,
    PromoteRequest,
    RejectRequest,
    RollbackRequest,
    RunRequest,
    TaskRequest,
)
from agent.workflow.kept import family
from integrations.http.problems import HttpError, TooManyRequests, answer, status_of
from integrations.http.server import Server, listening
from registry import RegistryError, TaskState, UnknownFunction, UnknownTask, UnknownVersion
from sandbox import SandboxError

COUNT = "count words in a text"


@pytest.fixture(scope="module")
def stand(once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Stand]:
    """A service with a worker."""
    folder = tmp_path_factory.mktemp("stand")
    shutil.copytree(once("http-seed", lambda draft: seeded(draft, cache)), folder, dirs_exist_ok=True)
    with stand_in(folder, cache) as made, working(made.settings):
        yield made


@pytest.fixture
def client(stand: Stand) -> Iterator[Client]:
    """Who may do everything."""
    with Client(stand.url, token=stand.token, patience_s=5.0) as made:
        yield made


def test_execute_task_gives_the_value(client: Client) -> None:
    """The same call as here; what the service's worker found comes back, with examples and demands on the way."""
    assert client.execute_task(COUNT, text="to be or not to be") == 6
    assert client.execute_task(COUNT, text="a b", examples=[({"text": "a b"}, 2)]) == 2


def test_a_handle_waits_follows_and_tells(client: Client) -> None:
    """A handle gives the whole outcome, the events from the first on, and one key is one task."""
    options = SubmitOptions(key="one and the same", priority=3)
    task = client.submit(COUNT, text="a b c", options=options)
    outcome = task.result(timeout_s=60)
    assert (outcome.value, outcome.function, outcome.origin) == (3, "count_words", "matched")
    assert client.submit(COUNT, text="a b c", options=options).id == task.id
    actions = [event.action for event in task.events()]
    assert actions[-1] == "task.done"
    assert [event.action for event in client.follow_task(task.id, after=10**9)] == []
    assert (task.view.state, task.view.priority, task.view.asked_by) == ("done", 3, "ann")
    with pytest.raises(BadTask, match="Something else"):
        client.submit(COUNT, text="other", options=options)


def test_what_waits_for_a_person_is_said_and_answered(client: Client) -> None:
    """`execute_task` ends as soon as somebody's word is needed: which task, what for, how; the word is given here."""
    with pytest.raises(TaskNotDone) as caught:
        client.execute_task(COUNT)
    facts = caught.value.facts
    assert facts["waits_for"]["kind"] == "arguments"
    assert "answer_task" in caught.value.advice
    assert facts["task"] in caught.value.kept
    with pytest.raises(TimeoutError, match="answer_task"):
        handle_of(client, facts["task"]).result(timeout_s=0.1)
    client.answer_task(facts["task"], AnswerRequest(arguments={"text": "a b"}))
    assert handle_of(client, facts["task"]).result(timeout_s=60).value == 2


def handle_of(client: Client, task: str) -> Any:
    """A handle to a task that is there."""
    return RemoteTask(client=client, id=task)


def test_tasks_are_listed_cancelled_and_tried_again(client: Client) -> None:
    """Pages follow each other; a cancelled task raises, and waits once more when it is tried again."""
    ids = [client.submit(COUNT).id for _ in range(3)]
    for task in ids:
        wait_for(client, task, "waiting")
    listed = [task.id for page in client.list_tasks(limit=2, state=[TaskState.WAITING]) for task in page.tasks]
    assert set(ids) <= set(listed)
    handle_of(client, ids[0]).cancel()
    with pytest.raises(TaskNotDone, match="cancelled"):
        handle_of(client, ids[0]).result()
    assert client.retry_task(ids[0]).state in ("queued", "working", "waiting")
    wait_for(client, ids[0], "waiting")
    with pytest.raises(BadTask):
        client.approve_task(ids[0])
    rejected = client.reject_task(ids[1], RejectRequest(reason="no need"))
    assert rejected.state == "failed"
    assert client.cancel_task(ids[2]).state == "cancelled"


def wait_for(client: Client, task: str, state: str) -> None:
    """Wait until the task stands so."""
    deadline = time.monotonic() + 60
    while (found := client.get_task(task, wait_s=1.0)).state != state:
        assert time.monotonic() < deadline, found


def test_functions_are_found_shown_and_run(client: Client) -> None:
    """Everything that there is to know of a function, and its value."""
    names = [row.name for page in client.list_functions(limit=1) for row in page.functions]
    assert names == ["count_words", "slugify"]
    (found,) = client.list_functions(query="how many words")
    assert found.functions[0].name == "count_words"
    shown = client.get_function("count_words")
    assert (shown.version, shown.status, shown.grants) == ("1.0.0", "production", ())
    assert client.list_versions("count_words")[-1].status == "production"
    assert "def count_words" in client.get_source("count_words", version="1.0.0").source
    assert client.get_evidence("count_words").evidence["verdict"]["passed"] is True
    assert client.get_diff("count_words", "1.0.0", "1.0.0").diff == ""
    assert client.run_function("count_words", RunRequest(arguments={"text": "a b c"})).value == 3
    assert client.get_function("count_words").runs_ok > shown.runs_ok
    assert client.roll_back_function("count_words", RollbackRequest(version="1.0.0")).status == "production"
    with pytest.raises(RegistryError):
        client.promote_function("count_words", PromoteRequest(version="9.9.9"))


def test_models_and_what_needs_them(client: Client) -> None:
    """Without a model server the router says so, as it does here; a wish for a function waits for one to come."""
    assert {row.server for row in client.list_models()} == {"ollama"}
    with pytest.raises(ProviderUnavailable):
        client.ask_model(ModelAsk(task="Say hello"))
    made = client.create_function(TaskRequest(task="translate a poem into whale song"))
    enhanced = client.enhance_function("slugify", EnhanceRequest(improvement="also whales"), key="k")
    assert (made.verb, enhanced.verb, enhanced.name) == ("create", "enhance", "slugify")
    for task in (made, enhanced):
        client.cancel_task(task.id)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda c: c.run_function("count_words", RunRequest(arguments={"number": 1})), BadArguments),
        (lambda c: c.run_function("nothing_such"), UnknownFunction),
        (lambda c: c.run_function("../../etc"), ServiceError),
        (lambda c: c.get_source("count_words", version="7.0.0"), UnknownVersion),
        (lambda c: c.get_task("0" * 32), UnknownTask),
        (lambda c: c.get_task("not an id"), BadTask),
        (lambda c: list(c.follow_task("0" * 32)), UnknownTask),
        (lambda c: c.get_file("0" * 32, "a/b"), KowalError),
        (lambda c: c.execute_task(""), BadTask),
        (lambda c: c.execute_task("x" * 20_000), BadTask),
        (lambda c: c.execute_task("a \ud800"), BadTask),
        (lambda c: c.execute_task(COUNT, text=object()), BadArguments),
        (lambda c: c.execute_task(COUNT, text="a", examples=["no example"]), BadTask),
        (lambda c: c.submit(COUNT, options=SubmitOptions(priority=5_000)), BadTask),
        (lambda c: c.submit(COUNT, options=SubmitOptions(queue="nowhere")), BadTask),
    ],
)
def test_errors_are_those_of_here(client: Client, wrong: Callable[[Client], Any], error: type[Exception]) -> None:
    """What would be raised here is raised there, by the same class, with what to do next."""
    with pytest.raises((error, UnknownTask) if error is KowalError else error) as caught:
        wrong(client)
    assert str(caught.value)


def test_tokens_are_held_to_their_scopes(stand: Stand) -> None:
    """A wrong token and one that lacks the scope are refused; what is said of it never shows the token."""
    few = stand.token_for("eve", Scope.FUNCTIONS)
    for token, error in ((None, NotKnown), (few[:-1], NotKnown), (few, NotPermitted)):
        with Client(stand.url, token=token) as client, pytest.raises(error) as caught:
            client.execute_task(COUNT, text="a")
        assert few not in f"{client!r} {caught.value!r} {caught.value.advice} {caught.value.facts}"


def test_a_service_that_comes_back_has_lost_nothing(stand: Stand) -> None:
    """While it waits for its answer the service ends and comes back: the answer comes, and the task was one."""
    got: list[Any] = []
    with ExitStack() as first:
        url = first.enter_context(answering(stand.settings, stand.service, stand.events))
        with Client(url, token=stand.token, patience_s=60) as client:
            others = [client.submit(COUNT, text=f"{number} words") for number in range(6)]
            asking = threading.Thread(target=lambda: got.append(client.execute_task(COUNT, text="the last of all")))
            asking.start()
            first.close()
            time.sleep(0.3)
            with answering(stand.settings, stand.service, stand.events, int(url.rpartition(":")[2])):
                asking.join(60)
                assert [task.result(60).value for task in others] == [2] * 6
    assert got == [4]


class Scripted:
    """A service that gives prepared answers one after the other, and notes what it was asked."""

    def __init__(self, *answers: Callable[[], Response]) -> None:
        self.answers, self.asked = list(answers), list[Request]()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0)()


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[Client, Scripted]]]:
    """Makes a client of a service that answers so."""
    with ExitStack() as stack:

        def make(*answers: Callable[[], Response], patience_s: float = 5.0) -> tuple[Client, Scripted]:
            service = Scripted(*answers)
            server = stack.enter_context(closing(Server(service.app, listening("127.0.0.1", 0), grace_s=1.0)))
            return stack.enter_context(
                Client(f"http://127.0.0.1:{server.port}", token="t", patience_s=patience_s)
            ), service

        yield make


def task_json(state: str = "queued") -> dict[str, Any]:
    """A task as it comes."""
    said = {"id": "0" * 32, "text": "t", "verb": "execute", "state": state, "asked_by": "ann", "via": "http"}
    return said | {"queue": "tasks", "priority": 0, "created_at": "2026-11-22T00:00:00Z"}


def busy() -> Response:
    """No, not now."""
    return answer(TooManyRequests(again_in_s=0))


def test_what_has_a_key_is_sent_again_with_the_same_key(scripted: Any) -> None:
    """A submit is repeated after 503 and 429, and it is the same task for the service."""
    client, service = scripted(lambda: Response(status_code=503), busy, lambda: JSONResponse(task_json()))
    assert client.submit("t").id == "0" * 32
    keys = {request.headers["Idempotency-Key"] for request in service.asked}
    assert len(service.asked) == 3
    assert len(keys) == 1
    assert len(keys.pop()) == 32


def test_what_may_have_happened_is_not_sent_again(scripted: Any) -> None:
    """A function may have run though no answer came: it is not run twice; what was refused beforehand is sent again."""
    client, service = scripted(lambda: Response(status_code=502))
    with pytest.raises(ServiceUnavailable):
        client.run_function("slugify")
    assert len(service.asked) == 1
    client, service = scripted(busy, lambda: JSONResponse([]))
    with pytest.raises(ServiceError, match="cannot be read"):
        client.run_function("slugify")
    assert len(service.asked) == 2


def test_patience_ends(scripted: Any) -> None:
    """Where the service asks to come back later than one waits, its error is raised at once."""
    client, service = scripted(lambda: answer(TooManyRequests(again_in_s=60)), patience_s=0.5)
    started = time.monotonic()
    with pytest.raises(TooBusy):
        client.list_models()
    assert time.monotonic() - started < 30
    assert len(service.asked) == 1


def stream(*events: str) -> Callable[[], Response]:
    """A stream that is cut off after these."""
    return lambda: StreamingResponse(iter(events), media_type="text/event-stream")


def event(number: int) -> str:
    """An event as it comes."""
    data = {"id": number, "action": "step", "at": "2026-11-22T00:00:00Z", "facts": {"text": "a\u2028b\x85c"}}
    return f"event: step\nid: {number}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def test_a_cut_stream_goes_on_where_it_was(scripted: Any) -> None:
    """After a cut in the middle of an event, and a 503, it is followed from the last whole one; each comes once."""
    half = event(3)[:30]
    client, service = scripted(
        stream(": hello\n\n", event(1), event(2), half),
        lambda: Response(status_code=503),
        stream(event(3), "event: end\ndata: {}\n\n"),
    )
    seen = list(client.follow_task("0" * 32))
    assert [each.id for each in seen] == [1, 2, 3]
    assert seen[0].facts["text"] == "a\u2028b\x85c"
    assert [request.headers["Last-Event-ID"] for request in service.asked] == ["0", "2", "2"]


def test_a_stream_that_stays_cut_is_told(scripted: Any) -> None:
    """When patience ends the follower hears where it was cut off."""
    client, _ = scripted(stream(event(7)), *[lambda: Response(status_code=503)] * 50, patience_s=0.4)
    following = client.follow_task("0" * 32)
    assert next(following).id == 7
    with pytest.raises(ServiceUnavailable):
        next(following)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8420", "ftp://kowal", "http://", "http://me:secret@kowal", "http://kowal/?a=b", "http://[::1"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Nothing is sent to it, and a password in it is not repeated."""
    with pytest.raises(BadSettings) as caught:
        Client(url)
    assert "secret" not in str(caught.value)


def test_nobody_there_is_said() -> None:
    """The error names the address and says what to do."""
    with Client("http://127.0.0.1:9", patience_s=0.2) as client, pytest.raises(ServiceUnavailable) as caught:
        client.submit("t")
    assert "127.0.0.1:9" in str(caught.value)
    assert "kowal serve" in caught.value.advice


ROOTS = (KowalError, RegistryError, SandboxError)
KINDS = sorted({kind for root in ROOTS for kind in family(root)}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_comes_back_as_itself(kind: type[Exception]) -> None:
    """The class, what was kept and what to do next survive the way; what only HTTP knows becomes an error of ours."""
    made = answer(kind("what happened", kept="what was kept", advice="what to do"), "id")
    request = httpx.Request("GET", "http://kowal.invalid/")
    found = error_of(httpx.Response(made.status_code, headers=dict(made.headers), content=made.body, request=request))
    is_ours = kind.__module__.split(".")[0] in ("agent", "registry", "sandbox")
    if is_ours:
        assert type(found) is kind
    assert isinstance(found, ROOTS)
    assert not isinstance(found, HttpError)
    if status_of(kind()) < 500:
        said = (str(found), found.kept, found.advice)  # type: ignore[union-attr]
        assert said == ("what happened", "what was kept", "what to do")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"type": 5, "facts": [], "retryable": "x"}', b"\xff", b'"a"']
)
@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_words_of_others_are_errors_of_ours(status: int, body: bytes) -> None:
    """Whatever a proxy in between says: an error that names the status."""
    request = httpx.Request("GET", "http://kowal.invalid/v1/tasks?cursor=abc")
    for media in ("text/html", "application/problem+json"):
        response = httpx.Response(status, headers={"Content-Type": media}, content=body, request=request)
        found = error_of(response)
        assert isinstance(found, KowalError)
        assert str(status) in str(found)


EVENT = st.builds(
    ServerEvent,
    type=st.sampled_from(["message", "step", "end"]),
    data=st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1),
    id=st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1),
)


@given(
    st.lists(EVENT, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(1, 20), min_size=1),
)  # fmt: skip
def test_events_survive_any_cutting(events: list[ServerEvent], end: str, sizes: list[int]) -> None:
    """However the bytes are cut into pieces, the events are those that were sent."""
    sent = "".join(f"event: {e.type}{end}id: {e.id}{end}data: {e.data}{end}{end}" for e in events) + f":{end}"
    left, pieces, turn = sent.encode(), list[bytes](), 0
    while left:
        size = sizes[turn % len(sizes)]
        pieces, left, turn = [*pieces, left[:size]], left[size:], turn + 1
    assert list(events_in(pieces)) == events
