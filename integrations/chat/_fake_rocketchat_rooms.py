"""Routes of a fake Rocket.Chat server about rooms: what was said there, who is in them, files, calls, webhooks."""

import re

from integrations.chat._fake_rocketchat_chat import moment, page
from integrations.chat._fake_rocketchat_messages import announce, check_text, keep_file, may_speak, said_in, write
from integrations.chat._fake_rocketchat_rest import Call, Route
from integrations.chat._fake_rocketchat_state import Document, Refused, new_id, now


def the_room(call: Call, kinds: str = "cpd") -> Document:
    """The room that the query or body names, of one of the kinds, which the caller reaches. Raises `Refused`."""
    given = call.query | call.body
    room = call.state.rooms.get(given.get("roomId") or "") or call.state.room(given.get("roomName") or "")
    if room is None or room["t"] not in kinds or not (room["t"] == "c" or call.state.reaches(call.me, room)):
        raise Refused(
            "error-room-not-found", 'The required "roomId" or "roomName" param provided does not match any channel'
        )
    if not call.state.reaches(call.me, room):
        raise Refused("not-allowed", "Not Allowed")
    return room


def history(call: Call, kinds: str) -> Document:
    """`*.history`: the newest first, from `oldest` to `latest`, both left out unless `inclusive`; 20 unless told."""
    room = the_room(call, kinds)
    found, both = said_in(call.state, room["_id"]), call.query.get("inclusive") == "true"
    if "latest" in call.query:
        latest = moment(call.query["latest"], "latest")
        found = [one for one in found if one["ts"] < latest or (both and one["ts"] == latest)]
    if "oldest" in call.query:
        oldest = moment(call.query["oldest"], "oldest")
        found = [one for one in found if one["ts"] > oldest or (both and one["ts"] == oldest)]
    if call.query.get("showThreadMessages") == "false":
        found = [one for one in found if "tmid" not in one or one.get("tshow")]
    offset, count = int(call.query.get("offset", 0)), int(call.query.get("count", 20))
    return {"messages": found[offset : offset + count]}


def messages(call: Call, kinds: str) -> Document:
    """`*.messages`: the newest first."""
    return page(call, said_in(call.state, the_room(call, kinds)["_id"]))


def rooms_get(call: Call) -> Document:
    """`rooms.get`: those one is in; with `updatedSince`, those that changed since, as each message changes its room."""
    mine = [room for room in call.state.rooms.values() if (room["_id"], call.me.id) in call.state.subscriptions]
    if since := call.query.get("updatedSince"):
        at = moment(since, "updatedSince")
        mine = [room for room in mine if room["_updatedAt"] > at]
    return {"update": mine, "remove": []}


def room_roles(call: Call, room: Document) -> Document:
    """`rooms.roles`, `channels.roles`, `groups.roles`: who has a role there; whoever has none is not listed."""
    given = [
        (user, one) for (rid, user), one in call.state.subscriptions.items() if rid == room["_id"] and one.get("roles")
    ]
    return {
        "roles": [{"_id": one["_id"], "rid": room["_id"], "u": one["u"], "roles": one["roles"]} for _, one in given]
    }


def rooms_roles(call: Call) -> Document:
    """`rooms.roles`, since 7.10."""
    room = call.state.rooms.get(call.query.get("rid", ""))
    if room is None or not call.state.reaches(call.me, room):
        raise Refused("error-not-allowed", "Not allowed")
    return room_roles(call, room)


def create(call: Call, kind: str, name: str) -> Document:
    """`channels.create` and `groups.create`."""
    if not call.state.may(call.me, f"create-{kind}"):
        raise Refused("forbidden", status=403)
    wanted = call.body.get("name", "")
    if not re.fullmatch(r"[0-9a-zA-Z_.-]+", wanted):
        raise Refused("error-invalid-room-name", f"{wanted} is not a valid room name")
    if call.state.room(wanted):
        raise Refused("error-duplicate-channel-name", f"A channel with name '{wanted}' exists")
    members = [user.username for member in call.body.get("members", []) if (user := call.state.user(member))]
    room = call.state.open_room(kind, wanted, tuple(dict.fromkeys([call.me.username, *members])))
    return {name: room}


def direct(call: Call) -> Document:
    """`im.create`: the room of these people, made if need be."""
    names = call.body.get("usernames") or call.body.get("username") or ""
    others = [call.state.user(name.strip()) for name in names.split(",") if name.strip()]
    if None in others or not others:
        raise Refused("error-invalid-user", "Invalid user")
    if not call.state.may(call.me, "create-d"):
        raise Refused("error-not-allowed", "Not allowed")
    room = call.state.open_room("d", "", (call.me.username, *(user.username for user in others if user)))
    return {"room": room | {"rid": room["_id"]}}


def join(call: Call) -> Document:
    """`channels.join`."""
    room = the_room(call, "c")
    if (room["_id"], call.me.id) not in call.state.subscriptions:
        call.state.join(room, call.me, [])
        announce(call.state, room, "uj", call.me)
    return {"channel": room}


def invite(call: Call, kinds: str, name: str) -> Document:
    """`channels.invite`, `groups.invite`."""
    room = the_room(call, kinds)
    if not call.state.may(call.me, "add-user-to-joined-room", room["_id"]):
        raise Refused("error-not-allowed", "Not allowed")
    for number in call.body.get("userIds") or [call.body.get("userId", "")]:
        guest = call.state.known(number)
        if (room["_id"], guest.id) not in call.state.subscriptions:
            call.state.join(room, guest, [])
            announce(call.state, room, "au", guest, call.me)
    return {name: room}


