"""The HTTP service as a whole, with a real registry and database: hostile requests, tokens, limits, figures, health."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from network import free_port
from raw_http import Line, ask, get

from agent.config import Settings, load_settings
from agent.doctor import http_diagnosis
from agent.errors import BadSettings
from agent.library import prepare_registry
from agent.service.callers import Scope
from agent.service.service import Service, open_service
from agent.types import Event, ignore
from agent.wiring import open_registry
from integrations.http.protocol import Bounds
from integrations.http.service import address_of, heard_at, opened, refuse_exposure, serve
from registry import Function, Manifest
from registry.errors import OperationsUnavailable

JSON = {"Content-Type": "application/json"}
WISH = {"task": "count the words", "arguments": {"text": "a b"}}


class Stand:
    """A service that answers, and what it told."""

    def __init__(self, settings: Settings, *, bounds: Bounds | None = None) -> None:
        self.settings = settings
        self.events: list[Event] = []
        self.service: Service = open_service(settings, ignore)
        self.server = opened(settings, self.service, heard_at(settings), self.events.append, bounds)
        self.port = self.server.port
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    def token(self, *scopes: Scope, name: str = "ann") -> dict[str, str]:
        """The header with a new token."""
        _, token = self.service.tokens.create(name, scopes or tuple(Scope), by="test")
        return {"Authorization": f"Bearer {token}"}

    def is_alive(self) -> bool:
        """Whether it answers, and works."""
        return all(self.client.get(path).status_code == 200 for path in ("/healthz", "/readyz"))

    def close(self) -> None:
        """End it."""
        self.client.close()
        self.server.close()
        self.service.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Callable[..., Settings]:
    """Makes settings with an empty registry and a database of their own."""

    def make(**http: Any) -> Settings:
        folder = tmp_path_factory.mktemp("place")
        settings = load_settings(
            registry=folder / "registry.git", database=str(folder / "operations.sqlite"), cache=cache, built_ins=(),
            sandbox="wasm", providers=(), http={"port": 0, "a_minute": 100_000, **http},
        )  # fmt: skip
        prepare_registry(settings, ignore)
        return settings

    return make


@pytest.fixture(scope="module")
def stand(place: Callable[..., Settings]) -> Iterator[Stand]:
    """A service that listens to this machine, where a token was made."""
    with closing(Stand(place(max_body_mib=1))) as made:
        made.token()
        yield made


@pytest.fixture(scope="module")
def allowed(stand: Stand) -> dict[str, str]:
    """A token's header."""
    return stand.token()


BODIES = {
    "cut": b'{"task": "x"',
    "lists": b"[" * 100_000,
    "objects": b'{"a":' * 100_000,
    "deep value": b'{"task":"x","arguments":{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "not UTF-8": b'{"task": "\xff\xfe"}',
    "half a character": b'{"task": "\\ud800"}',
    "half a character within": b'{"task": "x", "arguments": {"text": ["\\udfff"]}}',
    "twice": b'{"task": "x", "task": "y"}',
    "NaN": b'{"task": "x", "arguments": {"n": NaN}}',
    "infinite": b'{"task": "x", "deadline_s": 1e999}',
    "digits": b'{"task": "x", "priority": ' + b"9" * 10_000 + b"}",
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"task"',
    "unknown": b'{"task": "x", "by": "root"}',
    "wrong type": b'{"task": {"$ne": null}}',
    "long": b'{"task": "' + b"x" * 100_000 + b'"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_hostile_body_is_refused(stand, allowed, body):
    """It is 400 or 422 as a problem that does not repeat the body, and the service goes on."""
    before = len(stand.events)
    answer = stand.client.post("/v1/tasks", content=body, headers=JSON | allowed)
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 2000
    assert answer.json()["instance"] == answer.headers["X-Request-ID"]
    assert stand.is_alive()
    assert len(stand.events) == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", ""]
)
def test_another_kind_of_body_is_refused(stand, allowed, kind):
    """What a page may send without being asked, a form or plain text, is no request."""
    answer = stand.client.post("/v1/tasks", content=json.dumps(WISH).encode(), headers={"Content-Type": kind} | allowed)
    assert answer.status_code in (400, 415, 422)
    assert stand.is_alive()


