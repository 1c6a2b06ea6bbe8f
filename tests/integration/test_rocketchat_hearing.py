"""The channel listens to a Rocket.Chat server that drops, repeats, reorders and loses: all is told, and once."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ChannelUnavailable
from agent.talking.channel import CaughtUp, Happening, Heard, Letter, Reacted
from integrations import kept
from integrations.chat import _rocketchat_hearing as hearing
from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World
from integrations.chat.rocketchat import CHANNEL, RocketChatChannel

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
SCHEMAS = SHARED / "contracts/rocketchat/rocketchat-request-schemas.json"
ROOMS = tuple(f"room{number}" for number in range(6))
PEOPLE = (
    User(username="kowal", roles=("bot", "user"), password="kowal's own word", token="a-token-of-kowal"),
    User(username="ann", roles=("user",)),
    User(username="bob", roles=("user",)),
    User(username="robot", roles=("bot", "user")),
)
WORLD = World(
    users=PEOPLE,
    rooms=(
        Room(name="general", id="GENERAL", members=("ann", "bob", "kowal", "robot")),
        Room(name="elsewhere", members=("ann", "bob")),
        *(Room(name=name, type="p" if name == "room1" else "c", members=("ann", "bob", "kowal")) for name in ROOMS),
    ),
    permissions={"view-full-other-user-info": ("admin", "bot")},
)


class Caller:
    """Who uses the channel: keeps what was heard by its id, and until when all was told."""

    def __init__(self, fake: FakeRocketChat, since: datetime | None = None, **section: Any) -> None:
        self.fake = fake
        self.section = {"url": fake.url, "user_id": fake.id_of("kowal"), "token": "a-token-of-kowal"} | section
        self.since = since or datetime.now(UTC) - timedelta(seconds=1)
        self.heard: dict[str, Heard] = {}
        self.told: list[str] = []
        self.reacted: list[Reacted] = []
        self.caught_up = 0
        self.channel = self.opened()

    def opened(self) -> RocketChatChannel:
        """The channel, listening."""
        channel = CHANNEL.open(self.section)
        assert isinstance(channel, RocketChatChannel)
        channel.listen(lambda: self.since)
        return channel

    def restart(self) -> None:
        """As after the end of the process: what is kept is only what the caller keeps."""
        self.channel.close()
        self.channel = self.opened()

    def take(self, happening: Happening | None) -> None:
        """What a caller does with it."""
        if isinstance(happening, Heard):
            self.told.append(happening.id)
            self.heard.setdefault(happening.id, happening)
        elif isinstance(happening, CaughtUp):
            self.since, self.caught_up = max(self.since, happening.at), self.caught_up + 1
        elif isinstance(happening, Reacted):
            self.reacted.append(happening)

    def until(self, true: Callable[[], object], seconds: float = 60.0) -> None:
        """Take what happens until it is true."""
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, (len(self.heard), self.channel.status())
            self.take(self.channel.next(0.05))

    def hears(self, *messages: str, seconds: float = 60.0) -> list[Heard]:
        """These messages, once all of them have come."""
        self.until(lambda: self.heard.keys() >= set(messages), seconds)
        return [self.heard[message] for message in messages]

    def listens(self) -> None:
        """Wait until the stream is there, and what came before it was told."""
        before = self.caught_up
        self.until(lambda: "kowal" in self.fake.listeners and self.caught_up > before)

    def texts(self, room: str) -> list[str]:
        """What was heard in a room, in that order."""
        return [each.text for each in self.heard.values() if each.room == self.fake.id_of(room)]


@pytest.fixture
def fake() -> Iterator[FakeRocketChat]:
    """A server, held to the published validators where they are here."""
    with FakeRocketChat(WORLD, schemas=SCHEMAS if SCHEMAS.exists() else None) as server:
        yield server


@pytest.fixture
def call(fake) -> Iterator[Callable[..., Caller]]:
    """Opens channels, and closes them."""
    opened: list[Caller] = []

    def make(since: datetime | None = None, **section: Any) -> Caller:
        opened.append(Caller(fake, since, **section))
        return opened[-1]

    yield make
    for each in opened:
        each.channel.close()


@pytest.fixture
def often(monkeypatch) -> None:
    """A round every third of a second instead of every minute."""
    monkeypatch.setattr(hearing, "ROUND_S", 0.3)


def test_who_says_what_to_whom_is_told(fake, call):
    """A mention, a word in a room, a reply in a thread and a direct message, each as what it is, before a round."""
    caller = call()
    caller.listens()
    started = time.monotonic()
    mention = fake.says("ann", "general", "@kowal: count the words, and tell @bob")
    (first,) = caller.hears(mention)
    assert time.monotonic() - started < 30
    assert (first.text, first.is_to_us, first.is_direct) == ("count the words, and tell @bob", True, False)
    assert (first.by.name, first.by.id, first.room_name) == ("ann", fake.id_of("ann"), "general")
    assert abs(first.at - datetime.now(UTC)) < timedelta(seconds=5)
    plain = fake.says("bob", "general", "good morning @all and @here")
    reply = fake.says("bob", "general", "yes please", tmid=mention)
    direct = fake.says("ann", fake.direct("ann", "kowal"), "count these")
    three = fake.says("ann", fake.direct("ann", "bob", "kowal"), "all three")
    told = caller.hears(plain, reply, direct, three)
    assert [each.is_to_us for each in told] == [False, False, True, False]
    assert [each.is_direct for each in told] == [False, False, True, False]
    assert [each.thread for each in told] == ["", mention, "", ""]
    assert told[0].text == "good morning @all and @here"


@pytest.mark.parametrize("listen", ["realtime", "poll"])
def test_what_starts_no_task_is_not_told(fake, call, listen):
    """Our own words, a bot's, edited and system messages, and rooms that are not ours; on both ways of hearing."""
    caller = call(listen=listen, poll_s=0.1)
    caller.until(lambda: caller.caught_up)
    own = caller.channel.say(Letter(key="ab" * 32, room="GENERAL", thread="", text="@kowal from myself"))
    fake.says("robot", "general", "@kowal from a bot")
    fake.says("ann", "elsewhere", "@kowal from elsewhere")
    fake.says("ann", "general", "@kowal posted by an integration", bot={"i": "x"})
    fake.adds("general", "bob")
    heard = caller.hears(fake.says("ann", "general", "@kowal first"))[0]
    fake.edits("ann", heard.id, "@kowal second")
    unseen = fake.says("bob", "elsewhere", "nothing")
    fake.reacts("bob", heard.id, ":+1:")
    marker = fake.says("bob", "general", "the end")
    caller.hears(marker)
    for _ in range(20):
        caller.take(caller.channel.next(0.02))
    assert set(caller.heard) == {heard.id, marker}
    assert own not in caller.heard
    assert unseen not in caller.heard
    assert caller.reacted == []


