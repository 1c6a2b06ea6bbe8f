"""A registry shared through a git remote: taken over from there, and changed there first, by compare-and-swap."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import time

from registry.commands import Ended, GitCommand, connected
from registry.errors import Conflict, NotACopy, NotARegistry, RegistryError
from registry.freshness import Freshness, freshness, note, turn
from registry.layout import CANDIDATES, MAIN, PRODUCTION, ROLLBACKS, TAGS, is_ours
from registry.refs import Refs, RefUpdate
from registry.remote import CONNECT_LIMIT_S, NAME, Remote, in_the_way

_LIST_LIMIT_S = 5.0
"""A remote that does not say within this what it holds is away."""
_TRANSFER_LIMIT_S = 60.0
_PUSH_LIMIT_S = 60.0
_WHOLE_LIMIT_S = 900.0
"""For all of a registry, once."""
_TURN_LIMIT_S = 2 * _PUSH_LIMIT_S
_AGAIN_AFTER_S = 30.0
"""A remote that could not be used is left alone so long by those who can go on without it."""
_ATTEMPTS = 10

_LISTED = re.compile(r"^([0-9a-f]+)\t(\S+)$", re.MULTILINE)
_ALL = (MAIN, PRODUCTION, f"{CANDIDATES}*", f"{ROLLBACKS}*", f"{TAGS}*", "refs/kowal/*")
_KEPT = "Nothing has changed in this copy, and repeating is safe."
_ARRIVED = "The remote has the change; this copy takes it over the next time it is brought up to date."


@dataclass(frozen=True, kw_only=True)
class RemoteStatus:
    """What a look at the remote showed."""

    place: str
    """Without credentials."""
    reason: str
    """Why it cannot be used; empty where it can."""
    advice: str
    behind: int
    """How many refs differ in the copy."""
    fetched_at: datetime | None
    """When the copy was last equal to it (UTC); None where it never was."""


class Sharing:
    """Keeps one repository a mirror of its remote. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, refs: Refs, remote: Remote) -> None:
        self._folder = folder
        self._refs = refs
        self._remote = remote
        surroundings = connected(folder, remote.configuration, CONNECT_LIMIT_S)
        self._command = GitCommand(folder, {**surroundings, **remote.credentials})

    def refresh(self) -> str:
        """Bring a copy up to date that is older than the remote allows; why it may be old, where that could not be.

        Never raises for the remote's sake, and does not ask it again for a while after it could not be used.
        """
        if not self._is_settled():
            try:
                with self._exchange(_LIST_LIMIT_S):
                    if not self._is_settled():  # whoever had the turn before may have done it
                        self._brought_up_to_date()
            except RegistryError as error:
                return str(error)
        known = self._known()
        return known.reason if known.has_failed_within(_AGAIN_AFTER_S) else ""

    def catch_up(self) -> None:
        """Make the copy equal to the remote now. Raises `RemoteUnavailable`, `RemoteRefused`, `NotACopy`."""
        with self._exchange(_TURN_LIMIT_S):
            self._brought_up_to_date()

    def join(self, *, fill: bool) -> bool:
        """Take over what the remote holds; True where it holds nothing, and with `fill` is filled from here.

        Raises `NotARegistry` where it holds something else, and what `catch_up` raises.
        """
        with self._exchange(_TURN_LIMIT_S):
            is_empty = not self._listed()
            if is_empty and fill:
                self._fill()
            if fill or not is_empty:
                self._brought_up_to_date()
            return is_empty

    def move(self, updates: Sequence[RefUpdate]) -> None:
        """Move all the refs, or none of them: at the remote, then here.

        Raises `Conflict` where a ref is not at its `old` value any more, and what is there now has been taken over;
        `RemoteUnavailable`, `RemoteRefused` where nothing has moved here. Killed in between, the copy is merely old.
        """
        with self._exchange(_TURN_LIMIT_S):
            if any(self._refs.read(update.ref) != update.old for update in updates):
                raise Conflict
            self._push(updates)
            try:
                self._refs.update(updates)
            except RegistryError as error:
                error.kept = _ARRIVED
                raise

    def status(self) -> RemoteStatus:
        """What the remote holds now, compared with the copy; nothing is changed."""
        reason, advice, behind, known = "", "", 0, self._known()
        try:
            behind = len(self._differences(_registry_in(self._listed(), self._remote)))
        except RegistryError as error:
            reason, advice = str(error), error.advice
        when = datetime.fromtimestamp(known.fetched_at, UTC) if known.fetched_at else None
        return RemoteStatus(place=self._remote.shown, reason=reason, advice=advice, behind=behind, fetched_at=when)

    def _known(self) -> Freshness:
        return freshness(self._folder, self._remote.shown)

    def _is_settled(self) -> bool:
        known = self._known()
        return known.has_failed_within(_AGAIN_AFTER_S) or known.is_fresh(self._remote.max_age_s)

    @contextmanager
    def _exchange(self, limit_s: float) -> Iterator[None]:
        """Within, this copy exchanges something with the remote, and nobody else does for it."""
        with turn(self._folder, limit_s):
            try:
                yield
            except RegistryError as error:
                error.kept = error.kept or _KEPT
                raise

    def _brought_up_to_date(self) -> Mapping[str, str]:
        """What the remote holds, once the copy is equal to it; where that fails, that is noted."""
        try:
            return self._take_over(self._listed())
        except RegistryError as error:
            failed = replace(self._known(), place=self._remote.shown, failed_at=time(), reason=str(error))
            note(self._folder, failed)
            raise

    def _listed(self) -> dict[str, str]:
        """Every ref of the remote, with its object."""
        ended = self._command.ended("ls-remote", "--refs", NAME, limit_s=_LIST_LIMIT_S)
        if ended.code:
            raise self._remote.unanswered(ended)
        return {ref: oid for oid, ref in _LISTED.findall(ended.out)}

    def _take_over(self, listed: Mapping[str, str], attempts: int = _ATTEMPTS) -> Mapping[str, str]:
        """Make the copy equal to the remote; what the remote holds. Raises `NotACopy` rather than lose something."""
        theirs, known = _registry_in(listed, self._remote), self._known()
        seen = hashlib.sha256(repr(sorted(theirs.items())).encode()).hexdigest()
        if known.seen != seen:
            try:
                self._follow(self._differences(theirs), known)
            except RegistryError:
                again = self._listed()
                if again == listed or not attempts:
                    raise
                return self._take_over(again, attempts - 1)  # it moved meanwhile: what was listed may be gone
        note(self._folder, Freshness(place=self._remote.shown, seen=seen, fetched_at=time()))
        return theirs

    def _follow(self, updates: Sequence[RefUpdate], known: Freshness) -> None:
        if updates:
            limit_s = _TRANSFER_LIMIT_S if known.seen else _WHOLE_LIMIT_S
            self._download([update.ref for update in updates if update.new], limit_s)
            self._require_copy(updates, joined=bool(known.seen))
            self._refs.update(updates)

    def _differences(self, theirs: Mapping[str, str]) -> list[RefUpdate]:
        """What makes the copy equal, in an order in which no reader sees production before what vouches for it."""
        mine = {ref: oid for ref, oid in self._refs.under("refs/").items() if is_ours(ref)}
        updates = [
            RefUpdate(ref=ref, old=mine.get(ref), new=theirs.get(ref))
            for ref in sorted(
                mine.keys() | theirs.keys(), key=lambda ref: (ref == PRODUCTION, not ref.startswith(TAGS))
            )
            if mine.get(ref) != theirs.get(ref)
        ]
        return [*(each for each in updates if each.new), *(each for each in updates if not each.new)]

    def _download(self, refs: Sequence[str], limit_s: float) -> None:
        """Fetch the objects of these refs of the remote; no ref moves here by it."""
        if not refs:
            return
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
        wanted = "".join(f"{ref}\n" for ref in refs).encode()
        ended = self._command.ended("fetch", *options, "--stdin", NAME, stdin=wanted, limit_s=limit_s)
        if ended.code:
            raise self._remote.unanswered(ended)

    def _require_copy(self, updates: Sequence[RefUpdate], *, joined: bool) -> None:
        """Raise `NotACopy` where this registry has what the remote never had, or has no more."""
        for update in updates:
            if update.ref in (MAIN, PRODUCTION) and update.old and update.new:
                ended = self._command.ended("merge-base", "--is-ancestor", update.old, update.new)
                lost = ended.code != 0
            else:
                lost = not joined and update.new is None
            if lost:
                raise NotACopy(
                    f"The registry {self._folder} is no copy of {self._remote.shown}: its {update.ref} is not there."
                )

    def _push(self, updates: Sequence[RefUpdate]) -> None:
        leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
        wanted = [f"{update.new or ''}:{update.ref}" for update in updates]
        ended = self._pushed(*leases, NAME, *wanted, limit_s=_PUSH_LIMIT_S)
        if not ended.code:
            return
        theirs = self._brought_up_to_date()
        # It moved; or the change did arrive, and only the word of it was lost: whoever repeats finds it.
        if in_the_way(ended) or any(theirs.get(update.ref) != update.old for update in updates):
            raise Conflict
        raise self._remote.refused(ended)

    def _fill(self) -> None:
        ended = self._pushed(NAME, *(f"{refs}:{refs}" for refs in _ALL), limit_s=_WHOLE_LIMIT_S)
        if ended.code and not self._listed():
            raise self._remote.refused(ended)

    def _pushed(self, *arguments: str, limit_s: float) -> Ended:
        options = ("--porcelain", "--atomic", "--no-verify", "--no-signed", "--no-follow-tags", "--no-progress")
        return self._command.ended("push", *options, *arguments, limit_s=limit_s)


def _registry_in(listed: Mapping[str, str], remote: Remote) -> dict[str, str]:
    """The refs of the registry among all that are listed. Raises `NotARegistry` where there is none."""
    if MAIN not in listed or PRODUCTION not in listed:
        what = "something else" if listed else "no registry yet"
        raise NotARegistry(
            f"The remote {remote.shown} holds {what}.",
            advice="`kowal init` fills an empty remote; name one with KOWAL_REGISTRY_REMOTE.",
        )
    return {ref: oid for ref, oid in listed.items() if is_ours(ref)}
