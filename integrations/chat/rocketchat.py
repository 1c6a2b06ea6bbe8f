"""Rocket.Chat as a chat of Kowal's: REST through `rocketchat_API`, what is said there by its realtime stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.chat_ports import ChatActions
from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable
from agent.ports import ProviderStatus
from agent.talking.channel import (
    Attachment,
    Channel,
    ChannelInfo,
    Enclosure,
    Happening,
    Letter,
    Person,
    Reacted,
)
from integrations.chat._rocketchat_settings import NAME, RocketChatConfig, read_config

if TYPE_CHECKING:  # the libraries are imported when a server is asked
    from integrations.chat._rocketchat_hearing import Hearing
    from integrations.chat._rocketchat_known import User
    from integrations.chat._rocketchat_rest import Rest

SEEN = ":eyes:"
CALLS_A_MINUTE = 10
"""Of each kind, by default (`API_Enable_Rate_Limiter_Limit_Calls_Default`)."""
STATUS_S = 2.0
"""For each of the few requests by which `status` looks."""


class RocketChatChannel:
    """One account on one server: `Channel`."""

    name = NAME

    def __init__(self, config: RocketChatConfig) -> None:
        from integrations.chat._rocketchat_known import Known
        from integrations.chat._rocketchat_rest import Rest
        from integrations.chat._rocketchat_sending import Sending

        self._config, self._rest = config, Rest(config)
        self._known = Known(self._rest)
        self._sending = Sending(self._rest, self._known)
        self._hearing: Hearing | None = None

    @property
    def us(self) -> Person:
        """Our account. Asks the server the first time."""
        return self._known.us().person

    @property
    def calls_a_minute(self) -> int | None:
        """What a server allows by default, but for bots; what another one allows is told by its refusals."""
        try:
            return None if is_free(self._known.us()) else CALLS_A_MINUTE
        except ChannelError:
            return CALLS_A_MINUTE

    def listen(self, since: Callable[[], datetime]) -> None:
        """Begin to listen in the background, once: see `Channel`."""
        from integrations.chat._rocketchat_hearing import Hearing

        if self._hearing is None:
            self._hearing = Hearing(self._rest, self._known, since)
            self._hearing.start()

    def next(self, timeout_s: float) -> Happening | None:
        """What happened next; None where nothing did for so long."""
        if self._hearing is None:
            raise ChannelUnavailable("Nobody listens to the chat: `listen` comes first")
        return self._hearing.next(timeout_s)

    def say(self, letter: Letter) -> str:
        """The id of the letter's message, which is posted unless it was posted before."""
        return self._sending.say(letter)

    def rewrite(self, message: str, letter: Letter) -> None:
        """Have a message of ours say what the letter says now."""
        self._sending.rewrite(message, letter)

    def enclose(self, enclosure: Enclosure, *, tried: bool) -> str:
        """The id of the file's message; one that was tried before is told by its name and size."""
        name, size = enclosure.name, len(enclosure.data)
        posted = self._sending.enclosed(enclosure.room, enclosure.thread, name, size) if tried else ""
        return posted or self._sending.enclose(enclosure.room, enclosure.thread, name, enclosure.data)

    def see(self, message: str) -> None:
        """Put 👀 under a person's message. Idempotent."""
        self._rest.post("chat.react", {"messageId": message, "emoji": SEEN, "shouldReact": True})

    def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The file. Raises `ChannelRefused` for one with more bytes, without having read them all."""
        if attachment.size > most_bytes:
            raise ChannelRefused(f"The file {attachment.name} has more than {most_bytes} bytes")
        return self._rest.download(attachment.place, most_bytes)

    def reactions(self, message: str) -> Sequence[Reacted]:
        """Who said yes or no to a message of ours."""
        from integrations.chat._rocketchat_reading import is_message, thumbs

        found = self._rest.get("chat.getMessage", msgId=message).get("message")
        if not is_message(found):
            raise ChannelRefused("The chat server shows us no such message")
        given = [thumb for thumb in thumbs(found) if thumb.name != self.us.name]
        return [Reacted(message=message, by=self._known.named(each.name).person, yes=each.yes) for each in given]

    def roles(self, person: Person, room: str) -> frozenset[str]:
        """The person's roles on the server, as far as we may see them, and in the room."""
        in_room = self._known.room_roles(self._known.room(room)).get(person.id, frozenset())
        return self._known.roles(person.id) | in_room

    def room_of(self, name: str) -> str:
        """The id of the room of that name, with or without `#`, or of that id."""
        return self._known.room_named(name).id

    def status(self) -> ProviderStatus:
        """Whether it answers, as whom we are there, and which limits hold for us. Never raises."""
        from integrations.chat._rocketchat_rest import Rest

        rest = Rest(self._config, connect_s=STATUS_S / 2, read_s=STATUS_S)
        try:
            return _status(rest, self._hearing.note if self._hearing else "")
        except ChannelError as error:
            return ProviderStatus(available=False, detail=str(error), advice=error.advice)
        finally:
            rest.log_out()
            rest.close()

    def close(self) -> None:
        """Stop listening and close all connections. Idempotent."""
        if self._hearing is not None:
            self._hearing.close()
        self._rest.close()


def _status(rest: Rest, note: str) -> ProviderStatus:
    """What a look at the server shows. Raises a `ChannelError`."""
    from integrations.chat._rocketchat_known import Known

    known = Known(rest)
    version, us = rest.version(), known.us()
    found = [f"{rest.config.url}: Rocket.Chat {version}, as {us.person.name}"]
    limited = f"without the role `bot`, so {CALLS_A_MINUTE} calls a minute of each kind"
    found.append("with the role `bot`" if is_free(us) else limited)
    try:
        if known.named("rocket.cat").roles is None:
            found.append("sees only roles with a description (it lacks the permission view-full-other-user-info)")
    except ChannelRefused:
        pass  # a server without it
    return ProviderStatus(available=True, detail="; ".join([*found, *filter(None, [note])]))


def is_free(us: User) -> bool:
    """True for an account on which no limits are."""
    return us.roles is not None and bool(us.roles & {"bot", "admin"})


def _open(section: Mapping[str, Any]) -> Channel:
    return RocketChatChannel(read_config(section))


def _actions(section: Mapping[str, Any]) -> ChatActions:
    config = read_config(section)
    from integrations.chat._rocketchat_known import Known
    from integrations.chat._rocketchat_rest import Rest
    from integrations.chat._rocketchat_sending import Actions, Sending

    rest = Rest(config)
    known = Known(rest)
    return Actions(rest, known, Sending(rest, known))


CHANNEL = ChannelInfo(
    name=NAME,
    summary="A Rocket.Chat server (7 or newer), as an account of its own with the role `bot`",
    open=_open,
    actions=_actions,
    questions=(
        ("url", "The address under which people open Rocket.Chat"),
        ("user", "The name of Kowal's account there; empty to log in by a personal access token"),
        ("password", "Its password"),
        ("totp_secret", "The secret of its second factor (base32); empty for none"),
        ("user_id", "The id of Kowal's account"),
        ("token", "Its personal access token"),
    ),
)
