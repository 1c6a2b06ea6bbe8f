"""The channel says, rewrites, encloses and looks where answers are lost, limits hold and tokens are withdrawn."""

import io
import json
import logging
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.chat_ports import ChatActions
from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from agent.talking.channel import Attachment, CaughtUp, Channel, Enclosure, Heard, Letter, Person
from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World
from integrations.chat.rocketchat import CHANNEL

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
SCHEMAS = SHARED / "contracts/rocketchat/rocketchat-request-schemas.json"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD, TOKEN = "p4ss & w0rd+of#kowal", "t0ken/of=kowal"
WORLD = World(
    users=(
        User(username="kowal", roles=("bot", "user"), password=PASSWORD, token=TOKEN),
        User(username="ann", roles=("user", "signer"), password="of ann", totp=TOTP),
        User(username="bob"),
    ),
    rooms=(
        Room(name="general", id="GENERAL", members=("ann", "bob", "kowal"), roles={"ann": ("moderator",)}),
        Room(name="closed", type="p", members=("ann", "kowal")),
        Room(name="elsewhere", type="p", members=("ann", "bob")),
    ),
    permissions={"view-full-other-user-info": ("admin", "bot")},
)


@pytest.fixture
def fake() -> Iterator[FakeRocketChat]:
    """A server, held to the published validators where they are here."""
    with FakeRocketChat(WORLD, schemas=SCHEMAS if SCHEMAS.exists() else None) as server:
        yield server


def section_of(fake: FakeRocketChat, **more: Any) -> dict[str, Any]:
    """The settings for it."""
    return {"url": fake.url, "user_id": fake.id_of("kowal"), "token": TOKEN} | more


@pytest.fixture
def channel(fake) -> Iterator[Channel]:
    """The channel, which does not listen."""
    with closing(CHANNEL.open(section_of(fake))) as opened:
        yield opened


def letter(text: str = "hello", room: str = "GENERAL", thread: str = "", key: str = "") -> Letter:
    """A letter with a key of its own."""
    return Letter(key=key or secrets.token_hex(32), room=room, thread=thread, text=text)


def texts(fake: FakeRocketChat, where: str = "general") -> list[str]:
    """What stands in a room."""
    return [message["msg"] for message in fake.messages(where) if "t" not in message]


def test_a_letter_is_one_message(fake, channel):
    """Said three times, and once more by a channel that knows nothing of it, it stands there once."""
    same = letter("once")
    found = {channel.say(same) for _ in range(3)}
    with closing(CHANNEL.open(section_of(fake))) as other:
        found.add(other.say(same))
    assert len(found) == 1
    assert len(found.pop()) == 17
    assert texts(fake) == ["once"]


@pytest.mark.parametrize("status", [500, 400])
def test_an_error_after_the_deed_is_looked_into(fake, channel, status):
    """The server posts a message and answers with an error: it was said all the same, and nobody says it again."""
    fake.breaks("chat.sendMessage", status=status, done=True)
    message = channel.say(letter("once"))
    assert fake.message(message)["msg"] == "once"
    fake.breaks("chat.sendMessage", status=status)
    with pytest.raises(ChannelError):
        channel.say(letter("never"))
    assert texts(fake) == ["once"]


def test_an_answer_that_is_lost_leaves_one_message(fake, channel):
    """The server posts it and hangs up: unavailable, and the next attempt finds it there."""
    fake.breaks("chat.sendMessage", status=0, done=True)
    same = letter("once")
    with pytest.raises(ChannelUnavailable):
        channel.say(same)
    channel.say(same)
    assert texts(fake) == ["once"]


def test_a_letter_goes_into_its_thread_and_is_rewritten(fake, channel):
    """It stands under its message, says what it says, and says something else afterwards."""
    above = fake.says("ann", "general", "@kowal do")
    said = letter("Looking …", thread=above)
    message = channel.say(said)
    assert fake.message(message)["tmid"] == above
    channel.rewrite(message, letter("Done & *well* + #1", thread=above, key=said.key))
    assert fake.message(message)["msg"] == "Done & *well* + #1"
    channel.see(above)
    channel.see(above)
    assert fake.message(above)["reactions"] == {":eyes:": {"usernames": ["kowal"]}}


@pytest.mark.parametrize("where", ["thread", "room", "closed"])
def test_a_file_is_posted_once(fake, channel, where):
    """One whose answer was lost is found again by its name and size; another of that name is another file."""
    room = fake.id_of("closed" if where == "closed" else "general")
    above = fake.says("ann", "general", "@kowal do") if where == "thread" else ""
    enclosure = Enclosure(key="ab" * 32, room=room, thread=above, name="wynik ą & b.csv", data=b"1,2\n")
    fake.breaks("rooms.mediaConfirm/:rid/:fileId", status=500, done=True)
    with pytest.raises(ChannelUnavailable):
        channel.enclose(enclosure, tried=False)
    message = channel.enclose(enclosure, tried=True)
    posted = fake.messages(above or room)
    assert [each["_id"] for each in posted if each.get("files")] == [message]
    assert fake.message(message)["files"][0]["name"] == "wynik ą & b.csv"
    longer = Enclosure(key="cd" * 32, room=room, thread=above, name="wynik ą & b.csv", data=b"1,2,3\n")
    assert channel.enclose(longer, tried=True) != message


