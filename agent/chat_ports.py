"""What functions may be granted to do in a chat. Integrations implement it."""

from collections.abc import Sequence
from typing import Protocol


class ChatActions(Protocol):
    """A chat server, as the account sees it that acts for functions. Safe to use from several threads.

    Raises `ChannelUnavailable` where it does not answer, `TooFast` where it asks to come back later, `ChannelRefused`
    where it will not have that, whoever tries again. Nothing waits for longer than ten seconds.
    """

    def post(self, room: str, text: str) -> str:
        """The id of a message that is posted into the room of that name.

        The server is told to fetch no page that the text names, as it would for a preview: that would carry data out.
        """
        ...

    def start_call(self, room: str, title: str) -> str:
        """The address (URL) of a video conference that is begun in the room of that name."""
        ...

    def create_room(self, name: str, members: Sequence[str], *, private: bool) -> str:
        """The id of a new room with these people, by their names. Raises `ChannelRefused` where there is one."""
        ...

    def upload(self, room: str, name: str, data: bytes) -> str:
        """The id of the message by which a file is posted into the room of that name."""
        ...
