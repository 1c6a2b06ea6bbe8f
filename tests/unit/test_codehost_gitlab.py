"""The parts of GitLab's file that ask nobody: settings, what its JSON means, webhooks, what is never an order to it."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import BadSettings
from agent.talking.channel import Person
from integrations.codehost._gitlab_known import roles_of
from integrations.codehost._gitlab_reading import (
    Asking,
    asking,
    key_in,
    marked,
    mentions,
    path_in,
    read_review,
    seconds_spent,
    thread_of,
    uploads,
)
from integrations.codehost._gitlab_sending import harmless, line
from integrations.codehost._gitlab_settings import named_projects, read_config
from integrations.codehost._gitlab_webhook import Hint, is_signed, read_hint

US = Person(id="7", name="kowal")
URL = "https://git.example/sub"
SECRET = "0123456789abcdef0123456789abcdef"
SECTION = {"url": f"{URL}/", "token": "glpat-secret"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"url": "git.example"}, "url"),
        ({"url": "https://user:pass@git.example"}, "url"),
        ({"token": ""}, "token"),
        ({"token": "gl pat"}, "token"),
        ({"token_file": "/nowhere"}, "token"),
        ({"token": "", "token_file": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"ca_file": "/nowhere.pem"}, "ca_file"),
        ({"webhook_port": 8080}, "webhook_secret"),
        ({"proxy": "proxy.example:3128"}, "proxy"),
        ({"no_such_key": 1}, "no_such_key"),
        ({"poll_s": 0}, "poll_s"),
    ],
)
def test_wrong_settings_are_named_without_their_values(more, word):
    """Each fault names its key, and no secret."""
    with pytest.raises(BadSettings) as caught:
        read_config(SECTION | more)
    assert word in str(caught.value)
    assert "glpat-secret" not in f"{caught.value} {caught.value.advice} {caught.value.facts}"


def test_the_section_is_shared_with_what_every_host_has(tmp_path):
    """What every code host has is no key of the server's; projects are named without slashes around them."""
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    section = {"url": URL, "token_file": str(file), "projects": ["/a/b/", "7"], "ask": {"roles": ["guest"]}}
    config = read_config(section)
    assert (config.secrets["token"], config.url, config.poll_s) == ("from-a-file", URL, 30)
    assert named_projects(section) == ("a/b", "7")
    assert "from-a-file" not in repr(config)


def test_threads_have_names():
    """A project's id and a thread's name make a path; anything else is none."""
    internal = thread_of("3", "issues/14/internal")
    assert internal is not None
    assert (internal.path, internal.name, internal.is_internal) == ("3/issues/14", "issues/14/internal", True)
    request = thread_of("3", "merge_requests/5")
    assert request is not None
    assert request.place.thread == "merge_requests/5"
    for room, name in (("3", ""), ("3", "issues/0"), ("3", "epics/1"), ("a/b", "issues/1"), ("3", "issues/1/../2")):
        assert thread_of(room, name) is None
    assert path_in("3/issues/14/notes/9") == "3/issues/14/notes/9"
    assert path_in("3/issues/14@2026-01-06T00:00:00.5+00:00") == "3/issues/14"
    for wrong in (
        "note/9",
        "3/issues/14/notes/9/award_emoji",
        "../user",
        "3/issues/14?x=1",
        "3/issues/1\n",
        "3/issues/1@x/../..",
    ):
        assert path_in(wrong) == ""


def test_uploads_of_this_project_are_found_in_every_form():
    """Relative, with the project's id or path, absolute; those of other projects and servers are not fetched."""
    text = f"""[a](/uploads/{SECRET}/a%20b.csv) ![i](/uploads/{SECRET}/c d.png)
    {URL}/group/app/uploads/{SECRET}/e.txt {URL}/-/project/3/uploads/{SECRET}/f.txt /-/project/3/uploads/{SECRET}/g
    {URL}/other/app/uploads/{SECRET}/no.txt https://evil.example/uploads/{SECRET}/no.txt
    /-/project/4/uploads/{SECRET}/no.txt /uploads/short/no.txt"""
    found = uploads(text, "3", "group/app", URL)
    assert [each.name for each in found] == ["a b.csv", "c d.png", "e.txt", "f.txt", "g"]
    assert found[0].place == f"projects/3/uploads/{SECRET}/a%20b.csv"
    assert uploads(f"/uploads/{SECRET}/..%2F..%2Fuser", "3", "g/a", URL)[0].place.endswith("/..%2F..%2Fuser")