def test_a_file_is_fetched_within_its_bounds(fake, channel):
    """As it is; one that is larger is refused, whatever its size is said to be; one of elsewhere is not asked for."""
    fake.says("ann", "general", "look", file=("a b & ą.bin", bytes(range(256)) * 1000))
    file = fake.messages("general")[-1]["file"]
    place = f"/file-upload/{file['_id']}/x"
    known = Attachment(name="x", size=256_000, place=place)
    assert channel.fetch(known, 256_000) == bytes(range(256)) * 1000
    for size in (256_000, 0):
        with pytest.raises(ChannelRefused, match="more than 1000 bytes"):
            channel.fetch(Attachment(name="x", size=size, place=place), 1000)
    for other in ("/file-upload/unknown/x", "//127.0.0.1:1/x", "https://example.org/x", "/../x"):
        with pytest.raises(ChannelRefused):
            channel.fetch(Attachment(name="x", size=1, place=other), 1000)


def test_a_redirect_does_not_get_our_token():
    """A file that the server keeps elsewhere is fetched there without our headers; REST goes nowhere else at all."""
    seen: list[tuple[str, dict[str, str]]] = []

    def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"kept elsewhere")

    store = serve(give)

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"http://127.0.0.1:{store.server_port}/store")
        handler.end_headers()

    front = serve(redirect)
    section = {"url": f"http://127.0.0.1:{front.server_port}", "user_id": "u", "token": TOKEN}
    try:
        with closing(CHANNEL.open(section)) as channel:
            assert channel.fetch(Attachment(name="x", size=1, place="/file-upload/1/x"), 100) == b"kept elsewhere"
            assert [path for path, headers in seen if headers.get("x-auth-token") == TOKEN] == ["/file-upload/1/x"]
            seen.clear()
            with pytest.raises(ChannelUnavailable, match="does not answer as Rocket"):
                _ = channel.us
            assert [path for path, _ in seen] == ["/api/v1/me"]
    finally:
        for server in (front, store):
            server.shutdown()
            server.server_close()


def test_too_many_requests_say_when_to_come_back():
    """By the header in milliseconds; until then the route is not even asked, and others are."""
    limited = (User(username="kowal", token=TOKEN), User(username="ann"))
    world = World(users=limited, rooms=(Room(name="general", id="GENERAL", members=("ann", "kowal")),))
    with FakeRocketChat(world) as fake, closing(CHANNEL.open(section_of(fake))) as channel:
        fake.limit(2, 1.5)
        channel.say(letter("1"))
        channel.say(letter("2"))
        with pytest.raises(TooFast) as caught:
            channel.say(letter("3"))
        assert 0 < caught.value.again_in_s <= 2.6
        asked = fake.calls["chat.sendMessage"]
        with pytest.raises(TooFast):
            channel.say(letter("4"))
        assert fake.calls["chat.sendMessage"] == asked
        assert channel.room_of("general") == "GENERAL"
        time.sleep(caught.value.again_in_s)
        channel.say(letter("5"))


def test_each_fault_has_its_error(fake, channel):
    """Nobody there, a crash, silence, a refusal: each by its name, with advice, and in time."""
    fake.breaks("me", status=503)
    with pytest.raises(ChannelUnavailable, match="503"):
        _ = channel.us
    fake.breaks("me", status=0)
    with pytest.raises(ChannelUnavailable, match="does not answer"):
        _ = channel.us
    with pytest.raises(ChannelRefused, match="refuses"):
        channel.room_of("no such room")
    with pytest.raises(ChannelRefused):
        channel.room_of("elsewhere")
    with pytest.raises(ChannelRefused):
        channel.say(letter(room=fake.id_of("elsewhere")))
    with (
        pytest.raises(ChannelUnavailable) as caught,
        closing(CHANNEL.open(section_of(fake, url="http://127.0.0.1:9"))) as away,
    ):
        _ = away.us
    assert "127.0.0.1:9" in str(caught.value)
    assert caught.value.advice


