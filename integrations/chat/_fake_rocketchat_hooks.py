"""The outgoing webhooks of a fake Rocket.Chat server: what is said, posted to whoever configured one."""

import queue
import threading
from typing import Any

import httpx

from integrations.chat._fake_rocketchat_entities import for_rest
from integrations.chat._fake_rocketchat_state import Document, State


class Hooks:
    """Posts in order, in a thread; `sent` tells what was answered (triggerHandler.ts)."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.sent: list[tuple[str, Document, int]] = []
        """Address, body, and the status of the answer; 0 where there was none."""
        self._waiting: queue.Queue[tuple[Document, str, Document] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._post, daemon=True)
        self._known: set[str] = set()
        state.on_message.append(self.tell)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Post no more, and wait for what is under way."""
        self._waiting.put(None)
        self._thread.join(15)

    def tell(self, message: Document) -> None:
        """A message is new or changed: one that was edited is told of again where the hook wants it."""
        new = message["_id"] not in self._known
        self._known.add(message["_id"])
        if "t" in message or not (new or "editedAt" in message):
            return
        room = self.state.rooms[message["rid"]]
        for hook in self.state.integrations.values():
            word = _word(hook, message["msg"])
            if not hook["enabled"] or hook["event"] != "sendMessage" or word is None or not _hears(hook, room, message):
                continue
            if not new and not hook.get("runOnEdits"):
                continue
            for url in hook.get("urls") or []:
                self._waiting.put((hook, url, self._body(hook, room, message, word)))

    def _body(self, hook: Document, room: Document, message: Document, word: str) -> Document:
        body: dict[str, Any] = {
            "token": hook["token"],
            "bot": bool(message.get("bot")),
            "channel_id": room["_id"],
            "channel_name": room.get("name"),
            "message_id": message["_id"],
            "timestamp": message["ts"],
            "user_id": message["u"]["_id"],
            "user_name": message["u"]["username"],
            "text": message["msg"],
            "siteUrl": self.state.site_url,
        }
        body |= {"trigger_word": word} if word else {}
        body |= {name: message[name] for name in ("alias", "tmid") if message.get(name)}
        return for_rest(body | ({"isEdited": True} if "editedAt" in message else {}))  # type: ignore[no-any-return]

    def _post(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as client:
            while (job := self._waiting.get()) is not None:
                hook, url, body = job
                try:
                    status = client.post(url, json=body).status_code
                except httpx.HTTPError:
                    status = 0
                self.sent.append((url, body, status))
                if status == 410:  # the receiver says that it is gone for good
                    hook["enabled"] = False


def _word(hook: Document, text: str) -> str | None:
    """The text's trigger word; empty where the hook has none; None where it has some, and the text none of them."""
    words = hook.get("triggerWords") or []
    found = [word for word in words if (word in text if hook.get("triggerWordAnywhere") else text.startswith(word))]
    return next(iter(found), None) if words else ""


def _hears(hook: Document, room: Document, message: Document) -> bool:
    everywhere = {"c": "all_public_channels", "p": "all_private_groups", "d": "all_direct_messages"}[room["t"]]
    names = {everywhere, f"#{room['_id']}", f"#{room.get('name')}"}
    if room["t"] == "d":
        names |= {f"@{name}" for name in room["usernames"] if name != message["u"]["username"]}
    return bool(names & set(hook["channel"]))
