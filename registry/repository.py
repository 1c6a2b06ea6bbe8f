"""What git says of the functions: their versions, where each stands, and their files."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from registry.commands import GitCommand
from registry.errors import InvalidFunction, NotARegistry, RegistryError, UnknownFunction, UnknownVersion
from registry.files import evidence_from, function_from
from registry.layout import (
    CANARY,
    CANDIDATES,
    EVIDENCE,
    MAIN,
    PRODUCTION,
    QUARANTINE,
    TAGS,
    folder_of,
    is_digest,
    is_name,
    is_short,
    is_version,
    require_name,
    tag_ref,
    version_key,
)
from registry.messages import parse
from registry.objects import FILE, Entry, Objects
from registry.refs import Refs
from registry.types import Status, Version


@dataclass(frozen=True, kw_only=True)
class Record:
    """A version or a candidate, as its ref tells it; the files are not read yet."""

    name: str
    version: str
    """`X.Y.Z`; empty for a candidate."""
    commit: str
    tree: str
    """The id of the function's folder."""
    digest: str
    when: datetime
    by: str
    note: str

    @property
    def label(self) -> str:
        """What people call it: the version; for a candidate the first twelve digits of its digest."""
        return self.version or self.digest[:12]


# Which trailer of a commit on `production` names who did it, and what the version became by it.
_BECAME = {
    "Quarantined-by": Status.QUARANTINED,
    "Tried-by": Status.CANARY,
    "Promoted-by": Status.PRODUCTION,
    "Rolled-back-by": Status.PRODUCTION,
}


@dataclass(frozen=True, kw_only=True)
class ProductionMove:
    """A commit on the branch `production`."""

    commit: str
    when: datetime
    note: str
    by: str
    became: tuple[tuple[str, Status], ...]
    """The versions whose status changed, each with the new one; those that went back to approved are left out."""


