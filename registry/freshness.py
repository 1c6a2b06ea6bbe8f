"""How fresh a copy of a shared registry is, as all processes that use the copy know it; and whose turn it is."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from registry.commands import system_failure
from registry.errors import RemoteUnavailable

_STATE, _TURN = "kowal-remote.json", "kowal-remote.lock"
_PAUSE_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """What is known of the copy since the remote was last asked."""

    place: str = ""
    """The remote that the copy follows; empty where it never followed one."""
    seen: str = ""
    """The digest of what the remote listed when the copy was last equal to it."""
    fetched_at: float = 0.0
    """When that was, in seconds since 1970."""
    failed_at: float = 0.0
    """When the remote last could not be used; 0 where it could since."""
    reason: str = ""
    """Why."""

    def is_fresh(self, max_age_s: float) -> bool:
        """True where the copy is young enough. A clock that was set back makes it old."""
        return 0 <= time.time() - self.fetched_at < max_age_s

    def has_failed_within(self, seconds: float) -> bool:
        """True where the remote could not be used so recently."""
        return 0 <= time.time() - self.failed_at < seconds


def freshness(folder: Path, place: str) -> Freshness:
    """What is known of the copy as one of the remote at that place."""
    with suppress(OSError, ValueError, TypeError):
        found = Freshness(**json.loads((folder / _STATE).read_text()))
        if found.place == place:
            return found
    return Freshness()


def note(folder: Path, state: Freshness) -> None:
    """Keep what is known, whole. Only for whoever has the turn."""
    draft = folder / f"{_STATE}.new"
    try:
        draft.write_text(json.dumps(asdict(state)))
        draft.rename(folder / _STATE)
    except OSError as error:
        raise system_failure(error, folder) from error


@contextmanager
def turn(folder: Path, limit_s: float) -> Iterator[None]:
    """Within, no other thread or process exchanges anything with the remote for this copy.

    The system gives the turn back where its holder is killed. Raises `RemoteUnavailable` where it comes too late.
    """
    try:
        file = (folder / _TURN).open("w")
    except OSError as error:
        raise system_failure(error, folder) from error
    with file:
        end = time.monotonic() + limit_s
        while not _taken(file.fileno()):
            if time.monotonic() > end:
                raise RemoteUnavailable(
                    f"Another process has kept {folder} busy with its remote for {limit_s:g} seconds.",
                    advice="Repeat the command.",
                )
            time.sleep(_PAUSE_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
