"""Replies that are kept: for the same request to the same model only, for a while, within a size, and never half."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ports import Message, ModelCard, ModelReply, ModelRequest, Purpose, Server, Usage
from agent.routing.aids import Choice
from agent.routing.cache import Hits, KeptReplies

REQUEST = ModelRequest(
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="Say ß.", images=(b"\x00",))),
    purpose=Purpose.MATCH,
    schema={"type": "object"},
    temperature=0.0,
    reusable=True,
)
REPLY = ModelReply(
    text="ß", provider="p", model="m", server="s", usage=Usage(tokens_in=5, tokens_out=1, cost_eur=0.5), seconds=2.0
)


class Away:
    """A server that is nowhere."""

    name = "p"

    def __init__(self, *, is_local: bool) -> None:
        self.server = Server(name="s", provider="p", is_local=is_local)


def choice(name: str = "m", digest: str = "d1", *, is_local: bool = True) -> Choice:
    """A model."""
    return Choice(provider=Away(is_local=is_local), card=ModelCard(name=name, digest=digest))  # type: ignore[arg-type]


class Clock:
    """A time that goes on when it is told to."""

    at = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.at


def cache(path: Path | None, clock: Clock | None = None, **facts: Any) -> KeptReplies:
    """A cache that keeps a thousand seconds and a hundred kilobytes."""
    return KeptReplies(
        path, now=clock or Clock(), **{"keep_s": 1000.0, "max_bytes": 100_000, "parameters": {}, **facts}
    )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptReplies]:
    """A cache in which one reply is."""
    with closing(cache(tmp_path / "cache" / "replies.sqlite")) as opened:
        opened.keep(REQUEST, choice(), REPLY)
        yield opened


def test_the_same_request_has_the_same_reply_for_nothing(kept, tmp_path):
    """Also in another process, and wherever the same weights are; nothing is spent and no time is measured for it."""
    for opened in (kept, cache(tmp_path / "cache" / "replies.sqlite")):
        found = opened.reply(REQUEST, choice("other name of m"))
        assert found == replace(REPLY, usage=Usage(), seconds=0.0, is_kept=True)
        assert found.usage.cost_eur == 0.0
        opened.close()
    assert kept.hits() == Hits(found=2, looked=2)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, messages=REQUEST.messages[1:]),
        replace(REQUEST, messages=(REQUEST.messages[0], Message(role="user", content="Say ß."))),
        replace(REQUEST, schema=None),
        replace(REQUEST, seed=1),
        replace(REQUEST, temperature=0.1),
    ],
)
def test_another_request_has_none(kept, other):
    """A word, an image, a parameter more or less is another request; that it was looked for is counted."""
    assert kept.reply(other, choice()) is None
    assert kept.hits() == Hits(found=0, looked=1)
    assert kept.hits().rate == 0.0


def test_another_model_has_none(kept, tmp_path):
    """By its weights, else by its name; nor has one that other settings would have answer otherwise."""
    assert kept.reply(REQUEST, choice(digest="d2")) is None
    cloud = choice(digest="", is_local=False)
    kept.keep(REQUEST, cloud, REPLY)
    assert kept.reply(REQUEST, choice("n", digest="", is_local=False)) is None
    assert kept.reply(REQUEST, cloud) is not None
    with closing(cache(tmp_path / "cache" / "replies.sqlite", parameters={"num_ctx": 1})) as opened:
        assert opened.reply(REQUEST, choice()) is None


def test_who_wants_a_sample_of_their_own_gets_one(kept):
    """Such a request is neither answered from the file nor kept, nor counted."""
    sample = replace(REQUEST, reusable=False)
    assert kept.reply(sample, choice()) is None
    kept.keep(replace(sample, seed=3), choice(), REPLY)
    assert kept.hits() == Hits()
    assert kept.hits().rate is None
    assert kept.reply(replace(REQUEST, seed=3), choice()) is None


def test_who_does_not_say_which_weights_it_has_is_asked_each_time(kept):
    """On a machine of one's own, another model may have the name tomorrow."""
    kept.keep(REQUEST, choice(digest=""), REPLY)
    assert kept.reply(REQUEST, choice(digest="")) is None
    assert kept.hits() == Hits()


def test_half_a_reply_is_not_kept(kept):
    """One that was cut off at its length would be cut off for ever."""
    kept.keep(replace(REQUEST, seed=3), choice(), replace(REPLY, truncated=True))
    assert kept.reply(replace(REQUEST, seed=3), choice()) is None


def test_what_is_old_is_asked_anew(tmp_path):
    """Replies are forgotten when their time is over, and leave the file."""
    clock, path = Clock(), tmp_path / "replies.sqlite"
    with closing(cache(path, clock)) as opened:
        opened.keep(REQUEST, choice(), REPLY)
        clock.at += 1001
        assert opened.reply(REQUEST, choice()) is None
        opened.keep(replace(REQUEST, seed=3), choice(), REPLY)
    assert len(rows(path)) == 1


def test_the_least_used_make_room(tmp_path):
    """The file holds no more than it may; what was used last stays."""
    clock, path = Clock(), tmp_path / "replies.sqlite"
    with closing(cache(path, clock, max_bytes=5_000)) as opened:
        for seed in range(10):
            clock.at += 1
            opened.keep(replace(REQUEST, seed=seed), choice(), replace(REPLY, text="x" * 1_000))
            assert opened.reply(replace(REQUEST, seed=0), choice()) is not None
        there = [seed for seed in range(10) if opened.reply(replace(REQUEST, seed=seed), choice())]
    assert there == [0, 7, 8, 9]
    assert sum(size for _, size in rows(path)) <= 5_000


def rows(path: Path) -> list[tuple[str, int]]:
    """What the file holds."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT reply, size FROM replies").fetchall()


def test_nobody_else_reads_the_file(kept, tmp_path):
    """It holds what people asked models about."""
    assert stat.S_IMODE((tmp_path / "cache" / "replies.sqlite").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    """Nothing is raised, nothing wrong is replied, and what is asked next is kept again."""
    path = tmp_path / "replies.sqlite"
    path.write_bytes(damage)
    with closing(cache(path)) as opened:
        assert opened.reply(REQUEST, choice()) is None
        opened.keep(REQUEST, choice(), REPLY)
        assert opened.reply(REQUEST, choice()) is not None


def test_what_somebody_else_wrote_into_it_is_no_reply(kept, tmp_path):
    """JSON that is none, or not of a reply, is passed over."""
    for written in ("no json", '{"text": 1}'):
        with closing(sqlite3.connect(tmp_path / "cache" / "replies.sqlite")) as db, db:
            db.execute("UPDATE replies SET reply = ?", (written,))
        assert kept.reply(REQUEST, choice()) is None


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path):
    """It is kept in memory then."""
    (tmp_path / "file").write_text("")
    with closing(cache(tmp_path / "file" / "replies.sqlite")) as opened:
        opened.keep(REQUEST, choice(), REPLY)
        found = opened.reply(REQUEST, choice())
    assert found is not None
    assert found.text == REPLY.text


@given(st.text())
def test_every_text_comes_back_or_is_asked_for_again(text):
    """Whatever is in it, lone surrogates included: exactly the reply, or none."""
    with closing(cache(None)) as opened:
        opened.keep(REQUEST, choice(), replace(REPLY, text=text))
        found = opened.reply(REQUEST, choice())
        assert found is None or found.text == text