def test_rooms_people_and_roles_are_asked_of_the_server(fake, channel):
    """Names and ids of rooms, the direct room, the roles on the server and in the room."""
    ann = Person(id=fake.id_of("ann"), name="ann")
    assert channel.us == Person(id=fake.id_of("kowal"), name="kowal")
    assert {channel.room_of(name) for name in ("general", "#general", "GENERAL")} == {"GENERAL"}
    assert channel.roles(ann, "GENERAL") == {"user", "signer", "moderator"}
    assert channel.roles(ann, fake.id_of("closed")) == {"user", "signer", "owner"}
    assert channel.roles(ann, fake.direct("ann", "kowal")) == {"user", "signer"}
    asked = fake.calls["users.info"]
    channel.roles(ann, "GENERAL")
    assert fake.calls["users.info"] == asked, "kept for a minute"
    with pytest.raises(ChannelRefused):
        channel.roles(Person(id="nobody", name="ann"), "GENERAL")


def test_roles_that_may_not_be_seen_are_not_made_up():
    """Without the permission to see people's roles there are those with a description, and those in the room."""
    world = WORLD.model_copy(update={"permissions": {}, "roles": {"signer": "May sign"}})
    with FakeRocketChat(world) as fake, closing(CHANNEL.open(section_of(fake))) as channel:
        ann, bob = (Person(id=fake.id_of(name), name=name) for name in ("ann", "bob"))
        assert channel.roles(ann, "GENERAL") == {"signer", "moderator"}
        assert channel.roles(bob, "GENERAL") == frozenset()


def test_a_password_and_a_second_factor_log_in(fake):
    """By name, with the code of the moment; without it the server's word is told with advice."""
    right = {"url": fake.url, "user": "ann", "password": "of ann"}
    spaced = " ".join(TOTP[at : at + 4] for at in range(0, 32, 4))
    with closing(CHANNEL.open(right | {"totp_secret": spaced})) as channel:
        assert channel.us.name == "ann"
    with closing(CHANNEL.open(right)) as channel:
        status = channel.status()
        assert not status.available
        assert "totp" in status.advice
        with pytest.raises(ChannelRefused):
            _ = channel.us
        asked = fake.calls["login"]
        with pytest.raises(ChannelRefused):
            _ = channel.us
        assert fake.calls["login"] == asked, "a password that was refused is not tried again at once"


def test_a_session_that_is_lost_is_healed_once(fake):
    """With a password the request is made anew after one login; without one it is refused, and says what to set."""
    with closing(CHANNEL.open(section_of(fake, user="kowal", password=PASSWORD))) as channel:
        assert channel.us.name == "kowal"
        fake.revoke("kowal")
        channel.say(letter("back"))
        assert fake.calls["login"] == 1
        fake.revoke("kowal")
        channel.say(letter("back again"))
        assert fake.calls["login"] == 2
        fake.says("ann", "general", "", file=("a.txt", b"data"))
        file = Attachment(
            name="a.txt", size=4, place=f"/file-upload/{fake.messages('general')[-1]['file']['_id']}/a.txt"
        )
        fake.revoke("kowal")
        assert channel.fetch(file, 4) == b"data"
    with closing(CHANNEL.open(section_of(fake))) as channel, pytest.raises(ChannelRefused) as caught:
        channel.say(letter("never"))
    assert "token" in caught.value.advice
    assert texts(fake) == ["back", "back again", ""]


def test_what_functions_may_do(fake):
    """Post, begin a call, make rooms, upload; from several threads; and what the server refuses is refused."""
    actions: ChatActions = CHANNEL.actions(section_of(fake))
    posted: list[str] = []
    threads = [
        threading.Thread(target=lambda number=number: posted.append(actions.post("#general", f"from {number}")))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts(fake)) == [f"from {number}" for number in range(4)]
    assert len(set(posted)) == 4
    assert actions.start_call("general", "Standup").startswith("https://")
    made = actions.create_room("team-ą"[:5], ["ann", "bob"], private=True)
    assert fake.id_of("team-") == made
    assert actions.create_room("open", [], private=False) == fake.id_of("open")
    with pytest.raises(ChannelRefused):
        actions.create_room("open", [], private=False)
    message = actions.upload("closed", "a.txt", b"data")
    assert fake.message(message)["file"]["name"] == "a.txt"
    with pytest.raises(ChannelRefused):
        actions.post("elsewhere", "x")


def test_the_status_tells_what_matters(fake, channel):
    """The version, as whom, with which role; and where it does not work, why."""
    detail = channel.status().detail
    assert "Rocket.Chat 8.8" in detail
    assert "as kowal; with the role `bot`" in detail
    assert "\n" not in detail
    fake.go_away(2.0)
    started = time.monotonic()
    status = channel.status()
    assert not status.available
    assert status.advice
    assert time.monotonic() - started < 4
    with closing(CHANNEL.open({"url": fake.url, "user": "bob", "password": "wrong"})) as other:
        fake.heal()
        assert not other.status().available


