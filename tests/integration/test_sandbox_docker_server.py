"""How a container's first process hears its child, step by step; it is looked at here, and run in containers only."""

import os
from collections.abc import Iterator

import pytest

from sandbox import guest_server
from sandbox.frames import HEADER

CHILD = 4711
WHOLE = b"m" * guest_server.MARK_BYTES + HEADER.pack(5) + b"hello"


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
