"""Which servers live, which are left alone and for how long, and who gets a slot."""

import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import MalformedReply, ModelError, ModelTimedOut, ProviderUnavailable, RateLimited
from agent.ports import FREE, LLMProvider, ModelCard, ProviderStatus, Server
from agent.ports import ServerLimits as Limits
from agent.routing.aids import Choice
from agent.routing.breaker import FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker
from agent.routing.fleet import Fleet
from sandbox.stopping import Stop, Stopped, stopped_by


class Stand:
    """A server with one model; it counts how often it is looked at."""

    def __init__(self, name: str, concurrency: int | None = None) -> None:
        self.name = name
        self.server = Server(name=name, provider=name, is_local=True, limits=Limits(concurrency=concurrency))
        self.looks, self.error = 0, None
        self.gate = threading.Event()
        self.gate.set()

    def cards(self) -> Sequence[ModelCard]:
        """The model, or the error, once the gate is open."""
        self.looks += 1
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        return (ModelCard(name="m", price=FREE),)


@pytest.fixture
def fleets():
    """Makes fleets, and closes them."""
    made: list[Fleet] = []

    def make(*stands: Stand, **facts) -> Fleet:
        made.append(Fleet(list(stands), **facts))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


def choices(*stands: Stand) -> list[Choice]:
    """The model of each."""
    return [Choice(provider=stand, card=ModelCard(name="m")) for stand in stands]


def soon() -> float:
    """A deadline that a test waits for."""
    return time.monotonic() + 0.2


def test_nobody_is_looked_at_before_it_is_needed(fleets):
    """A fleet that is made and closed touches no network; all are looked at once, the first time."""
    one, two = Stand("a"), Stand("b")
    fleet = fleets(one, two)
    assert (one.looks, two.looks) == (0, 0)
    assert [[card.name for card in each.stock.cards] for each in fleet.snapshot()] == [["m"], ["m"]]
    fleet.snapshot()
    assert (one.looks, two.looks) == (1, 1)


def test_a_look_is_bounded(fleets, monkeypatch):
    """Who says nothing meanwhile is away, and is there once it has answered."""
    monkeypatch.setattr("agent.routing.fleet.LONGEST_LOOK_S", 0.3)
    one, slow = Stand("a"), Stand("slow")
    slow.gate.clear()
    fleet, began = fleets(one, slow), time.monotonic()
    here, away = fleet.snapshot()
    assert time.monotonic() - began < 30
    assert here.away is None
    assert str(away.away) == "slow did not say what it has"
    slow.gate.set()
    until = time.monotonic() + 30
    while fleet.snapshot()[1].away and time.monotonic() < until:
        time.sleep(0.01)
    assert fleet.snapshot()[1].away is None


def test_a_stop_ends_the_first_look(fleets):
    """Whoever is stopped does not wait for servers that say nothing."""
    slow, stop = Stand("slow"), Stop()
    slow.gate.clear()
    threading.Timer(0.1, stop.ask).start()
    with stopped_by(stop), pytest.raises(Stopped):
        fleets(slow).snapshot()
    slow.gate.set()


def test_the_background_finds_who_goes_and_who_comes_back(fleets, monkeypatch):
    """A server that does not answer is away; back it is as soon as a look finds it."""
    monkeypatch.setattr("agent.routing.fleet.LONG_AWAY_S", FIRST_PAUSE_S / 2)
    stand = Stand("a")
    fleet = fleets(stand, Stand("b"), refresh_s=0.02)
    fleet.snapshot()
    stand.error = ProviderUnavailable("gone")
    until = time.monotonic() + 20
    while fleet.snapshot()[0].away is None and time.monotonic() < until:
        time.sleep(0.02)
    assert fleet.snapshot()[0].away is stand.error
    stand.error = None
    while fleet.snapshot()[0].away is not None and time.monotonic() < until:
        time.sleep(0.02)
    assert fleet.snapshot()[0].away is None


def test_the_background_ends_with_the_fleet():
    """No thread is left behind, however often it is closed."""
    before = set(threading.enumerate())
    fleet = Fleet([Stand("a")], refresh_s=0.02)
    fleet.snapshot()
    (watcher,) = (thread for thread in set(threading.enumerate()) - before if thread.name == "watches model servers")
    fleet.close()
    fleet.close()
    watcher.join(30)
    assert not watcher.is_alive()


class Search:
    """Finds what it was given."""

    name = "search"

    def __init__(self, *stands: Stand) -> None:
        self.stands = stands

    def found(self) -> Sequence[LLMProvider]:
        """All of them."""
        return self.stands

    def status(self) -> ProviderStatus:
        """Always well."""
        return ProviderStatus(available=True, detail="")


