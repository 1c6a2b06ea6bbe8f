"""The realtime line of a fake Rocket.Chat server: Meteor's DDP over a WebSocket, and the streams of messages."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from integrations.chat._fake_rocketchat_entities import for_ddp, person
from integrations.chat._fake_rocketchat_faults import RocketChatFaults
from integrations.chat._fake_rocketchat_logins import TwoFactor, by_password, new_login
from integrations.chat._fake_rocketchat_state import Account, Document, Refused, State, new_id, now

LOGGED_OUT = "You've been logged out by the server. Please log in again."
STREAMS = (
    "stream-room-messages",
    "stream-notify-user",
    "stream-notify-room",
    "stream-notify-logged",
    "stream-notify-all",
    "stream-room-data",
    "meteor.loginServiceConfiguration",
    "userData",
    "activeUsers",
)


class Hub:
    """All who are on the line."""

    def __init__(self, state: State, faults: RocketChatFaults) -> None:
        self.state = state
        self.faults = faults
        self.sessions: list[Session] = []
        self.ping_s = 17.5
        """How often the server asks whether somebody is still there."""
        state.on_message.append(self.tell)
        state.on_revoked.append(self.show_out)

    def tell(self, message: Document) -> None:
        """Send a message to all who may hear of it; the state's lock is held."""
        for session in self.sessions:
            session.hear(message)

    def show_out(self, token: str) -> None:
        """Meteor closes the connections that came in by a token that is no more."""
        for session in self.sessions:
            if session.token == token:
                session.end()


