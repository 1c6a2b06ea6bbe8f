"""What waits in a chat for a signature: asked for once, decided by whoever has the right, bound to a digest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from agent.errors import ChannelError, ChannelRefused, KowalError
from agent.permission import Deed
from agent.talking.channel import Channel, Person, Reacted
from agent.talking.layout import Answer
from agent.talking.marking import span
from agent.talking.outbox import key_of
from agent.talking.phrases import Language, language_named, say
from agent.talking.rights import Rule, Spoken
from agent.workflow.people import People
from agent.workflow.standing import wait_of
from registry import AuditEntry, InvalidTransition, RegistryError, Status, TaskRecord, TaskState, Version
from registry.chats import Chats, KeptLetter, Petition, PetitionState, petition_with, write_with
from registry.operations import keep_audit

Show = Callable[[Petition, Version], Answer]
"""What whoever signs is shown."""
Close = Callable[[Petition, str], str]
"""What is added to it once it is decided: what came of it, in a line."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a petition is put, and in which language."""

    room: str
    thread: str
    language: str


@dataclass(kw_only=True)
class Petitions:
    """The petitions of one channel. Used by one thread.

    Deciding may be begun twice, where the process dies in between: what is in production by then counts as granted.
    """

    chats: Chats
    channel: Channel
    people: People
    rule: Rule
    """Who may sign."""
    approvals_room: str
    wait: timedelta
    """How long a petition is open that no task waits for."""
    show: Show
    said: Close
    explain: Callable[[Exception, Language], str]
    """An error in a language."""
    _rooms: dict[str, str] = field(default_factory=dict)
    _looks: int = 0

    def ask(
        self,
        version: Version,
        kind: Literal["promote", "rollback"],
        place: Place,
        *,
        by: str,
        task: TaskRecord | None = None,
        cause: str = "",
    ) -> Petition:
        """The petition for that version, which is put where the operator wants it; the open one where there is one.

        `cause` tells apart what asks for the same version again: the task, else the message.
        """
        for each in self.chats.petitions(self.channel.name):
            if (each.kind, each.function, each.digest) == (kind, version.name, version.digest):
                return each
        now = datetime.now(UTC)
        place = self._place(place)
        petition = Petition(
            key=key_of("petition", self.channel.name, kind, version.digest, task.id if task else cause),
            channel=self.channel.name,
            kind=kind,
            function=version.name,
            version=version.version,
            digest=version.digest,
            room=place.room,
            thread=place.thread,
            task=task.id if task else "",
            asked_by=by,
            language=place.language,
            created_at=now,
            expires_at=(task.expires_at if task else None) or now + self.wait,
        )
        letter = KeptLetter(key=petition.key, channel=petition.channel, room=place.room, thread=place.thread)
        shown = self.show(petition, version)
        with self.chats.writing() as connection:
            petition_with(connection, petition)
            write_with(connection, replace(letter, text=shown.text))
            for name in sorted(shown.files):
                file = replace(letter, key=key_of("file", petition.key, name), file=name, task=petition.key)
                write_with(connection, file)
        return self.chats.petition(petition.key) or petition

    def files(self, key: str) -> Mapping[str, bytes]:
        """The files that come with the petition of that key; none where there is none, or its version is gone."""
        petition = self.chats.petition(key)
        found = self._wanted_or_none(petition) if petition else None
        return self.show(petition, found).files if petition and found else {}

    def may(self, person: Person, room: str) -> bool:
        """Whether they may sign, by the server's word."""
        return self.rule.allows(person, room, self.channel.roles)

    def reacted(self, reacted: Reacted) -> None:
        """Take a sign under a message of ours; one by whoever has no right does nothing."""
        petition = self.chats.petition_under(self.channel.name, reacted.message)
        if petition and petition.state == "open" and self.may(reacted.by, petition.room):
            self.decide(petition, reacted.by, yes=reacted.yes)

    def look(self) -> None:
        """Take the signs that were missed, close what is late and what was decided elsewhere."""
        waiting = self.chats.petitions(self.channel.name)
        first = self._looks % max(1, len(waiting))  # by turns, for a server may answer the first few only
        self._looks += 1
        for petition in (*waiting[first:], *waiting[:first]):
            if petition.expires_at <= datetime.now(UTC):
                self._close(petition, "expired", by="")
            elif elsewhere := self._decided_elsewhere(petition):
                self._close(petition, elsewhere, by="")
            elif (letter := self.chats.letter(petition.key)) and letter.message:
                for sign in self.channel.reactions(letter.message):
                    self.reacted(sign)

    def decide(self, petition: Petition, person: Person, *, yes: bool, reason: str = "") -> None:
        """Have it be as the person says, who has the right; an error is said under the petition, which stays open."""
        by = person.actor_in(self.channel.name)
        if petition.expires_at <= datetime.now(UTC):
            self._close(petition, "expired", by="")
            return
        try:
            found = self._wanted(petition)
            if yes:
                self._grant(petition, found, by)
            else:
                self._deny(petition, by, reason)
        except (KowalError, RegistryError) as error:
            if isinstance(error, ChannelError):
                raise
            elsewhere = self._decided_elsewhere(petition)
            if elsewhere:
                self._close(petition, elsewhere, by=by)
            else:
                self._tell(petition, error)
            return
        self._close(petition, "granted" if yes else "denied", by=by)

    def _wanted(self, petition: Petition) -> Version:
        """The very version that is to be signed. Raises `InvalidTransition` where it is another one by now."""
        found = self.people.signing.registry.get(petition.function, petition.version)
        if found.digest != petition.digest:
            was, now = petition.digest[:12], found.digest[:12]
            raise InvalidTransition(f"`{found.name}` {found.version} is another one: its digest is {now}, not {was}")
        return found

    def _grant(self, petition: Petition, found: Version, by: str) -> None:
        people, task = self.people.under(Spoken(approvers=(by,))), self._task(petition)
        if petition.kind == "rollback":
            self.people.signing.registry.rollback(found.name, found.version, by=by)
            self._audit(petition, by, Deed.APPROVE)
        elif task is not None:
            people.approve(task, by=by, signed=True)
        else:
            promoted = people.signing.promote(found.name, found.version, by=by, signed=True)
            self._audit(petition, by, Deed.APPROVE)
            people.approved(promoted, by=by)
        self.people.have_callers_follow(petition.function, by=by, via=self.channel.name, key=petition.key)

    def _deny(self, petition: Petition, by: str, reason: str) -> None:
        task = self._task(petition)
        if task is not None:
            self.people.under(Spoken(approvers=(by,))).reject(task, by=by, reason=reason)
        else:
            self._audit(petition, by, Deed.REJECT)

    def _task(self, petition: Petition) -> TaskRecord | None:
        """The task that waits for it, as long as it does."""
        if not petition.task:
            return None
        task = self.people.desk.tasks.task(petition.task)
        return task if task.state is TaskState.WAITING and self._waits(task, petition) else None

    def _waits(self, task: TaskRecord, petition: Petition) -> bool:
        return wait_of(task).kind == "approval" and wait_of(task).version[2] == petition.digest

    def _decided_elsewhere(self, petition: Petition) -> PetitionState | None:
        """What became of it by another way than this chat: None where nothing did."""
        found = self._wanted_or_none(petition)
        if found is None or found.status is Status.QUARANTINED:
            return "settled"
        if found.status is Status.PRODUCTION:
            return "granted"
        task = self.people.desk.tasks.task(petition.task) if petition.task else None
        return "settled" if task and task.state.is_over and task.state is not TaskState.DONE else None

    def _wanted_or_none(self, petition: Petition) -> Version | None:
        try:
            return self._wanted(petition)
        except RegistryError:
            return None

    def _close(self, petition: Petition, state: PetitionState, *, by: str) -> None:
        """Have the petition say what came of it."""
        letter = self.chats.letter(petition.key)
        if self.chats.decide(petition.key, state, by=by, at=datetime.now(UTC)) and letter:
            closed = replace(petition, state=state, decided_by=by)
            self.chats.rewrite(petition.key, self.said(closed, letter.text))

    def _tell(self, petition: Petition, error: Exception) -> None:
        """Say, once, why it cannot be."""
        key = key_of(petition.key, type(error).__name__, str(error))
        letter = KeptLetter(key=key, channel=petition.channel, room=petition.room, thread=petition.thread)
        with self.chats.writing() as connection:
            write_with(connection, replace(letter, text=self.explain(error, language_named(petition.language))))

    def _audit(self, petition: Petition, by: str, deed: Deed) -> None:
        """Keep who signed what, where no task's record says it."""
        facts: Mapping[str, Any] = {"via": self.channel.name, "asked_by": petition.asked_by}
        entry = AuditEntry(
            at=datetime.now(UTC),
            actor=by,
            action=f"{petition.kind}.{deed}",
            function=petition.function,
            version=petition.version,
            digest=petition.digest,
            run=petition.task,
            subject=f"{petition.function} {petition.version}",
            outcome="allowed",
            facts=facts,
        )
        with self.chats.writing() as connection:
            keep_audit(connection, entry)

    def _place(self, place: Place) -> Place:
        """Where it is put: in the room for approvals, where that is one of ours."""
        if not self.approvals_room:
            return place
        if self.approvals_room not in self._rooms:
            try:
                self._rooms[self.approvals_room] = self.channel.room_of(self.approvals_room)
            except ChannelRefused:
                return place
        return replace(place, room=self._rooms[self.approvals_room], thread="")

    def elsewhere(self, asked: Petition, place: Place) -> str:
        """What is said in a place where somebody waits for it, of where it is asked; empty where that is there."""
        if (asked.room, asked.thread) == (place.room, place.thread):
            return ""
        language = language_named(place.language)
        in_its_room = asked.room == self._rooms.get(self.approvals_room) and not asked.thread
        room = span(self.approvals_room) if in_its_room else say("other_thread", language)
        return say("asked_elsewhere", language, room=room)
