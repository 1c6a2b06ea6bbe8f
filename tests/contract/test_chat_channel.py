"""What every chat must show; run over each channel found in the folder, against a server that stands in for it."""

import contextlib
import importlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

import pytest
from listening import listening

from agent.errors import BadSettings, ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from agent.loader import available, load
from agent.ports import ProviderStatus
from agent.talking.channel import Channel, ChannelInfo, Enclosure, Heard, Letter, Reacted
from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World

SECRET = "the-token-itself"
AWAY = "http://127.0.0.1:9"
"""Where nothing listens."""


class Stage(Protocol):
    """A server with a public room `general` and a closed one `staff`, in both `ann`, `bob` and our account `kowal`.

    `ann` has the role `signer` on the server and a role `moderator` in `general`; there is a room `elsewhere` that is
    not ours.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

    def section(self, **more: Any) -> dict[str, Any]:
        """The settings that name it."""
        ...

    def away(self) -> dict[str, Any]:
        """Settings that name a place where nobody listens."""
        ...

    def says(self, who: str, room: str, text: str, under: str = "", file: tuple[str, bytes] | None = None) -> str:
        """Somebody says something; the room may be the name of a person for a direct message to us."""
        ...

    def puts(self, who: str, message: str, *, yes: bool) -> None:
        """Somebody puts a thumb under a message."""
        ...

    def texts(self, room: str) -> list[str]:
        """What stands in a room, in threads too."""
        ...

    def goes_away(self, seconds: float) -> None:
        """Nobody reaches it for so long."""
        ...

    def allows(self, calls: int, seconds: float) -> None:
        """So many calls of a kind in so much time, and no more."""
        ...


class RocketChat:
    """Rocket.Chat's."""

    def __init__(self, *, is_limited: bool = False) -> None:
        us = User(username="kowal", roles=("user",) if is_limited else ("bot", "user"), token=SECRET)
        people = ("ann", "bob", "kowal")
        self.fake = FakeRocketChat(
            World(
                users=(us, User(username="ann", roles=("user", "signer")), User(username="bob")),
                rooms=(
                    Room(name="general", members=people, roles={"ann": ("moderator",)}),
                    Room(name="staff", type="p", members=people),
                    Room(name="elsewhere", type="p", members=("ann",)),
                ),
                permissions={"view-full-other-user-info": ("admin", "bot")},
            )
        )

    def __enter__(self) -> Self:
        self.fake.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.fake.__exit__(None, None, None)

    def section(self, **more: Any) -> dict[str, Any]:
        """The settings that name it."""
        return {"url": self.fake.url, "user_id": self.fake.id_of("kowal"), "token": SECRET} | more

    def away(self) -> dict[str, Any]:
        """Settings for a place where nobody listens."""
        return {"url": AWAY, "user_id": "kowal", "token": SECRET}

    def says(self, who: str, room: str, text: str, under: str = "", file: tuple[str, bytes] | None = None) -> str:
        """Somebody says something."""
        place = self.fake.direct(room, "kowal") if room == who else room
        return self.fake.says(who, place, text, tmid=under, file=file)

    def puts(self, who: str, message: str, *, yes: bool) -> None:
        """A thumb under a message."""
        self.fake.reacts(who, message, ":+1:" if yes else ":-1:")

    def texts(self, room: str) -> list[str]:
        """What stands in a room."""
        return [message["msg"] for message in self.fake.messages(room) if "t" not in message]

    def goes_away(self, seconds: float) -> None:
        """Cut off for so long."""
        self.fake.go_away(seconds)

    def allows(self, calls: int, seconds: float) -> None:
        """Limits for who is no bot."""
        self.fake.limit(calls, seconds)


STAGES: dict[str, Callable[..., Stage]] = {"rocketchat": RocketChat}
"""A server for each channel, which can be told to keep to limits."""


@pytest.fixture(params=available("integrations.chat"))
def name(request) -> str:
    """Each channel's name."""
    return str(request.param)


@pytest.fixture
def info(name) -> ChannelInfo:
    """What each channel's file offers."""
    found: ChannelInfo = load("integrations.chat", name)
    return found


@pytest.fixture
def stage(name) -> Iterator[Stage]:
    """Its server."""
    with STAGES[name]() as found:
        yield found


@pytest.fixture
def channel(info, stage) -> Iterator[Channel]:
    """The channel, open."""
    with closing(info.open(stage.section())) as opened:
        yield opened


