"""What Rocket.Chat's messages and settings mean, without a server."""

import inspect
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests.exceptions
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BadSettings
from integrations import reading as texts
from integrations.chat import _rocketchat_reading as reading
from integrations.chat._rocketchat_ddp import stream_url
from integrations.chat._rocketchat_sending import SIGNS, message_id
from integrations.chat._rocketchat_settings import one_time_code, read_config
from integrations.chat.rocketchat import CHANNEL

US = "our-id"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def message(**more: Any) -> dict[str, Any]:
    """A message as the server has it."""
    return {
        "_id": "m1", "rid": "GENERAL", "msg": "hello", "ts": "2026-11-20T10:00:00.123Z",
        "u": {"_id": "u1", "username": "ann", "name": "Ann"}, "_updatedAt": "2026-11-20T10:00:00.123Z",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-11-20T10:00:00.123Z", datetime(2026, 11, 20, 10, 0, 0, 123000, UTC)),
        ({"$date": 1795168800123}, datetime(2026, 11, 20, 10, 0, 0, 123000, UTC)),
        ("2026-11-20T11:00:00+01:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("yesterday", None), ({"$date": 1e300}, None), ({"$date": True}, None), ({}, None), (None, None),
        ("0001-01-01", None),
    ],
)  # fmt: skip
def test_moments_are_read_as_both_sides_write_them(value, found):
    """Milliseconds of the stream and ISO 8601 of REST; nothing for what is no moment."""
    assert texts.moment(value) == found


def test_a_moment_is_written_as_it_is_read():
    """To the millisecond, in UTC."""
    at = datetime(2026, 11, 20, 10, 0, 0, 123999, UTC)
    assert texts.written(at) == "2026-11-20T10:00:00.123Z"
    assert reading.milliseconds(at) == 1795168800123


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@kowal count these", "count these"),
        ("@Kowal: count these", "count these"),
        ("  @kowal,\ncount", "count"),
        ("please @kowal count @bob", "please count @bob"),
        ("count, @kowal", "count,"),
        ("@kowalski count", "@kowalski count"),
        ("@kowal.x count", "@kowal.x count"),
        ("write to me@kowal", "write to me@kowal"),
        ("what does `@kowal x` mean", "what does `@kowal x` mean"),
        ("```\n@kowal\n``` @kowal", "```\n@kowal\n```"),
        ("@kowal", ""),
        ("@kowal.", "."),
    ],
)
def test_the_mention_is_cut_from_the_text(text, left):
    """At its beginning with the sign after it, in the middle, and neither in code nor out of another word."""
    assert texts.without(text, ["kowal"]) == left


def test_only_the_servers_word_makes_a_mention():
    """By id: a name in the text is none, nor are all, here, and a team of our name."""
    found = [
        {"_id": US, "username": "old-name", "type": "user"},
        {"_id": "all", "username": "all"},
        {"_id": "x", "username": "kowal", "type": "team"},
    ]
    assert reading.mentions(message(mentions=found), US) == ["old-name"]
    assert reading.mentions(message(msg="@kowal", mentions=found[1:]), US) == []
    assert reading.mentions(message(mentions="kowal"), US) == []


@pytest.mark.parametrize(
    "more",
    [
        {"u": {"_id": US, "username": "kowal"}}, {"editedAt": {"$date": 1}}, {"t": "uj"}, {"bot": {"i": "x"}},
        {"t": "e2e"},
    ],
)  # fmt: skip
def test_what_no_person_says_is_told_apart(more):
    """Ours, edited, the server's, an integration's, and what is encrypted."""
    assert reading.is_said_by_a_person(message(), US)
    assert not reading.is_said_by_a_person(message(**more), US)


def test_files_are_told_with_plain_names():
    """Without folders and signs that do not show, and without the server's thumbnails."""
    files = [
        {"_id": "f1", "name": "../../etc/pass\u202ewd.csv", "size": 12},
        {"_id": "f2", "name": "C:\\x\\b ą.png", "size": "large"},
        {"_id": "f3", "name": "thumb-b.png", "typeGroup": "thumb"},
        {"_id": "../f/4?x#y", "name": "..", "size": -1},
        "nonsense",
    ]
    found = reading.attachments(message(files=files))
    assert [(each.name, each.size) for each in found] == [("passwd.csv", 12), ("b ą.png", 0), ("file", 0)]
    assert [each.place for each in found][1:] == [
        "/file-upload/f2/C%3A%5Cx%5Cb%20%C4%85.png", "/file-upload/..%2Ff%2F4%3Fx%23y/..",
    ]  # fmt: skip
    assert [each.name for each in reading.attachments(message(file={"_id": "f", "name": "one.txt"}))] == ["one.txt"]


def test_the_words_of_a_file_are_its_description():
    """Where the message has none of its own."""
    described = message(msg="", attachments=[{"title": "a.csv"}, {"description": "sum these"}])
    assert reading.words_of(described) == "sum these"
    assert reading.words_of(described | {"msg": "own"}) == "own"


