"""The fake Rocket.Chat server, held to the published schemas and to the real Python client."""

import contextlib
import json
import os
import random
import re
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jsonschema_rs
import pyotp
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from integrations.chat._fake_rocketchat_schemas import DOCUMENTED
from integrations.chat._fake_rocketchat_state import Upload
from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
CONTRACT = SHARED / "contracts/rocketchat"
REQUESTS = CONTRACT / "rocketchat-request-schemas.json"
SCHEMAS = REQUESTS if REQUESTS.exists() else None
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WORLD = World(
    users=(
        User(username="kowal", roles=("bot", "user"), password="secret", token="bot-token"),
        User(username="ann", name="Ann Nowak", roles=("admin", "user"), token="ann-token"),
        User(username="bob", password="b", totp=SECRET, token="bob-token"),
    ),
    rooms=(
        Room(name="general", id="GENERAL", members=("ann", "bob", "kowal"), roles={"bob": ("moderator",)}),
        Room(name="open", members=("ann",)),
        Room(name="secret", type="p", members=("ann", "bob")),
        Room(name="staff", type="p", members=("ann", "kowal")),
    ),
)


@pytest.fixture
def fake():
    """The server, listening; it refuses what the published validators refuse, where they are here."""
    with FakeRocketChat(WORLD, schemas=SCHEMAS) as server:
        yield server


def client_of(fake, user="kowal"):
    """HTTP as somebody, with a token from the script."""
    token = {"kowal": "bot-token", "ann": "ann-token", "bob": "bob-token"}[user]
    return httpx.Client(
        base_url=f"{fake.url}/api/v1/", headers={"X-User-Id": fake.id_of(user), "X-Auth-Token": token}, trust_env=False
    )


@pytest.fixture
def http(fake):
    """HTTP as the bot."""
    with client_of(fake) as client:
        yield client


