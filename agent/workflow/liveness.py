"""Which workers live: each holds a lock that the system takes from it when its process ends, however it ends."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa


class Liveness(Protocol):
    """The locks of one installation's workers."""

    def hold(self, worker: str) -> None:
        """Hold the worker's lock until this process ends."""
        ...

    def holds(self) -> bool:
        """Whether the lock is still held. Without it, others may take over what this worker is at."""
        ...

    def if_dead(self, worker: str) -> contextlib.AbstractContextManager[bool]:
        """Whether nobody holds the worker's lock; where that is so, this process holds it within the block."""
        ...

    def release(self) -> None:
        """Give the lock back. Idempotent."""
        ...


class FileLocks:
    """Beside a SQLite file: one lock file a worker, for its workers are on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None
        self._path = folder

    def hold(self, worker: str) -> None:
        """See `Liveness.hold`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{worker}.lock"
        self._held = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def holds(self) -> bool:
        """See `Liveness.holds`."""
        return self._held is not None

    @contextlib.contextmanager
    def if_dead(self, worker: str) -> Iterator[bool]:
        """See `Liveness.if_dead`."""
        path = self._folder / f"{worker}.lock"
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        else:
            yield True
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """See `Liveness.release`."""
        if self._held is not None:
            held, self._held = self._held, None
            self._path.unlink(missing_ok=True)
            os.close(held)


class ServerLocks:
    """On Postgres: one advisory lock a worker, which the server releases when the worker's connection ends."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    def hold(self, worker: str) -> None:
        """See `Liveness.hold`."""
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.execute(sa.select(sa.func.pg_advisory_lock(number_of(worker))))

    def holds(self) -> bool:
        """See `Liveness.holds`."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(sa.select(1))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    @contextlib.contextmanager
    def if_dead(self, worker: str) -> Iterator[bool]:
        """See `Liveness.if_dead`."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            number = number_of(worker)
            is_free = bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar())
            try:
                yield is_free
            finally:
                if is_free:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))

    def release(self) -> None:
        """See `Liveness.release`."""
        if self._connection is not None:
            self._connection.invalidate()  # the server takes the lock back with the session
            self._connection.close()
            self._connection = None


def number_of(worker: str) -> int:
    """The worker's name as Postgres numbers its locks: 63 bits."""
    return int.from_bytes(hashlib.sha256(f"kowal worker {worker}".encode()).digest()[:8]) >> 1
