"""What the router costs: one decision over 50 servers with 40 models each, and a request against the bare client."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ollama

from agent.ports import (
    FREE,
    NO_CONSTRAINTS,
    Constraints,
    Hear,
    LLMProvider,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    Price,
    ProviderStatus,
    Purpose,
    Server,
    ServerLimits,
    unheard,
)
from agent.routing.choice import Chooser
from agent.routing.fleet import Fleet
from agent.routing.router import Router
from integrations.llm.fake_ollama import FakeOllama, Rule, Script
from integrations.llm.ollama import PROVIDER

SERVERS, MODELS, DECISIONS, REQUESTS = 50, 40, 300, 150
DEMANDS: Mapping[str, tuple[Constraints, str | None]] = {
    "no demand": (NO_CONSTRAINTS, None),
    "a model of all servers named": (Constraints(model="model-7:7b"), None),
    "`low`: the fastest of all": (Constraints(complexity="low"), None),
    "`high`: the largest of all": (Constraints(complexity="high"), None),
    "latency and cost bounded": (Constraints(max_latency_ms=5_000, max_cost_eur=0.1), None),
    "cloud only": (Constraints(force_cloud=True), None),
    "a server named": (Constraints(provider="cloud-49"), None),
    "nobody may be asked": (Constraints(local_only=True, force_cloud=True), None),
}


class Stand:
    """A server with its models: one in five is in the cloud."""

    def __init__(self, place: int) -> None:
        local = place % 5 != 4
        self.name = f"{'local' if local else 'cloud'}-{place}"
        limits = ServerLimits(concurrency=4, max_params_b=65.0, deny=("*-3:*",))
        self.server = Server(name=self.name, provider=self.name, is_local=local, limits=limits)
        price = FREE if local else Price(input_eur=1.0, output_eur=4.0)
        self._cards = [
            ModelCard(
                name=f"model-{(place + number) % MODELS}:7b",
                params_b=1.0 + (number * 7) % 70,
                context=4_096 << number % 5,
                price=price,
            )
            for number in range(MODELS)
        ]

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """Nobody is asked here."""
        raise NotImplementedError

    def cards(self) -> Sequence[ModelCard]:
        """Its models."""
        return self._cards

    def status(self) -> ProviderStatus:
        """Always there."""
        return ProviderStatus(available=True, detail=self.name)


class Measured:
    """Speeds of every model on every server."""

    def __init__(self) -> None:
        self._known = {
            (Stand(place).name, f"model-{number}:7b"): float(10 + (place * 31 + number * 17) % 90)
            for place in range(SERVERS)
            for number in range(MODELS)
        }

    def tokens_per_s(self, server: str, model: str) -> float | None:
        """As it is known."""
        return self._known.get((server, model))

    def latency_ms(self, server: str, model: str) -> float | None:
        """As it is known."""
        speed = self._known.get((server, model))
        return 100_000 / speed if speed else None


def spread(times: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and count, in milliseconds."""
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    return {"p50_ms": round(statistics.median(times), 4), "p95_ms": round(p95, 4), "count": len(times)}


def timed(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Milliseconds that it takes."""
    start = clock()
    work()
    return (clock() - start) * 1e3


def decisions() -> dict[str, dict[str, float]]:
    """Processor times of one decision, the snapshot of all servers included: what runs beside does not count."""
    stands: list[LLMProvider] = [Stand(place) for place in range(SERVERS)]
    fleet, chooser = Fleet(stands), Chooser(speeds=Measured())
    fleet.snapshot()
    found = {}
    for name, (demand, model) in DEMANDS.items():
        request = ModelRequest(
            messages=(Message(role="user", content="x" * 6_000),), purpose=Purpose.GENERATE, model=model
        )

        def decide(request: ModelRequest = request, demand: Constraints = demand) -> None:
            chooser.decide(request, demand, fleet.snapshot())

        decide()
        found[name] = spread([timed(decide, time.thread_time) for _ in range(DECISIONS)])
    fleet.close()
    return found


def requests() -> dict[str, dict[str, float]]:
    """Times of the same request by the bare client, by our provider and through the router, in turn in one run."""
    said = "write a function " * 50
    with FakeOllama(Script(rules=(Rule(reply="def f():\n    return 1\n"),))) as fake:
        client = ollama.Client(host=fake.url)
        (provider,) = PROVIDER.open({"host": fake.url})
        router = Router([provider])
        model = provider.cards()[0].name
        request = ModelRequest(messages=(Message(role="user", content=said),), purpose=Purpose.GENERATE, model=model)
        options = {"temperature": 0.2, "num_ctx": 8192, "num_predict": 4096}

        def bare() -> None:
            parts = client.chat(model, [{"role": "user", "content": said}], stream=True, options=options)
            assert "".join(part.message.content or "" for part in parts)

        ways: dict[str, Callable[[], Any]] = {
            "bare client": bare,
            "our provider": lambda: provider.complete(request),
            "router": lambda: router.complete(request),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(REQUESTS + 5):
            for name, way in ways.items():
                took = timed(way)
                if number >= 5:  # the first ones import, connect and look at the servers
                    times[name].append(took)
        router.close()
    found = {name: spread(each) for name, each in times.items()}
    over = [routed - asked for routed, asked in zip(times["router"], times["our provider"], strict=True)]
    beyond = [routed - asked for routed, asked in zip(times["router"], times["bare client"], strict=True)]
    return found | {"router over our provider": spread(over), "router over the bare client": spread(beyond)}


def print_spreads(heading: str, found: Mapping[str, Mapping[str, float]]) -> None:
    """Names and times in columns."""
    sys.stdout.write(f"{heading}\n")
    for name, figures in found.items():
        median, p95 = f"{figures['p50_ms']:8.3f} ms", f"{figures['p95_ms']:8.3f} ms"
        sys.stdout.write(f"  {name:<30} median {median}   p95 {p95}   n = {figures['count']:.0f}\n")


def main() -> None:
    """Measure both, print them, and write them to the file that OUT names."""
    found = {"decision": decisions(), "request": requests()}
    print_spreads(f"One decision over {SERVERS} servers with {MODELS} models each, processor time", found["decision"])
    print_spreads("One request to a server on this machine that answers at once", found["request"])
    if out := os.environ.get("OUT"):
        Path(out).write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
