"""What servers have: their models as they were looked up, which of them may be used, and why the others may not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from agent.errors import ModelError
from agent.ports import LLMProvider, ModelCard, Server, ServerLimits


@dataclass(frozen=True, kw_only=True, eq=False)
class Stock:
    """One server's models, at one look."""

    provider: LLMProvider
    cards: tuple[ModelCard, ...]
    """Those to be preferred first."""
    _fastest: list[tuple[ModelCard, ...]] = field(default_factory=list)

    @cached_property
    def server(self) -> Server:
        """Which server it is."""
        return self.provider.server

    @cached_property
    def offered(self) -> tuple[ModelCard, ...]:
        """Those that write and that the server's limits let through, in its order of preference."""
        return tuple(card for card in self.cards if card.name not in self.refused)

    @cached_property
    def by_size(self) -> tuple[ModelCard, ...]:
        """The offered ones, largest first; those of unknown size last."""
        return tuple(sorted(self.offered, key=lambda card: -(card.params_b or 0.0)))

    def by_speed(self, tokens_per_s: Callable[[str, str], float | None]) -> tuple[ModelCard, ...]:
        """The offered ones, fastest first; those that were never measured last, the smallest of them first.

        As it was when it was first asked for: speeds change slowly, and a stock lasts until the next look.
        """
        if not self._fastest:
            speeds = {card.name: tokens_per_s(self.server.name, card.name) or 0.0 for card in self.offered}
            ordered = sorted(self.offered, key=lambda card: (-speeds[card.name], card.params_b or 1e9))
            self._fastest.append(tuple(ordered))
        return self._fastest[0]

    @cached_property
    def roomiest(self) -> ModelCard | None:
        """The offered one with the longest context that is known."""
        known = [card for card in self.offered if self.context(card) is not None]
        return max(known, key=lambda card: self.context(card) or 0, default=None)

    @cached_property
    def refused(self) -> Mapping[str, str]:
        """The others by name, each with the reason in words."""
        return {card.name: why for card in self.cards if (why := refusal(card, self.server.limits))}

    @cached_property
    def _named(self) -> Mapping[str, ModelCard]:
        return {full(card.name): card for card in self.cards}

    def card(self, model: str) -> ModelCard | None:
        """The model of that name, offered or not; a bare name means `latest`."""
        return self._named.get(full(model))

    def context(self, card: ModelCard) -> int | None:
        """The longest context that it may be asked with, in tokens; None where that is not known."""
        return longest_context(card, self.server.limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A server at one moment."""

    stock: Stock
    away: ModelError | None = None
    """Why it cannot be asked: it was never reached, or not since long."""
    is_up: bool = True
    """False while it is left alone after a failure."""
    busy: int = 0
    """Requests that it is at."""

    @property
    def is_full(self) -> bool:
        """True where it is at as many requests as it takes."""
        most = self.stock.server.limits.concurrency
        return most is not None and self.busy >= most


Snapshot = Sequence[Standing]
"""All servers at one moment, in the order of the settings."""


def longest_context(card: ModelCard, limits: ServerLimits) -> int | None:
    """The longest context that the model may be asked with, in tokens; None where that is not known."""
    if card.context is None or limits.max_context is None:
        return limits.max_context if card.context is None else card.context
    return min(card.context, limits.max_context)


def full(model: str) -> str:
    """The name with its tag; a bare name means `latest`."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def refusal(card: ModelCard, limits: ServerLimits) -> str:
    """Why a model of a server is not used for replies; empty where it is."""
    return next(refusals(card, limits), "")


def refusals(card: ModelCard, limits: ServerLimits) -> Iterator[str]:
    """All reasons against a model."""
    if not card.writes:
        yield "it does not write text"
    if limits.allow and not any(matches(card.name, pattern) for pattern in limits.allow):
        yield f"it is not among those allowed ({', '.join(limits.allow)})"
    if denying := next((pattern for pattern in limits.deny if matches(card.name, pattern)), ""):
        yield f"it is denied ({denying})"
    for unit, size, most in (
        ("billion parameters", card.params_b, limits.max_params_b),
        ("GB", card.size_gb, limits.max_size_gb),
    ):
        if most is None:
            continue
        if size is None and limits.strict:
            yield f"nobody knows how many {unit} it has, and the server is strict"
        if size is not None and size > most:
            yield f"it has {size:g} {unit}, more than the server takes ({most:g})"


def matches(model: str, pattern: str) -> bool:
    """Whether the name is one of those that the pattern names."""
    return fnmatchcase(model, pattern) or fnmatchcase(full(model), full(pattern) if "*" not in pattern else pattern)
