"""What requests cost: never more than there is, whoever asks at once; written down whatever becomes of them."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.errors import BudgetExceeded, ContextTooLong, ModelTimedOut, ProviderUnavailable
from agent.ports import Message, ModelCard, ModelReply, ModelRequest, Price, Purpose, Server, Usage
from agent.routing.aids import Choice
from agent.routing.asking import Asking
from agent.routing.budgets import Budgets, Limit
from agent.routing.ledger import KeptLedger, cost_of, tokens_of
from agent.routing.speeds import KeptSpeeds
from registry import ModelCall, Operations, Spent, TaskRecord

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CLOUD = Server(name="cloud", provider="openai", is_local=False)
HOME = Server(name="ollama", provider="ollama", is_local=True)
DEAR = Price(input_eur=1000.0, output_eur=1000.0)
REQUEST = ModelRequest(messages=(Message(role="user", content="x" * 300),), purpose=Purpose.GENERATE)
ANN = Asking(task="t1", by="ann")


class At:
    """A server that is nowhere."""

    def __init__(self, server: Server) -> None:
        self.server, self.name = server, server.provider


def choice(server: Server = CLOUD, price: Price | None = DEAR, **card: Any) -> Choice:
    """A model whose token costs a tenth of a cent, unless said otherwise."""
    return Choice(provider=At(server), card=ModelCard(name="m", price=price, **card))  # type: ignore[arg-type]


def reply(tokens_in: int = 100, tokens_out: int = 50, **facts: Any) -> ModelReply:
    """A reply of two seconds."""
    used = Usage(tokens_in=tokens_in, tokens_out=tokens_out)
    return ModelReply(text="y", provider="openai", model="m", usage=used, **{"seconds": 2.0, **facts})


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    """An empty operational database."""
    opened = Operations.open(tmp_path / "kowal.sqlite")
    yield opened
    opened.close()


def ledger(operations: Operations, **budgets: Any) -> KeptLedger:
    """A ledger in which a reply is taken to have a hundred tokens at most: a request is set 0.20 € aside for."""
    calls = operations.model_calls
    return KeptLedger(calls, KeptSpeeds(calls), Budgets(**{"longest_reply": 100, **budgets}), now=lambda: NOW)


def total(operations: Operations) -> Spent:
    """What was spent in all."""
    ((_, spent),) = operations.model_calls.spent()
    return spent


def test_a_request_is_set_aside_for_and_then_costs_what_it_costs(operations):
    """Within the block the most that it may cost counts; after it what it did cost, which the reply says, too."""
    with ledger(operations).entered(REQUEST, choice(), ANN) as entry:
        assert total(operations) == Spent(calls=1, tokens=200, set_aside_eur=0.2, open=1)
        said = entry.replied(reply(first_token_s=0.5))
    assert said.usage.cost_eur == pytest.approx(0.15)
    assert total(operations) == Spent(calls=1, tokens=150, eur=0.15, seconds=2.0)
    (call,) = operations.model_calls.calls()
    assert call == ModelCall(
        at=NOW, server="cloud", provider="openai", model="m", purpose="generate", is_local=False, task="t1",
        asked_by="ann", state="done", outcome="ok", tokens_in=100, tokens_out=50, seconds=2.0, first_token_s=0.5,
        reserved_eur=0.2, cost_eur=0.15, id=call.id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "cost"),
    [(ProviderUnavailable(), 0.0), (ContextTooLong(), 0.0), (ModelTimedOut(), None), (KeyboardInterrupt(), None)],
)
def test_a_request_that_fails_costs_nothing_or_nobody_knows_what(operations, error, cost):
    """Where no model worked it is free; where one may have, what was set aside goes on counting, and is called so."""
    with pytest.raises(type(error)), ledger(operations).entered(REQUEST, choice(), ANN):
        raise error
    (call,) = operations.model_calls.calls()
    assert (call.state, call.outcome, call.cost_eur) == ("failed", type(error).__name__, cost)
    assert total(operations).counted_eur == (0.2 if cost is None else 0.0)


def test_a_reply_is_paid_for_whatever_comes_after_it(operations):
    """An error between reply and end of the block does not make the request free."""

    def fails_later() -> None:
        with ledger(operations).entered(REQUEST, choice(), ANN) as entry:
            entry.replied(reply())
            raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        fails_later()
    assert total(operations).eur == 0.15


def test_a_machine_of_ones_own_costs_its_time(operations):
    """Nothing where no hour has a price, and that is written down all the same; else the seconds that it took."""
    entered = ledger(operations, task=Limit(eur=0.001)).entered
    with entered(REQUEST, choice(HOME, None), ANN) as entry:
        assert operations.model_calls.calls() == []
        assert entry.replied(reply()).usage.cost_eur == 0.0
    hourly = replace(HOME, name="big", eur_per_hour=3.6)
    with ledger(operations).entered(REQUEST, choice(hourly, None), ANN) as entry:
        assert operations.model_calls.calls()[0].reserved_eur == pytest.approx(0.06), "a minute, as it was never asked"
        assert entry.replied(reply()).usage.cost_eur == pytest.approx(0.002)
    with suppress(ModelTimedOut), ledger(operations).entered(REQUEST, choice(hourly, None), ANN):
        assert operations.model_calls.calls()[0].reserved_eur == pytest.approx(0.002), "as long as the last one"
        raise ModelTimedOut
    last, *_, first = operations.model_calls.calls()
    assert (last.outcome, last.cost_eur) == ("ModelTimedOut", pytest.approx(0, abs=1e-3)), "the time that it took"
    assert (first.tokens_out, first.cost_eur) == (50, 0.0)


@pytest.mark.parametrize(
    ("price", "told", "cost"),
    [
        (None, reply(), None),
        (None, replace(reply(), usage=Usage(tokens_in=1, tokens_out=1, cost_eur=0.07)), 0.07),
        (Price(input_eur=1.0, output_eur=1.0), reply(tokens_in=0, tokens_out=0), None),
        (Price(input_eur=2.0, output_eur=8.0), reply(tokens_in=1_000_000, tokens_out=500_000), 6.0),
    ],
)
def test_what_nobody_knows_is_never_nothing(price, told, cost):
    """Without a price, or without a count, the cost is unknown; what the server itself says is taken."""
    assert cost_of(choice(price=price), told, 2.0) == cost


def test_the_estimate_is_no_smaller_than_what_is_sent():
    """Texts of every script have at least the tokens that they can have, images count, and so does the schema."""
    chinese = replace(REQUEST, messages=(Message(role="user", content="数" * 10),))
    assert (tokens_of(REQUEST), tokens_of(chinese)) == (100, 10)
    assert tokens_of(replace(REQUEST, messages=(Message(role="user", content="", images=(b"x",)),))) == 2_000
    assert tokens_of(replace(REQUEST, schema={"type": "object"})) > 100


def test_no_longer_reply_is_set_aside_for_than_the_context_holds(operations):
    """What the request leaves of the model's context is the most that it can answer."""
    with ledger(operations).entered(REQUEST, choice(context=130), ANN) as entry:
        assert operations.model_calls.calls()[0].reserved_eur == pytest.approx(0.13)
        entry.replied(reply())


