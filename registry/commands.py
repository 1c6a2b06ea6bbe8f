"""The git command as the registry uses it: an environment of its own, and every failure given its name."""

import errno
import os
import subprocess
import threading
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


class GitCommand:
    """Runs git in one bare repository. Safe to use from several threads; not across a fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._git: Git | None = None

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """What git printed. Raises the `RegistryError` that its failure stands for."""
        process = self._start(self._command(), *arguments)
        out, said = process.communicate(stdin)
        if process.returncode:
            raise failure(said.decode(errors="replace"), self._folder)
        return str(out.decode(errors="replace"))

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

    def _start(self, git: "Git", *arguments: str) -> "Git.AutoInterrupt":
        try:
            return git.execute([*_unsetting(), "git", *arguments], istream=subprocess.PIPE, as_process=True)
        except OSError as error:
            raise system_failure(error, self._folder) from error

    def _command(self) -> "Git":
        if self._git is None:
            self._git = _command_in(self._folder)
        return self._git

    def _drop(self) -> None:
        if self._git is not None:
            self._git.clear_cache()


def _command_in(folder: Path) -> "Git":
    try:
        from git import Git  # 0.1 s, and reading the index needs none of it
    except ImportError as error:
        raise RegistryError(
            "No git command was found.", advice="Install git (Debian: apt-get install git) and repeat."
        ) from error
    git = Git()
    # GIT_DIR names the repository outright, so that git neither searches for one nor asks who owns it;
    # nothing in a repository's own configuration can start a program in the commands used here but a hook.
    git.update_environment(
        GIT_DIR=str(folder),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_SYSTEM=os.devnull,
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="core.hooksPath",
        GIT_CONFIG_VALUE_0=os.devnull,
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_DEFAULT_HASH="sha1",
        GIT_DEFAULT_REF_FORMAT="files",
        GIT_TERMINAL_PROMPT="0",
    )
    return git


def _unsetting() -> list[str]:
    present = [name for name in _REDIRECTING if name in os.environ]
    return ["env", *(f"--unset={name}" for name in present)] if present else []