class Line:
    """A client of the realtime line that hears everything."""

    def __init__(self, fake, token="bot-token"):
        self._open = contextlib.ExitStack()
        self.socket = self._open.enter_context(connect(fake.ws_url, proxy=None))
        self.say({"msg": "connect", "version": "1", "support": ["1"]})
        self.logged_in = self.ask("method", "m", method="login", params=[{"resume": token}])
        self.ask("sub", "s", name="stream-room-messages", params=["__my_messages__", {"useCollection": False}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._open.close()

    def say(self, frame):
        """Send a frame."""
        self.socket.send(json.dumps(frame))

    def ask(self, msg, number, **more):
        """Send one, and wait for what answers it."""
        self.say({"msg": msg, "id": number, **more})
        while True:
            frame = json.loads(self.socket.recv(5))
            if frame.get("id") == number or number in frame.get("subs", []):
                return frame

    def heard(self, seconds=0.3):
        """The messages of the stream, until nothing comes for so long, each with what is told of its room."""
        found = []
        while True:
            try:
                frame = json.loads(self.socket.recv(seconds))
            except TimeoutError:
                return found
            if frame.get("msg") == "changed":
                found.append(tuple(frame["fields"]["args"]))


@pytest.fixture
def line(fake):
    """The bot on the realtime line."""
    with Line(fake) as opened:
        yield opened


@pytest.fixture(scope="module")
def entities():
    """A function that fails unless a value is what the published schema of that name says."""
    file = CONTRACT / "rocketchat-core-schemas.json"
    if not file.exists():
        pytest.skip("Rocket.Chat's published schemas (KOWAL_SHARED) are not here")
    components = json.loads(file.read_text())["components"]
    attachment = components["schemas"]["MessageAttachment"]
    # Whatever the server itself writes of a file fits two of the alternatives: the default one refuses nothing.
    attachment["anyOf"] = attachment.pop("oneOf")
    made = {}

    def hold(name, value):
        if name not in made:
            whole = {"$ref": f"#/components/schemas/{name}", "components": components}
            made[name] = jsonschema_rs.validator_for(whole, validate_formats=True)
        made[name].validate(value)

    return hold


KEYS = {
    "message": "IMessage",
    "messages": "IMessage",
    "updated": "IMessage",
    "lastMessage": "IMessage",
    "me": "IMeApiUser",
    "room": "IRoom",
    "channel": "IRoom",
    "group": "IRoom",
    "subscription": "ISubscription",
    "update": "",
    "integration": "IOutgoingIntegration",
}


def found_in(value, updates):
    """The entities of a reply, with the names of their schemas; `update` holds those of `updates`."""
    for key, item in value.items():
        for one in item if isinstance(item, list) else [item]:
            if isinstance(one, dict):
                if key in KEYS:
                    yield KEYS[key] or updates, one
                yield from found_in(one, updates)


def plain(value):
    """The value with dates as REST has them."""
    if isinstance(value, dict):
        if set(value) == {"$date"}:
            return datetime.fromtimestamp(value["$date"] / 1000, UTC).isoformat()
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


CALLS = {
    "info": ("GET", {}),
    "me": ("GET", {}),
    "chat.sendMessage": ("POST", {"message": {"rid": "GENERAL", "msg": "hi @ann", "tmid": "m"}}),
    "chat.postMessage": ("POST", {"channel": "#general", "text": "hi"}),
    "chat.update": ("POST", {"roomId": "GENERAL", "msgId": "own", "text": "new @bob"}),
    "chat.react": ("POST", {"messageId": "m", "emoji": ":eyes:", "shouldReact": True}),
    "chat.getMessage": ("GET", {"msgId": "file"}),
    "chat.getThreadMessages": ("GET", {"tmid": "m", "count": 5}),
    "chat.syncMessages": ("GET", {"roomId": "GENERAL", "lastUpdate": "2026-01-01T00:00:00Z"}),
    "channels.history": ("GET", {"roomId": "GENERAL", "count": 100, "oldest": "2026-01-01T00:00:00Z"}),
    "channels.messages": ("GET", {"roomId": "GENERAL"}),
    "channels.info": ("GET", {"roomName": "general"}),
    "channels.roles": ("GET", {"roomName": "general"}),
    "channels.create": ("POST", {"name": "news", "members": ["ann"]}),
    "channels.join": ("POST", {"roomId": "=open"}),
    "channels.invite": ("POST", {"roomId": "=news", "userId": "=bob"}),
    "groups.create": ("POST", {"name": "hidden"}),
    "groups.invite": ("POST", {"roomId": "=hidden", "userId": "=bob"}),
    "groups.history": ("GET", {"roomName": "staff"}),
    "groups.messages": ("GET", {"roomName": "staff"}),
    "groups.info": ("GET", {"roomName": "staff"}),
    "groups.roles": ("GET", {"roomName": "staff"}),
    "im.create": ("POST", {"username": "ann"}),
    "im.history": ("GET", {"roomId": "=direct"}),
    "im.messages": ("GET", {"roomId": "=direct"}),
    "rooms.get": ("GET", {}),
    "rooms.info": ("GET", {"roomId": "GENERAL"}),
    "rooms.roles": ("GET", {"rid": "GENERAL"}),
    "roles.getUsersInPublicRoles": ("GET", {}),
    "subscriptions.get": ("GET", {"updatedSince": "2026-01-01T00:00:00Z"}),
    "subscriptions.getOne": ("GET", {"roomId": "GENERAL"}),
    "subscriptions.read": ("POST", {"rid": "GENERAL"}),
    "users.info": ("GET", {"username": "ann"}),
    "video-conference.start": ("POST", {"roomId": "GENERAL", "title": "now"}),
    "login": ("POST", {"user": "kowal", "password": "secret"}),
    "integrations.create": (
        "POST",
        {
            "type": "webhook-outgoing",
            "username": "kowal",
            "channel": "#general",
            "enabled": True,
            "event": "sendMessage",
            "urls": [],
            "scriptEnabled": False,
            "name": "n",
        },
    ),
    "chat.delete": ("POST", {"roomId": "GENERAL", "msgId": "own"}),
    "logout": ("POST", {}),
}


def asked_all(fake):
    """The reply of each route, by its name; all succeed."""
    fake.says("ann", "general", "@kowal do it", id="m")
    fake.says("kowal", "general", "done", id="own", tmid="m")
    fake.says("bob", "general", "look", id="file", file=("a b.txt", b"x"))
    fake.reacts("bob", "own", ":+1:")
    fake.edits("ann", "m", "@kowal: do that")
    places = {"=direct": fake.direct("kowal", "ann")}
    replies = {}
    with client_of(fake) as bot, client_of(fake, "ann") as admin:
        for route, (method, body) in CALLS.items():
            body = {key: places.get(value, value) if isinstance(value, str) else value for key, value in body.items()}
            body = {key: fake.id_of(value[1:]) if str(value).startswith("=") else value for key, value in body.items()}
            client = admin if route == "integrations.create" else bot
            reply = client.get(route, params=body) if method == "GET" else client.post(route, json=body)
            assert reply.status_code == 200, (route, reply.text)
            replies[route] = reply.json()
            assert replies[route]["success"] is True
    return replies


def test_every_route_answers_with_what_the_schemas_say(fake, entities):
    """Each message, room, person and subscription in a reply is what the published schema of its kind says."""
    replies = asked_all(fake)
    entities("IMeApiUser", replies["me"])
    seen = set()
    for route, reply in replies.items():
        for name, value in found_in(reply, "IRoom" if route == "rooms.get" else "ISubscription"):
            entities(name, value)
            seen.add(name)
    assert seen == {"IMessage", "IMeApiUser", "IRoom", "ISubscription", "IOutgoingIntegration"}


def test_what_comes_over_the_realtime_line_is_what_the_schemas_say(fake, entities):
    """Each message of the stream is one, and what stands beside it tells of its room."""
    with Line(fake, fake.token_of("kowal")[1]) as line:
        asked_all(fake)
        heard = line.heard()
    assert len(heard) > 10
    for message, about in heard:
        entities("IMessage", plain(message))
        assert set(about) <= {"roomParticipant", "roomType", "roomName"}
        assert isinstance(message["ts"]["$date"], int)


@pytest.mark.skipif(SCHEMAS is None, reason="Rocket.Chat's published validators (KOWAL_SHARED) are not here")
def test_the_routes_without_a_published_validator_are_known(fake, http):
    """Requests are held to the server's own validators; these to what is documented, and they do not grow unseen."""
    asked_all(fake)
    assert http.post("rooms.media/GENERAL", files={"file": ("a.txt", b"x")}).status_code == 401
    with client_of(fake, "ann") as admin:
        for_file = admin.post("rooms.media/GENERAL", files={"file": ("a.txt", b"x")}).json()["file"]["_id"]
        assert admin.post(f"rooms.mediaConfirm/GENERAL/{for_file}", json={"msg": "hi"}).status_code == 200
        admin.post("users.generatePersonalAccessToken", json={"tokenName": "n", "bypassTwoFactor": True})
    assert fake.judge.unpublished == {name for name in DOCUMENTED if name != "GET logout query"}


@pytest.mark.skipif(SCHEMAS is None, reason="Rocket.Chat's published validators (KOWAL_SHARED) are not here")
@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("POST", "chat.postMessage", {"text": "to nowhere"}),
        ("POST", "chat.postMessage", {"roomId": "GENERAL", "colour": "red"}),
        ("POST", "chat.sendMessage", {"message": "hi"}),
        ("POST", "chat.update", {"roomId": "GENERAL", "text": "which?"}),
        ("POST", "chat.react", {"messageId": "", "emoji": ":eyes:"}),
        ("GET", "chat.getMessage", {}),
        ("GET", "channels.history", {"roomId": "GENERAL", "count": "many"}),
        ("GET", "channels.history", {"roomId": "GENERAL", "inclusive": "yes"}),
        ("GET", "subscriptions.get", {"since": "2026"}),
        ("GET", "users.info", {"name": "ann"}),
        ("POST", "im.create", {"user": "ann"}),
        ("POST", "login", {"user": "kowal", "pass": "secret"}),
        ("GET", "rooms.roles", {"roomId": "GENERAL"}),
        ("POST", "channels.create", {"name": ""}),
    ],
)
def test_what_the_validators_refuse_is_refused(fake, http, method, route, body):
    """A request that the server's validator, or the documentation, does not allow gets 400, and does nothing."""
    before = len(fake.messages("general"))
    reply = http.get(route, params=body) if method == "GET" else http.post(route, json=body)
    assert (reply.status_code, reply.json()["errorType"]) == (400, "invalid-params")
    assert len(fake.messages("general")) == before


