"""What a function must do, said from the task alone before any of its code exists."""

import ast
import builtins
import keyword
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agent.arguments import bind, fits, type_name, without_values
from agent.errors import BadArguments
from agent.exchanges import Exchange
from agent.exchanges import fault_of as exchange_fault
from agent.source.signature import Signature, UnreadableSignature, is_json, parse, read_signature
from agent.types import Task
from registry import NAME_PATTERN, Example, Manifest

MOST_ALIASES = 8
MOST_PACKAGES = 8
"""A small function that needs more is several functions."""


class BadInput(BaseModel):
    """What input of one bad kind gets."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    when: str
    raises: str = "ValueError"
    """The exception's name."""


class Property(BaseModel):
    """Something that holds of every result: idempotence, a round trip, an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    holds: str
    """A Python expression of the parameters, `result`, and the function's own name."""


class Specification(BaseModel):
    """A function as it is wanted. Written by a model that has seen no code; the gate holds every candidate to it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: Annotated[str, Field(min_length=1)]
    """What it does, in a sentence or two."""
    signature: Annotated[str, Field(min_length=1)]
    """Its `def` line, types included."""
    aliases: tuple[str, ...] = ()
    """Other words in which people ask for it."""
    parameters: Mapping[str, str] = Field(default_factory=dict)
    """What each parameter is."""
    requires: tuple[str, ...] = ()
    """What good input is (preconditions)."""
    ensures: tuple[str, ...] = ()
    """What holds of the result (postconditions)."""
    bad_input: tuple[BadInput, ...] = ()
    examples: tuple[Example, ...] = ()
    """Calls with the results that follow from the task. Not a person's word: they count as tests do."""
    properties: tuple[Property, ...] = ()
    host: tuple[Exchange, ...] = ()
    """What it asks beyond itself and is told, so that the examples and the tests hold; empty for a pure function."""
    functions: tuple[str, ...] = ()
    """Registered functions that it calls."""
    requirements: tuple[str, ...] = ()
    """Packages (PEP 508) that its author wants beyond those of the task; normally none."""

    @field_validator("examples", mode="before")
    @classmethod
    def _without_idle_outs(cls, given: Any) -> Any:
        """Models that fill every key of a schema write `"out": null` beside `"raises": true`."""
        return [idle_out_dropped(each) for each in given] if isinstance(given, list) else given

    @property
    def errors(self) -> frozenset[str]:
        """The names of the exceptions that bad input may get."""
        return frozenset({"ValueError", *(bad.raises for bad in self.bad_input)})

    @property
    def stub(self) -> str:
        """A module with the signature, the documentation, and no body."""
        head = self.signature.strip().rstrip(":").strip()
        head = head if head.startswith(("def ", "async def ")) else f"def {head}"
        lines = [f"    {name}: {' '.join(text.split())}" for name, text in self.parameters.items()]
        documentation = "\n".join([self.description.strip(), *(["", "Args:", *lines] if lines else [])])
        body: list[ast.stmt] = [ast.Expr(value=ast.Constant(value=documentation))]
        raising = ast.Raise(exc=ast.Name(id="NotImplementedError", ctx=ast.Load()))
        tree = parse(f"{head}:\n    pass\n")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                node.body = [*body, raising]
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"

    @property
    def interface(self) -> Signature:
        """What it takes and gives. Raises `UnreadableSignature`."""
        return read_signature(self.stub)

    @property
    def asks(self) -> bool:
        """True where the function asks something of its host."""
        return bool(self.host or self.functions)

    @property
    def shown(self) -> str:
        """The signature as people read it: `best_month(text: str) -> str`."""
        return self.signature.strip().removeprefix("async ").removeprefix("def ").rstrip(":").strip()

    def manifest(self, task: Task) -> Manifest:
        """The manifest of a function made to this. Raises `UnreadableSignature`."""
        signature = self.interface
        aliases = dict.fromkeys(alias.strip() for alias in self.aliases if alias.strip())
        return Manifest(
            name=self.name,
            description=self.description.strip(),
            aliases=tuple(aliases)[:MOST_ALIASES],
            input_schema=signature.input_schema,
            output_schema=signature.output_schema,
            requirements=task.requirements,
            examples=task.examples,
        )

    def as_text(self) -> str:
        """As a model reads it: JSON, without the other words for it."""
        return self.model_dump_json(indent=1, by_alias=True, exclude={"aliases"}, exclude_defaults=True)