class Session:
    """One connection."""

    def __init__(self, hub: Hub, socket: WebSocket, hang_up: Callable[[], None]) -> None:
        self.hub = hub
        self.state = hub.state
        self.hang_up = hang_up
        """Cut the line, without a closing frame."""
        self.user: Account | None = None
        self.token = ""
        self._socket = socket
        self._subscriptions: dict[str, tuple[str, str]] = {}
        """Ids, and the stream and event of each."""
        self._loop = asyncio.get_running_loop()
        self._leaving: asyncio.Queue[str | None] = asyncio.Queue()
        self._held = ""
        """A frame that waits until another has overtaken it."""

    async def run(self) -> None:
        """Speak until one side ends it."""
        await self._socket.accept()
        with self.state.lock:
            self.hub.sessions.append(self)
        self._send({"server_id": "0"})
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._ask())]
        try:
            while True:
                self._take(await self._socket.receive_text())
        except (WebSocketDisconnect, KeyError):  # a KeyError is a frame of bytes
            pass
        finally:
            with self.state.lock:
                self.hub.sessions.remove(self)
            for task in tasks:
                task.cancel()

    async def _write(self) -> None:
        while (text := await self._leaving.get()) is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._socket.send_text(text)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(1000)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(self.hub.ping_s)
            self._send({"msg": "ping"})

    def end(self) -> None:
        """Close it, from any thread."""
        self._put(None)

    def _put(self, text: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._leaving.put_nowait, text)

    def _send(self, frame: Document) -> None:
        self._put(json.dumps(for_ddp(frame)))

    def _take(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            frame = None
        if not isinstance(frame, dict) or "msg" not in frame:
            self._send(
                {"msg": "error", "reason": "Parse error" if frame is None else "Bad request", "offendingMessage": frame}
            )
            return
        with self.state.lock:
            self._answer(frame)

    def _answer(self, frame: dict[str, Any]) -> None:
        match frame["msg"]:
            case "connect" if frame.get("version") == "1":
                self._send({"msg": "connected", "session": new_id()})
            case "connect":
                self._send({"msg": "failed", "version": "1"})
                self.end()
            case "ping":
                self._send({"msg": "pong"} | ({"id": frame["id"]} if "id" in frame else {}))
            case "pong":
                pass
            case "method":
                self._call(str(frame.get("id")), str(frame.get("method")), frame.get("params") or [])
            case "sub":
                self._subscribe(str(frame.get("id")), str(frame.get("name")), frame.get("params") or [])
            case "unsub":
                self._subscriptions.pop(str(frame.get("id")), None)
                self._send({"msg": "nosub", "id": frame.get("id")})
            case _:
                self._send({"msg": "error", "reason": "Bad request", "offendingMessage": frame})

    def _call(self, number: str, method: str, parameters: list[Any]) -> None:
        try:
            result = self._done(method, parameters)
        except Refused as refused:
            self._send({"msg": "result", "id": number, "error": _fault(refused)})
        else:
            self._send({"msg": "result", "id": number} | ({} if result is None else {"result": result}))
        self._send({"msg": "updated", "methods": [number]})

    def _done(self, method: str, parameters: list[Any]) -> Any:
        match method, parameters:
            case "login", [dict(given)]:
                return self._log_in(given)
            case "logout", _:
                token, self.token, self.user = self.token, "", None
                self.state.revoke(token)
                return None
            case (("stream-notify-room" | "stream-notify-user"), [str(event), *_]):
                if self.user is None or (event.partition("/")[0], self.user.id) not in self.state.subscriptions:
                    raise Refused("not-allowed", "")
                return None
        raise Refused("404", f"Method '{method}' not found")

    def _log_in(self, given: dict[str, Any]) -> Document:
        if "resume" in given:
            token, kind = str(given["resume"]), "resume"
            user = self.state.by_token(token)
            if user is None or (user.tokens[token].personal and not self.hub.faults.tokens_resume):
                raise Refused("403", LOGGED_OUT)
        else:
            user, kind = by_password(self.state, given), "password"
            token = new_login(user)
        self.user, self.token = user, token
        self._send({"msg": "added", "collection": "users", "id": user.id, "fields": person(user)})
        return {"id": user.id, "token": token, "tokenExpires": now() + timedelta(days=90), "type": kind}

    def _subscribe(self, number: str, name: str, parameters: list[Any]) -> None:
        event = str(parameters[0]) if parameters else ""
        if name not in STREAMS:
            refused = Refused("404", f"Subscription '{name}' not found")
            self._send({"msg": "nosub", "id": number, "error": _fault(refused)})
        elif name == "stream-room-messages" and event != "__my_messages__" and not self._reaches(event):
            self._send({"msg": "nosub", "id": number, "error": _fault(Refused("not-allowed"))})
        else:
            self._subscriptions[number] = (name, event)
            self._send({"msg": "ready", "subs": [number]})

    def _reaches(self, room: str) -> bool:
        return (
            self.user is not None and room in self.state.rooms and self.state.reaches(self.user, self.state.rooms[room])
        )

    def hear(self, message: Document) -> None:
        """Send a message under each subscription that has it: all the user can read, joined or not, their own too."""
        if not self._reaches(message["rid"]) or self.user is None:
            return
        room = self.state.rooms[message["rid"]]
        about = {"roomParticipant": (room["_id"], self.user.id) in self.state.subscriptions, "roomType": room["t"]}
        about |= {"roomName": room["name"]} if "name" in room else {}
        for name, event in self._subscriptions.values():
            if name == "stream-room-messages" and event in ("__my_messages__", room["_id"]):
                told = [message, about] if event == "__my_messages__" else [message]
                self._stream(
                    json.dumps(
                        for_ddp(
                            {
                                "msg": "changed",
                                "collection": name,
                                "id": "id",
                                "fields": {"eventName": event, "args": told},
                            }
                        )
                    )
                )

    def _stream(self, text: str) -> None:
        """Send an event, which goes astray where a test wants that."""
        if (unruly := self.hub.faults.unruly) is None:
            self._put(text)
            return
        chance = unruly.chance.random
        if chance() < unruly.lose:
            return
        copies = 2 if chance() < unruly.duplicate else 1
        if not self._held and chance() < unruly.reorder:
            self._held = text
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._loop.call_later, 0.05, self._release)
            return
        for _ in range(copies):
            self._put(text)
        self._release()

    def _release(self) -> None:
        with self.state.lock:
            held, self._held = self._held, ""
        if held:
            self._put(held)


def _fault(refused: Refused) -> Document:
    """An error, as Meteor sends it."""
    code: str | int = int(refused.kind) if refused.kind.isdigit() else refused.kind
    fault = {
        "isClientSafe": True,
        "error": code,
        "message": f"{refused.reason} [{code}]".strip(),
        "errorType": "Meteor.Error",
    }
    fault |= {"reason": refused.reason} if refused.reason else {}
    return fault | ({"details": refused.details} if isinstance(refused, TwoFactor) else {})
