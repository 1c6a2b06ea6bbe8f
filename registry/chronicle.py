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
        version=record.label,
        status=status,
        commit=record.commit,
        when=record.when,
        by=record.by,
        note=record.note,
    )


def _entries(move: ProductionMove) -> Iterator[HistoryEntry]:
    for version, status in move.became:
        yield HistoryEntry(
            version=version, status=status, commit=move.commit, when=move.when, by=move.by, note=move.note
        )
