"""What a request may cost, before it is made."""

from agent.ports import ModelCard, Server

CHARS_A_TOKEN = 3
"""Of prompts with code in them, about."""
LONGEST_REPLY = 4096
"""Tokens that a reply is taken to have where it must be known before what it costs."""


def estimate_eur(chars: int, card: ModelCard, server: Server, latency_ms: float | None) -> float | None:
    """What a request of so many characters may cost at most, about, with the longest reply; None: nobody knows."""
    if card.price is None or (server.eur_per_hour and latency_ms is None):
        return None
    tokens = chars / CHARS_A_TOKEN * card.price.input_eur + LONGEST_REPLY * card.price.output_eur
    return tokens / 1e6 + server.eur_per_hour * (latency_ms or 0.0) / 3.6e6
