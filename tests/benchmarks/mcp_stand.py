"""An MCP server over HTTP, on a real service with a real queue, and the SDK's own client to talk to it."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import NotKnown
from agent.permission import Permission
from agent.service.feed import Feed
from agent.service.functions import FunctionVerbs
from agent.service.models import ModelVerbs
from agent.service.service import Service
from agent.service.tasks import TaskVerbs
from agent.service.tokens import Tokens
from agent.signing import Signing
from agent.workflow.desk import Desk
from agent.workflow.endings import ending_of
from agent.workflow.liveness import FileLocks
from agent.workflow.people import People
from agent.workflow.queue import Queue
from agent.workflow.turns import Turns
from agent.workflow.worker import Limits, Worker, worker_name
from integrations.http.access import Access
from integrations.mcp.http import application, by_token

MODES = {"2025-11-25": "legacy", "2026-07-28": "auto"}
"""How the client begins, for each revision."""
LIMITS = Limits(a_worker=2, a_person=2, together=None, poll_s=0.02, drain_s=0.0, losses=3, keep_days=1.0)
LOOK_S = 0.05


def service_of(place: Any, *approvers: str, runs: int = 4) -> Service:
    """The service on a workshop."""
    operations, may = place.operations, Permission(approvers=approvers)
    desk = Desk(tasks=operations.tasks, queue=Queue(operations), may=may)
    people = People(desk=desk, operations=operations, signing=Signing(registry=place.registry, allowed=(), may=may))
    slots = threading.BoundedSemaphore(runs)
    return Service(
        tasks=TaskVerbs(people=people),
        functions=FunctionVerbs(agent=place.agent, people=people, runs=runs, slots=slots, is_reviewed=False),
        models=ModelVerbs(router=place.agent.matcher.router),
        tokens=Tokens(operations=operations),
        feed=Feed(operations.tasks),
    )


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A server, and what is behind it."""

    place: Any
    """The workshop."""
    service: Service
    url: str
    folder: Path

    def talk[T](self, revision: str, work: Callable[[Client], Awaitable[T]], *, token: str = "", **more: Any) -> T:
        """What is made of a connection of that revision."""

        async def talked() -> T:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=30) as http,
                Client(streamable_http_client(self.url, http_client=http), mode=MODES[revision], **more) as client,
            ):
                assert client.protocol_version == revision
                return await work(client)

        return anyio.run(talked)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A worker at work."""
        desk = self.service.tasks.people.desk
        worker = Worker(
            turns=Turns(
                agent=self.place.agent, tasks=desk.tasks, queue=desk.queue, worker=worker_name("w"), wait_days=1.0
            ),
            liveness=FileLocks(self.folder / "workers"),
            limits=LIMITS,
            queues=("tasks",),
            tell=print,
        )
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield
        finally:
            worker.stop()
            thread.join(30)

    def waits(self, task_id: str, error: Exception) -> None:
        """Have the task's turn end with that error."""
        tasks = self.service.tasks.people.desk.tasks
        task = tasks.task(task_id)
        ending = ending_of(error, task)
        values = {"state": ending.state, "reason": ending.reason, "error": ending.error, "waits_for": ending.waits_for}
        assert tasks.move(task, values)


@contextlib.contextmanager
def standing(place: Any, folder: Path, *approvers: str) -> Iterator[Stand]:
    """Serves a workshop."""
    service = service_of(place, *approvers)
    with facing(service) as url:
        yield Stand(place=place, service=service, url=url, folder=folder)
    service.feed.close()
    service.tasks.people.desk.close()


@contextlib.contextmanager
def facing(service: Service) -> Iterator[str]:
    """Serves the service; whoever comes without a token is the person here, as long as none was made."""
    access = Access(tokens=service.tokens, take=lambda key: None, is_open=True)
    face = application(service, by_token(access), look_s=LOOK_S)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with face.lifespan():
            yield

    async def unknown(request: Request, error: Exception) -> Response:
        return Response(str(error), 401, {"WWW-Authenticate": "Bearer"})

    app = Starlette(routes=[Route("/mcp", endpoint=face)], lifespan=lifespan, exception_handlers={NotKnown: unknown})
    with served(app) as port:
        yield f"http://127.0.0.1:{port}/mcp"


@contextlib.contextmanager
def served(app: Any) -> Iterator[int]:
    """The port at which the application is served, in a thread."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


def posted(stand: Stand, revision: str, tool: str, arguments: str) -> tuple[int, Any]:
    """The status, and what the server answers to a call with arguments that no client would send."""
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    with httpx2.Client(timeout=30) as http:
        meta = "{}"
        if revision == "2026-07-28":
            headers |= {"mcp-protocol-version": revision, "mcp-method": "tools/call", "mcp-name": tool}
            prefix = "io.modelcontextprotocol/"
            meta = json.dumps({f"{prefix}protocolVersion": revision, f"{prefix}clientCapabilities": {}})
        else:
            begin = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            opened = http.post(stand.url, headers=headers, json=call("initialize", begin))
            headers["mcp-session-id"] = opened.headers["mcp-session-id"]
            told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            assert http.post(stand.url, headers=headers, json=told).status_code == 202
        body = json.dumps(call("tools/call", {"name": tool, "arguments": "HERE", "_meta": "META"}))
        body = body.replace('"HERE"', arguments).replace('"META"', meta)
        reply = http.post(stand.url, headers=headers, content=body.encode())
    text = reply.text.partition("data: ")[2] if "event-stream" in reply.headers["content-type"] else reply.text
    return reply.status_code, json.loads(text)


def call(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A request."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def said(result: Any) -> str:
    """The text of a result."""
    return "\n".join(part.text for part in result.content if part.type == "text")


def fenced(code: str) -> str:
    """A model's reply that holds a module."""
    return f"```python\n{code}```\n"


LONGEST = '''def longest(words: list[str]) -> str:
    """Return the longest of the words, the {which} of equally long ones."""
    best = ""
    for word in words:
        if len(word) {sign} len(best):
            best = word
    return best
'''
DOUBTFUL: dict[str, Any] = {
    "candidates": 2,
    "specify": [
        json.dumps(
            {
                "name": "longest",
                "description": "The longest of the words.",
                "signature": "def longest(words: list[str]) -> str",
                "examples": [{"in": {"words": ["a", "bbb", "cc"]}, "out": "bbb"}],
            }
        )
    ],
    "test": [
        "from function import longest\n\n\n"
        'def test_middle():\n    assert longest(["to", "apple", "be"]) == "apple"\n\n\n'
        'def test_none():\n    assert longest([]) == ""\n'
    ],
    "generate": [
        fenced(LONGEST.format(which="first", sign=">")),
        fenced(LONGEST.format(which="last", sign=">=")),
    ],
}
"""A model's words for a function on which two candidates disagree: which of equally long words it gives."""
DOUBT = {"task": "the longest of the words", "arguments": {"words": ["geheim", "4711"]}}
