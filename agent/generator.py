"""Asks a model for a function and its tests, and reads what it wrote as a candidate."""

import builtins
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from agent.ports import Message, ModelReply, ModelRequest, Purpose
from agent.prompting import as_data, fill, prompt_version
from agent.replies import Draft, read_draft, read_reply
from agent.router import Router
from agent.signature import Signature, UnreadableSignature, read_signature
from agent.suites import joined
from agent.types import Attempt, Task
from registry import Function, Manifest, Version

NO_INPUT: dict[str, Any] = {"type": "object", "properties": {}}
"""The schema of a source that cannot be read; the gate says why."""
PROMPT_OF = {Purpose.GENERATE: "task", Purpose.REPAIR: "repair", Purpose.ENHANCE: "enhance"}
MOST_ALIASES = 8
MOST_IN_A_PROMPT = 20_000
"""Characters of a candidate or of findings that a repair request carries."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A model's answer: a candidate, or the reason why the reply holds none."""

    reply: ModelReply
    purpose: Purpose
    function: Function | None
    fault: str = ""
    """Why the reply holds no candidate."""
    prompt: str = ""
    """The prompts that asked for it, with their versions."""


class AnyObject(BaseModel):
    """A JSON object whose keys are known only at run time."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Turns wishes into candidates by way of the routed model. Every method raises `ModelError`."""

    router: Router

    def propose(self, task: Task, *, taken: Mapping[str, str], seed: int) -> Proposal:
        """A first candidate. `taken` maps the names already in use to what they do."""
        messages = (system_message(task), task_message(task, details(task)))
        return self._ask(task, Purpose.GENERATE, messages, seed, lambda draft: fresh(draft, task, taken))

    def repair(self, task: Task, failed: Attempt, *, taken: Mapping[str, str], seed: int) -> Proposal:
        """A mended candidate, from the one that did not pass and what was found."""
        if failed.function is None:
            return self.propose(task, taken=taken, seed=seed)
        code, tests, findings = failed.function.source, failed.function.tests, listed(failed.verdict.findings)
        said = fill("repair", code=cut(code), tests=cut(tests), findings=cut(findings))
        messages = (
            system_message(task),
            task_message(task, details(task)),
            Message(role="user", content=said),
        )
        return self._ask(task, Purpose.REPAIR, messages, seed, lambda draft: fresh(draft, task, taken))

    def enhance(self, current: Version, wish: Task, failed: Attempt | None, *, seed: int) -> Proposal:
        """A candidate that extends a version; its old tests and examples stay in it."""
        old = current.function
        said = fill("enhance", code=old.source, tests=cut(old.tests), wish=as_data(wish.text))
        if failed is not None:
            said += f"\nAn earlier try did not pass:\n{cut(listed(failed.verdict.findings))}\n"
        messages = (system_message(wish), Message(role="user", content=said))
        return self._ask(wish, Purpose.ENHANCE, messages, seed, lambda draft: enhanced(old, draft, wish))

    def arguments(self, task: Task, version: Version) -> Mapping[str, Any]:
        """The arguments a model finds in the task's words; unchecked."""
        manifest = version.function.manifest
        schema = json.dumps(manifest.input_schema, ensure_ascii=False)
        system = fill("arguments", name=version.name, description=manifest.description, schema=schema)
        request = ModelRequest(
            messages=(Message(role="system", content=system), task_message(task, "")),
            purpose=Purpose.ARGUMENTS,
            task=task.text,
            schema={key: value for key, value in manifest.input_schema.items() if key != "required"},
            temperature=0.0,
        )
        found = read_reply(self.router.complete(request).text, AnyObject)
        return found.model_dump() if isinstance(found, AnyObject) else {}

    def _ask(
        self,
        task: Task,
        purpose: Purpose,
        messages: tuple[Message, ...],
        seed: int,
        make: Callable[[Draft], Function | str],
    ) -> Proposal:
        schema = Draft.model_json_schema()
        request = ModelRequest(messages=messages, purpose=purpose, task=task.text, schema=schema, seed=seed)
        reply = self.router.complete(request)
        draft = read_draft(reply.text)
        made = make(draft) if isinstance(draft, Draft) else draft
        if isinstance(made, str) and reply.truncated:
            made = f"the reply was cut off at the model's length limit ({made})"
        prompt = f"{prompt_version('generate')} {prompt_version(PROMPT_OF[purpose])}"
        if isinstance(made, str):
            return Proposal(reply=reply, purpose=purpose, function=None, fault=made, prompt=prompt)
        return Proposal(reply=reply, purpose=purpose, function=made, prompt=prompt)


