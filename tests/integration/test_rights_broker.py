"""The broker on a real registry and a real database: what is granted is served, all of it is written down."""

import base64
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import BadGrant, BadSettings, BadTask, NotGranted, ProviderUnavailable
from agent.ports import Constraints, ModelReply, ModelRequest, Purpose, Usage
from agent.rights.approval import Approval
from agent.rights.broker import Broker
from agent.rights.grants import parse
from agent.rights.outbound import Answered, Outbound, Outgoing
from agent.rights.outcomes import AskFailed, AskRefused
from agent.rights.session import Session
from agent.rights.tally import MOST_ASKS
from agent.routing import asking
from agent.types import Event
from registry import AuditEntry, Function, Manifest, Operations, OperationsUnavailable, Registry, Version
from sandbox import CallResult, Failure, FailureKind

URL = "https://api.example.org/v1/forecast?city=Gdansk&key=private"
SUBJECT = "GET https://api.example.org/v1/forecast"
GET = {"kind": "http", "method": "GET", "url": URL}
SECRET = "the-value-of-the-key"


class Line(Outbound):
    """Answers in place of the net, so that no request leaves; what it was told to send is kept."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "sent", [])
        object.__setattr__(self, "says", lambda outgoing: Answered(status=200, headers={}, body=b'{"t": 3}'))

    def exchange(self, outgoing: Outgoing, *, private: bool, deadline: float) -> Answered:
        """What the test says."""
        self.sent.append(outgoing)
        return self.says(outgoing)


@dataclass
class House:
    """A broker and all that it stands on."""

    registry: Registry
    operations: Operations
    line: Line
    events: list[Event] = field(default_factory=list)
    requests: list[ModelRequest] = field(default_factory=list)
    asked_for: list[asking.Asking] = field(default_factory=list)
    allow: Sequence[str] = ()
    record: Callable[[AuditEntry], int] | None = None
    seconds: float = 30.0

    def broker(self) -> Broker:
        """The broker as it is set up now."""
        return Broker(
            approval=Approval(registry=self.registry, allow=[parse(line) for line in self.allow]),
            record=self.record or self.operations.record_audit,
            complete=self.complete,
            secret_of=self.secret_of,
            actor=lambda: "ann",
            wall_clock_s=self.seconds,
            outbound=self.line,
            listener=self.events.append,
        )

    def complete(self, request: ModelRequest) -> ModelReply:
        """A model that answers, or is away where it is asked to be."""
        self.requests.append(request)
        self.asked_for.append(asking.current())
        if "away" in request.messages[-1].content:
            raise ProviderUnavailable("no model server")
        used = Usage(tokens_in=7, tokens_out=2, cost_eur=0.01)
        return ModelReply(text="yes", provider="p", model="m", usage=used)

    def secret_of(self, name: str) -> str:
        """One secret is known."""
        if name != "KEY":
            raise BadSettings(f"no secret {name}")
        return SECRET

    def version(
        self, *grants: str, name: str = "weather", stand: str = "production", body: str = "return 1"
    ) -> Version:
        """A version with these grants that came as far as that."""
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        manifest = Manifest(name=name, description="Tells.", input_schema=schema, grants=grants)
        function = Function(manifest=manifest, source=f"def {name}(city=''):\n    {body}\n", tests="# none\n")
        candidate = self.registry.add_candidate(function, {"verdict": {"summary": "given"}})
        if stand == "candidate":
            return candidate
        version = self.registry.approve(name, candidate.digest, by="test")
        return self.registry.promote(name, version.version, by="bob") if stand == "production" else version

    def session(self, *grants: str, **facts: str) -> Session:
        """A session of a version in production."""
        session = self.broker().open(self.version(*grants, **facts), self.run)
        assert session is not None
        return session

    def run(self, version: Version, arguments, session: Session) -> CallResult:
        """Pretends to run a function: its body says what it asks, or what becomes of it."""
        said = version.function.source.split("return ", 1)[1].strip()
        if said == "FAIL":
            return CallResult(
                failure=Failure(kind=FailureKind.EXCEPTION, message="boom with data", exception="KeyError")
            )
        if said.startswith("{"):
            return CallResult(value=session.answer(json.loads(said)))
        return CallResult(value=[said, dict(arguments)])

    def rows(self, **wanted: str) -> list[tuple[str, str, str]]:
        """The audit, oldest first: what, of what, and how it ended."""
        return [(row.action, row.subject, row.outcome) for row in reversed(self.operations.audit(**wanted, limit=500))]

    def text(self) -> str:
        """All that the audit and the events hold."""
        return f"{self.operations.audit(limit=500)} {self.events}"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own for each test."""
    registry = Registry.create(tmp_path / "registry.git")
    operations = Operations.open(tmp_path / "operations.sqlite")
    yield House(registry=registry, operations=operations, line=Line())
    operations.close()
    registry.close()


