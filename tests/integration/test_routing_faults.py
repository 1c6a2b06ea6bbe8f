"""A thousand requests over four servers and a cloud that die, dawdle, refuse and babble: none is lost or led astray."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import pytest

from agent.errors import ModelError, NoRoute
from agent.ports import (
    Constraints,
    Hear,
    LLMProvider,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    Price,
    Purpose,
    Server,
    Usage,
    unheard,
)
from agent.routing.aids import Aids, Choice
from agent.routing.asking import Asking, asking
from agent.routing.router import Patience, Router
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script
from integrations.llm.ollama import PROVIDER
from sandbox.stopping import Stop, Stopped, stopped_by

REQUESTS, THREADS, LOCAL = 1_000, 8, 4
WORDS = "a whole reply has exactly these eight words"
PRICE = Price(input_eur=1_000.0, output_eur=3_000.0)
QUICK = {"token_timeout_s": 0.4, "first_token_timeout_s": 0.6, "timeout_s": 2.0, "connect_timeout_s": 0.5}
FAULTS = (
    Rule(regex="x[0-4]$", status=500, times=12),
    Rule(regex="x[1-5]$", status=429, headers={"Retry-After": "0"}, times=12),
    Rule(regex="x[2-6]$", fault="garbage", reply=WORDS, times=12),
    Rule(regex="x[3-7]$", fault="cut", reply=WORDS, times=12),
    Rule(regex="x[4-8]$", fault="unfinished", reply=WORDS, times=12),
    Rule(regex="x[5-9]$", fault="error-line", reply=WORDS, times=6),
    Rule(regex="x6$", delay_s=0.15, reply=WORDS, times=10),
    Rule(regex="x7$", fault="stall", reply=WORDS, times=3),
    Rule(regex="x8$", status=400, error="the request exceeds the context length", times=3),
    Rule(regex="x9$", delay_s=1.0, reply=WORDS, times=2),
)
FINE = Rule(reply=WORDS)
DEMANDS = (
    Constraints(),
    Constraints(local_only=True),
    Constraints(force_cloud=True),
    Constraints(provider="ollama:s1"),
    Constraints(model="shared"),
    Constraints(local_only=True, model="only2"),
    Constraints(max_cost_eur=0.0),
    Constraints(prefer_local=False),
    Constraints(local_only=True, force_cloud=True),
)


class Cloud:
    """An Ollama server that plays a service in the cloud: with a price, and far from the operator's machines."""

    name = "cloud"
    server = Server(name="cloud", provider="cloud", is_local=False)

    def __init__(self, inner: LLMProvider) -> None:
        self._inner = inner
        self.status = inner.status

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The inner one's reply, under this name."""
        return replace(self._inner.complete(request, hear), provider=self.name, server=self.name)

    def cards(self) -> Sequence[ModelCard]:
        """The inner one's, with a price."""
        return [replace(card, price=PRICE) for card in self._inner.cards()]


@dataclass
class Counting:
    """A ledger that counts: what was begun, what was answered and what that cost."""

    open: int = 0
    begun: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    cost_eur: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def entered(self, request: ModelRequest, choice: Choice, whose: Asking) -> Iterator["Line"]:
        """One request; it is closed whatever becomes of it."""
        del request
        assert whose.task
        with self.lock:
            self.open += 1
            self.begun[choice.server] += 1
        try:
            yield Line(self, choice)
        finally:
            with self.lock:
                self.open -= 1


@dataclass
class Line:
    """One request in it."""

    ledger: Counting
    choice: Choice

    def replied(self, reply: ModelReply) -> ModelReply:
        """The reply with its cost."""
        price, used = self.choice.card.price, reply.usage
        assert price is not None
        cost = (price.input_eur * used.tokens_in + price.output_eur * used.tokens_out) / 1e6
        with self.ledger.lock:
            self.ledger.answered[self.choice.server] += 1
            self.ledger.cost_eur += cost
        return replace(reply, usage=Usage(tokens_in=used.tokens_in, tokens_out=used.tokens_out, cost_eur=cost))


