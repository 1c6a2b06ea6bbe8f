"""What the fake Ollama server says: the script, and a reply for each route."""

import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

VERSION = "0.33.0"
DIMENSIONS = 64
DETAILS: dict[str, Any] = {
    "parent_model": "",
    "format": "gguf",
    "family": "fake",
    "families": ["fake"],
    "parameter_size": "7B",
    "quantization_level": "Q4_0",
}

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
        prompt = _last_prompt(body)
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


def whole(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of a stream as one reply."""
    reply = dict(parts[-1])
    if "message" in reply:
        said = [part["message"] for part in parts]
        texts = {key: "".join(message.get(key, "") for message in said) for key in ("content", "thinking")}
        reply["message"] = reply["message"] | {key: text for key, text in texts.items() if text}
    if "response" in reply:
        reply["response"] = "".join(part["response"] for part in parts)
    return reply


def _last_prompt(body: dict[str, Any]) -> str:
    messages = [message for message in body.get("messages", []) if message.get("role") == "user"]
    return str(messages[-1].get("content", "") if messages else body.get("prompt", ""))


def _fits(rule: Rule, prompt: str, model: str) -> bool:
    return (
        rule.match.lower() in prompt.lower() and re.search(rule.regex, prompt) is not None and rule.model in ("", model)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _named(book: Book, body: dict[str, Any]) -> Model:
    name = body.get("model") or body.get("name")
    if not isinstance(name, str) or not name:
        raise Refused(400, "model is required")
    return book.model(name)


def _card(model: Model) -> dict[str, Any]:
    digest = hashlib.sha256(model.name.encode()).hexdigest()
    return {"name": model.name, "model": model.name, "size": 488064, "digest": digest, "details": DETAILS}


def _tags(book: Book, _: dict[str, Any]) -> Answer:
    cards = [_card(model) | {"modified_at": "2026-01-01T00:00:00Z"} for model in book.script.models]
    return Answer(parts=[{"models": cards}])


def _ps(book: Book, _: dict[str, Any]) -> Answer:
    running = [
        _card(book.model(name)) | {"expires_at": _now(), "size_vram": 0, "context_length": length}
        for name, length in book.loaded().items()
    ]
    return Answer(parts=[{"models": running}])


def _show(book: Book, body: dict[str, Any]) -> Answer:
    model = _named(book, body)
    return Answer(
        parts=[
            {
                "license": "",
                "parameters": "",
                "template": "",
                "details": DETAILS,
                "model_info": {"general.architecture": "fake", "fake.context_length": 32768},
                "capabilities": list(model.capabilities),
                "modified_at": "2026-01-01T00:00:00Z",
            }
        ]
    )


def _chat(book: Book, body: dict[str, Any]) -> Answer:
    return _written(book, body, lambda key, text: {"message": {"role": "assistant", "content": "", key: text}})


def _generate(book: Book, body: dict[str, Any]) -> Answer:
    return _written(book, body, lambda key, text: {"response": "", {"content": "response"}.get(key, key): text})


def _written(book: Book, body: dict[str, Any], shaped: Callable[[str, str], dict[str, Any]]) -> Answer:
    """The scripted text, piece by piece, with the counts at the end."""
    started, model = time.monotonic_ns(), _named(book, body)
    options = _checked(body, model)
    head = {"model": body["model"], "created_at": _now()}
    keeps = body.get("keep_alive") != 0
    book.load(model.name, options.get("num_ctx", 4096) if keeps else 0)
    if not (body.get("messages") or body.get("prompt")):
        reason = "load" if keeps else "unload"
        return Answer(parts=[head | shaped("content", "") | {"done": True, "done_reason": reason}], can_stream=True)
    rule = book.rule_for(body)
    pieces = re.findall(r"\s*\S+|\s+", rule.reply)
    limit = options.get("num_predict", -1)
    cut = 0 <= limit < len(pieces)
    prompt = " ".join(str(m.get("content", "")) for m in body.get("messages", [])) or str(body.get("prompt", ""))
    last: dict[str, Any] = {
        "done": True,
        "done_reason": "length" if cut else rule.done_reason,
        "total_duration": time.monotonic_ns() - started,
        "load_duration": 1,
        "prompt_eval_count": len(prompt.split()),
        "prompt_eval_duration": 1,
        "eval_count": limit if cut else len(pieces),
        "eval_duration": 1,
    }
    texts = [("thinking", rule.thinking)] if rule.thinking else []
    texts += [("content", piece) for piece in (pieces[:limit] if cut else pieces)]
    parts = [head | shaped(key, text) | {"done": False} for key, text in texts]
    return Answer(parts=[*parts, head | shaped("content", "") | last], rule=rule, can_stream=True)


def _checked(body: dict[str, Any], model: Model) -> dict[str, Any]:
    """The request's options. Raises `Refused` for what Ollama refuses."""
    options, messages, form = body.get("options") or {}, body.get("messages") or [], body.get("format")
    if not isinstance(options, dict) or not isinstance(messages, list):
        raise Refused(400, "json: cannot unmarshal into the request")
    if not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in messages):
        raise Refused(400, "json: cannot unmarshal messages")
    if form not in (None, "", "json") and not isinstance(form, dict):
        raise Refused(400, f'invalid format: {json.dumps(form)}; expected "json" or a valid JSON Schema object')
    if "completion" not in model.capabilities:
        raise Refused(400, f'"{model.name}" does not support chat')
    if body.get("think") and "thinking" not in model.capabilities:
        raise Refused(400, f'"{model.name}" does not support thinking')
    return options


def _embed(book: Book, body: dict[str, Any]) -> Answer:
    _named(book, body)
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "invalid input type")
    vectors = [_vector(text, body.get("dimensions") or DIMENSIONS, book.script.alike) for text in texts]
    counts = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": len(" ".join(texts).split())}
    return Answer(parts=[{"model": body["model"], "embeddings": vectors} | counts])


def _vector(text: str, dimensions: int, alike: dict[str, str]) -> list[float]:
    """A unit vector that depends on the words alone: texts that share words are near each other."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = int.from_bytes(hashlib.sha256(alike.get(word, word).encode()).digest()[:8])
        vector[digest % dimensions] += 1.0 if digest >> 63 else -1.0
    length = math.hypot(*vector) or 1.0
    return [number / length for number in vector]


def _pull(book: Book, body: dict[str, Any]) -> Answer:
    steps: list[dict[str, Any]] = [{"status": "pulling manifest"}]
    try:
        digest = _card(_named(book, body))["digest"]
    except Refused as refused:
        if refused.status != 404:
            raise
        return Answer(parts=[*steps, {"error": "pull model manifest: file does not exist"}], can_stream=True)
    layer = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": 488064}
    steps += [layer | {"completed": 244032}, layer | {"completed": 488064}, {"status": "success"}]
    return Answer(parts=steps, can_stream=True)


ROUTES: dict[tuple[str, str], bytes | Callable[[Book, dict[str, Any]], Answer]] = {
    ("GET", "/"): b"Ollama is running",
    ("GET", "/api/version"): lambda *_: Answer(parts=[{"version": VERSION}]),
    ("GET", "/api/tags"): _tags,
    ("GET", "/api/ps"): _ps,
    ("POST", "/api/show"): _show,
    ("POST", "/api/chat"): _chat,
    ("POST", "/api/generate"): _generate,
    ("POST", "/api/embed"): _embed,
    ("POST", "/api/pull"): _pull,
}