def test_the_real_python_client_is_served():
    """Each call of the contract's script for rocketchat_API succeeds, in a room of the kind that it is about."""
    script = CONTRACT / "drive_with_rocketchat_API.py"
    if not script.exists():
        pytest.skip("the contract's script (KOWAL_SHARED) is not here")
    done = {}
    for kind in ("c", "p"):
        people = (User(username="u", id="u", token="t", roles=("admin",)), User(username="user", password="pass"))
        rooms = (Room(name="general", id="GENERAL", type=kind, members=("u", "user")),)
        rooms += (Room(type="d", id="r1", members=("u", "user")),)
        with FakeRocketChat(World(users=(*people, User(username="bob")), rooms=rooms), schemas=SCHEMAS) as fake:
            for number in ("m1", "t1"):
                fake.says("u", "general", "hi", id=number)
            fake.state.uploads["f1"] = Upload(id="f1", name="a", kind="text/plain", data=b"x", room="GENERAL", user="u")
            said = subprocess.run([sys.executable, script, fake.url], capture_output=True, text=True, check=True).stdout
            done[kind] = dict(
                re.findall(r"^(OK|FAIL) +(.*?) [\[{R]", said, re.MULTILINE)[i][::-1]
                for i in range(len(said.splitlines()))
            )
    assert len(done["c"]) == 20
    assert [call for call, how in done["c"].items() if how == "FAIL"] == ["groups_history"]
    assert [call for call, how in done["p"].items() if how == "FAIL"] == ["history"]


