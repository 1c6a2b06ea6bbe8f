"""What a fake server is told to say: its models, its rules, and what is left of them."""

import hashlib
import math
import re
import threading
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

DIMENSIONS = 64
Fault = Literal["", "cut", "unfinished", "garbage", "error-line", "stall", "endless", "endless-line"]


class Rule(BaseModel):
    """What to answer, and how badly, when a request fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = ""
    """Fits when the last user message (or the prompt) contains it, whatever the case."""
    regex: str = ""
    """Fits when this is found in the last user message."""
    model: str = ""
    """Fits requests to this model only."""
    times: int | None = None
    """After so many replies the rule is used up; None never is."""
    reply: str = ""
    thinking: str = ""
    status: int = 200
    """Another HTTP status answers with `error` and no reply."""
    error: str = "fake: scripted error"
    headers: dict[str, str] = {}
    delay_s: float = 0.0
    """Before the first byte."""
    piece_delay_s: float = 0.0
    """Before each piece of a streamed reply."""
    done_reason: str = "stop"
    fault: Fault = ""
    """What happens to the stream, after half of the reply."""


class Model(BaseModel):
    """A model the fake claims to have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    capabilities: tuple[str, ...] = ("completion", "tools")
    parameter_size: str = "7B"
    size: int = 488064
    """Of its file, in bytes."""
    context_length: int = 32768
    remote_host: str = ""
    """Where it really runs, for a model that the server has elsewhere."""


class Script(BaseModel):
    """The models and the replies, the first rule that fits is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[Model, ...] = (Model(name="fake-coder:latest"),)
    rules: tuple[Rule, ...] = ()
    alike: dict[str, str] = {}
    """Words that mean another one: their vectors are its own."""


class Refused(Exception):
    """The request gets an error reply."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


NO_RULE = Rule()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a route says: the parts of a stream, and the rule that may spoil it."""

    parts: list[dict[str, Any]]
    rule: Rule = NO_RULE
    can_stream: bool = False


class Book:
    """The script and what is left of it. Safe to use from several threads."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._used: dict[int, int] = {}
        self._loaded: dict[str, int] = {}
        self._lock = threading.Lock()

    def rule_for(self, body: dict[str, Any]) -> Rule:
        """The first rule that fits and is not used up. Raises `Refused` where the script has none."""
        prompt = last_prompt(body)
        with self._lock:
            for number, rule in enumerate(self.script.rules):
                used = self._used.get(number, 0)
                if _fits(rule, prompt, body["model"]) and (rule.times is None or used < rule.times):
                    self._used[number] = used + 1
                    return rule
        raise Refused(500, f"fake: no scripted reply for {prompt[:200]!r}")

    def model(self, name: str) -> Model:
        """The model of that name; a bare name means `latest`. Raises `Refused` as Ollama does."""
        for model in self.script.models:
            if name in (model.name, model.name.removesuffix(":latest")):
                return model
        raise Refused(404, f"model '{name}' not found")

    def load(self, name: str, context_length: int) -> None:
        """Let `/api/ps` list the model; a context length of 0 unloads it."""
        with self._lock:
            self._loaded.pop(name, None)
            if context_length:
                self._loaded[name] = context_length

    def loaded(self) -> dict[str, int]:
        """The loaded models and their context lengths."""
        with self._lock:
            return dict(self._loaded)


def last_prompt(body: dict[str, Any]) -> str:
    """What the user said last."""
    messages = [message for message in body.get("messages", []) if message.get("role") == "user"]
    return str(messages[-1].get("content", "") if messages else body.get("prompt", ""))


def _fits(rule: Rule, prompt: str, model: str) -> bool:
    return (
        rule.match.lower() in prompt.lower() and re.search(rule.regex, prompt) is not None and rule.model in ("", model)
    )


def vector(text: str, dimensions: int | None, alike: dict[str, str]) -> list[float]:
    """A unit vector that depends on the words alone: texts that share words are near each other."""
    found = [0.0] * (dimensions or DIMENSIONS)
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = int.from_bytes(hashlib.sha256(alike.get(word, word).encode()).digest()[:8])
        found[digest % len(found)] += 1.0 if digest >> 63 else -1.0
    length = math.hypot(*found) or 1.0
    return [number / length for number in found]


def checked_texts(body: dict[str, Any]) -> list[str]:
    """The texts of a request for vectors. Raises `Refused` for what is none."""
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "invalid input type")
    return texts


def pieces_of(rule: Rule, limit: int | None) -> tuple[list[str], bool]:
    """The rule's reply as pieces, and whether the limit cuts it."""
    pieces = re.findall(r"\s*\S+|\s+", rule.reply)
    cut = limit is not None and limit < len(pieces)
    return (pieces[:limit] if cut else pieces), cut
