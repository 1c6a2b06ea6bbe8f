"""Vectors from an Ollama server: the model that makes them, and a reply that is checked."""

import math
from collections.abc import Sequence

from agent.errors import MalformedReply, ModelMissing
from integrations.llm._ollama_http import NOT_OLLAMA, Line, connected

DEFAULT_MODEL = "all-minilm"
FAMILIES = ("bert", "nomic-bert")
"""Of models that only make vectors, for a server that does not say what its models can do."""


def choose(line: Line, wanted: str, before: str) -> tuple[str, str]:
    """Name and digest of the model for vectors: `wanted`, else the one of `before`, else the first made for them.

    Raises `ModelMissing` where the server has none, or another `ModelError`.
    """
    with connected(line) as client:
        there = [card for card in client.list().models if card.model]
    present = {str(card.model): card for card in there}
    named = wanted or before
    model = next((each for each in (named, f"{named}:latest") if each in present), "")
    if not model and not wanted:
        model = next((each for each, card in present.items() if made_for_them(line, each, _family(card))), "")
    if not model:
        message = f"{line.host} has no model {wanted or 'for vectors'}."
        advice = f"Fetch one with `ollama pull {wanted or DEFAULT_MODEL}`."
        raise ModelMissing(message, advice=advice, model=wanted, present=list(present))
    return model, present[model].digest or model


def made_for_them(line: Line, model: str, family: str) -> bool:
    """Whether the model makes vectors; an older server does not say, and then its family can tell."""
    try:
        with connected(line, model) as client:
            capabilities = client.show(model).capabilities
    except ModelMissing:
        return False
    return family in FAMILIES if capabilities is None else "embedding" in capabilities


def vectors(line: Line, model: str, texts: Sequence[str], *, keep_alive: str | float) -> tuple[tuple[float, ...], ...]:
    """One vector a text. Raises `MalformedReply` for a reply that is not that, or another `ModelError`."""
    with connected(line, model) as client:
        said = client.embed(model, list(texts), keep_alive=keep_alive).embeddings
    found = tuple(tuple(map(float, vector)) for vector in said)
    lengths = {len(vector) for vector in found}
    sound = len(found) == len(texts) and len(lengths) == 1 and 0 not in lengths
    if not sound or not all(math.isfinite(number) for vector in found for number in vector):
        about = f"{line.host} sent {len(found)} vectors for {len(texts)} texts, or some that are none."
        raise MalformedReply(about, advice=NOT_OLLAMA)
    return found


def _family(card: object) -> str:
    return getattr(getattr(card, "details", None), "family", None) or ""