def test_a_body_that_is_too_large_is_refused_by_its_length_and_by_what_comes(stand, allowed):
    """413 both where the length is said and where it is not; a body without end is closed."""
    large = b'{"task": "' + b"x" * (2 << 20) + b'"}'
    assert stand.client.post("/v1/tasks", content=large, headers=JSON | allowed).status_code == 413
    headers = [f"{name}: {value}" for name, value in (JSON | allowed).items()]
    said = ask(stand.port, get("/v1/tasks", *headers, "Content-Length: 99999999999", method="POST"))
    assert said is not None
    assert said.status == 413
    with Line(stand.port) as line:
        line.send(get("/v1/tasks", *headers, "Transfer-Encoding: chunked", method="POST"))
        for _ in range(40):
            line.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        answer = line.answer()
        assert answer is None or answer.status == 413
    assert stand.is_alive()


@pytest.mark.parametrize(
    "token",
    ["", "x", "Bearer", "Bearer ", "Bearer x", "Bearer kowal_abc_def", "Basic YTpi", "Bearer " + "x" * 10_000,
     "Bearer kowal_\x01_x", "bearer kowal__"],
)  # fmt: skip
def test_a_wrong_token_is_refused(stand, token):
    """401 says how to log in, and nothing of what was sent."""
    answer = ask(stand.port, get("/v1/tasks", f"Authorization: {token}"))
    assert answer is not None
    assert answer.status in (400, 401)
    if answer.status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["type"] == "urn:kowal:problem:not-known"
    assert stand.is_alive()


def test_a_token_without_the_scope_is_refused(stand):
    """403 names the scope; figures need one of their own."""
    answer = stand.client.get("/metrics", headers=stand.token(Scope.TASKS))
    assert answer.status_code == 403
    assert "metrics" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:80"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:8420"}, 200),
        ({"Host": "LOCALHOST."}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1", "Host": "localhost:1"}, 200),
        ({"Origin": "http://localhost:2", "Host": "localhost:1"}, 403),
    ],
)
def test_the_name_and_the_page_count(stand, headers, status):
    """Another name is how a foreign page would ask us as its own; a foreign page is refused whatever it asks."""
    answer = stand.client.get("/healthz", headers=headers)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("given", ["abc-1.2_3", "a" * 64])
def test_a_sane_request_id_is_kept(stand, given):
    """What the client calls the request, we call it, too."""
    assert stand.client.get("/nothing", headers={"X-Request-ID": given}).json()["instance"] == given


