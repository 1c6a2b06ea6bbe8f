"""One run's side of the broker: each ask of its code is checked, counted, written down, and then served."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from agent.arguments import bind
from agent.errors import BadSettings, BadTask, KowalError, ModelError
from agent.ports import Message, ModelRequest, Purpose
from agent.rights.acts import Openers, Wanted, without
from agent.rights.chat import read_chat_ask
from agent.rights.codehost import read_host_ask
from agent.rights.grants import FilesGrant, FunctionGrant, Grant, ModelGrant
from agent.rights.outcomes import AskFailed, AskRefused
from agent.rights.secrets import Vault
from agent.rights.tally import Tally
from agent.rights.web import Web, as_value, read_http_ask
from agent.routing import asking
from registry import RegistryError, Version
from sandbox import CallResult, SandboxError, Surroundings

if TYPE_CHECKING:
    from agent.rights.broker import Broker

HTTP_SECONDS = 30.0
MOST_REDIRECTS = 5
MOST_DEPTH = 5
"""How many functions may call one another, the first included."""
MOST_PROMPT_CHARS = 200_000
MOST_REACHED = 50
MOST_TOLD_CHARS = 300
"""Of what a chat or a code host says where it refuses."""
BUSY = 429
SERVER_FAULT = 500

CallFunction = Callable[[Version, Mapping[str, Any], "Session"], CallResult]
"""Runs a version with bound arguments in a sandbox of its own, with that session for its host."""
Some = TypeVar("Some", bound=Grant)
Neighbour = TypeVar("Neighbour")


@dataclass(kw_only=True)
class Step:
    """What one ask came to, as far as it got."""

    allow: Callable[[Mapping[str, Any]], None]
    """Writes down that it is served; before it is."""
    came: dict[str, Any] = field(default_factory=dict)
    """Counts of what came of it."""


class Session:
    """What one version may ask in one run. `answer` is the sandbox's host. Safe to use from several threads."""

    def __init__(
        self, *, broker: "Broker", version: Version, grants: Sequence[Grant], vault: Vault, tally: Tally, run: str,
        call: CallFunction, callers: Sequence[str], actor: str,
    ) -> None:  # fmt: skip
        self.version, self.run, self.actor = version, run, actor
        self._broker, self._grants, self._vault, self._tally, self._call = broker, grants, vault, tally, call
        self._web = Web(grants=grants, vault=vault, outbound=broker.outbound)
        self._callers = (*callers, version.name)
        self._reached: dict[str, None] = {}
        self._waiting, self._troubled = 0, False
        self._whose = asking.current()
        self._lock = threading.Lock()

    @property
    def reached(self) -> tuple[str, ...]:
        """What was asked for and allowed, each once, in the order in which it first was."""
        return tuple(self._reached)[:MOST_REACHED]

    @property
    def troubled(self) -> bool:
        """True where something that it has a right to was not served, or is not yet."""
        return self._troubled or self._waiting > 0

    def seconds_left(self) -> float:
        """Until the run must end."""
        return self._tally.seconds_left()

    def surroundings(self, files: Mapping[str, bytes]) -> Surroundings:
        """What goes around the call: this host, the placeholders, the input files.

        Raises `BadTask` where files were given that the version has no right to, and a `RegistryError` where that
        cannot be written down.
        """
        if files and not self._granted(FilesGrant, way="in"):
            refuse_files(self.version)
        for name, data in files.items():
            self._write("files", f"files in {name}", "allowed", {"bytes": len(data)})
        return Surroundings(
            host=self.answer, secrets=self._vault.placeholders, files=files, keeps_files=self.keeps_files
        )

    @property
    def keeps_files(self) -> bool:
        """True where the files that the version leaves go back with its answer."""
        return bool(self._granted(FilesGrant, way="out"))

    def returned(self, result: CallResult) -> CallResult:
        """The result with the files that the version may give back, each written down."""
        if not self.keeps_files:
            return replace(result, artefacts={})
        for name, data in result.artefacts.items():
            self._write("files", f"files out {name}", "allowed", {"bytes": len(data)})
        return result

    def close(self, run_id: int, outcome: str) -> None:
        """Write down under which number the run is kept, its rights, how it ended, and how many asks it left open."""
        rights: dict[str, Any] = {"grants": [str(grant) for grant in self._grants]}
        facts = rights | {"outcome": outcome} | ({"unanswered": self._waiting} if self._waiting else {})
        self._write("run", f"run {run_id}", "allowed" if outcome == "ok" else "failed", facts)

    def answer(self, ask: Mapping[str, Any]) -> Mapping[str, Any]:
        """The reply to one ask. It never raises: what is not served is an error in the reply."""
        with self._lock:
            self._waiting += 1
        try:
            with asking.asking(self._whose):  # the sandbox answers in threads of its own
                return {"value": self._served(ask)}
        except AskRefused as error:
            self._troubled |= not error.own_fault
            return {"error": str(error), "refused": True}
        except AskFailed as error:
            self._troubled = True
            return {"error": str(error), "refused": False}
        except RegistryError:
            self._troubled = True
            return {"error": "it cannot be written down what was asked, so it is not served", "refused": True}
        finally:
            with self._lock:
                self._waiting -= 1

    def _served(self, ask: object) -> Any:
        kind = ask.get("kind") if isinstance(ask, Mapping) else None
        match kind:
            case "http":
                return self._http(ask)
            case "llm":
                return self._llm(ask)
            case "function":
                return self._function(ask)
            case "chat":
                return self._act(kind, ask, read_chat_ask, self._broker.chat)
            case "codehost":
                return self._act(kind, ask, read_host_ask, self._broker.codehost)
        with self._step("ask", "something that is no ask"):
            raise AskRefused("there is nothing of that kind to ask for", own_fault=True)

    def _http(self, ask: Any) -> dict[str, Any]:
        """The answer to a request, its redirects followed, each of them checked as if the code had asked for it."""
        with self._step("http", "a request that cannot be sent"):
            wanted = read_http_ask(ask)
        for hop in range(MOST_REDIRECTS + 1):
            with self._step("http", wanted.subject) as step:
                named = self._web.leave(wanted, redirected=hop > 0)
                self._tally.count("http")
                step.allow({"bytes": len(wanted.body)} | ({"secrets": list(named)} if named else {}))
                answer = self._web.send(wanted, self._tally.deadline(HTTP_SECONDS))
                step.came |= {"status": answer.status, "bytes": len(answer.body)}
                following = self._web.following(wanted, answer)
            self._troubled |= answer.status >= SERVER_FAULT or answer.status == BUSY
            if following is None:
                return as_value(answer)
            wanted = following
        with self._step("http", wanted.subject):
            raise AskFailed(f"there were more than {MOST_REDIRECTS} redirects")

    def _llm(self, ask: Any) -> str:
        """The model's reply. The prompt is data: nothing of ours is added to it."""
        prompt, system = ask.get("prompt"), ask.get("system") or ""
        with self._step("llm", "llm") as step:
            if not isinstance(prompt, str) or not isinstance(system, str):
                raise AskRefused("a prompt is a text")
            if len(prompt) + len(system) > MOST_PROMPT_CHARS:
                raise AskRefused(f"a prompt has at most {MOST_PROMPT_CHARS:,} characters")
            grants = self._granted(ModelGrant)
            if not grants:
                raise AskRefused("no grant allows to ask a model", own_fault=True)
            self._tally.count(f"llm {self.version.name}", grants[0].requests)
            step.allow({"chars": len(prompt) + len(system)})
            said = [Message(role="system", content=system)] if system else []
            request = ModelRequest(messages=(*said, Message(role="user", content=prompt)), purpose=Purpose.HOST)
            try:
                reply = self._broker.complete(request)
            except ModelError as error:
                raise AskFailed(f"no model answered: {error}") from error
            used = reply.usage
            step.came |= {"model": f"{reply.provider}/{reply.model}", "tokens_in": used.tokens_in}
            step.came |= {"tokens_out": used.tokens_out, "cost_eur": used.cost_eur}
            if not self._tally.seconds_left():
                step.came["late"] = True  # the run has ended: it is paid for, and nobody gets it
            return reply.text

    def _function(self, ask: Any) -> Any:
        """The value of a function that may be called, run in a sandbox of its own with rights of its own."""
        name, given = ask.get("name"), ask.get("arguments")
        grants = self._granted(FunctionGrant, name=name)
        with self._step("function", str(grants[0]) if grants else "function") as step:
            if not grants:
                raise AskRefused("no grant allows to call that function", own_fault=True)
            if not isinstance(given, Mapping):
                raise AskRefused("arguments are values by name")
            callee = self._callee(grants[0])
            self._tally.count("function")
            step.allow({})
            try:
                bound = bind(callee.function.manifest, given)
                nested = self._broker.session(callee, self._call, self._tally, self.run, self.actor, self._callers)
                result = self._call(callee, bound, nested)
            except (KowalError, RegistryError, SandboxError) as error:
                raise AskFailed(f"`{name}` was not run: {error}", record=type(error).__name__) from error
            if result.failure is not None:
                failure = result.failure
                raise AskFailed(f"`{name}` failed: {failure.message}", record=f"it failed: {failure.kind}")
            return result.value

    def _callee(self, grant: FunctionGrant) -> Version:
        """The version that the grant pins. Raises `AskRefused` where nobody may call it, or not from here."""
        if grant.name in self._callers:
            raise AskRefused(f"`{grant.name}` is calling already: functions may not call one another in a circle")
        if len(self._callers) >= MOST_DEPTH:
            raise AskRefused(f"functions may call one another {MOST_DEPTH} deep")
        try:
            callee = self._broker.approval.registry.get(grant.name, grant.version)
        except RegistryError as error:
            raise AskRefused(f"`{grant.name}` {grant.version} cannot be called: {error}") from error
        if why := self._broker.approval.why_not_callable(callee):
            raise AskRefused(f"`{grant.name}` {grant.version} may not be called: {why}")
        return callee

    def _act(
        self, kind: str, ask: Any, read: Callable[[Mapping[str, Any]], Wanted[Neighbour]], near: Openers[Neighbour]
    ) -> Any:
        """What the code gets of an act in a chat, or at a code host. No secret of ours goes there or comes back."""
        hide = self._broker.hide
        with self._step(kind, f"something that cannot be done {near.where}"):
            wanted = read(ask)
            if without(ask, hide) != ask:
                raise AskRefused("it holds a secret of the settings")
        with self._step(kind, str(wanted.grant)) as step:
            if not any(grant.covers(wanted.grant) for grant in self._grants):
                raise AskRefused(f"no grant allows `{wanted.grant}`", own_fault=True)
            self._tally.count(wanted.counted)
            try:
                neighbour = near.open(wanted.neighbour)
            except BadSettings as error:
                raise AskRefused(hide(str(error))) from error
            step.allow(wanted.facts)
            try:
                done = wanted.do(neighbour)
            except KowalError as error:
                told = hide(str(error))[:MOST_TOLD_CHARS]
                raise AskFailed(f"the {near.what} did not do it: {told}", record=type(error).__name__) from error
            step.came |= without(done.came, hide)
            return without(done.value, hide)

    @contextmanager
    def _step(self, action: str, subject: str) -> Iterator[Step]:
        """Write down that one ask is served, before it is, and how it ended; or that it is refused."""
        started = time.monotonic()
        allowed = False

        def allow(facts: Mapping[str, Any]) -> None:
            nonlocal allowed
            self._write(action, subject, "allowed", facts)
            allowed = True
            self._reached[subject] = None

        step = Step(allow=allow)
        try:
            yield step
        except AskRefused as error:
            self._write(action, subject, "refused", {"why": str(error)})
            raise
        except AskFailed as error:
            self._write(f"{action}.done", subject, "failed", {"why": error.record, "seconds": since(started)})
            raise
        if allowed:
            self._write(f"{action}.done", subject, "allowed", step.came | {"seconds": since(started)})

    def _write(self, action: str, subject: str, outcome: Any, facts: Mapping[str, Any]) -> None:
        self._broker.note(self.version, self.run, self.actor, action, subject, outcome, facts)

    def _granted(self, kind: type[Some], **wanted: object) -> list[Some]:
        """The grants of that kind with those values."""
        found = [grant for grant in self._grants if isinstance(grant, kind)]
        return [grant for grant in found if all(getattr(grant, name) == value for name, value in wanted.items())]


def since(started: float) -> float:
    """The seconds since that moment, rounded."""
    return round(time.monotonic() - started, 4)


def refuse_files(version: Version) -> None:
    """Raise `BadTask`: the version has no right to read files."""
    raise BadTask(
        f"`{version.name}` {version.version} may read no files: it has no grant `files in`",
        advice="Give what it needs as arguments: -a text=@FILE.",
    )
