"""What the router asks of its neighbours: what is spent, kept, measured, learnt, and what no cloud may hear."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from agent.ports import LLMProvider, ModelCard, ModelReply, ModelRequest, Purpose
from agent.routing.asking import Asking


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A server with one of its models."""

    provider: LLMProvider
    card: ModelCard
    why: str = ""
    """In words, for `kowal models explain` and the log."""

    @property
    def server(self) -> str:
        """The server's name."""
        return self.provider.server.name


class Entry(Protocol):
    """One request in the ledger."""

    def replied(self, reply: ModelReply) -> ModelReply:
        """The reply, with what it cost."""
        ...


class Ledger(Protocol):
    """What requests cost, before and after."""

    def entered(self, request: ModelRequest, choice: Choice, whose: Asking) -> AbstractContextManager[Entry]:
        """An entry for the length of a request: what it may cost is set aside, then what it did cost is written down.

        A block that raises is a request that failed. Raises `BudgetExceeded` where too little is left.
        """
        ...


class Cache(Protocol):
    """Replies to requests that want no independent sample."""

    def reply(self, request: ModelRequest, choice: Choice) -> ModelReply | None:
        """What was replied to the same request by the same model; None where nothing is kept, or for too long."""
        ...

    def keep(self, request: ModelRequest, choice: Choice, reply: ModelReply) -> None:
        """Keep it. Never raises: a cache that cannot be written is no cache."""
        ...

    def close(self) -> None:
        """Release files. Idempotent."""
        ...


class Speeds(Protocol):
    """How fast models are, as requests to them were."""

    def tokens_per_s(self, server: str, model: str) -> float | None:
        """Of its replies, the newest counting most; None where it was never asked."""
        ...

    def latency_ms(self, server: str, model: str) -> float | None:
        """The median time of its whole replies, in ms; None where it was never asked."""
        ...


class Veil(Protocol):
    """What is told to a service in the cloud."""

    def drawn(self, request: ModelRequest) -> tuple[ModelRequest, Callable[[ModelReply], ModelReply]]:
        """The request without secrets and personal data, and what puts them back into its reply."""
        ...


Order = Callable[[Purpose, Sequence[Choice]], Sequence[Choice]]
"""The choices for a purpose, those to be tried first in front."""


class NoLedger:
    """Writes nothing down."""

    @contextmanager
    def entered(self, request: ModelRequest, choice: Choice, whose: Asking) -> Iterator["NoLedger"]:
        """See `Ledger.entered`."""
        del request, choice, whose
        yield self

    def replied(self, reply: ModelReply) -> ModelReply:
        """See `Entry.replied`."""
        return reply


class NoCache:
    """Keeps nothing."""

    def reply(self, request: ModelRequest, choice: Choice) -> ModelReply | None:
        """See `Cache.reply`."""
        del request, choice
        return None

    def keep(self, request: ModelRequest, choice: Choice, reply: ModelReply) -> None:
        """See `Cache.keep`."""
        del request, choice, reply

    def close(self) -> None:
        """See `Cache.close`."""


class Unmeasured:
    """Knows no speeds."""

    def tokens_per_s(self, server: str, model: str) -> float | None:
        """See `Speeds.tokens_per_s`."""
        del server, model
        return None

    def latency_ms(self, server: str, model: str) -> float | None:
        """See `Speeds.latency_ms`."""
        del server, model
        return None


class NoVeil:
    """Tells all."""

    def drawn(self, request: ModelRequest) -> tuple[ModelRequest, Callable[[ModelReply], ModelReply]]:
        """See `Veil.drawn`."""
        return request, lambda reply: reply


def as_they_are(purpose: Purpose, choices: Sequence[Choice]) -> Sequence[Choice]:
    """No order of one's own."""
    del purpose
    return choices


@dataclass(frozen=True, kw_only=True)
class Aids:
    """All of them; none does anything unless it is given."""

    ledger: Ledger = field(default_factory=NoLedger)
    cache: Cache = field(default_factory=NoCache)
    speeds: Speeds = field(default_factory=Unmeasured)
    veil: Veil = field(default_factory=NoVeil)
    order: Order = as_they_are
