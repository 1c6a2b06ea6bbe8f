"""A whole agent on real parts, a sandbox, a registry, a database, with a model that says what a test tells it to."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from network import make_certificate

from agent.chat_ports import ChatActions
from agent.checks.trial import Trial
from agent.generator import Generator
from agent.host_ports import HostActions
from agent.journal import Journal
from agent.loader import load
from agent.loop import Agent
from agent.making.admission import Admission
from agent.making.budget import Budget
from agent.making.callers import Callers
from agent.making.candidates import Candidates
from agent.making.following import Following
from agent.making.forge import Forge
from agent.making.models import Models
from agent.making.specifier import Specifier
from agent.matching.decision import Which, nobody_knows
from agent.matching.english import English
from agent.matching.kept import Kept
from agent.matching.lessons import Lessons
from agent.matching.matcher import Matcher
from agent.matching.vectors import Vectors
from agent.packages import Shelf
from agent.ports import (
    FREE,
    Hear,
    LLMProvider,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderStatus,
    Purpose,
    Server,
    Usage,
    unheard,
)
from agent.promoter import Policy, Promoter
from agent.questions import Ask, nobody
from agent.rights.approval import Approval
from agent.rights.broker import Broker
from agent.rights.chat import Chats
from agent.rights.codehost import Hosts
from agent.rights.grants import parse
from agent.routing.router import Patience, Router, asked_anew
from agent.runner import Runner
from agent.sandboxes import Sandboxes
from agent.source.signature import UnreadableSignature, read_signature
from agent.types import Event, Task, Verdict
from agent.validator import validate
from agent.warden import Warden
from agent.workflow.recording import Recording
from registry import Function, Manifest, Operations, Registry, read_export
from sandbox import Limits, Sandbox
from sandbox.backends.wasm import BACKEND
from sandbox.packages import Layers
from sandbox.resolver import Resolver

LIBRARY = Path(__file__).parents[2] / "functions"
LIMITS = Limits(wall_clock_s=5.0)
NO_INDEX = "http://127.0.0.1:9/simple"
"""Where no package index answers."""
PLENTY, ANY_MODEL = Budget(), Models()
SPECIFICATION = json.dumps(
    {
        "name": "count_vowels",
        "description": "Count the vowels in a text.",
        "aliases": ["number of vowels"],
        "signature": "def count_vowels(text: str) -> int",
        "parameters": {"text": "The text."},
        "ensures": ["the vowels are a, e, i, o and u, in either case"],
        "examples": [{"in": {"text": "Adele"}, "out": 3}],
    }
)
TESTS = """```python
from function import count_vowels


def test_some():
    assert count_vowels("Adele") == 3


def test_none():
    assert count_vowels("xyz") == 0


def test_each():
    assert count_vowels("education") == 5


def test_capitals():
    assert count_vowels("OUIJA") == 4


def test_repeated():
    assert count_vowels("banana boat in sea") == 8


def test_one():
    assert count_vowels("u") == 1


def test_two():
    assert count_vowels("a quick") == 3
```
"""

Said = str | ModelReply | Exception
"""What the model does when it is asked: a reply, or an error."""


class Teller:
    """A model that says what it was given, by purpose and in order; its last word is repeated."""

    name = "teller"
    server = Server(name="teller", provider="teller", is_local=True)

    def __init__(self, **words: Sequence[Said]) -> None:
        self.words: dict[Purpose, list[Said]] = {Purpose(purpose): list(said) for purpose, said in words.items()}
        self.requests: list[ModelRequest] = []

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The next reply for the purpose. A purpose without any is a mistake of the test."""
        self.requests.append(request)
        said = self.words[request.purpose]
        reply = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(reply, Exception):
            raise reply
        used = Usage(tokens_in=10, tokens_out=5)
        return reply if isinstance(reply, ModelReply) else ModelReply(text=reply, provider="t", model="m", usage=used)

    def cards(self) -> tuple[ModelCard, ...]:
        """The one that it stands for."""
        return (ModelCard(name="m", price=FREE),)

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

    def first(self, purpose: str) -> str:
        """All that the model was told at the first request of that purpose."""
        requests = [request for request in self.teller.requests if request.purpose.value == purpose]
        return "\n".join(message.content for message in requests[0].messages)

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


@pytest.fixture(scope="session")
def embedded(wasm: Sandbox) -> Sandboxes:
    """The embedded sandbox alone."""
    return Sandboxes(("wasm",), lambda _: wasm, print)


@pytest.fixture(scope="session")
def docker() -> Iterator[Sandbox]:
    """Containers, one waiting; skips where no engine answers."""
    sandbox = load("sandbox.backends", "docker").open({"waiting": 1}, lambda _: None)
    if (absence := sandbox.absence()) is not None:
        pytest.skip(f"{absence}. {absence.advice}")
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def both(wasm: Sandbox, docker: Sandbox) -> Sandboxes:
    """What the setting `auto` stands for where an engine answers."""
    return Sandboxes(("wasm", "docker"), lambda name: {"wasm": wasm, "docker": docker}[name], print)


