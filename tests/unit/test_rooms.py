"""Rooms are named in one strict way, and what may be said in them calls nobody and hides no link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rights.chat import harmless
from agent.rooms import BadRoom, Room, read_room

MENTION = re.compile(r"(^|\s|>)@[0-9a-zA-Z-_.]+", re.MULTILINE)
"""What a server of Rocket.Chat takes for one (apps/meteor/app/mentions/lib/MentionsParser.ts, its usual pattern)."""
HIDDEN_LINK = re.compile(r"\]\([^)]*\)|<[^ \t\n<]+\|[^>]+>")
"""A link whose words are not its address (packages/message-parser, rules References and Image)."""
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,8}", fullmatch=True)
SIGNS = st.text(alphabet="@all here#[]()<>|!`*\n\t \r\u2028\u202e\ufeff\u00a0\x00\x0b://.xż", max_size=40)


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("general", Room(chat="", name="general")),
        ("General", Room(chat="", name="General")),
        ("rocketchat:general", Room(chat="rocketchat", name="general")),
        ("_a.b-c_1", Room(chat="", name="_a.b-c_1")),
        ("7", Room(chat="", name="7")),
    ],
)
def test_a_room_is_named_plainly(text, room):
    """With its chat or without; what is read says itself back."""
    assert read_room(text) == room
    assert str(room) == text


@pytest.mark.parametrize(
    "text",
    [
        None, 7, ["general"], "", " ", "general\n", "general\r\n", " general", "general ", "gen eral", "gen\teral",
        "general\0", "#general", "##general", "@ann", "rocketchat:#general", "../general", "general/../x", "a/b",
        "a\\b", ".", "..", ".general", "-general", "a%2fb", "general?x=1", "general#x", "a&b", "a+b", "*", "gen*",
        "general-*", "g\u0435neral", "gene\u200bral", "general\u202e", "\uff47eneral", "łódź", "a:b:c", ":general",
        "rocketchat:",
        "Rocket:general", "https://x.example", "rocketchat: general", "a" * 101, "\ud800",
    ],
)  # fmt: skip
def test_what_could_pass_for_another_room_is_none(text):
    """White space, marks, folders, queries, patterns, letters that look like others, a chat that is none."""
    with pytest.raises(BadRoom):
        read_room(text)


@pytest.mark.parametrize("text", ["incident-*", "a.*", "rocketchat:team_a-*", "_-*"])
def test_names_that_begin_alike_are_a_pattern(text):
    """Where a pattern may stand at all."""
    assert str(read_room(text, patterns=True)) == text


@pytest.mark.parametrize("text", ["*", "incident*", "-*", "*-a", "a-*-b", "a-**", "a-*\n", "*:a"])
def test_a_pattern_begins_with_a_word_and_ends_after_its_mark(text):
    """Nothing wider, and no star elsewhere."""
    with pytest.raises(BadRoom):
        read_room(text, patterns=True)


@given(st.text(max_size=12))
def test_no_text_makes_the_reader_fail(text):
    """Whatever a guest says, it is a room that says itself back, or a `BadRoom`."""
    try:
        room = read_room(text)
    except BadRoom:
        return
    assert str(room) == text


@given(NAMES, NAMES)
def test_a_room_covers_itself_and_no_other(name, other):
    """Without a pattern only the very name counts, and only in the same chat."""
    assert Room(chat="", name=name).covers(Room(chat="", name=other)) is (name == other)
    assert not Room(chat="", name=name).covers(Room(chat="rocketchat", name=name))


@given(NAMES, NAMES)
def test_a_pattern_covers_what_begins_so(name, other):
    """What follows the beginning is at least one sign."""
    wide = Room(chat="", name=f"{name}-*")
    assert wide.covers(Room(chat="", name=f"{name}-{other}"))
    assert wide.covers(wide)
    assert not wide.covers(Room(chat="", name=f"{name}-"))
    assert wide.covers(Room(chat="", name=other)) is (other.startswith(f"{name}-") and other != f"{name}-")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**bold** `code` _it_\n- a\n> b", "**bold** `code` _it_\n- a\n> b"),
        ("write to ann@example.org", "write to ann@example.org"),
        ("@all look", "@\u200dall look"),
        ("```\n@here\n```", "```\n@\u200dhere\n```"),
        ("a >@all", "a >@\u200dall"),
        ("@\u200dall", "@\u200d\u200dall"),
        ("a\u2028@all", "a@all"),
        ("\ufeff@all", "@\u200dall"),
        ("\u202etxt.exe", "txt.exe"),
        ("[https://bank.example](https://evil.example)", "[https://bank.example] (https://evil.example)"),
        ("![](https://evil.example/?data)", "![] (https://evil.example/?data)"),
        ("<https://evil.example|bank>", "< https://evil.example|bank>"),
        ("<https://evil.example/<x|bank>", "<https://evil.example/< x|bank>"),
        ("a\r\nb\tc", "a\nb\tc"),
    ],
)
def test_a_text_is_made_harmless_and_stays_what_it_was(text, said):
    """Only what would call somebody, hide an address or turn the reading is changed."""
    assert harmless(text) == said


@given(SIGNS)
def test_no_text_calls_anybody_or_hides_a_link(text):
    """Whatever it is put together from: what servers look for is not in it, also when it is done twice."""
    said = harmless(text)
    assert not MENTION.search(said)
    assert not HIDDEN_LINK.search(said)
    assert harmless(said).replace("\u200d", "") == said.replace("\u200d", "")
