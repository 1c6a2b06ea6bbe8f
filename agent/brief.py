"""What is to be made, settled before any code exists: the task, its specification, its tests, what people answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.composition import Callee
from agent.packages import ANOTHER, name_of
from agent.source.suites import joined
from agent.specification import Specification
from agent.types import Task
from registry import Example, Function, Manifest, Version
from sandbox import Script


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One function to be made."""

    task_id: str
    task: Task
    specification: Specification
    tests: str
    """The suite written from the specification; coders see half of it."""
    replaces: Version | None = None
    """The version that it extends."""
    kept_tests: str = ""
    """The tests of that version, without those that a person's new example contradicts."""
    answers: tuple[Example, ...] = ()
    """What a person answered to questions about this function."""
    callees: tuple[Callee, ...] = ()
    """The registered functions that it may call, and what those call."""
    authors: Mapping[str, str] = field(default_factory=dict)
    """Who wrote the specification and the tests, with the prompts: for the provenance."""

    @property
    def pinned(self) -> tuple[Example, ...]:
        """What people said: answers, the task's examples, and those of the version before that they leave alone."""
        said = [*self.answers, *self.task.examples]
        calls = [example.arguments for example in said]
        old = self.replaces.function.manifest.examples if self.replaces else ()
        return (*said, *(example for example in old if example.arguments not in calls))

    @property
    def script(self) -> Script | None:
        """The host that candidates are proven with; None for a function that asks nothing."""
        return script_of(self.specification, self.callees)

    @property
    def suite(self) -> str:
        """All tests: those of the version before first."""
        return joined(self.kept_tests, self.tests) if self.kept_tests else self.tests

    def function(self, source: str, *, tests: str | None = None) -> Function:
        """The function that a module makes of it."""
        module, suite = with_newline(source), with_newline(tests or self.suite)
        return Function(manifest=self.manifest, source=module, tests=suite, lock=self.task.lock)

    @property
    def askers(self) -> dict[str, str]:
        """Who asked for each package, by its name: a person, the specification's author, or who did before."""
        old, said = self.replaces, dict[str, str]()
        for row in old.evidence.get("packages", ()) if old else ():
            if row["by"] != ANOTHER:
                said[row["name"]] = row["by"]
        for text in self.task.requirements:
            if old is None or text not in old.function.manifest.requirements:
                who = "model" if text in self.specification.requirements else "person"
                others = said.setdefault(name_of(text), who)
                if who not in others.split(" and "):
                    said[name_of(text)] = f"{others} and {who}"
        return said

    @property
    def manifest(self) -> Manifest:
        """The manifest: the specification's, with what the version before brings."""
        made = self.specification.manifest(self.task).model_copy(update={"examples": self.pinned})
        if self.replaces is None:
            return made
        old = self.replaces.function.manifest
        return made.model_copy(update={"aliases": tuple(dict.fromkeys((*old.aliases, *made.aliases)))})

    def answered(self, example: Example) -> "Brief":
        """The brief with one more answer."""
        return replace(self, answers=(*self.answers, example))

    def as_json(self) -> dict[str, Any]:
        """All but the version that it extends and the caller's arguments, as JSON values."""
        task = self.task
        return {
            "task_id": self.task_id,
            "task": task.text,
            "examples": [example.model_dump(mode="json", by_alias=True) for example in task.examples],
            "requirements": list(task.requirements),
            "lock": task.lock,
            "wishes": list(task.wishes),
            "specification": self.specification.model_dump(mode="json", by_alias=True),
            "tests": self.tests,
            "kept_tests": self.kept_tests,
            "replaces": [self.replaces.name, self.replaces.version] if self.replaces else [],
            "answers": [example.model_dump(mode="json", by_alias=True) for example in self.answers],
            "authors": dict(self.authors),
        }


def script_of(
    specification: Specification | None, callees: Iterable[Callee], grants: Iterable[str] = ()
) -> Script | None:
    """The host that a function is proven with; None for one that asks nothing: its tests may still say more."""
    exchanges = tuple(exchange.as_json() for exchange in specification.host) if specification else ()
    functions = {callee.name: callee.source for callee in callees}
    asks = exchanges or functions or any(grants)
    return Script(exchanges=exchanges, functions=functions) if asks else None


def brief_from(kept: Mapping[str, Any], replaces: Version | None, callees: tuple[Callee, ...] = ()) -> Brief:
    """The brief that `as_json` gave."""
    examples, answers = (tuple(map(Example.model_validate, kept[key])) for key in ("examples", "answers"))
    task = Task(
        text=kept["task"],
        examples=examples,
        requirements=tuple(kept["requirements"]),
        lock=kept.get("lock", ""),
        wishes=tuple(kept["wishes"]),
    )
    return Brief(
        task_id=kept["task_id"],
        task=task,
        specification=Specification.model_validate(kept["specification"]),
        tests=kept["tests"],
        replaces=replaces,
        kept_tests=kept["kept_tests"],
        answers=answers,
        callees=callees,
        authors=kept["authors"],
    )


def with_newline(text: str) -> str:
    """The text as a file holds it: one newline at its end."""
    return text.strip("\n") + "\n"