@pytest.mark.parametrize("given", ["a" * 65, "a b", "a\tb", "<script>", "", "ä"])
def test_another_request_id_is_not_repeated(stand, given):
    """An id of ours takes its place."""
    answer = stand.client.get("/healthz", headers={b"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_every_answer_has_the_headers(stand, allowed):
    """Nothing is stored, sniffed, framed or referred from, whatever the answer."""
    for answer in (
        stand.client.get("/healthz"),
        stand.client.get("/v1/tasks"),
        stand.client.get("/x", headers=allowed),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/v1", 404), ("GET", "/v1/tasks/../../etc/passwd", 404), ("GET", "//evil", 404),
        ("GET", "/%00", 404), ("GET", "/v1/tasks/%ff", 422), ("DELETE", "/v1/tasks", 405), ("BREW", "/healthz", 405),
        ("POST", "/metrics", 405), ("GET", "/docs", 404), ("GET", "/hooks/gitlab", 405), ("POST", "/hooks/none", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_problem(stand, allowed, method, path, status):
    """404 and 405 are problems like all others; 405 names the methods that are taken."""
    headers = [f"{name}: {value}" for name, value in allowed.items()]
    answer = ask(stand.port, get(path, *headers, method=method))
    assert answer is not None
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert status != 405 or answer.headers["allow"]


def test_a_fault_tells_nothing_and_is_told_by_its_id(stand, allowed, monkeypatch):
    """500 says the request's id alone; the log has it with the place of the fault, and none of the data."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("s3cret")

    monkeypatch.setattr(type(stand.service.tasks), "submit", broken)
    answer = stand.client.post("/v1/tasks", json=WISH, headers=allowed | {"X-Request-ID": "r-500"})
    assert answer.status_code == 500
    assert "s3cret" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert answer.json()["instance"] == "r-500"
    deadline = time.monotonic() + 30  # it is told once it was answered
    while not (found := [event for event in stand.events if event.facts["id"] == "r-500"]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (event,) = found
    assert event.action == "http.failed"
    assert event.facts["name"] == "POST /v1/tasks"
    assert event.facts["error"].startswith("ZeroDivisionError at test_http_service.py:")
    assert stand.is_alive()


def test_not_ready_names_the_part_and_no_more(stand, monkeypatch):
    """503 says which part; why is for the machine's operator. Once it works again, it is ready again."""

    def away(*_: object) -> None:
        raise OperationsUnavailable("postgres://kowal:s3cret@db")

    time.sleep(1.1)
    monkeypatch.setattr(type(stand.service.tokens.operations.tokens), "count", away)
    answer = stand.client.get("/readyz")
    assert (answer.status_code, answer.json()["facts"]["parts"]) == (503, ["database"])
    assert "s3cret" not in answer.text
    assert stand.client.get("/healthz").status_code == 200
    monkeypatch.undo()
    time.sleep(1.1)
    assert stand.is_alive()


def test_figures_count_by_template(stand, allowed):
    """Requests are counted by route, method and status, whatever paths and methods clients make up; tasks by state."""
    for number in range(20):
        stand.client.get(f"/v1/tasks/{number:032x}", headers=allowed)
        stand.client.request(f"X{number}", f"/made-up-{number}")
    text = stand.client.get("/metrics", headers=allowed).text
    (line,) = re.findall(
        r'^kowal_http_requests_total\{method="GET",route="/v1/tasks/\{id\}",status="404"\} (\S+)', text, re.M
    )
    assert float(line) == 20
    assert 'kowal_http_requests_total{method="other",route="-",status="404"}' in text
    assert "made-up" not in text
    assert 'kowal_tasks{state="queued"}' in text
    assert "kowal_http_in_flight 1.0" in text
    assert "\npython_" not in text


def test_too_many_requests_are_told_when_to_come_again(place):
    """429 once the minute's requests are used up, for a token and for an address without; others are not held up."""
    with closing(Stand(place(a_minute=5))) as stand:
        ann, bob = stand.token(name="ann"), stand.token(name="bob")
        answers = [stand.client.get("/v1/tasks", headers=ann) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert answers[0].headers["RateLimit"].startswith('"minute";r=4;t=')
        assert answers[-1].headers["RateLimit-Policy"] == '"minute";q=5;w=60'
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 12
        assert stand.client.get("/v1/tasks", headers=bob).status_code == 200
        wrong = [stand.client.get("/v1/tasks", headers={"Authorization": "Bearer x"}).status_code for _ in range(7)]
        assert wrong == [401] * 5 + [429] * 2
        assert stand.client.get("/v1/tasks", headers=bob).status_code == 200
        assert stand.is_alive()


def test_a_page_that_is_allowed_may_ask(place):
    """With `http.origins` that site's pages get the headers that browsers want; no other site's do."""
    with closing(Stand(place(origins=["https://tools.example.org"]))) as stand:
        mine, foreign = {"Origin": "https://tools.example.org"}, {"Origin": "https://evil.example"}
        wish = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
        preflight = stand.client.options("/v1/tasks", headers=mine | wish)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://tools.example.org"
        assert stand.client.get("/healthz", headers=mine).headers["Access-Control-Allow-Origin"]
        assert stand.client.options("/v1/tasks", headers=foreign | wish).status_code == 403
        assert stand.client.get("/healthz", headers=foreign).status_code == 403


def test_streams_end_when_the_service_does(place):
    """A stream of events comes to its proper end when the service is told to, and long before its patience ends."""
    stand = Stand(place())
    task = stand.client.post("/v1/tasks", json=WISH).json()["id"]
    seen, ended = threading.Event(), threading.Event()

    def follow() -> None:
        with httpx.stream("GET", f"{stand.client.base_url}/v1/tasks/{task}/events", trust_env=False) as stream:
            seen.set()
            for _ in stream.iter_raw():
                pass
            ended.set()

    with ThreadPoolExecutor(1) as threads:
        follower = threads.submit(follow)
        assert seen.wait(30)
        assert "kowal_http_streams 1.0" in stand.client.get("/metrics").text
        began = time.monotonic()
        stand.close()
        follower.result(60)
    assert ended.is_set()
    assert time.monotonic() - began < 4


def test_nobody_is_let_in_from_elsewhere_without_a_token(place):
    """Bound wider than this machine it does not begin until a token is valid; the error says how to make one."""
    settings = place(host="0.0.0.0")
    assert not settings.http.is_private
    with closing(open_service(settings, ignore)) as service:
        with pytest.raises(BadSettings, match="no token is valid") as caught:
            refuse_exposure(settings, service)
        assert "kowal tokens create" in caught.value.advice
        assert caught.value.kept
        record, _ = service.tokens.create("ann", [Scope.TASKS], by="test")
        refuse_exposure(settings, service)
        service.tokens.revoke(record.id, by="test")
        with pytest.raises(BadSettings):
            refuse_exposure(settings, service)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_whoever_a_proxy_brings_needs_a_token(place, header):
    """A proxy on this machine comes from this machine; whom it brings does not, over HTTP or as an MCP client."""
    with closing(Stand(place())) as stand:
        assert stand.client.get("/v1/tasks").status_code == 200
        assert stand.client.get("/v1/tasks", headers={header: "127.0.0.1"}).status_code == 401
        assert stand.client.post("/mcp", json={}, headers={header: "127.0.0.1"}).status_code == 401


def test_bound_wider_it_takes_any_name_and_always_a_token(place):
    """Where no names are set any is taken, with them only those; who is on this machine needs a token, too."""
    settings = place(host="0.0.0.0")
    with closing(Stand(settings)) as stand:
        assert stand.client.get("/healthz", headers={"Host": "kowal.example.org"}).status_code == 200
        assert stand.client.get("/v1/tasks").status_code == 401
    with closing(Stand(place(host="0.0.0.0", names=["kowal.example.org"]))) as stand:
        assert stand.client.get("/healthz", headers={"Host": "KOWAL.example.org:8420"}).status_code == 200
        assert stand.client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421


def test_a_port_that_is_taken_is_an_error_of_the_settings(stand, place):
    """The message names the address, the advice the setting."""
    with pytest.raises(BadSettings, match=str(stand.port)) as caught:
        heard_at(place(port=stand.port))
    assert "http.port" in caught.value.advice


def test_the_doctor_says_how_it_is(stand, place):
    """Whether it answers; not running, or off, is no fault, and open to others without a token is one."""
    found = http_diagnosis(stand.settings.model_copy(update={"http": place(port=stand.port).http}))
    assert (found.ok, found.detail) == (True, f"127.0.0.1 port {stand.port} answers")
    for http in ({"on": False}, {"port": free_port()}):
        found = http_diagnosis(place(**http))
        assert (found.ok, found.needed) == (False, False)
    found = http_diagnosis(place(host="0.0.0.0"))
    assert (found.ok, found.needed) == (False, True)
    assert "kowal tokens create" in found.advice


def test_it_serves_until_it_is_told_to_stop(place):
    """It says where it answers, and ends when it is told."""
    said: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def note(line: str) -> None:
        said.append(line)
        ready.set()

    with ThreadPoolExecutor(1) as threads:
        serving = threads.submit(serve, place(), ignore, note, stop)
        assert ready.wait(30)
        found = re.fullmatch(r"Kowal answers at (http://127\.0\.0\.1:\d+)", said[0])
        assert found is not None
        assert httpx.get(f"{found[1]}/readyz", trust_env=False).status_code == 200
        stop.set()
        serving.result(20)


@pytest.mark.parametrize(("host", "said"), [("::1", "http://[::1]:1"), ("10.0.0.1", "http://10.0.0.1:1")])
def test_the_address_can_be_typed(host, said):
    """An IPv6 address has its brackets."""
    assert address_of(host, 1) == said


def test_who_waits_for_a_turn_holds_nobody_up(place):
    """With all turns taken, a hundred who want one wait beside a service that answers others at once."""
    settings = place(runs=1)
    with open_registry(settings) as registry:
        manifest = Manifest(name="two", description="Says it again.", input_schema={"type": "object", "properties": {}})
        source = "def two() -> int:\n    return 2\n"
        registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), {})
        registry.approve("two", by="test")
        registry.promote("two", by="test")
    with closing(Stand(settings)) as stand, ThreadPoolExecutor(100) as threads:
        with stand.service.functions.slots:
            waiting = [threads.submit(httpx.post, f"{stand.client.base_url}/v1/functions/two/run", json={}, timeout=60)
                       for _ in range(100)]  # fmt: skip
            deadline = time.monotonic() + 60
            while "kowal_http_in_flight 101.0" not in (shown := stand.client.get("/metrics").text):
                assert time.monotonic() < deadline, shown
            assert stand.client.get("/readyz").status_code == 200
            assert stand.client.get("/v1/functions/two").status_code == 200
            assert not any(each.done() for each in waiting)
        answers = [each.result(60) for each in waiting]
    assert {each.json().get("value", each.json().get("type")) for each in answers} <= {2, "urn:kowal:problem:too-busy"}
    assert answers[-1].status_code in (200, 503)
    assert sum(each.status_code == 200 for each in answers) > 10
