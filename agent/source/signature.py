"""Reads a function's signature from its source, without running it, and gives the JSON Schemas of its calls."""

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

SIMPLE: dict[str, Schema] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "None": {"type": "null"},
    "Any": {},
    "object": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "Decimal": {"type": ["number", "string"]},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
    "dict": {"type": "object"},
}
"""Annotations with a JSON form; a few older spellings are read as their successors."""
SPELLINGS = {"List": "list", "Sequence": "list", "Iterable": "list", "Dict": "dict", "Mapping": "dict",
             "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset"}  # fmt: skip


class UnreadableSignature(ValueError):
    """The source has no signature that could be offered; the message says why, in words for whoever wrote it."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What the one public function of a source takes and gives."""

    name: str
    docstring: str
    input_schema: Schema
    output_schema: Schema
    is_async: bool

    @property
    def shape(self) -> tuple[object, ...]:
        """What a caller depends on: names, types and defaults, without descriptions."""
        bare = {name: {k: v for k, v in schema.items() if k != "description"}
                for name, schema in self.input_schema["properties"].items()}  # fmt: skip
        return (list(bare.items()), self.input_schema["required"], self.output_schema)


def read_signature(source: str) -> Signature:
    """The signature of the source's one public function. Raises `UnreadableSignature`."""
    try:
        return signature_of(public_function(parse(source)))
    except RecursionError as error:
        raise UnreadableSignature("a type or a default is nested too deep") from error


def signature_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature:
    """What the function says of itself. Raises `UnreadableSignature`."""
    docstring = ast.get_docstring(function) or ""
    if not docstring:
        raise UnreadableSignature(f"`{function.name}` has no docstring")
    if function.returns is None:
        raise UnreadableSignature(f"`{function.name}` does not say what it returns: annotate the result")
    signature = Signature(
        name=function.name,
        docstring=docstring,
        input_schema=input_schema(function, parameter_descriptions(docstring)),
        output_schema=schema_of(function.returns),
        is_async=isinstance(function, ast.AsyncFunctionDef),
    )
    if not is_json([docstring, signature.input_schema, signature.output_schema]):
        raise UnreadableSignature("a Literal or the docstring holds what is no Unicode text, or no JSON value")
    return signature


