"""A broker for one function, and all that it stands on: what the function asks is answered without a sandbox."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.checks import rights
from agent.checks.trial import Trial
from agent.config import load_settings
from agent.errors import BadSettings, ChannelRefused, ChannelUnavailable, KowalError, TooFast
from agent.rights.approval import Approval
from agent.rights.broker import Broker
from agent.rights.chat import Chats
from agent.rights.codehost import Hosts
from agent.rights.secrets import Vault
from agent.rights.session import Session
from agent.types import Event, Task
from agent.wiring import broker_of
from registry import Function, Manifest, Operations, Registry, Version
from sandbox import CallResult, Sandbox, Script, Surroundings

TOKEN = "the-token-of-the-bot"
"""What the settings hold, and nobody may see."""


FAULTS = (
    (ChannelUnavailable("it does not answer"), "does not answer"),
    (TooFast("it asks to come back later", again_in_s=26.0), "come back later"),
    (BadSettings("the token file is gone"), "token file is gone"),
    (ChannelRefused(f"it will not have that, says the server ({TOKEN})" + "x" * 1_000), "will not have that"),
)
"""How a chat or a code host may fail, and what the code is told of it."""


@dataclass
class Kept:
    """What is done at a chat or a code host in memory is kept; it fails where the test says so."""

    done: list[tuple[Any, ...]] = field(default_factory=list)
    error: KowalError | None = None

    def _keep(self, gives: str, *what: Any) -> str:
        if self.error is not None:
            raise self.error
        self.done.append(what)
        return gives


@dataclass
class House:
    """A registry, a database, and the chats or code hosts of the settings."""

    registry: Registry
    operations: Operations
    chats: dict[str, Any] = field(default_factory=dict)
    """By name. Each keeps what was done in `done`."""
    hosts: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def session(self, *grants: str) -> Session:
        """A session of a version in production with these grants."""
        manifest = Manifest(name="announce", description="Says.", input_schema={"type": "object"}, grants=grants)
        function = Function(manifest=manifest, source="def announce():\n    return 1\n", tests="# none\n")
        candidate = self.registry.add_candidate(function, {"verdict": {"summary": "given"}})
        version = self.registry.approve("announce", candidate.digest, by="test")
        promoted = self.registry.promote("announce", version.version, by="bob")
        session = self.broker().open(promoted, unrun)
        assert session is not None
        return session

    def broker(self) -> Broker:
        """The broker; it opens a chat or a code host when that is first needed."""
        return Broker(
            approval=Approval(registry=self.registry),
            record=self.operations.record_audit,
            complete=Silent().complete,
            secret_of={}.__getitem__,
            actor=lambda: "ann",
            wall_clock_s=30.0,
            chat=Chats({name: lambda chat=chat: chat for name, chat in self.chats.items()}),
            codehost=Hosts({name: lambda host=host: host for name, host in self.hosts.items()}),
            hide=Vault({"token": TOKEN}).hidden_text,
            listener=self.events.append,
        )

    @property
    def done(self) -> list[tuple[Any, ...]]:
        """What was done in the first of them."""
        found: list[tuple[Any, ...]] = next(iter((self.chats | self.hosts).values())).done
        return found

    def rows(self) -> list[tuple[str, str, str]]:
        """The audit, oldest first: what, of what, and how it ended."""
        return [(row.action, row.subject, row.outcome) for row in reversed(self.operations.audit(limit=500))]

    def text(self) -> str:
        """All that the audit and the events hold."""
        return f"{self.operations.audit(limit=500)} {self.events}"

    def holds_refused(self, session: Session, ask: Mapping[str, Any], says: str) -> None:
        """That the ask cannot be served as it stands: by the code's own fault, written down, and nothing was done."""
        reply = session.answer(ask)
        assert reply["refused"] is True
        assert says in reply["error"]
        assert (self.done, session.troubled) == ([], False)
        ((action, subject, outcome),) = self.rows()
        assert (action, subject[:28], outcome) == (ask["kind"], "something that cannot be don", "refused")

    def holds_counted(self, session: Session, asks: Sequence[Mapping[str, Any]]) -> None:
        """That all of the asks are served, and the first of them not once more."""
        for ask in asks:
            assert "value" in session.answer(ask)
        assert f"{len(asks)} asks" in session.answer(asks[0])["error"]
        assert len(self.done) == len(asks)

    def holds_failed(self, session: Session, ask: Mapping[str, Any], says: str, error: Exception) -> None:
        """That the code gets a neighbour's word, cut and without a token, and the record the kind of error only."""
        reply = session.answer(ask)
        assert reply["refused"] is False
        assert "did not do it: " in reply["error"]
        assert says in reply["error"]
        assert len(reply["error"]) < 400
        assert session.troubled
        (_, (action, _, outcome)) = self.rows()
        assert (action, outcome) == (f"{ask['kind']}.done", "failed")
        assert self.operations.audit()[0].facts["why"] == type(error).__name__
        assert TOKEN not in f"{reply} {self.text()} {session.__dict__}"

    def holds_unknown(self, kind: str) -> None:
        """That the wiring tells of a section which no file of `integrations` is for, and shows nothing of its token."""
        settings = load_settings(**{kind: {"smoke_signals": {"token": TOKEN}}})
        broker = broker_of(settings, self.registry, self.operations, Silent(), lambda: "ann", self.events.append)
        with pytest.raises(BadSettings, match="smoke_signals") as caught:
            getattr(broker, kind).open("smoke_signals")
        assert TOKEN not in f"{caught.value} {settings!r} {broker!r} {broker.hide(f'it is {TOKEN}')}"


def holds_list(box: Sandbox, function: Function, exchanges: Sequence[Any], finding: str) -> None:
    """That the function passes its tests by this script, and the gate finds that of its list, or nothing."""
    scripted = box.within(Surroundings(script=Script(exchanges=tuple(exchanges))))
    trial = Trial(function=function, sandbox=scripted, task=Task(text=function.manifest.name))
    assert {outcome.outcome for outcome in trial.run_suite(function.source).outcomes} == {"passed"}
    result = rights.check(trial)
    assert result.passed is not bool(finding)
    assert finding in " ".join(result.findings)


@contextmanager
def house_in(folder: Path, **near: Any) -> Iterator[House]:
    """A house with these chats or code hosts, by the names of `House`."""
    registry = Registry.create(folder / "registry.git")
    operations = Operations.open(folder / "operations.sqlite")
    yield House(registry=registry, operations=operations, **near)
    operations.close()
    registry.close()


def unrun(version: Version, arguments: Mapping[str, Any], session: Session) -> CallResult:
    """Nothing calls another function here."""
    raise AssertionError(version.name)


class Silent:
    """Nothing asks a model here."""

    def complete(self, request: object) -> Any:
        """Whoever asks is wrong."""
        raise AssertionError(request)
