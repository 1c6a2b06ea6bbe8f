"""How a fake Rocket.Chat server keeps what is said: mentions, threads, edits, reactions, what is unread."""

import mimetypes
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from integrations.chat._fake_rocketchat_state import Account, Document, Refused, State, Upload, new_id, now

MOST_CHARACTERS = 5000
"""Message_MaxAllowedSize of a new server."""
MENTION = re.compile(r"(?:^|(?<=[\s>(]))@([0-9a-zA-Z_.-]*[0-9a-zA-Z_-])")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def mentions_in(state: State, text: str) -> list[Document]:
    """Who is called by `@name`, outside of code, in order."""
    found: dict[str, Document] = {}
    for name in MENTION.findall(CODE.sub(" ", text)):
        if name in ("all", "here"):
            found[name] = {"_id": name, "username": name}
        elif user := state.user(name):
            found[user.id] = {"_id": user.id, "username": user.username, "name": user.name, "type": "user"}
    return list(found.values())


def may_speak(state: State, user: Account, room: Document) -> None:
    """Raise `Refused` for who may not write there."""
    if not state.reaches(user, room):
        raise Refused("error-not-allowed", "Not allowed")
    if room.get("ro") and not state.may(user, "post-readonly", room["_id"]):
        raise Refused("You can't send messages because the room is readonly.")


def check_text(state: State, user: Account, room: Document, text: str) -> None:
    """Raise `Refused` for what is too long, and for calling everybody without the right to."""
    if len(text) > MOST_CHARACTERS:
        raise Refused("error-message-size-exceeded", "Message size exceeds Message_MaxAllowedSize")
    for mention in mentions_in(state, text):
        if mention["_id"] in ("all", "here") and not state.may(user, f"mention-{mention['_id']}", room["_id"]):
            raise Refused("error-action-not-allowed", "Notify all in this room not allowed")


def write(
    state: State,
    user: Account,
    room: Document,
    text: str,
    *,
    id: str = "",
    thread: str = "",
    at: datetime | None = None,
    uploads: Sequence[Upload] = (),
    more: Document | None = None,
) -> Document:
    """Keep a new message and tell of it."""
    parent = state.messages.get(thread) if thread else None
    if parent and parent.get("tmid"):  # there are no threads in threads
        parent = state.messages.get(parent["tmid"])
    moment = now()
    message: Document = {
        "_id": id or new_id(),
        "rid": room["_id"],
        "msg": text,
        "ts": at or moment,
        "u": user.small,
        "_updatedAt": moment,
        "urls": [],
        "mentions": mentions_in(state, text),
        "channels": [],
    }
    if thread:
        message["tmid"] = parent["_id"] if parent else thread
    message |= enclosed(uploads) | (more or {})
    state.messages[message["_id"]] = message
    count(state, room, message)
    tell(state, message)
    if parent:
        answered(state, parent, message)
    return message


def tell(state: State, message: Document) -> None:
    """Tell all who listen of a message that is new or changed."""
    for listener in state.on_message:
        listener(message)


def answered(state: State, parent: Document, message: Document) -> None:
    """A reply makes a thread of its parent, which is told of anew."""
    follow = [*parent.get("replies", [parent["u"]["_id"]]), message["u"]["_id"]]
    follow += [mention["_id"] for mention in message["mentions"] if mention.get("type") == "user"]
    parent["replies"] = list(dict.fromkeys(follow))
    parent["tcount"] = parent.get("tcount", 0) + 1
    parent["tlm"] = message["ts"]
    parent["_updatedAt"] = now()
    for follower in parent["replies"]:
        subscription = state.subscriptions.get((parent["rid"], follower))
        if subscription and follower != message["u"]["_id"]:
            subscription["tunread"] = list(dict.fromkeys([*subscription.get("tunread", []), parent["_id"]]))
            subscription["_updatedAt"] = now()
    tell(state, parent)