def is_json(value: Any) -> bool:
    """True for what can be written as JSON in UTF-8: no bytes, no NaN, no lone surrogates, no endless number."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def parse(source: str) -> ast.Module:
    """The source's syntax tree. Raises `UnreadableSignature` with the line that is wrong."""
    with warnings.catch_warnings(action="ignore"):  # "\\d" without an r is a fault of style
        try:
            return ast.parse(source)
        except SyntaxError as error:
            raise UnreadableSignature(f"line {error.lineno}: {error.msg}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise UnreadableSignature(f"the source cannot be parsed: {error}") from error


def public_function(tree: ast.Module) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The one function at the top of the module whose name does not start with an underscore."""
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    if len(found) != 1:
        names = ", ".join(node.name for node in found) or "none"
        raise UnreadableSignature(
            f"there must be exactly one public function, found {names}: name helpers with a leading underscore"
        )
    return found[0]


def input_schema(function: ast.FunctionDef | ast.AsyncFunctionDef, descriptions: dict[str, str]) -> Schema:
    """The JSON Schema of the keyword arguments, parameters in their order."""
    spec = function.args
    if spec.vararg or spec.kwarg or spec.posonlyargs:
        raise UnreadableSignature("every parameter needs a name of its own: no *args, **kwargs or positional-only")
    names = [*spec.args, *spec.kwonlyargs]
    defaults = [None] * (len(spec.args) - len(spec.defaults)) + list(spec.defaults) + list(spec.kw_defaults)
    properties: dict[str, Schema] = {}
    required = []
    for parameter, default in zip(names, defaults, strict=True):
        if parameter.annotation is None:
            raise UnreadableSignature(f"the parameter `{parameter.arg}` has no type")
        schema = dict(schema_of(parameter.annotation))
        if parameter.arg in descriptions:
            schema["description"] = descriptions[parameter.arg]
        if default is None:
            required.append(parameter.arg)
        else:
            schema |= default_of(default)
        properties[parameter.arg] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def default_of(node: ast.expr) -> Schema:
    """The default's schema keyword; none where the default is not a plain JSON value."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {}
    return {"default": value} if is_json(value) and not isinstance(value, tuple) else {}


def schema_of(node: ast.expr) -> Schema:
    """The JSON Schema of an annotation. Raises `UnreadableSignature` for one without a JSON form."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return schema_of(parse_annotation(node.value))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return any_of([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return generic_schema(node)
    name = "None" if isinstance(node, ast.Constant) and node.value is None else last_name(node)
    name = SPELLINGS.get(name, name)
    if name not in SIMPLE:
        raise UnreadableSignature(
            f"the type `{ast.unparse(node)}` has no JSON form: use bool, int, float, str, list, dict, date or datetime"
        )
    return dict(SIMPLE[name])


def parse_annotation(text: str) -> ast.expr:
    """The expression in a quoted annotation."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableSignature(f"the type {text[:80]!r} cannot be read") from error


def last_name(node: ast.expr) -> str:
    """`date` for both `date` and `datetime.date`; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def generic_schema(node: ast.Subscript) -> Schema:
    """The schema of `X[...]`."""
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    name = last_name(node.value)
    forms: dict[str, Callable[[list[ast.expr]], Schema]] = {
        "Literal": literal_schema,
        "Optional": lambda items: any_of([items[0], ast.Constant(None)]),
        "Union": any_of,
        "Annotated": lambda items: schema_of(items[0]),
        "dict": lambda items: {"type": "object", "additionalProperties": schema_of(items[-1])},
        "tuple": tuple_schema,
    }
    name = SPELLINGS.get(name, name)
    if name in forms and inner:
        return forms[name](inner)
    if name in ("list", "set", "frozenset") and len(inner) == 1:
        return SIMPLE[name] | {"items": schema_of(inner[0])}
    raise UnreadableSignature(f"the type `{ast.unparse(node)}` has no JSON form")


def tuple_schema(items: list[ast.expr]) -> Schema:
    """A list of one kind for `tuple[T, ...]`, a list of fixed length otherwise."""
    if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...:
        return {"type": "array", "items": schema_of(items[0])}
    fixed = [schema_of(item) for item in items]
    return {"type": "array", "prefixItems": fixed, "minItems": len(fixed), "maxItems": len(fixed)}


def literal_schema(items: list[ast.expr]) -> Schema:
    """The allowed values, with their type where they share one."""
    try:
        values = [ast.literal_eval(item) for item in items]
    except (ValueError, TypeError) as error:
        raise UnreadableSignature("a Literal may hold plain values only") from error
    kinds = {SIMPLE[type(value).__name__]["type"] for value in values if type(value).__name__ in SIMPLE}
    return {"enum": values, "type": kinds.pop()} if len(kinds) == 1 else {"enum": values}


def any_of(members: list[ast.expr]) -> Schema:
    """A union, nested ones laid flat."""
    options: list[Schema] = []
    for member in members:
        schema = schema_of(member)
        options += schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    return {"anyOf": options}


def parameter_descriptions(docstring: str) -> dict[str, str]:
    """What the docstring's `Args:` section says of each parameter."""
    section = re.search(r"^\s*Args:\s*\n((?:[ \t]+.*\n?|\n)*)", docstring, re.MULTILINE)
    if section is None:
        return {}
    found: dict[str, str] = {}
    indent, name = None, ""
    for line in section[1].splitlines():
        entry = re.match(r"([ \t]+)\**(\w+)(?:\s*\([^)]*\))?:\s*(.*)", line)
        if entry and (indent is None or len(entry[1]) == indent):
            indent, name = len(entry[1]), entry[2]
            found[name] = entry[3].strip()
        elif name and line.strip() and len(line) - len(line.lstrip()) > (indent or 0):
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return found
