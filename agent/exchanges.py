"""What a function asks of its host and what it is told: written beforehand, so that it can be proven without a host."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from agent.projects import BadName, act_in
from agent.rooms import ACTS, BadRoom, read_room

ASKS = ("http", "llm", "function", "chat", "codehost")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REPLIES: Mapping[str, frozenset[str]] = {
    "http": frozenset({"status", "json", "text", "headers", "error"}),
    "llm": frozenset({"text", "error"}),
    "function": frozenset({"value", "error"}),
    "chat": frozenset({"done", "error"}),
    "chat call": frozenset({"url", "error"}),
    "codehost": frozenset({"value", "error"}),
}
"""What a reply to each kind of ask may hold."""


class Exchange(BaseModel):
    """One ask and its reply: `{"ask": {"http": "GET https://api.example.org/v1?city=Oslo"}, "reply": {"json": {}}}`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ask: Mapping[str, Any]
    """One of `http` (method and URL), `llm` (part of the prompt), `function` (its name, perhaps with `arguments`),
    `chat` (act and room, perhaps with part of the message, the title or the file's name, or a new room's kind),
    `codehost` (the host's name, the act, the project, of a commit the branch, perhaps with part of what is written)."""
    reply: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the sandbox takes it (`sandbox.Script`)."""
        return {"ask": dict(self.ask), "reply": dict(self.reply)}


def fault_of(exchange: Exchange) -> str:
    """Why nothing can be asked so, or answered so, in words for its author; empty where it can."""
    kinds = [kind for kind in ASKS if kind in exchange.ask]
    shown = json.dumps(exchange.ask, ensure_ascii=False)[:120]
    if len(kinds) != 1 or not isinstance(exchange.ask[kinds[0]], str):
        return f"the ask {shown} names not exactly one of {', '.join(ASKS)}"
    kind = kinds[0]
    if kind in FAULTS and (fault := FAULTS[kind](exchange.ask[kind])):
        return f"the ask {shown}: {fault}"
    known = REPLIES["chat call" if exchange.ask[kind].startswith("call ") and kind == "chat" else kind]
    if exchange.reply.keys() - known or not exchange.reply:
        return f"the reply to {shown} may hold {', '.join(sorted(known))} and nothing else"
    return ""


def act_fault(text: str) -> str:
    """Why the text is no act and room of a chat; empty where it is."""
    act, room = [*text.split(maxsplit=2), "", ""][:2]
    if act not in ACTS:
        return f"it begins with one of {', '.join(ACTS)}"
    try:
        read_room(room)
    except BadRoom as error:
        return str(error)
    return ""


def host_act_fault(text: str) -> str:
    """Why the text is no act at a code host; empty where it is."""
    host, act, project, branch = [*text.split(maxsplit=4), "", "", "", ""][:4]
    try:
        act_in({"host": host, "act": act, "project": project, "branch": branch})
    except BadName as error:
        return str(error)
    return ""


def request_fault(text: str) -> str:
    """Why the text is no method and URL; empty where it is."""
    method, _, url = text.partition(" ")
    if method not in METHODS:
        return f"it begins with a method: {', '.join(METHODS)}"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        return f"the URL cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port == 0:
        return "the URL is http or https, with a host and without a user"
    return ""


FAULTS: Mapping[str, Callable[[str], str]] = {"http": request_fault, "chat": act_fault, "codehost": host_act_fault}
