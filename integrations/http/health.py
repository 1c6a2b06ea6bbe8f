"""The addresses for whoever operates the service: is it alive, can it work, what does it count."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel

from agent.service.callers import Scope
from integrations.http.access import KnownCaller
from integrations.http.metrics import Measures
from integrations.http.problems import Busy

AGAIN_S: Final = 1.0
"""Whoever asks more often hears the same once more: no token is needed to ask."""


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The service can work."""

    status: Literal["ready"] = "ready"


class NotReady(Busy):
    """A part of the service does not work now."""

    advice = "`kowal doctor`, on the machine that it runs on, says why."


class Readiness:
    """Whether all parts work; looks at them once a second at the most."""

    def __init__(self, troubles: Callable[[], Mapping[str, str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._troubles = troubles
        self._clock = clock
        self._lock = threading.Lock()
        self._known_until = float("-inf")
        self._parts: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise `NotReady` with the names of the parts that do not work: why is nobody's affair without a token."""
        with self._lock:
            if self._clock() >= self._known_until:
                self._parts = tuple(sorted(self._troubles()))
                self._known_until = self._clock() + AGAIN_S
            parts = self._parts
        if parts:
            raise NotReady(f"Not ready: {', '.join(parts)}", parts=list(parts))


def metrics_reader(caller: KnownCaller) -> None:
    """Raise `NotPermitted` unless whoever asks may read figures."""
    caller.refuse(Scope.METRICS)


def add_health(app: FastAPI, readiness: Readiness, measures: Measures) -> None:
    """Give the application `/healthz`, `/readyz` and `/metrics`."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def alive() -> Alive:
        """Whether the process answers. Looks at nothing, needs no token."""
        return Alive()

    @router.get("/readyz")
    def ready() -> Ready:
        """Whether the service can work: its database answers, its registry opens. Needs no token."""
        readiness.check()
        return Ready()

    @router.get(
        "/metrics", response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )  # fmt: skip
    def metrics(_: Annotated[None, Depends(metrics_reader)]) -> Response:
        """What is counted, in Prometheus' text format. Needs the scope `metrics`."""
        return measures.answer()

    app.include_router(router)