def test_an_edited_message_is_not_told_after_a_drop(fake, call):
    """What was said and changed while nobody listened has been changed: it may be another wish by now."""
    caller = call()
    caller.listens()
    fake.go_away(0.3)
    message = fake.says("ann", "general", "@kowal one")
    fake.edits("ann", message, "@kowal two")
    marker = fake.says("ann", "general", "@kowal three")
    caller.hears(marker)
    assert message not in caller.heard


def test_after_drops_nothing_is_lost_and_the_order_holds(fake, call):
    """Ten times the connection is cut; what is said meanwhile, in threads too, comes in the order it was said in."""
    caller = call()
    caller.listens()
    said: dict[str, list[str]] = {name: [] for name in ROOMS}
    for number in range(60):
        if number % 6 == 0:
            fake.drop_connections()
        name = ROOMS[number % len(ROOMS)]
        under = fake.messages(name)[0]["_id"] if number > 20 and number % 2 else ""
        said[name].append(fake.says("ann", name, f"@kowal number {number}", tmid=under))
        caller.take(caller.channel.next(0.03))
    caller.hears(*(message for messages in said.values() for message in messages))
    assert {name: caller.texts(name) for name in ROOMS} == {
        name: [caller.heard[message].text for message in messages] for name, messages in said.items()
    }


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lost_repeated_and_reordered_frames_change_nothing(fake, call, seed):
    """A third of the frames is lost, a third comes twice, a third after the next one: each message is told once."""
    caller = call()
    caller.listens()
    told: list[str] = []
    take = caller.take
    caller.take = lambda happening: (
        told.append(happening.id) if isinstance(happening, Heard) else None,
        take(happening),
    )  # type: ignore[method-assign]
    fake.unruly(seed, duplicate=0.33, reorder=0.33, lose=0.33)
    said = []
    for number in range(120):
        said.append(fake.says(("ann", "bob")[number % 2], ROOMS[number % len(ROOMS)], f"@kowal {number}"))
        if number % 10 == 0:
            caller.take(caller.channel.next(0.01))
    caller.hears(*said)
    assert sorted(caller.told) == sorted(said), "the channel itself tells nothing twice while it lives"