def letter(channel: Channel, text: str, room: str = "general", thread: str = "", key: str = "") -> Letter:
    """A letter into the room of that name."""
    return Letter(key=key or secrets.token_hex(32), room=channel.room_of(room), thread=thread, text=text)


def test_every_channel_has_a_stage():
    """No channel is in the folder that this contract does not know how to run."""
    assert set(STAGES) == set(available("integrations.chat"))


def test_it_describes_itself(name, info):
    """Its file is named as it is, with a summary of one line, and questions that name settings."""
    assert importlib.import_module(f"integrations.chat.{name}").CHANNEL is info
    assert info.name == name
    assert info.summary
    assert "\n" not in info.summary
    assert info.questions
    assert all(key.isidentifier() and question for key, question in info.questions)


@pytest.mark.alone
def test_opening_asks_nobody(info, stage):
    """Neither the channel nor what functions may do looks at the server; what does then is unavailable, in time."""
    started = time.monotonic()
    with closing(info.open(stage.away())) as channel:
        actions = info.actions(stage.away())
        assert channel.name == info.name
        assert time.monotonic() - started < 5
        for ask in (lambda: channel.us, lambda: channel.room_of("x"), lambda: actions.post("x", "y")):
            with pytest.raises(ChannelUnavailable) as caught:
                ask()
            assert caught.value.advice
            assert SECRET not in str(caught.value)
        status = channel.status()
        assert isinstance(status, ProviderStatus)
        assert not status.available
        assert time.monotonic() - started < 10


def test_an_unknown_key_in_its_settings_is_named_with_the_known_ones(info, stage):
    """A misspelt setting is an error that names it and lists what there is, and never a value."""
    for opens in (info.open, info.actions):
        with pytest.raises(BadSettings) as caught:
            opens(stage.section(no_such_key="a value that may be hidden"))
        assert "no_such_key" in str(caught.value)
        assert info.questions[0][0] in caught.value.advice
        assert "hidden" not in f"{caught.value} {caught.value.advice} {caught.value.facts}"


def test_its_status_is_one_line(channel):
    """It says where it is and as whom, without a secret."""
    status = channel.status()
    assert status.available, status
    assert "kowal" in status.detail
    assert "\n" not in status.detail
    assert SECRET not in f"{status} {channel!r}"


def test_what_is_said_is_heard(channel, stage):
    """To us, to others, in a thread, in private, with a file: each as what it is, in the order of its room."""
    with listening(channel) as take:
        first = stage.says("ann", "general", "@kowal count the words of @bob")
        stage.says("bob", "general", "good morning")
        stage.says("bob", "general", "indeed", under=first)
        stage.says("ann", "ann", "and these")
        stage.says("ann", "staff", "here it is", file=("a b.csv", b"1,2\n"))
        stage.says("ann", "elsewhere", "@kowal not yours")
        stage.says("bob", "general", "the end")
        heard = {each.text: each for each in take(Heard, 6)}
    assert set(heard) == {"count the words of @bob", "good morning", "indeed", "and these", "here it is", "the end"}
    asked = heard["count the words of @bob"]
    assert (asked.id, asked.is_to_us, asked.is_direct, asked.thread) == (first, True, False, "")
    assert (asked.by.name, asked.room, asked.room_name) == ("ann", channel.room_of("general"), "general")
    assert asked.at.tzinfo is not None
    assert abs(asked.at - datetime.now(UTC)) < timedelta(seconds=30)
    assert (heard["good morning"].is_to_us, heard["indeed"].thread) == (False, first)
    assert (heard["and these"].is_to_us, heard["and these"].is_direct) == (True, True)
    (file,) = heard["here it is"].attachments
    assert file.name == "a b.csv"
    assert channel.fetch(file, 4) == b"1,2\n"
    with pytest.raises(ChannelRefused):
        channel.fetch(file, 3)
    general = [each for each in heard.values() if each.room_name == "general"]
    assert [each.text for each in general] == ["count the words of @bob", "good morning", "indeed", "the end"]