def numbered(number: int) -> tuple[ModelRequest, Constraints]:
    """The request of that number and what it demands."""
    said = f"job {number} x{number % 10}"
    request = ModelRequest(messages=(Message(role="user", content=said),), purpose=Purpose.GENERATE, task=said)
    return request, DEMANDS[number // 10 % len(DEMANDS)]


def may(demand: Constraints, server: str, model: str) -> bool:
    """Whether a request with that demand may be asked there."""
    local = server != "cloud"
    return (
        (local or not (demand.local_only or demand.max_cost_eur == 0.0))
        and (not local or not demand.force_cloud)
        and demand.provider in ("", server)
        and demand.model in ("", model.removesuffix(":latest"))
    )


def script(place: int) -> Script:
    """What the server in that place has, and which faults it is given."""
    rules = list(FAULTS)
    random.Random(place).shuffle(rules)
    models = Model(name=f"only{place}:latest"), Model(name="shared:latest")
    return Script(models=models, rules=(*rules, FINE))


def opened(fakes: Sequence[FakeOllama]) -> list[LLMProvider]:
    """The local servers, and the last one as the cloud."""
    local = [{"name": f"s{place}", "host": fake.url, "concurrency": 3} for place, fake in enumerate(fakes[:-1])]
    (cloud,) = PROVIDER.open({"host": fakes[-1].url, **QUICK})
    return [*PROVIDER.open({"servers": local, **QUICK}), Cloud(cloud)]


def asked(router: Router, number: int) -> ModelReply | ModelError:
    """The reply to the request of that number, or the error that it ended with."""
    request, demand = numbered(number)
    with asking(Asking(task=f"t{number}", by="ann", constraints=demand)):
        try:
            return router.complete(request)
        except ModelError as error:
            return error


def chats(fake: FakeOllama) -> list[tuple[int, str]]:
    """The number and the model of each request for text that came to a server."""
    bodies = [each.body for each in fake.requests if each.path == "/api/chat"]
    found = [(re.match(r"job (\d+) ", body["messages"][-1]["content"]), body["model"]) for body in bodies]
    return [(int(match[1]), model) for match, model in found if match]


@pytest.mark.timeout(240)
def test_a_thousand_requests_end_right_or_with_an_error_of_ours():
    """None is lost, none comes in half, none goes where its demands forbid it, and what is paid is what was answered.

    One server dies in the middle and comes back.
    """
    ledger = Counting()
    with ExitStack() as stack:
        fakes = [stack.enter_context(FakeOllama(script(place))) for place in range(LOCAL + 1)]
        patience = Patience(retries=2, longest_wait_s=1.0, total_s=20.0)
        router = Router(opened(fakes), aids=Aids(ledger=ledger), patience=patience, refresh_s=0.5)
        stack.callback(router.close)
        began = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            half = list(pool.map(lambda number: asked(router, number), range(REQUESTS // 2)))
            dead = fakes[0]
            dead.__exit__(None, None, None)
            rest = pool.map(lambda number: asked(router, number), range(REQUESTS // 2, REQUESTS))
            time.sleep(1.0)
            back = stack.enter_context(FakeOllama(script(0), port=dead.port))
            ends = half + list(rest)
        took = time.monotonic() - began
    kinds = Counter(type(end).__name__ for end in ends)
    assert len(ends) == REQUESTS
    arrived = {f"ollama:s{place}": chats(fake) for place, fake in enumerate(fakes[:-1])} | {"cloud": chats(fakes[-1])}
    arrived["ollama:s0"] += chats(back)
    for server, requests in arrived.items():
        assert requests, f"{server} was never asked"
        for number, model in requests:
            assert may(numbered(number)[1], server, model), (number, server, model)
    for number, end in enumerate(ends):
        demand = numbered(number)[1]
        if isinstance(end, ModelReply):
            assert end.text == WORDS
            assert may(demand, end.server or end.provider, end.model)
            assert number in {job for job, _ in arrived[end.server or end.provider]}
        elif demand.local_only and demand.force_cloud:
            assert isinstance(end, NoRoute)
    impossible = sum(d.local_only and d.force_cloud for d in (numbered(number)[1] for number in range(REQUESTS)))
    assert kinds["NoRoute"] == impossible
    assert kinds["ModelReply"] > 0.8 * (REQUESTS - impossible), (kinds, took)
    replies = [end for end in ends if isinstance(end, ModelReply)]
    assert ledger.open == 0
    assert sum(ledger.answered.values()) == len(replies)
    assert ledger.cost_eur == pytest.approx(sum(reply.usage.cost_eur or 0.0 for reply in replies))
    assert ledger.cost_eur == pytest.approx(ledger.answered["cloud"] * (3 * 1_000.0 + 8 * 3_000.0) / 1e6)
    assert sum(ledger.begun.values()) >= sum(map(len, arrived.values()))


def test_a_stop_ends_a_request_at_once():
    """The connection is hung up, the slot is free again, and nobody else is asked."""
    with FakeOllama(Script(rules=(Rule(reply=WORDS, delay_s=20.0),))) as fake, FakeOllama() as other:
        servers = [{"name": "a", "host": fake.url, "concurrency": 1}, {"name": "b", "host": other.url}]
        router = Router(PROVIDER.open({"servers": servers}))
        router.fleet.snapshot()
        stop, began = Stop(), time.monotonic()
        threading.Timer(0.3, stop.ask).start()
        with stopped_by(stop), pytest.raises(Stopped):
            router.complete(numbered(0)[0])
        assert time.monotonic() - began < 5
        assert chats(other) == []
        assert [each.busy for each in router.fleet.snapshot()] == [0, 0]
        router.close()
