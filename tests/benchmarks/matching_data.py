"""Public requests with the functions they mean, as functions and wishes of ours."""

import hashlib
import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from agent.arguments import converted, fits, takes
from agent.errors import ModelError
from agent.matching.evidence import measured
from agent.matching.kept import Kept
from agent.matching.matcher import RETRIEVED, searched_terms
from agent.matching.vectors import Vectors, nearest, texts_of
from agent.matching.wish import wish_of
from agent.types import Task
from integrations.llm.ollama import PROVIDER
from registry import Hit, Manifest, profile_of, search

TYPES = {"dict": "object", "float": "number", "tuple": "array"}
"""The data's own words for types; `any` says nothing."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, and the entries of the pool that it was published with."""

    key: str
    text: str
    offered: tuple[int, ...]
    meant: frozenset[int]
    """The entry that is right and those that are the same to a caller: of its name, and taking its arguments."""
    named: frozenset[int]
    """All entries of that name: what is taken away to see whether anybody notices."""
    exact: int | None
    """The entry itself; None where none of those offered is right."""
    arguments: Mapping[str, Any]

    @property
    def telling(self) -> bool:
        """Whether its arguments tell something."""
        return wish_of(Task(text=self.text, arguments=self.arguments)).telling

    @property
    def fitted(self) -> bool:
        """Whether it belongs to the half on which the weights are fitted; figures are of the other half."""
        return hashlib.sha256(self.key.encode()).digest()[0] % 2 == 0


