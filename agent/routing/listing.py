"""What is known of servers and their models, a row each, for programs."""

from collections.abc import Iterator
from typing import Any

from agent.ports import ModelCard
from agent.routing.aids import Speeds
from agent.routing.stock import Standing


def rows_of(standing: Standing, speeds: Speeds) -> Iterator[dict[str, Any]]:
    """One row a model, for programs; one for a server that has none."""
    stock, server = standing.stock, standing.stock.server
    state = "away" if standing.away else "resting" if not standing.is_up else "full" if standing.is_full else "up"
    about = {"server": server.name, "provider": server.provider, "local": server.is_local, "state": state}
    about |= {"why": str(standing.away) if standing.away else ""}
    if not stock.cards:
        yield about | {"model": None, "left_out": about["why"] or "it has no models"}
    for card in stock.cards:
        yield about | model_json(card, server.name, speeds) | {
            "context": stock.context(card),
            "left_out": stock.refused.get(card.name, ""),
        }  # fmt: skip


def model_json(card: ModelCard, server: str, speeds: Speeds) -> dict[str, Any]:
    """What is known of a model, for programs."""
    price = card.price
    return {
        "model": card.name,
        "digest": card.digest,
        "params_b": card.params_b,
        "size_gb": card.size_gb,
        "tokens_per_s": speeds.tokens_per_s(server, card.name),
        "latency_ms": speeds.latency_ms(server, card.name),
        "input_eur": price.input_eur if price else None,
        "output_eur": price.output_eur if price else None,
    }