def test_a_server_that_is_away_is_waited_for(fake, call):
    """Two seconds without a server, and a proxy's error pages after it: what was said meanwhile comes."""
    caller = call()
    caller.listens()
    fake.go_away(1.0)
    first = fake.says("ann", "general", "@kowal one")
    time.sleep(0.5)
    fake.go_away(1.0, status=502)
    second = fake.says("ann", "room1", "@kowal two")
    caller.hears(first, second)
    assert caller.channel.status().available


def test_the_channel_opens_while_the_server_is_away(fake, call):
    """Listening begins without one, raises nothing, and hears once it is there."""
    fake.go_away(1.5)
    message = fake.says("ann", "general", "@kowal hello")
    caller = call()
    assert not caller.channel.status().available
    caller.hears(message)


def test_a_restart_hears_what_was_said_meanwhile(fake, call):
    """Five times the process ends and comes back with what it kept: every message is there, none is new twice."""
    caller = call()
    caller.listens()
    said = []
    for number in range(5):
        said.append(fake.says("ann", "general", f"@kowal before {number}"))
        if number % 2:
            caller.hears(said[-1])
        caller.channel.close()
        said.append(fake.says("ann", ROOMS[number], f"@kowal meanwhile {number}"))
        caller.restart()
    caller.hears(*said)
    assert caller.texts("general") == [f"before {number}" for number in range(5)]


def test_what_was_said_long_before_is_not_told(fake, call):
    """An old message comes through the stream again when somebody puts a sign under it, and is old all the same."""
    old = fake.says("ann", "general", "@kowal an old wish", at=datetime.now(UTC) - timedelta(days=3))
    caller = call()
    caller.listens()
    fake.reacts("bob", old, ":heart:")
    fake.says("bob", "general", "indeed", tmid=old)
    caller.hears(fake.says("ann", "general", "the end"))
    assert old not in caller.heard


def test_all_pages_are_fetched(fake, call):
    """Of a room with 350 messages each comes, in order."""
    fake.go_away(0.5)
    said = [fake.says("ann", "general", f"@kowal {number}") for number in range(350)]
    caller = call()
    caller.hears(*said)
    assert caller.texts("general") == [f"{number}" for number in range(350)]
    assert fake.calls["chat.syncMessages"] >= 4


@pytest.mark.parametrize("route", ["rooms.get", "chat.syncMessages", "users.info", "me"])
def test_a_refusal_that_is_not_the_servers_own_loses_nothing(fake, call, route):
    """A proxy or a hiccup that answers 404 or 403 to one kind of request: it is asked again, and all is told."""
    first = fake.says("ann", "general", "@kowal one")
    fake.breaks(route, status=404, times=2)
    caller = call(listen="poll", poll_s=0.1)
    caller.hears(first)
    fake.go_away(0.5, status=403)
    caller.hears(fake.says("bob", "room0", "@kowal two"))


