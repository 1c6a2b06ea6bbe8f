"""The saved snapshot of the WebAssembly guest: Python with pytest and our runner already loaded."""

import contextlib
import fcntl
import hashlib
import importlib.resources
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.errors import SnapshotFailed
from sandbox.guest_contents import copy_packages, copy_runner, package_versions, runner_texts
from sandbox.surroundings import Packages
from sandbox.trees import remove, tree_digest

BUILD_TIMEOUT_S = 300
LOOK_S = 0.1
"""Seconds between two looks at a lock that another process holds."""


def snapshot_key() -> str:
    """A short digest of what a snapshot depends on: engine, packages, our runner, the machine's kind."""
    parts = package_versions("pyeryx")
    parts += [*runner_texts().values(), importlib.resources.files("sandbox").joinpath("engine.py").read_text("utf-8")]
    parts += [sys.platform, os.uname().machine]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def ensure_snapshot(cache: Path, on_progress: Callable[[str], None]) -> Path:
    """The folder that holds the snapshot, built first where it is missing or damaged (15 s on two cores).

    One process builds, others wait for it. Raises `SnapshotFailed`.
    """
    folder = folder_in(cache)
    try:
        if not intact(folder):
            with turn_to_build(folder) as turn:
                if not intact(folder):
                    on_progress("Building the sandbox's snapshot (once, about 15 seconds)")
                    build(folder, turn)
            drop_older(folder)
        refuse_foreign(folder)
    except OSError as error:
        raise SnapshotFailed(f"The sandbox's cache {cache} cannot be used: {error.strerror or error}") from error
    return folder


def is_built(cache: Path) -> bool:
    """True where `ensure_snapshot` would have nothing to build."""
    return intact(folder_in(cache))


def folder_in(cache: Path) -> Path:
    """The snapshot's folder in the cache folder."""
    return cache / f"wasm-{snapshot_key()}"


def intact(folder: Path) -> bool:
    """True where the snapshot has the length its builder wrote down."""
    try:
        return (folder / "snapshot.size").read_text() == str((folder / "snapshot.bin").stat().st_size)
    except (OSError, UnicodeDecodeError):
        return False


def discard(folder: Path) -> None:
    """Mark a snapshot that does not load as damaged, so that it is built anew."""
    (folder / "snapshot.size").unlink(missing_ok=True)


@contextlib.contextmanager
def turn_to_build(folder: Path) -> Iterator[int]:
    """A lock, as its descriptor: of one process, and of its builder for as long as that outlives it."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    turn = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + BUILD_TIMEOUT_S
        while not is_taken(turn):
            if time.monotonic() >= deadline:
                raise SnapshotFailed(f"Another process has been building the snapshot for {BUILD_TIMEOUT_S} s")
            time.sleep(LOOK_S)
        yield turn
    finally:
        os.close(turn)


def is_taken(turn: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def build(folder: Path, turn: int) -> None:
    """Build in a folder beside the right one, and have it moved there whole."""
    prefix = f"building-{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):  # by builders that were killed: whose turn it is is alone
        remove(left)
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        copy_packages(draft / "site-packages")
        copy_runner(draft / "site-packages")
        run_builder(draft, folder, turn)
    finally:
        remove(draft)


def install(draft: Path, folder: Path) -> None:
    """Put a finished draft in place of nothing or of a damaged snapshot. The builder does it, whoever waits for it."""
    (draft / "snapshot.size").write_text(str((draft / "snapshot.bin").stat().st_size))
    remove(folder)
    draft.rename(folder)


def run_builder(draft: Path, folder: Path, turn: int) -> None:
    """Build in a child: the engine aborts the process it runs in when it fails hard. The child has the turn, too."""
    command = [sys.executable, "-I", "-m", "sandbox.engine", "build", str(draft), str(folder)]
    try:
        done = subprocess.run(
            command, env={}, capture_output=True, timeout=BUILD_TIMEOUT_S, check=False, pass_fds=[turn]
        )
    except subprocess.TimeoutExpired as error:
        raise SnapshotFailed(f"The snapshot was not built within {BUILD_TIMEOUT_S} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SnapshotFailed(f"The snapshot was not built: {lines[-1] if lines else 'the engine crashed'}")


def refuse_foreign(folder: Path, contents: str = "snapshot.bin") -> None:
    """A snapshot is native code: one that others could have written is not loaded."""
    for path in (folder, folder / contents):
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise SnapshotFailed(
                f"The snapshot {path} could have been written by somebody else",
                advice=f"Remove {folder}; it is built anew at the next call.",
            )


def ensure_site(snapshot: Path, packages: Packages) -> Path:
    """The folder that a guest with these packages imports from, beside the snapshot, which it needs too.

    It holds what every guest has, and what of the packages has another name. Raises `SnapshotFailed`.
    """
    folder = snapshot.with_name(f"{snapshot.name}-{packages.digest[:16]}")
    site, mark = folder / "site-packages", folder / "site.digest"
    try:
        if not mark.is_file() or mark.read_text() != tree_digest(site):
            join(snapshot / "site-packages", packages.folder, folder)
            drop_older(snapshot)
        refuse_foreign(folder, "site-packages")
        os.utime(folder)
    except OSError as error:
        raise SnapshotFailed(
            f"The sandbox's cache {folder.parent} cannot be used: {error.strerror or error}"
        ) from error
    return site


def join(own: Path, packages: Path, folder: Path) -> None:
    """Copy both into a folder beside the right one and move it there whole; a name that is in both is our own."""
    draft = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        site = draft / "site-packages"
        site.mkdir()
        taken = {path.name for path in own.iterdir()}
        for path in (*own.iterdir(), *(path for path in packages.iterdir() if path.name not in taken)):
            copy = shutil.copytree if path.is_dir() else shutil.copyfile
            copy(path, site / path.name)
        (draft / "site.digest").write_text(tree_digest(site))
        remove(folder)
        draft.rename(folder)
    finally:
        remove(draft)


def drop_older(folder: Path) -> None:
    """Remove snapshots of earlier releases, and what was left of building them, that nobody has opened for a week."""
    newest = folder.stat().st_mtime
    for other in (*folder.parent.glob("wasm-*"), *folder.parent.glob("building-*")):
        if other != folder and newest - other.stat().st_atime > 7 * 86_400:
            remove(other)