def test_a_granted_request_is_served_and_written_down(house):
    """The reply has status, headers and body; the audit says what was asked, by whom, and what came, without values."""
    session = house.session("http GET api.example.org")
    reply = session.answer(GET)
    assert base64.b64decode(reply["value"]["body"]) == b'{"t": 3}'
    assert reply["value"]["status"] == 200
    assert house.rows() == [("http", SUBJECT, "allowed"), ("http.done", SUBJECT, "allowed")]
    done, asked = house.operations.audit()
    assert (done.actor, done.function, done.version, done.digest) == ("ann", "weather", "1.0.0", session.version.digest)
    assert done.run == asked.run == session.run
    assert (done.facts["status"], done.facts["bytes"], asked.facts) == (200, 8, {"bytes": 0})
    assert "seconds" in done.facts
    assert "private" not in house.text()
    assert session.reached == (SUBJECT,)
    assert house.events == []


@pytest.mark.parametrize(
    ("ask", "subject", "why"),
    [
        (GET | {"url": "https://evil.org/x?data=1"}, "GET https://evil.org/x", "no grant allows GET to evil.org"),
        (GET | {"method": "POST"}, SUBJECT.replace("GET", "POST"), "no grant allows POST"),
        (GET | {"url": "https://api.example.org@evil.org/"}, "a request that cannot be sent", "names no user"),
        (GET | {"url": "file:///etc/passwd"}, "a request that cannot be sent", "begins with https"),
        (GET | {"headers": {"Host": "evil.org"}}, "a request that cannot be sent", "not for a function to set"),
        ({"kind": "llm", "prompt": "hello"}, "llm", "no grant allows to ask a model"),
        ({"kind": "function", "name": "slugify", "arguments": {}}, "function", "no grant allows to call"),
        ({"kind": "function", "name": ["slugify"]}, "function", "no grant allows to call"),
        ({"kind": "secret", "name": "KEY"}, "something that is no ask", "nothing of that kind"),
        ({"kind": "exec"}, "something that is no ask", "nothing of that kind"),
        ({"kind": {"a": 1}}, "something that is no ask", "nothing of that kind"),
        ({}, "something that is no ask", "nothing of that kind"),
        ([], "something that is no ask", "nothing of that kind"),
        (None, "something that is no ask", "nothing of that kind"),
    ],
)
def test_what_is_not_granted_is_refused_reported_and_written_down(house, ask, subject, why):
    """Anything beyond the grants: an error for the code, a row for the record, an event for whoever watches."""
    session = house.session("http GET api.example.org")
    reply = session.answer(ask)
    assert reply["refused"] is True
    assert why in reply["error"]
    ((_, noted, outcome),) = house.rows()
    assert (noted, outcome) == (subject, "refused")
    (event,) = house.events
    assert event.action == "host.refused"
    assert (event.facts["name"], event.facts["asked"]) == ("weather", subject)
    assert why in event.facts["why"]
    assert (house.line.sent, session.reached) == ([], ())