def test_a_message_with_an_id_that_is_there_is_not_posted_again(fake, http):
    """The second `chat.sendMessage` with an `_id` changes nothing and answers 400, as the server's source says."""
    send = {"message": {"_id": "mine", "rid": "GENERAL", "msg": "once"}}
    assert http.post("chat.sendMessage", json=send).json()["message"]["_id"] == "mine"
    again = http.post("chat.sendMessage", json=send)
    assert again.status_code == 400
    assert "success" in again.json()
    assert [one["msg"] for one in fake.messages("general")] == ["once"]


def test_the_stream_tells_of_all_that_the_user_can_read(fake, line):
    """Public rooms that one is not in and one's own messages are told, too; private rooms of others are not."""
    for user, room in (("ann", "general"), ("ann", "open"), ("ann", "secret"), ("kowal", "staff")):
        fake.says(user, room, f"in {room}")
    direct = fake.direct("ann", "kowal")
    fake.says("ann", direct, "psst")
    heard = [(message["msg"], about) for message, about in line.heard()]
    assert heard == [
        ("in general", {"roomParticipant": True, "roomType": "c", "roomName": "general"}),
        ("in open", {"roomParticipant": False, "roomType": "c", "roomName": "open"}),
        ("in staff", {"roomParticipant": True, "roomType": "p", "roomName": "staff"}),
        ("psst", {"roomParticipant": True, "roomType": "d"}),
    ]


def test_the_stream_tells_anew_of_what_changed(fake, line):
    """An edit, a reaction and a reply in its thread have the message told again; the same words again do not."""
    said = fake.says("ann", "general", "first")
    fake.edits("ann", said, "second")
    fake.edits("ann", said, "second")
    fake.reacts("bob", said, "+1")
    reply = fake.says("bob", "general", "third", tmid=said)
    deeper = fake.says("ann", "general", "fourth", tmid=reply)
    heard = [message for message, _ in line.heard()]
    assert [one["_id"] for one in heard] == [said, said, said, reply, said, deeper, said]
    assert "editedAt" in heard[1]
    assert heard[2]["reactions"] == {":+1:": {"usernames": ["bob"]}}
    assert heard[4]["tcount"] == 1
    assert heard[5]["tmid"] == said  # there are no threads in threads
    assert [one["msg"] for one in fake.messages(said)] == ["third", "fourth"]


def test_who_comes_and_goes_is_told_by_the_server(fake, line):
    """A member who is added or thrown out has a message of the system, and reads the room from then on or no more."""
    fake.adds("secret", "kowal")
    fake.says("ann", "secret", "welcome")
    fake.removes("secret", "kowal")
    fake.says("ann", "secret", "gone")
    heard = [(message.get("t", ""), message["msg"]) for message, _ in line.heard()]
    assert heard == [("au", "kowal"), ("", "welcome"), ("ru", "kowal")]
    assert [message.get("t") for message in fake.messages("secret")] == ["au", None, "ru", None]


def test_mentions_are_read_from_the_text(fake):
    """`@name` calls somebody, before a full stop, too; not in code or an address, and nobody who is not there."""
    ids = {name: fake.id_of(name) for name in ("kowal", "ann")}
    for text, called in {
        "@kowal do it": ["kowal"],
        "ask @kowal, or @ann.": ["kowal", "ann"],
        "@ann @ann": ["ann"],
        "mail kowal@ann.example": [],
        "`@kowal` and ```\n@ann\n```": [],
        "@nobody": [],
    }.items():
        mentions = fake.message(fake.says("bob", "general", text))["mentions"]
        assert [one["_id"] for one in mentions] == [ids[name] for name in called], text
    everybody = fake.message(fake.says("bob", "general", "@all"))["mentions"]
    assert everybody == [{"_id": "all", "username": "all"}]


