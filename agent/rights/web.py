"""HTTP for code in the sandbox: what it may ask for, the headers it may set, its secrets, and redirects."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from agent.rights.grants import METHODS, Grant, HttpGrant, SecretGrant
from agent.rights.outbound import MOST_BYTES, Answered, Outbound, Outgoing
from agent.rights.outcomes import AskFailed, AskRefused
from agent.rights.places import BadPlace, Target, read_url
from agent.rights.secrets import Vault, closed, in_url, opened, writing_for

MOST_HEADERS, MOST_HEADER_CHARS = 100, 32_768
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
HEADER_VALUE = re.compile(r"[ -~\t]*")
OURS = frozenset({"accept-encoding", "connection", "content-length", "keep-alive"})
"""Headers that say how the request travels: left out, and set here."""
BARRED = frozenset({"expect", "host", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"})
"""Headers that would make the request another one than was checked. So would any that begins with `proxy-`."""
OF_ONE_HOST = frozenset({"authorization", "cookie"})
"""What is not carried to another place by a redirect."""
OF_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class HttpAsk:
    """One request as the code wants it. Where a secret belongs there is its placeholder."""

    method: str
    target: Target
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def subject(self) -> str:
        """Method and URL without the query, for the record."""
        return f"{self.method} {self.target.shown}"


def read_http_ask(ask: Mapping[str, Any]) -> HttpAsk:
    """The request in an ask of the guest. Raises `AskRefused` for one that cannot be sent as it stands."""
    method = ask.get("method")
    if method not in METHODS:
        raise AskRefused(f"the method is one of {', '.join(METHODS)}")
    try:
        target = read_url(ask.get("url"))
    except BadPlace as error:
        raise AskRefused(str(error)) from None
    return HttpAsk(method=method, target=target, headers=read_headers(ask.get("headers")), body=read_body(ask))


def read_body(ask: Mapping[str, Any]) -> bytes:
    """The bytes to send; none where the ask has none."""
    packed = ask.get("body", "")
    if packed is None:
        return b""
    if not isinstance(packed, str) or len(packed) > MOST_BYTES * 4 // 3 + 4:
        raise AskRefused(f"a request's body is base64 of at most {MOST_BYTES >> 20} MiB")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise AskRefused("the request's body is not base64") from None


def read_headers(given: object) -> dict[str, str]:
    """The headers that the code may set. Raises `AskRefused` naming one that it may not, or that is no header."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > MOST_HEADERS:
        raise AskRefused(f"headers are at most {MOST_HEADERS} texts by name")
    found: dict[str, str] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str) or not HEADER_NAME.fullmatch(name):
            raise AskRefused(f"{str(name)[:80]!r} is no header")
        key = name.lower()
        if key in BARRED or key.startswith("proxy-"):
            raise AskRefused(f"the header `{key}` is not for a function to set")
        if not HEADER_VALUE.fullmatch(value):
            raise AskRefused(f"the header `{key}` holds what no header may: line ends, or letters beyond ASCII")
        if key not in OURS:
            found[key] = value.strip()
    if sum(len(name) + len(value) for name, value in found.items()) > MOST_HEADER_CHARS:
        raise AskRefused(f"the headers are longer than {MOST_HEADER_CHARS:,} characters")
    return found


