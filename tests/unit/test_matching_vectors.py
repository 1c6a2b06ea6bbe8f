"""Vectors are made once a text and model, kept in a file that can be thrown away, and done without where none are."""

import itertools
import math
import sqlite3
from contextlib import closing

import pytest

from agent.errors import ProviderUnavailable
from agent.matching import vectors as module
from agent.matching.kept import Kept, key_of
from agent.matching.vectors import Vectors, nearest, texts_of
from agent.ports import Embedding
from registry import Manifest

DIRECTIONS = {"red": (3.0, 0.0), "crimson": (2.0, 0.5), "blue": (0.0, 1.0)}
TEXTS = {"paint_red": ("red",), "paint_blue": ("blue", "azure")}


class Server:
    """Makes vectors from a table, and remembers what it was asked for."""

    def __init__(self, digest: str = "one") -> None:
        self.digest, self.asked, self.away = digest, [], False

    def embed(self, texts) -> Embedding:
        """A vector for each text."""
        self.asked.append(list(texts))
        if self.away:
            raise ProviderUnavailable("away")
        made = tuple(DIRECTIONS.get(text, (0.0, -1.0)) for text in texts)
        return Embedding(vectors=made, model="m", digest=self.digest)


@pytest.fixture
def file(tmp_path):
    """Where vectors are kept."""
    return tmp_path / "cache" / "matching.sqlite"


@pytest.fixture
def kept(file):
    """What is kept there."""
    with closing(Kept(file)) as opened:
        yield opened


def near(server, file, wish="crimson", texts=TEXTS):
    """What is near, by a matcher that was just started."""
    with closing(Kept(file)) as kept:
        return Vectors(embed=server.embed, kept=kept).near(wish, "now", lambda: texts)


def test_the_closest_text_counts(file):
    """A function is as near as the nearest of its texts; the length of a vector says nothing."""
    found = near(Server(), file)
    assert found["paint_red"] == pytest.approx(2 / math.hypot(2, 0.5))
    assert found["paint_blue"] == pytest.approx(0.5 / math.hypot(2, 0.5))
    assert nearest(found, 1) == ["paint_red"]
    assert nearest({"b": 0.5, "a": 0.5, "c": 0.1}, 2) == ["a", "b"]


def test_vectors_are_made_once(file):
    """What is kept is not asked for again, after a restart either; what is new is asked for alone."""
    server = Server()
    first = near(server, file)
    assert near(server, file) == first
    near(server, file, texts={**TEXTS, "paint_white": ("white", "red")})
    assert server.asked == [["crimson"], ["red", "blue", "azure"], ["crimson"], ["crimson"], ["white"]]


def test_another_models_vectors_are_its_own(file):
    """Vectors of another digest are never compared: they are made anew, and the old ones stay."""
    near(Server("one"), file)
    other = Server("two")
    near(other, file)
    assert other.asked == [["crimson"], ["red", "blue", "azure"]]
    again = Server("one")
    near(again, file)
    assert again.asked == [["crimson"]]


def test_many_texts_go_in_batches(file, monkeypatch):
    """No request is larger than a batch, and texts that functions share are sent once."""
    monkeypatch.setattr(module, "BATCH", 2)
    server = Server()
    found = near(server, file, texts={"a": ("1", "2"), "b": ("2", "3")})
    assert server.asked == [["crimson"], ["1", "2"], ["3"]]
    assert set(found) == {"a", "b"}


def test_what_there_is_no_time_for_is_made_later(file, monkeypatch):
    """Making vectors ends after a while; the next match goes on from there."""
    monkeypatch.setattr(module, "BATCH", 1)
    ticks = itertools.count(0.0, module.PATIENCE_S / 2)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(ticks))
    server = Server()
    some = near(server, file)
    monkeypatch.undo()
    assert set(some) == {"paint_red"}
    assert set(near(server, file)) == {"paint_red", "paint_blue"}
    assert server.asked[-1] == ["blue", "azure"]