def test_subscriptions_do_not_change_with_each_message_and_rooms_do(fake, http):
    """What changed since: a subscription once for many messages, again for a mention; the room each time."""

    def changed(route, since):
        return [one["_id"] for one in http.get(route, params={"updatedSince": since}).json()["update"]]

    def moment():
        time.sleep(0.002)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        time.sleep(0.002)
        return at

    http.post("subscriptions.read", json={"rid": "GENERAL"})
    at = moment()
    fake.says("ann", "general", "one")
    assert len(changed("subscriptions.get", at)) == 1
    at = moment()
    fake.says("ann", "general", "two")
    assert (changed("subscriptions.get", at), changed("rooms.get", at)) == ([], ["GENERAL"])
    at = moment()
    fake.says("ann", "general", "@kowal three")
    assert len(changed("subscriptions.get", at)) == 1


def test_pages_of_what_was_missed_are_whole(fake, http):
    """By `oldest` and by cursor, all that was said since comes exactly once, in threads, too."""
    fake.says("ann", "general", "before")
    since = fake.message(fake.says("ann", "general", "last"))["ts"]
    said = []
    for number in range(25):
        time.sleep(0.0015)  # the cursor counts milliseconds
        said.append(fake.says("ann", "general", str(number), tmid=said[0] if number % 3 == 2 else ""))
    pages = [
        http.get("channels.history", params={"roomId": "GENERAL", "oldest": since, "count": 10, "offset": at}).json()
        for at in (0, 10, 20)
    ]
    assert [one["_id"] for page in pages for one in page["messages"]] == said[::-1]
    cursor, found = str(round(datetime.fromisoformat(since).timestamp() * 1000)), []
    while cursor:
        asked = {"roomId": "GENERAL", "type": "UPDATED", "next": cursor, "count": 7}
        result = http.get("chat.syncMessages", params=asked).json()["result"]
        found += [one["_id"] for one in result["updated"]]
        cursor = result["cursor"]["next"]
    assert sorted(found) == sorted(said)


def test_too_many_calls_get_429_with_the_moment_to_come_back(fake):
    """Ten calls of a route in a minute, then 429 with headers in milliseconds; not for other routes, nor for bots."""
    with client_of(fake, "bob") as person, client_of(fake) as bot:
        replies = [person.get("me") for _ in range(11)]
        assert [reply.status_code for reply in replies] == [200] * 10 + [429]
        assert [replies[0].headers["X-RateLimit-Remaining"], replies[9].headers["X-RateLimit-Remaining"]] == ["9", "0"]
        wait = int(replies[10].headers["X-RateLimit-Reset"]) / 1000 - time.time()
        assert 50 < wait <= 60
        assert "retry-after" not in replies[10].headers
        assert re.fullmatch(
            r"Error, too many requests. Please slow down. You must wait \d+ seconds before trying this "
            r"endpoint again. \[error-too-many-requests\]",
            replies[10].json()["error"],
        )
        assert person.get("subscriptions.get").status_code == 200
        assert {bot.get("me").status_code for _ in range(20)} == {200}
        fake.limit(2, 0.2, routes={"me": (1, 0.1)})
        assert [person.get("me").status_code for _ in range(2)] == [200, 429]
        time.sleep(0.15)
        assert person.get("me").status_code == 200
        fake.limit(None)
        assert {person.get("me").status_code for _ in range(20)} == {200}


