"""The whole registry as one file, a git bundle, and back."""

import shutil
from pathlib import Path

from registry.commands import GitCommand, system_failure
from registry.creation import git_in, is_registry
from registry.errors import BadBackup, Conflict
from registry.refs import Refs, RefUpdate

_TRIES = 1_000


def write_bundle(folder: Path, file: Path) -> int:
    """Write all refs of the registry and what they lead to, as of one moment; the number of refs.

    Workers may go on meanwhile: the refs are read until two looks agree, and given to a repository beside the file
    that borrows the registry's objects, where nobody moves them. Raises `Conflict` where two looks never agree, and
    what git's failures stand for.
    """
    refs = _settled(Refs(folder, GitCommand(folder)), folder)
    still = file.with_name(f"{file.name}.git")
    still.mkdir(parents=True)
    command = git_in(still)
    try:
        (still / "objects" / "info").mkdir(exist_ok=True)
        (still / "objects" / "info" / "alternates").write_text(f"{folder.absolute() / 'objects'}\n")
        Refs(still, command).update([RefUpdate(ref=ref, old=None, new=oid) for ref, oid in refs.items()])
        command.run("bundle", "create", "--quiet", str(file), "--all")
    except OSError as error:
        raise system_failure(error, still) from error
    finally:
        command.close()
        shutil.rmtree(still, ignore_errors=True)
    return len(refs)


def read_bundle(file: Path, folder: Path) -> None:
    """Make a registry of the bundle in a folder that is not there yet. Raises `BadBackup`, or as git's failures do."""
    folder.mkdir(parents=True)
    command = git_in(folder)
    try:
        command.run("fetch", "--quiet", "--no-write-fetch-head", "--no-auto-gc", str(file), "+refs/*:refs/*")
    finally:
        command.close()
    if not is_registry(folder):
        raise BadBackup("The backup's bundle holds no registry.")


def _settled(refs: Refs, folder: Path) -> dict[str, str]:
    """All refs, as they stood together at one moment."""
    before = refs.under("refs/")
    for _ in range(_TRIES):
        now = refs.under("refs/")
        if now == before:
            return now
        before = now
    raise Conflict(f"The registry {folder} changes all the time, and cannot be copied.")
