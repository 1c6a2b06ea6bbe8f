"""Runs inside the sandbox: what code there may do in a chat, which it sees as `kowal_host.chat`."""

import base64
from collections.abc import Iterable

from sandbox.guest_host import ask_host


class Chat:
    """Chats: in rooms that were granted, each named as `NAME`, or `CHAT:NAME` where the host has several chats."""

    async def post(self, room: str, text: str) -> None:
        """Post a message (Markdown). Raises `HostError`, or `Refused`."""
        await ask_host({"kind": "chat", "act": "post", "room": room, "text": str(text)})

    async def upload(self, room: str, name: str, data: str | bytes) -> None:
        """Post a file of that name. Raises `HostError`, or `Refused`."""
        body = base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
        await ask_host({"kind": "chat", "act": "upload", "room": room, "name": name, "body": body})

    async def call(self, room: str, title: str) -> str:
        """Begin a video conference, and give its address. Raises `HostError`, or `Refused`."""
        return str(await ask_host({"kind": "chat", "act": "call", "room": room, "title": str(title)}))

    async def create(self, name: str, members: Iterable[str] = (), *, private: bool = True) -> None:
        """Make a room with these people. Raises `HostError`, also where there is one already, or `Refused`."""
        people = [members] if isinstance(members, str) else list(members)
        await ask_host({"kind": "chat", "act": "create", "room": name, "members": people, "private": private})


chat = Chat()
