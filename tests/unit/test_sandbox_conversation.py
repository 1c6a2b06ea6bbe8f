"""What the parent's side believes of a guest that asks, and how a script's entries are chosen."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import SandboxError, Surroundings
from sandbox.base import read_artefacts, read_asked
from sandbox.children import ChildDied, ChildSilent
from sandbox.conversation import MAX_ASKS, BadAsk, converse, read_ask, written
from sandbox.frames import ANSWER, ASK, MAX_ASK_BYTES
from sandbox.guest_script import fit, with_query
from sandbox.surroundings import Script, is_plain

KEPT = Surroundings(keeps_files=True)
SCRIPTED = Surroundings(script=Script())
AN_ASK = ASK + b'{"kind": "llm", "prompt": "x"}'


class Said:
    """A guest that says these messages, one after another."""

    def __init__(self, *messages: bytes) -> None:
        self.messages, self.replies = list(messages), list[Any]()

    def receive(self, deadline: float) -> bytes:
        """The next message; after the last one it has died."""
        if not self.messages:
            raise ChildDied(0)
        return self.messages.pop(0)

    def send(self, data: bytes, deadline: float) -> None:
        """Keep the reply."""
        self.replies.append(json.loads(data))


def one(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """A host that says 1 to everything."""
    return {"value": 1}


def test_asks_are_answered_until_the_answer() -> None:
    """Each ask has its reply, and what comes after the answer is not heard."""
    line = Said(AN_ASK, AN_ASK, ANSWER + b"done", AN_ASK)
    assert converse(line, one, 5) == b"done"
    assert line.replies == [{"value": 1}] * 2
    assert len(line.messages) == 1


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda data: ASK + data)))
def test_any_bytes_are_an_answer_an_ask_or_refused(data: bytes) -> None:
    """Whatever a guest sends, the host hears of nothing that is not a JSON object with a kind."""
    heard: list[Mapping[str, Any]] = []

    def host(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        return {}

    try:
        assert converse(Said(data), host, 5) == data[1:]
    except (BadAsk, ChildDied):
        assert all(isinstance(ask["kind"], str) for ask in heard)
    if data[:1] != ASK:
        assert heard == []


def test_an_ask_without_a_host_is_refused() -> None:
    """A guest that was given no host cannot ask one."""
    with pytest.raises(BadAsk):
        converse(Said(AN_ASK), None, 5)


def test_an_ask_that_is_too_large_is_not_read() -> None:
    """The limit counts before anything is decoded."""
    with pytest.raises(BadAsk):
        read_ask(b'{"kind": "' + b"x" * MAX_ASK_BYTES + b'"}')


def test_a_flood_reaches_the_host_only_so_far() -> None:
    """After a thousand asks the guest is refused without the host."""
    heard: list[int] = []
    line = Said(*[AN_ASK] * (MAX_ASKS + 5), ANSWER)
    converse(line, lambda _: heard.append(1) or {"value": 1}, 60)  # type: ignore[func-returns-value]
    assert len(heard) == MAX_ASKS
    assert [reply.get("refused") for reply in line.replies[-6:]] == [None, *[True] * 5]


def test_a_host_that_is_slow_is_left_alone() -> None:
    """At the deadline the guest is given up; the host's thread ends by itself, and its reply goes nowhere."""
    over = threading.Event()
    line = Said(AN_ASK, ANSWER)
    started = time.monotonic()
    with pytest.raises(ChildSilent):
        converse(line, lambda _: {"value": over.wait(120)}, 0.1)
    assert time.monotonic() - started < 60
    over.set()
    assert line.replies == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_host_that_raises_is_an_error_of_ours() -> None:
    """It is told as such, at once, and not as the guest's failure."""
    with pytest.raises(SandboxError, match="raised"):
        converse(Said(AN_ASK, ANSWER), lambda _: {"value": 1 / 0}, 20)
    for thread in threading.enumerate():
        if thread.name == "host":
            thread.join()


