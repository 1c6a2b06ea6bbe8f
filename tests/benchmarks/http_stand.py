"""The HTTP API on real parts, for tests and figures: registry, database, sandboxes, server, workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import Settings
from agent.library import prepare_registry
from agent.service.callers import Scope
from agent.service.service import Service, open_service
from agent.service_settings import HttpSettings
from agent.types import Event
from integrations.http.server import listening
from integrations.http.service import opened

KOWAL = str(Path(sys.executable).with_name("kowal"))
BUILT_INS = ("count_words", "slugify")
DEADLINE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A service that listens."""

    url: str
    token: str
    """Good for everything."""
    service: Service
    settings: Settings
    events: list[Event]

    def token_for(self, name: str, *scopes: Scope) -> str:
        """Another token."""
        return self.service.tokens.create(name, scopes, by="test")[1]


def settings_in(folder: Path, cache: Path) -> Settings:
    """Settings for a service whose data lie here, and no model server."""
    return Settings(
        registry=folder / "registry.git",
        database=str(folder / "operations.sqlite"),
        cache=cache,
        built_ins=BUILT_INS,
        sandbox="wasm",
        llm={"ollama": {"host": "http://127.0.0.1:9"}},
        http=HttpSettings(a_minute=1_000_000),
    )


def seeded(folder: Path, cache: Path) -> None:
    """Make the registry there."""
    prepare_registry(settings_in(folder, cache), lambda event: None)


@contextmanager
def stand_in(folder: Path, cache: Path) -> Iterator[Stand]:
    """The whole service of the registry there, listening, without workers."""
    settings, events = settings_in(folder, cache), list[Event]()
    with closing(open_service(settings, events.append)) as service:
        token = service.tokens.create("ann", tuple(Scope), by="test")[1]
        with answering(settings, service, events) as url:
            yield Stand(url=url, token=token, service=service, settings=settings, events=events)


@contextmanager
def answering(settings: Settings, service: Service, events: list[Event], port: int = 0) -> Iterator[str]:
    """The service, served there; its address."""
    with closing(opened(settings, service, listening("127.0.0.1", port), events.append)) as server:
        yield f"http://127.0.0.1:{server.port}"


@contextmanager
def working(settings: Settings, count: int = 1) -> Iterator[None]:
    """Workers on the tasks of the service."""
    with ExitStack() as stack:
        for number in range(count):
            log = settings.registry.with_name(f"worker-{number}.log")
            stack.enter_context(
                running("worker", environment=environment_of(settings), log=log, until="works on up to")
            )
        yield


@contextmanager
def running(*words: str, environment: Mapping[str, str], log: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """A `kowal` process, from when its log says that, to the end of the block."""
    with log.open("a") as out, subprocess.Popen(
        [KOWAL, *words], env=dict(environment), text=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out
    ) as process:  # fmt: skip
        try:
            waited(lambda: until in log.read_text() or process.poll() is not None)
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The same settings for a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KOWAL_", "OLLAMA_"))}
    return kept | {
        "KOWAL_REGISTRY": str(settings.registry),
        "KOWAL_DATABASE": settings.database,
        "KOWAL_CACHE": str(settings.cache),
        "KOWAL_SETTINGS": str(settings.registry.with_name("kowal.toml")),
        "KOWAL_SANDBOX": "wasm",
        "KOWAL_LOG": "text",
        "OLLAMA_HOST": "http://127.0.0.1:9",
        **more,
    }


def waited(look: Any, seconds: float = DEADLINE_S) -> Any:
    """What is there at last."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
    return found
