"""What a request may cost, before it is made; what a price comes to."""

from agent.ports import FREE, ModelCard, Price, Server

CHARS_A_TOKEN = 3
"""Of prompts with code in them, about; of other texts it is four and more, so that estimates are too high."""
LONGEST_REPLY = 8192
"""Tokens that a reply is taken to have where it must be known before what it costs."""
UNMEASURED_S = 60.0
"""What a reply is taken to last of a model that was never asked."""
HOUR_S = 3600.0


def estimate_eur(chars: int, card: ModelCard, server: Server, latency_ms: float | None) -> float | None:
    """What a request of so many characters may cost at most, about, with the longest reply; None: nobody knows."""
    price = price_of(card, server)
    if price is None:
        return None
    return price_in(price, chars / CHARS_A_TOKEN, LONGEST_REPLY) + expected_eur(server, latency_ms)


def price_of(card: ModelCard, server: Server) -> Price | None:
    """What tokens cost there; None where nobody knows.

    What is paid by the hour, or is one's own, asks nothing for tokens unless it has a price.
    """
    return card.price or (FREE if server.is_local or server.eur_per_hour else None)


def price_in(price: Price, tokens_in: float, tokens_out: float) -> float:
    """What so many tokens cost, in euros."""
    return (price.input_eur * tokens_in + price.output_eur * tokens_out) / 1e6


def expected_eur(server: Server, latency_ms: float | None) -> float:
    """What the time of a request will cost on a server that is paid by the hour, if it lasts as they do there."""
    return hourly_eur(server, UNMEASURED_S if latency_ms is None else latency_ms / 1000)


def hourly_eur(server: Server, seconds: float) -> float:
    """What so much time of a server costs, in euros."""
    return server.eur_per_hour * seconds / HOUR_S
