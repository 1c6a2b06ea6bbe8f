"""Every request to a model goes through here: from the choice of a server to the reply, or an error that says all."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent.errors import (
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from agent.ports import (
    NO_CONSTRAINTS,
    Constraints,
    Discovery,
    Embedder,
    Embedding,
    LLMProvider,
    ModelReply,
    ModelRequest,
)
from agent.routing.aids import Aids, Choice
from agent.routing.asking import Asking, current
from agent.routing.choice import Chooser
from agent.routing.decision import Decision, of_all
from agent.routing.fleet import Fleet
from agent.routing.stock import longest_context
from sandbox import stopping

Memory = Callable[[ModelRequest, Callable[[], ModelReply]], ModelReply]
"""Gives what was replied to the request before, or else asks and keeps the reply."""

ASKED_AGAIN = (ProviderUnavailable, RateLimited, MalformedReply)
"""Faults that may pass: the same server may be asked once more."""
ASKED_ELSEWHERE = (*ASKED_AGAIN, ModelMissing, ModelTimedOut)
"""Faults of a server, not of the request: another one is asked. A cut reply is one; no half of it is ever used."""
FIRST_WAIT_S = 0.25
SHORT_WAIT_S = 2.0
"""No longer is waited for a server to be itself again while others stand by."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the router tries."""

    retries: int = 2
    """How often those that may still answer are asked again, after all of a tier have failed."""
    longest_wait_s: float = 30.0
    """A server that asks for a longer pause is not waited for."""
    total_s: float = 900.0
    """After so long no further attempt is begun."""


PATIENCE = Patience()


def asked_anew(request: ModelRequest, ask: Callable[[], ModelReply]) -> ModelReply:
    """For tasks of which nothing is kept on the way."""
    del request
    return ask()


class Router:
    """The servers, and what decides among them. Safe to use from several threads. Asks nobody before it is used."""

    def __init__(
        self,
        providers: Sequence[LLMProvider],
        memory: Memory = asked_anew,
        aids: Aids | None = None,
        *,
        discoveries: Sequence[Discovery] = (),
        patience: Patience = PATIENCE,
        prefer_local: bool = True,
        refresh_s: float = 30.0,
    ) -> None:
        self.fleet = Fleet(providers, discoveries, refresh_s)
        self.aids = aids or Aids()
        self._memory, self._patience = memory, patience
        self._chooser = Chooser(speeds=self.aids.speeds, order=self.aids.order, prefer_local=prefer_local)

    def complete(self, request: ModelRequest) -> ModelReply:
        """The reply of the best server that may be asked and gives one, within what request and task demand.

        A server's fault has another one asked, or the same again after a pause; a fault of the request is the answer.
        Raises `NoRoute` where the demands leave nobody, `BudgetExceeded`, the one server's own error, or one that
        names all that were tried. Raises `Stopped` where the thread is stopped.
        """
        return self._memory(request, lambda: self._completed(request))

    def decide(self, request: ModelRequest, task: Constraints = NO_CONSTRAINTS, *, thorough: bool = False) -> Decision:
        """Who would be asked, and why nobody else. No model is asked, but servers are, for what they have."""
        return self._chooser.decide(request, task, self.fleet.snapshot(), thorough=thorough)

    def embed(self, texts: Sequence[str]) -> Embedding:
        """The texts as vectors, by the first of the operator's own servers that can: they never leave for the cloud.

        Whoever is away, or has no model for it, is passed over. Raises a `ModelError`.
        """
        refused: list[ModelError] = []
        for provider in self.fleet.providers:
            if not (isinstance(provider, Embedder) and provider.server.is_local):
                continue
            if resting := self.fleet.resting(provider.server.name):
                refused.append(resting)
                continue
            try:
                return provider.embed(texts)
            except ASKED_ELSEWHERE as error:
                self.fleet.failed(provider.server.name, error)
                refused.append(error)
        raise of_all(refused)

    def close(self) -> None:
        """End what goes on in the background, and release files. Idempotent."""
        self.fleet.close()
        self.aids.cache.close()

    def _completed(self, request: ModelRequest) -> ModelReply:
        whose = current()
        decision = self.decide(request, whose.constraints)
        if not decision.choices:
            raise decision.refusal
        attempt = _Attempt(router=self, request=request, whose=whose, patience=self._patience)
        for place, tier in enumerate(decision.tiers, 1):
            reply = attempt.reply_of(tier, is_last=place == len(decision.tiers))
            if reply is not None:
                return reply
        raise of_all(list(attempt.refused.values()))


