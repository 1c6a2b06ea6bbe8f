"""Exchanges with a server that speaks OpenAI's API, through the `openai` package, and its errors as ours."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import httpx
import openai
import openai.resources.chat
import openai.resources.models  # both would be imported in the middle of the first request otherwise
from openai.types.chat import ChatCompletionChunk

from agent.errors import ModelError
from agent.ports import ModelCard, Price
from integrations.llm._chat import kinds
from integrations.llm._faults import HTTP, UNREADABLE, Table, answered, cut_off, meant, shown, timed_out
from integrations.llm._line import Line, client_options, open_line
from integrations.llm._server import Gathering

ERRORS: Table = (*HTTP, (openai.OpenAIError, ModelError))
CAUGHT: tuple[type[Exception], ...] = (*(kind for kind, _ in ERRORS), httpx.HTTPError, *UNREADABLE)


@contextlib.contextmanager
def connected(line: Line, model: str = "") -> Iterator[openai.OpenAI]:
    """An `openai` client that tries nothing again by itself. What is raised inside leaves as a `ModelError`.

    It speaks through `httpx`, which release 2 has for its own and release 3 takes as well.
    """
    try:
        with open_line(line), httpx.Client(**client_options(line)) as http:
            # Key, organisation and project: the line sends the settings' key, and nothing out of the environment.
            yield openai.OpenAI(base_url=line.host, api_key="-", http_client=cast("Any", http), max_retries=0)
    except ModelError:
        raise
    except CAUGHT as error:
        raise translate(error, line=line, model=model) from error


def translate(error: Exception, *, line: Line, model: str = "") -> ModelError:
    """The error of ours for one of the `openai` or `httpx` package."""
    if isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if line.why_over:
        return timed_out(line, model)
    if isinstance(error, openai.APIStatusError):
        return answered(error.status_code, _said(error, line), line, model)
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
        return answered(-1, _said(error, line), line, model)
    return meant(error, ERRORS, line, model)


def _said(error: openai.APIError, line: Line) -> str:
    """The server's words, with its code for the fault."""
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error", body)
    inner = inner if isinstance(inner, dict) else {}
    words = inner.get("message") or error.message
    marks = [str(inner[key]) for key in ("code", "type") if isinstance(inner.get(key), str)]
    return shown(f"{words} ({', '.join(marks)})" if marks else words, line)


def refused_option(error: BaseException | None, options: dict[str, Any]) -> str:
    """Which of the options the server does not take, by its own words; empty where it does not name one."""
    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError | openai.InternalServerError):
        return ""
    body = error.body if isinstance(error.body, dict) else {}
    about = f"{error.param or ''} {body.get('message', '')} {error.message}".lower()
    return next((name for name in options if name in about or name.replace("_", " ") in about), "")


def gathered(parts: openai.Stream[ChatCompletionChunk], line: Line, model: str, said: Gathering) -> tuple[str, Any]:
    """Why the reply ended and what it used, None where the server does not count. Raises where it was cut off."""
    reason, usage = "", None
    for part in parts:
        line.heard()
        usage = part.usage or usage
        for choice in part.choices or ():
            said.add(choice.delta.content or "")
            reason = choice.finish_reason or reason
        if said.is_full:
            return "length", usage
    if line.why_over and not reason:
        raise timed_out(line, model)
    if not reason:
        raise cut_off(line, model, "its last part is missing")
    return reason, usage


def card(name: str, facts: dict[str, Any], price: Price | None) -> ModelCard:
    """A model, with what llama.cpp (`meta`), vLLM and OpenRouter say beyond OpenAI's API."""
    meta = facts.get("meta")
    more = facts | (meta if isinstance(meta, dict) else {})
    known = {key: value for key, value in more.items() if isinstance(value, int) and value > 0}
    context = next((known[key] for key in ("max_model_len", "context_length", "n_ctx_train") if key in known), None)
    writes, embeds = kinds(name)
    return ModelCard(
        name=name,
        params_b=known["n_params"] / 1e9 if "n_params" in known else None,
        size_gb=known["size"] / 1e9 if "size" in known else None,
        context=context,
        writes=writes,
        embeds=embeds,
        price=price,
    )
