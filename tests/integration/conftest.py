"""A whole agent on real parts, a sandbox, a registry, a database, with a model that says what a test tells it to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.checks.trial import Trial
from agent.forge import Forge
from agent.generator import Generator, function_of
from agent.journal import Journal
from agent.loop import Agent
from agent.matcher import Matcher
from agent.ports import LLMProvider, ModelReply, ModelRequest, ProviderStatus, Purpose, Usage
from agent.promoter import Policy, Promoter
from agent.replies import Draft
from agent.router import Router
from agent.runner import Runner
from agent.types import Event, Task, Verdict
from agent.validator import validate
from registry import Function, Operations, Registry, read_export
from sandbox import Limits, Sandbox
from sandbox.backends.wasm import BACKEND

LIBRARY = Path(__file__).parents[2] / "functions"
LIMITS = Limits(wall_clock_s=5.0)

Said = str | ModelReply | Exception
"""What the model does when it is asked: a reply, or an error."""


class Teller:
    """A model that says what it was given, by purpose and in order; its last word is repeated."""

    name = "teller"

    def __init__(self, **words: Sequence[Said]) -> None:
        self.words: dict[Purpose, list[Said]] = {Purpose(purpose): list(said) for purpose, said in words.items()}
        self.requests: list[ModelRequest] = []

    def complete(self, request: ModelRequest) -> ModelReply:
        """The next reply for the purpose. A purpose without any is a mistake of the test."""
        self.requests.append(request)
        said = self.words[request.purpose]
        reply = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(reply, Exception):
            raise reply
        used = Usage(tokens_in=10, tokens_out=5)
        return reply if isinstance(reply, ModelReply) else ModelReply(text=reply, provider="t", model="m", usage=used)

    def status(self) -> ProviderStatus:
        """Always there."""
        return ProviderStatus(available=True, detail="tells", models=("m",))

    def asked_for(self) -> list[str]:
        """The purposes of the requests, in order."""
        return [request.purpose.value for request in self.requests]

    def heard(self) -> str:
        """All that the model was ever told."""
        return "\n".join(message.content for request in self.requests for message in request.messages)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """An agent, and what a test wants to look at."""

    agent: Agent
    registry: Registry
    operations: Operations
    teller: Teller
    events: list[Event]

    def actions(self) -> list[str]:
        """What was told, in order, without what only says that something takes long."""
        return [event.action for event in self.events if event.action != "progress"]

    def put(self, function: Function) -> None:
        """Have a function in production without waiting for the gate."""
        self.registry.add_candidate(function, {"verdict": {"summary": "given"}})
        self.registry.approve(function.name, function.digest, by="test")
        self.registry.promote(function.name, by="test")


@pytest.fixture(scope="session")
def wasm(cache: Path) -> Iterator[Sandbox]:
    """One sandbox for the session."""
    sandbox = BACKEND.open({"cache": cache, "spares": 1}, lambda _: None)
    yield sandbox
    sandbox.close()


@pytest.fixture
def workshop(tmp_path: Path, wasm: Sandbox) -> Iterator[Callable[..., Workshop]]:
    """Makes an agent: replies by purpose, built-in functions by name, the operator's policy, the budget."""
    made: list[Workshop] = []

    def make(
        *,
        functions: Sequence[str] = (),
        policy: Policy = "default",
        attempts: int = 3,
        provider: LLMProvider | None = None,
        **words: Sequence[Said],
    ) -> Workshop:
        teller, events = Teller(**words), list[Event]()
        registry = Registry.create(tmp_path / "registry.git")
        journal = Journal(operations=Operations.open(tmp_path / "operations.sqlite"))
        router = Router([provider or teller])
        generator = Generator(router=router)
        agent = Agent(
            registry=registry,
            matcher=Matcher(
                registry=registry, operations=journal.operations, router=router, threshold=0.75, margin=0.05
            ),
            forge=Forge(
                registry=registry,
                sandbox=wasm,
                generator=generator,
                promoter=Promoter(registry=registry, policy=policy),
                journal=journal,
                attempts=attempts,
                limits=LIMITS,
                listener=events.append,
            ),
            runner=Runner(sandbox=wasm, generator=generator, journal=journal, limits=LIMITS, listener=events.append),
        )
        shop = Workshop(agent=agent, registry=registry, operations=journal.operations, teller=teller, events=events)
        for name in functions:
            shop.put(read_export(LIBRARY / name))
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.operations.close()
        shop.registry.close()


@pytest.fixture
def gate(wasm: Sandbox) -> Callable[..., Verdict]:
    """Puts a candidate before the gate: its code, its tests, and what the task says of it."""

    def judge(code: str, tests: str, *, name: str = "vowels", earlier: str = "", **task: Any) -> Verdict:
        wish = Task(text="count the vowels", **task)
        draft = Draft(name=name, description="Counts vowels.", code=code, tests=tests)
        function = function_of(draft, wish)
        return validate(Trial(function=function, sandbox=wasm, task=wish, earlier_tests=earlier, limits=LIMITS))

    return judge