def test_a_room_that_is_closed_to_us_keeps_nothing_up(fake, call):
    """Who throws us out ends it there; elsewhere all is told."""
    fake.says("ann", "room2", "@kowal one")
    fake.breaks("chat.syncMessages", status=403, times=1)
    caller = call(listen="poll", poll_s=0.1)
    caller.until(lambda: caller.caught_up)
    fake.removes("room3", "kowal")
    fake.says("ann", "room3", "@kowal unheard")
    caller.hears(fake.says("ann", "general", "@kowal two"))
    assert caller.texts("room3") == []


def test_a_quiet_server_is_asked_little(fake, call):
    """A round in which nothing has changed is one request; a message that comes late is found all the same."""
    fake.says("ann", "general", "one")
    caller = call(listen="poll", poll_s=0.1)
    caller.until(lambda: caller.caught_up >= 3)
    asked = fake.calls["chat.syncMessages"]
    caller.until(lambda: caller.caught_up >= 8)
    assert fake.calls["chat.syncMessages"] == asked
    late = fake.says("ann", "general", "two", at=datetime.now(UTC) - timedelta(seconds=50))
    caller.hears(late)


@pytest.mark.parametrize("listen", ["realtime", "poll"])
def test_a_caller_that_takes_its_time_loses_nothing(fake, call, monkeypatch, listen):
    """Where hundreds wait and few fit into memory, the rest waits at the server, and comes in order."""
    monkeypatch.setattr(hearing, "MOST", 10)
    monkeypatch.setattr(kept, "REMEMBERED", 50)
    caller = call(listen=listen, poll_s=0.1)
    caller.until(lambda: caller.caught_up)
    said = [fake.says("ann", "general", f"@kowal {number}") for number in range(300)]
    time.sleep(1)
    caller.hears(*said)
    assert caller.texts("general") == [f"{number}" for number in range(300)]


def test_caught_up_means_that_every_room_was_looked_at(fake, call):
    """While one room cannot be fetched nothing is said to be complete, and it is so soon after it can."""
    fake.breaks("chat.syncMessages", status=500, times=0)
    message = fake.says("ann", "general", "@kowal one")
    caller = call(datetime.now(UTC) - timedelta(hours=1), listen="poll", poll_s=0.1)
    for _ in range(20):
        caller.take(caller.channel.next(0.05))
    assert (caller.caught_up, caller.heard) == (0, {})
    fake.heal()
    caller.hears(message)
    caller.until(lambda: caller.caught_up)
    assert caller.since <= datetime.now(UTC) - timedelta(seconds=30), "what is under way has a minute"


def test_the_moment_is_of_the_servers_clock(fake, call):
    """Until when all was told goes by what the server says of its rooms, and not by a clock here."""
    fake.says("ann", "general", "now")
    caller = call(datetime(2020, 1, 1, tzinfo=UTC), listen="poll", poll_s=0.1)
    caller.until(lambda: caller.caught_up)
    newest = datetime.fromisoformat(fake.messages("general")[-1]["ts"])
    assert abs(caller.since - (newest - timedelta(seconds=60))) < timedelta(seconds=2)


def test_limits_delay_and_lose_nothing():
    """An account without the role for bots, five calls of each kind in half a second, twelve rooms of news."""
    with FakeRocketChat(
        WORLD.model_copy(update={"users": (PEOPLE[0].model_copy(update={"roles": ("user",)}), *PEOPLE[1:])})
    ) as slow:
        slow.limit(5, 0.5)
        slow.says("ann", "room0", "nothing yet")
        caller = Caller(slow)
        try:
            caller.until(lambda: caller.caught_up)
            slow.go_away(0.3)
            said = [slow.says("ann", ROOMS[number % 6], f"@kowal {number}") for number in range(40)]
            said += [slow.says("bob", slow.direct("bob", "kowal"), "hello")]
            caller.hears(*said, seconds=30)
            assert any(request.status == 429 for request in slow.requests)
            asked = [request for request in slow.requests if request.status == 429]
            assert len(asked) < 30, "a route that is closed is not asked again and again"
        finally:
            caller.channel.close()