class Repository:
    """A registry's git repository. Reads only; `Moves` writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = GitCommand(folder)
        self.objects = Objects(folder, command)
        self.refs = Refs(folder, command)
        self._command = command
        self._records: dict[str, Record] = {}
        self._vouched: dict[str, str] = {}
        self._came: dict[str, tuple[str, list[str]]] = {}
        """The tip of `main`, and the commits on it by which the function's folder came to be what it is."""

    def close(self) -> None:
        """Stop the process that reads objects. Idempotent."""
        self._command.close()

    def tidy(self) -> None:
        """Have git pack its loose objects where they have become many; git decides, and does it in the background."""
        with contextlib.suppress(RegistryError):  # a repository that stays untidy works as well
            self._command.run("-c", "gc.cruftPacks=true", "gc", "--auto", "--quiet")

    def tip(self, branch: str) -> str:
        """The newest commit of `MAIN` or `PRODUCTION`."""
        commit = self.refs.read(branch)
        if commit is None:
            raise NotARegistry(f"{self.folder} holds no registry any more.")
        return commit

    def releases(self, name: str) -> list[Record]:
        """All versions that were ever approved, in the order of their numbers."""
        prefix = f"{TAGS}{require_name(name)}/"
        found = {ref.removeprefix(prefix + "v"): oid for ref, oid in self.refs.under(prefix).items()}
        versions = sorted(filter(is_version, found), key=version_key)
        return [self.release(name, version, found[version]) for version in versions]

    def release(self, name: str, version: str, tag: str) -> Record:
        """The version that a tag object stands for."""
        known = self._records.get(tag)
        if known is None:
            found = self.objects.tag(tag)
            record = self._record(name, version, found.commit, found.message, "Approved-by")
            known = self._records[tag] = record
        return known

    def candidates(self, name: str) -> list[Record]:
        """The function's candidates, in the order of their digests: branches, and what came onto `main` from them.

        A branch whose files are not what its name says is none: somebody has changed it since.
        """
        prefix = f"{CANDIDATES}{require_name(name)}/"
        branches = {ref.removeprefix(prefix): commit for ref, commit in self.refs.under(prefix).items()}
        found = {digest: self.candidate(name, commit) for digest, commit in branches.items()
                 if is_digest(digest) and self.vouched(self._folder(name, commit)) == digest}  # fmt: skip
        found |= {record.digest: record for record in reversed(self.landed(name))}
        return [found[digest] for digest in sorted(found)]

    def candidate(self, name: str, commit: str) -> Record:
        """The candidate that a commit brought."""
        record = self._record(name, "", commit, self.objects.commit(commit).message, "Proposed-by")
        return replace(record, digest=self.vouched(record.tree) or record.digest)

    def landed(self, name: str) -> list[Record]:
        """What came onto `main` and has no tag yet, newest first: merged candidates.

        Until its tag stands, a version on `main` counts as the candidate it still is.
        """
        if self._folder(name, tip := self.tip(MAIN)) is None:
            return []
        path = "/".join(folder_of(name))
        known = {record.digest for record in self.releases(name)}
        if self._came.get(name, ("", []))[0] != tip:
            self._came[name] = tip, self._command.run("log", "--first-parent", "--format=%H", tip, "--", path).split()
        trees = [(commit, self._folder(name, commit)) for commit in self._came[name][1]]
        return [self.candidate(name, commit) for commit, tree in trees if self.vouched(tree) not in ("", *known)]

    def proposed(self) -> list[str]:
        """The names that may have candidates, sorted."""
        branches = {ref.removeprefix(CANDIDATES).partition("/")[0] for ref in self.refs.under(CANDIDATES)}
        ahead = self.changed(self.tip(PRODUCTION), self.tip(MAIN))
        return sorted(filter(is_name, {*branches, *(name for name, tree in ahead if tree)}))

    def vouched(self, tree: str | None) -> str:
        """The digest of the function's files in that folder; empty where they make none, or its evidence is others'."""
        if tree is None:
            return ""
        if tree not in self._vouched:
            self._vouched[tree] = ""
            with contextlib.suppress(InvalidFunction):
                digest, kept = self.digest(tree, tree), self.files(tree).get(EVIDENCE, b"{}")
                self._vouched[tree] = digest if evidence_from(kept).get("digest") == digest else ""
        return self._vouched[tree]

    def digest(self, tree: str, where: str) -> str:
        """The digest of the function's files in that folder. Raises `InvalidFunction`, which says where."""
        return function_from(self.files(tree), where=where).digest

    def tree_at(self, name: str, commit: str) -> str | None:
        """The id of the function's folder in a commit; None where there is none, or no such commit."""
        with contextlib.suppress(RegistryError):
            return self._folder(name, commit) if commit else None
        return None

    def _folder(self, name: str, commit: str) -> str | None:
        """The id of the function's folder in a commit, or None."""
        return self.objects.find(self.objects.commit(commit).tree, folder_of(name))

    def quarantined(self, name: str) -> frozenset[str]:
        """The versions that are kept from running."""
        prefix = f"{QUARANTINE}{require_name(name)}/"
        return frozenset(ref.removeprefix(prefix) for ref in self.refs.under(prefix))

    def canary_refs(self, name: str = "") -> Mapping[str, str]:
        """The refs that put versions on trial, of one function or of all, with their commits."""
        return self.refs.under(f"{CANARY}{require_name(name)}/" if name else CANARY)

    def on_trial(self, name: str) -> Record | None:
        """The function's canary, or None. A ref that a crash left beside a later status counts as none."""
        # Read before the other refs: a move away from trial sets those first and removes this one last.
        return next(self._canaries(self.canary_refs(name)), None)

    def trials(self) -> list[Record]:
        """All canaries, by name."""
        return list(self._canaries(self.canary_refs()))

    def _canaries(self, refs: Iterable[str]) -> Iterator[Record]:
        """The one version of each function that is on trial by these refs."""
        tried: dict[str, list[str]] = {}
        for ref in refs:
            name, _, version = ref.removeprefix(CANARY).partition("/")
            if is_name(name) and is_version(version):
                tried.setdefault(name, []).append(version)
        found = (self._canary(name, versions) for name, versions in tried.items())
        return (record for record in found if record)

    def _canary(self, name: str, versions: Iterable[str]) -> Record | None:
        barred, serving = self.quarantined(name), self.production_tree(name)
        for version in sorted(set(versions) - barred, key=version_key, reverse=True):
            tag = self.refs.read(tag_ref(name, version))
            record = self.release(name, version, tag) if tag else None
            if record and record.tree != serving:
                return record
        return None

    def in_production(self, name: str) -> Record | None:
        """The version that may be run, or None. A folder that no tag vouches for counts as none."""
        tree = self.production_tree(name)
        return self.match(name, tree) if tree else None

    def production_tree(self, name: str) -> str | None:
        """The id of the function's folder on the branch `production`, or None."""
        return self._folder(name, self.tip(PRODUCTION))

    def match(self, name: str, tree: str) -> Record | None:
        """The newest version whose folder this is."""
        return next((record for record in reversed(self.releases(name)) if record.tree == tree), None)

    def status(self, record: Record) -> Status:
        """Where the version stands."""
        if not record.version:
            return Status.TESTING
        if record == self.on_trial(record.name):
            return Status.CANARY
        if record.version in self.quarantined(record.name):
            return Status.QUARANTINED
        return Status.PRODUCTION if record.tree == self.production_tree(record.name) else Status.APPROVED

    def named(self, name: str, version: str) -> Record:
        """The version of that number, or the version or candidate of that digest or of its first twelve digits.

        Raises `UnknownFunction` where nothing is known of the name, `UnknownVersion` otherwise.
        """
        wanted = version if is_short(version) else "-"
        for record in self.releases(name) + (self.candidates(name) if is_short(version) else []):
            if version == record.version or record.digest.startswith(wanted):
                return record
        if not self.known(name):
            raise unknown(name)
        raise UnknownVersion(f"{name} has no version {version[:80]}.")

    def known(self, name: str) -> bool:
        """True where the name has a version or a candidate."""
        prefixes = (TAGS, CANDIDATES)
        return any(self.refs.under(f"{prefix}{require_name(name)}/") for prefix in prefixes) or bool(self.landed(name))

    def files(self, tree: str) -> dict[str, bytes]:
        """The files of a function's folder."""
        entries = self.objects.tree(tree)
        return {name: self.objects.read(entry.oid, "blob") for name, entry in entries.items() if entry.mode == FILE}

    def load(self, record: Record, status: Status) -> Version:
        """The version with its files. Raises `InvalidFunction` where they make none."""
        files = self.files(record.tree)
        return Version(
            function=function_from(files, where=f"{record.name} {record.label}"),
            commit=record.commit,
            status=status,
            version=record.version,
            evidence=evidence_from(files.get(EVIDENCE, b"{}")),
        )

    def changed(self, old: str | None, new: str) -> Iterator[tuple[str, str | None]]:
        """The functions whose folders differ between two production commits, with the new id or None."""
        before, after = self._fans(old), self._fans(new)
        for fan in sorted(before.keys() | after.keys()):
            if before.get(fan) != after.get(fan):
                yield from self._changed_in(before.get(fan), after.get(fan))

    def moves(self, name: str) -> list[ProductionMove]:
        """What happened to the function on the branch `production`, newest first."""
        pattern = f"--grep=^Function: {require_name(name)}$"
        printed = self._command.run("log", "-z", "--topo-order", "--format=%H %ct%n%B", pattern, PRODUCTION, "--")
        found = (_production_move(text) for text in printed.split("\0") if text)
        told = [move for function, move in found if function == name]
        return sorted([*self._untold(name, told), *told], key=lambda move: move.when, reverse=True)

    def _untold(self, name: str, told: Sequence[ProductionMove]) -> Iterator[ProductionMove]:
        """What came into production by a commit without a word of Kowal's: a branch that was squashed as it was merged.

        A merge of a commit that has it says nothing new.
        """
        commits, path = {move.commit for move in told}, "/".join(folder_of(name))
        printed = self._command.run(
            "log", "-z", "--first-parent", "--format=%H%n%P%n%ct%n%cn%n%s", PRODUCTION, "--", path
        )
        for text in filter(None, printed.split("\0")):
            commit, parents, seconds, who, subject = text.split("\n", 4)
            tree = self._folder(name, commit)
            record = self.match(name, tree) if tree and not commits & {commit, *parents.split()[1:]} else None
            if record:
                when, became = datetime.fromtimestamp(int(seconds), UTC), ((record.version, Status.PRODUCTION),)
                yield ProductionMove(commit=commit, when=when, note=subject, by=who, became=became)

    def _record(self, name: str, version: str, commit: str, text: str, by: str) -> Record:
        message, brought, tree = parse(text), self.objects.commit(commit), self._folder(name, commit)
        if tree is None:
            raise RegistryError(f"Commit {commit} of the registry {self.folder} holds no function {name}.")
        return Record(
            name=name,
            version=version,
            commit=commit,
            tree=tree,
            digest=message.trailers.get("Digest", ""),
            when=brought.when,
            by=message.trailers.get(by, ""),
            note=message.note,
        )

    def _fans(self, commit: str | None) -> Mapping[str, Entry]:
        if commit is None:
            return {}
        functions = self.objects.find(self.objects.commit(commit).tree, ["functions"])
        return self.objects.tree(functions) if functions else {}

    def _changed_in(self, old: Entry | None, new: Entry | None) -> Iterator[tuple[str, str | None]]:
        before = self.objects.tree(old.oid) if old else {}
        after = self.objects.tree(new.oid) if new else {}
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield name, after[name].oid if name in after else None


def unknown(name: str) -> UnknownFunction:
    """The error for a name nothing is known of."""
    return UnknownFunction(f"No function {name} is registered.")


def _production_move(text: str) -> tuple[str, ProductionMove]:
    """The function that a commit on `production` is about, and the move."""
    head, _, body = text.partition("\n")
    commit, _, seconds = head.partition(" ")
    message = parse(body)
    trailers = message.trailers
    by, became = next(
        ((trailers[key], status) for key, status in _BECAME.items() if key in trailers), ("", Status.PRODUCTION)
    )
    changed = ((trailers.get("Version", ""), became), (trailers.get("Restores", ""), Status.PRODUCTION))
    return trailers.get("Function", ""), ProductionMove(
        commit=commit,
        when=datetime.fromtimestamp(int(seconds), UTC),
        note=message.note,
        by=by,
        became=tuple(pair for pair in changed if pair[0]),
    )
