"""The `chat.*` routes of a fake Rocket.Chat server."""

from datetime import datetime

from integrations.chat._fake_rocketchat_entities import moment_of
from integrations.chat._fake_rocketchat_messages import (
    check_text,
    edit,
    may_speak,
    react,
    said_in,
    said_under,
    write,
)
from integrations.chat._fake_rocketchat_rest import Call, Route
from integrations.chat._fake_rocketchat_state import Document, Refused, now

PAGE = 50
"""API_Default_Count."""


def page(call: Call, documents: list[Document], name: str = "messages") -> Document:
    """The part of a list that is asked for."""
    offset, count = int(call.query.get("offset", 0)), int(call.query.get("count", PAGE))
    chosen = documents[offset : offset + count] if count else documents[offset:]
    return {name: chosen, "count": len(chosen), "offset": offset, "total": len(documents)}


def a_message(call: Call, number: str) -> Document:
    """The message of that id, which the caller can read. Raises `Refused`."""
    message = call.state.messages.get(number)
    if message is None:
        raise Refused("error-message-not-found", 'The provided "messageId" does not match any existing message.')
    if not call.state.reaches(call.me, call.state.rooms[message["rid"]]):
        raise Refused("error-not-allowed", "Not allowed")
    return message


def send_message(call: Call) -> Document:
    """`chat.sendMessage`: with an `_id` that is there already, nothing is posted, and the answer is an error.

    `sendMessage` returns nothing at `messageAlreadyExists` (lib/server/functions/sendMessage.ts), which the route gives
    to `normalizeMessagesForUser`; its `filterStarred` reads a property of it, and what that throws is answered with 400
    (ApiClass.ts). Read in the source of 7.x and 8.x and not tried at a real server.
    """
    given = call.body["message"]
    if "t" in given:
        raise Refused("Cannot send system messages using 'chat.sendMessage'")
    rid = given.get("rid")
    if given.get("tmid") in call.state.messages:
        rid = call.state.messages[given["tmid"]]["rid"]
    room = call.state.rooms.get(rid or "")
    if room is None:
        raise Refused("error-invalid-room", "Invalid room")
    may_speak(call.state, call.me, room)
    if given.get("alias") and not call.state.may(call.me, "message-impersonate", room["_id"]):
        raise Refused("Not enough permission")
    check_text(call.state, call.me, room, given.get("msg") or "")
    if given.get("_id") in call.state.messages:
        raise Refused("Cannot read properties of undefined (reading 'starred')")
    more = {name: given[name] for name in ("alias", "emoji", "avatar", "attachments", "tshow") if given.get(name)}
    return {
        "message": write(
            call.state,
            call.me,
            room,
            given.get("msg") or "",
            id=given.get("_id") or "",
            thread=given.get("tmid") or "",
            more=more,
        )
    }


def post_message(call: Call) -> Document:
    """`chat.postMessage`: to the room of an id or name, `#name` or `@user`; a public channel is joined by that."""
    target = call.body.get("roomId") or call.body.get("channel") or ""
    target = target[0] if isinstance(target, list) and target else str(target)
    name = target.removeprefix("#").removeprefix("@")
    room = None if target.startswith("@") else call.state.room(name)
    if room is None and (other := call.state.user(name)):
        room = call.state.open_room("d", "", (call.me.username, other.username))
    if room is None:
        raise Refused("invalid-channel")
    may_speak(call.state, call.me, room)
    if (room["_id"], call.me.id) not in call.state.subscriptions:
        call.state.join(room, call.me, [])
    text = str(call.body.get("text") or "").strip()
    check_text(call.state, call.me, room, text)
    more = {name: call.body[name] for name in ("alias", "emoji", "avatar", "attachments") if call.body.get(name)}
    message = write(
        call.state, call.me, room, text, thread=call.body.get("tmid") or "", more=more | {"groupable": False}
    )
    return {"ts": round(now().timestamp() * 1000), "channel": target, "message": message}


def update(call: Call) -> Document:
    """`chat.update`."""
    message = call.state.messages.get(call.body["msgId"])
    if message is None:
        raise Refused(f'No message found with the id of "{call.body["msgId"]}".')
    if message["rid"] != call.body["roomId"]:
        raise Refused("The room id provided does not match where the message is from.")
    room = call.state.rooms[message["rid"]]
    may_speak(call.state, call.me, room)
    check_text(call.state, call.me, room, call.body["text"])
    edit(call.state, call.me, message, call.body["text"])
    return {"message": message}


