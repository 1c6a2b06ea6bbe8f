"""What requests cost: set aside before each, written down after it, and refused where a budget is used up."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from agent.errors import (
    BudgetExceeded,
    ContextTooLong,
    ModelMissing,
    NoRoute,
    NotScripted,
    ProviderUnavailable,
    RateLimited,
)
from agent.ports import FREE, ModelReply, ModelRequest
from agent.routing.aids import Choice
from agent.routing.asking import Asking
from agent.routing.budgets import Budgets, Limit
from agent.routing.estimate import CHARS_A_TOKEN, expected_eur, hourly_eur, price_in, price_of
from agent.routing.speeds import KeptSpeeds
from registry import ModelCall, OperationsUnavailable, Spent
from registry.model_calls import ModelCalls, begin_with, dearest_with, spent_with
from registry.tasks import known_with

TOKENS_AN_IMAGE = 2_000
NOTHING_ASKED = (BudgetExceeded, ContextTooLong, ModelMissing, NoRoute, NotScripted, ProviderUnavailable, RateLimited)
"""Where a request ends so no model worked for it. After any other error it may have."""
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One of the budgets, and which requests count against it."""

    kind: str
    """`task`, `user_day` or `day`."""
    words: str
    limit: Limit
    which: Mapping[str, Any]


@dataclass(kw_only=True)
class KeptEntry:
    """One request in the ledger."""

    choice: Choice
    values: dict[str, Any]
    """How it ends, as it is written down."""
    began: float

    def replied(self, reply: ModelReply) -> ModelReply:
        """See `agent.routing.aids.Entry.replied`."""
        seconds, used = reply.seconds or time.monotonic() - self.began, reply.usage
        cost = 0.0 if reply.is_kept else cost_of(self.choice, reply, seconds)
        counted: dict[str, Any] = {"tokens_in": used.tokens_in, "tokens_out": used.tokens_out, "seconds": seconds}
        counted |= {"first_token_s": reply.first_token_s, "cost_eur": cost}
        counted["model"] = self.choice.card.name or reply.model  # a server that has none listed chooses itself
        self.values = {"state": "done", "outcome": "ok", **counted}
        return replace(reply, usage=replace(used, cost_eur=cost))


class KeptLedger:
    """The ledger in the operational database. Exact whatever threads and processes ask at once.

    A process that is killed leaves what it had set aside counted as spent.
    """

    def __init__(self, calls: ModelCalls, speeds: KeptSpeeds, budgets: Budgets, now: Now = utc_now) -> None:
        self._calls, self._speeds, self._budgets, self._now = calls, speeds, budgets, now

    @contextmanager
    def entered(self, request: ModelRequest, choice: Choice, whose: Asking) -> Iterator[KeptEntry]:
        """See `agent.routing.aids.Ledger.entered`."""
        call = self._call(request, choice, whose)
        number = self._begun(call, choice)
        entry = KeptEntry(choice=choice, values={"state": "failed", "outcome": ""}, began=time.monotonic())
        try:
            yield entry
        except BaseException as error:
            if entry.values["state"] != "done":  # what was replied was paid for, whatever became of it
                entry.values = failed(error, choice, time.monotonic() - entry.began)
            raise
        finally:
            self._end(call, number, entry.values)

    def _call(self, request: ModelRequest, choice: Choice, whose: Asking) -> ModelCall:
        """The request as it may be at most."""
        server, tokens_in = choice.provider.server, tokens_of(request)
        tokens_out = self._budgets.longest_reply
        if choice.card.context is not None:
            tokens_out = min(tokens_out, max(choice.card.context - tokens_in, 1))
        price = price_of(choice.card, server)
        expected = expected_eur(server, self._speeds.latency_ms(server.name, choice.card.name))
        return ModelCall(
            at=self._now(),
            task=whose.task,
            asked_by=whose.by,
            server=server.name,
            provider=server.provider,
            model=choice.card.name,
            purpose=request.purpose.value,
            is_local=server.is_local,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            reserved_eur=expected + (price_in(price, tokens_in, tokens_out) if price else 0.0),
        )

    def _begun(self, call: ModelCall, choice: Choice) -> int | None:
        """The number under which it is set aside for; None for what costs nothing and counts nowhere."""
        scopes, is_priced = self._scopes(call), price_of(choice.card, choice.provider.server) is not None
        if is_priced and not call.reserved_eur and not any(scope.limit.tokens for scope in scopes):
            return None
        in_euros = [scope for scope in scopes if scope.limit.eur is not None]
        if in_euros and not is_priced and self._budgets.unpriced == "refuse":
            raise unpriced(call, in_euros[0])
        with self._calls.alone() as connection:
            for scope in scopes:
                self._refuse_too_much(connection, call, scope)
            return begin_with(connection, call)

    def _refuse_too_much(self, connection: Connection, call: ModelCall, scope: Scope) -> None:
        spent = spent_with(connection, **scope.which)
        tokens = call.tokens_in + call.tokens_out
        if not scope.limit.is_passed(spent, call.reserved_eur, tokens):
            return
        allowed = known_with(connection, call.task).get("budgets", {}).get(scope.kind, 0) if call.task else 0
        if not allowed or scope.limit.times(1 + allowed).is_passed(spent, call.reserved_eur, tokens):
            dearest = dearest_with(connection, **scope.which)
            raise exceeded(call, replace(scope, limit=scope.limit.times(1 + allowed)), spent, dearest, self._budgets)

    def _scopes(self, call: ModelCall) -> list[Scope]:
        """The budgets that there are, and that the request counts against."""
        budgets, midnight = self._budgets, call.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        of_user = {"asked_by": call.asked_by, "since": midnight}
        found = [
            Scope(kind="user_day", words="of one person for a day", limit=budgets.user_day, which=of_user),
            Scope(kind="day", words="for a day", limit=budgets.day, which={"since": midnight}),
        ]
        if call.task:
            found.insert(0, Scope(kind="task", words="of a task", limit=budgets.task, which={"task": call.task}))
        return [scope for scope in found if scope.limit.is_set]

    def _end(self, call: ModelCall, number: int | None, values: dict[str, Any]) -> None:
        """Write down how it ended. Where that cannot be, what was set aside goes on counting."""
        if values["state"] == "done":
            self._speeds.note(call.server, values["model"], values["tokens_out"], values["seconds"])
        with suppress(OperationsUnavailable):
            if number is None:
                self._calls.record(replace(call, **values))
            else:
                self._calls.settle(number, **values)