@dataclass(kw_only=True)
class Pool:
    """All functions of the data, same-named definitions as entries of their own, and the requests."""

    manifests: tuple[Manifest, ...]
    requests: tuple[Request, ...]
    _near: dict[str, dict[str, float]] = field(default_factory=dict)

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """The functions, as a search gives them."""
        return tuple(
            Hit(name=each.name, version="1.0.0", description=each.description, profile=profile_of(each))
            for each in self.manifests
        )

    def near(self, wish: str) -> dict[str, float]:
        """How close in meaning each function is to the wish, by name."""
        if wish not in self._near:
            source = vectors()
            assert source is not None
            found = dict[str, float]()
            while len(found) < len(self.manifests):  # one look has no time for all that are new
                found = source.near(wish, self.state, self.texts, self.numbers)
                assert found, f"{os.environ['EMBED']} does not answer any more"
            self._near[wish] = found
        return self._near[wish]

    @cached_property
    def state(self) -> str:
        """What tells this pool from others."""
        return " ".join(self.numbers)

    def texts(self) -> dict[str, tuple[str, ...]]:
        """What vectors are made of, by name."""
        return {each.name: texts_of(each) for each in self.manifests}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each name."""
        return {manifest.name: place for place, manifest in enumerate(self.manifests)}


def read_pool(folder: Path) -> Pool:
    """The pool of `bfcl_*.jsonl` in the folder. Raises `FileNotFoundError` where there is none."""
    files = sorted(folder.glob("bfcl_*.jsonl"))
    if not files:
        raise FileNotFoundError(f"there is no bfcl_*.jsonl in {folder}")
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    entries: dict[str, int] = {}
    for row in rows:
        for definition in row["candidates"]:
            entries.setdefault(json.dumps(definition, sort_keys=True), len(entries))
    definitions = [json.loads(text) for text in entries]
    manifests, taken = [], set[str]()
    for definition in definitions:
        manifests.append(manifest_of(definition, taken))
        taken.add(manifests[-1].name)
    by_name: dict[str, list[int]] = {}
    for place, definition in enumerate(definitions):
        by_name.setdefault(definition["name"], []).append(place)
    requests = [request_of(row, entries, by_name, manifests) for row in rows if len(row.get("gold") or []) < 2]
    return Pool(manifests=tuple(manifests), requests=tuple(requests))


def read_commands(folder: Path) -> Pool:
    """The intents of `multilingual_registry.jsonl` as functions, and the commands; a key begins with its language."""
    intents = [json.loads(line) for line in (folder / "multilingual_registry.jsonl").read_text("utf-8").splitlines()]
    taken, manifests = set[str](), []
    for intent in intents:
        properties = {name: {"type": "string", "description": text} for name, text in intent["slots"].items()}
        parameters = {"properties": properties, "required": []}
        definition = {"name": intent["name"], "description": intent["description"], "parameters": parameters}
        manifests.append(manifest_of(definition, taken))
        taken.add(manifests[-1].name)
    places = {intent["name"]: place for place, intent in enumerate(intents)}
    files = sorted(set(folder.glob("multilingual_*.jsonl")) - {folder / "multilingual_registry.jsonl"})
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    requests = [
        Request(
            key=f"{row['lang']} {row['id']}", text=row["query"], offered=tuple(places.values()), arguments={},
            meant=frozenset({places[row["intent"]]}), named=frozenset({places[row["intent"]]}),
            exact=places[row["intent"]],
        )
        for row in rows
        if row["intent"] in places
    ]  # fmt: skip
    return Pool(manifests=tuple(manifests), requests=tuple(requests))


def read_built_ins() -> Pool:
    """The built-in functions, and wishes for them in English and Polish, on which the weights are fitted.

    No alias was chosen by them, and nothing is tested on them. Each comes with the arguments of an example; those that
    nothing does come with the arguments of each function.
    """
    here = Path(__file__).parent
    manifests = [
        Manifest.model_validate(json.loads(file.read_text("utf-8")))
        for file in sorted(here.parents[1].glob("functions/*/function.json"))
    ]
    places = {manifest.name: place for place, manifest in enumerate(manifests)}
    asked = json.loads((here / "built_in_wishes.json").read_text("utf-8"))
    calls = [dict(manifest.examples[0].arguments) for manifest in manifests]
    told = [(text, places[name], calls[places[name]]) for name, texts in asked["meant"].items() for text in texts]
    told += [(text, None, call) for text in asked["unrelated"] for call in calls]
    requests = [
        Request(
            key=text, text=text, offered=tuple(places.values()), arguments=call, exact=place,
            meant=frozenset(() if place is None else (place,)), named=frozenset(() if place is None else (place,)),
        )
        for text, place, call in told
    ]  # fmt: skip
    return Pool(manifests=tuple(manifests), requests=tuple(requests))


def request_of(
    row: Mapping[str, Any],
    entries: Mapping[str, int],
    by_name: Mapping[str, Sequence[int]],
    manifests: Sequence[Manifest],
) -> Request:
    """A row, with the first of the values that it accepts for each argument; what may be left out is left out."""
    offered = {each["name"]: entries[json.dumps(each, sort_keys=True)] for each in row["candidates"]}
    if row["abstain"]:
        return Request(
            key=row["id"], text=row["query"], offered=tuple(offered.values()),
            meant=frozenset(), named=frozenset(), exact=None, arguments={},
        )  # fmt: skip
    ((name, accepted),) = row["gold"][0].items()
    arguments = {key: values[0] for key, values in accepted.items() if values[0] != ""}
    named = by_name[name]
    return Request(
        key=row["id"],
        text=row["query"],
        offered=tuple(offered.values()),
        meant=frozenset(place for place in named if takes_values(manifests[place], arguments)),
        named=frozenset(named),
        exact=offered[name],
        arguments=arguments,
    )


def takes_values(manifest: Manifest, arguments: Mapping[str, Any]) -> bool:
    """True where the call would be bound, by the schema alone."""
    properties = manifest.input_schema["properties"]
    lacking = set(manifest.input_schema["required"]) - set(arguments)
    return not lacking and all(
        key in properties and fits(converted(value, properties[key]), properties[key])
        for key, value in arguments.items()
    )


def manifest_of(definition: Mapping[str, Any], taken: set[str]) -> Manifest:
    """A definition as a manifest of ours, under a name that is free."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", definition["name"])
    plain = re.sub(r"\W+", "_", parted).strip("_").lower()[:50]
    stem = plain if plain[0].isalpha() else f"f_{plain}"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    parameters = definition["parameters"]
    schema = {
        "type": "object",
        "properties": {key: schema_of(value) for key, value in parameters.get("properties", {}).items()},
        "required": list(parameters.get("required") or ()),
    }
    return Manifest(name=name, description=definition["description"], input_schema=schema)


