"""A stand-in for a Rocket.Chat server, REST and realtime, with the faults of real ones: for tests and rehearsals.

Run it with `python -m integrations.chat.fake_rocketchat --port 3000 --script FILE` (a `World` as JSON).
"""

import argparse
import random
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from integrations._fake_server import Door, FakeServer, Received, serve_until_interrupted
from integrations.chat import _fake_rocketchat_messages as messages
from integrations.chat._fake_rocketchat_chat import CHAT
from integrations.chat._fake_rocketchat_ddp import Hub, Session
from integrations.chat._fake_rocketchat_entities import for_rest
from integrations.chat._fake_rocketchat_faults import Limits, RocketChatFaults, Unruly
from integrations.chat._fake_rocketchat_hooks import Hooks
from integrations.chat._fake_rocketchat_people import PEOPLE, public_version
from integrations.chat._fake_rocketchat_rest import Rest
from integrations.chat._fake_rocketchat_rooms import ROOMS
from integrations.chat._fake_rocketchat_schemas import Judge
from integrations.chat._fake_rocketchat_state import Document, State, Token
from integrations.chat._fake_rocketchat_world import Room, User, World

__all__ = ["FakeRocketChat", "Received", "Room", "User", "World", "main"]


class FakeRocketChat(FakeServer):
    """The server, as a context manager: it listens between `with` and its end, at `url` and `ws_url`.

    With `schemas`, the file of the published validators, it refuses requests that they refuse, with 400.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        port: int = 0,
        prefix: str = "",
        schemas: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.state = State(world or World())
        self.faults = RocketChatFaults()
        self.judge = Judge(schemas)
        self._hub = Hub(self.state, self.faults)
        self._posts = Hooks(self.state)
        door = Door(faults=self.faults, lock=self.state.lock, hang_up=self.hang_up)
        self._rest = Rest(self.state, self.faults, CHAT | PEOPLE | ROOMS, self.judge, door)
        super().__init__(self._routed(prefix), door, self._posts, port=port, prefix=prefix, certificate=certificate)
        self.ws_url = f"{self.url.replace('http', 'ws', 1)}/websocket"
        self.state.site_url = self.url

    def _routed(self, prefix: str) -> ASGIApp:
        routes = [
            Route("/api/v1/{path:path}", self._rest.__call__, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/api/info", lambda _: JSONResponse({"version": public_version(self.state), "success": True})),
            Route("/file-upload/{id}/{name:path}", self._file),
            WebSocketRoute("/websocket", self._line),
        ]
        return Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)

    # What a test sees.

    @property
    def hooked(self) -> list[tuple[str, Document, int]]:
        """What was posted to webhooks: address, body, and the status that came back; 0 where nothing did."""
        return self._posts.sent

    @property
    def listeners(self) -> list[str]:
        """The usernames of those on the realtime line."""
        with self.state.lock:
            return [session.user.username for session in self._hub.sessions if session.user]

    def id_of(self, name: str) -> str:
        """The id of the user or room of that name."""
        with self.state.lock:
            found = self.state.user(name)
            return found.id if found else str(self._room(name)["_id"])

    def _room(self, name: str) -> Document:
        """The room of that name or id; a `#` before it is of no matter."""
        if (found := self.state.room(name.removeprefix("#"))) is None:
            raise KeyError(name)
        return found

    def message(self, id: str) -> Document:
        """The message, as REST would give it."""
        with self.state.lock:
            return for_rest(self.state.messages[id])  # type: ignore[no-any-return]

    def messages(self, where: str) -> list[Document]:
        """What was said in the room of that name or id, threads too, or under that message: the oldest first."""
        with self.state.lock:
            if where in self.state.messages:
                return for_rest(messages.said_under(self.state, where))  # type: ignore[no-any-return]
            return for_rest(messages.said_in(self.state, self._room(where)["_id"])[::-1])  # type: ignore[no-any-return]

    # What people do.

    def says(
        self,
        user: str,
        room: str,
        text: str,
        *,
        id: str = "",
        tmid: str = "",
        file: tuple[str, bytes] | None = None,
        at: datetime | None = None,
        **more: Any,
    ) -> str:
        """Have somebody say something, with a file if need be; the message's id.

        `at` is when it was said, if not now; `more` are other fields of the message, such as `bot` and `alias`.
        """
        with self.state.lock:
            who, where = self.state.known(user), self._room(room)
            uploads = [messages.keep_file(self.state, who, where, *file)] if file else []
            said = messages.write(self.state, who, where, text, id=id, thread=tmid, uploads=uploads, at=at, more=more)
            return str(said["_id"])

    def edits(self, user: str, message: str, text: str) -> None:
        """Have somebody say it otherwise."""
        with self.state.lock:
            messages.edit(self.state, self.state.known(user), self.state.messages[message], text)

    def reacts(self, user: str, message: str, emoji: str, *, on: bool = True) -> None:
        """Have somebody put a sign under a message, or take it away."""
        with self.state.lock:
            messages.react(self.state, self.state.known(user), self.state.messages[message], emoji, on=on)

    def adds(self, room: str, user: str, *, roles: tuple[str, ...] = ()) -> None:
        """Make somebody a member; the server says so in the room."""
        with self.state.lock:
            who, where = self.state.known(user), self._room(room)
            self.state.join(where, who, list(roles))
            messages.announce(self.state, where, "au", who)

    def removes(self, room: str, user: str) -> None:
        """Throw somebody out of a room."""
        with self.state.lock:
            who, where = self.state.known(user), self._room(room)
            messages.announce(self.state, where, "ru", who)
            del self.state.subscriptions[where["_id"], who.id]
            where["usersCount"] -= 1

    def direct(self, *users: str) -> str:
        """The id of the direct room of these people, made if need be."""
        with self.state.lock:
            return str(self.state.open_room("d", "", users)["_id"])

    def token_of(self, user: str) -> tuple[str, str]:
        """The id of somebody and a new personal access token of theirs."""
        with self.state.lock:
            who = self.state.known(user)
            token = f"pat-{who.username}-{len(who.tokens)}-{time.monotonic_ns()}"
            who.tokens[token] = Token(personal=True, name=token)
            return who.id, token

    # What goes wrong.

    def revoke(self, user: str) -> None:
        """Make all tokens of somebody worthless, and show them out."""
        with self.state.lock:
            for token in list(self.state.known(user).tokens):
                self.state.revoke(token)

    def refuse_resume(self) -> None:
        """Let nobody onto the realtime line by a personal access token."""
        self.faults.tokens_resume = False

    def limit(
        self, calls: int | None, seconds: float = 60.0, *, routes: dict[str, tuple[int, float]] | None = None
    ) -> None:
        """Another limit for each route: so many calls in so many seconds, None for none; and for some their own."""
        self.faults.limits = Limits(None if calls is None else (calls, seconds), dict(routes or {}))

    def heal(self) -> None:
        """Let nothing go wrong any more, but for the limits."""
        super().heal()
        self.faults.unruly = None

    def unruly(self, seed: int, *, duplicate: float = 0.0, reorder: float = 0.0, lose: float = 0.0) -> None:
        """Have frames of the stream come twice, after the next one, or not at all, with these chances."""
        self.faults.unruly = Unruly(duplicate, reorder, lose, random.Random(seed))  # noqa: S311

    # How it answers.

    async def _line(self, socket: WebSocket) -> None:
        await Session(self._hub, socket, lambda: self.hang_up(socket)).run()

    async def _file(self, request: Request) -> Response:
        """A file, for who asks with both headers and can read where it was posted."""
        with self.state.lock:
            upload = self.state.uploads.get(request.path_params["id"])
            user = self.state.users.get(request.headers.get("x-user-id", ""))
            if upload is None:
                return Response(status_code=404)
            if user is None or request.headers.get("x-auth-token") not in user.tokens:
                return Response(status_code=403)
            if not self.state.reaches(user, self.state.rooms[upload.room]):
                return Response(status_code=403)
        return Response(upload.data, media_type=upload.kind)


def main(arguments: list[str] | None = None) -> None:
    """Serve a world until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m integrations.chat.fake_rocketchat", description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument(
        "--script", type=Path, help="a JSON file: {users: [{username, password}], rooms: [{name, members}]}"
    )
    options = parser.parse_args(arguments)
    world = World.model_validate_json(options.script.read_bytes()) if options.script else World()
    server = FakeRocketChat(world, port=options.port)
    serve_until_interrupted(server, sys.stderr.write, f"A fake Rocket.Chat server listens at {server.url}\n")


if __name__ == "__main__":
    main()
