"""Settings in, what the service offers out: one object for HTTP and MCP alike."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from agent.config import Settings, current_user
from agent.service.callers import Caller, Scope
from agent.service.feed import Feed
from agent.service.functions import FunctionVerbs, actor
from agent.service.models import ModelVerbs
from agent.service.tasks import TaskVerbs
from agent.service.tokens import Tokens
from agent.types import Listener, ignore
from agent.wiring import build_agent, is_reviewed, open_people
from registry import RegistryError


@dataclass(frozen=True, kw_only=True)
class Service:
    """What programs may ask of Kowal. Safe to use from several threads; nothing of it is asynchronous."""

    tasks: TaskVerbs
    functions: FunctionVerbs
    models: ModelVerbs
    tokens: Tokens
    feed: Feed
    """Wakes whoever waits for a task."""

    def close(self) -> None:
        """Release processes, files and connections. Idempotent."""
        self.feed.close()
        self.functions.agent.close()
        self.tasks.people.close()

    def person_here(self, via: str) -> Caller:
        """The person at the machine, who may do all that the command line lets them do."""
        return Caller(by=current_user(), scopes=frozenset(Scope), via=via)

    def troubles(self) -> Mapping[str, str]:
        """What keeps it from working, by part; nothing where it is ready."""
        found = {}
        for part, look in (("database", self._look_at_database), ("registry", self._look_at_registry)):
            try:
                look()
            except (RegistryError, OSError) as error:
                found[part] = str(error)
        return found

    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """What is counted now: tasks by state, functions in production, questions that are open."""
        people = self.tasks.people
        return {
            "tasks": {state: float(count) for state, count in people.desk.tasks.counts().items()},
            "functions": {"production": float(self.functions.agent.registry.size())},
            "questions": {"open": float(len(people.operations.questions(limit=10_000)))},
        }

    def _look_at_database(self) -> None:
        self.tokens.operations.tokens.count()

    def _look_at_registry(self) -> None:
        self.functions.agent.registry.fingerprint()


def open_service(settings: Settings, listener: Listener = ignore) -> Service:
    """What the service offers, by these settings; its sandboxes start meanwhile. Raises as `build_agent` does."""
    people = open_people(settings)
    runs = settings.http.runs
    agent = build_agent(settings, listener, spares=runs, actor=actor(current_user))
    return Service(
        tasks=TaskVerbs(people=people),
        functions=FunctionVerbs(
            agent=agent,
            people=people,
            runs=runs,
            slots=threading.BoundedSemaphore(runs),
            is_reviewed=is_reviewed(settings),
        ),
        models=ModelVerbs(router=agent.matcher.router),
        tokens=Tokens(operations=people.operations),
        feed=Feed(people.desk.tasks),
    )
