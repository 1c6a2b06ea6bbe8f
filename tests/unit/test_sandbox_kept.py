"""Things kept by key: opened once, closed when too many, never while somebody uses them."""

from contextlib import ExitStack

import pytest

from sandbox import SandboxUnavailable
from sandbox.kept import Kept


class Thing:
    """Counts its closings."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        """Note it."""
        self.closed += 1


def test_a_thing_is_opened_once_and_the_one_used_longest_ago_is_closed():
    """A key gives the same thing again; beyond the number the least used one goes."""
    kept, made = Kept[Thing](2), dict[str, Thing]()
    for key in ("a", "b", "a", "c"):
        with kept.use(key, Thing) as thing:
            assert made.setdefault(key, thing) is thing
    assert {key: thing.closed for key, thing in made.items()} == {"a": 0, "b": 1, "c": 0}


def test_what_is_in_use_is_not_closed():
    """More than the number may be open while they are used; they are closed after that."""
    kept = Kept[Thing](1)
    with ExitStack() as stack:
        things = [stack.enter_context(kept.use(key, Thing)) for key in "abc"]
        with kept.use("d", Thing) as other:
            pass
        assert [thing.closed for thing in things] == [0, 0, 0]
        assert other.closed == 1
    assert sum(thing.closed for thing in things) == 2


def test_after_closing_nothing_is_opened():
    """All are closed once, and a later use is an error that says so."""
    kept = Kept[Thing](2)
    with kept.use("a", Thing) as thing:
        pass
    kept.close()
    kept.close()
    assert thing.closed == 1
    with pytest.raises(SandboxUnavailable), kept.use("a", Thing):
        pass
