"""The HTTP API as one application: the routes, who may ask, and how errors are answered."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from agent.service.service import Service
from agent.types import Listener
from integrations.http import functions, models, tasks
from integrations.http.access import Access
from integrations.http.answering import answer_problems
from integrations.http.problems import RESPONSES
from integrations.http.turns import turns
from integrations.mcp.http import application as mcp_application
from integrations.mcp.http import by_token

MODELS: Final = 16
"""Requests to models at a time; each may take minutes."""
ABOUT = """Hand in tasks in plain language; find, run and govern the functions that do them.

Every error is a problem of RFC 9457. A task that was answered with 202 is kept, whatever dies afterwards."""


def application(service: Service, *, is_open: bool, take: Callable[[str], None], tell: Listener) -> FastAPI:
    """The API, without what stands around it.

    `is_open`: whoever is on this machine needs no token while none was ever made. `take` counts requests by a key and
    raises where there are too many.
    """
    app = FastAPI(
        title="Kowal",
        version=version("kowal"),
        description=ABOUT,
        docs_url=None,  # the page would load its scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # `/v1/functions/`, a function without a name, is not the list of all
        responses=RESPONSES,
        generate_unique_id_function=operation_name,
    )
    app.state.service = service
    app.state.access = Access(tokens=service.tokens, take=take, is_open=is_open)
    app.state.runs = turns(service.functions.runs, service.functions.turn_s)
    app.state.asks = turns(MODELS, service.functions.turn_s)
    for routes in (tasks, functions, models):
        app.include_router(routes.router)
    answer_problems(app, tell)
    return app


def mount_mcp(app: FastAPI, most_bytes: int) -> None:
    """Serve MCP clients under `/mcp`, too: the same callers, the same tokens. It is guarded already."""
    served = mcp_application(app.state.service, by_token(app.state.access), is_guarded=True, most_bytes=most_bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with served.lifespan():
            yield

    app.router.lifespan_context = lifespan
    app.router.routes.append(Route("/mcp", served, include_in_schema=False))


def operation_name(route: APIRoute) -> str:
    """What an operation is called: as its function is, which the client's method is, too."""
    return route.name