def test_what_cannot_be_written_down_is_not_served(house):
    """Where the audit is away no request leaves, and where it goes away meanwhile no answer is handed on."""
    kept = []

    def full(entry: AuditEntry) -> int:
        if len(kept) >= house.room:
            raise OperationsUnavailable("the disk is full")
        kept.append(entry)
        return len(kept)

    house.record, house.room = full, 0
    session = house.session("http GET api.example.org")
    assert "written down" in session.answer(GET)["error"]
    assert house.line.sent == []
    house.room = 1
    reply = session.answer(GET)
    assert (reply["refused"], "value" in reply, len(house.line.sent)) == (True, False, 1)
    assert session.troubled
    assert session.answer(GET | {"method": "PUT"})["refused"] is True


def test_the_audit_only_grows(house, tmp_path):
    """The database itself refuses to change, to delete and to replace what was written down."""
    house.session("http GET api.example.org").answer(GET)
    before = house.operations.audit()
    connection = sqlite3.connect(tmp_path / "operations.sqlite")
    for statement in (
        "UPDATE audit SET outcome = 'refused'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1",
        "INSERT OR REPLACE INTO audit SELECT id, at, 'eve', action, function, version, digest, run, subject, outcome, "
        "facts FROM audit WHERE id = 1",
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()
    assert house.operations.audit() == before


def test_redirects_are_each_written_down(house):
    """Every hop is an ask of its own: one that the grants do not reach is refused, a circle ends."""
    session = house.session("http GET api.example.org")
    house.line.says = lambda outgoing: Answered(status=302, headers={"location": "/next"}, body=b"")
    assert "more than 5 redirects" in session.answer(GET)["error"]
    assert len(house.line.sent) == 6
    house.line.says = lambda outgoing: Answered(status=302, headers={"location": "https://evil.org/"}, body=b"")
    assert session.answer(GET)["refused"] is True
    assert house.rows()[-1] == ("http", "GET https://evil.org/", "refused")
    assert session.troubled  # the server's doing, not the code's


def test_a_run_makes_so_many_requests_and_no_more(house):
    """The hundred and first request of a run is refused."""
    session = house.session("http GET api.example.org")
    for _ in range(MOST_ASKS["http"]):
        assert "value" in session.answer(GET)
    assert "100 asks" in session.answer(GET)["error"]
    assert len(house.line.sent) == 100


def test_after_the_time_of_the_run_nothing_is_served(house):
    """A run that is over asks nothing more."""
    house.seconds = 0.0
    assert "time of the run" in house.session("http GET api.example.org").answer(GET)["error"]
    assert house.line.sent == []


def failing(outgoing: Outgoing) -> Answered:
    """A host that does not answer."""
    raise AskFailed("api.example.org did not answer in time")


def leading_inside(outgoing: Outgoing) -> Answered:
    """A name that leads inside."""
    raise AskRefused("api.example.org leads to 127.0.0.1, a loopback address")


@pytest.mark.parametrize(
    ("says", "refused", "last"),
    [(failing, False, ("http.done", SUBJECT, "failed")), (leading_inside, True, ("http", SUBJECT, "refused"))],
)
def test_a_host_that_does_not_serve_is_no_fault_of_the_function(house, says, refused, last):
    """What fails or is refused behind a grant is written down, and the session says that it was troubled."""
    session = house.session("http GET api.example.org")
    house.line.says = says
    assert session.answer(GET)["refused"] is refused
    assert house.rows() == [("http", SUBJECT, "allowed"), last]
    assert session.troubled


@pytest.mark.parametrize(("status", "troubled"), [(200, False), (404, False), (429, True), (500, True), (503, True)])
def test_a_server_in_trouble_troubles_the_session(house, status, troubled):
    """A busy or broken server is the host's trouble; a 404 is an answer like any other."""
    session = house.session("http GET api.example.org")
    house.line.says = lambda outgoing: Answered(status=status, headers={}, body=b"")
    assert session.answer(GET)["value"]["status"] == status
    assert session.troubled is troubled


def test_what_the_code_may_not_have_does_not_trouble_the_session(house):
    """A refusal for want of a grant is the code's own."""
    session = house.session("http GET api.example.org")
    session.answer(GET | {"url": "https://evil.org"})
    assert not session.troubled


def test_a_secret_is_a_placeholder_inside_and_a_value_outside(house):
    """The code gets the placeholder; the request has the value; audit, events and texts have neither value nor data."""
    session = house.session("http GET api.example.org", "http GET evil.org", "secret KEY api.example.org")
    mark = session.surroundings({}).secrets["KEY"]
    session.answer(GET | {"headers": {"x-key": mark}})
    assert dict(house.line.sent[0].headers)["x-key"] == SECRET
    assert house.operations.audit()[1].facts["secrets"] == ["KEY"]
    reply = session.answer({"kind": "http", "method": "GET", "url": f"https://evil.org/{mark}"})
    assert "the secret KEY may not go to evil.org" in reply["error"]
    assert len(house.line.sent) == 1
    assert SECRET not in f"{house.text()} {session.__dict__} {reply}"


def test_a_secret_that_the_settings_lack_is_named_before_anything_runs(house):
    """No run begins without a secret that was granted."""
    version = house.version("http GET api.example.org", "secret OTHER api.example.org")
    with pytest.raises(BadSettings, match="OTHER"):
        house.broker().open(version, house.run)


def test_a_model_is_asked_as_often_as_was_granted(house):
    """The prompt is data and goes as it stands; tokens and cost are written down, the prompt is not."""
    session = house.session("llm 2")
    assert session.answer({"kind": "llm", "prompt": "is it warm?", "system": "be short"}) == {"value": "yes"}
    (request,) = house.requests
    assert request.purpose is Purpose.HOST
    assert [(each.role, each.content) for each in request.messages] == [("system", "be short"), ("user", "is it warm?")]
    done = house.operations.audit()[0]
    assert (done.facts["model"], done.facts["tokens_in"], done.facts["cost_eur"]) == ("p/m", 7, 0.01)
    assert "warm" not in house.text()
    assert "no model answered" in session.answer({"kind": "llm", "prompt": "away"})["error"]
    assert "2 asks" in session.answer({"kind": "llm", "prompt": "once more"})["error"]
    assert len(house.requests) == 2


def test_what_a_task_demands_holds_for_what_its_function_asks_a_model(house):
    """In whatever thread the sandbox has the host answer, and for a function that the function calls, too."""
    house.version("llm 1", name="other", body='return {"kind": "llm", "prompt": "inner"}')
    ours = asking.Asking(task="t1", by="ann", constraints=Constraints(local_only=True))
    with asking.asking(ours):
        session = house.session("llm 1", "function other 1.0.0")
    asks = {"kind": "llm", "prompt": "outer"}, {"kind": "function", "name": "other", "arguments": {"city": "Oslo"}}
    for ask in asks:
        thread = threading.Thread(target=session.answer, args=(ask,))
        thread.start()
        thread.join(10)
    assert [request.messages[-1].content for request in house.requests] == ["outer", "inner"]
    assert house.asked_for == [ours, ours]
    assert asking.current() == asking.NOBODY


@pytest.mark.parametrize("ask", [{"prompt": 7}, {}, {"prompt": "a", "system": 7}, {"prompt": "a" * 200_001}])
def test_what_is_no_prompt_is_refused(house, ask):
    """A prompt is a text of a certain length."""
    assert house.session("llm 2").answer({"kind": "llm"} | ask)["refused"] is True
    assert house.requests == []


def test_a_function_is_called_with_its_own_rights(house):
    """The callee runs in a session of its own: it has its grants and not the caller's, in the same run."""
    house.version("http GET other.example.org", name="other", body=f"return {json.dumps(GET)}")
    session = house.session("function other 1.0.0", "http GET api.example.org")
    reply = session.answer({"kind": "function", "name": "other", "arguments": {"city": "Oslo"}})
    assert reply["value"]["refused"] is True
    assert house.rows(run=session.run) == [
        ("function", "function other 1.0.0", "allowed"),
        ("http", SUBJECT, "refused"),
        ("function.done", "function other 1.0.0", "allowed"),
    ]
    assert [row.function for row in house.operations.audit()] == ["weather", "other", "weather"]


def test_arguments_of_a_callee_are_checked(house):
    """What does not fit the callee's schema never reaches it."""
    house.version(name="other")
    session = house.session("function other 1.0.0")
    call = {"kind": "function", "name": "other"}
    assert session.answer(call | {"arguments": {"city": "Oslo"}}) == {"value": ["1", {"city": "Oslo"}]}
    assert "takes no argument" in session.answer(call | {"arguments": {"town": "Oslo"}})["error"]
    assert session.answer(call | {"arguments": ["Oslo"]})["refused"] is True
    assert session.answer(call)["refused"] is True


def test_a_callee_that_fails_is_the_callers_error_and_not_its_data_in_the_audit(house):
    """The caller learns why; the record keeps what kind of failure it was."""
    house.version(name="other", body="return FAIL")
    session = house.session("function other 1.0.0")
    reply = session.answer({"kind": "function", "name": "other", "arguments": {}})
    assert (reply["refused"], "boom with data" in reply["error"]) == (False, True)
    assert house.operations.audit()[0].facts["why"] == "it failed: exception"
    assert "boom" not in house.text()


@pytest.mark.parametrize(
    ("stand", "why"), [("approved", "never been in production"), ("candidate", "cannot be called"), ("", "cannot be")]
)
def test_a_callee_must_have_been_in_production(house, stand, why):
    """A version that nobody put into production is refused with the reason; one that is not there, too."""
    if stand:
        house.version(name="other", stand=stand)
    reply = house.session("function other 1.0.0").answer({"kind": "function", "name": "other", "arguments": {}})
    assert reply["refused"] is True
    assert why in reply["error"]


def test_a_pinned_callee_goes_on_until_it_is_quarantined(house):
    """Another version in its place changes nothing for who pinned it; quarantine does."""
    house.version(name="other")
    session = house.session("function other 1.0.0")
    house.version(name="other", body="return 2")
    call = {"kind": "function", "name": "other", "arguments": {}}
    assert house.registry.get("other").version != "1.0.0"
    assert session.answer(call) == {"value": ["1", {}]}
    house.registry.quarantine("other", by="test", reason="wrong", version="1.0.0")
    assert "quarantined" in session.answer(call)["error"]


def test_functions_may_not_call_each_other_in_a_circle(house):
    """A function that is calling already is not called again, by whatever way."""
    there = {"kind": "function", "name": "weather", "arguments": {}}
    house.version("function weather 1.0.0", name="other", body=f"return {json.dumps(there)}")
    session = house.session("function other 1.0.0", "function weather 1.0.0")
    reply = session.answer({"kind": "function", "name": "other", "arguments": {}})
    assert "circle" in reply["value"]["error"]
    assert "circle" in session.answer(there)["error"]


def test_functions_call_one_another_so_deep_and_no_deeper(house):
    """The sixth of a chain is refused, and the whole chain shares the root's count of calls."""
    last = "seventh"
    for name in ("sixth", "fifth", "fourth", "third", "second"):
        ask = {"kind": "function", "name": last, "arguments": {}}
        house.version(f"function {last} 1.0.0", name=name, body=f"return {json.dumps(ask)}")
        last = name
    reply = house.session("function second 1.0.0").answer({"kind": "function", "name": "second", "arguments": {}})
    assert json.dumps(reply).count('"value"') == 4
    assert "5 deep" in json.dumps(reply)
    assert sum(row[0] == "function" and row[2] == "allowed" for row in house.rows()) == 4


@pytest.mark.parametrize("stand", ["candidate", "approved"])
def test_a_version_that_nobody_granted_does_not_run(house, stand):
    """The error lists what there is to sign, and says how."""
    version = house.version("http GET api.example.org", "llm 5", stand=stand)
    with pytest.raises(NotGranted, match="nobody has granted") as caught:
        house.broker().open(version, house.run)
    assert caught.value.exit_code == 6
    assert caught.value.facts["findings"] == ["http GET api.example.org", "llm 5"]
    assert "kowal functions promote weather --grant" in caught.value.advice


def test_what_was_in_production_once_stays_granted(house):
    """A version that was replaced may still be run by its number; its successor's rights are its own."""
    old = house.version("http GET api.example.org")
    house.version("http GET api.example.org", body="return 2")
    assert house.broker().open(house.registry.get("weather", old.version), house.run) is not None


def test_the_policy_grants_what_it_covers(house):
    """Where the settings allow all of a version's grants nobody has to sign; where one is missing, somebody has."""
    house.allow = ("http GET *.example.org", "llm 5")
    version = house.version("http GET api.example.org", "llm 3", stand="approved")
    assert house.broker().open(version, house.run) is not None
    other = house.version("http GET api.example.org", "llm 6", stand="approved", name="other")
    with pytest.raises(NotGranted):
        house.broker().open(other, house.run)


def test_a_function_without_grants_needs_no_session(house):
    """Whoever reaches nothing is asked nothing, wherever it stands."""
    assert house.broker().open(house.version(stand="approved"), house.run) is None


def test_lines_that_are_no_grants_never_run(house):
    """A manifest that nobody can read is refused even in production."""
    with pytest.raises(BadGrant):
        house.broker().open(house.version("net:example.org"), house.run)


def test_files_come_in_and_go_out_as_granted(house):
    """Given files need `files in`, left ones need `files out`; each is written down by name and size."""
    both = house.session("files in", "files out")
    around = both.surroundings({"a.csv": b"1,2"})
    assert (around.files, around.keeps_files, around.host) == ({"a.csv": b"1,2"}, True, both.answer)
    left = CallResult(value=1, artefacts={"out.csv": b"12345"})
    assert both.returned(left) == left
    assert house.rows() == [("files", "files in a.csv", "allowed"), ("files", "files out out.csv", "allowed")]
    assert [row.facts for row in house.operations.audit()] == [{"bytes": 5}, {"bytes": 3}]
    neither = house.session("llm 1", name="other")
    with pytest.raises(BadTask, match="files in"):
        neither.surroundings({"a.csv": b""})
    assert neither.surroundings({}).keeps_files is False
    assert neither.returned(left).artefacts == {}


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)
FIELDS = st.sampled_from(["kind", "method", "url", "headers", "body", "name", "arguments", "prompt", "system"])
WORDS = st.sampled_from(["http", "llm", "function", "GET", "weather", "https://api.example.org/", "https://\ud800/"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ask=st.dictionaries(FIELDS, WORDS | ANYTHING) | ANYTHING)
def test_no_ask_makes_the_broker_fail(house, ask):
    """Whatever a guest says, there is a reply that is JSON, and what is refused is in the record."""
    if not house.registry.list():
        house.version("http GET api.example.org", "llm 1000", "function other 1.0.0")
    session = house.broker().open(house.registry.get("weather"), house.run)
    before = len(house.operations.audit(limit=10_000))
    reply = session.answer(ask)
    assert json.loads(json.dumps(reply)) == reply
    assert ("value" in reply) is not ("error" in reply)
    assert len(house.operations.audit(limit=10_000)) > before


def test_the_end_of_a_run_ties_the_audit_to_its_number(house):
    """The last entry of a run says under which number it is kept, and how it ended."""
    session = house.session("llm 1")
    session.close(17, "ok")
    other = house.session("llm 1", name="other")
    other.close(18, "timeout")
    assert house.rows() == [("run", "run 17", "allowed"), ("run", "run 18", "failed")]
    assert session.run != other.run