def media(call: Call) -> Document:
    """`rooms.media/:rid`: keeps a file, and posts nothing."""
    room = call.state.rooms.get(call.place["rid"])
    if room is None or not call.state.reaches(call.me, room):
        raise Refused("forbidden", status=403)
    if call.file is None:
        raise Refused("invalid-field")
    name, data, kind = call.file
    upload = keep_file(call.state, call.me, room, name, data, kind)
    return {"file": {"_id": upload.id, "url": f"/file-upload/{upload.id}/{upload.name}"}}


def media_confirm(call: Call) -> Document:
    """`rooms.mediaConfirm/:rid/:fileId`: posts the file; a second time it posts it again."""
    room, upload = call.state.rooms.get(call.place["rid"]), call.state.uploads.get(call.place["fileId"])
    if room is None or not call.state.reaches(call.me, room):
        raise Refused("forbidden", status=403)
    if upload is None or upload.user != call.me.id:
        raise Refused("invalid-file")
    may_speak(call.state, call.me, room)
    text = call.body.get("msg") or ""
    check_text(call.state, call.me, room, text)
    upload.name = call.body.get("fileName") or upload.name
    upload.description = call.body.get("description") or ""
    return {"message": write(call.state, call.me, room, text, thread=call.body.get("tmid") or "", uploads=[upload])}


def start_call(call: Call) -> Document:
    """`video-conference.start`: for who has `call-management`, which the role `bot` does not give."""
    room = call.state.rooms.get(call.body["roomId"])
    if room is None or not call.state.reaches(call.me, room):
        raise Refused("invalid-params")
    if not call.state.may(call.me, "call-management", room["_id"]):
        raise Refused("forbidden", status=403)
    number = new_id()
    call.state.calls[number] = {
        "_id": number,
        "rid": room["_id"],
        "title": call.body.get("title", ""),
        "by": call.me.id,
    }
    block = {"type": "video_conf", "blockId": number, "callId": number, "appId": "videoconf-core"}
    write(call.state, call.me, room, "", more={"t": "videoconf", "blocks": [block], "groupable": False})
    data: Document = {"callId": number, "providerName": "jitsi"}
    if room["t"] == "d":
        other = next((user.id for user in call.state.members(room["_id"]) if user.id != call.me.id), call.me.id)
        return {"data": data | {"type": "direct", "calleeId": other}}
    return {"data": data | {"type": "videoconference", "rid": room["_id"]}}


def join_call(call: Call) -> Document:
    """`video-conference.join`: its address."""
    begun = call.state.calls.get(call.body["callId"])
    if begun is None or not call.state.reaches(call.me, call.state.rooms[begun["rid"]]):
        raise Refused("invalid-params")
    return {"url": f"https://meet.example.org/{begun['_id']}", "providerName": "jitsi"}


def hook(call: Call) -> Document:
    """`integrations.create`: an outgoing webhook, for who may have them."""
    if not any(
        call.state.may(call.me, name) for name in ("manage-outgoing-integrations", "manage-own-outgoing-integrations")
    ):
        raise Refused("forbidden", status=403)
    if call.body["type"] != "webhook-outgoing":
        raise Refused("Invalid integration type.")
    number, at = new_id(), now()
    channel = [name.strip() for name in call.body["channel"].split(",") if name.strip()]
    made = call.body | {
        "_id": number,
        "channel": channel,
        "token": call.body.get("token") or new_id() + new_id(),
        "userId": call.me.id,
        "_createdAt": at,
        "_updatedAt": at,
        "_createdBy": {"_id": call.me.id, "username": call.me.username},
    }
    call.state.integrations[number] = made
    return {"integration": made}


def _rooms(name: str, kinds: str) -> dict[tuple[str, str], Route]:
    return {
        ("GET", f"{name}.history"): Route(run=lambda call: history(call, kinds)),
        ("GET", f"{name}.messages"): Route(run=lambda call: messages(call, kinds)),
    }


ROOMS = (
    _rooms("channels", "c")
    | _rooms("groups", "p")
    | _rooms("im", "d")
    | _rooms("dm", "d")
    | {
        ("GET", "rooms.get"): Route(run=rooms_get),
        ("GET", "rooms.info"): Route(run=lambda call: {"room": the_room(call)}),
        ("GET", "rooms.roles"): Route(run=rooms_roles),
        ("GET", "channels.roles"): Route(run=lambda call: room_roles(call, the_room(call, "c"))),
        ("GET", "groups.roles"): Route(run=lambda call: room_roles(call, the_room(call, "p"))),
        ("GET", "channels.info"): Route(run=lambda call: {"channel": the_room(call, "c")}),
        ("GET", "groups.info"): Route(run=lambda call: {"group": the_room(call, "p")}),
        ("POST", "channels.create"): Route(run=lambda call: create(call, "c", "channel")),
        ("POST", "groups.create"): Route(run=lambda call: create(call, "p", "group")),
        ("POST", "channels.join"): Route(run=join),
        ("POST", "channels.invite"): Route(run=lambda call: invite(call, "c", "channel")),
        ("POST", "groups.invite"): Route(run=lambda call: invite(call, "p", "group")),
        ("POST", "im.create"): Route(run=direct),
        ("POST", "dm.create"): Route(run=direct),
        ("POST", "rooms.media/:rid"): Route(run=media),
        ("POST", "rooms.mediaConfirm/:rid/:fileId"): Route(run=media_confirm),
        ("POST", "video-conference.start"): Route(run=start_call),
        ("POST", "video-conference.join"): Route(run=join_call),
        ("POST", "integrations.create"): Route(run=hook),
    }
)