def fresh(draft: Draft, task: Task, taken: Mapping[str, str]) -> Function | str:
    """The candidate for a new function, or why its name will not do."""
    return name_fault(draft.name, taken) or function_of(draft, task)


def system_message(task: Task) -> Message:
    """The rules for code and tests."""
    packages = f" and the packages {', '.join(task.requirements)}" if task.requirements else ""
    return Message(role="system", content=fill("generate", packages=packages))


def task_message(task: Task, more: str) -> Message:
    """The task, marked as data."""
    return Message(role="user", content=fill("task", task=as_data(task.text), details=more))


def details(task: Task) -> str:
    """What is known beyond the words: wishes, the given arguments' names and types (never values), examples."""
    lines = [f"- {wish}" for wish in task.wishes]
    for name, value in task.arguments.items():
        lines.append(f"- the caller gives a parameter named `{name}`, a {type(value).__name__}")
    for place, value in enumerate(task.positional, 1):
        lines.append(f"- the caller gives parameter {place} by its place, a {type(value).__name__}")
    for example in task.examples:
        given, wanted = (json.dumps(part, ensure_ascii=False) for part in (example.arguments, example.output))
        lines.append(f"- example: for {given} the result is {wanted}")
    return "What is known beyond it:\n" + "\n".join(lines) if lines else ""


def listed(findings: Sequence[str]) -> str:
    """The findings, one a line."""
    return "\n".join(f"- {finding}" for finding in findings)


def cut(text: str) -> str:
    """The text, shortened to what a prompt may carry."""
    return text if len(text) <= MOST_IN_A_PROMPT else text[:MOST_IN_A_PROMPT] + "\n[cut]"


def name_fault(name: str, taken: Mapping[str, str]) -> str:
    """Why the name cannot be used; empty where it can."""
    if name in taken:
        return f"the name `{name}` is taken by a function that does something else ({taken[name]}): choose another"
    if hasattr(builtins, name) or name.startswith("test_") or name == "function":
        return f"the name `{name}` means something else in Python or pytest: choose another"
    return ""


def function_of(draft: Draft, task: Task) -> Function:
    """The candidate a draft makes. An unreadable signature is left for the gate to name."""
    signature = signature_or_none(draft.code)
    manifest = Manifest(
        name=draft.name,
        description=draft.description.strip(),
        aliases=tuple(dict.fromkeys(alias.strip() for alias in draft.aliases if alias.strip()))[:MOST_ALIASES],
        input_schema=signature.input_schema if signature else NO_INPUT,
        output_schema=signature.output_schema if signature else {},
        requirements=task.requirements,
        examples=tuple(task.examples),
    )
    return Function(manifest=manifest, source=with_newline(draft.code), tests=with_newline(draft.tests))


def enhanced(current: Function, draft: Draft, wish: Task) -> Function | str:
    """The candidate that extends a function: old tests first, old aliases and examples kept; or why it is none."""
    if draft.name != current.name:
        return f"the name must stay `{current.name}`"
    made, old = function_of(draft, wish), current.manifest
    manifest = made.manifest.model_copy(
        update={
            "aliases": tuple(dict.fromkeys((*old.aliases, *made.manifest.aliases))),
            "requirements": tuple(dict.fromkeys((*old.requirements, *wish.requirements))),
            "grants": old.grants,
            "examples": (*old.examples, *wish.examples),
        }
    )
    return Function(manifest=manifest, source=made.source, tests=joined(current.tests, made.tests))


def signature_or_none(source: str) -> Signature | None:
    """The signature, where it can be read."""
    try:
        return read_signature(source)
    except UnreadableSignature:
        return None


def with_newline(text: str) -> str:
    """The text as a file holds it: one newline at its end."""
    return text.strip("\n") + "\n"
