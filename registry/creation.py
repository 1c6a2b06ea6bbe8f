"""How a registry comes to be, and how one is told from any other folder."""

from pathlib import Path

from registry.commands import GitCommand, system_failure
from registry.errors import Conflict, NotARegistry
from registry.layout import MAIN, PRODUCTION, README
from registry.messages import compose
from registry.objects import FILE, Entry, Objects
from registry.refs import Refs, RefUpdate
from registry.remote import Remote
from registry.repository import Repository
from registry.sharing import Sharing

_WHAT_INIT_MAKES = frozenset(
    {"HEAD", "branches", "config", "config.lock", "description", "hooks", "info", "kowal.lock", "lost+found"}
    | {"objects", "refs"}
)
_ATTEMPTS = 5


def create(folder: Path) -> Repository:
    """An open registry, made empty where the folder is empty or missing.

    Idempotent, also where it was interrupted or another process does the same. Raises `NotARegistry`
    where the folder holds something else, `RegistryNotWritable`.
    """
    for attempt in range(_ATTEMPTS):
        try:
            if not is_registry(folder):
                _require_room(folder)
                _fill(folder)
            return Repository(folder)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        except OSError as error:
            raise system_failure(error, folder) from error
    raise Conflict


def copy(folder: Path, remote: Remote) -> Repository | None:
    """An open copy of the remote's registry in a new folder; None where the remote is empty.

    Raises `NotARegistry` where it holds something else, `RemoteUnavailable`, `RemoteRefused`.
    """
    try:
        folder.mkdir(parents=True)
        command = git_in(folder)
        if Sharing(folder, Refs(folder, command), remote).join(fill=False):
            return None
        command.run("pack-refs", "--all")  # one file instead of one for each version
    except OSError as error:
        raise system_failure(error, folder) from error
    return Repository(folder)


def git_in(folder: Path) -> GitCommand:
    """Git in a bare repository without a commit, which is made in the folder."""
    command = GitCommand(folder)
    command.run("init", "--bare", "--quiet", "--template=", "--initial-branch=main")
    return command


def open_folder(folder: Path) -> Repository:
    """The repository in a folder. Raises `NotARegistry` where it is none. Starts no process."""
    try:
        if is_registry(folder):
            return Repository(folder)
    except OSError as error:
        raise NotARegistry(f"{folder} cannot be read: {error.strerror}.") from error
    raise NotARegistry(f"{folder} {'holds no registry' if folder.exists() else 'does not exist'}.")


def is_registry(folder: Path) -> bool:
    """True for a bare repository with the branches `main` and `production`.

    Raises `NotARegistry` where its objects or refs are in a format that is not read here.
    """
    try:
        settings = (folder / "config").read_text(errors="replace").lower()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if "sha256" in settings or "reftable" in settings:
        raise NotARegistry(
            f"The repository {folder} keeps its objects or refs in a format that is not supported.",
            advice="Convert it to SHA-1 objects and to refs kept as files.",
        )
    refs = Refs(folder, GitCommand(folder))
    return all(refs.read(branch) for branch in (MAIN, PRODUCTION))


def _require_room(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotARegistry(f"{folder} is a file.")
    present = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if present - _WHAT_INIT_MAKES or Refs(folder, GitCommand(folder)).under("refs/"):
        raise NotARegistry(
            f"{folder} holds something else.", advice="Name an empty or a new folder with KOWAL_REGISTRY."
        )


def _fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = git_in(folder)
    objects = Objects(folder, command)
    tree = objects.write_tree({"README.md": Entry(FILE, objects.write("blob", README.encode()))})
    commit = objects.write_commit(tree, [], compose("Begin the registry", "", {}))
    branches = [RefUpdate(ref=ref, old=None, new=commit) for ref in (MAIN, PRODUCTION)]
    Refs(folder, command).update(branches)