@pytest.mark.parametrize("value", [{1}, float("nan"), "x" * (17 << 20)], ids=["set", "NaN", "large"])
def test_a_reply_that_cannot_cross_is_an_error_for_the_guest(value: object) -> None:
    """No JSON, or too much of it: the guest is told, in few words."""
    assert set(json.loads(written({"value": value}))) == {"error"}


@given(st.text(max_size=20))
def test_plain_names_stay_in_their_folder(name: str) -> None:
    """A plain name has no separator, is not a folder's own name, and has nothing that does not print."""
    if is_plain(name):
        assert "/" not in name
        assert "\\" not in name
        assert "\0" not in name
        assert name not in ("", ".", "..")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("AAAA"),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    )
)
def test_any_envelope_gives_asks_and_artefacts_of_the_right_type(value: Any) -> None:
    """Whatever a guest puts there, asks are objects with a kind, and artefacts are bytes within the limit."""
    asked = read_asked({"asked": value}, SCRIPTED)
    assert all(isinstance(ask["kind"], str) for ask in asked)
    artefacts = read_artefacts({"artefacts": value}, KEPT, 5)
    assert all(is_plain(name) and isinstance(data, bytes) for name, data in artefacts.items())
    assert sum(map(len, artefacts.values())) <= 5


def test_nothing_is_taken_that_was_not_wanted() -> None:
    """Without a script no asks, without a folder for output no artefacts, whatever the guest says."""
    assert read_asked({"asked": [{"kind": "llm"}]}, KEPT) == ()
    assert read_artefacts({"artefacts": {"a": "AAAA"}}, SCRIPTED, 100) == {}


def http(url: str, method: str = "GET") -> dict[str, Any]:
    """An ask for that address."""
    return {"kind": "http", "method": method, "url": url}


@pytest.mark.parametrize(
    ("pattern", "url", "score"),
    [
        ("GET https://a.org/x", "https://a.org/x", 0),
        ("get https://a.org", "https://A.ORG:443/", 0),
        ("GET https://a.org/x?b=1", "https://a.org/x?c=2&b=1", 1),
        ("GET https://a.org/x?b=1&b=1", "https://a.org/x?b=1", -1),
        ("GET https://a.org/x?b=", "https://a.org/x?b=", 1),
        ("GET https://a.org/x?b=%C3%BC", "https://a.org/x?b=ü", 1),
        ("POST https://a.org/x", "https://a.org/x", -1),
        ("GET http://a.org/x", "https://a.org/x", -1),
        ("GET https://a.org:8443/x", "https://a.org/x", -1),
        ("GET https://a.org/x/", "https://a.org/x", -1),
        ("GET https://b.org/x", "https://a.org/x", -1),
        ("https://a.org/x", "https://a.org/x", -1),
        ("", "https://a.org/x", -1),
        ("GET https://a.org:port/x", "https://a.org/x", -1),
    ],
)
def test_an_entry_fits_where_all_it_names_is_in_the_request(pattern: str, url: str, score: int) -> None:
    """Method, scheme, host, port and path are equal; the entry's query is part of the request's."""
    assert fit({"ask": {"http": pattern}, "reply": {}}, http(url)) == score


@given(st.recursive(st.none() | st.integers() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_an_entry_that_is_none_fits_nothing(entry: Any) -> None:
    """Whatever people and models write as an entry, looking at it raises nothing."""
    assert fit({"ask": entry}, http("https://a.org/")) == -1
    assert fit(entry, {"kind": "llm", "prompt": "x"}) == -1


def test_parameters_are_added_to_what_the_address_has() -> None:
    """Lists repeat a name, None leaves it out, truth is written small, and the fragment does not travel."""
    url = with_query("https://a.org/x?z=1#top", {"a": [1, 2], "b": None, "c": True, "d": "ü &"})
    assert url == "https://a.org/x?z=1&a=1&a=2&c=true&d=%C3%BC+%26"


@pytest.mark.parametrize("url", ["", "a.org", "ftp://a.org", "file:///etc/passwd", "https:///x"])
def test_an_address_without_a_web_server_is_refused(url: str) -> None:
    """It is an error at once, in the code."""
    with pytest.raises(ValueError, match="address"):
        with_query(url, None)
