"""What is said in Rocket.Chat, what becomes of it where an answer is lost, and what functions may do there."""

import mimetypes
import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable
from agent.talking.channel import Letter
from integrations.chat._rocketchat_known import Known, Room
from integrations.chat._rocketchat_reading import attachments, author, is_message
from integrations.chat._rocketchat_rest import Rest
from integrations.reading import listed, text_in

SIGNS = string.digits + string.ascii_letters
ID_LENGTH = 17
LOOK_BACK = 100
"""Among so many of the newest messages a file that was posted is looked for."""


def message_id(key: str) -> str:
    """The id of a letter's message, as the server writes ids: the same for the same letter."""
    number, signs = int(key, 16), ""
    for _ in range(ID_LENGTH):
        number, sign = divmod(number, len(SIGNS))
        signs += SIGNS[sign]
    return signs


class Sending:
    """Says things as our account. Raises `ChannelError`s; safe to use from several threads."""

    def __init__(self, rest: Rest, known: Known) -> None:
        self._rest, self._known = rest, known

    def say(self, letter: Letter) -> str:
        """The id of the letter's message, which is posted unless it was."""
        own = message_id(letter.key)
        message = {"_id": own, "rid": letter.room, "msg": letter.text}
        body = {"message": message | ({"tmid": letter.thread} if letter.thread else {}), "previewUrls": []}
        try:
            reply = self._rest.post("chat.sendMessage", body)
        except ChannelError as error:
            # An id that is there already is an error to the server, and so may be what came of a message it has kept.
            is_answer = isinstance(error, ChannelRefused) or "status" in error.facts
            if is_answer and error.facts.get("status") not in (401, 429) and self._is_there(own):
                return own
            raise
        found = reply.get("message")
        if text_in(found, "_id") == own or self._is_there(own):
            return own
        raise ChannelUnavailable(f"{self._rest.config.url} did not post a message, and does not say why")

    def _is_there(self, message: str) -> bool:
        """Whether there is such a message of ours; False where that cannot be found out either."""
        try:
            found = self._rest.get("chat.getMessage", msgId=message).get("message")
        except ChannelError:
            return False
        return is_message(found) and author(found).id == self._known.us().person.id

    def rewrite(self, message: str, letter: Letter) -> None:
        """Have the message say what the letter says."""
        self._rest.post(
            "chat.update", {"roomId": letter.room, "msgId": message, "text": letter.text, "previewUrls": []}
        )

    def enclose(self, room: str, thread: str, name: str, data: bytes) -> str:
        """The id of the message by which the file is posted."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        stored = self._rest.upload(room, name, data, kind)
        route = f"rooms.mediaConfirm/{quote(room, safe='')}/{quote(stored, safe='')}"
        reply = self._rest.post(route, {"fileName": name} | ({"tmid": thread} if thread else {}))
        posted = text_in(reply.get("message"), "_id")
        if not posted:
            raise ChannelUnavailable(f"{self._rest.config.url} took a file, and does not say which message it is")
        return posted

    def enclosed(self, room: str, thread: str, name: str, size: int) -> str:
        """The id of a message of ours, among the newest, that is a file of that name and size; empty for none."""
        us = self._known.us().person.id
        for message in self._newest(room, thread):
            files = attachments(message) if is_message(message) and author(message).id == us else ()
            if any((file.name, file.size) == (name, size) for file in files):
                return text_in(message, "_id")
        return ""

    def _newest(self, room: str, thread: str) -> Sequence[Mapping[str, Any]]:
        if thread:
            sort = '{"ts":-1}'
            reply = self._rest.get("chat.getThreadMessages", tmid=thread, count=LOOK_BACK, sort=sort)
        else:
            route = {"c": "channels.history", "p": "groups.history"}.get(self._known.room(room).type, "im.history")
            reply = self._rest.get(route, roomId=room, count=LOOK_BACK, showThreadMessages=False)
        return listed(reply, "messages")


class Actions:
    """What functions may be granted to do: `ChatActions`."""

    def __init__(self, rest: Rest, known: Known, sending: Sending) -> None:
        self._rest, self._known, self._sending = rest, known, sending

    def post(self, room: str, text: str) -> str:
        """The id of a message that is posted into the room of that name."""
        letter = Letter(key=secrets.token_hex(32), room=self._room(room).id, thread="", text=text)
        return self._sending.say(letter)

    def start_call(self, room: str, title: str) -> str:
        """The address of a video conference that is begun in the room of that name."""
        body = {"roomId": self._room(room).id} | ({"title": title} if title else {})
        call = text_in(self._rest.post("video-conference.start", body).get("data"), "callId")
        address = text_in(self._rest.post("video-conference.join", {"callId": call}), "url")
        if not address:
            raise ChannelUnavailable("The chat server began a video conference and does not say where")
        return address

    def create_room(self, name: str, members: Sequence[str], *, private: bool) -> str:
        """The id of a new room with these people."""
        kind, entity = ("groups", "group") if private else ("channels", "channel")
        made = self._rest.post(f"{kind}.create", {"name": name, "members": list(members)}).get(entity)
        if not text_in(made, "_id"):
            raise ChannelUnavailable("The chat server made a room and does not say which")
        return text_in(made, "_id")

    def upload(self, room: str, name: str, data: bytes) -> str:
        """The id of the message by which a file is posted into the room of that name."""
        return self._sending.enclose(self._room(room).id, "", name, data)

    def _room(self, name: str) -> Room:
        return self._known.room_named(name)
