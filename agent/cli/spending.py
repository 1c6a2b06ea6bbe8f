"""The commands on what models cost: how fast each is, what was spent on what, what the gate said of what they wrote."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Annotated, Any

import typer

from agent.cli.models import opened_router
from agent.cli.opening import Json
from agent.cli.render import err, out, print_json, print_table
from agent.config import current_user, load_settings
from agent.errors import BadTask, ModelError, ModelMissing
from agent.model_wiring import open_replies
from agent.ports import Message, ModelReply, ModelRequest, Purpose
from agent.routing.aids import Choice
from agent.routing.asking import Asking
from agent.routing.cache import Hits
from agent.routing.learning import Record, counted
from agent.routing.router import Router
from agent.routing.stock import Stock, full
from agent.showing import cut, milliseconds
from agent.wiring import open_operations
from registry import Spent
from registry.model_calls import Key

PROMPT = "Count from 1 to 40 in words, in English, separated by commas. Write nothing else."
"""Short to read and long to answer: what is measured is how fast a model writes."""
MOST_CHARS = 60
"""Of a name in a table."""


class By(StrEnum):
    """What spending is shown by."""

    MODEL = "model"
    USER = "user"
    TASK = "task"
    PURPOSE = "purpose"
    SERVER = "server"


KEYS: dict[By, tuple[Key, ...]] = {
    By.MODEL: ("provider", "model"),
    By.USER: ("asked_by",),
    By.TASK: ("task",),
    By.PURPOSE: ("purpose",),
    By.SERVER: ("server",),
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What some requests to a model showed."""

    server: str
    model: str
    replies: tuple[ModelReply, ...] = ()
    error: str = ""
    """Why it stopped answering; empty where it did not."""

    def as_json(self) -> dict[str, Any]:
        """For programs: medians of the replies, in milliseconds and tokens a second."""
        found = {"server": self.server, "model": self.model, "runs": len(self.replies), "error": self.error}
        if not self.replies:
            return found
        first = [1000 * reply.first_token_s for reply in self.replies if reply.first_token_s is not None]
        costs = [reply.usage.cost_eur for reply in self.replies]
        return found | {
            "latency_ms": median(1000 * reply.seconds for reply in self.replies),
            "first_token_ms": median(first) if first else None,
            "tokens_in": self.replies[-1].usage.tokens_in,
            "tokens_out": median(reply.usage.tokens_out for reply in self.replies),
            "tokens_per_s": median(reply.usage.tokens_out / (reply.seconds or 1e-9) for reply in self.replies),
            "cost_eur": None if None in costs else sum(cost for cost in costs if cost),
        }


def bench(
    model: Annotated[str, typer.Option(help="This model; without, the one that each server prefers.")] = "",
    server: Annotated[str, typer.Option(help="This server; without, all of your own: the cloud costs money.")] = "",
    runs: Annotated[int, typer.Option(min=1, max=100, help="How often each is asked.")] = 3,
    json_output: Json = False,
) -> None:
    """Measure how fast models answer: the same short request several times. What comes of it is kept, and counts."""
    with opened_router() as router:
        choices = list(benched(router, model, server))
        if not choices:
            which = f" {model}" if model else ""
            raise ModelMissing(f"No model server that answers has such a model{which}", advice=ModelError.advice)
        rows = [measured(router, choice, runs) for choice in choices]
    if json_output:
        print_json([row.as_json() for row in rows])
        return
    headings = ["server", "model", "runs", "first token", "whole reply", "tokens/s", "cost", "error"]
    print_table(headings, [bench_cells(row.as_json()) for row in rows])


def benched(router: Router, model: str, server: str) -> Iterator[Choice]:
    """The models to be measured."""
    for standing in router.fleet.snapshot():
        stock = standing.stock
        if standing.away or (server not in (stock.server.name, stock.server.provider) if server else False):
            continue
        if not server and not stock.server.is_local:
            continue
        yield from of_stock(stock, model)


def of_stock(stock: Stock, model: str) -> Iterator[Choice]:
    """The model of that name, or the one that the server prefers."""
    cards = [card for card in stock.offered if full(card.name) == full(model)] if model else stock.offered[:1]
    for card in cards:
        yield Choice(provider=stock.provider, card=card)


def measured(router: Router, choice: Choice, runs: int) -> Bench:
    """What so many requests show; fewer where one fails."""
    request = ModelRequest(
        messages=(Message(role="user", content=PROMPT),), purpose=Purpose.BENCH, temperature=0.0, model=choice.card.name
    )
    found = Bench(server=choice.server, model=choice.card.name)
    for number in range(runs):
        try:
            with router.aids.ledger.entered(request, choice, Asking(by=current_user())) as entry:
                reply = entry.replied(choice.provider.complete(replace(request, seed=number)))
        except ModelError as error:
            return replace(found, error=str(error))
        found = replace(found, replies=(*found.replies, reply))
    return found


