"""Asks models for a specification, for tests, for code and for arguments; nobody who writes code sees all tests."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.brief import Brief
from agent.packages import AllowList
from agent.ports import Message, ModelReply, ModelRequest, Purpose
from agent.prompting import as_data, fill, prompt_version
from agent.replies import Code, read_code, read_reply
from agent.routing.router import Router
from agent.source.suites import visible_half
from agent.specification import Specification
from agent.types import Attempt, Task
from registry import Version

MOST_IN_A_PROMPT = 20_000
"""Characters of a candidate or of findings that a request carries."""
VARIED = 0.8
"""The temperature of every candidate but the first: what the CodeT paper samples with (arXiv 2207.10397)."""


@dataclass(frozen=True, kw_only=True)
class Proposal[T]:
    """What a model wrote, read; or the reason why the reply holds nothing of the kind."""

    reply: ModelReply
    purpose: Purpose
    value: T | None
    fault: str = ""
    prompt: str = ""
    """The prompts that asked for it, with their versions."""

    @property
    def model(self) -> str:
        """`provider/model`."""
        return f"{self.reply.provider}/{self.reply.model}"

    @property
    def author(self) -> str:
        """The model, its server where that is known, and the prompts with their versions: for the provenance."""
        on = f" on {self.reply.server}" if self.reply.server else ""
        return f"{self.model}{on} {self.prompt}"


class AnyObject(BaseModel):
    """A JSON object whose keys are known only at run time."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Turns wishes into specifications, tests and code by way of the routed model.

    Every method raises `ModelError`.
    """

    router: Router

    def specify(
        self,
        task: Task,
        current: Version | None,
        refused: Proposal[Specification] | None,
        allowed: AllowList,
        *,
        seed: int,
        model: str,
    ) -> Proposal[Specification]:
        """What the function must do; where `current` is to be extended, what it must do then.

        Packages are spoken of where any are `allowed`.
        """
        said = [system("specify", task, about_packages(allowed)), task_message(task)]
        if current is not None:
            said.append(Message(role="user", content=fill("change", **facts_of(current))))
        if refused is not None:
            said.append(Message(role="assistant", content=cut(refused.reply.text)))
            said.append(Message(role="user", content=fill("respecify", findings=cut(refused.fault))))
        return self._ask(
            task,
            Purpose.SPECIFY,
            said,
            lambda text: read_reply(text, Specification),
            prompts=("specify", *(("packages",) if allowed.lets_some_in else ()), "task"),
            schema=schema_of(allowed),
            seed=seed,
            model=model,
        )

    def tests(
        self, task: Task, specification: Specification, refused: str, findings: Sequence[str], *, seed: int, model: str
    ) -> Proposal[Code]:
        """A suite, from the specification alone; `refused` is an earlier one with what was found in it."""
        said = [system("test", task), specified(specification), *about_host(specification, "host_tests")]
        if findings:
            more = fill("retest", tests=cut(refused), findings=cut(listed(findings)))
            said.append(Message(role="user", content=more))
        return self._ask(
            task,
            Purpose.TEST,
            said,
            lambda text: read_code(text, "def test"),
            prompts=("test", "specified", *(("host_tests",) if specification.asks else ())),
            seed=seed,
            model=model,
        )

    def code(self, brief: Brief, *, seed: int, model: str) -> Proposal[Code]:
        """A candidate's module, from the specification and the half of the tests that coders see."""
        said, purpose = code_messages(brief), Purpose.GENERATE
        prompts: tuple[str, ...] = ("generate", "specified", *hosts(brief), "code")
        if brief.replaces is not None:
            said.append(Message(role="user", content=fill("enhance", code=brief.replaces.function.source)))
            prompts, purpose = (*prompts, "enhance"), Purpose.ENHANCE
        temperature = VARIED if seed > 1 else None
        return self._ask(
            brief.task, purpose, said, read_code, prompts=prompts, seed=seed, model=model, temperature=temperature
        )

    def repair(self, brief: Brief, failed: Attempt, *, seed: int, model: str) -> Proposal[Code]:
        """A mended module, from the one that did not pass and what was found, hidden tests included."""
        if failed.function is None:
            return self.code(brief, seed=seed, model=model)
        code, findings = failed.function.source, listed(failed.verdict.findings)
        said = [
            *code_messages(brief),
            Message(role="user", content=fill("repair", code=cut(code), findings=cut(findings))),
        ]
        prompts = ("generate", "specified", *hosts(brief), "code", "repair")
        return self._ask(brief.task, Purpose.REPAIR, said, read_code, prompts=prompts, seed=seed, model=model)

    def arguments(self, task: Task, version: Version) -> Mapping[str, Any]:
        """The arguments a model finds in the task's words; unchecked."""
        manifest = version.function.manifest
        schema = json.dumps(manifest.input_schema, ensure_ascii=False)
        told = fill("arguments", name=version.name, description=manifest.description, schema=schema)
        request = ModelRequest(
            messages=(Message(role="system", content=told), task_message(Task(text=task.text))),
            purpose=Purpose.ARGUMENTS,
            task=task.text,
            schema={key: value for key, value in manifest.input_schema.items() if key != "required"},
            temperature=0.0,
            reusable=True,
        )
        found = read_reply(self.router.complete(request).text, AnyObject)
        return found.model_dump() if isinstance(found, AnyObject) else {}

    def _ask[T](
        self,
        task: Task,
        purpose: Purpose,
        said: Sequence[Message],
        read: Callable[[str], T | str],
        *,
        prompts: Sequence[str],
        seed: int,
        model: str,
        schema: Mapping[str, Any] | None = None,
        temperature: float | None = None,
    ) -> Proposal[T]:
        request = ModelRequest(
            messages=tuple(said),
            purpose=purpose,
            task=task.text,
            schema=schema,
            seed=seed,
            temperature=temperature,
            model=model or None,
        )
        reply = self.router.complete(request)
        found = read(reply.text)
        versions = " ".join(map(prompt_version, prompts))
        if not isinstance(found, str):
            return Proposal(reply=reply, purpose=purpose, value=found, prompt=versions)
        fault = f"the reply was cut off at the model's length limit ({found})" if reply.truncated else found
        return Proposal(reply=reply, purpose=purpose, value=None, fault=fault, prompt=versions)


