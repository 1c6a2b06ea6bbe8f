"""A clone of a registry, as a pipeline has it: which functions its commit changes, read without writing to it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.commands import GitCommand
from registry.creation import git_in, open_folder
from registry.errors import InvalidFunction, NotARegistry
from registry.layout import MAIN, PRODUCTION, folder_of, is_name, is_ours
from registry.refs import Refs, RefUpdate
from registry.registry import Registry
from registry.repository import Repository
from registry.types import Status, Version

_BRANCHES = "refs/remotes/origin/"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A function that a commit brings or changes."""

    name: str
    version: Version | None
    """As it is there; None where its files make no function that could be let in."""
    fault: str = ""
    """Why."""


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone that is looked at."""

    registry: Registry
    """What its branches and tags say, with all that can be asked of a registry; it lasts as long as the look."""
    changes: Sequence[Change]


@contextmanager
def looked_at(folder: Path, since: str) -> Iterator[Clone]:
    """The clone in the folder, and what its `HEAD` changes since it left that commit, branch or tag.

    Nothing is written to it: a registry of its own borrows its objects, and goes at the end. Raises `NotARegistry`
    where the folder holds no clone of a registry, or not all of its history; `RegistryError`.
    """
    place = folder / ".git" if (folder / ".git").is_dir() else folder
    command = GitCommand(place.absolute())
    try:
        head, base = _commits(command, folder, since)
        with tempfile.TemporaryDirectory(prefix="kowal-clone-") as own:
            _borrow(command, place.absolute(), Path(own) / "r.git")
            with Registry.open(Path(own) / "r.git") as registry:
                yield Clone(registry=registry, changes=_changes(registry.path, base, head))
    finally:
        command.close()


def _commits(command: GitCommand, folder: Path, since: str) -> tuple[str, str]:
    """The commit that is checked out, and the one at which it left the other."""
    if command.run("rev-parse", "--is-shallow-repository").strip() == "true":
        raise NotARegistry(
            f"{folder} has not all of the registry's history.",
            advice="Fetch the rest with `git fetch --unshallow`; in a pipeline of GitLab the variable GIT_DEPTH is 0.",
        )
    found = command.ended("merge-base", "--end-of-options", f"{since}^{{commit}}", "HEAD")
    if found.code:
        raise NotARegistry(
            f"{folder} has no commit {since!r} that its HEAD comes from.",
            advice="Name a commit, branch or tag that was fetched, for example origin/main.",
        )
    return command.run("rev-parse", "--verify", "HEAD^{commit}").strip(), found.out.strip()


def _borrow(command: GitCommand, place: Path, own: Path) -> None:
    """Make a registry there that has the clone's branches and tags, and none of its objects."""
    own.mkdir()
    mine = git_in(own)
    (own / "objects" / "info" / "alternates").write_text(f"{place / 'objects'}\n")
    printed = command.run("for-each-ref", "--format=%(objectname) %(refname)")
    found = {ref: oid for oid, _, ref in (line.partition(" ") for line in printed.splitlines())}
    fetched = {f"refs/heads/{ref.removeprefix(_BRANCHES)}": oid for ref, oid in found.items() if _BRANCHES in ref}
    refs = {ref: oid for ref, oid in (found | fetched).items() if is_ours(ref)}
    if MAIN not in refs or PRODUCTION not in refs:
        raise NotARegistry(
            f"{place} has no branches `main` and `production`.",
            advice='Fetch them: git fetch origin "+refs/heads/*:refs/remotes/origin/*" "+refs/tags/*:refs/tags/*"',
        )
    Refs(own, mine).update([RefUpdate(ref=ref, old=None, new=oid) for ref, oid in refs.items()])
    mine.close()


def _changes(own: Path, base: str, head: str) -> list[Change]:
    """The functions whose folders are others in the newer commit; one that is gone changes nothing that could run."""
    repository = open_folder(own)
    try:
        found = repository.changed(base, head)
        return [_change(repository, name, tree, head) for name, tree in found if tree is not None]
    finally:
        repository.close()


def _change(repository: Repository, name: str, tree: str, head: str) -> Change:
    if not is_name(name) or repository.tree_at(name, head) != tree:
        return Change(name=name, version=None, fault=f"no function {name!r} belongs where it lies")
    known = repository.match(name, tree)
    if known is not None:
        return Change(name=name, version=repository.load(known, Status.APPROVED))
    if not repository.vouched(tree):
        return Change(name=name, version=None, fault=_fault(repository, name, tree))
    return Change(name=name, version=repository.load(repository.candidate(name, head), Status.TESTING))


def _fault(repository: Repository, name: str, tree: str) -> str:
    """Why the folder vouches for nothing."""
    try:
        digest = repository.digest(tree, name)
    except InvalidFunction as error:
        return str(error)
    return f"its evidence belongs to other files than these, whose digest is {digest[:12]}: {'/'.join(folder_of(name))}"