@pytest.fixture
def workshop(tmp_path: Path, embedded: Sandboxes) -> Iterator[Callable[..., Workshop]]:
    """Makes an agent: replies by purpose, built-in functions by name, the operator's policy, the budget.

    `recorded` keeps what happens to tasks of the queue.

    Where a test gives none, the specification and the tests are those of a function that counts vowels.
    """
    made: list[Workshop] = []

    def make(
        *,
        functions: Sequence[str] = (),
        policy: Policy = "default",
        canary_share: float = 0.2,
        recorded_calls: int = 200,
        candidates: int = 2,
        budget: Budget = PLENTY,
        models: Models = ANY_MODEL,
        ask: Ask = nobody,
        which: Which = nobody_knows,
        sandboxes: Sandboxes = embedded,
        provider: LLMProvider | None = None,
        allow: Sequence[str] = (),
        secrets: Mapping[str, str] | None = None,
        granted_s: float = 30.0,
        chats: Mapping[str, Callable[[], ChatActions]] | None = None,
        hosts: Mapping[str, Callable[[], HostActions]] | None = None,
        shelf: Shelf | None = None,
        recorded: bool = False,
        **words: Sequence[Said],
    ) -> Workshop:
        teller, events = Teller(**{"specify": [SPECIFICATION], "test": [TESTS], **words}), list[Event]()
        registry = Registry.create(tmp_path / "registry.git")
        journal = Journal(operations=Operations.open(tmp_path / "operations.sqlite"), recorded_calls=recorded_calls)
        recording = Recording(tasks=journal.operations.tasks)
        memory = recording.remember if recorded else asked_anew
        router = Router([provider or teller], memory, patience=Patience(retries=0))

        def listener(event: Event) -> None:
            events.append(event)
            if recorded:
                recording.tell(event)

        resolver = Resolver(index=NO_INDEX)
        shelf = shelf or Shelf(
            layers=Layers(tmp_path / "layers", resolver, on_progress=print), resolver=resolver, python=lambda: "3.14"
        )
        generator, kept = Generator(router=router), Kept(tmp_path / "matching.sqlite")
        admission = Admission(
            registry=registry,
            operations=journal.operations,
            sandboxes=sandboxes,
            shelf=shelf,
            promoter=Promoter(
                registry=registry, policy=policy, allow=[parse(line) for line in allow], packages=shelf.allowed
            ),
            limits=LIMITS,
            listener=listener,
        )
        following = Following(Callers(admission=admission))
        agent = Agent(
            registry=registry,
            matcher=Matcher(
                registry=registry,
                lessons=Lessons(operations=journal.operations),
                router=router,
                vectors=Vectors(embed=router.embed, kept=kept),
                english=English(router=router, kept=kept),
                accepted_error=0.1,
            ),
            forge=Forge(
                registry=registry,
                specifier=Specifier(
                    registry=registry,
                    generator=generator,
                    models=models,
                    sandboxes=sandboxes,
                    shelf=shelf,
                    journal=journal,
                    listener=listener,
                ),
                candidates=Candidates(
                    generator=generator,
                    models=models,
                    sandboxes=sandboxes,
                    journal=journal,
                    count=candidates,
                    limits=LIMITS,
                    listener=listener,
                ),
                admission=admission,
                shelf=shelf,
                budget=budget,
                ask=ask,
                listener=listener,
            ),
            runner=Runner(
                sandboxes=sandboxes,
                generator=generator,
                journal=journal,
                warden=Warden(
                    registry=registry,
                    operations=journal.operations,
                    policy=policy,
                    reliability=0.95,
                    canary_share=canary_share,
                    follow=following.after,
                    listener=listener,
                ),
                broker=Broker(
                    approval=Approval(registry=registry, allow=[parse(line) for line in allow]),
                    record=journal.operations.record_audit,
                    complete=router.complete,
                    secret_of=(secrets or {}).__getitem__,
                    actor=lambda: "test",
                    wall_clock_s=granted_s,
                    chat=Chats(chats or {}),
                    codehost=Hosts(hosts or {}),
                    listener=listener,
                ),
                limits=LIMITS,
                listener=listener,
            ),
            following=following,
            which=which,
        )
        shop = Workshop(agent=agent, registry=registry, operations=journal.operations, teller=teller, events=events)
        for name in functions:
            shop.put(read_export(LIBRARY / name))
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.agent.following.close()
        shop.agent.following.settle(30)
        shop.operations.close()
        shop.registry.close()


@pytest.fixture
def gate(wasm: Sandbox) -> Callable[..., Verdict]:
    """Puts a candidate before the gate: its code, its tests, and what the task says of it."""

    def judge(code: str, tests: str, *, name: str = "vowels", earlier: str = "", **task: Any) -> Verdict:
        wish = Task(text="count the vowels", **task)
        manifest = manifest_of(code, name).model_copy(update={"examples": wish.examples})
        function = Function(manifest=manifest, source=code, tests=tests)
        return validate(Trial(function=function, sandbox=wasm, task=wish, earlier_tests=earlier, limits=LIMITS))

    return judge


def manifest_of(code: str, name: str) -> Manifest:
    """The manifest that fits a module; one without parameters where it cannot be read."""
    try:
        signature = read_signature(code)
    except UnreadableSignature:
        return Manifest(name=name, description="Counts vowels.", input_schema={"type": "object", "properties": {}})
    schemas = {"input_schema": signature.input_schema, "output_schema": signature.output_schema}
    return Manifest(name=name, description="Counts vowels.", **schemas)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    if (made := make_certificate(tmp_path_factory.mktemp("tls"))) is None:
        pytest.skip("no openssl that makes certificates")
    return made
