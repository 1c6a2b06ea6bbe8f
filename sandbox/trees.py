"""Folders as a whole: what is in them, a digest of it, and their removal."""

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path


def every_path(folder: Path) -> Iterator[Path]:
    """All that is in a folder, links not followed."""
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(root, name)


def size_of(contents: Path) -> int:
    """The bytes of all files."""
    return sum(path.lstat().st_size for path in every_path(contents))


def tree_digest(contents: Path) -> str:
    """SHA-256 over the names, modes and contents of all that is in a folder."""
    whole = hashlib.sha256()
    for path in sorted(every_path(contents)):
        status = path.lstat()
        whole.update(f"{path.relative_to(contents)}\0{status.st_mode:o}\0{status.st_size}\0".encode(errors="replace"))
        if stat.S_ISREG(status.st_mode):
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def remove(path: Path) -> None:
    """Remove a folder or a file, also one that was sealed. Idempotent."""
    for inner in (path, *every_path(path)):
        if inner.is_dir() and not inner.is_symlink():
            with contextlib.suppress(OSError):
                inner.chmod(0o700)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
