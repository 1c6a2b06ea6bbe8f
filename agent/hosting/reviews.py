"""Candidates and rollbacks as merge requests: opened once, and what follows from the end that people give them.

The host says who merged or closed, git what is merged. A process that is killed anywhere leaves what the next round
finds and goes on with; two at once make one merge request and one promotion.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from agent.errors import ChannelError, KowalError
from agent.hosting.drafts import TARGETS, Draft, Drafts
from agent.hosting.host import CodeHost, Review, ReviewSeen
from agent.hosting.settings import HostSettings
from agent.permission import Deed
from agent.promoter import change_between, note_of
from agent.talking.channel import Letter, Person
from agent.talking.listening import Round
from agent.talking.marking import prose, span
from agent.talking.outbox import key_of
from agent.talking.phrases import Language, say
from agent.talking.reporter import passes
from agent.talking.rights import Spoken
from agent.workflow.people import People
from registry import (
    AuditEntry,
    Registry,
    RegistryError,
    RemoteRefused,
    Status,
    UnknownFunction,
    UnknownVersion,
    Version,
)
from registry.operations import keep_audit
from registry.reviews import OVER, ReviewEnd, ReviewRecord, ReviewRecords, move_with

PROPOSE_S = 2.0
"""Seconds between two looks for what has no merge request yet: it costs no request where there is nothing."""
LOOK_S = 60.0
"""Seconds between two looks at merge requests of which nobody told."""
SETTLE_S = 2.0
"""Seconds for which a candidate is left alone: one that needs nobody is let in by then."""


@dataclass(kw_only=True)
class Reviews:
    """The merge requests of one registry. Used by one thread."""

    host: CodeHost
    people: People
    drafts: Drafts
    settings: HostSettings
    wait: timedelta
    """How long a merge request is open."""
    settle_s: float = SETTLE_S
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _room: str = ""
    _seen_at: dict[str, float] = field(default_factory=dict)
    """When a draft was met first, by branch and commit."""
    _passed_over: set[str] = field(default_factory=set)
    """Merged by hand, without a merge request: nobody's word is known."""
    _said: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, host: CodeHost, people: People, settings: HostSettings, wait: timedelta) -> Self:
        """Those of the registry that people sign in, at the project that the settings name."""
        signing, pipeline = people.signing, settings.registry_pipeline
        drafts = Drafts(
            registry=signing.registry,
            operations=people.operations,
            signing=signing,
            language=settings.language,
            has_pipeline=pipeline,
        )
        return cls(host=host, people=people, drafts=drafts, settings=settings, wait=wait)

    @property
    def rounds(self) -> Sequence[Round]:
        """What is to be done again and again."""
        return Round(every_s=PROPOSE_S, work=self.propose), Round(every_s=LOOK_S, work=self.look)

    @property
    def registry(self) -> Registry:
        """Where the candidates are."""
        return self.people.signing.registry

    @property
    def records(self) -> ReviewRecords:
        """What is kept of merge requests."""
        return self.people.operations.reviews

    @property
    def room(self) -> str:
        """The registry's project. Raises `ChannelRefused` where we see none of that name."""
        self._room = self._room or self.host.room_of(self.settings.registry_project)
        return self._room

    def seen(self, seen: ReviewSeen) -> None:
        """Look at once at what something happened to."""
        if seen.room != self.room:
            return
        of = self.records.numbered(self.host.name, seen.number) if seen.number else self._under_way()
        self._settle_all(of)
        self.propose()

    def look(self) -> None:
        """Look at all that is under way: something may have happened of which nobody told."""
        self._passed_over.clear()
        self._settle_all(self._under_way())

    def propose(self) -> None:
        """Have each candidate and each rollback have its merge request."""
        self.registry.refresh()
        known = self.records.known(self.host.name)
        self._each(draft for draft in self.drafts.wanted(known) if self._is_due(draft))

    def _each(self, drafts: Iterator[Draft]) -> None:
        """Open them; one that the host will not have holds up no other, and is told of."""
        failed = list[Exception]()
        for draft in drafts:
            try:
                self._open(draft)
            except (KowalError, RegistryError) as error:
                if passes(error):
                    raise
                failed.append(error)
        if failed:
            raise failed[0]

    def _is_due(self, draft: Draft) -> bool:
        """Whether it was there long enough; one that is merged has been decided about already."""
        if draft.key in self._passed_over:
            return False
        first = self._seen_at.setdefault(draft.key, time.monotonic())
        return draft.is_merged or time.monotonic() - first >= self.settle_s

    def _open(self, draft: Draft) -> None:
        """The merge request of that branch, found or made, and kept."""
        now = self.now()
        page = self.drafts.page(draft, who=self._who, days=max(1, self.wait.days))
        found = next((each for each in self.host.reviews(self.room, draft.source) if draft.is_of(each)), None)
        if found is None and draft.is_merged:
            self._passed_over.add(draft.key)
            return
        review = found or self.host.propose(page.proposal(self.room, draft))
        if review.state == "open" and (review.title, review.text) != (page.title, page.text):
            self.host.rewrite_review(review, title=page.title, text=page.text)
        self.records.add(draft.record(self.host.name, review, now, now + self.wait))
        self._settle_all([each for each in self._under_way() if each.source == draft.source and review.state != "open"])

    def _under_way(self) -> Sequence[ReviewRecord]:
        return self.records.under_way(self.host.name)

    @property
    def _who(self) -> str:
        return self.settings.approve.as_rule().shown

    def _settle_all(self, records: Sequence[ReviewRecord]) -> None:
        """Act on how they stand. They are asked for first: what is merged by then is in the copy afterwards."""
        if not records:
            return
        standing = [(record, self.host.review(record.room, record.number)) for record in records]
        self.registry.catch_up()
        for record, review in standing:
            try:
                self._settle(record, review)
            except (KowalError, RegistryError) as error:
                if not isinstance(error, RemoteRefused) and (isinstance(error, ChannelError) or passes(error)):
                    raise
                self._held_up(record, error)

    def _settle(self, record: ReviewRecord, review: Review) -> None:
        if record.state in OVER:
            return
        match review.state:
            case "open":
                self._still_open(record, review)
            case "closed":
                self._closed(record, review.decided_by)
            case "merged":
                self._merged(record, review)

    def _still_open(self, record: ReviewRecord, review: Review) -> None:
        """Say what has become of it meanwhile, and close it where nobody needs it any more."""
        if record.state != "open":  # somebody opened it again
            self._move(record, "open", "")
            return
        status = self._decided_elsewhere(record)
        if status:
            self._tell(record, say("review_overtaken", self._language, status=status))
            self._end(record, review, "settled")
        elif record.expires_at <= self.now():
            self._tell(record, say("review_expired", self._language))
            self._end(record, review, "expired")
        elif not self._is_as_proposed(record, review.commit):
            self._tell(record, self._changed(record))

    def _decided_elsewhere(self, record: ReviewRecord) -> str:
        """How the version stands, where it is no candidate any more, or serves again; empty where it still waits."""
        if record.kind == "pipeline":
            return ""
        with suppress(UnknownFunction, UnknownVersion):
            found = self.registry.get(record.function, record.version or record.digest)
            waits = Status.PRODUCTION if record.kind == "rollback" else Status.TESTING
            if (found.status is waits) is (record.kind == "rollback"):
                return found.status.value
        return ""

    def _end(self, record: ReviewRecord, review: Review, state: ReviewEnd) -> None:
        self.host.close_review(review)
        self._move(record, state, "")
        self._forget_branch(record)

    def _closed(self, record: ReviewRecord, person: Person | None) -> None:
        """Nobody wants it: who waited for it is told so. The branch of a candidate stays."""
        if record.state != "open":
            return
        if person and person.id == self.host.us.id:  # we did, and died before we kept that
            self._move(record, "expired" if record.expires_at <= self.now() else "settled", "")
            return
        by = person.actor_in(self.host.name) if person else self.host.name
        self.people.under(Spoken(approvers=(by,))).refused(record.function, record.digest, by=by, reason=record.url)
        self._forget_branch(record)
        self._finish(record, "denied", by, Deed.REJECT)

    def _merged(self, record: ReviewRecord, review: Review) -> None:
        """Have happen what follows, where whoever merged it may sign and it is what was proposed."""
        if record.kind == "pipeline":
            self._move(record, "done", "")
            return
        if record.state == "signed":
            self._follow(record, record.decided_by)
            return
        person, by = review.decided_by, review.decided_by.actor_in(self.host.name) if review.decided_by else "–"
        if person is None or not self.settings.approve.as_rule().allows(person, self.room, self.host.roles):
            key = "review_back_not_permitted" if record.kind == "rollback" else "review_not_permitted"
            facts = {"by": span(by), "who": self._who or "–", "name": record.function, "digest": record.digest}
            self._tell(record, say(key, self._language, **facts))
            self._finish(record, "refused", by, Deed.REJECT)
        elif not self._came_in(record, review):
            self._tell(record, self._changed(record))
            self._finish(record, "refused", by, Deed.REJECT)
        else:
            self._move(record, "signed", by)
            self._follow(record, by)

    def _came_in(self, record: ReviewRecord, review: Review) -> bool:
        """Whether what was merged is what was proposed, into the branch for which it was, and is there still."""
        if review.target != TARGETS[record.kind]:
            return False
        if not self._is_as_proposed(record, review.merge_commit or review.commit):
            return False
        if record.kind == "rollback":
            return True
        with suppress(UnknownFunction, UnknownVersion):
            found = self.registry.get(record.function, record.digest)
            return found.status is not Status.TESTING or self.registry.is_merged(found)
        return False

    def _is_as_proposed(self, record: ReviewRecord, commit: str) -> bool:
        """Whether the function's folder in that commit is what was proposed; so long as it is, a rebase is welcome."""
        return record.kind == "pipeline" or self.registry.tree_at(record.function, commit) == record.tree

    def _follow(self, record: ReviewRecord, by: str) -> None:
        """Do all that a signature brings: each step once, however often this begins."""
        found = self.registry.get(record.function, record.version or record.digest)
        if record.kind == "candidate":
            found = self._promoted(found, by)
            self.people.approved(found, by=by)
        self._forget_branch(record)
        key = key_of("review", record.host, record.source, record.commit)
        self.people.have_callers_follow(record.function, by=by, via=self.host.name, key=key)
        facts = {"name": found.name, "version": found.version, "by": span(by)}
        self._tell(record, say("review_done", self._language, **facts))
        self._finish(record, "done", by, Deed.APPROVE, found.version)

    def _promoted(self, found: Version, by: str) -> Version:
        """The candidate as a version in production; one that was there before is left where it is now."""
        name = found.name
        if found.status is Status.TESTING:
            before = self.registry.find(name)
            change = change_between(before.function, found.function) if before else "minor"
            note = note_of(found.evidence)
            found = self.registry.approve(name, found.digest, by=by, change=change, note=note)
        served = (found.version, Status.PRODUCTION)
        if any((row.version, row.status) == served for row in self.registry.history(name)):
            return found
        signing = self.people.under(Spoken(approvers=(by,))).signing
        return signing.promote(name, found.version, by=by, signed=True)

    def _forget_branch(self, record: ReviewRecord) -> None:
        for rollback in self.registry.rollbacks():
            if record.kind == "rollback" and rollback.branch == record.source:
                self.registry.forget_rollback(rollback)

    def _held_up(self, record: ReviewRecord, error: Exception) -> None:
        """Say, once, why what was merged is not in force yet; it is tried again."""
        current = self.records.numbered(self.host.name, record.number)
        by = next((each.decided_by for each in current if each.source == record.source), "")
        why = prose(f"{error} {getattr(error, 'advice', '')}", 800)
        self._tell(record, say("review_held_up", self._language, by=span(by or "–"), why=why))

    def _changed(self, record: ReviewRecord) -> str:
        return say("review_changed", self._language, digest=span(record.digest))

    @property
    def _language(self) -> Language:
        return self.settings.language

    def _tell(self, record: ReviewRecord, text: str) -> None:
        """Say it in the merge request, once."""
        key = key_of("review", record.host, record.source, record.commit, text)
        if key not in self._said:
            thread = f"merge_requests/{record.number}"
            self.host.say(Letter(key=key, room=record.room, thread=thread, text=text))
            self._said.add(key)

    def _move(self, record: ReviewRecord, state: ReviewEnd, by: str) -> None:
        self.records.move(record, state, by=by, at=self.now())

    def _finish(self, record: ReviewRecord, state: ReviewEnd, by: str, deed: Deed, version: str = "") -> None:
        """Keep the end, and in the audit who gave it: once, whoever else is at it."""
        of = {each.source: each for each in self.records.numbered(self.host.name, record.number)}[record.source]
        kind = "rollback" if record.kind == "rollback" else "promote"
        entry = AuditEntry(
            at=self.now(),
            actor=by,
            action=f"{kind}.{deed}",
            function=record.function,
            version=version or record.version,
            digest=record.digest,
            run="",
            subject=f"{record.function} {version or record.version or record.digest[:12]}",
            outcome="refused" if state == "refused" else "allowed",
            facts={"via": self.host.name, "review": record.url},
        )
        with self.records.writing() as connection:
            if of.state not in (*OVER, state) and move_with(connection, of, state, by=by, at=self.now()):
                keep_audit(connection, entry)
