"""Spans and metrics from the stream of events, caught in memory and by a collector."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agent.config import load_settings
from agent.errors import BadSettings
from agent.observing.views import view_of
from agent.types import Event, ignore
from agent.workflow.execution import Execution, executing

pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent.observing.telemetry import Telemetry

AT = Execution(task_id="t1", turn=1, worker="w-1")
TURN = (
    Event(action="task.begun"),
    Event(action="step.begun", facts={"step": "match"}),
    Event(action="match.none", facts={"chance": 0.1, "reason": "private words"}),
    Event(action="step.ended", facts={"step": "match", "seconds": 0.1}),
    Event(action="step.begun", facts={"step": "make"}),
    Event(action="model.replied", facts={"model": "p/m", "tokens_in": 10, "tokens_out": 5, "seconds": 2.0}),
    Event(action="candidate.refused", facts={"model": "p/m", "number": 1, "of": 2, "findings": ["private words"]}),
    Event(action="candidate.tried", facts={"model": "p/m", "number": 2, "of": 2}),
    Event(action="step.ended", facts={"step": "make", "seconds": 3.0}),
)


class Caught:
    """What was sent."""

    def __init__(self) -> None:
        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers, meters = TracerProvider(), MeterProvider([self._reader])
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.telemetry = Telemetry(tracers.get_tracer("kowal"), meters.get_meter("kowal"))

    def hears(self, *events: Event, at: Execution = AT) -> None:
        """Tell it of events at a task."""
        with executing(at):
            for event in events:
                self.telemetry(event)

    def spans(self) -> dict[str, Any]:
        """The finished spans by name."""
        return {span.name: span for span in self._spans.get_finished_spans()}

    def points(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """The metrics by name: attributes, and the sum."""
        found = self._reader.get_metrics_data()
        assert found is not None
        return {
            metric.name: [
                (dict(point.attributes), getattr(point, "value", None) or point.sum)
                for point in metric.data.data_points
            ]
            for resource in found.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def caught() -> Caught:
    """What catches spans and metrics in memory."""
    return Caught()


def ended(action: str, error: str = "") -> Event:
    """The end of a turn."""
    return Event(action=action, facts={"seconds": 4.0, "error": error, "reason": "private words", "function": "f"})


def test_a_turn_is_a_span_and_its_steps_are_within(caught: Caught) -> None:
    """Each step is a child of the turn; what happens in it is an event of its span."""
    caught.hears(*TURN, ended("task.done"))
    spans = caught.spans()
    assert list(spans) == ["match", "make", "task"]
    turn = spans["task"]
    assert turn.parent is None
    assert {spans[step].parent.span_id for step in ("match", "make")} == {turn.context.span_id}
    assert {span.context.trace_id for span in spans.values()} == {turn.context.trace_id}
    assert (turn.attributes["kowal.task"], turn.attributes["kowal.turn"], turn.attributes["kowal.worker"]) == (
        "t1",
        1,
        "w-1",
    )
    assert (turn.attributes["kowal.action"], turn.attributes["kowal.function"]) == ("task.done", "f")
    assert turn.status.is_ok
    assert [event.name for event in spans["make"].events] == ["model.replied", "candidate.refused", "candidate.tried"]


def test_spans_hold_no_data(caught: Caught) -> None:
    """They show what the log shows, and no more."""
    caught.hears(*TURN, ended("task.failed", "RunFailed"))
    assert "private words" not in "".join(span.to_json() for span in caught.spans().values())


@pytest.mark.parametrize(("action", "is_ok"), [("task.failed", False), ("task.dead", False), ("task.waiting", True)])
def test_a_failed_task_is_an_error(caught: Caught, action: str, *, is_ok: bool) -> None:
    """What waits or is put off is none."""
    caught.hears(TURN[0], ended(action, "RunFailed"))
    assert caught.spans()["task"].status.is_ok is is_ok


def test_turns_side_by_side_do_not_mix(caught: Caught) -> None:
    """Steps belong to the turn of their own task, whatever other threads are at."""
    other = Execution(task_id="t2", turn=1, worker="w-1")
    caught.hears(TURN[0], TURN[1])
    caught.hears(TURN[0], TURN[4], at=other)
    caught.hears(TURN[3], ended("task.done"))
    first = caught.spans()["task"]
    assert caught.spans()["match"].parent.span_id == first.context.span_id
    caught.hears(TURN[8], ended("task.done"), at=other)
    assert caught.spans()["make"].parent.span_id == caught.spans()["task"].context.span_id != first.context.span_id


def test_a_turn_that_was_given_up_leaves_nothing(caught: Caught) -> None:
    """Where a turn never told its end, the task's next turn begins with a span of its own."""
    caught.hears(TURN[0], TURN[1])
    caught.hears(TURN[0], ended("task.done"), at=Execution(task_id="t1", turn=2))
    assert caught.spans()["task"].parent is None
    assert caught.spans()["task"].attributes["kowal.turn"] == 2


def test_metrics_count_tasks_candidates_and_tokens(caught: Caught) -> None:
    """By state, by outcome, by direction; and histograms of the seconds of turns and steps."""
    caught.hears(*TURN, ended("task.done"))
    caught.hears(TURN[0], ended("task.failed", "RunFailed"))
    points = caught.points()
    assert points["kowal.tasks"] == [({"state": "done"}, 1), ({"state": "failed"}, 1)]
    assert points["kowal.task.seconds"] == [({"state": "done"}, 4.0), ({"state": "failed"}, 4.0)]
    assert points["kowal.step.seconds"] == [({"step": "match"}, 0.1), ({"step": "make"}, 3.0)]
    assert points["kowal.candidates"] == [
        ({"outcome": "refused", "model": "p/m"}, 1), ({"outcome": "passed", "model": "p/m"}, 1),
    ]  # fmt: skip
    assert points["kowal.tokens"] == [
        ({"direction": "in", "model": "p/m"}, 10), ({"direction": "out", "model": "p/m"}, 5),
    ]  # fmt: skip


@pytest.fixture
def collector() -> Iterator[tuple[str, list[str]]]:
    """A collector's address, and the paths at which something was sent to it."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_gets_both(collector: tuple[str, list[str]]) -> None:
    """With an endpoint in the settings, spans and metrics go there, at the latest when the process ends."""
    address, seen = collector
    program = (
        "from agent.config import load_settings\nfrom agent.observing.views import view_of\n"
        "from agent.types import Event, ignore\nfrom agent.workflow.execution import Execution, executing\n"
        f"view = view_of(load_settings(telemetry={address!r}, log='text'), 'p', text=ignore)\n"
        "with executing(Execution(task_id='t', turn=1)):\n    view(Event(action='task.begun'))\n"
        "    view(Event(action='task.done', facts={'seconds': 1.0, 'error': ''}))\n"
    )
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")
    subprocess.run([sys.executable, "-c", program], timeout=120, check=True)
    assert sorted(set(seen)) == ["/v1/metrics", "/v1/traces"]


def test_an_endpoint_without_the_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenTelemetry is not installed, the setting is refused, with what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadSettings, match="not installed") as raised:
        view_of(load_settings(telemetry="http://127.0.0.1:9", log="text"), "p", text=ignore)
    assert "kowal[otel]" in raised.value.advice
