"""The git command as the registry uses it: an environment of its own, and every failure given its name."""

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.errors import Conflict, NotARegistry, RegistryError, RegistryNotWritable

if TYPE_CHECKING:
    from git import Git

# What a surrounding git hook or a user's shell may have set, and what would send git to another repository,
# another object store or another configuration. git cannot be told to ignore them, so they are unset.
_REDIRECTING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
)

_FULL = "Free some space, then repeat the command: nothing was half written."
_FORBIDDEN = "Mend the permissions or mount it writable, then repeat the command: nothing was half written."
_FAILURES: tuple[tuple[str, type[RegistryError], str, str], ...] = (
    ("No space left on device", RegistryNotWritable, "The disk that holds the registry {} is full.", _FULL),
    ("Disk quota exceeded", RegistryNotWritable, "The disk quota of the registry {} is used up.", _FULL),
    ("File too large", RegistryNotWritable, "A file of the registry {} would exceed the size limit.", _FULL),
    ("Read-only file system", RegistryNotWritable, "The registry {} is on a read-only disk.", _FORBIDDEN),
    ("ermission denied", RegistryNotWritable, "The registry {} may not be written.", _FORBIDDEN),
    ("Operation not permitted", RegistryNotWritable, "The registry {} may not be written.", _FORBIDDEN),
    ("insufficient permission", RegistryNotWritable, "The registry {} may not be written.", _FORBIDDEN),
    (
        "dubious ownership",
        NotARegistry,
        "The registry {} belongs to another user.",
        "Take it over with chown.",
    ),
    ("ot a git repository", NotARegistry, "{} is not a git repository.", NotARegistry.advice),
    ("cannot lock ref", Conflict, "Another process changed the registry {}.", Conflict.advice),
    ("could not lock config file", Conflict, "Another process is making the registry {}.", Conflict.advice),
    (".lock': File exists", Conflict, "Another process is writing to the registry {}.", Conflict.advice),
)
_FAILURES_BY_ERRNO = {
    errno.ENOSPC: "No space left on device",
    errno.EDQUOT: "Disk quota exceeded",
    errno.EFBIG: "File too large",
    errno.EROFS: "Read-only file system",
    errno.EACCES: "Permission denied",
    errno.EPERM: "Operation not permitted",
}


def failure(said: str, folder: Path) -> RegistryError:
    """The error that what git said on standard error stands for."""
    for words, kind, message, advice in _FAILURES:
        if words in said:
            return kind(message.format(folder), advice=advice)
    return RegistryError(
        f"git failed in the registry {folder}: {said.strip()[-500:] or 'it said nothing'}",
        advice="`kowal doctor` checks the registry; nothing was half written.",
    )


