"""The whole registry as one file, a git bundle, and back."""

import time
from pathlib import Path

from registry.commands import GitCommand
from registry.creation import is_registry
from registry.errors import BadBackup, Conflict

_TRIES, _PAUSE_S = 50, 0.1


def write_bundle(folder: Path, file: Path) -> int:
    """Write all refs of the registry and what they lead to, as of one moment; the number of refs.

    Workers may go on meanwhile: where a ref moved while the bundle was written, it is written again. Raises
    `Conflict` where that never ends, and what git's failures stand for.
    """
    command = GitCommand(folder)
    try:
        for _ in range(_TRIES):
            before = _refs(command)
            command.run("bundle", "create", "--quiet", str(file), "--all")
            if before == _refs(command) == _heads(command, file):
                return len(before)
            time.sleep(_PAUSE_S)
    finally:
        command.close()
    raise Conflict(f"The registry {folder} changed each of the {_TRIES} times that it was to be copied.")


def read_bundle(file: Path, folder: Path) -> None:
    """Make a registry of the bundle in a folder that is not there yet. Raises `BadBackup`, or as git's failures do."""
    folder.mkdir(parents=True)
    command = GitCommand(folder)
    try:
        command.run("init", "--bare", "--quiet", "--template=", "--initial-branch=main")
        command.run("fetch", "--quiet", "--no-write-fetch-head", "--no-auto-gc", str(file), "+refs/*:refs/*")
    finally:
        command.close()
    if not is_registry(folder):
        raise BadBackup("The backup's bundle holds no registry.")


def _refs(command: GitCommand) -> dict[str, str]:
    """Every ref with its object."""
    return _pairs(command.run("for-each-ref", "--format=%(objectname) %(refname)"))


def _heads(command: GitCommand, file: Path) -> dict[str, str]:
    """The refs in a bundle."""
    found = _pairs(command.run("bundle", "list-heads", str(file)))
    found.pop("HEAD", None)  # says which branch is checked out, where one is
    return found


def _pairs(listed: str) -> dict[str, str]:
    return {ref: oid for oid, _, ref in (line.partition(" ") for line in listed.splitlines())}
