"""A thousand requests over four servers and a cloud that die, dawdle, refuse and babble: none is lost or led astray."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

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
    unheard,
)
from agent.routing.aids import Aids
from agent.routing.asking import Asking, asking
from agent.routing.budgets import Budgets, Limit
from agent.routing.ledger import KeptLedger
from agent.routing.router import Patience, Router
from agent.routing.speeds import KeptSpeeds
from integrations.llm import ollama, openai
from integrations.llm._fake_http import FakeServer
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script
from integrations.llm.fake_openai import FakeOpenAI
from registry import Operations
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


WITH_OPENAI = find_spec("openai") is not None
"""The extra: without it an Ollama server plays the cloud."""


class Played:
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


def numbered(number: int) -> tuple[ModelRequest, Constraints]:
    """The request of that number and what it demands."""
    said = f"job {number} x{number % 10}"
    request = ModelRequest(messages=(Message(role="user", content=said),), purpose=Purpose.GENERATE, task=said)
    return request, DEMANDS[number // 10 % len(DEMANDS)]


def may(demand: Constraints, server: str, model: str) -> bool:
    """Whether a request with that demand may be asked there."""
    local = "cloud" not in server
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


def opened(fakes: Sequence[FakeServer]) -> list[LLMProvider]:
    """The local servers, and the last one as the cloud."""
    local = [{"name": f"s{place}", "host": fake.url, "concurrency": 3} for place, fake in enumerate(fakes[:-1])]
    return [*ollama.PROVIDER.open({"servers": local, **QUICK}), opened_cloud(fakes[-1].url)]


def opened_cloud(url: str) -> LLMProvider:
    """The cloud, by OpenAI's API where the extra for it is there."""
    if not WITH_OPENAI:
        return Played(*ollama.PROVIDER.open({"host": url, **QUICK}))
    price = {"input_eur": PRICE.input_eur, "output_eur": PRICE.output_eur}
    service = {"name": "cloud", "base_url": f"{url}/v1", "api_key": "sk-12345678", "prices": {"*": price}}
    (cloud,) = openai.PROVIDER.open({"servers": [service], **QUICK})
    return cloud


def asked(router: Router, number: int) -> ModelReply | ModelError:
    """The reply to the request of that number, or the error that it ended with."""
    request, demand = numbered(number)
    with asking(Asking(task=f"t{number}", by="ann", constraints=demand)):
        try:
            return router.complete(request)
        except ModelError as error:
            return error


def chats(fake: FakeServer) -> list[tuple[int, str]]:
    """The number and the model of each request for text that came to a server."""
    bodies = [each.body for each in fake.requests if each.path in ("/api/chat", "/v1/chat/completions")]
    found = [(re.match(r"job (\d+) ", body["messages"][-1]["content"]), body["model"]) for body in bodies]
    return [(int(match[1]), model) for match, model in found if match]


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    """An empty operational database."""
    opened = Operations.open(tmp_path / "operations.sqlite")
    yield opened
    opened.close()


@pytest.mark.timeout(240)
def test_a_thousand_requests_end_right_or_with_an_error_of_ours(operations):
    """None is lost, none comes in half, none goes where its demands forbid it, and what is paid is what was answered.

    One server dies in the middle and comes back.
    """
    speeds = KeptSpeeds(operations.model_calls)
    ledger = KeptLedger(operations.model_calls, speeds, Budgets(day=Limit(eur=1e6)))
    with ExitStack() as stack:
        kinds = [FakeOllama] * LOCAL + [FakeOpenAI if WITH_OPENAI else FakeOllama]
        fakes: list[FakeServer] = [stack.enter_context(kind(script(place))) for place, kind in enumerate(kinds)]
        patience = Patience(retries=2, longest_wait_s=1.0, total_s=20.0)
        router = Router(opened(fakes), aids=Aids(ledger=ledger, speeds=speeds), patience=patience, refresh_s=0.5)
        stack.callback(router.close)
        with ThreadPoolExecutor(THREADS) as pool:
            half = list(pool.map(lambda number: asked(router, number), range(REQUESTS // 2)))
            dead = fakes[0]
            dead.__exit__(None, None, None)
            rest = pool.map(lambda number: asked(router, number), range(REQUESTS // 2, REQUESTS))
            time.sleep(1.0)
            back = stack.enter_context(FakeOllama(script(0), port=dead.port))
            ends = half + list(rest)
        names = [provider.server.name for provider in router.fleet.providers]
    arrived = {name: chats(fake) for name, fake in zip(names, fakes, strict=True)}
    arrived[names[0]] += chats(back)
    none_is_lost_or_led_astray(ends, arrived)
    each_is_paid_once(ends, arrived, operations)


def none_is_lost_or_led_astray(
    ends: Sequence[ModelReply | ModelError], arrived: Mapping[str, Sequence[tuple[int, str]]]
) -> None:
    """Each request has one end, a whole reply of a server that may give it, or an error; no server saw one too many."""
    assert len(ends) == REQUESTS
    for server, requests in arrived.items():
        assert requests, f"{server} was never asked"
        for number, model in requests:
            assert may(numbered(number)[1], server, model), (number, server, model)
    for number, end in enumerate(ends):
        demand = numbered(number)[1]
        if isinstance(end, ModelReply):
            assert end.text == WORDS
            assert may(demand, end.server, end.model)
            assert number in {job for job, _ in arrived[end.server]}
        else:
            assert isinstance(end, NoRoute) is (demand.local_only and demand.force_cloud)
    kinds = Counter(type(end).__name__ for end in ends)
    assert kinds["ModelReply"] > 0.8 * (REQUESTS - kinds["NoRoute"]), kinds


def each_is_paid_once(
    ends: Sequence[ModelReply | ModelError],
    arrived: Mapping[str, Sequence[tuple[int, str]]],
    operations: Operations,
) -> None:
    """What is known to be spent is what the replies cost, to the cent; no entry is open, and none is missing."""
    replies = [end for end in ends if isinstance(end, ModelReply)]
    costs = [reply.usage.cost_eur for reply in replies]
    a_reply = (3 * PRICE.input_eur + 8 * PRICE.output_eur) / 1e6
    assert costs == [pytest.approx(a_reply if "cloud" in reply.server else 0.0) for reply in replies]
    ((_, spent),) = operations.model_calls.spent()
    assert spent.open == 0
    assert spent.eur == pytest.approx(sum(cost or 0.0 for cost in costs))
    assert spent.calls - spent.failed == len(replies)
    assert spent.calls >= sum(map(len, arrived.values()))
    for named, of_server in operations.model_calls.spent(("server",)):
        answered = sum(reply.server == named["server"] for reply in replies)
        assert of_server.calls - of_server.failed == answered


def test_a_stop_ends_a_request_at_once():
    """The connection is hung up, the slot is free again, and nobody else is asked."""
    with FakeOllama(Script(rules=(Rule(reply=WORDS, delay_s=120.0),))) as fake, FakeOllama() as other:
        servers = [{"name": "a", "host": fake.url, "concurrency": 1}, {"name": "b", "host": other.url}]
        router = Router(ollama.PROVIDER.open({"servers": servers}))
        router.fleet.snapshot()
        stop, began = Stop(), time.monotonic()
        threading.Timer(0.3, stop.ask).start()
        with stopped_by(stop), pytest.raises(Stopped):
            router.complete(numbered(0)[0])
        assert time.monotonic() - began < 60
        assert chats(other) == []
        assert [each.busy for each in router.fleet.snapshot()] == [0, 0]
        router.close()
