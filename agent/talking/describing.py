"""What a version of a function is, in the lines that people are shown before they use or sign it."""

import ast
from collections.abc import Mapping
from typing import Any

from agent.arguments import type_name
from agent.showing import shown
from agent.source.signature import UnreadableSignature, parse, public_function
from agent.talking.layout import evidence_of
from agent.talking.marking import span
from agent.talking.phrases import Language, say
from registry import Example, Manifest, Version

MOST_VALUE_CHARS = 200
"""Of one value in an example."""


def lines_of(version: Version, language: Language) -> list[str]:
    """What it does, its signature, an example, what it may reach, its packages, and what speaks for it."""
    manifest = version.function.manifest
    grants = ", ".join(span(grant) for grant in manifest.grants) or say("reaches_nothing", language)
    packages = ", ".join(map(span, packages_of(version))) or say("no_packages", language)
    verdict: Mapping[str, Any] = version.evidence.get("verdict", {})
    evidence = evidence_of(verdict, language) or say("no_evidence", language)
    return [
        say("does", language, text=span(manifest.description, 500)),
        say("signature", language, text=span(signature_of(version), 500)),
        *(say("example", language, text=example_text(manifest.name, each)) for each in manifest.examples[:1]),
        say("may_reach", language, text=grants),
        say("packages", language, text=packages),
        say("evidence", language, text=evidence),
    ]


def signature_of(version: Version) -> str:
    """The signature as it stands in the source; made of the schemas where that cannot be read."""
    try:
        function = public_function(parse(version.function.source))
    except UnreadableSignature:
        return from_schemas(version.function.manifest)
    gives = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}){gives}"


def from_schemas(manifest: Manifest) -> str:
    """What it takes and gives, in the words of its schemas."""
    takes = ", ".join(f"{name}: {type_name(schema)}" for name, schema in manifest.input_schema["properties"].items())
    return f"{manifest.name}({takes}) -> {type_name(manifest.output_schema)}"


def example_text(name: str, example: Example) -> str:
    """A call and what it gives, as code."""
    given = ", ".join(f"{key}={shown(value, MOST_VALUE_CHARS)}" for key, value in example.arguments.items())
    gives = "✗" if example.raises else shown(example.output, MOST_VALUE_CHARS)
    return span(f"{name}({given}) → {gives}", 800)


def packages_of(version: Version) -> list[str]:
    """What is installed for it, with versions where they are known."""
    rows = version.evidence.get("packages", ())
    return [f"{row['name']} {row['version']}" for row in rows] or list(version.function.manifest.requirements)