def schema_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema, in the words of JSON Schema."""
    made: dict[str, Any] = {key: given[key] for key in ("description", "enum") if key in given}
    kind = TYPES.get(given.get("type", "any"), given.get("type", "any"))
    if kind != "any":
        made["type"] = kind
    if isinstance(given.get("items"), dict):
        made["items"] = schema_of(given["items"])
    return made


@cache
def vectors() -> Vectors | None:
    """Vectors of the model server at `EMBED`, made once in a run; None where none is named or answers."""
    if not os.environ.get("EMBED"):
        sys.stdout.write("No vectors: EMBED names no server.\n")
        return None
    embed = cache(PROVIDER.open({"host": os.environ["EMBED"]})[0].embed)
    try:
        embed(("Is anybody there?",))
    except ModelError as error:
        sys.stdout.write(f"No vectors: {error}\n")
        return None
    return Vectors(embed=lambda texts: embed(tuple(texts)), kept=Kept(None))


class World:
    """A registry of some of the pool's functions: the index's own search, in memory and without git."""

    def __init__(self, pool: Pool, places: Iterable[int]) -> None:
        self.pool = pool
        self.places, self.gone = set[int](), set[int]()
        self.db = sqlite3.connect(":memory:")
        for statement in search.TABLES:
            self.db.execute(statement)
        self.add(places)

    def add(self, places: Iterable[int]) -> list[int]:
        """Register these, where they are not; those that were not."""
        new = sorted(set(places) - self.places)
        for place in new:
            search.add(self.db, place, self.pool.hits[place], "")
        self.places |= set(new)
        return new

    @contextmanager
    def adding(self, places: Iterable[int]) -> Iterator[None]:
        """With these registered for a while."""
        new = self.add(places)
        try:
            yield
        finally:
            for place in new:
                search.remove(self.db, place)
            self.places -= set(new)

    def figures(
        self, request: Request, *, given: bool, without: frozenset[int] = frozenset(), by_vectors: bool = False
    ) -> tuple[list[int], list[dict[str, float]]]:
        """The places of what is retrieved, best first, and the figures of each."""
        task = Task(text=request.text, arguments=request.arguments if given else {})
        wish, numbers = wish_of(task), self.pool.numbers
        with self.taken_away(without):
            found = search.search(self.db, searched_terms(wish), RETRIEVED, wish.given)
        near = self.near(request, without) if by_vectors else None
        names = dict.fromkeys((*(hit.name for hit in found.hits), *nearest(near or {}, RETRIEVED)))
        places = [numbers[name] for name in names if takes(self.pool.manifests[numbers[name]], task)]
        hits = [self.pool.hits[place] for place in places]
        rows = measured(wish, found, hits, near)
        return [numbers[row.hit.name] for row in rows], [dict(row.figures) for row in rows]

    def near(self, request: Request, without: frozenset[int]) -> dict[str, float]:
        """How close in meaning each function is that is here."""
        near, manifests = self.pool.near(request.text), self.pool.manifests
        here = self.places - self.gone - without
        return {manifests[place].name: near[manifests[place].name] for place in here}

    @contextmanager
    def taken_away(self, places: frozenset[int]) -> Iterator[None]:
        """With these gone for a while."""
        gone = places & self.places
        self.gone |= gone
        for place in gone:
            search.remove(self.db, place)
        try:
            yield
        finally:
            self.gone -= gone
            for place in gone:
                search.add(self.db, place, self.pool.hits[place], "")