@pytest.mark.parametrize(
    ("text", "is_called"),
    [
        ("@kowal do", True), ("please, @Kowal.", True), ("(@kowal)", True), ("@kowal-bot do", False),
        ("@kowal.x do", False), ("a@kowal", False), ("`@kowal`", False), ("```\n@kowal\n```", False), ("kowal", False),
        ("group/@kowal", False),
    ],
)  # fmt: skip
def test_we_are_called_outside_of_code_and_by_our_whole_name(text, is_called):
    """As GitLab takes mentions."""
    assert mentions(text, "kowal") is is_called


def note(body, *, by=5, system=True):
    """A note."""
    author = {"id": by, "username": f"user{by}"}
    return {"id": 1, "body": body, "system": system, "author": author, "created_at": f"2026-01-0{by}T00:00:00Z"}


def test_who_assigned_an_issue_is_the_servers_word():
    """The newest system note that says so; what people write like one is not."""
    newest_first = [
        note("assigned to @kowal", by=9, system=False),
        note("unassigned @kowal", by=8),
        note("assigned to @ann and unassigned @kowal", by=8),
        note("assigned to @ann and @kowal", by=6),
        note("assigned to @kowal", by=5),
    ]
    at = datetime(2026, 1, 6, tzinfo=UTC)
    assert asking(newest_first, US) == Asking(by=Person(id="6", name="user6"), at=at)
    assert asking([note("assigned to @kowal-bot")], US) is None


def test_whoever_opens_an_issue_again_asks_again():
    """By the server's word."""
    found = asking([note("reopened", by=7, system=False), note("reopened", by=6), note("assigned to @kowal", by=5)], US)
    assert found == Asking(by=Person(id="6", name="user6"), at=datetime(2026, 1, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("added 1m 5s of time spent", 65), ("added 1d 2h of time spent at 2026-11-21", 36_000),
        ("added 1mo of time spent", 576_000), ("subtracted 1m of time spent", 0), ("added 5 of time spent", 0),
    ],
)  # fmt: skip
def test_time_spent_is_read_as_the_server_writes_it(body, seconds):
    """A day has eight hours."""
    assert seconds_spent(note(body)) == seconds
    assert seconds_spent(note(body, system=False)) == 0


def test_a_key_stands_at_the_end_and_nowhere_else():
    """A marker that somebody quotes within their words is none."""
    key = "ab" * 32
    assert key_in(marked("text", key)) == key
    assert key_in(f"> {marked('text', key)}\n\nsays who?") == ""


@pytest.mark.parametrize("order", ["/close", "/assign @kowal", "/label ~x", "/spend 1h", "/merge", "/confidential"])
@pytest.mark.parametrize(
    "place", ["{}", "a\n{}", "a\n\n  {}\nb", "```\n{}\n```", "a\r\n{}", "a\u2028{}", "- x\n{}", "\t{}"]
)
def test_nothing_that_is_said_is_an_order(order, place):
    """No line begins with a slash and a word, in code or outside; nothing else is changed."""
    said = harmless(place.format(order))
    assert not any(each.lstrip().startswith("/") for each in said.splitlines())
    assert said.replace("\N{ZERO WIDTH JOINER}", "") == place.format(order)
    assert harmless("a /close b\n1/2\n/ 3 //") == "a /close b\n1/2\n/ 3 //"


def test_titles_are_one_line():
    """Not longer than GitLab takes."""
    assert line("a\nb  c") == "a b c"
    assert len(line("x" * 300)) == 255


def test_roles_are_those_up_to_the_members_own():
    """None for who is blocked, not let in yet, or whose time is over."""
    assert roles_of({"access_level": 30, "state": "active"}) == {"guest", "planner", "reporter", "developer"}
    assert "owner" in roles_of({"access_level": 50, "state": "active", "membership_state": "active"})
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    for gone in (
        {"state": "blocked"},
        {"membership_state": "awaiting"},
        {"expires_at": yesterday},
        {"access_level": 5},
    ):
        assert roles_of({"access_level": 40, "state": "active"} | gone) == set()


