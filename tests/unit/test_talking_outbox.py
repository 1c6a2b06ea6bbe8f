"""What is to be said is said once, in its thread, in order, however the server behaves and whoever is killed."""

import itertools
from pathlib import Path

import pytest
from chat_stand import ChatStand, too_fast

from agent.errors import ChannelRefused, ChannelUnavailable
from agent.talking.outbox import Outbox, key_of
from registry import Operations
from registry.chats import KeptLetter, write_with


class Killed(BaseException):
    """The process ends at this very moment."""


@pytest.fixture
def operations(tmp_path: Path):
    """A database."""
    with_tables = Operations.open(tmp_path / "operations.sqlite")
    yield with_tables
    with_tables.close()


@pytest.fixture
def stand() -> ChatStand:
    """A chat."""
    return ChatStand()


@pytest.fixture
def clock() -> list[float]:
    """Seconds, which a test moves."""
    return [1000.0]


@pytest.fixture
def outbox(operations, stand, clock) -> Outbox:
    """What sends."""
    return outbox_for(operations, stand, clock)


def outbox_for(operations, stand, clock, over: bool = True) -> Outbox:
    """What sends, anew, as after a restart."""
    files = {"r.json": b"[1]"}
    return Outbox(
        chats=operations.chats, channel=stand, files=lambda _: files, is_over=lambda _: over, now=lambda: clock[0]
    )


def write(operations, name: str, text: str = "", thread: str = "t1", **more) -> str:
    """The key of a letter that is to be said."""
    letter = KeptLetter(key=key_of(name), channel="stand", room="R", thread=thread, text=text, **more)
    with operations.chats.writing() as connection:
        write_with(connection, letter)
    return letter.key


def test_letters_are_said_once_in_order(operations, outbox, stand) -> None:
    """And nothing is said again in the next round."""
    for number in range(5):
        write(operations, str(number), f"letter {number}")
    assert outbox.round() == 5
    assert outbox.round() == 0
    assert stand.texts() == [f"letter {number}" for number in range(5)]
    assert stand.calls == ["say"] * 5


def test_a_letter_without_words_holds_its_thread_and_no_other(operations, outbox, stand) -> None:
    """Answers stand in the order of what was asked."""
    first = write(operations, "first")
    write(operations, "second", "2")
    write(operations, "elsewhere", "other", thread="t2")
    outbox.round()
    assert stand.texts() == ["other"]
    operations.chats.rewrite(first, "1")
    outbox.round()
    assert stand.texts("t1") == ["1", "2"]


def test_killed_between_sending_and_noting_it_is_not_said_twice(operations, stand, clock) -> None:
    """The server knows the letter by its key; of a file it is kept beforehand that it was tried."""
    write(operations, "a", "A")
    write(operations, "f", file="r.json", task="task1")

    class Dying:
        def __init__(self, chats) -> None:
            self._chats = chats

        def __getattr__(self, name):
            return getattr(self._chats, name)

        def sent(self, letter, message) -> None:
            raise Killed

    for _ in range(2):
        dying = outbox_for(operations, stand, clock)
        dying.chats = Dying(operations.chats)
        with pytest.raises(Killed):
            dying.round()
    assert outbox_for(operations, stand, clock).round() == 2
    assert [each.text for each in stand.posted.values()] == ["A", "r.json"]
    assert [each.file for each in stand.posted.values()] == [None, b"[1]"]


def test_a_file_that_was_posted_before_the_kill_is_not_posted_again(operations, stand, clock) -> None:
    """It is looked for first."""
    key = write(operations, "f", file="r.json", task="task1", is_tried=True)
    outbox_for(operations, stand, clock).round()
    operations.chats.note(key, is_due=True, message="")
    outbox_for(operations, stand, clock).round()
    assert len(stand.posted) == 1


