"""Models are chosen by what the gate said of what they wrote, and by what that took; none is given up for good."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from agent.ports import ModelCard, Purpose, Server
from agent.routing.aids import Choice
from agent.routing.learning import Learnt, Record, Which, counted
from registry import AttemptRecord, ModelCall, Operations, OperationsUnavailable


class At:
    """A server that is nowhere."""

    def __init__(self, server: Server) -> None:
        self.server, self.name = server, server.provider


def choice(model: str, *, local: bool = True, server: str = "") -> Choice:
    """A model on a machine of one's own, or else in the cloud."""
    provider = "ollama" if local else "openai"
    return Choice(
        provider=At(Server(name=server or provider, provider=provider, is_local=local)),  # type: ignore[arg-type]
        card=ModelCard(name=model),
    )


GOOD, BAD = choice("good"), choice("bad")


class World:
    """Models whose replies pass with these chances, after so many seconds; what became of each is counted."""

    def __init__(self, seed: int, **models: tuple[float, float]) -> None:
        self.random, self.models = random.Random(seed), models
        self.known: dict[Which, Record] = {}

    def records(self) -> Mapping[Which, Record]:
        """What was counted."""
        return dict(self.known)

    def ask(self, name: str) -> None:
        """Have the model write, and count what becomes of it."""
        chance, seconds = self.models[name]
        which, is_good = ("ollama", name, "generate"), self.random.random() < chance
        old = self.known.get(which, Record(seconds=seconds, eur=0.0))
        self.known[which] = replace(old, passed=old.passed + is_good, failed=old.failed + (not is_good))


def tasks(world: World, number: int, seed: int, **facts: Any) -> list[str]:
    """Which model each of so many tasks was given to."""
    order = Learnt(records=world.records, dice=random.Random(seed), clock=count(0, 100).__next__, **facts)
    choices, given = [choice(name) for name in world.models], []
    for _ in range(number):
        given.append(order(Purpose.GENERATE, choices)[0].card.name)
        world.ask(given[-1])
    return given


@pytest.mark.parametrize("seed", range(20))
def test_the_better_model_gets_most_and_the_worse_one_is_still_tried(seed):
    """After 200 tasks the good model gets more than four fifths of the next 400, and the bad one still its share."""
    world = World(seed, bad=(0.2, 5.0), good=(0.8, 5.0))
    tasks(world, 200, seed)
    given = Counter(tasks(world, 400, seed + 1))
    assert given["good"] > 0.8 * 400
    assert given["bad"] >= 1
    shares = Counter(tasks(World(seed, bad=(0.0, 5.0), good=(1.0, 5.0)), 600, seed, explored=0.2))
    assert 0.05 < shares["bad"] / 600 < 0.17, "half of the share that goes to any"


def test_what_is_slow_must_be_better_by_as_much():
    """Of two models that are as good the faster one is asked; one that is twice as good may take not quite twice."""
    for fast, slow, wanted in (((0.8, 1.0), (0.8, 9.0), "a"), ((0.2, 5.0), (0.9, 10.0), "b")):
        given = Counter(tasks(World(1, a=fast, b=slow), 400, 2))
        assert given[wanted] > 0.8 * 400


def order_of(records: Mapping[Which, Record], *choices: Choice, purpose: Purpose = Purpose.GENERATE) -> list[str]:
    """The names in the order in which they come, with nothing left to exploring."""
    learnt = Learnt(records=lambda: records, explored=0.0, dice=random.Random(1))
    return [f"{each.server}/{each.card.name}" for each in learnt(purpose, choices)]


SURE = {
    ("ollama", "bad", "generate"): Record(passed=0, failed=500, seconds=1.0, eur=0.0),
    ("ollama", "good", "generate"): Record(passed=500, failed=0, seconds=1.0, eur=0.0),
    ("openai", "best", "generate"): Record(passed=500, failed=0, seconds=0.1, eur=0.0),
}


def test_what_is_near_stays_in_front():
    """Whether anything leaves is not for learning to say; nor is it which server is asked for a model."""
    cloud = choice("best", local=False)
    assert order_of(SURE, BAD, GOOD, cloud) == ["ollama/good", "ollama/bad", "openai/best"]
    assert order_of(SURE, cloud, BAD, GOOD) == ["openai/best", "ollama/good", "ollama/bad"]
    two = choice("good", server="ollama:two"), choice("good", server="ollama:one")
    assert order_of(SURE, BAD, *two) == ["ollama:two/good", "ollama:one/good", "ollama/bad"]
    assert order_of(SURE, *two) == ["ollama:two/good", "ollama:one/good"]
    assert order_of(SURE) == []


def test_what_costs_money_must_be_worth_it():
    """A euro more for each attempt is too much for a model that is hardly better."""
    dear, cheap = (choice(name, local=False) for name in ("dear", "cheap"))
    records = {
        ("openai", "dear", "generate"): Record(passed=900, failed=100, seconds=1.0, eur=1.0),
        ("openai", "cheap", "generate"): Record(passed=500, failed=500, seconds=1.0, eur=0.01),
    }
    assert order_of(records, dear, cheap) == ["openai/cheap", "openai/dear"]
    assert sorted(order_of(records, dear, cheap, purpose=Purpose.REPAIR)) == ["openai/cheap", "openai/dear"]


def test_a_database_that_is_away_stops_nobody():
    """What was counted before holds on; before that, nothing is known."""

    def away() -> Mapping[Which, Record]:
        raise OperationsUnavailable("gone")

    assert len(Learnt(records=away)(Purpose.GENERATE, [GOOD, BAD])) == 2


def test_the_database_is_asked_twice_a_minute():
    """A request is not to wait for it."""
    asked: list[int] = []

    def records() -> Mapping[Which, Record]:
        asked.append(1)
        return {}

    learnt = Learnt(records=records, clock=iter((0.0, 1.0, 29.0, 31.0)).__next__)
    for _ in range(4):
        learnt(Purpose.GENERATE, [GOOD, BAD])
    assert len(asked) == 2


def test_what_the_gate_said_is_counted_by_model_and_purpose(tmp_path):
    """With what an attempt cost and lasted; an unknown cost stays unknown."""
    operations, now = Operations.open(tmp_path / "kowal.sqlite"), datetime(2026, 3, 1, tzinfo=UTC)
    for number, (model, purpose, passed) in enumerate(
        [("a", "generate", True), ("a", "generate", False), ("b", "test", True)]
    ):
        operations.record_attempt(
            AttemptRecord(task_id="t", number=number, model=model, provider="p", purpose=purpose, created_at=now,
                          verdict={"passed": passed})
        )  # fmt: skip
    for eur, seconds in ((0.1, 1.0), (0.3, 3.0)):
        operations.model_calls.record(
            ModelCall(at=now, server="s", provider="p", model="a", purpose="generate", is_local=False, state="done",
                      cost_eur=eur, seconds=seconds)
        )  # fmt: skip
    assert counted(operations) == {
        ("p", "a", "generate"): Record(passed=1, failed=1, eur=pytest.approx(0.2), seconds=2.0),
        ("p", "b", "test"): Record(passed=1, failed=0),
    }
    assert counted(operations)["p", "a", "generate"].chance == 0.5
    operations.close()