def test_a_budget_stops_before_it_is_passed(operations):
    """The error says what was spent on what, what the request would take, and what to do."""
    entered = ledger(operations, task=Limit(eur=0.34)).entered
    with entered(REQUEST, choice(), ANN) as entry:
        entry.replied(reply())
    with pytest.raises(BudgetExceeded) as caught, entered(REQUEST, choice(), ANN):
        raise AssertionError
    assert str(caught.value) == (
        "The budget of 0.34 € of a task: 0.1500 € are spent (0.1500 € on openai/m), and this request may cost 0.2000 €"
    )
    assert "budgets.task_eur" in caught.value.advice
    assert (caught.value.facts["budget"], caught.value.facts["asks"], caught.value.exit_code) == ("task", False, 6)
    assert total(operations).calls == 1
    for whose in (replace(ANN, task="t2"), replace(ANN, task="")):
        with entered(REQUEST, choice(), whose) as entry:
            entry.replied(reply())
    with entered(REQUEST, choice(HOME, None), ANN) as entry:
        entry.replied(reply())


def test_each_person_has_a_day_and_all_together_have_one(operations):
    """What others spent counts for the day of all, yesterday for nothing."""
    calls = operations.model_calls
    for asked_by, at in (("ann", NOW), ("bob", NOW), ("ann", NOW.replace(day=1, month=2))):
        old = ModelCall(
            at=at, server="cloud", provider="openai", model="m", purpose="generate", is_local=False, state="done",
            asked_by=asked_by, cost_eur=0.5,
        )  # fmt: skip
        calls.record(old)
    for limits, by, fits in (
        ({"user_day": Limit(eur=0.75)}, "ann", True),
        ({"user_day": Limit(eur=0.65)}, "ann", False),
        ({"user_day": Limit(eur=0.65)}, "cat", True),
        ({"day": Limit(eur=1.25)}, "cat", True),
        ({"day": Limit(eur=1.15)}, "cat", False),
    ):
        entered = ledger(operations, **limits).entered(REQUEST, choice(), Asking(by=by))
        if fits:
            with pytest.raises(ProviderUnavailable), entered:
                raise ProviderUnavailable
        else:
            with pytest.raises(BudgetExceeded), entered:
                raise AssertionError


def test_tokens_can_be_a_budget_as_well(operations):
    """They are set aside, too, on machines of one's own as well."""
    entered = ledger(operations, task=Limit(tokens=349)).entered
    with entered(REQUEST, choice(HOME, None), ANN) as entry:
        assert total(operations).tokens == 200
        entry.replied(reply())
    said = "349 tokens of a task: 150 are used"
    with pytest.raises(BudgetExceeded, match=said) as caught, entered(REQUEST, choice(HOME, None), ANN):
        raise AssertionError
    assert "budgets.task_tokens" in caught.value.advice


