"""What callers do about functions: find them, look at them, run them, and move them between their statuses."""

import base64
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from agent.errors import BadTask, NotPermitted, TooBusy
from agent.loop import Agent
from agent.permission import Deed
from agent.service.callers import Caller, Scope
from agent.service.requests import PromoteRequest, RollbackRequest, RunRequest
from agent.service.shown import entry_of, listing_of, version_fields
from agent.service.tasks import refuse_other
from agent.service.views import (
    DiffView,
    EvidenceView,
    FunctionPage,
    FunctionSummary,
    FunctionView,
    MoveView,
    RunView,
    SourceView,
    VersionEntry,
)
from agent.types import Task
from agent.workflow.people import People
from registry import Manifest, Rollback, Status, Version
from registry.terms import terms, unique

SERVING: Final = (Status.PRODUCTION, Status.CANARY)
TURN_S: Final = 20.0
"""Seconds that a call waits for its turn."""

acting: ContextVar[str] = ContextVar("acting", default="")
"""For whom this thread has a function run."""


@dataclass(frozen=True, kw_only=True)
class FunctionVerbs:
    """Each raises `NotPermitted`, `UnknownFunction`, `UnknownVersion`, and what the registry raises."""

    agent: Agent
    people: People
    runs: int
    """How many functions may run at a time."""
    slots: threading.Semaphore
    """One for each function that may run at a time."""
    is_reviewed: bool
    """Whether what goes to production is merged at a code host."""
    turn_s: float = TURN_S

    def list(self, caller: Caller, *, query: str = "", limit: int = 50, cursor: str = "") -> FunctionPage:
        """All functions by name; with a query those in production that share words with it, the likeliest first."""
        caller.refuse(Scope.FUNCTIONS)
        self.agent.freshen()
        if query:
            return self._searched(query, limit)
        found = [row for row in self.agent.registry.list() if row.name > cursor]
        more = found[limit].name if len(found) > limit else ""
        shown = [row for row in found if not more or row.name < more]  # a name's candidates stay together
        shown = shown or [row for row in found if row.name == more]
        rest = len(shown) < len(found)
        return FunctionPage(functions=tuple(map(listing_of, shown)), next=shown[-1].name if rest else "")

    def get(self, name: str, caller: Caller, *, version: str | None = None) -> FunctionView:
        """What the function takes and gives, its rights, and its success so far."""
        found = self._version(name, version, caller)
        manifest, counts = found.function.manifest, self.people.operations.run_counts(name)
        return FunctionView(
            **version_fields(found),
            aliases=manifest.aliases,
            input_schema=manifest.input_schema,
            output_schema=manifest.output_schema,
            requirements=manifest.requirements,
            grants=manifest.grants,
            asks=self.people.signing.asks(found),
            examples=manifest.examples,
            runs=counts.total,
            runs_ok=counts.ok,
        )

    def versions(self, name: str, caller: Caller) -> Sequence[VersionEntry]:
        """What happened to the function, oldest first."""
        caller.refuse(Scope.FUNCTIONS)
        return [entry_of(entry) for entry in self.agent.registry.history(name)]

    def source(self, name: str, caller: Caller, *, version: str | None = None) -> SourceView:
        """The files of the version."""
        found = self._version(name, version, caller)
        function = found.function
        return SourceView(
            name=name,
            version=found.version,
            digest=found.digest,
            source=function.source,
            tests=function.tests,
            lock=function.lock,
        )

    def evidence(self, name: str, caller: Caller, *, version: str | None = None) -> EvidenceView:
        """What speaks for the version."""
        found = self._version(name, version, caller)
        return EvidenceView(name=name, version=found.version, digest=found.digest, evidence=dict(found.evidence))

    def diff(self, name: str, old: str, new: str, caller: Caller) -> DiffView:
        """What differs between two versions."""
        caller.refuse(Scope.FUNCTIONS)
        return DiffView(name=name, old=old, new=new, diff=self.agent.registry.diff(name, old, new))

    def run(self, name: str, request: RunRequest, caller: Caller) -> RunView:
        """The function's value for these arguments, in a fresh sandbox; no model is asked.

        What does not serve is run for those only who may sign.

        Raises `BadArguments`, `NotGranted`, `RunFailed`, `SandboxError`, `TooBusy` where no turn comes.
        """
        caller.refuse(Scope.FUNCTIONS_RUN)
        self._refuse_unsigned(name, request.version, caller)
        task = Task(text="", arguments=request.arguments, files=request.files)
        if not self.slots.acquire(timeout=self.turn_s):
            raise TooBusy(f"No function could be begun for {self.turn_s:g} s: too many run", kept="Nothing was run.")
        token = acting.set(caller.by)
        try:
            outcome = self.agent.run(name, task, version=request.version)
        finally:
            acting.reset(token)
            self.slots.release()
        files = {name: base64.b64encode(data).decode() for name, data in outcome.artefacts.items()}
        facts = {field: getattr(outcome, field) for field in RunView.model_fields}
        return RunView.model_validate(facts | {"artefacts": files})

    def promote(self, name: str, request: PromoteRequest, caller: Caller) -> MoveView:
        """The version, in production. Raises `NotGranted` where it asks for rights that are not granted by it."""
        caller.refuse(Scope.APPROVE)
        registry, people = self.people.signing.registry, self.people
        found = registry.get(name, request.version) if request.version else registry.newest(name)
        refuse_other(found.digest, request.digest)
        promoted = people.signing.promote(name, found.version, by=caller.by, signed=request.grant)
        people.approved(promoted, by=caller.by)
        self._followed(promoted, caller)
        return moved(promoted)

    def rollback(self, name: str, request: RollbackRequest, caller: Caller) -> MoveView:
        """The earlier version, in production again; or where it waits until somebody merges it."""
        caller.refuse(Scope.APPROVE)
        registry = self.people.signing.registry
        self.people.signing.may.refuse(Deed.APPROVE, caller.by)
        if self.is_reviewed and not request.now:
            asked = registry.propose_rollback(name, request.version, by=caller.by)
            if asked is not None:
                return proposed(asked)
        serving = registry.rollback(name, request.version, by=caller.by)
        self._followed(serving, caller)
        return moved(serving)

    def manifests(self) -> Sequence[Manifest]:
        """What every function in production takes and gives, by name: to choose by, not to run by."""
        return self.agent.registry.manifests()

    def fingerprint(self) -> str:
        """A text that changes whenever production does."""
        self.agent.freshen()
        return self.agent.registry.fingerprint()

    def _version(self, name: str, version: str | None, caller: Caller) -> Version:
        caller.refuse(Scope.FUNCTIONS)
        self.agent.freshen()
        return self.agent.registry.get(name, version)

    def _refuse_unsigned(self, name: str, version: str | None, caller: Caller) -> None:
        """Raise `NotPermitted` for a version that does not serve: whoever may sign tries it before they do."""
        found = self.agent.registry.get(name, version)
        if found.status not in SERVING and Scope.APPROVE not in caller.scopes:
            raise NotPermitted(
                f"`{name}` {found.label} is {found.status}: it does not serve",
                advice="Somebody with the scope `approve` may run it, and put it into production.",
            )

    def _searched(self, query: str, limit: int) -> FunctionPage:
        words = unique(terms(query))
        if not words:
            raise BadTask("There is no word in what is looked for", advice="Say it in a few words: `count words`.")
        hits = self.agent.registry.search(words, limit).hits
        versions = filter(None, (self.agent.registry.find(hit.name) for hit in hits))
        rows = (FunctionSummary(**{**version_fields(each), "status": Status.PRODUCTION.value}) for each in versions)
        return FunctionPage(functions=tuple(rows))

    def _followed(self, version: Version, caller: Caller) -> None:
        """Have what calls the function proven anew, by a worker."""
        key = f"{version.digest} {self.agent.registry.fingerprint()}"
        self.people.have_callers_follow(version.name, by=caller.by, via=caller.via, key=key)


def actor(otherwise: Callable[[], str]) -> Callable[[], str]:
    """Who has a function run in this thread; whom `otherwise` names where that is no caller."""
    return lambda: acting.get() or otherwise()


def moved(version: Version) -> MoveView:
    """Where the version stands now."""
    return MoveView(name=version.name, version=version.label, status=version.status.value, commit=version.commit)


def proposed(asked: Rollback) -> MoveView:
    """Where the rollback waits."""
    return MoveView(name=asked.name, version=asked.version, status="proposed", commit=asked.commit, branch=asked.branch)