def count(state: State, room: Document, message: Document) -> None:
    """What a new message does to its room and to its members' subscriptions (notifyUsersOnMessage.ts).

    As there, and as nobody expects: a subscription changes, and is listed by `subscriptions.get?updatedSince`, for a
    mention and in a direct room, but for another message only while `alert` is not set yet; for one in a thread not at
    all. The room changes each time.
    """
    room["msgs"] += 1
    room["_updatedAt"] = now()
    if message.get("tmid"):
        return
    room["lm"] = message["ts"]
    room["lastMessage"] = message
    called = {mention["_id"] for mention in message["mentions"]} - {message["u"]["_id"]}
    for (rid, user), subscription in state.subscriptions.items():
        if rid != room["_id"]:
            continue
        if user == message["u"]["_id"]:  # who writes has read
            subscription |= {"alert": False, "unread": 0, "userMentions": 0, "groupMentions": 0, "_updatedAt": now()}
            continue
        everybody = bool(called & {"all", "here"})
        changed = user in called or everybody or room["t"] == "d"
        if changed:
            subscription["unread"] += 1
            subscription["userMentions"] += user in called
            subscription["groupMentions"] += everybody and user not in called
        if changed or not subscription["alert"] or not subscription["open"]:
            subscription |= {"alert": True, "open": True, "_updatedAt": now()}


def enclosed(uploads: Sequence[Upload]) -> Document:
    """The parts of a message that tell of its files (file-upload/server/methods/sendFileMessage.ts)."""
    if not uploads:
        return {}
    files = [
        {
            "_id": file.id,
            "name": file.name,
            "type": file.kind,
            "size": len(file.data),
            "format": file.name.rpartition(".")[2],
        }
        for file in uploads
    ]
    attachments = []
    for file in uploads:
        link = f"/file-upload/{file.id}/{quote(file.name)}"
        attachment: dict[str, Any] = {
            "type": "file",
            "title": file.name,
            "title_link": link,
            "title_link_download": True,
            "fileId": file.id,
            "size": len(file.data),
        }
        if file.kind.startswith("image/"):
            del attachment["size"]
            attachment |= {"image_url": link, "image_type": file.kind, "image_size": len(file.data)}
        attachments.append(attachment | ({"description": file.description} if file.description else {}))
    return {"file": files[0], "files": files, "attachments": attachments, "groupable": False}


def keep_file(state: State, user: Account, room: Document, name: str, data: bytes, kind: str = "") -> Upload:
    """Take a file that no message has yet."""
    kind = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    upload = Upload(id=new_id(), name=name, kind=kind, data=data, room=room["_id"], user=user.id)
    state.uploads[upload.id] = upload
    return upload


def edit(state: State, user: Account, message: Document, text: str) -> None:
    """Let a message say something else; the same text changes nothing."""
    if not (message["u"]["_id"] == user.id or state.may(user, "edit-message", message["rid"])):
        raise Refused("error-action-not-allowed", "Message editing not allowed")
    if message["msg"] == text:
        return
    moment = now()
    message |= {
        "msg": text,
        "mentions": mentions_in(state, text),
        "editedAt": moment,
        "_updatedAt": moment,
        "editedBy": {"_id": user.id, "username": user.username},
    }
    tell(state, message)


def react(state: State, user: Account, message: Document, emoji: str, *, on: bool | None = None) -> None:
    """Put somebody's sign under a message, take it away, or, where nothing is said, the other of both."""
    sign = f":{emoji.replace(':', '')}:"
    reactions = message.setdefault("reactions", {})
    names = reactions.setdefault(sign, {"usernames": []})["usernames"]
    there = user.username in names
    wanted = not there if on is None else on
    if wanted and not there:
        names.append(user.username)
    elif there and not wanted:
        names.remove(user.username)
    if not names:
        del reactions[sign]
    if not reactions:
        del message["reactions"]
    if wanted != there:
        message["_updatedAt"] = now()
        tell(state, message)


def announce(state: State, room: Document, kind: str, about: Account, by: Account | None = None) -> Document:
    """A message of the server's own: `uj` joined, `au` was added, `ru` was thrown out, and others."""
    return write(state, by or about, room, about.username, more={"t": kind, "groupable": False})


def said_in(state: State, room: str) -> list[Document]:
    """A room's messages, the newest first."""
    return sorted((one for one in state.messages.values() if one["rid"] == room), key=lambda one: one["ts"])[::-1]


def said_under(state: State, thread: str) -> list[Document]:
    """A thread's messages without the one it hangs on, the oldest first."""
    return sorted((one for one in state.messages.values() if one.get("tmid") == thread), key=lambda one: one["ts"])