def delete(call: Call) -> Document:
    """`chat.delete`, of one's own messages."""
    message = call.state.messages.get(call.body.get("msgId", ""))
    if message is None:
        raise Refused(f'No message found with the id of "{call.body.get("msgId")}".')
    if message["u"]["_id"] != call.me.id and not call.state.may(call.me, "edit-message", message["rid"]):
        raise Refused("error-action-not-allowed", "Not allowed")
    call.state.deleted[message["_id"]] = {"_id": message["_id"], "rid": message["rid"], "_deletedAt": now()}
    del call.state.messages[message["_id"]]
    return {"_id": message["_id"], "ts": str(round(now().timestamp() * 1000)), "message": message}


def set_reaction(call: Call) -> Document:
    """`chat.react`."""
    message = a_message(call, call.body["messageId"])
    react(
        call.state, call.me, message, call.body.get("emoji") or call.body["reaction"], on=call.body.get("shouldReact")
    )
    return {}


def get_message(call: Call) -> Document:
    """`chat.getMessage`: for one that is not there, an error without a word."""
    message = call.state.messages.get(call.query["msgId"])
    if message is None or not call.state.reaches(call.me, call.state.rooms[message["rid"]]):
        raise Refused("")
    return {"message": message}


def thread_messages(call: Call) -> Document:
    """`chat.getThreadMessages`: the oldest first, without the message that the thread hangs on."""
    a_message(call, call.query["tmid"])
    found = said_under(call.state, call.query["tmid"])
    return page(call, found[::-1] if call.query.get("sort", "").replace(" ", "") == '{"ts":-1}' else found)


def sync_messages(call: Call) -> Document:
    """`chat.syncMessages`: what was written or changed since, by date or cursor (publications/messages.ts)."""
    room = call.state.rooms.get(call.query["roomId"])
    if room is None or not call.state.reaches(call.me, room):
        raise Refused("error-not-allowed", "Not allowed")
    since, kind = call.query.get("lastUpdate"), call.query.get("type")
    if not since and not kind:
        raise Refused("error-param-required", 'The "type" or "lastUpdate" parameters must be provided')
    if since:
        at = moment(since, "lastUpdate")
        updated = [one for one in said_in(call.state, room["_id"]) if one["_updatedAt"] > at]
        gone = [one for one in call.state.deleted.values() if one["rid"] == room["_id"] and one["_deletedAt"] > at]
        return {"result": {"updated": updated, "deleted": gone}}
    if not call.query.get(
        "next"
    ):  # as there: without a cursor to begin from there is nothing, `next=0` is the beginning
        return {"result": {"updated": [], "deleted": []}}
    at, count = moment(call.query["next"], "next"), int(call.query.get("count", 20))
    field = "_updatedAt" if kind == "UPDATED" else "_deletedAt"
    source = call.state.messages if kind == "UPDATED" else call.state.deleted
    found = sorted(
        (one for one in source.values() if one["rid"] == room["_id"] and one[field] > at), key=lambda one: one[field]
    )
    chosen, more = found[:count], len(found) > count
    cursor = {
        "next": _cursor(chosen[-1][field]) if more else None,
        "previous": _cursor(found[0][field]) if found else None,
    }
    return {
        "result": {
            "updated": chosen if kind == "UPDATED" else [],
            "deleted": chosen if kind != "UPDATED" else [],
            "cursor": cursor,
        }
    }


def _cursor(at: datetime) -> str:
    return str(round(at.timestamp() * 1000))


def moment(text: str, name: str) -> datetime:
    """The moment that a query names. Raises `Refused`."""
    try:
        return moment_of(text)
    except ValueError as error:
        raise Refused(f"error-{name}-param-invalid", f'The "{name}" query parameter must be a valid date.') from error


CHAT = {
    ("POST", "chat.sendMessage"): Route(run=send_message),
    ("POST", "chat.postMessage"): Route(run=post_message),
    ("POST", "chat.update"): Route(run=update),
    ("POST", "chat.delete"): Route(run=delete),
    ("POST", "chat.react"): Route(run=set_reaction),
    ("GET", "chat.getMessage"): Route(run=get_message),
    ("GET", "chat.getThreadMessages"): Route(run=thread_messages),
    ("GET", "chat.syncMessages"): Route(run=sync_messages),
}