def test_reactions_are_told_once(fake, call):
    """Thumbs under a message of ours, up and down, in any colour; others not, ours not, and each but once."""
    caller = call()
    caller.listens()
    message = caller.channel.say(Letter(key="cd" * 32, room="GENERAL", thread="", text="Approve?"))
    theirs = fake.says("ann", "general", "look")
    for user, emoji in [("ann", ":+1:"), ("bob", ":thumbsdown_tone3:"), ("ann", ":heart:"), ("bob", ":tada:")]:
        fake.reacts(user, message, emoji)
    fake.reacts("bob", theirs, ":+1:")
    caller.until(lambda: len(caller.reacted) >= 2)
    caller.hears(fake.says("ann", "general", "the end"))
    assert [(each.message, each.by.name, each.yes) for each in caller.reacted] == [
        (message, "ann", True),
        (message, "bob", False),
    ]
    assert caller.reacted[0].by.id == fake.id_of("ann")
    assert {(each.by.name, each.yes) for each in caller.channel.reactions(message)} == {("ann", True), ("bob", False)}


def test_a_reaction_that_was_missed_is_told(fake, call):
    """Somebody said yes while the connection was down."""
    caller = call()
    caller.listens()
    message = caller.channel.say(Letter(key="ef" * 32, room="GENERAL", thread="", text="Approve?"))
    fake.go_away(0.3)
    fake.reacts("ann", message, ":thumbsup:")
    caller.until(lambda: caller.reacted)
    assert caller.reacted[0].yes


def test_a_token_that_the_stream_refuses_leaves_rounds(fake, call):
    """Without a password it looks every few seconds, and the status says so."""
    fake.refuse_resume()
    caller = call(poll_s=0.2)
    (heard,) = caller.hears(fake.says("ann", "general", "@kowal hello"))
    assert heard.is_to_us
    caller.until(lambda: "0.2 s" in caller.channel.status().detail)
    assert "a-token-of-kowal" not in caller.channel.status().detail


def test_a_token_that_the_stream_refuses_is_replaced_by_a_login(fake, call):
    """With a password there is a stream all the same."""
    fake.refuse_resume()
    caller = call(user="kowal", password="kowal's own word", poll_s=0.2)
    caller.until(lambda: "kowal" in fake.listeners, seconds=60)
    caller.hears(fake.says("ann", "general", "@kowal hello"))


def test_a_login_that_is_lost_is_had_anew(fake, call):
    """The server forgets our tokens: with a password we are back, on the stream and over REST."""
    caller = call(token="", user_id="", user="kowal", password="kowal's own word", poll_s=0.2)
    caller.listens()
    fake.revoke("kowal")
    caller.hears(fake.says("ann", "general", "@kowal hello"))
    caller.until(lambda: "kowal" in fake.listeners, seconds=60)
    assert caller.channel.status().available


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_broken_listener_is_not_silent(fake):
    """Where the thread that listens dies of a fault, whoever asks what happened is told so."""
    asked = []

    def since() -> datetime:
        asked.append(1)
        if len(asked) > 1:
            raise ZeroDivisionError
        return datetime.now(UTC)

    channel = CHANNEL.open(
        {"url": fake.url, "user_id": fake.id_of("kowal"), "token": "a-token-of-kowal", "listen": "poll"}
    )
    channel.listen(since)
    try:
        time.sleep(1)
        with pytest.raises(ChannelUnavailable, match="broken off"):
            channel.next(0.05)
    finally:
        channel.close()
