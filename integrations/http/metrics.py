"""What is measured of the service, as Prometheus reads it."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.http.answering import route_of

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
LABELS: Final = {"tasks": "state", "functions": "status", "questions": "state"}
"""By what each figure is divided."""
Figures = Callable[[], Mapping[str, Mapping[str, float]]]


class Measures:
    """Counts requests, and asks for figures when it is asked. A registry of its own: nothing of the process is told."""

    def __init__(self, figures: Figures) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(Asked(figures))
        self.requests = Counter(
            "kowal_http_requests", "Requests that were answered.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "kowal_http_request_seconds", "From the head of a request to the end of its answer, without streams.",
            ("method", "route"), buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip
        self.in_flight = Gauge("kowal_http_in_flight", "Requests that are being answered.", registry=self._registry)
        self.streams = Gauge("kowal_http_streams", "Streams of events that are open.", registry=self._registry)

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def answer(self) -> Response:
        """All of it, as a response."""
        return Response(self.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class Asked(Collector):
    """Gauges whose values are asked for each time."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See `Collector`."""
        for name, values in self._figures().items():
            family = GaugeMetricFamily(f"kowal_{name}", f"How many {name} there are.", labels=[LABELS.get(name, "of")])
            for label, value in values.items():
                family.add_metric([label], value)
            yield family


class Measured:
    """Around an application: each request is counted by its route's template, never by its path, which may be any."""

    def __init__(self, application: ASGIApp, measures: Measures) -> None:
        self._application = application
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        await self._measure(scope, send, lambda sent: self._application(scope, receive, sent))

    async def _measure(self, scope: Scope, send: Send, go: Callable[[Send], Awaitable[None]]) -> None:
        began, status, is_stream = time.perf_counter(), 0, False

        async def sent(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                if Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream"):
                    is_stream = True
                    self._measures.streams.inc()
            await send(message)

        self._measures.in_flight.inc()
        try:
            await go(sent)
        finally:
            self._measures.in_flight.dec()
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = route_of(scope).partition(" ")[2] or "-"
            self._measures.requests.labels(method, route, str(status or "broken off")).inc()
            if is_stream:
                self._measures.streams.dec()
            else:
                self._measures.seconds.labels(method, route).observe(time.perf_counter() - began)
