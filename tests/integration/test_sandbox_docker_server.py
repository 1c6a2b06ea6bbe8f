"""How a container's first process hears its child, step by step; it is looked at here, and run in containers only."""

import os
from collections.abc import Iterator

import pytest

from sandbox import guest_server
from sandbox.frames import ANSWER, ASK, HEADER, MAX_ASK_BYTES

CHILD = 4711
MARK = b"m" * guest_server.MARK_BYTES
WHOLE = guest_server.START.pack(MARK, ANSWER, 5) + b"hello"


@pytest.fixture
def pipes() -> Iterator[list[int]]:
    """The read and write ends of the pipe from the host, then of the one from the child; closed in the end."""
    ends = [*os.pipe(), *os.pipe()]
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("silent_looks", [0, 1, 2])
def test_an_answer_written_just_before_the_end_is_heard(
    pipes: list[int], monkeypatch: pytest.MonkeyPatch, silent_looks: int
) -> None:
    """A child that writes and ends between two looks of its parent has answered, however the looks fall."""
    looks = 0

    def buried() -> dict[int, int]:
        nonlocal looks
        looks += 1
        if looks != silent_looks + 1:
            return {}
        os.write(pipes[3], WHOLE)
        return {CHILD: 0}

    monkeypatch.setattr(guest_server, "buried", buried)
    assert guest_server.heard(pipes[0], pipes[2], CHILD, 1000) == (WHOLE, None)


def test_a_child_that_ends_without_an_answer_is_not_waited_for(
    pipes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit status is told, with what it wrote until then, also where another process holds the pipe open."""
    os.write(pipes[3], WHOLE[:-1])
    monkeypatch.setattr(guest_server, "buried", lambda: {CHILD: 3})
    assert guest_server.heard(pipes[0], pipes[2], CHILD, 1000) == (WHOLE[:-1], 3)


def test_more_than_an_answer_may_have_is_not_read_on(pipes: list[int]) -> None:
    """What is written beyond the limit ends the hearing, whole or not."""
    os.write(pipes[3], b"x" * 2000)
    data, status = guest_server.heard(pipes[0], pipes[2], CHILD, 1000)
    assert len(data) > 1000
    assert status is None


def test_the_hosts_end_is_noticed_in_the_middle_of_a_call(pipes: list[int]) -> None:
    """When the host has gone nobody is listened to any more, so that the container ends."""
    os.close(pipes[1])
    pipes[1] = os.dup(pipes[0])
    with pytest.raises(guest_server.HostGone):
        guest_server.heard(pipes[0], pipes[2], CHILD, 1000)


def test_only_one_whole_ask_is_passed_on() -> None:
    """What lacks the mark, is cut, too large, of another kind, or has more behind it is no ask."""
    good = guest_server.START.pack(MARK, ASK, 2) + b"{}"
    assert guest_server.asked(good, MARK) == b"{}"
    large = guest_server.START.pack(MARK, ASK, MAX_ASK_BYTES + 1) + bytes(MAX_ASK_BYTES + 1)
    for bad in (b"", good[:-1], good + b"x", b"x" + good[1:], WHOLE, large):
        assert guest_server.asked(bad, MARK) is None


def test_a_reply_is_handed_down_whole(pipes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes down the child's pipe with its length in front."""
    monkeypatch.setattr(guest_server, "buried", lambda: {})
    os.set_blocking(pipes[3], False)
    assert guest_server.handed_down(pipes[0], pipes[3], CHILD, b"hello") is None
    assert os.read(pipes[2], 100) == HEADER.pack(5) + b"hello"


def test_a_child_that_reads_no_reply_and_ends_is_noticed(pipes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end ends the waiting, with its exit status."""
    looks = iter([{}, {}, {CHILD: 7}])
    monkeypatch.setattr(guest_server, "buried", lambda: next(looks))
    os.set_blocking(pipes[3], False)
    assert guest_server.handed_down(pipes[0], pipes[3], CHILD, bytes(1 << 20)) == 7


def test_a_host_that_goes_while_a_reply_waits_is_noticed(pipes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that reads no reply does not keep the container alive."""
    monkeypatch.setattr(guest_server, "buried", lambda: {})
    os.set_blocking(pipes[3], False)
    os.close(pipes[1])
    pipes[1] = os.dup(pipes[0])
    with pytest.raises(guest_server.HostGone):
        guest_server.handed_down(pipes[0], pipes[3], CHILD, bytes(1 << 20))