def test_a_review_says_how_it_came_in():
    """By a commit of its own, as one squashed commit, or as its own commits."""
    row = {"project_id": 3, "iid": 5, "sha": "aaa", "state": "merged", "merge_user": {"id": 5, "username": "ann"}}
    assert read_review(row | {"merge_commit_sha": "mmm"}).merge_commit == "mmm"
    assert read_review(row | {"squash_commit_sha": "sss", "merge_commit_sha": None}).merge_commit == "sss"
    assert read_review(row | {"merge_commit_sha": "aaa"}).merge_commit == ""
    assert read_review(row).decided_by == Person(id="5", name="ann")
    closed = read_review(row | {"state": "closed", "closed_by": {"id": 6, "username": "bob"}})
    assert (closed.state, closed.merge_commit, closed.decided_by) == ("closed", "", Person(id="6", name="bob"))
    assert read_review(row | {"state": "locked"}).decided_by is None


KEY = b"a key of twenty-four by!"


def signature(body, at, key=KEY, identity="id-1"):
    """As Standard Webhooks has it."""
    made = hmac.new(key, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def test_signatures_are_those_of_standard_webhooks():
    """One of several is enough; a wrong one, an old one, another body and a missing header are not."""
    now, body = 1_763_000_000.0, b'{"a": 1}'
    signing = f"whsec_{base64.b64encode(KEY).decode()}"
    headers = {
        "webhook-id": "id-1",
        "webhook-timestamp": "1763000000",
        "webhook-signature": signature(body, 1_763_000_000),
    }
    assert is_signed(body, headers, signing, now)
    assert is_signed(
        body, headers | {"webhook-signature": f"v1,AAAA v2,x {headers['webhook-signature']}"}, signing, now
    )
    assert is_signed(body, headers, signing, now + 299)
    assert not is_signed(body, headers, signing, now + 301)
    assert not is_signed(body, headers, signing, now - 301)
    assert not is_signed(body + b" ", headers, signing, now)
    assert not is_signed(body, headers | {"webhook-id": "id-2"}, signing, now)
    assert not is_signed(body, headers | {"webhook-timestamp": "soon"}, signing, now)
    assert not is_signed(body, {}, signing, now)
    plain = headers | {"webhook-signature": signature(body, 1_763_000_000, key=b"no base64!")}
    assert is_signed(body, plain, "no base64!", now)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ({"object_kind": "issue", "object_attributes": {"iid": 4}}, Hint(room="3", kind="issues", iid=4)),
        ({"object_kind": "work_item", "object_attributes": {"iid": 4}}, Hint(room="3", kind="issues", iid=4)),
        (
            {"object_kind": "note", "object_attributes": {"id": 9, "noteable_type": "Issue"}, "issue": {"iid": 4}},
            Hint(room="3", kind="issues", iid=4, note=9),
        ),
        (
            {"object_kind": "note", "object_attributes": {"id": 9, "noteable_type": "MergeRequest"},
             "merge_request": {"iid": 5}},
            Hint(room="3", kind="merge_requests", iid=5, note=9),
        ),
        ({"object_kind": "note", "object_attributes": {"id": 9, "noteable_type": "Commit"}}, None),
        (
            {"object_kind": "emoji", "note": {"id": 9, "noteable_type": "Issue"}, "issue": {"iid": 4}},
            Hint(room="3", kind="issues", iid=4, note=9),
        ),
        (
            {"object_kind": "merge_request", "object_attributes": {"iid": 5}},
            Hint(room="3", kind="merge_requests", iid=5),
        ),
        ({"object_kind": "push"}, Hint(room="3")),
        ({"object_kind": "pipeline"}, Hint()),
        ({"object_kind": "wiki_page"}, None),
        ({"object_kind": "issue", "object_attributes": {"iid": "4/../../user"}}, None),
        ({"object_kind": "issue", "object_attributes": {"iid": -4}}, None),
        ({"object_kind": "issue", "object_attributes": []}, None),
    ],
)  # fmt: skip
def test_a_webhook_says_where_to_look_and_nothing_else(said, hint):
    """Whole numbers are all that is taken from it."""
    assert read_hint({"project": {"id": 3}} | said) == hint


def test_a_webhook_without_a_project_says_nothing():
    """Whatever else it holds."""
    for said in ({}, {"object_kind": "issue"}, {"object_kind": "issue", "project": {"id": "3"}}, {"project": None}):
        assert read_hint(said) is None
