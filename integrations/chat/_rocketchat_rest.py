"""Rocket.Chat's REST API through `rocketchat_API`: login, limits, and every fault as an error of ours."""

import contextlib
import email.utils
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote, urljoin, urlsplit

from requests.exceptions import RequestException
from rocketchat_API.APIExceptions.RocketExceptions import RocketApiException, RocketBadStatusCodeException
from rocketchat_API.rocketchat import RocketChat

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from integrations.account import is_sendable
from integrations.chat._rocketchat_settings import RocketChatConfig, one_time_code
from integrations.reading import text_in
from integrations.session import Session, away, hidden

CONNECT_S, READ_S, WHOLE_S = 3.0, 7.0, 10.0
REFUSED_S = 60.0
"""A password that was refused is not tried again for so long: servers lock accounts out."""
LOGIN_ADVICE = (
    "See `user` and `password`, and `totp_secret` where the account has a second factor; "
    "a personal access token (`user_id`, `token`) needs neither."
)
REDIRECTS = (301, 302, 303, 307, 308)

Call = Callable[[RocketChat], Any]


@dataclass(frozen=True, kw_only=True)
class Login:
    """Under which id and token we are known."""

    user_id: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a request carries to be ours."""
        return {"X-User-Id": self.user_id, "X-Auth-Token": self.token}


class NotLoggedIn(ChannelRefused):
    """The chat server does not know our login."""

    advice = "Set a new `token`, or `user` and `password`, in the section of the settings."


def is_final(error: ChannelRefused) -> bool:
    """Whether the chat server itself has said no: not to an unknown login, and not a proxy in front of it."""
    return bool(error.facts.get("is_theirs")) and not isinstance(error, NotLoggedIn)


class Rest:
    """One account's requests. Safe to use from several threads: each has a client of its own."""

    def __init__(self, config: RocketChatConfig, *, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        self.config = config
        self._timeout = (connect_s, read_s)
        self._secrets = config.secrets
        self._lock = threading.Lock()
        self._own = threading.local()
        self._sessions: list[Session] = []
        self._login: Login | None = None
        self._refused: tuple[float, str] = (0.0, "")
        self._not_before: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"Rest({self.config.url})"

    def get(self, route: str, **query: object) -> Mapping[str, Any]:
        """The reply to a GET. Raises a `ChannelError`."""
        quoted = {name: quote(_written(value), safe="") for name, value in query.items()}
        return self._ask(route, lambda client: client.call_api_get(route, **quoted))

    def post(self, route: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reply to a POST of JSON. Raises a `ChannelError`."""
        return self._ask(route, lambda client: client.call_api_post(route, body=dict(body)))

    def upload(self, room: str, name: str, data: bytes, kind: str) -> str:
        """The id of a file that is stored for a room, and not posted yet. Raises a `ChannelError`."""
        route = f"rooms.media/{quote(room, safe='')}"
        reply = self._ask(route, lambda client: client.call_api_post(route, files={"file": (name, data, kind)}))
        return text_in(reply.get("file"), "_id") or self._unreadable("it stored a file and does not say which")

    def version(self) -> str:
        """The server's version, which it tells everybody. Raises a `ChannelError`."""
        reply = self._once("info", lambda client: client.info(), None)
        return text_in(reply, "version") or text_in(reply.get("info"), "version") or "of unknown version"

    def login(self) -> Login:
        """Under what we are known now. Raises a `ChannelError`."""
        with self._lock:
            if self._login is None:
                token = self._secrets["token"]
                has_token = bool(token and self.config.user_id)
                self._login = Login(user_id=self.config.user_id, token=token) if has_token else self._by_password()
            return self._login

    def renewed(self, stale: Login) -> Login:
        """A login that is not that one. Raises `NotLoggedIn` where there is no password to have one by."""
        with self._lock:
            if self._login is None or self._login == stale:
                self._login = self._by_password()
            return self._login

    def another(self) -> Login:
        """A login by password, which leaves the one in use alone. Raises as `renewed`."""
        with self._lock:
            return self._by_password()

    @property
    def has_password(self) -> bool:
        """Whether we can log in without the token."""
        return bool(self.config.user and self._secrets["password"])

    def log_out(self) -> None:
        """Have the server forget a login by password; a token of the settings stays good. Raises nothing."""
        with self._lock:
            login, self._login = self._login, None
        if login is not None and login.token != self._secrets["token"]:
            with contextlib.suppress(ChannelError):
                self._once("logout", lambda client: client.call_api_post("logout", body={}), login)

    def hidden(self, text: str) -> str:
        """The text in one line, not too long, without our secrets."""
        own = [self._login.token] if self._login is not None else []
        return hidden(text, [*self._secrets.values(), *own])

    def download(self, place: str, most_bytes: int) -> bytes:
        """A file of the server's. Raises `ChannelRefused` for one with more bytes, without having read them all."""
        url = urljoin(f"{self.config.url}/", place.lstrip("/"))
        if not url.startswith(f"{self.config.url}/"):
            raise ChannelRefused("A file that is not on the chat server is not fetched")
        login = self.login()
        try:
            return self._followed(url, login, most_bytes)
        except ChannelRefused as error:
            if error.facts.get("status") not in (401, 403):
                raise
            self.get("me")  # by which a login that is lost is had anew
            if self.login() == login:
                raise
        return self._followed(url, self.login(), most_bytes)

    def _followed(self, url: str, login: Login, most_bytes: int) -> bytes:
        """The file that is there, or where it leads to; our login goes to our server alone."""
        own, ends = urlsplit(self.config.url), time.monotonic() + WHOLE_S
        for _ in range(4):
            at = urlsplit(url)
            is_ours = (at.scheme, at.netloc) == (own.scheme, own.netloc)
            found = self._piece(url, login.headers if is_ours else {}, most_bytes, ends)
            if isinstance(found, bytes):
                return found
            try:
                url = urljoin(url, found)
                is_good = urlsplit(url).scheme in {"https", own.scheme}
            except ValueError:
                is_good = False
            if not is_good:
                break
        raise ChannelRefused(f"{self.config.url} leads elsewhere for a file, and on from there")

    def close(self) -> None:
        """Close all connections that there are now; whoever asks again has a new one. Idempotent."""
        while self._sessions:
            self._sessions.pop().close()

    def _piece(self, url: str, headers: Mapping[str, str], most_bytes: int, ends: float) -> bytes | str:
        """The file, or where it is instead."""
        client, data = self._client(), bytearray()
        try:
            with client.session.get(
                url, headers=headers, verify=client.ssl_verify, timeout=self._timeout, stream=True
            ) as reply:
                if reply.status_code in REDIRECTS:
                    return str(reply.headers.get("Location", ""))
                if reply.status_code != 200:
                    self._raise("file-upload", reply.status_code, None)
                for piece in reply.iter_content(1 << 16):
                    data += piece
                    if len(data) > most_bytes:
                        raise ChannelRefused(f"The file has more than {most_bytes} bytes")
                    if time.monotonic() > ends:
                        raise ChannelUnavailable(f"{self.config.url} sent no whole file in {WHOLE_S:.0f} s")
        except RequestException as error:
            raise away(self.config.url, error) from None
        return bytes(data)

    def _ask(self, route: str, call: Call) -> Mapping[str, Any]:
        login = self.login()
        try:
            return self._once(route, call, login)
        except NotLoggedIn:
            return self._once(route, call, self.renewed(login))

    def _once(self, route: str, call: Call, login: Login | None) -> Mapping[str, Any]:
        kind = route.partition("/")[0]
        wait = self._not_before.get(kind, 0.0) - time.monotonic()
        if wait > 0:
            raise self._too_fast(kind, wait)
        client = self._client()
        client.headers = login.headers if login else {}
        try:
            reply = call(client)
        except (RocketApiException, RocketBadStatusCodeException) as error:
            said = error.response_json
            self._raise(kind, error.status_code, said if isinstance(said, Mapping) else None)
        except RequestException as error:
            raise away(self.config.url, error) from None
        if not isinstance(reply, Mapping):
            self._unreadable("what it says is not JSON")
        if reply.get("success") is False:
            self._raise(kind, 400, reply)
        return reply

    def _client(self) -> RocketChat:
        found: RocketChat | None = getattr(self._own, "client", None)
        if found is None:
            session = Session()
            verify = str(self.config.ca_file) if self.config.ca_file else True
            found = RocketChat(server_url=self.config.url, ssl_verify=verify, timeout=self._timeout, session=session)
            self._own.client = found
            self._sessions.append(session)
        return found

    def _by_password(self) -> Login:
        """A new login. Raises a `ChannelError`."""
        if not self.has_password:
            raise NotLoggedIn(f"{self.config.url} does not accept the token", status=401)
        if self._refused[0] > time.monotonic():
            raise NotLoggedIn(self._refused[1], status=401)
        named = "email" if "@" in self.config.user else "username"
        body = {named: self.config.user, "password": self._secrets["password"]}
        if code := one_time_code(self._secrets["totp_secret"]):
            body["code"] = code
        try:
            reply = self._once("login", lambda client: client.call_api_post("login", body=body), None)
        except ChannelRefused as error:
            self._refused = (time.monotonic() + REFUSED_S, str(error))
            raise
        data = reply.get("data")
        found = Login(user_id=text_in(data, "userId"), token=text_in(data, "authToken"))
        if not is_sendable(found.user_id) or not is_sendable(found.token):
            self._unreadable("it answers a login without a token")
        return found

    def _raise(self, kind: str, status: int, said: Mapping[str, Any] | None) -> NoReturn:
        """The error of ours for a reply that is an error."""
        word = self.hidden(str((said or {}).get("error") or (said or {}).get("message") or f"status {status}"))
        if status == 429:
            wait = self._wait(word)
            self._not_before[kind] = time.monotonic() + wait
            raise self._too_fast(kind, wait) from None
        if status == 401:
            advice = LOGIN_ADVICE if kind == "login" else None  # since 8.0 the server does not say what is wrong
            message = f"{self.config.url} refuses our login: {word}"
            raise NotLoggedIn(message, advice=advice, status=status) from None
        if status >= 500:
            raise ChannelUnavailable(f"{self.config.url} answered {status} to {kind}: {word}", status=status) from None
        is_theirs = said is not None and said.get("success") is False
        error_type = text_in(said, "errorType")
        message = f"{self.config.url} refuses {kind}: {word}"
        raise ChannelRefused(message, status=status, error_type=error_type, is_theirs=is_theirs) from None

    def _wait(self, word: str) -> float:
        """Seconds until the route may be asked again: by the server's own clock, where it tells the time."""
        seen = self._client().session.seen
        try:
            resets = float(seen["X-RateLimit-Reset"]) / 1000
            now = email.utils.parsedate_to_datetime(seen["Date"]).timestamp() if "Date" in seen else time.time()
            wait = resets - now
        except (KeyError, ValueError, OverflowError):
            told = re.search(r"wait (\d+) seconds", word)
            wait = float(told[1]) if told else 60.0
        return min(max(wait, 0.1), 600.0) if math.isfinite(wait) else 60.0

    def _too_fast(self, kind: str, wait: float) -> TooFast:
        return TooFast(f"{self.config.url} wants no {kind} for {math.ceil(wait)} s", again_in_s=wait)

    def _unreadable(self, why: str) -> NoReturn:
        raise ChannelUnavailable(
            f"{self.config.url} does not answer as Rocket.Chat does: {why}",
            advice="`url` is the address under which people open Rocket.Chat in a browser.",
        ) from None


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
