"""What every library's session with a server of ours keeps to, and what may be repeated of what it says."""

from collections.abc import Iterable, Mapping
from typing import Any

import requests
from requests.exceptions import RequestException, SSLError

from agent.errors import ChannelUnavailable

MAX_WORD = 300
"""Characters of what a server says that are repeated."""


class Session(requests.Session):
    """Keeps the headers of the last reply, which libraries do not; goes nowhere else with ours. Of one thread."""

    def __init__(self, proxy: str = "") -> None:
        super().__init__()
        self.hooks["response"].append(self._keep)
        self.seen: Mapping[str, str] = {}
        self._own = {"proxies": {"http": proxy, "https": proxy}} if proxy else {}

    def _keep(self, response: requests.Response, *_: object, **__: object) -> None:
        self.seen = response.headers

    def request(self, *words: Any, **options: Any) -> requests.Response:
        """One request; a redirect is a reply like others, and nothing of a .netrc goes along."""
        auth = options.get("auth") or (lambda request: request)
        return super().request(*words, **{**options, **self._own, "auth": auth, "allow_redirects": False})


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text in one line, not too long, without the secrets."""
    for secret in sorted({each for each in secrets if each}, key=len, reverse=True):
        text = text.replace(secret, "…")
    line = " ".join(text.split())
    return line if len(line) <= MAX_WORD else f"{line[:MAX_WORD]}…"


def away(url: str, error: RequestException) -> ChannelUnavailable:
    """Why nobody answers there; nothing of the error's own text, which may quote addresses with their passwords."""
    if isinstance(error, SSLError):
        advice = "`ca_file` names certificates that are to be trusted."
        return ChannelUnavailable(f"The certificate of {url} is not trusted", advice=advice)
    return ChannelUnavailable(f"{url} does not answer ({type(error).__name__})")
