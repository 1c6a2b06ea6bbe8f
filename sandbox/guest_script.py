"""Runs inside the sandbox: which of a script's exchanges answers an ask, and how asks are written."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

Ask = dict[str, Any]
ABOUT = ("source", "target", "title", "text", "description", "message")
"""What is written at a code host."""
PORTS = {"http": 80, "https": 443}


def titled(ask: Ask) -> str:
    """An ask in few words, for messages."""
    if ask["kind"] == "http":
        return f"`{ask['method']} {ask['url']}`"[:500]
    if ask["kind"] == "chat":
        return f"`chat {ask['act']} {ask['room']}`"[:500]
    if ask["kind"] == "codehost":
        return f"`{' '.join(place_at_host(ask))}`"[:500]
    return f"`{ask['kind']} {ask.get('name', '')}`" if ask.get("name") else f"`{ask['kind']}`"


def fit(entry: Any, ask: Ask) -> int:
    """How exactly the entry fits the ask; -1 where it does not."""
    try:
        wanted = entry["ask"]
        if ask["kind"] == "http" and "http" in wanted:
            method, url = wanted["http"].split(maxsplit=1)
            return http_fit(method, url, ask)
        if ask["kind"] == "llm" and "llm" in wanted:
            return len(wanted["llm"]) if wanted["llm"] in ask["prompt"] else -1
        if ask["kind"] == "function" and wanted.get("function") == ask["name"]:
            return int("arguments" in wanted) if wanted.get("arguments", ask["arguments"]) == ask["arguments"] else -1
        if ask["kind"] == "chat" and "chat" in wanted:
            return chat_fit(wanted["chat"], ask)
        if ask["kind"] == "codehost" and "codehost" in wanted:
            return codehost_fit(wanted["codehost"], ask)
    except (AttributeError, KeyError, TypeError, ValueError):  # not an entry that anybody could mean
        return -1
    return -1


def http_fit(method: str, url: str, ask: Ask) -> int:
    """How many query parameters the entry names; -1 where one is missing in the ask, or anything else differs."""
    wanted, asked = urlsplit(url), urlsplit(ask["url"])
    if method.upper() != ask["method"] or place(wanted) != place(asked):
        return -1
    given, needed = parameters(asked), parameters(wanted)
    for pair in needed:
        if pair not in given:
            return -1
        given.remove(pair)
    return len(needed)


def chat_fit(wanted: str, ask: Ask) -> int:
    """How long the part is that the entry names of what is done; -1 where that differs, or the act or the room."""
    act, room, part = [*wanted.split(maxsplit=2), ""][:3]
    return len(part) if (act, room) == (ask["act"], ask["room"]) and part in carried(ask) else -1


def carried(ask: Ask) -> str:
    """What an act in a chat is about, in one line or text: the message, the title, the file's name, a room's people."""
    if ask["act"] == "create":
        return " ".join(["private" if ask["private"] else "public", *ask["members"]])
    text: str = ask[{"post": "text", "upload": "name", "call": "title"}[ask["act"]]]
    return text


def codehost_fit(wanted: str, ask: Ask) -> int:
    """How long the part is that the entry names of what is done; -1 where that differs, or where it is done."""
    where = place_at_host(ask)
    *words, part = [*wanted.split(maxsplit=len(where)), ""][: len(where) + 1]
    if words != where:
        return -1
    if ask["act"] in ("pipeline", "log"):
        fits = part in ("", str(ask["ref" if ask["act"] == "pipeline" else "job"]))
    else:
        fits = part in " ".join(str(ask[key]) for key in ABOUT if key in ask)
    return len(part) if fits else -1


def place_at_host(ask: Ask) -> list[str]:
    """Host, act and project, of a commit the branch too."""
    return [str(ask[key]) for key in ("host", "act", "project", "branch") if key in ask]


def place(url: SplitResult) -> tuple[Any, ...]:
    """Where a request goes, without its query."""
    return url.scheme, url.hostname, url.port or PORTS.get(url.scheme), url.path or "/"


def parameters(url: SplitResult) -> list[tuple[str, str]]:
    """The query's names and values."""
    return parse_qsl(url.query, keep_blank_values=True)


def scripted_reply(ask: Ask, reply: dict[str, Any]) -> dict[str, Any]:
    """A script's reply as the host would give it."""
    if "error" in reply:
        return reply
    if ask["kind"] != "http":
        return {"value": reply.get({"llm": "text", "chat": "url"}.get(ask["kind"], "value"))}
    headers = {str(name).lower(): str(value) for name, value in reply.get("headers", {}).items()}
    if "json" in reply:
        body = json.dumps(reply["json"])
        headers.setdefault("content-type", "application/json")
    else:
        body = str(reply.get("text", ""))
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    content = base64.b64encode(body.encode()).decode()
    return {"value": {"status": reply.get("status", 200), "headers": headers, "body": content}}


def with_query(url: str, params: Mapping[str, Any] | None) -> str:
    """The address with parameters added. Raises `ValueError` where it names no host."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in PORTS:
        raise ValueError(f"{url!r} is not the address of a web server")
    added = urlencode(pairs(params or {}))
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, added))), fragment=""))


def pairs(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text; a list gives a name several times, None leaves it out."""
    found = []
    for name, value in params.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None:
                found.append((str(name), str(item).lower() if isinstance(item, bool) else str(item)))
    return found
