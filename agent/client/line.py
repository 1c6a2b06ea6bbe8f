"""The connection to the service: asks, asks again where that is safe, and reads what comes."""

import random
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import httpx
from pydantic import TypeAdapter, ValidationError

from agent.client.events import ServerEvent, events_in
from agent.client.problems import error_of
from agent.errors import BadSettings, ServiceError, ServiceUnavailable, TooBusy
from agent.service.requests import Request

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
AGAIN: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same request may succeed."""
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""After these the service has not heard of the request."""
SILENCE_S: Final = 45.0
"""Seconds without a word after which a stream counts as cut: the service says that it lives every 15."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    """Without those that are None."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Request | None = None
    waits_s: float = 0.0
    """How long the service takes to answer because it was asked to wait."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it does the same once and twice."""
        return self.method == "GET" or "Idempotency-Key" in self.headers


class Patience:
    """How long one goes on asking."""

    def __init__(self, seconds: float) -> None:
        self._ends, self._pause_s = time.monotonic() + seconds, FIRST_PAUSE_S

    def wait(self, at_least_s: float = 0.0) -> bool:
        """Pause before the next time; False, at once, where there is none."""
        pause_s = max(at_least_s, self._pause_s * random.uniform(0.5, 1.0))  # noqa: S311 (not a secret)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if time.monotonic() + pause_s > self._ends:
            return False
        time.sleep(pause_s)
        return True


class Line:
    """A connection. Safe to use from several threads."""

    def __init__(
        self, url: str, *, token: str | None, timeout_s: float, patience_s: float, verify: bool | ssl.SSLContext
    ) -> None:
        base = base_of(url)
        self.url, self._timeout_s, self._patience_s = str(base).rstrip("/"), timeout_s, patience_s
        headers = {"User-Agent": f"kowal/{version('kowal')}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout_s, verify=verify)

    def close(self) -> None:
        """Close the connections. Idempotent."""
        self._http.close()

    def patience(self) -> Patience:
        """How long one goes on from now."""
        return Patience(self._patience_s)

    def get(self, kind: Any, ask: Ask) -> Any:
        """The answer, of that type. Raises as `answered`, and `ServiceError` for what is none such."""
        return read(kind, self.answered(ask).content, self.url)

    def answered(self, ask: Ask) -> httpx.Response:
        """The answer, which is a success. Raises what the service would raise, `ServiceUnavailable`, `TooBusy`."""
        patience = self.patience()
        while True:
            try:
                response = self._http.send(self._request(ask))
            except httpx.RequestError as failed:
                error: Exception = unreachable(self.url, failed)
                again, pause_s = may_repeat(ask, failed), 0.0
            else:
                if response.is_success:
                    return response
                error, pause_s = error_of(response), again_in_s(response)
                again = response.status_code in AGAIN and (ask.is_repeatable or isinstance(error, TooBusy))
            if not again or not patience.wait(pause_s):
                raise error

    @contextmanager
    def streaming(self, ask: Ask) -> Iterator[Iterator[ServerEvent]]:
        """The events of the answer, as they come. Raises `ServiceUnavailable` where the stream is cut."""
        try:
            response = self._http.send(self._request(ask, SILENCE_S), stream=True)
            try:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield events_in(response.iter_bytes())
            finally:
                response.close()
        except httpx.RequestError as failed:
            raise unreachable(self.url, failed) from None

    def _request(self, ask: Ask, silence_s: float = 0.0) -> httpx.Request:
        headers = dict(ask.headers)
        content = None
        if ask.body is not None:
            content = ask.body.model_dump_json(by_alias=True, exclude_unset=True).encode()
            headers["Content-Type"] = "application/json"
        query = {name: value for name, value in ask.query.items() if value is not None}
        timeout = httpx.Timeout(self._timeout_s, read=max(self._timeout_s + ask.waits_s, silence_s))
        return self._http.build_request(
            ask.method, ask.path, params=query, headers=headers, content=content, timeout=timeout
        )


def base_of(url: str) -> httpx.URL:
    """The service's address. Raises `BadSettings` for what is none, or has a password in it."""
    advice = "Give it as `http://localhost:8420` or `https://kowal.example.org`; the token goes into `token`."
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadSettings(f"The service's address cannot be read: {error}", advice=advice) from None
    if base.scheme not in ("http", "https") or not base.host or base.userinfo or base.query or base.fragment:
        raise BadSettings("The service's address is not one", advice=advice)
    return base


def may_repeat(ask: Ask, failed: httpx.RequestError) -> bool:
    """Whether it is sent once more: it does no harm, and the certificate will not be another by then."""
    cause: BaseException | None = failed
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return False
        cause = cause.__cause__ or cause.__context__
    return ask.is_repeatable or isinstance(failed, NEVER_SENT)


def unreachable(url: str, failed: httpx.RequestError) -> ServiceUnavailable:
    """The error for a service that did not answer."""
    said = str(failed).splitlines()[0][:200] if str(failed) else ""
    reason = ": ".join(filter(None, (type(failed).__name__, said)))
    return ServiceUnavailable(f"The service at {url} does not answer ({reason})")


def again_in_s(response: httpx.Response) -> float:
    """The seconds of `Retry-After`; none where it says none."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdecimal() else 0.0


def read(kind: Any, content: bytes | str, url: str) -> Any:
    """The value. Raises `ServiceError` for what is none of that type."""
    try:
        return adapter(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ServiceError(
            f"The service at {url} answered what cannot be read: {place} {first['msg']}",
            advice="See that a Kowal of this version serves there, and nothing else.",
        ) from None


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads values of the type."""
    return TypeAdapter(kind)
