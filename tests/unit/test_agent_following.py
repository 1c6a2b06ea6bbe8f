"""What goes on in the background after a function has moved: one after another, and whoever waits is let go."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agent.making.following import Following


class Slow:
    """Follows what it is told to, once the test lets it."""

    def __init__(self) -> None:
        self.followed: list[str] = []
        self.threads: set[str] = set()
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def follow(self, name: str, *, by: str) -> tuple[()]:
        """Note it."""
        self.begun.set()
        assert self.gate.wait(60)
        assert by == "statistics"
        self.threads.add(threading.current_thread().name)
        self.followed.append(name)
        return ()


@pytest.fixture
def slow() -> Slow:
    """It lets everybody through."""
    return Slow()


@pytest.fixture
def following(slow: Slow) -> Iterator[Following]:
    """Closed and settled in the end."""
    callers: Any = slow
    made = Following(callers)
    yield made
    slow.gate.set()
    made.close()
    assert made.settle(10)


def test_what_is_asked_for_is_done_in_order_and_nobody_waits(slow: Slow, following: Following) -> None:
    """Asking returns while the first is under way; what waits already is not done twice; in the end nothing is left."""
    slow.gate.clear()
    for name in ("a", "b", "c", "b"):
        following.after(name)
    assert following.is_busy
    assert not following.settle(0.05)
    slow.gate.set()
    assert following.settle(10)
    assert (slow.followed, following.is_busy) == (["a", "b", "c"], False)
    assert slow.threads == {"proves callers"}


def test_what_moves_again_meanwhile_is_followed_again(slow: Slow, following: Following) -> None:
    """Only what waits is not put down twice: what is under way may have read the registry before the move."""
    slow.gate.clear()
    following.after("a")
    assert slow.begun.wait(60)
    following.after("a")
    slow.gate.set()
    assert following.settle(10)
    assert slow.followed == ["a", "a"]


def test_it_begins_again_after_it_was_idle(slow: Slow, following: Following) -> None:
    """Between two functions there may be any time, and no thread."""
    for name in ("a", "b"):
        following.after(name)
        assert following.settle(10)
        assert not following.is_busy
    assert slow.followed == ["a", "b"]


def test_closed_it_ends_with_what_is_under_way(slow: Slow, following: Following) -> None:
    """What waits is dropped, and nothing more is begun."""
    slow.gate.clear()
    following.after("a")
    assert slow.begun.wait(60)
    following.after("b")
    following.close()
    following.after("c")
    slow.gate.set()
    assert following.settle(10)
    assert slow.followed == ["a"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_does_not_end_it_for_good(slow: Slow, following: Following) -> None:
    """After an exception that nobody foresaw the next function is followed."""
    slow.follow = lambda name, *, by: {}[name]  # type: ignore[method-assign]
    following.after("a")
    assert following.settle(10)
    for thread in threading.enumerate():
        if thread.name == "proves callers":
            thread.join(60)
    del slow.follow
    following.after("b")
    assert following.settle(10)
    assert slow.followed == ["b"]