def system(prompt: str, task: Task, more: str = "") -> Message:
    """The rules for one kind of text, and what there is to say beyond them."""
    packages = f" and the packages {', '.join(task.requirements)}" if task.requirements else ""
    values = {} if prompt == "test" else {"packages": packages}
    return Message(role="system", content=fill(prompt, **values) + more)


def about_packages(allowed: AllowList) -> str:
    """How a specification asks for packages; nothing where there are none to be had."""
    if not allowed.lets_some_in:
        return ""
    names = ", ".join(allowed.entries)
    listed = f" These need no signature: {names}." if names else ""
    return fill("packages", listed=listed if allowed.others else f" There are no others than these: {names}.")


def schema_of(allowed: AllowList) -> dict[str, Any]:
    """The schema of a specification, which names packages where there are any to be had."""
    schema = Specification.model_json_schema()
    if not allowed.lets_some_in:
        del schema["properties"]["requirements"]
    return schema


def task_message(task: Task) -> Message:
    """The task, marked as data."""
    return Message(role="user", content=fill("task", task=as_data(task.text), details=details(task)))


def specified(specification: Specification) -> Message:
    """The specification, marked as data."""
    text = as_data(cut(specification.as_text()))
    return Message(role="user", content=fill("specified", specification=text))


def about_host(specification: Specification, prompt: str) -> list[Message]:
    """How the host is asked, for a function that does."""
    return [Message(role="user", content=fill(prompt))] if specification.asks else []


def hosts(brief: Brief) -> tuple[str, ...]:
    """The prompt about the host, where it is used."""
    return ("host_code",) if brief.specification.asks else ()


def code_messages(brief: Brief) -> list[Message]:
    """What every coder is told."""
    seen = cut(visible_half(brief.tests))
    return [
        system("generate", brief.task),
        specified(brief.specification),
        *about_host(brief.specification, "host_code"),
        Message(role="user", content=fill("code", tests=seen)),
    ]


def facts_of(current: Version) -> dict[str, str]:
    """What whoever specifies an extension learns of a function: all but its code."""
    manifest = current.function.manifest
    schemas = {"takes": manifest.input_schema.get("properties", {}), "gives": manifest.output_schema}
    examples = [example.model_dump(mode="json", by_alias=True) for example in manifest.examples]
    return {
        "signature": as_data(f"{current.name}: {json.dumps(schemas, ensure_ascii=False)}"),
        "description": as_data(manifest.description),
        "examples": as_data(cut(json.dumps(examples, ensure_ascii=False))),
    }


def details(task: Task) -> str:
    """What is known beyond the words: wishes, the given arguments' names and types (never values), examples."""
    lines = [f"- {wish}" for wish in task.wishes]
    for name, value in task.arguments.items():
        lines.append(f"- the caller gives a parameter named `{name}`, a {type(value).__name__}")
    for place, value in enumerate(task.positional, 1):
        lines.append(f"- the caller gives parameter {place} by its place, a {type(value).__name__}")
    for example in task.examples:
        given, wanted = (json.dumps(part, ensure_ascii=False) for part in (example.arguments, example.output))
        lines.append(f"- example: for {given} " + ("it fails" if example.raises else f"the result is {wanted}"))
    return as_data("\n\nWhat is known beyond it:\n" + "\n".join(lines)) if lines else ""


def listed(findings: Sequence[str]) -> str:
    """The findings, one a line."""
    return "\n".join(f"- {finding}" for finding in findings)


def cut(text: str) -> str:
    """The text, shortened to what a prompt may carry."""
    return text if len(text) <= MOST_IN_A_PROMPT else text[:MOST_IN_A_PROMPT] + "\n[cut]"