def hook_of(fake: FakeRocketChat, port: int, **more: Any) -> None:
    """Have the server post what is said to a port here, as an administrator of it would."""
    fake.state.integrations["hook"] = {
        "_id": "hook", "type": "webhook-outgoing", "enabled": True, "event": "sendMessage", "channel": ["#general"],
        "urls": [f"http://127.0.0.1:{port}/rocketchat"], "token": "the-hooks-own-token", **more,
    }  # fmt: skip


@pytest.fixture
def port() -> int:
    """A port where nothing listens."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def posted(port: int, body: bytes) -> int:
    """The status of the answer to a POST."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/x", data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert json.load(answer) == {}
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_webhook_is_heard(fake, port):
    """Mentions and trigger words come through it at once; of its body nothing is believed but the message's id."""
    hook_of(fake, port)
    section = section_of(fake, listen="webhook", webhook_token="the-hooks-own-token", webhook_port=port)
    with closing(CHANNEL.open(section | {"trigger_words": ["!kowal"]})) as channel:
        start = datetime.now(UTC)
        channel.listen(lambda: start)
        while not isinstance(channel.next(5), CaughtUp):
            pass
        ids = [
            fake.says("ann", "general", "@kowal count"),
            fake.says("ann", "general", "!kowal: list them"),
            fake.says("ann", "general", "good morning"),
        ]
        told = [channel.next(5) for _ in ids]
        assert [each.id for each in told if isinstance(each, Heard)] == ids
        assert [(each.text, each.is_to_us) for each in told if isinstance(each, Heard)] == [
            ("count", True), ("list them", True), ("good morning", False),
        ]  # fmt: skip
        quiet = fake.says("ann", "elsewhere", "@kowal secret")
        lie = {"token": "the-hooks-own-token", "message_id": quiet, "user_id": fake.id_of("ann"), "text": "@kowal x"}
        assert posted(port, json.dumps(lie).encode()) == 200
        assert posted(port, json.dumps(lie | {"token": "another"}).encode()) == 401
        assert posted(port, json.dumps(lie | {"token": None}).encode()) == 401
        assert posted(port, b"[]") == posted(port, b"not json") == posted(port, b"\xff") == 401
        assert posted(port, b" " * (1 << 20) + b"{}") == 413
        assert channel.next(0.5) is None
        assert all(status == 200 for _, _, status in fake.hooked)


def test_a_port_that_is_taken_is_told(fake, port):
    """Listening says at once that the webhook cannot be heard."""
    import socket

    section = section_of(fake, listen="webhook", webhook_token="the-hooks-own-token", webhook_port=port)
    with (
        socket.create_server(("127.0.0.1", port)),
        closing(CHANNEL.open(section)) as channel,
        pytest.raises(ChannelUnavailable, match=f"port {port}"),
    ):
        channel.listen(lambda: datetime.now(UTC))


def test_no_secret_is_told(fake, caplog):
    """Not by an error, its advice and facts, a representation, a status, or a log down to the last detail."""
    seen = io.StringIO()
    handler = logging.StreamHandler(seen)
    logging.getLogger().addHandler(handler)
    every = {
        "user": "ann", "password": PASSWORD, "totp_secret": TOTP, "webhook_token": "the-hooks-own-token",
    }  # fmt: skip
    said: list[str] = []
    try:
        with caplog.at_level("DEBUG"), closing(CHANNEL.open(section_of(fake, **every))) as channel:
            start = datetime.now(UTC)
            channel.listen(lambda: start)
            channel.next(1)
            fake.revoke("kowal")
            for ask in (
                lambda: channel.say(letter()),
                lambda: channel.room_of(TOKEN),
                lambda: channel.room_of(PASSWORD),
                lambda: channel.status(),
            ):
                try:
                    said.append(repr(ask()))
                except ChannelError as error:
                    said.append(f"{error!r} {error} {error.advice} {error.facts} {error.__cause__!r}")
            said += [repr(channel), repr(vars(channel)), channel.status().detail]
    finally:
        logging.getLogger().removeHandler(handler)
    text = " ".join([*said, caplog.text, seen.getvalue()])
    assert len(text) > 500
    for secret in (TOKEN, PASSWORD, TOTP, "the-hooks-own-token"):
        assert secret not in text


@pytest.mark.parametrize(("roles", "limit"), [(("bot", "user"), None), (("user",), 10)])
def test_how_much_may_be_said_is_known_by_the_accounts_role(roles, limit):
    """With the role for bots no limit is known; of a server that is away the small one is taken to hold."""
    world = World(users=(User(username="kowal", roles=roles, password=PASSWORD, token=TOKEN),), rooms=())
    with FakeRocketChat(world) as fake, closing(CHANNEL.open(section_of(fake))) as channel:
        assert channel.calls_a_minute == limit
    with closing(CHANNEL.open({"url": fake.url, "user_id": "u", "token": TOKEN})) as away:
        assert away.calls_a_minute == 10