def test_a_server_in_a_hurry_is_not_asked_before_its_time(operations, outbox, stand, clock) -> None:
    """Nothing is lost by it, and the order stays."""
    write(operations, "a", "A")
    write(operations, "b", "B")
    stand.faults.append(too_fast(30))
    assert outbox.round() == 0
    for clock[0] in (1010.0, 1029.0):
        outbox.round()
    assert stand.calls == ["say"]
    clock[0] = 1031.0
    assert outbox.round() == 2
    assert stand.texts() == ["A", "B"]


def test_a_server_that_is_away_gets_all_when_it_is_back(operations, outbox, stand, clock) -> None:
    """An hour of it loses nothing."""
    stand.is_away = True
    for number in range(3):
        write(operations, str(number), str(number))
    for _ in range(60):
        outbox.round()
        clock[0] += 60
    stand.is_away = False
    outbox.round()
    assert stand.texts() == ["0", "1", "2"]


def test_what_the_server_will_not_have_holds_nothing_up(operations, outbox, stand) -> None:
    """Why is kept."""
    bad = write(operations, "bad", "?")
    write(operations, "good", "!")
    stand.faults.append(ChannelRefused("no such room"))
    outbox.round()
    assert stand.texts() == ["!"]
    assert operations.chats.letter(bad).refused == "no such room"
    assert outbox.round() == 0


def test_a_message_is_changed_at_most_once_a_second(operations, stand, clock) -> None:
    """However often it is rewritten; the last words are said."""
    key = write(operations, "a", "0", task="task1")
    outbox = outbox_for(operations, stand, clock, over=False)
    outbox.round()
    for number in range(1, 31):
        operations.chats.rewrite(key, str(number))
        clock[0] += 0.1
        outbox.round()
    assert stand.posted[key].edits <= 4
    clock[0] += 2
    outbox.round()
    assert stand.posted[key].text == "30"


def test_few_calls_are_left_to_the_ends(operations, stand, clock) -> None:
    """Without the role for bots, progress takes half of what the server allows; an end is said at once."""
    stand.calls_a_minute = 10
    over: set[str] = set()
    outbox = outbox_for(operations, stand, clock)
    outbox.is_over = over.__contains__
    keys = [write(operations, str(number), "…", thread=f"t{number}", task=str(number)) for number in range(4)]
    outbox.round()
    for step in range(20):
        for key in keys:
            operations.chats.rewrite(key, f"step {step}")
        outbox.round()
        clock[0] += 2
    assert stand.calls.count("rewrite") == 5
    over.add("0")
    operations.chats.rewrite(keys[0], "done")
    outbox.round()
    assert stand.posted[keys[0]].text == "done"


def test_a_letter_that_is_rewritten_while_it_is_sent_stays_due(operations, stand, clock) -> None:
    """The later words are said, too."""
    key = write(operations, "a", "old")
    outbox = outbox_for(operations, stand, clock)
    say = stand.say

    def slowly(letter):
        operations.chats.rewrite(key, "new")
        return say(letter)

    stand.say = slowly
    outbox.round()
    stand.say = say
    assert stand.posted[key].text == "old"
    outbox.round()
    assert stand.posted[key].text == "new"


@pytest.mark.parametrize("seed", range(20))
def test_any_mixture_of_faults_loses_nothing_and_doubles_nothing(operations, stand, clock, seed) -> None:
    """Twenty letters in four threads, with every second call failing in some way."""
    kinds = itertools.cycle([too_fast(1 + seed), None, ChannelUnavailable("away"), None, None][seed % 5 :] or [None])
    for number in range(20):
        write(operations, f"{seed}-{number}", str(number), thread=f"t{number % 4}")
    for _ in range(200):
        if fault := next(kinds):
            stand.faults = [fault]
        outbox_for(operations, stand, clock).round()
        clock[0] += 10
    assert sorted(int(text) for text in stand.texts()) == list(range(20))
    for thread in range(4):
        assert stand.texts(f"t{thread}") == [str(number) for number in range(20) if number % 4 == thread]
