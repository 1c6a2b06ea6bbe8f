"""What the fake Ollama server says: the script, and a reply for each route."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from integrations.llm._fake_http import Route
from integrations.llm._fake_script import Answer, Book, Model, Refused, checked_texts, pieces_of, vector

VERSION = "0.33.0"


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


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _named(book: Book, body: dict[str, Any]) -> Model:
    name = body.get("model") or body.get("name")
    if not isinstance(name, str) or not name:
        raise Refused(400, "model is required")
    return book.model(name)


def _card(model: Model) -> dict[str, Any]:
    digest = hashlib.sha256(model.name.encode()).hexdigest()
    card = {"name": model.name, "model": model.name, "size": model.size, "digest": digest, "details": _details(model)}
    return card | ({"remote_host": model.remote_host} if model.remote_host else {})


def _details(model: Model) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "fake",
        "families": ["fake"],
        "parameter_size": model.parameter_size,
        "quantization_level": "Q4_0",
    }


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
                "details": _details(model),
                "model_info": {"general.architecture": "fake", "fake.context_length": model.context_length},
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
    limit = options.get("num_predict", -1)
    pieces, cut = pieces_of(rule, limit if limit >= 0 else None)
    prompt = " ".join(str(m.get("content", "")) for m in body.get("messages", [])) or str(body.get("prompt", ""))
    last: dict[str, Any] = {
        "done": True,
        "done_reason": "length" if cut else rule.done_reason,
        "total_duration": time.monotonic_ns() - started,
        "load_duration": 1,
        "prompt_eval_count": len(prompt.split()),
        "prompt_eval_duration": 1,
        "eval_count": len(pieces),
        "eval_duration": 1,
    }
    texts = [("thinking", rule.thinking)] if rule.thinking else []
    texts += [("content", piece) for piece in pieces]
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
    texts = checked_texts(body)
    vectors = [vector(text, body.get("dimensions"), book.script.alike) for text in texts]
    counts = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": len(" ".join(texts).split())}
    return Answer(parts=[{"model": body["model"], "embeddings": vectors} | counts])


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


ROUTES: dict[tuple[str, str], Route] = {
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
