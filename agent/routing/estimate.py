"""What a request may cost, before it is made."""

from agent.ports import FREE, ModelCard, Server

CHARS_A_TOKEN = 3
"""Of prompts with code in them, about."""
LONGEST_REPLY = 4096
"""Tokens that a reply is taken to have where it must be known before what it costs."""
UNMEASURED_S = 60.0
"""What a reply is taken to last of a model that was never asked."""


def estimate_eur(chars: int, card: ModelCard, server: Server, latency_ms: float | None) -> float | None:
    """What a request of so many characters may cost at most, about, with the longest reply; None: nobody knows.

    What is paid by the hour, or is one's own, asks nothing for tokens unless it has a price.
    """
    price = card.price or (FREE if server.is_local or server.eur_per_hour else None)
    if price is None:
        return None
    tokens = chars / CHARS_A_TOKEN * price.input_eur + LONGEST_REPLY * price.output_eur
    seconds = latency_ms / 1e3 if latency_ms is not None else UNMEASURED_S
    return tokens / 1e6 + server.eur_per_hour * seconds / 3600