def failed(error: BaseException, choice: Choice, seconds: float) -> dict[str, Any]:
    """How a request without a reply is written down.

    The time of a server that is paid by the hour is known; tokens cost nothing where no model worked for the request,
    else nobody knows what they did.
    """
    values: dict[str, Any] = {"state": "failed", "outcome": type(error).__name__, "seconds": seconds}
    server = choice.provider.server
    if isinstance(error, NOTHING_ASKED) or price_of(choice.card, server) == FREE:
        return values | {"tokens_in": 0, "tokens_out": 0, "cost_eur": hourly_eur(server, seconds)}
    return values


def tokens_of(request: ModelRequest) -> int:
    """How many tokens the request has, at most: by its bytes, for a sign of other scripts may be a token or more."""
    texts = [message.content for message in request.messages] + ([str(dict(request.schema))] if request.schema else [])
    size = sum(len(text.encode(errors="replace")) for text in texts)
    return math.ceil(size / CHARS_A_TOKEN) + TOKENS_AN_IMAGE * sum(len(each.images) for each in request.messages)


def cost_of(choice: Choice, reply: ModelReply, seconds: float) -> float | None:
    """What a reply cost, in euros: by its price, else as its server said; None where nobody knows."""
    server, used = choice.provider.server, reply.usage
    price, hourly = price_of(choice.card, server), hourly_eur(server, seconds)
    if price is None:
        return used.cost_eur + hourly if used.cost_eur else None
    if price != FREE and not used.tokens_in + used.tokens_out:  # a server that does not count
        return None
    return hourly + price_in(price, used.tokens_in, used.tokens_out)


def exceeded(
    call: ModelCall, scope: Scope, spent: Spent, dearest: Mapping[str, float], budgets: Budgets
) -> BudgetExceeded:
    """The error for a request that is too much: what was spent on what, and what to do."""
    limit, tokens = scope.limit, call.tokens_in + call.tokens_out
    on = ", ".join(f"{eur:.4f} € on {model}" for model, eur in dearest.items())
    if limit.eur is not None and Limit(eur=limit.eur).is_passed(spent, call.reserved_eur, 0):
        held = f", {spent.set_aside_eur:.4f} € of it set aside" if spent.set_aside_eur else ""
        said = f"{limit.eur:.2f} € {scope.words}: {spent.counted_eur:.4f} € are spent{held}{f' ({on})' if on else ''}"
        said += f", and this request may cost {call.reserved_eur:.4f} €"
    else:
        said = f"{limit.tokens or 0:,} tokens {scope.words}: {spent.tokens:,} are used, and this request may take"
        said += f" {tokens:,}"
    asks = budgets.exceeded == "ask" and bool(call.task)
    names = " or ".join(
        f"budgets.{scope.kind}_{unit}" for unit in ("eur", "tokens") if getattr(limit, unit) is not None
    )
    advice = f"`kowal models spending` shows what was spent on what; the setting `{names}` allows more."
    return BudgetExceeded(
        f"The budget of {said}",
        advice=advice,
        budget=scope.kind,
        limit_eur=limit.eur,
        limit_tokens=limit.tokens,
        spent_eur=spent.counted_eur,
        spent_tokens=spent.tokens,
        spent_on=dict(dearest),
        needs_eur=call.reserved_eur,
        asks=asks,
    )


def unpriced(call: ModelCall, scope: Scope) -> BudgetExceeded:
    """The error for a model whose price nobody knows, where there is a budget."""
    return BudgetExceeded(
        f"Nobody knows what {call.provider}/{call.model} costs, and there is a budget of {scope.limit.eur:.2f} € "
        f"{scope.words}",
        advice=f'Name its price in the section `llm.{call.provider}`, or set `budgets.unpriced = "allow"`.',
        budget=scope.kind,
        limit_eur=scope.limit.eur,
        asks=False,
    )
