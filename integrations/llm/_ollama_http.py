"""Exchanges with an Ollama server that keep to the line, and the libraries' errors as ours."""

import contextlib
from collections.abc import Iterator

import httpx
import ollama
from pydantic import BaseModel

from agent.errors import ModelError
from integrations.llm._faults import HTTP, UNREADABLE, Table, answered, meant, shown, timed_out
from integrations.llm._line import Line, client_options, open_line

ERRORS: Table = (*HTTP, (ollama.ResponseError, ModelError), (ollama.RequestError, ModelError))
CAUGHT: tuple[type[Exception], ...] = (*(kind for kind, _ in ERRORS), httpx.HTTPError, *UNREADABLE)


class Listed(ollama.ListResponse.Model):
    """A model of the server's list, with what the client's own type leaves out."""

    model: str
    remote_host: str | None = None


class _List(BaseModel):
    models: tuple[Listed, ...]


@contextlib.contextmanager
def connected(line: Line, model: str = "") -> Iterator[ollama.Client]:
    """An `ollama` client. Whatever the libraries raise inside leaves as a `ModelError`, and a stop as `Stopped`."""
    with _translated(line, model), open_line(line), ollama.Client(host=line.host, **client_options(line)) as client:
        yield client


def listed(line: Line) -> tuple[Listed, ...]:
    """The server's models. Raises as `connected` does."""
    with _translated(line, ""), open_line(line), httpx.Client(base_url=line.host, **client_options(line)) as client:
        reply = client.get("/api/tags")
        if not reply.is_success:
            raise answered(reply.status_code, shown(reply.text, line), line, "")
        return _List.model_validate_json(reply.content).models


@contextlib.contextmanager
def _translated(line: Line, model: str) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except CAUGHT as error:
        raise translate(error, line=line, model=model) from error


def translate(error: Exception, *, line: Line, model: str = "") -> ModelError:
    """The error of ours for one of the `ollama` or `httpx` package."""
    if isinstance(error, ollama.ResponseError):
        if line.why_over:
            return timed_out(line, model)
        return answered(error.status_code, shown(error.error, line), line, model)
    return meant(error, ERRORS, line, model)
