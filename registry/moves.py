"""Everything that changes a registry: candidates come in, and versions move from status to status."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.errors import (
    BranchProtected,
    Conflict,
    InvalidTransition,
    NameTaken,
    RegistryError,
    Superseded,
    UnknownVersion,
)
from registry.files import files_of
from registry.layout import (
    MAIN,
    PIPELINE,
    PIPELINE_BRANCH,
    PRODUCTION,
    TAGS,
    Change,
    canary_ref,
    candidate_ref,
    folder_of,
    is_version,
    next_version,
    quarantine_ref,
    rollback_ref,
    tag_ref,
    version_key,
)
from registry.messages import compose, inert, one_line
from registry.objects import FILE, TREE, Entry
from registry.refs import RefUpdate
from registry.repository import Record, Repository, unknown
from registry.types import ALLOWED_TRANSITIONS, Function, Status

_ATTEMPTS = 60
_LONGEST_PAUSE_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Move:
    """One version's step from a status to another."""

    version: str
    old: Status
    new: Status


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a candidate follows what is there."""

    change: Change = "minor"
    """`new` demands that the name is free."""
    replaces: str = ""
    """The version that must still be in production; empty where that does not matter."""


class Moves:
    """Changes one repository: from what the refs say, and once more where they moved meanwhile.

    `move` moves all refs or none, and raises `Conflict` where one is not at its old value any more.
    """

    def __init__(self, repository: Repository, move: Callable[[Sequence[RefUpdate]], None]) -> None:
        self._repository = repository
        self._move = move
        self._objects = repository.objects
        self._random = random.SystemRandom()

    def add_candidate(self, function: Function, evidence: Mapping[str, Any], by: str) -> Record:
        """The candidate, or the version or candidate of that digest that was there before."""
        files = files_of(function, evidence)
        return self._settled(lambda: self._add_once(function, files, by))

    def approve(self, name: str, digest: str, *, by: str, step: Step, note: str, verdict: str) -> Record:
        """The version that the candidate became, or the one of that digest that was there before."""
        return self._settled(lambda: self._approve_once(name, digest, by, step, note, verdict))

    def canary(self, name: str, version: str | None, *, by: str, note: str) -> Record:
        """The version, now on trial; the newest approved one for None."""
        return self._settled(lambda: self._try_once(name, version, by, note))

    def promote(self, name: str, version: str | None, *, by: str, note: str) -> Record:
        """The version, now in production; the newest approved one for None."""
        return self._settled(lambda: self._produce_once(name, version, "Promote", {"Promoted-by": _person(by)}, note))

    def rollback(self, name: str, version: str, *, by: str, note: str) -> Record:
        """The earlier version, in production again by a new commit."""
        return self._settled(
            lambda: self._produce_once(name, version, "Roll back to", {"Rolled-back-by": _person(by)}, note)
        )

    def propose_rollback(self, name: str, version: str, *, by: str, note: str) -> str:
        """The commit on the branch that is to bring the earlier version back, or production's where that serves."""
        return self._settled(lambda: self._propose_rollback_once(name, version, by, note))

    def forget_rollback(self, name: str, version: str, commit: str) -> None:
        """Remove the branch, where it still is at that commit."""
        ref = rollback_ref(name, version)
        if self._repository.refs.read(ref) == commit:
            self._settled(lambda: self._remove(ref))

    def add_pipeline(self, text: str) -> None:
        """Have `main` and `production` hold the pipeline's file, where they have none; see `Registry.add_pipeline`."""
        for branch in (MAIN, PRODUCTION):
            self._settled(lambda branch=branch: self._add_pipeline_once(branch, text))  # type: ignore[misc]

    def quarantine(self, name: str, version: str | None, *, by: str, reason: str) -> Record | None:
        """What is in production once the version (for None: production's) is kept from running."""
        # Settled once: the version that takes its place is not meant, should a first attempt have gone unseen.
        wanted = version or self._serving(name).version
        return self._settled(lambda: self._quarantine_once(name, wanted, by, reason))

    def only_candidate(self, name: str) -> Record:
        """The function's candidate. Raises `UnknownVersion` where there is none or more than one."""
        found = self._repository.candidates(name)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(candidate.digest for candidate in found)
            raise UnknownVersion(f"{name} has {len(found)} candidates: {listed}.", advice="Name one by its digest.")
        if not self._repository.known(name):
            raise unknown(name)
        raise UnknownVersion(f"{name} has no candidate that waits for approval.")

    def _add_once(self, function: Function, files: Mapping[str, bytes], by: str) -> Record:
        name, digest = function.name, function.digest
        known = [*self._repository.releases(name), *self._repository.candidates(name)]
        for record in known:
            if record.digest == digest:
                return record
        blobs = {file: Entry(FILE, self._objects.write("blob", data)) for file, data in files.items()}
        trailers = {"Function": name, "Digest": digest, "Proposed-by": _person(by)}
        message = compose(f"Propose {name}", inert(function.manifest.description), trailers)
        commit = self._commit(self._repository.tip(MAIN), name, self._objects.write_tree(blobs), message)
        self._move([RefUpdate(ref=candidate_ref(name, digest), old=None, new=commit)])
        return self._repository.candidate(name, commit)

    def _approve_once(self, name: str, digest: str, by: str, step: Step, note: str, verdict: str) -> Record:
        tip, serving = self._repository.tip(MAIN), self._repository.tip(PRODUCTION)
        releases = self._repository.releases(name)
        for release in releases:
            if release.digest == digest:
                self._forget_candidate(name, digest)
                return release
        self._check_step(name, step, releases)
        candidate = self._repository.named(name, digest)
        version = next_version((release.version for release in releases), step.change)
        trailers = {"Function": name, "Version": version, "Digest": digest, "Verdict": verdict}
        trailers |= {"Proposed-by": candidate.by, "Approved-by": _person(by)}
        ref, branch = tag_ref(name, version), candidate_ref(name, digest)
        proposed, updates, commit = self._repository.refs.read(branch), list[RefUpdate](), candidate.commit
        if candidate not in self._repository.landed(name):  # what was merged needs no commit, and no right to push
            commit = self._commit(tip, name, candidate.tree, compose(f"Approve {name} {version}", note, trailers))
            updates.append(RefUpdate(ref=MAIN, old=tip, new=commit))
        tag = self._objects.write_tag(ref.removeprefix(TAGS), commit, compose(f"{name} {version}", note, trailers))
        # In this order: until its tag stands, a version on main counts as the candidate it still is.
        updates.append(RefUpdate(ref=ref, old=None, new=tag))
        if proposed:
            updates.append(RefUpdate(ref=branch, old=proposed, new=None))
        if step.replaces:  # production stays, and must be what the step was checked against
            updates.append(RefUpdate(ref=PRODUCTION, old=serving, new=serving))
        self._transition(name, [Move(version=version, old=Status.TESTING, new=Status.APPROVED)], updates)
        return self._repository.release(name, version, tag)

    def _check_step(self, name: str, step: Step, releases: Sequence[Record]) -> None:
        """Refuse a step that was prepared for a registry that has changed since."""
        if step.change == "new" and releases:
            raise NameTaken(f"A function called {name} was registered meanwhile.")
        current = self._repository.in_production(name)
        if step.replaces and (current is None or current.version != step.replaces):
            now = current.version if current else "none"
            raise Superseded(f"{name} {step.replaces} was to be replaced, but {now} is in production meanwhile.")

    def _try_once(self, name: str, version: str | None, by: str, note: str) -> Record:
        tip = self._repository.tip(PRODUCTION)
        record = self._repository.named(name, version) if version else self.newest_approved(name)
        current = self._repository.on_trial(name)
        if current == record:
            self._forget_ended_trials(name)
            return record
        moves = [Move(version=record.label, old=self._repository.status(record), new=Status.CANARY)]
        if current:
            moves.append(Move(version=current.version, old=Status.CANARY, new=Status.APPROVED))
        trailers = {"Function": name, "Version": record.version, "Tried-by": _person(by)}
        message = compose(f"Try {name} {record.version}", note, trailers)
        # Production keeps its files: the commit is the record of who and why.
        commit = self._objects.write_commit(self._objects.commit(tip).tree, [tip], message)
        self._transition(name, moves, self._trial_updates(tip, commit, record))
        return record

    def _trial_updates(self, tip: str, commit: str, record: Record) -> Iterator[RefUpdate]:
        ref, found = canary_ref(record.name, record.version), self._repository.canary_refs(record.name)
        yield RefUpdate(ref=PRODUCTION, old=tip, new=commit)
        yield RefUpdate(ref=ref, old=found.get(ref), new=record.commit)
        yield from _ended(found, record)

    def _produce_once(self, name: str, version: str | None, verb: str, by: Mapping[str, str], note: str) -> Record:
        tip = self._repository.tip(PRODUCTION)
        record = self._repository.named(name, version) if version else self.newest_approved(name)
        current = self._repository.in_production(name)
        if current == record:
            self._forget_ended_trials(name)
            return record
        moves = [Move(version=record.label, old=self._repository.status(record), new=Status.PRODUCTION)]
        if current:
            moves.append(Move(version=current.version, old=Status.PRODUCTION, new=Status.APPROVED))
        # What a version was tried against is gone: its trial ends, whichever version takes over.
        tried = self._repository.on_trial(name)
        if tried and tried != record:
            moves.append(Move(version=tried.version, old=Status.CANARY, new=Status.APPROVED))
        trailers = {
            "Function": name,
            "Version": record.version,
            "Replaces": current.version if current else "",
        }
        message = compose(f"{verb} {name} {record.version}", note, {**trailers, **by})
        commit = self._commit(tip, name, record.tree, message)
        updates = [RefUpdate(ref=PRODUCTION, old=tip, new=commit), *_ended(self._repository.canary_refs(name), None)]
        self._transition(name, moves, updates)
        return record

    def _propose_rollback_once(self, name: str, version: str, by: str, note: str) -> str:
        tip, ref = self._repository.tip(PRODUCTION), rollback_ref(name, version)
        record, current = self._repository.named(name, version), self._repository.in_production(name)
        if current == record:
            return tip
        left = self._repository.refs.read(ref)
        if left and self._objects.commit(left).parents == (tip,):
            return left  # asked for before, and nothing has moved since
        trailers = {"Function": name, "Version": record.version, "Replaces": current.version if current else ""}
        message = compose(f"Roll back to {name} {record.version}", note, {**trailers, "Rolled-back-by": _person(by)})
        commit = self._commit(tip, name, record.tree, message)
        move = Move(version=record.label, old=self._repository.status(record), new=Status.PRODUCTION)
        self._transition(name, [move], [RefUpdate(ref=ref, old=left, new=commit)])
        return commit

    def _add_pipeline_once(self, branch: str, text: str) -> None:
        tip = self._repository.tip(branch)
        if self._objects.find(self._objects.commit(tip).tree, [PIPELINE]):
            return
        entry = Entry(FILE, self._objects.write("blob", text.encode()))
        root = self._objects.replaced(self._objects.commit(tip).tree, [PIPELINE], entry)
        message = compose("Have changes be verified before they are merged", "", {})
        commit = self._objects.write_commit(root or self._objects.write_tree({}), [tip], message)
        try:
            self._move([RefUpdate(ref=branch, old=tip, new=commit)])
        except BranchProtected:
            left = self._repository.refs.read(PIPELINE_BRANCH)
            if branch == MAIN and left is None:
                self._move([RefUpdate(ref=PIPELINE_BRANCH, old=None, new=commit)])

    def _remove(self, ref: str) -> None:
        """Remove the ref, where it is."""
        if left := self._repository.refs.read(ref):
            self._move([RefUpdate(ref=ref, old=left, new=None)])

    def _serving(self, name: str) -> Record:
        """What is in production. Raises `UnknownFunction` and `UnknownVersion`."""
        found = self._repository.in_production(name)
        if found is None:
            if not self._repository.known(name):
                raise unknown(name)
            raise UnknownVersion(f"{name} has no version in production.", advice="Name the version to quarantine.")
        return found

    def _quarantine_once(self, name: str, version: str, by: str, reason: str) -> Record | None:
        tip = self._repository.tip(PRODUCTION)
        current = self._repository.in_production(name)
        record = self._repository.named(name, version)
        status = self._repository.status(record)
        if status is Status.QUARANTINED:
            self._forget_ended_trials(name)
            return current
        after = self._fallback(record) if record == current else current
        moves = [Move(version=record.label, old=status, new=Status.QUARANTINED)]
        trailers = {"Function": name, "Version": record.version, "Quarantined-by": _person(by)}
        if after and after != current:
            moves.append(Move(version=after.version, old=self._repository.status(after), new=Status.PRODUCTION))
            trailers["Restores"] = after.version
        message = compose(f"Quarantine {name} {record.version}", reason, trailers)
        # The commit stands also where production keeps its files: it is the record of who and why.
        commit = self._commit(tip, name, after.tree if after else None, message)
        tried = self._repository.on_trial(name)
        updates = [
            RefUpdate(ref=PRODUCTION, old=tip, new=commit),
            RefUpdate(ref=quarantine_ref(name, record.version), old=None, new=record.commit),
            *_ended(self._repository.canary_refs(name), tried if tried not in (record, after) else None),
        ]
        self._transition(name, moves, updates)
        return after

    def _transition(self, name: str, moves: Sequence[Move], updates: Iterable[RefUpdate]) -> None:
        """The one place where a version's status changes: all of it or none of it.

        The updates are asked for once the moves are allowed: a candidate has no refs for some of them.
        """
        for move in moves:
            if (move.old, move.new) not in ALLOWED_TRANSITIONS:
                raise InvalidTransition(
                    f"{name} {move.version} is {move.old} and cannot become {move.new}.",
                    advice=f"`kowal functions history {name}` shows how it came there.",
                )
        self._move(list(updates))

    def newest_approved(self, name: str) -> Record:
        """The newest approved version that is not quarantined. Raises `UnknownFunction` and `UnknownVersion`."""
        barred = self._repository.quarantined(name)
        records = [record for record in self._repository.releases(name) if record.version not in barred]
        if records:
            return records[-1]
        if not self._repository.known(name):
            raise unknown(name)
        raise UnknownVersion(
            f"{name} has no approved version.",
            advice=f"`kowal functions approve {name}` lets its candidate in.",
        )

    def _fallback(self, record: Record) -> Record | None:
        """The newest earlier version that may run and that has been in production before."""
        barred = self._repository.quarantined(record.name)
        changes = [pair for move in self._repository.moves(record.name) for pair in move.became]
        served = {version for version, became in changes if became is Status.PRODUCTION}
        limit = version_key(record.version)
        eligible = {version for version in served - barred if is_version(version) and version_key(version) < limit}
        earlier = [found for found in self._repository.releases(record.name) if found.version in eligible]
        return earlier[-1] if earlier else None

    def _forget_ended_trials(self, name: str) -> None:
        """Remove the refs that an interrupted move left of trials that are over."""
        left = self._repository.canary_refs(name)  # read first: a trial that begins now is not among them
        updates = _ended(left, self._repository.on_trial(name))
        if updates:
            self._move(updates)

    def _forget_candidate(self, name: str, digest: str) -> None:
        """Remove the branch that an interrupted approval, or a late proposal, left beside the version."""
        self._remove(candidate_ref(name, digest))

    def _commit(self, tip: str, name: str, tree: str | None, message: str) -> str:
        """A commit on `tip` in which the function's folder is `tree`, or gone.

        The caller reads `tip` before anything else and moves the ref from it: whatever changed since
        then makes that move fail, so no decision is ever taken on an outdated reading.
        """
        entry = Entry(TREE, tree) if tree else None
        root = self._objects.replaced(self._objects.commit(tip).tree, folder_of(name), entry)
        return self._objects.write_commit(root or self._objects.write_tree({}), [tip], message)

    def _settled[T](self, attempt: Callable[[], T]) -> T:
        """What the attempt gives once no other process is in its way."""
        for number in range(_ATTEMPTS):
            try:
                return attempt()
            except Conflict:
                pause = min(_LONGEST_PAUSE_S, 0.002 * 2 ** min(number, 10))
                time.sleep(self._random.uniform(0, pause))
        raise Conflict(f"Other processes changed the registry each of {_ATTEMPTS} times this one tried.")


def _ended(refs: Mapping[str, str], canary: Record | None) -> list[RefUpdate]:
    """What removes these refs to trials, but for the canary's."""
    kept = canary_ref(canary.name, canary.version) if canary else ""
    return [RefUpdate(ref=ref, old=oid, new=None) for ref, oid in refs.items() if ref != kept]


def _person(by: str) -> str:
    who = one_line(by)
    if not who:
        raise RegistryError("A change of the registry needs the name of who made it.", advice="Give a name.")
    return who
