"""What was said since a moment, fetched over REST: a round through all rooms with news, one request a step."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agent.errors import ChannelRefused
from integrations.chat._rocketchat_known import Known
from integrations.chat._rocketchat_reading import Message, is_message, milliseconds
from integrations.chat._rocketchat_rest import Rest, is_final
from integrations.reading import LONG_AGO, listed, moment, text_in, written

MARGIN = timedelta(seconds=60)
"""A message may be under way for so long: it has its time before it can be seen."""
PAGE = 100
CLOSED = ("error-not-allowed", "error-room-not-found", "error-invalid-room", "not-allowed")
"""What the server says of a room that is not there for us any more: nothing of it is ours to hear."""


class Round:
    """Begun by asking which rooms have news; then each `step` asks for a page of one of them.

    A step that raises may be repeated: nothing of what was fetched before is lost. `done` keeps from round to round
    how each room stood when it was fetched: one that stands as it did then is not fetched again.
    """

    def __init__(self, rest: Rest, known: Known, since: datetime, done: dict[str, datetime]) -> None:
        # The server counts milliseconds, and gives what is later than it is asked for.
        self._rest, self._since = rest, max(since, LONG_AGO) - timedelta(milliseconds=1)
        reply = rest.get("rooms.get", updatedSince=written(self._since))
        rooms = [row for row in listed(reply, "update") if text_in(row, "_id")]
        self._changed = {known.learn(row).id: moment(row.get("_updatedAt")) for row in rooms}
        self._done = done
        # A room changes after a message of it can be seen.
        self._rooms = deque(room for room, at in self._changed.items() if at is None or done.get(room) != at)
        self.until = max([since, *(change - MARGIN for change in self._changed.values() if change)])
        """Before it nothing can be said any more; by the server's clock, as of the beginning."""
        self._found: dict[str, Message] = {}
        self._cursor = 0
        self._begin_room()

    @property
    def is_over(self) -> bool:
        """True once all rooms are through."""
        return not self._rooms

    def step(self) -> list[Message]:
        """Ask for a page: the messages of a room that is through with it, in the order in which they were said."""
        try:
            result = self._page()
        except ChannelRefused as error:
            is_closed = error.facts.get("status") == 403 or error.facts.get("error_type") in CLOSED
            if not (is_final(error) and is_closed):
                raise
            result = {}
        fresh = self._take(listed(result, "updated"))
        following = _cursor(result.get("cursor"))
        # Two messages may be of the same millisecond, and the page have ended between them: one step back.
        following = following - 1 if fresh else following
        if following > self._cursor:
            self._cursor = following
            return []
        said = sorted(self._found.values(), key=lambda message: moment(message["ts"]) or LONG_AGO)
        room = self._rooms.popleft()
        if (changed := self._changed[room]) is not None:
            self._done[room] = changed
        self._begin_room()
        return said

    def _begin_room(self) -> None:
        self._found = {}
        self._cursor = milliseconds(self._since)

    def _page(self) -> Mapping[str, Any]:
        reply = self._rest.get(
            "chat.syncMessages", roomId=self._rooms[0], type="UPDATED", next=self._cursor, count=PAGE
        )
        result = reply.get("result")
        return result if isinstance(result, Mapping) else {}

    def _take(self, updated: list[Any]) -> bool:
        """Whether there was something among them that had not been there."""
        before = len(self._found)
        self._found |= {row["_id"]: row for row in updated if is_message(row)}
        return len(self._found) > before


def _cursor(cursor: object) -> int:
    """Where the next page begins, in milliseconds; 0 where there is none."""
    following = text_in(cursor, "next")
    return int(following) if following.isdecimal() else 0
