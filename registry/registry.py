"""The registry as others use it: what is registered, who stands where, and how that changes."""

import difflib
import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from registry import creation
from registry.chronicle import history
from registry.diagnosis import problems
from registry.files import write_export
from registry.index import Index
from registry.layout import (
    EVIDENCE,
    PIPELINE_BRANCH,
    PRODUCTION,
    ROLLBACKS,
    TAGS,
    is_ours,
    require_name,
)
from registry.moves import Moves, Step
from registry.profile import Found, profile_of, types_of
from registry.remote import Remote
from registry.repository import Record, Repository, unknown
from registry.sharing import RemoteStatus, Sharing
from registry.types import Function, HistoryEntry, Listing, Manifest, Rollback, Status, Version

_INDEX_NAME = "kowal-index"


class _Snapshot:
    """The versions read since production last changed: those in production by name, those on trial by commit."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.versions: dict[str, Version] = {}
        self.trials: dict[str, Version] = {}


class Registry:
    """Functions with their versions and evidence, in a git repository.

    Safe to use from several threads and processes at once; open another one after a fork.

    With a `remote` it is a copy: what changes, changes there first, and every step that changes something may raise
    `RemoteUnavailable` or `RemoteRefused`, after which nothing has moved here and repeating it is safe.
    """

    def __init__(self, repository: Repository, cache: Path | None, remote: Remote | None) -> None:
        self.path = repository.folder
        self._repository = repository
        self._sharing = Sharing(self.path, repository.refs, remote) if remote else None
        self._moves = Moves(repository, self._sharing.move if self._sharing else repository.refs.update)
        self._index = Index(_index_path(self.path, cache), repository)
        self._snapshot = _Snapshot("")
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, *, cache: Path | None = None, remote: Remote | None = None) -> Self:
        """The registry at the path, made empty if there is none.

        Idempotent. `cache` names a folder for the index where the registry itself cannot be written.
        Raises `NotARegistry` where the path holds something else, `RegistryNotWritable`.
        """
        return cls(creation.create(path.absolute()), cache, remote)

    @classmethod
    def copy(cls, path: Path, remote: Remote) -> Self | None:
        """A copy of the remote's registry at the path, where nothing is yet; None where the remote is empty.

        Raises `NotARegistry` where it holds something else, `RemoteUnavailable`, `RemoteRefused`,
        `RegistryNotWritable`. What it made until then is no registry.
        """
        copied = creation.copy(path.absolute(), remote)
        return cls(copied, None, remote) if copied else None

    @classmethod
    def open(cls, path: Path, *, cache: Path | None = None, remote: Remote | None = None) -> Self:
        """The registry at the path. Raises `NotARegistry` if there is none. Starts no process."""
        return cls(creation.open_folder(path.absolute()), cache, remote)

    def close(self) -> None:
        """Release files and processes. Idempotent; using the registry afterwards opens them again."""
        self._index.close()
        self._repository.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refresh(self) -> str:
        """Bring a copy up to date that is older than its remote allows; why it may be old, where that failed.

        Nothing without a remote. A remote that is away costs a few seconds once, and is then left alone for a while.
        """
        return self._sharing.refresh() if self._sharing else ""

    def catch_up(self) -> None:
        """Make a copy equal to its remote now; nothing without one. Raises `RemoteUnavailable`, `RemoteRefused`."""
        self._changing()

    def share(self) -> bool:
        """Fill an empty remote from this registry, else take over what it holds; True where it was filled.

        Idempotent. Raises `NotACopy` where the remote holds another registry, `NotARegistry` where it holds none.
        """
        return self._sharing is not None and self._sharing.join(fill=True)

    def remote_status(self) -> RemoteStatus | None:
        """What the remote holds now, compared with the copy; None without a remote."""
        return self._sharing.status() if self._sharing else None

    def add_candidate(self, function: Function, evidence: Mapping[str, Any], *, by: str = "kowal") -> Version:
        """The function as a candidate, with its evidence.

        Idempotent by digest: where these files are registered already, the version they have is returned
        with its own evidence and status. Raises `InvalidFunction` for files or evidence that cannot be kept.
        """
        return self._load(self._changing().add_candidate(function, evidence, by))

    def approve(
        self,
        name: str,
        digest: str | None = None,
        *,
        by: str,
        change: Literal["new", "minor", "major"] = "minor",
        replaces: str = "",
        note: str = "",
    ) -> Version:
        """The version that the candidate became.

        `change="new"` demands that the name is free (`NameTaken`), `replaces` that this version is still in
        production (`Superseded`): what was prepared for another state of the registry is not let in.

        Idempotent by digest. Without one, the function's only candidate is meant; raises `UnknownVersion`
        naming them where there are several.
        """
        moves = self._changing()
        wanted = digest or moves.only_candidate(name).digest
        evidence = self.get(name, wanted).evidence
        step = Step(change=change, replaces=replaces)
        approved = moves.approve(name, wanted, by=by, step=step, note=note, verdict=_verdict(evidence))
        return self._load(approved)

    def canary(self, name: str, version: str | None = None, *, by: str, note: str = "") -> Version:
        """The version, now on trial; the newest approved one where none is named.

        A function has one canary at most: another one on trial becomes approved again. The trial ends when
        any version of the function is promoted or rolled back to. Idempotent. Raises `InvalidTransition` for
        a version in production, for a quarantined one and for a candidate.
        """
        return self._moved(self._changing().canary(name, version, by=by, note=note))

    def promote(self, name: str, version: str | None = None, *, by: str, note: str = "") -> Version:
        """The version, now in production; the newest approved one where none is named.

        Idempotent. Raises `InvalidTransition` for a quarantined version.
        """
        promoted = self._moved(self._changing().promote(name, version, by=by, note=note))
        self._repository.tidy()
        return promoted

    def rollback(self, name: str, version: str, *, by: str, note: str = "") -> Version:
        """The earlier version, in production again. History is kept: it is a new commit. Idempotent."""
        return self._moved(self._changing().rollback(name, version, by=by, note=note))

    def quarantine(self, name: str, *, by: str, reason: str, version: str | None = None) -> Version | None:
        """What is in production once the version is kept from running; None means production's version.

        Where that was the production version, the newest earlier one that had been in production and is
        not quarantined takes its place, if there is one. Idempotent.
        """
        after = self._changing().quarantine(name, version, by=by, reason=reason)
        self._current()
        return self._load(after) if after else None

    def propose_rollback(self, name: str, version: str, *, by: str, note: str = "") -> Rollback | None:
        """The branch that is to bring an earlier version back once somebody merges it; None where that serves already.

        Idempotent while production stays as it is. Raises `InvalidTransition` for a quarantined version.
        """
        commit = self._changing().propose_rollback(name, version, by=by, note=note)
        return next((each for each in self.rollbacks() if each.commit == commit), None)

    def rollbacks(self) -> Sequence[Rollback]:
        """The branches that are to bring earlier versions back, by name."""
        found = self._repository.refs.under(ROLLBACKS).items()
        named = ((ref.removeprefix(ROLLBACKS).split("/"), commit) for ref, commit in found if is_ours(ref))
        return [Rollback(name=name, version=version, commit=commit) for (name, version), commit in named]

    def forget_rollback(self, rollback: Rollback) -> None:
        """Remove the branch, where it is still the same. Idempotent."""
        self._changing().forget_rollback(rollback.name, rollback.version, rollback.commit)

    def add_pipeline(self, text: str) -> str:
        """The commit of the branch that is to bring the pipeline's file onto a protected `main`; empty without one.

        Where `main` and `production` take pushes, they have the file by then. One that is there is left as it is.
        """
        self._changing().add_pipeline(text)
        return self._repository.refs.read(PIPELINE_BRANCH) or ""

    def candidates(self) -> Sequence[Version]:
        """Every candidate, by name: those on branches, and those that were merged into `main` and have no tag yet."""
        names = self._repository.proposed()
        return [self._load(record) for name in names for record in self._repository.candidates(name)]

    def is_merged(self, version: Version) -> bool:
        """Whether a candidate has come onto `main`, so that all it needs is its tag."""
        return any(record.digest == version.digest for record in self._repository.landed(version.name))

    def tree_at(self, name: str, commit: str) -> str:
        """The id of the function's folder in a commit; empty where there is none, or no such commit."""
        return self._repository.tree_at(name, commit) or ""

    def get(self, name: str, version: str | None = None) -> Version:
        """The version of that number, or the version or candidate of that digest or of its first twelve digits.

        Without either: production's, else the canary, else the newest approved, else a candidate, else a
        quarantined one. Raises `UnknownFunction` and `UnknownVersion`.
        """
        if version:
            return self._load(self._repository.named(name, version))
        return self.find(require_name(name)) or self._load(self._best(name))

    def newest(self, name: str) -> Version:
        """The newest approved version that is not quarantined: what `promote` takes where no number is given.

        Raises `UnknownFunction` and `UnknownVersion`.
        """
        return self._load(self._moves.newest_approved(require_name(name)))

    def find(self, name: str) -> Version | None:
        """The function's production version, or None. Microseconds once it was asked for."""
        snapshot = self._current()
        found = snapshot.versions.get(name)
        if found is None:
            found = self._index.find(name)
            if found is not None:
                snapshot.versions[name] = found
        return found

    def on_trial(self, name: str) -> Version | None:
        """The function's canary, or None. Microseconds where it has none."""
        record = self._repository.on_trial(name)
        return self._tried(record) if record else None

    def canaries(self) -> Sequence[Version]:
        """Every version on trial, by name. Microseconds where there is none."""
        return [self._tried(record) for record in self._repository.trials()]

    def production(self) -> Sequence[Version]:
        """Every version in production, by name."""
        return self._index.production()

    def size(self) -> int:
        """How many functions are in production."""
        return self._index.size()

    def list(self) -> Sequence[Listing]:
        """One line a function, at its best status, and one a candidate; by name."""
        serving = self._index.listings()
        names = {listing.name for listing in serving}
        refs = self._repository.refs
        others = sorted({ref.split("/")[2] for ref in refs.under(TAGS)} - names)
        approved = [_listing(self._load(self._best(name))) for name in others]
        waiting = map(_listing, self.candidates())
        return sorted([*serving, *approved, *waiting], key=lambda listing: listing.name)

    def history(self, name: str) -> Sequence[HistoryEntry]:
        """What happened to the function, oldest first. Raises `UnknownFunction`."""
        return history(self._repository, name)

    def diff(self, name: str, old: str, new: str) -> str:
        """A unified diff of the files of two versions, evidence left out; empty where they are equal."""
        before = self._repository.files(self._repository.named(name, old).tree)
        after = self._repository.files(self._repository.named(name, new).tree)
        files = sorted((before.keys() | after.keys()) - {EVIDENCE})
        return "".join(_diff(file, before.get(file, b""), after.get(file, b""), (old, new)) for file in files)

    def export(self, name: str, folder: Path, version: str | None = None) -> Path:
        """The folder `folder/NAME` with the function's files in it, replaced if they were there."""
        record = self._repository.named(name, version or self.get(name).version or self._best(name).digest)
        return write_export(self._repository.files(record.tree), folder / name)

    def reindex(self) -> int:
        """The number of functions in production, once the index was made anew from git alone."""
        return self._index.rebuild()

    def search(self, terms: Sequence[str], limit: int, parameters: Sequence[str] = ()) -> Found:
        """The production functions that share terms with these, best first, then others that have all parameters.

        Either kind up to `limit`. The terms are as `registry.terms` gives them; none is read as syntax.
        """
        return self._index.search(terms, limit, parameters)

    def alike(self, manifest: Manifest, limit: int) -> Sequence[str]:
        """The names of other production functions that take and give the same types, as many as `limit`.

        Those that share words with this one come first. How parameters are called and ordered does not matter. There
        are none for a function that asks its host for something or needs packages.
        """
        types = types_of(manifest)
        if not types:
            return []
        spoken = list(dict.fromkeys(profile_of(manifest).searched.split()))
        found = self._index.alike(types, spoken, limit + 1)
        return [name for name in found if name != manifest.name][:limit]

    def manifests(self) -> Sequence[Manifest]:
        """The manifests of production, by name, as the index has them: to choose by, not to run by."""
        return self._index.manifests()

    def fingerprint(self) -> str:
        """A text that changes whenever production does, and when a trial begins. Microseconds."""
        return self._repository.tip(PRODUCTION)

    def check(self) -> Sequence[str]:
        """What is wrong, in sentences; nothing where the registry is sound. Reads all of production."""
        return [*problems(self._repository, self._index.trees()), *self._index.problems()]

    def _changing(self) -> Moves:
        """What changes the registry, once a copy knows what the remote says now."""
        if self._sharing:
            self._sharing.catch_up()
        return self._moves

    def _current(self) -> _Snapshot:
        fingerprint = self.fingerprint()
        with self._lock:
            if self._snapshot.fingerprint != fingerprint:
                self._index.catch_up()
                self._snapshot = _Snapshot(fingerprint)
            return self._snapshot

    def _moved(self, record: Record) -> Version:
        self._current()
        return self._load(record)

    def _load(self, record: Record) -> Version:
        return self._repository.load(record, self._repository.status(record))

    def _tried(self, record: Record) -> Version:
        trials = self._current().trials
        found = trials.get(record.commit)
        if found is None:
            found = trials[record.commit] = self._repository.load(record, Status.CANARY)
        return found

    def _best(self, name: str) -> Record:
        releases, barred = self._repository.releases(name), self._repository.quarantined(name)
        usable = [record for record in releases if record.version not in barred]
        canary = self._repository.on_trial(name)
        ranked = [*releases[-1:], *self._repository.candidates(name)[-1:], *usable[-1:], *([canary] if canary else [])]
        if not ranked:
            raise unknown(name)
        return ranked[-1]


def _index_path(folder: Path, cache: Path | None) -> Path:
    if cache is None:
        return folder / f"{_INDEX_NAME}.sqlite"
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return cache / f"{_INDEX_NAME}-{mark}.sqlite"


def _listing(version: Version) -> Listing:
    return Listing(
        name=version.name,
        version=version.version,
        status=version.status,
        description=version.function.manifest.description,
        commit=version.commit,
    )


def _verdict(evidence: Mapping[str, Any]) -> str:
    """The verdict in a line, where the evidence has one."""
    verdict = evidence.get("verdict", evidence)
    summary = verdict.get("summary", "") if isinstance(verdict, Mapping) else verdict
    return summary if isinstance(summary, str) else ""


def _diff(file: str, old: bytes, new: bytes, versions: tuple[str, str]) -> str:
    before, after = (data.decode(errors="replace").splitlines(keepends=True) for data in (old, new))
    names = (f"{versions[0]}/{file}", f"{versions[1]}/{file}")
    lines = difflib.unified_diff(before, after, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