@dataclass(frozen=True, kw_only=True)
class Web:
    """What one run may do on the net, and how it is done."""

    grants: Sequence[Grant]
    vault: Vault
    outbound: Outbound

    def leave(self, ask: HttpAsk, *, redirected: bool = False) -> tuple[str, ...]:
        """The names of the secrets that go with it. Raises `AskRefused` where a grant is missing for any of it.

        Where a redirect leads, and with what, is not the code's doing.
        """
        try:
            return self.secrets_in(ask)
        except AskRefused as error:
            raise AskRefused(str(error), own_fault=error.own_fault and not redirected) from None

    def secrets_in(self, ask: HttpAsk) -> tuple[str, ...]:
        """The names of the secrets that a granted request carries, each granted too. Raises `AskRefused`."""
        self.grant_for(ask)
        named = self.vault.named_in(" ".join((ask.target.tail, *map(opened, ask.headers.values()))).encode())
        named |= self.vault.named_in(ask.body)
        place, secrets = ask.target.place, [grant for grant in self.grants if isinstance(grant, SecretGrant)]
        granted = {grant.name for grant in secrets if grant.place == place}
        if strays := sorted(named - granted):
            raise AskRefused(f"the secret {strays[0]} may not go to {place}", own_fault=True)
        return tuple(sorted(named))

    def grant_for(self, ask: HttpAsk) -> HttpGrant:
        """The grant that allows the request; one with `private`, where there is one. Raises `AskRefused`."""
        fitting = [
            grant
            for grant in self.grants
            if isinstance(grant, HttpGrant) and grant.allows(ask.method, ask.target.place)
        ]
        if not fitting:
            raise AskRefused(f"no grant allows {ask.method} to {ask.target.place}", own_fault=True)
        return max(fitting, key=lambda grant: grant.private)

    def send(self, ask: HttpAsk, deadline: float) -> Answered:
        """The answer, with no secret in it. Raises `AskRefused`, `AskFailed`."""
        private = self.grant_for(ask).private
        try:
            answer = self.outbound.exchange(self.filled(ask), private=private, deadline=deadline)
        except AskFailed as error:
            raise AskFailed(self.vault.hidden_text(str(error))) from None
        headers = {name: self.vault.hidden_text(value) for name, value in answer.headers.items()}
        return replace(answer, headers=headers, body=self.vault.hidden(answer.body))

    def filled(self, ask: HttpAsk) -> Outgoing:
        """The request as it leaves. Raises `AskRefused` where a secret cannot stand where it was put."""
        vault, place = self.vault, ask.target.place
        headers = {"host": place.authority, "user-agent": "kowal", "accept": "*/*"}
        for name, value in ask.headers.items():
            headers[name] = closed(value, vault.filled_text(opened(value)))
            if not HEADER_VALUE.fullmatch(headers[name]):
                raise AskRefused(f"a secret in the header `{name}` holds what no header may")
        body = vault.filled(ask.body, writing_for(ask.headers.get("content-type", "")))
        headers |= {"accept-encoding": "gzip", "connection": "close"}
        if body or ask.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(body))
        target = ask.target.with_tail(vault.filled_text(ask.target.tail, in_url))
        return Outgoing(method=ask.method, target=target, headers=tuple(headers.items()), body=body)

    def following(self, ask: HttpAsk, answer: Answered) -> HttpAsk | None:
        """The request that the answer leads on to, to be checked like any other; None where it leads nowhere."""
        location = answer.headers.get("location")
        if answer.status not in REDIRECTS or not location:
            return None
        try:
            target = read_url(urljoin(ask.target.url, location))
        except (BadPlace, ValueError) as error:
            raise AskRefused(f"{ask.target.place} redirects to what is no URL: {error}") from None
        headers, body, method = dict(ask.headers), ask.body, ask.method
        if (answer.status == 303 and method != "HEAD") or (answer.status in (301, 302) and method == "POST"):
            method, body = "GET", b""
            headers = {name: value for name, value in headers.items() if name not in OF_THE_BODY}
        if target.place != ask.target.place:
            headers = self.for_another(headers)
        return HttpAsk(method=method, target=target, headers=headers, body=body)

    def for_another(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that may go to another place."""
        return {
            name: value
            for name, value in headers.items()
            if name not in OF_ONE_HOST and not self.vault.named_in(opened(value).encode())
        }


def as_value(answer: Answered) -> dict[str, Any]:
    """The answer as the guest gets it."""
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": base64.b64encode(answer.body).decode(),
    }
