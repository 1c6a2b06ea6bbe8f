"""Every fault of a model server as an error of ours, whichever API it speaks and whichever library meets it."""

import httpx

from agent.errors import (
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from integrations.llm._line import Line

Table = tuple[tuple[type[Exception], type[ModelError]], ...]
"""What a library raises and what it means; the first that fits counts."""

HTTP: Table = (
    (httpx.ConnectTimeout, ProviderUnavailable),
    (httpx.TimeoutException, ModelTimedOut),
    (httpx.ConnectError, ProviderUnavailable),
    (ConnectionError, ProviderUnavailable),
    (httpx.ProxyError, ProviderUnavailable),
    (httpx.UnsupportedProtocol, ProviderUnavailable),
    (httpx.InvalidURL, ProviderUnavailable),
    (httpx.TooManyRedirects, ProviderUnavailable),
    (httpx.NetworkError, MalformedReply),
    (httpx.ProtocolError, MalformedReply),
    (httpx.DecodingError, MalformedReply),
    (httpx.StreamError, MalformedReply),
    (httpx.CookieConflict, MalformedReply),
    (httpx.HTTPStatusError, MalformedReply),
)

UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError)
"""What a client raises where the server's bytes are not its API's JSON."""

CONTEXT = ("context_length", "context length", "context size", "context window", "exceed_context")
"""How servers say that a request is too long."""


def meant(error: Exception, table: Table, line: Line, model: str) -> ModelError:
    """The error of ours for one of a library's that no reply of the server is behind."""
    if line.why_over:
        return timed_out(line, model)
    kind = next((ours for theirs, ours in table if isinstance(error, theirs)), MalformedReply)
    said = f"{type(error).__name__}: {shown(error, line)}"
    if kind is ProviderUnavailable:
        why = "" if is_refused(error) else f" ({said})"  # that nobody listens there is said already
        return ProviderUnavailable(f"No model server answers at {line.host}{why}", advice=line.start)
    if kind is ModelTimedOut:
        return timed_out(line, model)
    if isinstance(error, httpx.TransportError):
        return cut_off(line, model, said)
    return kind(f"{line.host} sent what is not a reply of {line.speaks} ({said}).", advice=line.start)


def answered(status: int, said: str, line: Line, model: str) -> ModelError:
    """The error for a reply that is an error: status -1 is one in the middle of a stream."""
    text, about = said.lower(), f"{line.host} answered {status if status > 0 else 'in mid-reply'}: {said}"
    if status in (-1, 400, 413, 422, 500) and any(words in text for words in CONTEXT):
        return ContextTooLong(f"The request does not fit the context of {model} ({about}).")
    if "model" in text and ("not found" in text or "not exist" in text or "model_not_found" in text):
        return missing(line, model, ())
    if status in (401, 403):
        return ProviderUnavailable(about, advice="Check the API key (`api_key` in the settings).")
    if status == 402 or "insufficient_quota" in text:
        return ProviderUnavailable(about, advice="The account there has no credit left.")
    if 300 <= status < 400:
        return ProviderUnavailable(f"{line.host} redirects, which is not followed.", advice=line.start)
    if status == 429 or "server busy" in text or (status == 503 and line.retry_after_s is not None):
        return busy(line, about)
    if status in (408, 499, 504):
        return ModelTimedOut(f"{model or 'The model server'} did not answer in time ({about}).", model=model)
    if status == -1:
        return MalformedReply(about, advice="Repeat the command; if it happens again, see the server's log.")
    return ProviderUnavailable(about, advice=line.start) if status >= 500 or status == 404 else ModelError(about)


def busy(line: Line, about: str) -> RateLimited:
    """The error for a server that asks to come back later."""
    return RateLimited(about, retry_after_s=line.retry_after_s)


def is_refused(error: BaseException | None) -> bool:
    """Whether it came of a machine that is there and has nobody listening at that port."""
    return error is not None and (
        isinstance(error, ConnectionRefusedError) or is_refused(error.__cause__ or error.__context__)
    )


def timed_out(line: Line, model: str) -> ModelTimedOut:
    """The error for a time limit that passed."""
    why = line.why_over or "did not finish in time"
    return ModelTimedOut(f"{model or 'The model server'} at {line.host} {why}.", model=model)


def cut_off(line: Line, model: str, said: str) -> MalformedReply:
    """The error for a reply that ended before its end."""
    message = f"The reply of {model or 'the server'} at {line.host} was cut off ({said})."
    return MalformedReply(message, advice="Repeat the command; if it happens again, see the server's log.")


def missing(line: Line, model: str, present: tuple[str, ...]) -> ModelMissing:
    """The error for a model that the server lacks."""
    there = ", ".join(present[:20]) or "no model at all"
    message = f"{line.host} has no model {model!r}. It has: {there}."
    fetch = f"Fetch it with `ollama pull {model}`." if line.speaks == "Ollama" else "Name one that it has."
    return ModelMissing(message, advice=fetch, model=model, present=list(present))


def shown(said: object, line: Line) -> str:
    """What a server said, short and without our key, should it repeat it."""
    text = " ".join(str(said).split())[:300]
    return text.replace(line.api_key, "***") if line.api_key else text
