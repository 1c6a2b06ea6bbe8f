"""Who gets which container, with containers that only pretend: more callers than are kept for, and once they left."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.docker_container import Size
from sandbox.docker_engine import EngineFault
from sandbox.docker_pool import Pool
from sandbox.types import Limits

SIZE = Size.of(Limits())


class Box:
    """What the pool sees of a container."""

    def __init__(self) -> None:
        self.size, self.idle, self.stopped = SIZE, True, False

    def wait_ready(self) -> None:
        """It is ready."""

    def is_idle(self) -> bool:
        """As the test says."""
        return self.idle and not self.stopped

    def stop(self) -> None:
        """It is gone."""
        self.stopped = True


class Engine:
    """Starts boxes, each once the test lets it."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.begun, self.fails = 0, False
        self.gate = threading.Event()
        self.gate.set()

    def start(self, size: Size) -> Any:
        """A new box; waits at the gate."""
        self.begun += 1
        assert self.gate.wait(60)
        if self.fails:
            raise EngineFault("no room")
        self.boxes.append(Box())
        return self.boxes[-1]


@pytest.fixture
def engine() -> Engine:
    """An engine that starts at once."""
    return Engine()


@pytest.fixture
def pool(engine: Engine) -> Iterator[Pool]:
    """None waits ahead, two are kept."""
    made = Pool(engine.start, waiting=0, kept=2)
    yield made
    engine.gate.set()
    made.close()


class Caller:
    """Borrows a container in a thread of its own until it is told to give it back."""

    def __init__(self, pool: Pool, key: str = "a") -> None:
        self.box: Any = None
        self.error: EngineFault | None = None
        self.has, self.enough = threading.Event(), threading.Event()
        self._pool, self._key = pool, key
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()

    def _call(self) -> None:
        try:
            with self._pool.borrow(self._key, SIZE) as self.box:
                self.has.set()
                assert self.enough.wait(60)
        except EngineFault as error:
            self.error = error
        finally:
            self.has.set()

    def got(self) -> Any:
        """The box, once it has one."""
        assert self.has.wait(60)
        return self.box

    def done(self) -> None:
        """Give it back."""
        self.enough.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


def until(holds: Callable[[], object]) -> bool:
    """True once it holds, False where it does not within ten seconds."""
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.002)
    return bool(holds())


def crowd(pool: Pool, count: int) -> list[Any]:
    """The boxes of so many callers at once, all given back."""
    callers = [Caller(pool) for _ in range(count)]
    boxes = [caller.got() for caller in callers]
    for caller in callers:
        caller.done()
    return boxes


def test_a_crowd_starts_its_containers_once(engine: Engine, pool: Pool) -> None:
    """More callers than are kept for get one each, no two the same, and the same ones the next time."""
    first = crowd(pool, 8)
    assert len({id(box) for box in first}) == 8
    second = crowd(pool, 8)
    assert {id(box) for box in second} == {id(box) for box in first}
    assert engine.begun == 8
    assert not any(box.stopped for box in engine.boxes)


def test_who_waits_for_a_start_takes_what_is_given_back_before(engine: Engine, pool: Pool) -> None:
    """A start that takes long is not waited for; its container is the next caller's, who starts no other."""
    first = Caller(pool)
    box = first.got()
    engine.gate.clear()
    second = Caller(pool)
    assert until(lambda: engine.begun == 2)
    first.done()
    assert second.got() is box
    third = Caller(pool)
    time.sleep(0.05)
    assert engine.begun == 2
    engine.gate.set()
    assert third.got() is engine.boxes[1]
    second.done()
    third.done()


def test_nobody_waits_longer_than_for_a_start(engine: Engine, pool: Pool) -> None:
    """Where nothing is given back, each caller has the container that was started for him."""
    callers = [Caller(pool) for _ in range(5)]
    assert len({id(caller.got()) for caller in callers}) == 5
    for caller in callers:
        caller.done()


def test_a_version_never_gets_what_another_one_used(engine: Engine, pool: Pool) -> None:
    """What one key gives back goes to no other, however long that one waits."""
    first = Caller(pool, "a")
    box = first.got()
    engine.gate.clear()
    other = Caller(pool, "b")
    assert until(lambda: engine.begun == 2)
    first.done()
    assert not other.has.wait(0.05)
    engine.gate.set()
    assert other.got() is not box
    other.done()


def test_a_start_that_fails_is_told_to_who_waits(engine: Engine, pool: Pool) -> None:
    """He gets the engine's error; one who has another container by then does not hear of it."""
    first = Caller(pool)
    box = first.got()
    engine.gate.clear()
    engine.fails = True
    second, third = Caller(pool), Caller(pool)
    assert until(lambda: engine.begun == 3)
    first.done()
    assert until(lambda: second.box or third.box)
    engine.gate.set()
    served, refused = (second, third) if second.box else (third, second)
    assert refused.got() is None
    assert "no room" in str(refused.error)
    served.done()
    assert served.error is None
    assert not box.stopped


def test_what_is_given_back_dead_is_not_taken(engine: Engine, pool: Pool) -> None:
    """A container that cannot be used again is stopped, and who waits gets a new one."""
    first = Caller(pool)
    box = first.got()
    engine.gate.clear()
    second = Caller(pool)
    assert until(lambda: engine.begun == 2)
    box.idle = False
    first.done()
    assert not second.has.wait(0.05)
    engine.gate.set()
    assert second.got() is not box
    second.done()
    assert until(lambda: box.stopped)


def test_after_a_crowd_only_so_many_are_kept(engine: Engine, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept for many callers is stopped a while after they have gone, whether anybody calls or not."""
    monkeypatch.setattr("sandbox.docker_pool.CROWD_S", 1.0)
    crowd(pool, 6)
    assert not any(box.stopped for box in engine.boxes)
    assert until(lambda: sum(box.stopped for box in engine.boxes) == 4)
    time.sleep(0.3)
    assert sum(box.stopped for box in engine.boxes) == 4


def test_no_crowd_makes_it_keep_more_than_the_most(engine: Engine, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many callers' containers the surplus is stopped."""
    monkeypatch.setattr("sandbox.docker_pool.MOST_KEPT", 4)
    crowd(pool, 8)
    assert until(lambda: sum(box.stopped for box in engine.boxes) == 4)


def test_closing_while_somebody_waits_leaves_no_container(engine: Engine, pool: Pool) -> None:
    """Those that were kept, those at work and those being started are all gone in the end."""
    first = Caller(pool)
    first.got()
    engine.gate.clear()
    second = Caller(pool)
    assert until(lambda: engine.begun == 2)
    pool.close()
    engine.gate.set()
    second.got()
    first.done()
    second.done()
    assert until(lambda: all(box.stopped for box in engine.boxes))
