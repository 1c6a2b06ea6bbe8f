"""Layers: the files of one lock in a folder that nothing changes any more, made once, checked, and pruned."""

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.locks import Lock
from sandbox.resolver import PackagesUnavailable, Resolver, target_platform
from sandbox.surroundings import Packages
from sandbox.trees import every_path, remove, size_of, tree_digest

KEPT_S = 30 * 86_400
"""A layer that was not used for so long is removed when another one is made."""
IN_USE_S = 86_400
"""A layer that was used so recently stays, whatever there is."""
CONTENTS, DESCRIPTION = "packages", "layer.json"
NATIVE = re.compile(r"\.(?:so|pyd|dll|dylib)(?:\.|$)", re.IGNORECASE)
NOT_KEPT = ("bin", "Scripts", "include", ".lock")
"""What an installation leaves beside the packages, and no function has a use for."""


class LayerRefused(SandboxError):
    """The folder of installed packages cannot be trusted."""

    advice = "Remove the folder; its packages are installed anew at the next call."


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What is known of one folder of packages."""

    key: str
    """Of the lock, the Python and the kind of machine: its folder's name."""
    packages: dict[str, str]
    """The version of each package, by name."""
    bytes: int
    pure: bool
    last_used: float
    """Seconds since 1970."""


class Layers:
    """The folder of all layers. Safe to use from several threads and processes."""

    def __init__(
        self, folder: Path, resolver: Resolver, *, max_bytes: int = 4 << 30, on_progress: Callable[[str], None]
    ) -> None:
        self._folder, self._resolver, self._max_bytes = folder, resolver, max_bytes
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._checked: dict[str, Packages] = {}

    def installed(self, lock: Lock) -> Packages:
        """The packages of the lock, fetched first where they are missing or are not what was installed.

        Raises `PackagesUnavailable` where they cannot be fetched, `LayerRefused` where others could have written them.
        """
        key = key_of(lock)
        home = self._folder / key
        with self._lock:
            try:
                packages = self._checked.get(key) or self._intact(home)
                if packages is None or not home.is_dir():
                    packages = self._made(lock, home)
                with contextlib.suppress(OSError):
                    os.utime(home / DESCRIPTION)
            except OSError as error:
                why = error.strerror or str(error)
                raise PackagesUnavailable(
                    f"The folder {self._folder} cannot be used: {why}",
                    advice="Check that it is writable and has room (KOWAL_CACHE names another).",
                ) from error
            self._checked[key] = packages
            return packages

    def listed(self) -> list[Layer]:
        """All layers, the one used last first."""
        found = [layer_in(home) for home in self._homes()]
        return sorted((layer for layer in found if layer), key=lambda layer: -layer.last_used)

    def prune(self, unused_s: float = KEPT_S) -> list[Layer]:
        """The layers that were removed: those not used for so long, and the least used ones beyond the size."""
        now, kept_bytes, removed = time.time(), 0, []
        for layer in self.listed():
            idle_s = now - layer.last_used
            kept_bytes += layer.bytes
            if idle_s > unused_s or (kept_bytes > self._max_bytes and idle_s > IN_USE_S):
                remove(self._folder / layer.key)
                kept_bytes -= layer.bytes
                removed.append(layer)
        for draft in self._folder.glob("making-*"):
            if now - draft.stat().st_mtime > IN_USE_S:
                remove(draft)
        return removed

    def _homes(self) -> Iterator[Path]:
        return (home for home in self._folder.glob("[0-9a-f]*") if home.is_dir())

    def _intact(self, home: Path) -> Packages | None:
        """What the folder holds; None where it is not there, or not what was installed. Raises `LayerRefused`."""
        if not home.exists():
            return None
        refuse_foreign(home)
        try:
            told = json.loads((home / DESCRIPTION).read_text("utf-8"))
            digest, pure = str(told["digest"]), bool(told["pure"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        contents = home / CONTENTS
        if tree_digest(contents) != digest:
            self._on_progress(f"The packages in {home} were changed; they are installed anew")
            return None
        return Packages(folder=contents, digest=digest, pure=pure)

    def _made(self, lock: Lock, home: Path) -> Packages:
        """Fetch in a folder beside the right one and move it there whole."""
        names = ", ".join(f"{pin.name} {pin.version}" for pin in lock.pins)
        self._on_progress(f"Installing {names} (once)")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix="making-", dir=self._folder))
        try:
            contents = draft / CONTENTS
            self._resolver.fetch(lock, contents)
            pure = strip(contents)
            seal(contents)
            told = {
                "packages": lock.versions,
                "digest": tree_digest(contents),
                "pure": pure,
                "bytes": size_of(contents),
            }
            (draft / DESCRIPTION).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
            replace_folder(draft, home)
        finally:
            remove(draft)
        packages = self._intact(home)
        if packages is None:
            raise PackagesUnavailable(f"What was installed into {home} changed at once")
        self.prune()
        return packages


def key_of(lock: Lock) -> str:
    """The name of a layer's folder: a digest of all that decides what is in it."""
    return hashlib.sha256("\n".join((lock.text, lock.python, target_platform())).encode()).hexdigest()


def strip(contents: Path) -> bool:
    """Remove what could run by itself, commands and `.pth` files; true where all that is left is Python.

    Raises `PackagesUnavailable` for a link or a device, which no wheel has.
    """
    for name in NOT_KEPT:
        remove(contents / name)
    pure = True
    for path in every_path(contents):
        kind = path.lstat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise PackagesUnavailable(f"The packages bring a file of an unknown kind: {path.relative_to(contents)}")
        if path.suffix in (".pth", ".pyc"):
            path.unlink()
        elif NATIVE.search(path.name):
            pure = False
    return pure


def seal(contents: Path) -> None:
    """Let everybody read and nobody write. What was made to run natively is loaded, never started."""
    for path in every_path(contents):
        path.chmod(0o555 if path.is_dir() else 0o444)
    contents.chmod(0o555)


def refuse_foreign(home: Path) -> None:
    """Packages that others could have written are not used. Raises `LayerRefused`."""
    for path in (home, home / CONTENTS):
        status = path.lstat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or path.is_symlink():
            raise LayerRefused(f"The packages in {home} could have been written by somebody else")


def replace_folder(draft: Path, home: Path) -> None:
    """Put a finished draft in its place, and what was there before away."""
    if home.exists():
        old = Path(tempfile.mkdtemp(prefix="making-", dir=home.parent))
        home.rename(old / home.name)
        remove(old)
    try:
        draft.rename(home)
    except OSError:
        if not home.exists():  # otherwise another process was faster with the same thing
            raise


def layer_in(home: Path) -> Layer | None:
    """What a layer says of itself; None where it says nothing."""
    try:
        file = home / DESCRIPTION
        told = json.loads(file.read_text("utf-8"))
        return Layer(
            key=home.name,
            packages=dict(told["packages"]),
            bytes=int(told["bytes"]),
            pure=bool(told["pure"]),
            last_used=file.stat().st_mtime,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