def test_what_we_say_is_not_heard(channel, stage):
    """Nothing of ours comes back, but for what others put under it."""
    with listening(channel) as take:
        message = channel.say(letter(channel, "@kowal do this"))
        channel.rewrite(message, letter(channel, "@kowal do that"))
        stage.puts("ann", message, yes=True)
        stage.puts("bob", message, yes=False)
        stage.says("bob", "general", "the end")
        assert [each.text for each in take(Heard, 1)] == ["the end"]
        told = take(Reacted, 2)
    assert {(each.message, each.by.name, each.yes) for each in told} == {
        (message, "ann", True),
        (message, "bob", False),
    }
    assert {(each.by, each.yes) for each in channel.reactions(message)} == {(each.by, each.yes) for each in told}


def test_what_was_missed_is_heard(info, stage):
    """What was said before we listened, from the moment on that we name, and while nobody could be reached."""
    since = datetime.now(UTC)
    early = stage.says("ann", "general", "@kowal early")
    with closing(info.open(stage.section())) as channel, listening(channel, since) as take:
        assert [each.id for each in take(Heard, 1)] == [early]
        stage.goes_away(0.5)
        late = stage.says("ann", "staff", "@kowal late")
        assert {each.id for each in take(Heard, 2)} == {early, late}


def test_a_letter_is_one_message_and_can_be_rewritten(channel, stage):
    """Said twice it stands there once, in its thread; other letters are other messages."""
    above = stage.says("ann", "general", "a wish")
    same = letter(channel, "Looking …", thread=above)
    message = channel.say(same)
    assert channel.say(same) == message
    assert channel.say(letter(channel, "Looking …", thread=above)) != message
    channel.rewrite(message, letter(channel, "**Done** & `x`", thread=above, key=same.key))
    assert stage.texts("general") == ["a wish", "**Done** & `x`", "Looking …"]
    channel.see(above)
    channel.see(above)


def test_a_file_that_was_tried_is_not_posted_twice(channel, stage):
    """With `tried` the one that is there is found."""
    enclosure = Enclosure(key="ab" * 32, room=channel.room_of("general"), thread="", name="a ą.csv", data=b"1,2\n")
    assert channel.enclose(enclosure, tried=False) == channel.enclose(enclosure, tried=True)


def test_rooms_and_roles_are_asked_for(channel, stage):
    """By name and by id; a room that we do not see is refused."""
    general = channel.room_of("general")
    assert channel.room_of(general) == general
    for unseen in ("elsewhere", "no such room"):
        with pytest.raises(ChannelRefused):
            channel.room_of(unseen)
    with listening(channel) as take:
        stage.says("ann", "ann", "hello")
        (heard,) = take(Heard, 1)
    assert heard.is_direct
    assert {"signer", "moderator"} <= channel.roles(heard.by, general)
    assert "moderator" not in channel.roles(heard.by, channel.room_of("staff"))


def test_functions_act(info, stage):
    """They post, upload, call and make rooms, by the names of rooms; what is refused is refused."""
    actions = info.actions(stage.section())
    assert actions.post("general", "from a function") != actions.post("general", "from a function")
    assert stage.texts("general") == ["from a function"] * 2
    assert actions.upload("staff", "a.txt", b"x")
    assert actions.start_call("general", "Standup").startswith("http")
    assert actions.create_room("made", ["ann"], private=True)
    for refused in (
        lambda: actions.create_room("made", [], private=True),
        lambda: actions.post("elsewhere", "x"),
        lambda: actions.upload("no such room", "a.txt", b"x"),
    ):
        with pytest.raises(ChannelRefused):
            refused()


def test_too_many_calls_say_when_to_come_back(name, info):
    """And then it works again."""
    with STAGES[name](is_limited=True) as stage, closing(info.open(stage.section())) as channel:
        first = letter(channel, "1")
        stage.allows(2, 1.0)
        channel.say(first)
        channel.say(letter(channel, "2", room=first.room))
        with pytest.raises(TooFast) as caught:
            channel.say(letter(channel, "3", room=first.room))
        assert 0 < caught.value.again_in_s < 5
        time.sleep(caught.value.again_in_s)
        time.sleep(1.0)  # for the name of the room, which was asked as often
        assert channel.say(letter(channel, "again", room=first.room))


def test_closing_ends_it(info, stage):
    """At once, and twice is as good; what is asked then is an error of ours or an answer, and never another one."""
    channel = info.open(stage.section())
    with listening(channel):
        started = time.monotonic()
        channel.close()
        channel.close()
        assert time.monotonic() - started < 30
    assert channel.next(0.05) is None
    with contextlib.suppress(ChannelError):
        assert channel.say(letter(channel, "late"))