def test_servers_that_are_found_join(fleets):
    """After those of the settings, which win where both have the name."""
    listed, same, new = Stand("a"), Stand("a"), Stand("b")
    fleet = fleets(listed, discoveries=[Search(same, new)])
    assert [each.stock.provider for each in fleet.snapshot()] == [listed, new]
    assert same.looks == 0


def test_a_slot_is_held_for_the_length_of_a_request(fleets):
    """A full server is passed over where another can serve, and waited for where none can."""
    one, two = Stand("a", concurrency=1), Stand("b", concurrency=1)
    fleet = fleets(one, two)
    both = choices(one, two)
    with fleet.taken(both, soon()) as first, fleet.taken(both, soon()) as second:
        assert (first, second) == (both[0], both[1])
        with fleet.taken(both, soon()) as third:
            assert third is None
    with fleet.taken(both, soon()) as again:
        assert again is both[0]


def test_whoever_waits_for_a_slot_gets_the_next_and_can_be_stopped(fleets):
    """A slot that becomes free is handed on at once; a stop ends the wait."""
    one, stop = Stand("a", concurrency=1), Stop()
    fleet, got = fleets(one), threading.Event()

    def next_in_line() -> None:
        with fleet.taken(choices(one), time.monotonic() + 10) as choice:
            if choice is not None:
                got.set()

    waiting = threading.Thread(target=next_in_line)
    with fleet.taken(choices(one), soon()):
        waiting.start()
        assert not got.wait(0.1)
        threading.Timer(0.1, stop.ask).start()
        with stopped_by(stop), pytest.raises(Stopped), fleet.taken(choices(one), time.monotonic() + 10):
            pytest.fail("it was full")
    waiting.join(30)
    assert got.is_set()


def test_a_slot_is_free_again_whatever_becomes_of_the_request(fleets):
    """Errors and stops release it, too."""
    one = Stand("a", concurrency=1)
    fleet = fleets(one)
    for error in (ValueError, Stopped, KeyboardInterrupt):
        with pytest.raises(error), fleet.taken(choices(one), soon()):
            raise error
    with fleet.taken(choices(one), soon()) as choice:
        assert choice is not None


def test_an_error_that_is_told_again_drags_no_frames_behind(fleets):
    """A worker that asks for a dead server all night holds on to nothing."""
    one = Stand("a")
    fleet = fleets(one)
    fleet.failed("a", ProviderUnavailable("dead"))
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as caught:
            raise fleet.error("a")
        assert caught.value.__traceback__ is not None
        assert caught.value.__traceback__.tb_next is None


@pytest.mark.parametrize(
    ("error", "is_left_alone"),
    [
        (ProviderUnavailable("away"), True),
        (ModelTimedOut("slow"), True),
        (RateLimited("busy", retry_after_s=60.0), True),
        (RateLimited("busy"), True),
        (MalformedReply("cut"), False),
        (ModelError("bad request"), False),
    ],
)
def test_what_speaks_of_the_server_counts_against_it(fleets, error, is_left_alone):
    """A failed server is left alone; a request that fails for its own sake, or in its text, says nothing of it."""
    one = Stand("a")
    fleet = fleets(one)
    fleet.failed("a", error)
    assert (fleet.resting("a") is error) is is_left_alone
    with fleet.taken(choices(one), soon()) as choice:
        assert (choice is None) is is_left_alone
    assert (fleet.soonest(choices(one)) > 0) is is_left_alone
    if isinstance(error, RateLimited) and error.retry_after_s:
        assert 59 < fleet.soonest(choices(one)) <= 60
    fleet.worked("a")
    assert fleet.resting("a") is None


def test_one_request_tries_a_server_that_failed():
    """After the pause a single one is let through; its end lets the next in."""
    breaker = Breaker()
    breaker.failed(100.0)
    assert not breaker.admits(100.0)
    assert breaker.admits(100.0 + FIRST_PAUSE_S)
    breaker.begun()
    assert not breaker.admits(200.0)
    breaker.let_go()
    assert breaker.admits(200.0)
    breaker.begun()
    breaker.worked()
    assert breaker.admits(0.0)


@given(st.lists(st.sampled_from(["failed", "worked", "let_go", "rested"]), max_size=40))
def test_a_breaker_never_shuts_for_good(events):
    """Whatever happens, after the longest pause somebody is let through; pauses grow while nothing works."""
    breaker, now, pause = Breaker(), 0.0, 0.0
    for event in events:
        now = max(now, breaker.opens_until)
        assert breaker.admits(now)
        breaker.begun()
        if event == "failed":
            breaker.failed(now)
            assert pause <= breaker.opens_until - now <= LONGEST_PAUSE_S
            pause = breaker.opens_until - now
        elif event == "rested":
            breaker.rested(now + 5)
        elif event == "worked":
            breaker.worked()
            pause = 0.0
        else:
            breaker.let_go()
    assert breaker.admits(now + LONGEST_PAUSE_S)
