"""Requests to model servers, as the rest of the house asks for them: what was set aside, what they took."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from registry.database import Database, insert_row, storable
from registry.records import ModelCall, Spent
from registry.schema import model_calls

Key = Literal["task", "asked_by", "server", "provider", "model", "purpose"]
"""What requests can be grouped by."""
LOCK = 0x6B6F77616C
"""Which lock of Postgres is taken by whoever sets something aside."""
MOST = 3
"""Models that are named in a refusal."""
NEWEST = 5_000
"""Of so many requests the speeds are taken."""


class ModelCalls:
    """The requests of one installation. Safe to use from several threads and processes at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction in which nobody else sets anything aside: what is summed up in it holds until it ends."""
        with self._database.writing() as connection:  # on SQLite it is alone by itself
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection

    def record(self, call: ModelCall) -> int:
        """The id of the request, which is kept."""
        with self._database.writing() as connection:
            return begin_with(connection, call)

    def settle(self, number: int, **values: Any) -> bool:
        """Write down how an open request ended; whether it was open. The first word holds."""
        still_open = (model_calls.c.id == number) & (model_calls.c.state == "open")
        with self._database.writing() as connection:
            return connection.execute(update(model_calls).where(still_open).values(storable(values))).rowcount == 1

    def calls(self, *, since: datetime | None = None, limit: int = 50) -> Sequence[ModelCall]:
        """The newest requests, newest first."""
        query = select(model_calls).order_by(model_calls.c.id.desc()).limit(limit)
        query = query.where(model_calls.c.at >= since) if since else query
        return [ModelCall(**row) for row in self._database.rows(query)]

    def of_each(self, count: int) -> Sequence[ModelCall]:
        """The newest answered requests of each model of each server, that many of each, oldest first."""
        newest = select(func.max(model_calls.c.id)).scalar_subquery()
        place = func.row_number().over(
            partition_by=(model_calls.c.server, model_calls.c.model), order_by=model_calls.c.id.desc()
        )
        ranked = select(model_calls, place.label("place"))
        ranked = ranked.where(model_calls.c.state == "done", model_calls.c.id > newest - NEWEST)
        each = ranked.subquery()
        query = select(each).where(each.c.place <= count).order_by(each.c.id)
        rows = self._database.rows(query)
        return [ModelCall(**{key: value for key, value in row.items() if key != "place"}) for row in rows]

    def spent(
        self, by: Sequence[Key] = (), *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[tuple[Mapping[str, str], Spent]]:
        """What was spent, by these columns, dearest first; of the requests since then and before `until`."""
        keys = [model_calls.c[name] for name in by]
        query = select(*keys, *sums()).where(*between(since, until)).group_by(*keys)
        rows = self._database.rows(query)
        found: list[tuple[Mapping[str, str], Spent]] = [
            ({name: row[name] for name in by}, spent_of(row)) for row in rows
        ]
        return sorted(found, key=lambda each: (-each[1].counted_eur, -each[1].calls))

    def mean(self) -> Mapping[tuple[str, str, str], tuple[float | None, float]]:
        """What an answered request costs, in euros (None where that is not known), and its seconds, on average.

        By provider, model and purpose.
        """
        which = (model_calls.c.provider, model_calls.c.model, model_calls.c.purpose)
        means = func.avg(model_calls.c.cost_eur).label("eur"), func.avg(model_calls.c.seconds).label("seconds")
        rows = self._database.rows(select(*which, *means).where(model_calls.c.state == "done").group_by(*which))
        return {(row["provider"], row["model"], row["purpose"]): (row["eur"], row["seconds"]) for row in rows}


def begin_with(connection: Connection, call: ModelCall) -> int:
    """As `ModelCalls.record`, in a transaction that is under way."""
    return insert_row(connection, model_calls, asdict(call))


def spent_with(connection: Connection, **which: Any) -> Spent:
    """What was spent for a `task`, by somebody (`asked_by`), or `since` then, in a transaction that is under way."""
    return spent_of(dict(connection.execute(select(*sums()).where(*those(**which))).mappings().one()))


def dearest_with(connection: Connection, **which: Any) -> Mapping[str, float]:
    """What was spent on the dearest models, in euros, by `provider/model`; of the requests as in `spent_with`."""
    model, eur = model_calls.c.provider + "/" + model_calls.c.model, func.sum(counted_eur())
    query = select(model, eur).where(*those(**which)).group_by(model).having(eur > 0).order_by(eur.desc()).limit(MOST)
    return {str(name): round(float(spent), 9) for name, spent in connection.execute(query)}


def those(
    *, task: str = "", asked_by: str | None = None, since: datetime | None = None
) -> Sequence[ColumnElement[bool]]:
    """The conditions on the requests that count against a budget."""
    which = between(since, None)
    which += [model_calls.c.task == task] if task else []
    which += [model_calls.c.asked_by == asked_by] if asked_by is not None else []
    return which


def counted_eur() -> ColumnElement[Any]:
    """What a request counts for: what it cost, or what was set aside for it."""
    return func.coalesce(model_calls.c.cost_eur, model_calls.c.reserved_eur)


def between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """The conditions on the moment."""
    return [
        *([model_calls.c.at >= since] if since else []),
        *([model_calls.c.at < until] if until else []),
    ]


def sums() -> list[ColumnElement[Any]]:
    """The columns of `Spent`."""
    table, unknown = model_calls.c, model_calls.c.cost_eur.is_(None)
    is_open = table.state == "open"
    counted: dict[str, ColumnElement[Any]] = {
        "failed": case((table.state == "failed", 1), else_=0),
        "tokens": table.tokens_in + table.tokens_out,
        "eur": func.coalesce(table.cost_eur, 0.0),
        "set_aside_eur": case((unknown, table.reserved_eur), else_=0.0),
        "open": case((is_open, 1), else_=0),
        "unpriced": case((unknown & (table.reserved_eur == 0.0) & ~is_open, 1), else_=0),
        "seconds": table.seconds,
    }
    return [func.count().label("calls"), *(func.coalesce(func.sum(each), 0).label(k) for k, each in counted.items())]


def spent_of(row: Mapping[str, Any]) -> Spent:
    """The sums in a row, euros to a billionth: floats that were added up are not told apart below that."""
    return Spent(
        **{name: int(row[name]) for name in ("calls", "failed", "tokens", "open", "unpriced")},
        eur=round(float(row["eur"]), 9),
        set_aside_eur=round(float(row["set_aside_eur"]), 9),
        seconds=float(row["seconds"]),
    )