def bench_cells(row: dict[str, Any]) -> list[str]:
    """A row for people."""
    cells = [row["server"], cut(row["model"], MOST_CHARS), str(row["runs"])]
    if not row["runs"]:
        return [*cells, "", "", "", "", cut(row["error"], 2 * MOST_CHARS)]
    first = row["first_token_ms"]
    cells += [milliseconds(first / 1000) if first is not None else "?", milliseconds(row["latency_ms"] / 1000)]
    return [*cells, f"{row['tokens_per_s']:.1f}", euros(row["cost_eur"]), cut(row["error"], 2 * MOST_CHARS)]


def spending(
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Of that day (UTC), or `today`.")] = "",
    by: Annotated[By, typer.Option(help="What it is shown by.")] = By.MODEL,
    json_output: Json = False,
) -> None:
    """Show what was spent on models: what is known, what is set aside, and how much nobody knows."""
    since = day_of(day) if day else None
    settings = load_settings()
    with closing(open_operations(settings)) as operations, closing(open_replies(settings)) as replies:
        until = since + timedelta(days=1) if since else None
        rows = operations.model_calls.spent(KEYS[by], since=since, until=until)
        ((_, total),) = operations.model_calls.spent(since=since, until=until)
        hits = replies.hits()
    if json_output:
        listed = [dict(keys) | spent_json(spent) for keys, spent in rows]
        print_json({"by": by.value, "rows": listed, "total": spent_json(total), "replies": hits_json(hits)})
        return
    headings = [by.value, "requests", "tokens", "time", "spent", "set aside", "not known"]
    print_table(headings, [spent_cells(" ".join(keys.values()), spent) for keys, spent in rows])
    for line in remarks(total, hits):
        err.print(line, markup=False)


def day_of(day: str) -> datetime:
    """The day's beginning. Raises `BadTask`."""
    if day == "today":
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadTask(f"{day!r} is no day", advice="Write it as 2026-03-01, or `today`.") from error


def remarks(total: Spent, hits: Hits) -> Iterator[str]:
    """What the table does not say."""
    unknown = f", and {total.unpriced} requests of unknown price" if total.unpriced else ""
    yield f"  {euros(total.eur)} for {total.calls} requests, {total.failed} of which failed{unknown}"
    if total.set_aside_eur:
        yield (
            f"  {euros(total.set_aside_eur)} are set aside and count as spent: nobody knows what those requests cost; "
            f"{total.open} are under way, or their process was killed"
        )
    if hits.rate is not None:
        yield f"  {hits.found} of {hits.looked} requests that may be answered twice were ({hits.rate:.0%}), for nothing"


def spent_cells(name: str, spent: Spent) -> list[str]:
    """A row for people."""
    cells = [cut(name or "(none)", MOST_CHARS), str(spent.calls), f"{spent.tokens:,}", milliseconds(spent.seconds)]
    unknown = str(spent.unpriced) if spent.unpriced else ""
    return [*cells, euros(spent.eur), euros(spent.set_aside_eur) if spent.set_aside_eur else "", unknown]


def spent_json(spent: Spent) -> dict[str, Any]:
    """A row for programs."""
    return asdict(spent) | {"counted_eur": spent.counted_eur}


def hits_json(hits: Hits) -> dict[str, Any]:
    """How often a kept reply was there, for programs."""
    return asdict(hits) | {"rate": hits.rate}


def learned(json_output: Json = False) -> None:
    """Show how often what each model wrote passed the gate, for what, and what that took: what learning goes by."""
    settings = load_settings()
    with closing(open_operations(settings)) as operations:
        records = sorted(counted(operations).items(), key=lambda each: (each[0][2], -each[1].chance))
    if json_output:
        rows = [{"provider": key[0], "model": key[1], "purpose": key[2], **record_json(each)} for key, each in records]
        print_json({"on": settings.learning.on, "rows": rows})
        return
    headings = ["purpose", "model", "passed", "failed", "chance", "cost", "time", "for one that passes"]
    print_table(headings, [record_cells(key, record) for key, record in records])
    if not settings.learning.on:
        out.print("Models are not chosen by it: the setting `learning.on` has them be.", markup=False)


def record_json(record: Record) -> dict[str, Any]:
    """What is known of a model, for programs: a cost that nobody knows is null."""
    eur, seconds = record.eur, record.seconds
    each = {"eur_each": None if eur is None else eur / record.chance}
    each |= {"seconds_each": None if seconds is None else seconds / record.chance}
    return asdict(record) | {"chance": record.chance} | each


def record_cells(key: Sequence[str], record: Record) -> list[str]:
    """A row for people."""
    row, took = record_json(record), record.seconds
    seconds = milliseconds(row["seconds_each"]) if took is not None else "?"
    return [
        key[2],
        cut(f"{key[0]}/{key[1]}", MOST_CHARS),
        str(record.passed),
        str(record.failed),
        f"{record.chance:.2f}",
        euros(record.eur),
        milliseconds(took) if took is not None else "?",
        f"{euros(row['eur_each'])}, {seconds}",
    ]


def euros(amount: float | None) -> str:
    """An amount for people; never nothing where nobody knows."""
    if amount is None:
        return "not known"
    return f"{amount:.4f} €" if 0 < amount < 0.1 else f"{amount:.2f} €"
