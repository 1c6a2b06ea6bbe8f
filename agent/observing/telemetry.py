"""Spans and metrics of OpenTelemetry, made from the stream of events: a span a turn, one a step, counts and times."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.errors import BadSettings
from agent.observing.facts import place, tellable
from agent.types import Event
from agent.workflow.execution import Execution, current

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Span, Tracer

ENDS = ("task.done", "task.failed", "task.dead", "task.cancelled", "task.waiting", "task.parked", "task.queued")
"""How a turn ends."""
FAULTS = ("task.failed", "task.dead")
CANDIDATES = {"candidate.tried": "passed", "candidate.refused": "refused"}


class Telemetry:
    """Hears of events, and tells OpenTelemetry. Safe to use from several threads."""

    def __init__(self, tracer: "Tracer", meter: "Meter") -> None:
        self._tracer: Tracer = tracer
        self._open: dict[str, list[Span]] = {}
        """The spans under way by task, the innermost last."""
        self._lock = threading.Lock()
        made: Meter = meter
        self._tasks = made.create_counter("kowal.tasks", description="Turns of tasks, by how they ended")
        self._seconds = made.create_histogram("kowal.task.seconds", "s", "Wall-clock time of a turn")
        self._steps = made.create_histogram("kowal.step.seconds", "s", "Wall-clock time of a step")
        self._candidates = made.create_counter("kowal.candidates", description="Candidates, passed or refused")
        self._tokens = made.create_counter("kowal.tokens", description="Tokens of models, in and out")

    def __call__(self, event: Event) -> None:
        """Count the event, and have the spans of its task say it."""
        self._count(event)
        at = current()
        if at is not None:
            self._span(event, at)

    def _count(self, event: Event) -> None:
        facts = event.facts
        if event.action in ENDS:
            state = {"state": event.action.removeprefix("task.")}
            self._tasks.add(1, state)
            self._seconds.record(facts["seconds"], state)
        elif event.action == "step.ended":
            self._steps.record(facts["seconds"], {"step": facts["step"]})
        elif event.action in CANDIDATES:
            self._candidates.add(1, {"outcome": CANDIDATES[event.action], "model": facts["model"]})
        elif event.action == "model.replied":
            for direction in ("in", "out"):
                self._tokens.add(facts[f"tokens_{direction}"], {"direction": direction, "model": facts["model"]})

    def _span(self, event: Event, at: Execution) -> None:
        facts, key = attributes(tellable(event)), at.task_id
        if event.action == "task.begun":
            with self._lock:
                self._open.pop(key, None)  # a turn that never told its end
            self._begin(key, "task", attributes(place()))
        elif event.action == "step.begun":
            self._begin(key, str(event.facts["step"]), {})
        elif event.action == "step.ended" or event.action in ENDS:
            self._end(key, event, facts)
        else:
            with self._lock:
                spans = self._open.get(key)
            if spans:
                spans[-1].add_event(event.action, facts)

    def _begin(self, key: str, name: str, facts: Mapping[str, Any]) -> None:
        from opentelemetry.trace import set_span_in_context

        with self._lock:
            spans = self._open.setdefault(key, [])
            parent = set_span_in_context(spans[-1]) if spans else None
            spans.append(self._tracer.start_span(name, parent, attributes=dict(facts)))

    def _end(self, key: str, event: Event, facts: Mapping[str, Any]) -> None:
        from opentelemetry.trace import StatusCode

        with self._lock:
            spans = self._open.get(key)
            span = spans.pop() if spans else None
            if not spans:
                self._open.pop(key, None)
        if span is not None:
            span.set_attributes(dict(facts) | {"kowal.action": event.action})
            if event.action in FAULTS:
                span.set_status(StatusCode.ERROR, str(event.facts["error"]))
            span.end()


def attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as OpenTelemetry takes them."""
    plain = (str, bool, int, float)
    return {f"kowal.{key}": value if isinstance(value, plain) else str(value) for key, value in facts.items()}


def opened_telemetry(endpoint: str, part: str) -> Telemetry:
    """What sends spans and metrics there in the background. Raises `BadSettings` where the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadSettings(
            f"`telemetry` names {endpoint}, and OpenTelemetry is not installed", advice="pip install 'kowal[otel]'"
        ) from error
    base, whose = endpoint.rstrip("/"), Resource.create({"service.name": "kowal", "service.instance.id": part})
    tracers = TracerProvider(resource=whose)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{base}/v1/metrics"))
    meters = MeterProvider([reader], resource=whose)
    return Telemetry(tracers.get_tracer("kowal"), meters.get_meter("kowal"))