def test_who_may_not_is_refused(fake, http):
    """A missing right gets 403 or 400 as the server has it, for each kind of it."""
    with client_of(fake, "bob") as bob:
        assert bob.get("rooms.info", params={"roomName": "staff"}).status_code == 400
        assert bob.post("rooms.media/nowhere", files={"file": ("a", b"x")}).status_code == 403
        hook = CALLS["integrations.create"][1]
        assert bob.post("integrations.create", json=hook).json() == {"success": False, "error": "forbidden"}
    said = fake.says("ann", "secret", "psst")
    assert http.get("chat.getMessage", params={"msgId": said}).status_code == 400
    refused = http.post(
        "chat.update", json={"roomId": "GENERAL", "msgId": fake.says("ann", "general", "a"), "text": "b"}
    )
    assert refused.json()["errorType"] == "error-action-not-allowed"
    only = World(
        users=(User(username="b", roles=("bot",), token="t", id="b"),), rooms=(Room(name="r", id="R", members=()),)
    )
    with FakeRocketChat(only) as other, httpx.Client(headers={"X-User-Id": "b", "X-Auth-Token": "t"}) as bot:
        call = bot.post(f"{other.url}/api/v1/video-conference.start", json={"roomId": "R"})
        assert call.status_code == 403  # the role `bot` alone does not start calls
        loud = bot.post(f"{other.url}/api/v1/chat.sendMessage", json={"message": {"rid": "R", "msg": "@all wake up"}})
        assert loud.json()["errorType"] == "error-action-not-allowed"


def test_roles_are_told_to_who_may_know_them(fake, http):
    """`users.info` gives roles to admins and oneself; others learn of public roles and of roles in a room."""
    assert "roles" not in http.get("users.info", params={"username": "ann"}).json()["user"]
    assert http.get("users.info", params={"username": "kowal"}).json()["user"]["roles"] == ["bot", "user"]
    with client_of(fake, "ann") as admin:
        assert admin.get("users.info", params={"username": "bob"}).json()["user"]["roles"] == ["user"]
    public = http.get("roles.getUsersInPublicRoles").json()["users"]
    assert public == [{"_id": fake.id_of("ann"), "username": "ann", "roles": ["admin"]}]
    here = http.get("rooms.roles", params={"rid": "GENERAL"}).json()["roles"]
    assert [(one["u"]["username"], one["roles"]) for one in here] == [("ann", ["owner"]), ("bob", ["moderator"])]


def test_logins_by_password_and_second_factor(fake):
    """A login gives a token that both sides take; without the code, or with a wrong one, there is none."""
    url, code = f"{fake.url}/api/v1/login", pyotp.TOTP(SECRET).now()
    fake.limit(None)
    made = httpx.post(url, json={"username": "kowal", "password": "secret"}).json()["data"]["authToken"]
    assert httpx.post(url, json={"resume": made}).json()["data"]["authToken"] == made
    with Line(fake, made) as line:
        assert "result" in line.logged_in
    for body in (
        {"user": "bob", "password": "b"},
        {"user": "bob", "password": "b", "code": "000000"},
        {"user": "kowal", "password": "wrong"},
        {"user": "nobody", "password": "b"},
        {"resume": "x"},
    ):
        reply = httpx.post(url, json=body)
        assert (reply.status_code, reply.json()) == (401, {"success": False, "error": "unauthorized"})
    assert httpx.post(url, json={"user": "bob", "password": "b", "code": code}).status_code == 200
    assert httpx.post(url, json={"user": "bob", "password": "b"}, headers={"x-2fa-code": code}).status_code == 200


def test_a_personal_token_needs_the_second_factor(fake):
    """`users.generatePersonalAccessToken` says which factor it wants, and the token lets in."""
    with client_of(fake, "bob") as bob:
        wish = {"tokenName": "kowal"}
        refused = bob.post("users.generatePersonalAccessToken", json=wish)
        assert (refused.status_code, refused.json()["errorType"]) == (400, "totp-required")
        assert refused.json()["details"]["method"] == "totp"
        headers = {"x-2fa-code": pyotp.TOTP(SECRET).now(), "x-2fa-method": "totp"}
        token = bob.post("users.generatePersonalAccessToken", json=wish, headers=headers).json()["token"]
        assert bob.get("me", headers={"X-Auth-Token": token}).json()["username"] == "bob"
        assert bob.post("users.generatePersonalAccessToken", json=wish, headers=headers).status_code == 400


def test_a_revoked_token_shuts_out_everywhere(fake, http, line):
    """REST answers 401, the realtime line is closed, and the token opens neither again."""
    fake.revoke("kowal")
    reply = http.get("me")
    assert (reply.status_code, reply.json()) == (401, {"success": False, "error": "You must be logged in to do this."})
    with pytest.raises(ConnectionClosed):
        line.heard()
    with Line(fake) as again:
        assert again.logged_in["error"]["error"] == 403
    number, token = fake.token_of("kowal")
    assert http.get("me", headers={"X-User-Id": number, "X-Auth-Token": token}).status_code == 200
    fake.refuse_resume()
    with Line(fake, token) as again:
        assert "error" in again.logged_in


