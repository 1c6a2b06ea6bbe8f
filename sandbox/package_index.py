"""What a package index says of one package: which versions there are, and since when."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

TIMEOUT_S = 10.0
MAX_PAGE_BYTES = 32 << 20
ACCEPTED = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


def released(index: str, name: str) -> dict[str, datetime]:
    """When each version of a package was first uploaded, by the page that PEP 503 and PEP 700 describe.

    Empty where the index does not answer, or does not say.
    """
    address = f"{index.rstrip('/')}/{canonicalize_name(name)}/"
    dates: dict[str, datetime] = {}
    for file, when in uploads(*page(address)):
        version = version_of(file)
        if version and (version not in dates or when < dates[version]):
            dates[version] = when
    return dates


def page(address: str) -> tuple[str, str]:
    """The kind of a page and its text; both empty where there is none, or one of more than 32 MiB."""
    import httpx  # 60 ms, and most commands look at no index

    text = bytearray()
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client,
            client.stream("GET", address, headers={"accept": ACCEPTED}) as response,
        ):
            response.raise_for_status()
            for piece in response.iter_bytes():
                text += piece
                if len(text) > MAX_PAGE_BYTES:
                    return "", ""
            return response.headers.get("content-type", ""), text.decode("utf-8", "replace")
    except (httpx.HTTPError, httpx.InvalidURL):
        return "", ""


def uploads(kind: str, text: str) -> Iterator[tuple[str, datetime]]:
    """Each file that a page names, with the time of its upload, where it says it."""
    for name, when in named_json(text) if "json" in kind else named_html(text):
        try:
            moment = datetime.fromisoformat(when)
        except ValueError:
            continue
        yield name, moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def named_json(text: str) -> Iterator[tuple[str, str]]:
    """The files of a page in JSON, with the times as they stand there."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    files = told.get("files") if isinstance(told, dict) else None
    for file in files if isinstance(files, list) else ():
        if isinstance(file, dict):
            yield str(file.get("filename", "")), str(file.get("upload-time", ""))


def named_html(text: str) -> list[tuple[str, str]]:
    """The files of a page in HTML, with the times as they stand there."""
    reader = Anchors()
    reader.feed(text)
    return reader.found


class Anchors(HTMLParser):
    """The links of a page that say when their file was uploaded."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one link."""
        named = dict(attrs)
        if tag == "a" and (when := named.get("data-upload-time")):
            self.found.append(((named.get("href") or "").partition("#")[0].rpartition("/")[2], when))


def version_of(file: str) -> str:
    """The version in the name of a wheel or a source archive; empty for any other file."""
    try:
        version = parse_wheel_filename(file)[1] if file.endswith(".whl") else parse_sdist_filename(file)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return ""
    return str(version)
