"""LiteLLM, asked in a thread of its own so that nobody waits longer than they want, and its errors as ours."""

import functools
import os
import queue
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import httpx
import openai

from agent.errors import ContextTooLong, ModelError
from integrations.llm._faults import HTTP, UNREADABLE, Table, answered, cut_off, meant, missing, shown, timed_out
from integrations.llm._line import Line, retry_after_s
from integrations.llm._server import Gathering
from integrations.llm._vectors import checked
from sandbox.stopping import stoppable

QUIET = {
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
}
"""What it reads when it is imported: fetch no tables, and take no `.env` out of the folder that one is in."""
ERRORS: Table = (*HTTP, (openai.APIConnectionError, ModelError), (openai.OpenAIError, ModelError))
CAUGHT = (openai.OpenAIError, httpx.HTTPError, OSError, *UNREADABLE)
OVER = object()


@functools.cache
def loaded() -> Any:
    """The package, set up so that it tries nothing again by itself and tells nobody. The first call takes seconds."""
    os.environ.update(QUIET)
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = True  # what a service does not take, a seed for example, is left out
    return litellm


def gathered(asked: Mapping[str, Any], line: Line, said: Gathering) -> tuple[str, Any]:
    """Why the reply ended and what it used; its text is gathered. Raises a `ModelError`, or `Stopped`."""
    used = None
    with closing(_parts(asked, line)) as parts:
        for part in parts:
            if isinstance(part, str):  # how it ended, by the service's own word
                return part, used
            line.heard()
            used = getattr(part, "usage", None) or used
            for choice in part.choices:
                said.add(choice.delta.content or "")
            if said.is_full:
                return "length", used
    raise cut_off(line, str(asked["model"]), "its last part is missing")


def _parts(asked: Mapping[str, Any], line: Line) -> Generator[Any]:
    """The parts of a reply as they come, and then the reason for its end, where the service gave one."""
    model, parts, gone = str(asked["model"]), queue.SimpleQueue[Any](), threading.Event()
    talk = threading.Thread(target=_talk, args=(asked, line, parts, gone), name="talk to a service", daemon=True)
    with stoppable(lambda: parts.put(OVER)):
        try:
            talk.start()
            while (part := _next(parts, line, model)) is not OVER:
                if isinstance(part, Exception):
                    raise translate(part, line=line, model=model) from part
                yield part
        finally:
            gone.set()


def _next(parts: "queue.SimpleQueue[Any]", line: Line, model: str) -> Any:
    while True:
        try:
            return parts.get(timeout=line.left_s())
        except queue.Empty:
            if line.why_over:
                raise timed_out(line, model) from None


def _talk(asked: Mapping[str, Any], line: Line, parts: "queue.SimpleQueue[Any]", gone: threading.Event) -> None:
    """Ask, and hand on what comes, as long as somebody waits for it."""
    stream = None
    silence_s = max(line.patience.first_token_s, line.patience.token_s)
    try:
        stream = loaded().completion(**asked, stream=True, timeout=silence_s, num_retries=0, max_retries=0)
        for part in stream:
            if gone.is_set():
                return
            parts.put(part)
        # LiteLLM ends every stream with a reason, one of its own where the service was cut off before it gave one.
        if reason := getattr(stream, "received_finish_reason", None):
            parts.put(str(reason))
    except CAUGHT as error:
        parts.put(error)
    finally:
        parts.put(OVER)
        hang_up(stream)


def hang_up(stream: Any) -> None:
    """Have the service stop writing: left to itself the connection would stay until the stream is collected."""
    inner = getattr(stream, "completion_stream", None)
    if close := getattr(inner, "close", None):
        close()


def vectors(asked: Mapping[str, Any], texts: Sequence[str], line: Line) -> tuple[tuple[float, ...], ...]:
    """One vector a text. Raises a `ModelError`."""
    try:
        timeout = line.patience.whole_s
        said = loaded().embedding(**asked, input=list(texts), timeout=timeout, num_retries=0, max_retries=0)
        data = sorted(said.data, key=lambda each: each["index"])
        return checked([each["embedding"] for each in data], texts, line)
    except CAUGHT as error:
        raise translate(error, line=line, model=str(asked["model"])) from error


def translate(error: Exception, *, line: Line, model: str) -> ModelError:
    """The error of ours for one of LiteLLM, which gives all services the errors of the `openai` package."""
    kinds, said = loaded().exceptions, shown(error, line)
    line.retry_after_s = retry_after_s(getattr(error, "litellm_response_headers", None) or {})
    if isinstance(error, kinds.ContextWindowExceededError):
        return ContextTooLong(f"The request does not fit the context of {model} ({said}).")
    if isinstance(error, openai.NotFoundError):
        return missing(line, model, ())
    if isinstance(error, kinds.MidStreamFallbackError):
        return cut_off(line, model, said)
    if isinstance(error, openai.APITimeoutError):
        return timed_out(line, model)
    if isinstance(error, openai.APIConnectionError):
        return meant(httpx.ConnectError(said), ERRORS, line, model)
    status = getattr(error, "status_code", None)
    return answered(status, said, line, model) if isinstance(status, int) else meant(error, ERRORS, line, model)
