"""Finding functions by their terms and parameters: the searchable half of the index, in SQLite's full-text search."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from registry.profile import Found, Hit, Profile

TABLES = (
    "CREATE TABLE searchable (id INTEGER PRIMARY KEY, name TEXT, version TEXT, description TEXT, profile TEXT,"
    " types TEXT)",
    "CREATE INDEX searchable_names ON searchable (name)",  # small: what is counted
    "CREATE INDEX searchable_types ON searchable (types, name)",
    # The terms are taken apart and folded before they come here: nothing is left for a tokenizer to do.
    "CREATE VIRTUAL TABLE terms USING fts5(text, tokenize='ascii')",
    "CREATE VIRTUAL TABLE frequencies USING fts5vocab(terms, row)",
    # Terms stay here when their last function is gone: what is looked up among them is counted afterwards.
    "CREATE TABLE vocabulary (term TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE parameters (parameter TEXT, id INTEGER, PRIMARY KEY (parameter, id)) WITHOUT ROWID",
    "CREATE INDEX parameters_by_function ON parameters (id)",
)
_MOST_TERMS = 64
_MOST_RESPELT = 4
"""Unknown terms for which known ones are looked up, the first of a text: it takes a tenth of a millisecond each."""
_MOST_READ = 800
"""Rows that a search reads. It begins with the rarest terms; the commonest tell least and cost most."""
# Ranked before it is joined: the sorter then carries two numbers a match and no texts.
_BY_TERMS = """
    SELECT name, version, description, profile
    FROM (SELECT rowid AS id, bm25(terms) AS rank FROM terms WHERE terms MATCH ? ORDER BY rank, rowid LIMIT ?)
    JOIN searchable USING (id) ORDER BY rank, name
"""
_ALIKE_BY_TERMS = """
    SELECT name FROM (SELECT rowid AS id, bm25(terms) AS rank FROM terms WHERE terms MATCH ?)
    JOIN searchable USING (id) WHERE types = ? ORDER BY rank, name LIMIT ?
"""
_SAME_LETTER = "SELECT group_concat(term, ' ') FROM vocabulary WHERE term >= ? AND term < ? AND length(term) >= 5"
"""Few misspell a word's first letter."""
_ALIKE = "SELECT name FROM searchable WHERE types = ? ORDER BY name LIMIT ?"
_BY_PARAMETERS = """
    SELECT name, version, description, profile
    FROM (SELECT id FROM parameters WHERE parameter IN ({marks}) GROUP BY id HAVING count(*) = ? LIMIT ?)
    JOIN searchable USING (id) ORDER BY name
"""


def add(db: sqlite3.Connection, row: int, hit: Hit, types: str) -> None:
    """Make a function findable under this number; `types` is what it takes and gives, as `types_of` says it."""
    profile = hit.profile
    db.execute(
        "INSERT INTO searchable VALUES (?, ?, ?, ?, ?, ?)",
        (row, hit.name, hit.version, hit.description, profile.as_text(), types),
    )
    db.execute("INSERT INTO terms (rowid, text) VALUES (?, ?)", (row, profile.searched))
    db.execute("INSERT OR IGNORE INTO vocabulary SELECT value FROM json_each(?)", (json.dumps(profile.vocabulary),))
    db.executemany("INSERT INTO parameters VALUES (?, ?)", [(name, row) for name in profile.takes])


def remove(db: sqlite3.Connection, row: int) -> None:
    """Make the function of this number unfindable. Idempotent."""
    db.execute("DELETE FROM terms WHERE rowid = ?", (row,))
    db.execute("DELETE FROM parameters WHERE id = ?", (row,))
    db.execute("DELETE FROM searchable WHERE id = ?", (row,))


def search(db: sqlite3.Connection, terms: Sequence[str], limit: int, parameters: Sequence[str]) -> Found:
    """The functions that share terms with these, best first, then others that have all parameters; `limit` of each."""
    asked = _plain(terms)
    frequencies = _frequencies(db, asked)
    spelt = _spelt(db, [term for term in asked if term not in frequencies], frequencies)
    (size,) = db.execute("SELECT count(*) FROM searchable").fetchone()
    rows = []
    if pattern := _pattern(frequencies):
        rows += db.execute(_BY_TERMS, (pattern, limit)).fetchall()
    if wanted := list(dict.fromkeys(parameters)):
        query = _BY_PARAMETERS.format(marks=",".join("?" * len(wanted)))
        rows += db.execute(query, (*wanted, len(wanted), limit)).fetchall()
    hits = (
        Hit(name=name, version=version, description=description, profile=Profile.from_text(profile))
        for name, version, description, profile in dict.fromkeys(rows)
    )
    return Found(hits=tuple(hits), frequencies=frequencies, size=size, spelt=spelt)


def alike(db: sqlite3.Connection, types: str, terms: Sequence[str], limit: int) -> list[str]:
    """The functions of these types: those that share terms with these first, best first, then others by name."""
    found = list[str]()
    if pattern := _pattern(_frequencies(db, _plain(terms))):
        found += (name for (name,) in db.execute(_ALIKE_BY_TERMS, (pattern, types, limit)))
    if len(found) < limit:
        found += (name for (name,) in db.execute(_ALIKE, (types, limit + len(found))) if name not in found)
    return found[:limit]


def _frequencies(db: sqlite3.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many functions each of the terms stands."""
    marks = ",".join("?" * len(terms))
    return dict(db.execute(f"SELECT term, doc FROM frequencies WHERE term IN ({marks})", terms).fetchall())  # noqa: S608


def _spelt(db: sqlite3.Connection, unknown: Sequence[str], frequencies: dict[str, int]) -> dict[str, str]:
    """The known term that each of these is likely to be a misspelling of; those are added to the frequencies."""
    if not unknown:
        return {}
    from registry.spelling import likeliest, misspelt, nearest  # 10 ms, and needed for words that nobody uses

    candidates = dict[str, list[str]]()
    for term in [term for term in unknown if misspelt(term)][:_MOST_RESPELT]:
        (known,) = db.execute(_SAME_LETTER, (term[0], chr(ord(term[0]) + 1))).fetchone()
        candidates[term] = nearest(term, (known or "").split())
    if not any(candidates.values()):
        return {}
    counts = _frequencies(db, [each for found in candidates.values() for each in found][:_MOST_TERMS])
    spelt = likeliest(candidates, counts)
    frequencies |= {known: counts[known] for known in spelt.values()}
    return spelt


def _plain(terms: Sequence[str]) -> list[str]:
    """The terms that can be looked up: no surrogates, no zeros, each once, not too many."""
    texts = (term.encode(errors="ignore").decode().replace("\0", "") for term in terms)
    return [text for text in dict.fromkeys(texts) if text][:_MOST_TERMS]


def _pattern(frequencies: Mapping[str, int]) -> str:
    """The rarest terms as quoted strings, so that none of them is read as query syntax; as many as may be read."""
    quoted, read = list[str](), 0
    for term, rows in sorted(frequencies.items(), key=lambda item: item[1]):
        read += rows
        if quoted and read > _MOST_READ:
            break
        quoted.append('"' + term.replace('"', '""') + '"')
    return " OR ".join(quoted)