@dataclass(kw_only=True)
class _Attempt:
    """One request, until it is answered."""

    router: Router
    request: ModelRequest
    whose: Asking
    patience: Patience
    refused: dict[str, ModelError] = field(default_factory=dict)
    """The last error of each server that was asked."""
    too_long: ContextTooLong | None = None
    too_short: int = 0
    """The longest context that the request did not fit."""

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.patience.total_s

    def reply_of(self, tier: Sequence[Choice], *, is_last: bool) -> ModelReply | None:
        """The reply of one of them; None where none gives one. Raises an error that is the request's own fault."""
        if (kept := self._kept(tier[0])) is not None:
            return kept
        left = list(tier)
        for number in range(1 + self.patience.retries):
            left = [choice for choice in left if self._has_room(choice)]
            if not left or (number and not self._waited(left, number, is_last=is_last)):
                break
            reply, left = self._round(left, is_cached=tier[0])
            if reply is not None:
                return reply
        for choice in left:
            self.refused.setdefault(choice.server, self.router.fleet.error(choice.server))
        if is_last and self.too_long is not None:
            raise self.too_long
        return None

    def _round(self, choices: Sequence[Choice], *, is_cached: Choice) -> tuple[ModelReply | None, list[Choice]]:
        """The reply of the first that gives one, each asked once; or None and those that may be asked again."""
        waiting, again = list(choices), list[Choice]()
        while waiting and time.monotonic() < self.deadline:
            with self.router.fleet.taken(waiting, self.deadline) as choice:
                if choice is None:
                    break
                waiting.remove(choice)
                if not self._has_room(choice):
                    continue
                if choice.card.name != is_cached.card.name and (kept := self._kept(choice)) is not None:
                    return kept, []
                try:
                    return self._asked(choice), []
                except ContextTooLong as error:
                    self._note_too_long(choice, error)
                except ASKED_ELSEWHERE as error:
                    self.refused[choice.server] = error
                    self.router.fleet.failed(choice.server, error)
                    if isinstance(error, ASKED_AGAIN):
                        again.append(choice)
        return None, again + waiting

    def _asked(self, choice: Choice) -> ModelReply:
        """The reply of that choice, paid for and kept. Raises what the server, or the ledger, raises."""
        aids, provider = self.router.aids, choice.provider
        request = replace(self.request, model=choice.card.name or None)
        with aids.ledger.entered(request, choice, self.whose) as entry:
            if provider.server.is_local:
                reply = provider.complete(request)
            else:
                veiled, unveiled = aids.veil.drawn(request)
                reply = unveiled(provider.complete(veiled))
            reply = entry.replied(replace(reply, server=choice.server))
        self.router.fleet.worked(choice.server)
        if request.reusable:
            aids.cache.keep(request, choice, reply)
        return reply

    def _kept(self, choice: Choice) -> ModelReply | None:
        """What the same model replied to the same request before."""
        if not self.request.reusable:
            return None
        return self.router.aids.cache.reply(replace(self.request, model=choice.card.name or None), choice)

    def _note_too_long(self, choice: Choice, error: ContextTooLong) -> None:
        """The request is too long for that model: only those with a longer context are asked from here on."""
        room = context_of(choice)
        self.too_long = error
        self.too_short = max(self.too_short, room) if room is not None else UNKNOWN

    def _has_room(self, choice: Choice) -> bool:
        return self.too_long is None or (context_of(choice) or 0) > self.too_short

    def _waited(self, choices: Sequence[Choice], number: int, *, is_last: bool) -> bool:
        """Wait until one of them may be asked again, with jitter; False where that takes too long."""
        longest_s = min(self.patience.longest_wait_s if is_last else SHORT_WAIT_S, self.deadline - time.monotonic())
        backoff_s = FIRST_WAIT_S * 2**number * random.uniform(0.5, 1.0)  # noqa: S311 (no secret depends on it)
        soonest_s = self.router.fleet.soonest(choices)
        pause_s = max(backoff_s, soonest_s * random.uniform(1.0, 1.1))  # noqa: S311
        if pause_s > longest_s:
            return False
        wait(pause_s)
        return True


UNKNOWN = 1 << 62
"""Nothing is known to be larger."""


def context_of(choice: Choice) -> int | None:
    """The longest context that the model may be asked with, in tokens; None where that is not known."""
    return longest_context(choice.card, choice.provider.server.limits)


def wait(seconds: float) -> None:
    """Wait. Raises `Stopped` at once where the thread is stopped."""
    over = threading.Event()
    with stopping.stoppable(over.set):
        over.wait(seconds)
