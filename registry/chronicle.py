"""The history of one function, put together from its refs and the branch `production`."""

from collections.abc import Iterator

from registry.repository import ProductionMove, Record, Repository, unknown
from registry.types import HistoryEntry, Status


def history(repository: Repository, name: str) -> list[HistoryEntry]:
    """What happened to the function, oldest first. Raises `UnknownFunction`."""
    if not repository.known(name):
        raise unknown(name)
    entries = [_entry(record, Status.APPROVED) for record in repository.releases(name)]
    entries += [_entry(record, Status.TESTING) for record in repository.candidates(name)]
    moves = reversed(repository.moves(name))
    # Sorting is stable and times are whole seconds: an approval stays before the move it allowed.
    return sorted([*entries, *(entry for move in moves for entry in _entries(move))], key=lambda entry: entry.when)


def _entry(record: Record, status: Status) -> HistoryEntry:
    return HistoryEntry(
        version=record.version or record.digest[:12],
        status=status,
        commit=record.commit,
        when=record.when,
        by=record.by,
        note=record.note,
    )


def _entries(move: ProductionMove) -> Iterator[HistoryEntry]:
    trailers = move.trailers
    barred = "Quarantined-by" in trailers
    who = (trailers.get(key, "") for key in ("Quarantined-by", "Promoted-by", "Rolled-back-by"))
    by = next(filter(None, who), "")
    became = Status.QUARANTINED if barred else Status.PRODUCTION
    versions = [(trailers.get("Version", ""), became), (trailers.get("Restores", ""), Status.PRODUCTION)]
    for version, status in versions:
        if version:
            yield HistoryEntry(
                version=version, status=status, commit=move.commit, when=move.when, by=by, note=move.note
            )