def test_a_server_of_7_has_other_words():
    """Where it is told to be one, its errors are those of 7."""
    with FakeRocketChat(WORLD.model_copy(update={"version": "7.13.9"})) as old:
        reply = httpx.get(f"{old.url}/api/v1/me")
        assert reply.json() == {"status": "error", "message": "You must be logged in to do this."}
        login = httpx.post(f"{old.url}/api/v1/login", json={"user": "bob", "password": "b"})
        assert (login.status_code, login.json()["error"], login.json()["message"]) == (
            401,
            "totp-required",
            "TOTP Required",
        )
        assert httpx.get(f"{old.url}/api/info").json()["version"] == "7.13"


def test_files_are_for_who_is_logged_in_and_can_read_them(fake, http):
    """An upload posts nothing until it is confirmed; the file is given for both headers, to who reaches its room."""
    kept = http.post(f"rooms.media/{fake.id_of('staff')}", files={"file": ("a b.txt", b"bytes")}).json()["file"]
    assert fake.messages("staff") == []
    said = fake.says("ann", "staff", "here")
    confirmed = http.post(f"rooms.mediaConfirm/{fake.id_of('staff')}/{kept['_id']}", json={"tmid": said}).json()[
        "message"
    ]
    assert (confirmed["tmid"], confirmed["file"]["name"], confirmed["files"][0]["size"]) == (said, "a b.txt", 5)
    place = fake.url + confirmed["attachments"][0]["title_link"]
    assert httpx.get(place, headers=dict(http.headers)).content == b"bytes"
    assert httpx.get(place).status_code == 403
    with client_of(fake, "bob") as stranger:
        assert stranger.get(place).status_code == 403


def test_a_call_has_an_address(fake, http):
    """A video conference is begun, told of in the room as a message of the system, and joined by its address."""
    begun = http.post("video-conference.start", json={"roomId": "GENERAL"}).json()["data"]
    assert (begun["type"], begun["rid"]) == ("videoconference", "GENERAL")
    assert fake.messages("general")[0]["t"] == "videoconf"
    joined = http.post("video-conference.join", json={"callId": begun["callId"]}).json()
    assert joined["url"].endswith(begun["callId"])


def test_webhooks_are_posted_to_who_wants_them(fake):
    """A message with the trigger word is posted with the token; edits and others are not; 410 ends it for good."""
    hook = CALLS["integrations.create"][1] | {"urls": [f"{fake.url}/heard"], "token": "t0ken", "triggerWords": ["!k"]}
    with client_of(fake, "ann") as admin:
        admin.post("integrations.create", json=hook)
    said = fake.says("ann", "general", "!k do it")
    fake.edits("ann", said, "!k do that")
    fake.says("ann", "general", "nothing")
    fake.says("bob", "staff", "!k elsewhere")

    def hooked(count):
        until = time.monotonic() + 30
        while len(fake.hooked) < count and time.monotonic() < until:
            time.sleep(0.01)
        return fake.hooked

    [(url, body, status)] = hooked(1)
    assert (url, status) == (f"{fake.url}/heard", 404)
    assert body["timestamp"].endswith("Z")
    known = {
        "token": "t0ken",
        "bot": False,
        "trigger_word": "!k",
        "channel_id": "GENERAL",
        "channel_name": "general",
        "message_id": said,
        "user_id": fake.id_of("ann"),
        "user_name": "ann",
        "text": "!k do it",
        "siteUrl": fake.url,
    }
    assert {key: value for key, value in body.items() if key != "timestamp"} == known


def test_faults_come_when_they_are_asked_for(fake, http):
    """An error instead of the deed, or after it; nothing at all; a late answer; and then all is well again."""
    send = {"message": {"rid": "GENERAL", "msg": "hi"}}
    fake.breaks("chat.sendMessage", status=503)
    assert http.post("chat.sendMessage", json=send).status_code == 503
    assert fake.messages("general") == []
    fake.breaks("chat.sendMessage", status=0, done=True)
    with pytest.raises(httpx.TransportError):
        http.post("chat.sendMessage", json=send)
    assert len(fake.messages("general")) == 1
    fake.slow("me", 0.2)
    began = time.monotonic()
    assert http.get("me").status_code == 200
    assert time.monotonic() - began >= 0.2
    assert http.post("chat.sendMessage", json=send).status_code == 200
    fake.breaks(times=0)
    assert {http.get("me").status_code, http.get("rooms.get").status_code} == {500}
    fake.heal()
    fake.lag(0.1)
    began = time.monotonic()
    assert http.get("me").status_code == 200
    assert time.monotonic() - began >= 0.1
    assert [request.status for request in fake.requests if request.route == "chat.sendMessage"] == [503, 0, 200]
    assert fake.calls["me"] == 3


