"""Vectors from an Ollama server, in a reply that is checked."""

from collections.abc import Sequence

from agent.errors import ModelMissing
from agent.ports import ModelCard
from integrations.llm._line import Line
from integrations.llm._ollama_http import connected
from integrations.llm._servers import full
from integrations.llm._vectors import checked

DEFAULT_MODEL = "all-minilm"


def choose(cards: Sequence[ModelCard], line: Line, wanted: str, before: str) -> ModelCard:
    """The model for vectors: `wanted`, else the one of `before`, else the first that is made for them.

    Raises `ModelMissing` where the server has none.
    """
    named = full(wanted or before)
    model = next((each for each in cards if full(each.name) == named), None)
    if model is None and not wanted:
        model = next((each for each in cards if each.embeds), None)
    if model is None:
        message = f"{line.host} has no model {wanted or 'for vectors'}."
        advice = f"Fetch one with `ollama pull {wanted or DEFAULT_MODEL}`."
        raise ModelMissing(message, advice=advice, model=wanted, present=[each.name for each in cards])
    return model


def vectors(line: Line, model: str, texts: Sequence[str], *, keep_alive: str | float) -> tuple[tuple[float, ...], ...]:
    """One vector a text. Raises `MalformedReply` for a reply that is not that, or another `ModelError`."""
    with connected(line, model) as client:
        return checked(client.embed(model, list(texts), keep_alive=keep_alive).embeddings, texts, line)