def system_failure(error: OSError, folder: Path) -> RegistryError:
    """The error that a failed system call stands for."""
    return failure(_FAILURES_BY_ERRNO.get(error.errno or 0, str(error)), folder)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a git command ended."""

    code: int
    """0 where all went well; negative where it was stopped."""
    out: str
    said: str
    """What it wrote to standard error."""


class GitCommand:
    """Runs git in one bare repository. Safe to use from several threads; not across a fork.

    `environment` is what `connected` gives for commands that talk to a remote.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = environment or _secluded(folder)
        self._lock = threading.Lock()
        self._git: Git | None = None

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """What git printed. Raises the `RegistryError` that its failure stands for."""
        ended = self.ended(*arguments, stdin=stdin)
        if ended.code:
            raise failure(ended.said, self._folder)
        return ended.out

    def ended(self, *arguments: str, stdin: bytes = b"", limit_s: float | None = None) -> Ended:
        """How git ended, whichever way. After `limit_s` seconds it is stopped, with all that it has started."""
        process = self._start(self._command(), *arguments, start_new_session=limit_s is not None)
        try:
            out, said = process.communicate(stdin, timeout=limit_s)
        except subprocess.TimeoutExpired:
            _stop(process.pid)
            return Ended(code=-signal.SIGKILL, out="", said=f"it gave no answer within {limit_s:g} seconds")
        except BaseException:
            if limit_s is not None:
                _stop(process.pid)
            raise
        return Ended(code=process.returncode, out=out.decode(errors="replace"), said=said.decode(errors="replace"))

    def read_object(self, oid: str) -> tuple[str, bytes]:
        """The kind and the bytes of an object. Raises `RegistryError` where the repository lacks it."""
        with self._lock:
            try:
                found = self._ask(oid)
            except (OSError, ValueError):
                # The reading process may have been stopped since the last question: ask a new one, once.
                self._drop()
                found = self._ask_or_explain(oid)
            except BaseException:
                self._drop()  # interrupted between question and answer: the next answer would be this one's
                raise
        return found

    def close(self) -> None:
        """Stop the reading process. Idempotent; a later read starts another."""
        with self._lock:
            self._drop()

    def _ask_or_explain(self, oid: str) -> tuple[str, bytes]:
        try:
            return self._ask(oid)
        except (OSError, ValueError) as error:
            self._drop()
            raise RegistryError(
                f"The registry {self._folder} cannot give object {oid}: {error}",
                advice=f"`git --git-dir={self._folder} fsck` tells what is missing; fetch it from a copy.",
            ) from error

    def _ask(self, oid: str) -> tuple[str, bytes]:
        git = self._command()
        if git.cat_file_all is None:
            git.cat_file_all = self._start(git, "cat-file", "--batch")
        found: tuple[Any, ...] = git.get_object_data(oid)  # bytes where its annotations say text
        answered, kind = (part.decode() if isinstance(part, bytes) else part for part in found[:2])
        if answered != oid:
            raise ValueError(f"git answered with object {answered}")
        return kind, found[3]

    def _start(self, git: "Git", *arguments: str, start_new_session: bool = False) -> "Git.AutoInterrupt":
        try:
            return git.execute(
                [*_unsetting(), "git", *arguments],
                istream=subprocess.PIPE,
                as_process=True,
                start_new_session=start_new_session,
            )
        except OSError as error:
            raise system_failure(error, self._folder) from error

    def _command(self) -> "Git":
        if self._git is None:
            self._git = _command_with(self._environment)
        return self._git

    def _drop(self) -> None:
        if self._git is not None:
            self._git.clear_cache()


def _secluded(folder: Path) -> dict[str, str]:
    """The environment of a command that stays in one repository: nobody's configuration and no hook counts.

    GIT_DIR names the repository outright, so that git neither searches for one nor asks who owns it; nothing in a
    repository's own configuration can start a program in the commands used here but a hook.
    """
    return {
        **_in_repository(folder, {}),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_DEFAULT_REF_FORMAT": "files",
    }


def connected(folder: Path, configuration: Mapping[str, str], connect_limit_s: int) -> dict[str, str]:
    """The environment of a command that talks to a remote: the user's configuration counts, as in their shell.

    It says how a remote is reached. Nobody is asked anything, and no hook of this side runs. `configuration` counts
    above the user's.
    """
    ssh = os.environ.get("GIT_SSH_COMMAND") or "ssh"
    return {
        **_in_repository(folder, configuration),
        "GIT_SSH_COMMAND": f"{ssh} -o BatchMode=yes -o ConnectTimeout={connect_limit_s}",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
    }


def _in_repository(folder: Path, configuration: Mapping[str, str]) -> dict[str, str]:
    pairs = {"core.hooksPath": os.devnull, **configuration}
    found = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**found, "GIT_DIR": str(folder), "GIT_NO_REPLACE_OBJECTS": "1", "GIT_TERMINAL_PROMPT": "0"}


def _command_with(environment: Mapping[str, str]) -> "Git":
    try:
        from git import Git  # 0.1 s, and reading the index needs none of it
    except ImportError as error:
        raise RegistryError(
            "No git command was found.", advice="Install git (Debian: apt-get install git) and repeat."
        ) from error
    git = Git()
    git.update_environment(**environment)
    return git


def _stop(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _unsetting() -> list[str]:
    present = [name for name in _REDIRECTING if name in os.environ]
    return ["env", *(f"--unset={name}" for name in present)] if present else []
