"""Refs, read straight from their files, and moved by git, several at once or not at all."""

import bisect
import fcntl
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.commands import GitCommand, system_failure
from registry.errors import Conflict, RegistryError

_ZERO = "0" * 40
_STALE_AFTER_S = 10.0
"""git holds a ref's lock for milliseconds; one this old was left by a process that was killed."""


@dataclass(frozen=True, kw_only=True)
class RefUpdate:
    """A ref's move: from `old` (None: it must not exist) to `new` (None: it goes)."""

    ref: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class _Packed:
    stamp: tuple[int, int, int]
    names: tuple[str, ...] = ()
    oids: tuple[str, ...] = ()


class Refs:
    """The refs of one repository that keeps them as files."""

    def __init__(self, folder: Path, command: GitCommand) -> None:
        self._folder = folder
        self._root = str(folder)
        self._command = command
        self._cached = _Packed((0, 0, 0))
        self._lock = threading.Lock()

    def read(self, ref: str) -> str | None:
        """The object a ref names, or None where there is no such ref. Starts no process."""
        return _loose(Path(self._root, ref)) or self._packed_value(ref)

    def under(self, prefix: str) -> dict[str, str]:
        """All refs whose names begin with `prefix`, which ends in a slash, in the order of their names."""
        # Loose first: git packs a ref before it removes the loose file, so this order misses none.
        loose = self._loose_under(prefix)
        packed = self._packed()
        start = bisect.bisect_left(packed.names, prefix)
        end = bisect.bisect_left(packed.names, prefix[:-1] + "0", start)  # "0" follows "/"
        found = dict(zip(packed.names[start:end], packed.oids[start:end], strict=True))
        return dict(sorted((found | loose).items()))

    def update(self, updates: Sequence[RefUpdate]) -> None:
        """Move all the refs, or none of them.

        They move in the order given, deletions last, so a crash of the machine in between leaves a
        beginning of the list. Raises `Conflict` where a ref is not at its `old` value any more.
        """
        lines = [_line(update) for update in updates]
        try:
            self._command.run("update-ref", "--stdin", stdin="".join(lines).encode())
        except Conflict:
            self._sweep(updates)
            raise

    def _sweep(self, updates: Sequence[RefUpdate]) -> None:
        """Remove the locks on these refs that a killed process left behind.

        One process at a time does this, and judges the age while it holds the turn: a lock that
        another has just taken anew is young, and stays.
        """
        try:
            with (self._folder / "kowal.lock").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                for name in (*(update.ref for update in updates), "packed-refs"):
                    lock = self._folder / f"{name}.lock"
                    if lock.exists() and time.time() - lock.stat().st_mtime > _STALE_AFTER_S:
                        lock.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise system_failure(error, self._folder) from error

    def _loose_under(self, prefix: str) -> dict[str, str]:
        found = {}
        for folder, _, files in os.walk(f"{self._root}/{prefix}"):
            for file in files:
                path = f"{folder.rstrip('/')}/{file}"
                oid = None if file.endswith(".lock") else _loose(Path(path))
                if oid:
                    found[path[len(self._root) + 1 :]] = oid
        return found

    def _packed_value(self, ref: str) -> str | None:
        packed = self._packed()
        at = bisect.bisect_left(packed.names, ref)
        return packed.oids[at] if at < len(packed.names) and packed.names[at] == ref else None

    def _packed(self) -> _Packed:
        path = self._folder / "packed-refs"
        with self._lock:
            try:
                stat = path.stat()
                stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if stamp != self._cached.stamp:
                    self._cached = _parse(stamp, path.read_text())
            except FileNotFoundError:
                self._cached = _Packed((0, 0, 0))
            return self._cached


def _loose(path: Path) -> str | None:
    try:
        oid = path.read_text().strip()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    if not re.fullmatch(r"[0-9a-f]{40}", oid):
        raise RegistryError(
            f"The ref {path} is damaged.", advice="Fetch it from a copy of the registry, or remove the file."
        )
    return oid


def _parse(stamp: tuple[int, int, int], text: str) -> _Packed:
    lines = (line for line in text.splitlines() if line[:1] not in ("#", "^", ""))
    pairs = sorted((line[41:], line[:40]) for line in lines)
    return _Packed(stamp, tuple(name for name, _ in pairs), tuple(oid for _, oid in pairs))


def _line(update: RefUpdate) -> str:
    if update.new is None:
        return f"delete {update.ref} {update.old}\n"
    return f"update {update.ref} {update.new} {update.old or _ZERO}\n"
