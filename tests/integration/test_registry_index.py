"""The derived index: it finds, and it repairs itself from git whatever happens to its file."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import Function, Manifest, Registry
from registry.terms import terms

WORDS = ["count_words", "sum_columns", "next_payday"]


def function(name: str, description: str = "Does it.", source: str = "one", **fields: object) -> Function:
    """A small function."""
    schema = {"type": "object", "properties": {"path_to_text": {"type": "string"}}}
    manifest = Manifest(name=name, description=description, input_schema=schema, **fields)
    return Function(manifest=manifest, source=source, tests="")


def with_parameters(name: str, *parameters: str) -> Function:
    """A function that takes texts of these names."""
    schema = {"type": "object", "properties": {each: {"type": "string"} for each in parameters}}
    return Function(manifest=Manifest(name=name, description="Does it.", input_schema=schema), source="one", tests="")


def produce(registry: Registry, function: Function) -> None:
    """Take the function to production."""
    registry.add_candidate(function, {})
    registry.approve(function.name, function.digest, by="Ann")
    registry.promote(function.name, by="Ann")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry with three functions in production."""
    with Registry.create(tmp_path / "registry") as registry:
        for name in WORDS:
            produce(registry, function(name, aliases=("zażółć gęślą", name.upper())))
        yield registry


def names(registry: Registry) -> list[str]:
    """What is in production, asked of a registry opened anew."""
    with Registry.open(registry.path) as again:
        assert again.check() == []
        return sorted(version.name for version in again.production())


def damage_delete(path: Path) -> None:
    """No file."""
    path.unlink()


def damage_empty(path: Path) -> None:
    """A file without a byte."""
    path.write_bytes(b"")


def damage_garbage(path: Path) -> None:
    """A file that is no database."""
    path.write_bytes(os.urandom(20_000))


def damage_truncate(path: Path) -> None:
    """Half a file."""
    os.truncate(path, path.stat().st_size // 2)


def damage_middle(path: Path) -> None:
    """Noise in every page but the first."""
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 512):
        data[at : at + 64] = b"\xa5" * 64
    path.write_bytes(data)