def test_the_server_goes_away_and_comes_back(fake, http, line):
    """Lines are cut without a word, nobody is answered meanwhile, and nothing is lost of what it knew."""
    said = fake.says("ann", "general", "before")
    fake.go_away(0.5)
    with pytest.raises(ConnectionClosed):
        line.heard()
    with pytest.raises(httpx.TransportError):
        http.get("me")
    fake.go_away(0.2, status=502)
    assert http.get("me").status_code == 502
    with pytest.raises(InvalidStatus, match="502"):
        Line(fake)
    time.sleep(0.25)
    assert http.get("chat.getMessage", params={"msgId": said}).json()["message"]["msg"] == "before"
    with Line(fake) as again:
        fake.drop_connections()
        with pytest.raises(ConnectionClosed):
            again.heard()


def test_frames_go_astray_by_chance_and_alike_each_time():
    """With a seed, the same frames come twice, late or never; without these chances each comes once and in order."""

    def heard(seed, **chances):
        with FakeRocketChat(WORLD) as fake, Line(fake) as line:
            fake.unruly(seed, **chances)
            for number in range(60):
                fake.says("ann", "general", str(number))
            return [int(message["msg"]) for message, _ in line.heard()]

    assert heard(1) == list(range(60))
    astray = heard(7, duplicate=0.2, reorder=0.2, lose=0.2)
    assert len(set(astray)) < 60
    assert len(astray) > len(set(astray))
    assert astray != sorted(astray)
    assert heard(7, lose=0.2) == heard(7, lose=0.2)
    doubled = heard(random.Random(3).randrange(100), duplicate=1.0)
    assert doubled == [number for number in range(60) for _ in range(2)]


def test_the_line_keeps_to_the_protocol(fake, line):
    """Pings are answered with their number, unknown methods and streams and rooms of others are refused."""
    assert line.ask("ping", "p")["msg"] == "pong"
    assert line.ask("method", "1", method="nothing")["error"]["error"] == 404
    assert line.ask("sub", "2", name="nothing")["msg"] == "nosub"
    assert line.ask("sub", "3", name="stream-room-messages", params=[fake.id_of("secret")])["msg"] == "nosub"
    typing = line.ask("method", "4", method="stream-notify-room", params=["GENERAL/user-activity", "kowal", [], {}])
    assert "error" not in typing
    line.socket.send("{")
    assert json.loads(line.socket.recv(5))["msg"] in ("updated", "error")
    assert fake.listeners == ["kowal"]


def test_it_speaks_tls(certificate):
    """With a certificate, both sides are there for who trusts it, and for nobody else."""
    trust = ssl.create_default_context(cafile=certificate[0])
    with FakeRocketChat(WORLD, certificate=certificate) as fake:
        assert fake.url.startswith("https://localhost:")
        assert httpx.get(f"{fake.url}/api/info", verify=trust).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{fake.url}/api/info")
        with connect(fake.ws_url, ssl=trust, proxy=None) as line:
            assert json.loads(line.recv(5)) == {"server_id": "0"}


def test_it_runs_under_a_prefix():
    """A server below a path answers there, on both sides."""
    with FakeRocketChat(WORLD, prefix="/chat") as fake:
        assert fake.url.endswith("/chat")
        assert httpx.get(f"{fake.url}/api/info").status_code == 200
        with Line(fake) as line:
            assert "result" in line.logged_in


def test_it_runs_as_a_program(tmp_path):
    """`python -m` serves a script file at the address it prints, until it is stopped."""
    file = tmp_path / "script.json"
    file.write_text(
        json.dumps({"users": [{"username": "u", "password": "p"}], "rooms": [{"name": "r", "members": ["u"]}]})
    )
    command = [sys.executable, "-m", "integrations.chat.fake_rocketchat", "--port", "0", "--script", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        try:
            url = program.stderr.readline().split()[-1]
            assert httpx.post(f"{url}/api/v1/login", json={"user": "u", "password": "p"}).status_code == 200
        finally:
            program.terminate()
