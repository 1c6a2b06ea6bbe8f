"""What a function is found by: the terms of its manifest, taken apart once and kept in the index."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from registry.terms import aims, terms, unique
from registry.types import Manifest, Version

AIMED = 3
"""Terms that can say what something is turned into: `a readable plain text`."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A function's terms, by where they stand. Repetitions and order are kept."""

    name: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    """Of the description, and of each alias."""
    parameters: tuple[str, ...]
    """Of the parameters' names."""
    details: tuple[str, ...]
    """Of what is said of the parameters, their allowed values, and the words in the examples."""
    into: tuple[str, ...]
    """Of what the name and the texts say that something is turned into, with a word or two beside it."""
    takes: tuple[str, ...]
    """The parameters themselves."""
    required: tuple[str, ...]
    """Those that have no default."""

    def as_text(self) -> str:
        """As the index keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The profile that was kept."""
        kept = json.loads(text)
        texts = tuple(map(tuple, kept.pop("texts")))
        return cls(texts=texts, **{key: tuple(value) for key, value in kept.items()})

    @property
    def searched(self) -> str:
        """All terms, as often as they weigh: a name's say most, a parameter's least."""
        spoken = [term for text in self.texts for term in text]
        return " ".join((*self.name * 3, *spoken * 2, *self.parameters, *self.details))

    @property
    def vocabulary(self) -> list[str]:
        """Each term once."""
        return unique(self.searched.split())


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A production function that a search found."""

    name: str
    version: str
    description: str
    profile: Profile


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search gave, and how common its terms are here."""

    hits: tuple[Hit, ...]
    """Best first."""
    frequencies: Mapping[str, int]
    """In how many functions each term stands; those that stand in none are left out."""
    size: int
    """The number of functions in production."""
    spelt: Mapping[str, str] = field(default_factory=dict)
    """For a term that no function has, the one that it is likely to be a misspelling of."""


def profile_of(manifest: Manifest) -> Profile:
    """What the function is found by."""
    properties: Mapping[str, Any] = manifest.input_schema.get("properties", {})
    said = (text for schema in properties.values() for text in texts_of(schema))
    shown = (term for text in examples_of(manifest) for term in terms(text) if not term.isdigit())
    spoken = (manifest.name, manifest.description, *manifest.aliases)
    return Profile(
        name=tuple(terms(manifest.name)),
        texts=tuple(tuple(terms(text)) for text in spoken[1:]),
        parameters=tuple(term for name in properties for term in terms(name)),
        details=(*(term for text in said for term in terms(text)), *shown),
        into=tuple(unique(term for text in spoken for term in aims(text, AIMED))),
        takes=tuple(properties),
        required=tuple(manifest.input_schema.get("required", ())),
    )


def hit_of(version: Version) -> Hit:
    """A version as a search would give it."""
    manifest = version.function.manifest
    return Hit(
        name=version.name, version=version.version, description=manifest.description, profile=profile_of(manifest)
    )


def types_of(manifest: Manifest) -> str:
    """A text that is equal for functions that take and give the same types, whatever their parameters are called.

    Defaults count, descriptions and the order of the parameters do not. Empty for a function that asks its host for
    something or needs packages: what such a function does, its types do not tell.
    """
    if manifest.grants or manifest.requirements:
        return ""
    taken = sorted(parameter_types(manifest).values())
    return hashlib.sha256(_type_text([taken, manifest.output_schema]).encode()).hexdigest()[:16]


def parameter_types(manifest: Manifest) -> dict[str, str]:
    """The type of each parameter, with its default, as a text."""
    required = manifest.input_schema.get("required", ())
    properties: Mapping[str, Any] = manifest.input_schema.get("properties", {})
    return {name: _type_text([schema, name in required]) for name, schema in properties.items()}


def _type_text(parts: Sequence[Any]) -> str:
    bare = [{key: value for key, value in part.items() if key != "description"} if isinstance(part, Mapping) else part
            for part in parts]  # fmt: skip
    return json.dumps(bare, sort_keys=True)


def texts_of(schema: Any) -> Iterator[str]:
    """What a parameter's schema says in words: its description and the values that it allows."""
    if not isinstance(schema, Mapping):
        return
    yield str(schema.get("description", ""))
    yield from (str(value) for value in schema.get("enum", ()))
    yield from texts_of(schema.get("items"))
    for option in schema.get("anyOf", ()):
        yield from texts_of(option)


def examples_of(manifest: Manifest) -> Iterator[str]:
    """The short texts that the examples give as arguments: `sha256`, `minor`."""
    for example in manifest.examples:
        yield from (value for value in example.arguments.values() if isinstance(value, str) and len(value) <= 20)
