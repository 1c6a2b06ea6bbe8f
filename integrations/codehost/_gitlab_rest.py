"""GitLab's REST API through `python-gitlab`: lines, limits, pages, and every fault as an error of ours."""

import email.utils
import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import gitlab
import requests
from gitlab.exceptions import GitlabError
from requests.exceptions import RequestException, SSLError

from agent.errors import ChannelRefused, ChannelUnavailable, TooFast
from integrations.codehost._gitlab_settings import GitLabConfig
from integrations.session import Session, away, hidden

CONNECT_S, READ_S, WHOLE_S = 3.0, 7.0, 10.0
PAGE = 100
MOST_PAGES = 50
NOT_SAID_S, LONGEST_S = 60.0, 600.0
"""For which the server sends us away where it does not say for how long, and at most."""
NO_LOGIN = (
    "Make a token with the scope `api` for Kowal's account in GitLab (Access tokens) and set it as `token`, or "
    "`token_file`, in the section of the settings."
)
URL_ADVICE = "`url` is the address under which people open GitLab in a browser, with its path."
Row = dict[str, Any]


def part(text: str) -> str:
    """A name as one part of a path: `group/project` is one, too."""
    return quote(text, safe="")


class NotLoggedIn(ChannelRefused):
    """GitLab does not know our token, or it may not do what Kowal needs."""

    advice = NO_LOGIN


def is_final(error: ChannelRefused) -> bool:
    """Whether the server itself has said no to this, and not to who we are."""
    return bool(error.facts.get("is_theirs")) and not isinstance(error, NotLoggedIn)