def idle_out_dropped(example: Any) -> Any:
    """The example without an `out` that says nothing."""
    if isinstance(example, Mapping) and example.get("raises") is True and example.get("out") is None:
        return {key: value for key, value in example.items() if key != "out"}
    return example


def fault_of(specification: Specification, task: Task, taken: Mapping[str, str]) -> str:
    """Why no function can be made to the specification, in words for its author; empty where one can."""
    if fault := name_fault(specification.name, taken):
        return fault
    try:
        signature = specification.interface
    except UnreadableSignature as error:
        return f"signature: {error}"
    if signature.name != specification.name:
        return f"the signature is that of `{signature.name}`, but the function is called `{specification.name}`"
    if signature.output_schema == {"type": "null"}:
        return "the function returns None: a function is kept for its result"
    manifest = specification.manifest(task)
    for example in (*task.examples, *specification.examples):
        if not example.raises and (fault := misfit(manifest, example.arguments)):
            return f"the example {example.arguments} does not fit the signature: {fault}"
        if not example.raises and not (is_json(example.output) and fits(example.output, signature.output_schema)):
            wanted = type_name(signature.output_schema)
            return f"the example {example.arguments} gives {example.output!r}, but by the signature it is {wanted}"
    fault = misfit(manifest, task.arguments, task.positional, lacking_is_bad=False)
    if fault:
        return f"the caller's call would fail: {fault}"
    if len(specification.requirements) > MOST_PACKAGES:
        return f"it names {len(specification.requirements)} packages: at most {MOST_PACKAGES}, and normally none"
    return unknown_error(specification) or unreadable_property(specification) or unaskable(specification)


def unaskable(specification: Specification) -> str:
    """Why nothing can be asked of the host in this way; empty where it can, or nothing is asked."""
    if specification.asks and not specification.interface.is_async:
        return "a function that asks its host is `async def`: say so in the signature"
    return next(filter(None, map(exchange_fault, specification.host)), "")


def misfit(
    manifest: Manifest, arguments: Mapping[str, Any], positional: tuple[Any, ...] = (), *, lacking_is_bad: bool = True
) -> str:
    """Why the arguments do not fit the function, without their values; empty where they do."""
    try:
        bind(manifest, arguments, positional)
    except BadArguments as error:
        return "" if error.facts.get("missing") and not lacking_is_bad else without_values(error)
    return ""


def unknown_error(specification: Specification) -> str:
    """Which exception no test could tell from another's; empty where all are Python's own and say something."""
    for bad in specification.bad_input:
        found = getattr(builtins, bad.raises, None)
        if not (isinstance(found, type) and issubclass(found, Exception)) or found is Exception:
            return f"bad input raises `{bad.raises}`: name an exact exception of Python's own, such as ValueError"
    return ""


def unreadable_property(specification: Specification) -> str:
    """Which property is no Python expression; empty where all are."""
    for wanted in specification.properties:
        try:
            ast.parse(wanted.holds.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return f"the property {wanted.name!r} is no Python expression: {wanted.holds[:80]!r}"
    return ""


def name_fault(name: str, taken: Mapping[str, str]) -> str:
    """Why the name cannot be used; empty where it can."""
    if name in taken:
        return f"the name `{name}` is taken by a function that does something else ({taken[name]}): choose another"
    if keyword.iskeyword(name) or hasattr(builtins, name) or name.startswith("test_") or name == "function":
        return f"the name `{name}` means something else in Python or pytest: choose another"
    return ""