def test_a_model_without_a_price_is_refused_where_there_is_a_budget(operations):
    """Unless the settings allow it; then it is counted as a request of unknown price, not as one for nothing."""
    entered, said = ledger(operations, day=Limit(eur=1.0)).entered, "Nobody knows what openai/m costs"
    with pytest.raises(BudgetExceeded, match=said) as caught, entered(REQUEST, choice(price=None), ANN):
        raise AssertionError
    assert "budgets.unpriced" in caught.value.advice
    for budgets in ({}, {"day": Limit(eur=1.0), "unpriced": "allow"}):
        with ledger(operations, **budgets).entered(REQUEST, choice(price=None), ANN) as entry:
            assert entry.replied(reply()).usage.cost_eur is None
    assert (total(operations).unpriced, total(operations).counted_eur) == (2, 0.0)


def test_a_person_can_allow_once_more_as_much(operations):
    """For the task on the queue that was allowed it, as often as it was."""
    task = TaskRecord(id="t1", text="x", request={}, asked_by="ann", via="test", created_at=NOW)
    operations.tasks.add(replace(task, known={"budgets": {"task": 1}}))
    entered = ledger(operations, task=Limit(eur=0.2), exceeded="ask").entered
    for _ in range(2):
        with entered(REQUEST, choice(), ANN) as entry:
            entry.replied(reply())
    with pytest.raises(BudgetExceeded, match=r"0\.40 € of a task") as caught, entered(REQUEST, choice(), ANN):
        raise AssertionError
    assert caught.value.facts["asks"] is True


def test_threads_that_ask_at_once_never_spend_more_than_there_is(operations):
    """Of forty requests at a time just as many go through as can be paid for, to the cent."""
    entered = ledger(operations, day=Limit(eur=2.0)).entered

    def one(_: int) -> bool:
        try:
            with entered(REQUEST, choice(), ANN) as entry:
                entry.replied(reply(tokens_out=100))
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        went = sum(threads.map(one, range(40)))
    assert (went, total(operations).eur, total(operations).set_aside_eur) == (10, 2.0, 0.0)


SPENDER = textwrap.dedent("""
    import importlib.util, sys, time
    spec = importlib.util.spec_from_file_location("ledger_tests", sys.argv[1])
    tests = importlib.util.module_from_spec(spec); spec.loader.exec_module(tests)
    operations = tests.Operations.open(sys.argv[2])
    ledger, went = tests.ledger(operations, day=tests.Limit(eur=2.0)), 0
    for number in range(int(sys.argv[3])):
        try:
            with ledger.entered(tests.REQUEST, tests.choice(), tests.ANN) as entry:
                if sys.argv[4] == "hang":
                    print("asking", flush=True)
                    time.sleep(60)
                entry.replied(tests.reply(tokens_out=100))
                went += 1
        except tests.BudgetExceeded:
            pass
    print(went)
""")


def spender(path: Path, count: int, way: str) -> "subprocess.Popen[str]":
    """A process that asks so often."""
    words = [sys.executable, "-c", SPENDER, __file__, str(path), str(count), way]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_processes_that_ask_at_once_never_spend_more_than_there_is(operations, tmp_path):
    """One of them is killed in the middle of a request: what it had set aside counts as spent, and is called open."""
    path = tmp_path / "kowal.sqlite"
    killed = spender(path, 1, "hang")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "asking\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    processes = [spender(path, 6, "pay") for _ in range(3)]
    went = sum(int(process.communicate()[0]) for process in processes)
    spent = total(operations)
    assert (went, spent.eur, spent.open, spent.set_aside_eur) == (9, 1.8, 1, 0.2)


def test_speeds_are_read_once_and_kept_up_with(operations):
    """The newest replies count most; failed requests and what was never asked count nowhere."""
    speeds = KeptSpeeds(operations.model_calls)
    book = KeptLedger(operations.model_calls, speeds, Budgets())
    assert (speeds.tokens_per_s("ollama", "m"), speeds.latency_ms("ollama", "m")) == (None, None)
    for tokens, seconds in ((100, 1.0), (100, 2.0), (100, 10.0)):
        with book.entered(REQUEST, choice(HOME, None), ANN) as entry:
            entry.replied(reply(tokens_out=tokens, seconds=seconds))
    with pytest.raises(ModelTimedOut), book.entered(REQUEST, choice(HOME, None), ANN):
        raise ModelTimedOut
    for known in (speeds, KeptSpeeds(operations.model_calls)):
        assert known.latency_ms("ollama", "m") == 2000.0
        assert known.tokens_per_s("ollama", "m") == pytest.approx((100 * 0.7 + 50 * 0.3) * 0.7 + 10 * 0.3)