def damage_schema(path: Path) -> None:
    """An index that another release made."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()


def damage_tables(path: Path) -> None:
    """A table is gone."""
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE functions")
        db.execute("UPDATE meta SET value = ?", ("0" * 40,))
    db.close()


def damage_foreign(path: Path) -> None:
    """It follows a commit that this registry does not have."""
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = ?", ("1" * 40,))
        db.execute("UPDATE functions SET source = 'import os'")
    db.close()


DAMAGES = [
    damage_delete,
    damage_empty,
    damage_garbage,
    damage_truncate,
    damage_middle,
    damage_schema,
    damage_tables,
    damage_foreign,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_repairs_itself(registry, damage):
    """Whatever happened to the file, the next process finds what git holds."""
    registry.close()
    damage(registry.path / "kowal-index.sqlite")
    assert names(registry) == sorted(WORDS)


@pytest.mark.parametrize("damage", [damage_delete, damage_garbage, damage_truncate, damage_empty])
def test_an_index_damaged_under_an_open_registry_repairs_itself(registry, damage):
    """A registry that is in use survives the loss of its index, too."""
    damage(registry.path / "kowal-index.sqlite")
    produce(registry, function("one_more"))
    assert registry.find("one_more") is not None
    assert names(registry) == sorted([*WORDS, "one_more"])


def test_bytes_changed_in_the_index_are_never_run(registry):
    """A source that differs from its digest is read from git, and the index is made anew."""
    registry.close()
    with sqlite3.connect(registry.path / "kowal-index.sqlite") as db:
        db.execute("UPDATE functions SET source = 'import os'")
    db.close()
    found = registry.find("count_words")
    assert found is not None
    assert found.function.source == "one"
    assert registry.check() == []


def test_a_promotion_changes_the_index_in_place(registry):
    """Promoting does not make the file anew: what was there keeps its rows."""
    path = registry.path / "kowal-index.sqlite"
    inode, known = path.stat().st_ino, sqlite3.connect(path)
    before = dict(known.execute("SELECT name, id FROM functions"))
    produce(registry, function("one_more"))
    after = dict(known.execute("SELECT name, id FROM functions"))
    known.close()
    assert path.stat().st_ino == inode
    assert before.items() < after.items()


def test_reindexing_counts_production(registry):
    """`reindex` makes the index from git alone and says how many functions it holds."""
    assert registry.reindex() == len(WORDS)


def test_two_registries_share_a_cache_folder(registry, tmp_path):
    """The index of one registry is never taken for that of another."""
    cache = tmp_path / "cache"
    cache.mkdir()
    with Registry.create(tmp_path / "other") as other:
        produce(other, function("only_here"))
    with Registry.open(tmp_path / "other", cache=cache) as one, Registry.open(registry.path, cache=cache) as two:
        assert [version.name for version in one.production()] == ["only_here"]
        assert len(two.production()) == len(WORDS)
    assert len(list(cache.iterdir())) == 2


def test_the_best_match_comes_first(registry):
    """A term in the name counts more than one in the description; the search says how common the terms are."""
    produce(registry, function("about_payroll", "Tells about the next payday of all paydays."))
    found = registry.search(terms("payday"), 5)
    assert [hit.name for hit in found.hits] == ["next_payday", "about_payroll"]
    assert (found.hits[0].version, found.hits[0].profile.takes) == ("1.0.0", ("path_to_text",))
    assert (found.frequencies, found.size) == ({"payday": 2}, 4)
    assert len(registry.search(terms("payday"), 1).hits) == 1


def test_search_knows_accents_capitals_aliases_and_parameters(registry):
    """Words are found without their accents and in any case, wherever the function was given them."""
    for text in ("ZAZOŁC", "zazolc", "Gesla", "zażółć", "path_to_text"):
        assert len(registry.search(terms(text), 5).hits) == len(WORDS)
    assert registry.search([], 5).hits == registry.search(["", "--", "\0"], 5).hits == ()


def test_search_finds_by_parameters(registry):
    """Functions that have all the parameters are found whatever the words; those that lack one are not."""
    assert {hit.name for hit in registry.search([], 5, ["path_to_text"]).hits} == set(WORDS)
    assert registry.search([], 5, ["path_to_text", "other"]).hits == ()
    produce(registry, with_parameters("with_option", "path_to_text", "x"))
    assert [hit.name for hit in registry.search([], 5, ["x", "path_to_text"]).hits] == ["with_option"]


def test_functions_of_the_same_types_are_found_by_their_words(registry):
    """Those that share words come first, then others by name; never the function itself, nor one of other types."""
    produce(registry, with_parameters("pay_words", "somewhere"))
    produce(registry, with_parameters("pay_two", "path_to_text", "other"))
    asked = function("next_paydays", "Tells the payday.").manifest
    assert registry.alike(asked, 9) == ["next_payday", "count_words", "sum_columns", "pay_words"]
    assert registry.alike(asked, 1) == ["next_payday"]
    assert registry.alike(function("next_payday").manifest, 9)[0] != "next_payday"
    assert "next_payday" not in registry.alike(function("next_payday").manifest, 9)
    assert registry.alike(function("x", grants=("llm 1",)).manifest, 9) == []
    assert registry.alike(function("x", requirements=("attrs",)).manifest, 9) == []
    assert registry.alike(function("x", '" OR NEAR( \0 AND NOT', aliases=("*", "name:")).manifest, 9) != []


def test_functions_of_the_same_types_follow_production(registry):
    """What leaves production or changes its types is found no more; what asks its host for something never is."""
    asked = function("anything").manifest
    registry.quarantine("sum_columns", by="Ann", reason="wrong")
    produce(registry, with_parameters("count_words", "path_to_text", "other"))
    produce(registry, function("asks_a_model", grants=("llm 1",)))
    assert registry.alike(asked, 9) == ["next_payday"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(), max_size=5))
def test_no_text_is_query_syntax(registry, words):
    """Any text can be searched for: quotes, operators, control characters, lone surrogates."""
    inode = (registry.path / "kowal-index.sqlite").stat().st_ino
    for tricky in (words, [*words, '"', "NEAR(", "name:", "* OR", "a AND NOT b"]):
        assert registry.search(tricky, 3).size == len(WORDS)
    assert (registry.path / "kowal-index.sqlite").stat().st_ino == inode