class Rest:
    """One account's requests. Safe to use from several threads: each has a client of its own.

    All raise `ChannelError`s. Paths are those below `/api/v4/`.
    """

    def __init__(self, config: GitLabConfig, *, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        self.config = config
        self._timeout = (connect_s, read_s)
        self._lock = threading.Lock()
        self._own = threading.local()
        self._sessions: list[Session] = []
        self._not_before: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"Rest({self.config.url})"

    def get(self, path: str, **query: object) -> Row:
        """The one thing that is there."""
        found = self._json(self._ask("get", path, query))
        return found if isinstance(found, dict) else self._unreadable("it says a list where one thing is asked for")

    def page(self, path: str, **query: object) -> list[Row]:
        """A page of what is there, a hundred at most."""
        found = self._json(self._ask("get", path, {"per_page": PAGE, **query}))
        rows = found if isinstance(found, list) else self._unreadable("it says one thing where a list is asked for")
        return [row for row in rows if isinstance(row, dict)]

    def pages(self, path: str, **query: object) -> Iterator[list[Row]]:
        """Page after page, for lists in which what is new comes first: what comes meanwhile shifts nothing away."""
        for number in range(1, MOST_PAGES + 1):
            rows = self.page(path, page=number, **query)
            yield rows
            if len(rows) < PAGE:
                return

    def keyset(self, path: str, **query: object) -> Iterator[Row]:
        """All that is there, by keyset: the server says where the next page is, whatever comes or goes meanwhile."""
        asked: dict[str, object] = {"pagination": "keyset", "order_by": "id", "sort": "asc", "per_page": PAGE, **query}
        following = path
        for _ in range(MOST_PAGES):
            reply = self._ask("get", following, asked)
            found = self._json(reply)
            yield from (row for row in (found if isinstance(found, list) else ()) if isinstance(row, dict))
            link = reply.links.get("next", {}).get("url", "")
            query_of = urlsplit(link).query
            if not link or not found:
                return
            following, asked = f"{path}?{query_of}", {}  # not where the server thinks it is

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Row:
        """What came of a POST of JSON. It is never repeated here: it may have been done though no answer came."""
        return self._sent("post", path, body or {})

    def put(self, path: str, body: Mapping[str, Any]) -> Row:
        """What came of a PUT of JSON."""
        return self._sent("put", path, body)

    def upload(self, path: str, name: str, data: bytes, kind: str) -> Row:
        """What came of sending a file."""
        reply = self._ask("post", path, {}, post_data={}, files={"file": (name, data, kind)})
        found = self._json(reply)
        return found if isinstance(found, dict) else {}

    def server_time(self) -> datetime | None:
        """When the last reply to this thread was written, by the server's clock; to the second."""
        with suppress(AttributeError, KeyError, ValueError, TypeError):
            return email.utils.parsedate_to_datetime(self._session().seen["Date"]).astimezone(UTC)
        return None

    def download(self, path: str, most_bytes: int) -> bytes:
        """What is there, byte by byte. Raises `ChannelRefused` for more bytes, without having read them all."""
        data = bytearray()
        for piece in self._pieces(path):
            data += piece
            if len(data) > most_bytes:
                raise ChannelRefused(f"The file has more than {most_bytes} bytes")
        return bytes(data)

    def end(self, path: str, most_bytes: int) -> bytes:
        """The end of what is there, no more than so many bytes."""
        if most_bytes <= 0:
            return b""
        kept: deque[bytes] = deque()
        size = 0
        for piece in self._pieces(path):
            kept.append(piece)
            size += len(piece)
            while size - len(kept[0]) >= most_bytes:
                size -= len(kept.popleft())
        return b"".join(kept)[-most_bytes:]

    def hidden(self, text: str) -> str:
        """The text in one line, not too long, without our secrets."""
        return hidden(text, [*self.config.secrets.values(), self.config.proxy])

    def close(self) -> None:
        """Close all connections that there are now; whoever asks again has a new one. Idempotent."""
        while self._sessions:
            self._sessions.pop().close()

    def _pieces(self, path: str) -> Iterator[bytes]:
        ends = time.monotonic() + WHOLE_S
        reply = self._ask("get", path, {}, streamed=True)
        try:
            for piece in reply.iter_content(1 << 16):
                yield piece
                if time.monotonic() > ends:
                    raise ChannelUnavailable(f"{self.config.url} sent no whole file in {WHOLE_S:.0f} s")
        except RequestException as error:
            raise away(self.config.url, error) from None
        finally:
            reply.close()

    def _sent(self, verb: str, path: str, body: Mapping[str, Any]) -> Row:
        reply = self._ask(verb, path, {}, post_data=dict(body))
        found = self._json(reply) if reply.content.strip() else {}
        return found if isinstance(found, dict) else {}

    def _ask(self, verb: str, path: str, query: Mapping[str, object], **options: Any) -> requests.Response:
        """One request; a GET whose line was closed before anything came is asked once more."""
        kind = kind_of(verb, path)
        wait = self._not_before.get(kind, 0.0) - time.monotonic()
        if wait > 0:
            raise self._too_fast(wait)
        client, asked = self._client(), {name: _written(value) for name, value in query.items()}
        for is_last in (verb != "get", True):
            try:
                return client.http_request(
                    verb, f"/{path}", asked, obey_rate_limit=False, retry_transient_errors=False, **options
                )
            except GitlabError as error:
                self._raise(error, self._session().seen, kind)
            except (requests.Timeout, SSLError) as error:
                raise away(self.config.url, error) from None
            except requests.ConnectionError as error:
                if is_last:
                    raise away(self.config.url, error) from None
            except RequestException as error:
                raise away(self.config.url, error) from None
        raise AssertionError("the second try is the last")

    def _session(self) -> Session:
        session: Session = self._own.session
        return session

    def _client(self) -> gitlab.Gitlab:
        found: gitlab.Gitlab | None = getattr(self._own, "client", None)
        if found is None:
            session = Session(self.config.proxy)
            found = gitlab.Gitlab(
                self.config.url,
                private_token=self.config.secrets["token"],
                ssl_verify=str(self.config.ca_file) if self.config.ca_file else True,
                timeout=self._timeout,  # type: ignore[arg-type] # it is handed to requests, which takes both
                keep_base_url=True,
                session=session,
            )
            self._own.client, self._own.session = found, session
            with self._lock:
                self._sessions.append(session)
        return found

    def _json(self, reply: requests.Response) -> Any:
        try:
            return reply.json()
        except (ValueError, RequestException):
            self._unreadable("what it says is not JSON")

    def _raise(self, error: GitlabError, headers: Mapping[str, str], kind: str) -> NoReturn:
        """The error of ours for a reply that is an error."""
        status = error.response_code or 0
        word = self.hidden(_word(error) or f"status {status}")
        where = self.config.url
        if status == 429:
            wait = _wait(headers)
            self._not_before[kind] = time.monotonic() + wait
            raise self._too_fast(wait) from None
        if status == 401 or (status == 403 and "insufficient_scope" in word):
            raise NotLoggedIn(f"{where} refuses our token: {word}", status=status) from None
        if 300 <= status < 400 or status == 0:
            self._unreadable("it sends us elsewhere")
        if status >= 500 or status == 408:
            raise ChannelUnavailable(f"{where} answered {status}", status=status) from None
        is_theirs = "json" in headers.get("Content-Type", "")
        raise ChannelRefused(f"{where} refuses: {word}", status=status, word=word, is_theirs=is_theirs) from None

    def _too_fast(self, wait: float) -> TooFast:
        advice = "The server's administrator can raise its rate limits for Kowal's account."
        return TooFast(f"{self.config.url} wants no request for {math.ceil(wait)} s", advice=advice, again_in_s=wait)

    def _unreadable(self, why: str) -> NoReturn:
        message = f"{self.config.url} does not answer as GitLab does: {why}"
        raise ChannelUnavailable(message, advice=URL_ADVICE) from None


def kind_of(verb: str, path: str) -> str:
    """What the server may limit by itself: all that is read, and each kind of thing that is made or changed."""
    names = [each for each in path.split("/") if not each.isdecimal()]
    return verb if verb == "get" else f"{verb} {names[-1]}"


def _word(error: GitlabError) -> str:
    """What the server says is wrong; nothing of a page that is made for people."""
    said: object = error.error_message  # of a page it is the page, as bytes
    return "" if isinstance(said, bytes) else str(said)


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds until we may ask again; a minute where the server does not say."""
    wait = NOT_SAID_S
    with suppress(KeyError, ValueError):
        wait = float(headers["RateLimit-Reset"]) - time.time()
    with suppress(KeyError, ValueError):
        wait = float(headers["Retry-After"])
    return min(max(wait, 0.1), LONGEST_S) if math.isfinite(wait) else NOT_SAID_S


def _written(value: object) -> object:
    """As the server takes it in an address."""
    return str(value).lower() if isinstance(value, bool) else value
