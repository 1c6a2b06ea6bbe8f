"""What the fake OpenAI server says: a reply for each route, as OpenAI's API has them."""

import base64
import hashlib
import json
import struct
import time
from typing import Any

from integrations.llm._fake_http import Route
from integrations.llm._fake_script import Answer, Book, Model, Refused, checked_texts, last_prompt, pieces_of, vector

CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
KINDS = {429: "requests", 500: "server_error", 503: "server_error"}


def error(status: int, said: str) -> dict[str, Any]:
    """The body of an error."""
    code = "context_length_exceeded" if "maximum context length" in said else CODES.get(status)
    about = {"message": said, "type": KINDS.get(status, "invalid_request_error"), "param": None, "code": code}
    return {"error": about}


def part(value: dict[str, Any]) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def whole(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of a stream as one reply."""
    if parts[0].get("object") != "chat.completion.chunk":
        return parts[0]
    said = [choice for each in parts for choice in each["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in said)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": said[-1]["finish_reason"],
    }
    return parts[-1] | {"object": "chat.completion", "choices": [choice]}


def _model(book: Book, body: dict[str, Any]) -> Model:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise Refused(400, "you must provide a model parameter")
    try:
        return book.model(name)
    except Refused:
        raise Refused(404, f"The model `{name}` does not exist or you do not have access to it.") from None


def _models(book: Book, _: dict[str, Any]) -> Answer:
    cards = [
        {"id": each.name, "object": "model", "created": 1767225600, "owned_by": "fake"} for each in book.script.models
    ]
    return Answer(parts=[{"object": "list", "data": cards}])


def _chat(book: Book, body: dict[str, Any]) -> Answer:
    """The scripted text, piece by piece; the counts in a part of their own where they are asked for."""
    model = _model(book, body)
    _check(body, model)
    rule = book.rule_for(body)
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    pieces, cut = pieces_of(rule, limit)
    head = {
        "id": f"chatcmpl-{hashlib.sha256(last_prompt(body).encode()).hexdigest()[:24]}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body["model"],
        "system_fingerprint": "fp_fake",
    }

    def said(delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        return head | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    read = sum(len(str(message.get("content", "")).split()) for message in body["messages"])
    usage = {"prompt_tokens": read, "completion_tokens": len(pieces), "total_tokens": read + len(pieces)}
    parts = [said({"role": "assistant", "content": ""}), *(said({"content": piece}) for piece in pieces)]
    parts.append(said({}, "length" if cut else rule.done_reason))
    if not body.get("stream") or (body.get("stream_options") or {}).get("include_usage"):
        parts.append(head | {"choices": [], "usage": usage})
    return Answer(parts=parts, rule=rule, can_stream=True)


def _check(body: dict[str, Any], model: Model) -> None:
    """Raises `Refused` for what OpenAI refuses."""
    messages, form = body.get("messages"), body.get("response_format") or {"type": "text"}
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise Refused(400, "Invalid type for 'messages': expected an array of objects")
    if not all(isinstance(each.get("role"), str) for each in messages):
        raise Refused(400, "Missing required parameter: 'messages[0].role'.")
    if not isinstance(form, dict) or form.get("type") not in ("text", "json_object", "json_schema"):
        raise Refused(400, "Invalid value for 'response_format.type'")
    if form["type"] == "json_schema" and not isinstance((form.get("json_schema") or {}).get("schema"), dict):
        raise Refused(400, "Missing required parameter: 'response_format.json_schema'.")
    if "completion" not in model.capabilities:
        raise Refused(400, f"{model.name} is not a chat model")


def _embeddings(book: Book, body: dict[str, Any]) -> Answer:
    model = _model(book, body)
    texts = checked_texts(body)
    if "embedding" not in model.capabilities:
        raise Refused(400, f"{model.name} makes no embeddings")
    found = [vector(text, body.get("dimensions"), book.script.alike) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": number, "embedding": _packed(each) if packed else each}
        for number, each in enumerate(found)
    ]
    read = len(" ".join(texts).split())
    usage = {"prompt_tokens": read, "total_tokens": read}
    return Answer(parts=[{"object": "list", "data": data, "model": body["model"], "usage": usage}])


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v1/models"): _models,
    ("POST", "/v1/chat/completions"): _chat,
    ("POST", "/v1/embeddings"): _embeddings,
}