def test_who_does_not_answer_is_left_alone_for_a_while(kept, monkeypatch):
    """A server that is away is asked once a minute, not once a match."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    server = Server()
    server.away = True
    vectors = Vectors(embed=server.embed, kept=kept)
    assert [vectors.near("crimson", "now", lambda: TEXTS) for _ in range(3)] == [{}, {}, {}]
    assert len(server.asked) == 1
    server.away, now[0] = False, now[0] + module.SILENCE_S
    assert set(vectors.near("crimson", "now", lambda: TEXTS)) == set(TEXTS)


@pytest.mark.parametrize("wish", ["", "  ", "\ud800"])
def test_a_wish_without_text_asks_nobody(file, wish):
    """What cannot be sent is not sent."""
    server = Server()
    assert near(server, file, wish) == {}
    assert server.asked == []


def test_long_texts_and_broken_ones_are_sent_as_they_can_be(file):
    """A text is cut to what a model reads, and holds no half of a character."""
    server = Server()
    near(server, file, "red\ud800" + "x" * 5_000)
    assert server.asked[0] == [("red" + "x" * 5_000)[: module.MOST_CHARS]]


@pytest.mark.parametrize(
    "damage", [b"not a database", b"SQLite format 3\x00" + b"\xff" * 4096, b""], ids=["text", "header", "empty"]
)
def test_a_damaged_file_is_made_anew(file, damage):
    """The file can be thrown away: what was in it is asked for again, and kept again."""
    near(Server(), file)
    file.write_bytes(damage)
    server = Server()
    assert set(near(server, file)) == set(TEXTS)
    assert server.asked == [["crimson"], ["red", "blue", "azure"]]
    near(server, file)
    assert server.asked[2:] == [["crimson"]]


def test_a_file_of_another_release_is_made_anew(file):
    """Tables of another shape are not used."""
    file.parent.mkdir()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    server = Server()
    near(server, file)
    near(server, file)
    assert server.asked == [["crimson"], ["red", "blue", "azure"], ["crimson"]]


def test_damaged_vectors_are_made_anew(file):
    """Bytes that are no vector, or one of another length, count as missing."""
    near(Server(), file)
    with sqlite3.connect(file) as db:
        db.execute("UPDATE vectors SET vector = x'00' WHERE text = ?", (key_of("red"),))
        db.execute("UPDATE vectors SET vector = x'0000803f' WHERE text = ?", (key_of("blue"),))
    db.close()
    server = Server()
    assert near(server, file)["paint_red"] > 0.9
    assert server.asked == [["crimson"], ["red", "blue"]]


def test_without_a_usable_folder_vectors_live_in_memory(tmp_path):
    """Where no file can be, vectors are kept as long as the process lives."""
    (tmp_path / "file").write_text("in the way")
    server = Server()
    with closing(Kept(tmp_path / "file" / "matching.sqlite")) as kept:
        vectors = Vectors(embed=server.embed, kept=kept)
        for _ in range(2):
            assert set(vectors.near("crimson", "now", lambda: TEXTS)) == set(TEXTS)
    assert server.asked == [["crimson"], ["red", "blue", "azure"], ["crimson"]]


def test_texts_are_asked_for_once_a_state(kept):
    """What functions say is read again when the registry has changed, and only what is new is made."""
    server, reads, said = Server(), [], dict(TEXTS)
    vectors = Vectors(embed=server.embed, kept=kept)

    def texts():
        reads.append(len(said))
        return dict(said)

    first = [vectors.near("crimson", "one", texts) for _ in range(2)]
    said["paint_white"] = ("white", "red")
    assert set(vectors.near("crimson", "two", texts)) == {*TEXTS, "paint_white"}
    assert (first[0], reads, server.asked[-1]) == (first[1], [2, 3], ["white"])


def test_of_many_the_closest_are_compared(kept, monkeypatch):
    """A short list is compared in full, chosen by the signs of the numbers; those that are asked for are always."""
    monkeypatch.setattr(module, "SHORTLIST", 1)
    vectors = Vectors(embed=Server().embed, kept=kept)
    assert set(vectors.near("crimson", "now", lambda: TEXTS)) == {"paint_red"}
    assert set(vectors.near("crimson", "now", lambda: TEXTS, ["paint_blue"])) == set(TEXTS)
    assert vectors.near("blue", "now", lambda: TEXTS, ["unknown"])


def test_a_file_that_goes_away_between_two_matches_is_made_anew(kept):
    """What the process remembers of vectors that the file has lost is forgotten, in the same match."""
    server = Server()
    vectors = Vectors(embed=server.embed, kept=kept)
    first = vectors.near("crimson", "now", lambda: TEXTS)
    kept._file.use(lambda db: db.execute("DELETE FROM vectors"))
    assert vectors.near("crimson", "now", lambda: TEXTS) == first
    assert server.asked[-2:] == [["crimson"], ["red", "blue", "azure"]]


@pytest.mark.parametrize(("vector", "signs"), [((-1.0, 2.0, -0.5), 0b101), ((1.0, 0.0), 0), ((), 0)])
def test_signs_are_a_bit_a_number(vector, signs):
    """Set where it is below 0."""
    assert module.signs_of(vector) == signs


def test_the_file_holds_no_texts(kept, file):
    """Aliases that people taught are their words: the file has their digests only."""
    kept.keep_vectors("one", {key_of("a secret wish"): (1.0, 0.0)})
    kept.close()
    assert b"secret" not in file.read_bytes()
    assert [list(vector) for _, vector in kept.vectors("one", [key_of("a secret wish")])] == [[1.0, 0.0]]


def test_what_vectors_are_made_of():
    """The name in words, the description, what its parameters are called and said to be, and each alias."""
    schema = {"type": "object", "properties": {"first_day": {"type": "string", "description": "When it begins."}}}
    manifest = Manifest(name="count_days", description="Count days.", aliases=("how long",), input_schema=schema)
    assert texts_of(manifest) == (
        "count days: Count days. Parameters: first day",
        "count days: Count days. When it begins.",
        "how long",
    )
    plain = Manifest(name="now", description="The time.", input_schema={"type": "object", "properties": {}})
    assert texts_of(plain)[0] == "now: The time."