def test_thumbs_of_all_colours_are_read():
    """Up and down by each of their names; no other sign is one."""
    reactions = {
        ":+1:": {"usernames": ["ann"]}, ":thumbsup_tone4:": {"usernames": ["bob", 7, ""]},
        ":thumbup:": {"usernames": "x"},
        ":-1:": {"usernames": ["ann"]}, ":thumbsdown:": {"usernames": ["eve"]}, ":+1_tone9:": {"usernames": ["no"]},
        ":tada:": {"usernames": ["no"]}, ":x+1:": {"usernames": ["no"]}, "+1": {"usernames": ["no"]},
    }  # fmt: skip
    found = [(thumb.name, thumb.yes) for thumb in reading.thumbs(message(reactions=reactions))]
    assert found == [("ann", True), ("bob", True), ("ann", False), ("eve", False)]


def test_a_trigger_word_addresses_us():
    """At the beginning, as a word of its own, in either case."""
    words = ["!kowal", "hey bot"]
    assert reading.triggered("!Kowal: count", words) == "count"
    assert reading.triggered("hey bot, count", words) == "count"
    assert reading.triggered("!kowalski count", words) is None
    assert reading.triggered("say !kowal", words) is None
    assert reading.triggered("!kowal", []) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "_id",
    "rid",
    "msg",
    "ts",
    "u",
    "mentions",
    "files",
    "file",
    "attachments",
    "reactions",
    "t",
    "tmid",
    "editedAt",
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_no_message_breaks_the_reader(found):
    """Whatever a server sends is read as something or as nothing."""
    whole = message() | found
    assert isinstance(reading.is_message(found), bool)
    if reading.is_message(whole):
        assert isinstance(reading.author(whole).id, str)
    assert isinstance(texts.without(reading.words_of(whole), ["kowal", *reading.mentions(whole, US)]), str)
    assert all(isinstance(each.name, str) and each.size >= 0 for each in reading.attachments(whole))
    assert all(thumb.name for thumb in reading.thumbs(whole))


@given(st.text())
def test_no_name_leads_out_of_a_folder(name):
    """A file's name is a plain one, whatever it was."""
    found = texts.plain(name)
    assert found
    assert not set(found) & set("/\\\x00\n")
    assert found not in (".", "..")


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_a_letter_has_one_id(one, other):
    """As the server writes ids: 17 letters and digits, the same for the same key."""
    first, second = (message_id(f"{number:064x}") for number in (one, other))
    assert len(first) == 17
    assert set(first) <= set(SIGNS)
    assert (first == second) == (one % len(SIGNS) ** 17 == other % len(SIGNS) ** 17)


def test_the_stream_is_where_the_server_is():
    """Secure where that is, and below the same path."""
    assert stream_url("https://chat.example.org") == "wss://chat.example.org/websocket"
    assert stream_url("http://h:3000/sub") == "ws://h:3000/sub/websocket"


def test_every_fault_of_the_http_library_is_mapped():
    """All that it raises is of the one kind that is caught."""
    own = [
        kind
        for _, kind in inspect.getmembers(requests.exceptions, inspect.isclass)
        if kind.__module__ == "requests.exceptions" and issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]
    assert len(own) > 15
    assert [kind for kind in own if not issubclass(kind, requests.exceptions.RequestException)] == []


def test_codes_are_those_of_the_second_factor():
    """Six digits; none without a secret; what is no secret is an error."""
    assert len(one_time_code(TOTP)) == 6
    assert one_time_code("") == ""
    with pytest.raises(ValueError):
        one_time_code("hush")


def test_secrets_are_not_shown_by_the_settings():
    """Neither as a text nor in an error."""
    section: Mapping[str, Any] = {"url": "http://h", "user_id": "u", "token": "hush-hush", "webhook_token": "hush-too"}
    assert "hush" not in repr(read_config(section)) + str(read_config(section))


def test_settings_that_are_wrong_say_what(tmp_path):
    """Missing, contradicting, unreadable: by the name of the setting, without a value."""
    base = {"url": "https://chat.example.org/sub/"}
    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "url"),
        (base, "`user_id` and `token`"),
        (base | {"user": "kowal", "token": "hush-hush"}, "`user_id` and `token`"),
        (base | {"user_id": "u", "token": "hush-hush", "token_file": "x"}, "not both"),
        (base | {"user_id": "u", "token_file": str(tmp_path / "none")}, "token_file"),
        (base | {"user": "u", "password": "hush-hush", "totp_secret": "hush-hush!"}, "base32"),
        (base | {"user_id": "u", "token": "hush-hush", "totp_secret": TOTP}, "totp_secret"),
        (base | {"user_id": "u", "token": "hush-hush", "listen": "webhook"}, "webhook_token"),
        (base | {"user_id": "u", "token": "hush-hush", "ca_file": str(tmp_path / "none")}, "ca_file"),
        (base | {"user_id": "u", "token": "hush-hush", "tokn": "hush-hush"}, "tokn"),
        ({"url": "https://u:hush-hush@x", "user_id": "u", "token": "t"}, "password"),
        ({"url": "chat.example.org", "user_id": "u", "token": "t"}, "http"),
    ]
    for section, word in bad:
        with pytest.raises(BadSettings) as caught:
            CHANNEL.open(section)
        assert word in str(caught.value), section
        assert "hush" not in f"{caught.value} {caught.value.advice} {caught.value.facts}"
    (tmp_path / "token").write_text("of-a-file\n")
    CHANNEL.open(base | {"user_id": "u", "token_file": str(tmp_path / "token"), "ask": {"rooms": ["general"]}}).close()
