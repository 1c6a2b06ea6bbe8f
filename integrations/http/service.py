"""Settings in, the HTTP service running out: what `agent.loader.load_face("http")` finds."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, Final

from fastapi import FastAPI

from agent.config import Settings
from agent.errors import BadSettings, KowalError
from agent.service.service import Service, open_service
from agent.types import Listener
from integrations.http.app import application, mount_mcp
from integrations.http.ending import Ending
from integrations.http.guard import House, guarded
from integrations.http.health import Readiness, add_health
from integrations.http.limits import Counted, Limiter
from integrations.http.metrics import Measures
from integrations.http.protocol import Bounds, is_loopback
from integrations.http.server import Server, listening
from integrations.http.webhooks import Handing, add_webhooks, hooks_of

LOOK_S: Final = 1.0


def serve(settings: Settings, tell: Listener, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Serve until `stop` is set; `ready` is told at what address. Raises `BadSettings`, and as `open_service` does."""
    with closing(heard_at(settings)) as heard, closing(open_service(settings, tell)) as service:
        refuse_exposure(settings, service)
        with closing(opened(settings, service, heard, tell)) as server:
            ready(f"Kowal answers at {address_of(settings.http.host, server.port)}")
            while not stop.wait(LOOK_S):
                if not server.is_serving:
                    raise KowalError("The HTTP service has ended, by a fault of Kowal's own", advice="Start it again.")


def heard_at(settings: Settings) -> socket.socket:
    """A socket at the address of the settings. Raises `BadSettings` where it cannot be had."""
    host, port = settings.http.host, settings.http.port
    try:
        return listening(host.strip("[]"), port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSettings(
            f"Kowal cannot listen at {host} port {port}: {reason}",
            advice="Set another `http.port` or `http.host`, or `http.on = false` for none.",
        ) from None


def is_private(settings: Settings) -> bool:
    """Whether only this machine can reach the service."""
    host = settings.http.host.strip("[]")
    return host == "localhost" or is_loopback(host)


def refuse_exposure(settings: Settings, service: Service) -> None:
    """Raise `BadSettings` where other machines could reach the service and nobody has a token that is valid."""
    if not is_private(settings) and not service.tokens.any_valid():
        raise BadSettings(
            f"At {settings.http.host} other machines would reach the service, and no token is valid",
            kept="Nothing listens.",
            advice="Make one, `kowal tokens create NAME --scope tasks`, or set `http.host` to 127.0.0.1.",
        )


def opened(
    settings: Settings, service: Service, heard: socket.socket, tell: Listener, bounds: Bounds | None = None
) -> Server:
    """The server, which answers from now on."""
    limiter, measures = Limiter(settings.http.a_minute), Measures(service.figures)
    app = application(service, is_open=is_private(settings), take=limiter.take, tell=tell)
    add_health(app, Readiness(service.troubles), measures)
    if settings.http.mcp:
        mount_mcp(app, settings.http.max_body_mib << 20)
    handing = Handing(hooks_of(settings))
    add_webhooks(app, handing)
    app.router.lifespan_context = closing_too(app, handing)
    ending = Ending(guarded(Counted(app), house_of(settings), tell, measures))
    return Server(ending, heard, bounds=bounds, with_lifespan=True, on_close=ending.end)


def house_of(settings: Settings) -> House:
    """For whom the service is there."""
    http = settings.http
    return House(
        names=http.names,
        any_name=not http.names and not is_private(settings),
        origins=tuple(origin.rstrip("/") for origin in http.origins),
        max_body_bytes=http.max_body_mib << 20,
    )


def closing_too(app: FastAPI, handing: Handing) -> Callable[[Any], Any]:
    """The application's life, at whose end the connections of `handing` are closed."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def life(whole: FastAPI) -> AsyncIterator[Mapping[str, Any] | None]:
        async with inner(whole) as state:
            try:
                yield state
            finally:
                await handing.close()

    return life


def address_of(host: str, port: int) -> str:
    """The address as people type it."""
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
