"""What a specification may say of the host, and the grants that follow from what was asked of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.exchanges import Exchange, fault_of
from agent.rights.grants import parse
from agent.rights.observed import observed
from agent.specification import Specification
from agent.specification import fault_of as specification_fault
from agent.types import Task

RATES = {"ask": {"http": "GET https://api.example.org/v1/rates?base=EUR"}, "reply": {"json": {"USD": 1.1}}}


def specified(signature="async def rate(base: str) -> float", **more):
    """A specification of a function that asks for exchange rates."""
    return Specification.model_validate(
        {"name": "rate", "description": "Give the rate.", "signature": signature, "host": [RATES], **more}
    )


@pytest.mark.parametrize(
    "exchange",
    [
        RATES,
        {"ask": {"http": "POST http://127.0.0.1:8080/x"}, "reply": {"status": 201, "text": "", "headers": {}}},
        {"ask": {"llm": "translate"}, "reply": {"text": "hello"}},
        {"ask": {"function": "slugify", "arguments": {"text": "A"}}, "reply": {"value": "a"}},
        {"ask": {"llm": "translate"}, "reply": {"error": "the budget is used up"}},
        {"ask": {"chat": "post general part of the message"}, "reply": {"done": True}},
        {"ask": {"chat": "upload rocketchat:general a.csv"}, "reply": {"error": "the room is gone"}},
        {"ask": {"chat": "create incident-7 private"}, "reply": {"done": True}},
        {"ask": {"chat": "call general"}, "reply": {"url": "https://meet.example.org/1"}},
        {"ask": {"llm": "call me"}, "reply": {"text": "hello"}},
        {
            "ask": {"codehost": "gitlab issue platform/tools part of the title"},
            "reply": {"value": "https://g.example/1"},
        },
        {"ask": {"codehost": "gitlab project platform/new"}, "reply": {"error": "there is one"}},
        {"ask": {"codehost": "gitlab commit platform/tools fix-1 Mend it"}, "reply": {"value": "c0ffee"}},
        {"ask": {"codehost": "gitlab pipeline platform/tools main"}, "reply": {"value": None}},
    ],
)
def test_an_ask_with_its_reply_is_understood(exchange):
    """Each kind of ask, with what can be replied to it."""
    assert fault_of(Exchange.model_validate(exchange)) == ""


@pytest.mark.parametrize(
    ("exchange", "named"),
    [
        ({"ask": {}, "reply": {"text": "a"}}, "exactly one"),
        ({"ask": {"http": "GET https://a.example", "llm": "b"}, "reply": {"text": "a"}}, "exactly one"),
        ({"ask": {"http": ["GET"]}, "reply": {"text": "a"}}, "exactly one"),
        ({"ask": {"http": "https://a.example"}, "reply": {"text": "a"}}, "method"),
        ({"ask": {"http": "GET file:///etc/passwd"}, "reply": {"text": "a"}}, "http or https"),
        ({"ask": {"http": "GET https://user:word@a.example/"}, "reply": {"text": "a"}}, "without a user"),
        ({"ask": {"http": "GET https://a.example:99999/"}, "reply": {"text": "a"}}, "cannot be read"),
        ({"ask": {"http": "GET https://a.example"}, "reply": {}}, "may hold"),
        ({"ask": {"http": "GET https://a.example"}, "reply": {"body": "a"}}, "may hold"),
        ({"ask": {"llm": "translate"}, "reply": {"json": {}}}, "may hold"),
        ({"ask": {"chat": "shout general"}, "reply": {"done": True}}, "post, upload, call, create"),
        ({"ask": {"chat": ""}, "reply": {"done": True}}, "post, upload, call, create"),
        ({"ask": {"chat": "post"}, "reply": {"done": True}}, "is no room"),
        ({"ask": {"chat": "post #general"}, "reply": {"done": True}}, "without `#`"),
        ({"ask": {"chat": "create incident-* private"}, "reply": {"done": True}}, "is no room"),
        ({"ask": {"chat": "post general"}, "reply": {"url": "https://meet.example.org"}}, "done, error"),
        ({"ask": {"chat": "call general"}, "reply": {"done": True}}, "error, url"),
        ({"ask": {"codehost": ""}, "reply": {"value": ""}}, "named as in the settings"),
        ({"ask": {"codehost": "gitlab"}, "reply": {"value": ""}}, "project, issue, merge-request"),
        ({"ask": {"codehost": "gitlab issue"}, "reply": {"value": ""}}, "a text of at most"),
        ({"ask": {"codehost": "gitlab issue tools"}, "reply": {"value": ""}}, "whole path"),
        ({"ask": {"codehost": "gitlab project new"}, "reply": {"value": ""}}, "whole path"),
        ({"ask": {"codehost": "gitlab commit platform/tools"}, "reply": {"value": ""}}, "a branch"),
        ({"ask": {"codehost": "gitlab issue platform/tools"}, "reply": {"url": ""}}, "error, value"),
    ],
)
def test_what_cannot_be_asked_or_replied_is_told_its_author(exchange, named):
    """The fault says what is wrong, in words that help to mend it."""
    assert named in fault_of(Exchange.model_validate(exchange))


def test_a_function_that_asks_waits_for_the_answer():
    """A specification with a host needs `async def`, in whatever form it asks."""
    assert specification_fault(specified(), Task(text="the rate"), {}) == ""
    plain = specified("def rate(base: str) -> float")
    assert "async def" in specification_fault(plain, Task(text="the rate"), {})
    calling = specified("def rate(base: str) -> float", host=[], functions=["slugify"])
    assert "async def" in specification_fault(calling, Task(text="the rate"), {})


def http(method, url, **more):
    """An ask for a page."""
    return {"kind": "http", "method": method, "url": url, **more}


def at_host(what, **more):
    """An ask for an act at a code host."""
    return {"kind": "codehost", "host": "gitlab", "act": what, "project": "platform/tools", **more}


@pytest.mark.parametrize(
    ("ask", "grants"),
    [
        (http("GET", "https://api.example.org/v1?q=1"), ("http GET api.example.org",)),
        (http("get", "https://API.example.org:443/"), ("http GET api.example.org",)),
        (http("POST", "https://api.example.org:8443/"), ("http POST https://api.example.org:8443",)),
        (http("GET", "http://127.0.0.1:8080/v1"), ("http GET http://127.0.0.1:8080",)),
        (http("GET", "http://[::1]:8080/v1"), ("http GET http://[::1]:8080",)),
        ({"kind": "function", "name": "slugify", "arguments": {}}, ("function slugify 1.2.0",)),
        ({"kind": "files", "way": "in", "name": "a.csv"}, ("files in",)),
        ({"kind": "llm", "prompt": "a"}, ("llm 1",)),
        (at_host("issue", title="a"), ("gitlab issue platform/tools",)),
        (at_host("merge-request", source="a", target="main"), ("gitlab merge-request platform/tools",)),
        (at_host("commit", branch="fix-1", files={}), ("gitlab commit platform/tools fix-1",)),
        (at_host("pipeline", ref="main"), ("gitlab pipeline platform/tools",)),
        (at_host("log", job=7), ("gitlab log platform/tools",)),
        (at_host("project"), ("gitlab project platform",)),
        (at_host("commit", branch="fix-*"), ()),
        (at_host("commit"), ()),
        (at_host("delete"), ()),
        (at_host("issue") | {"host": ["gitlab"]}, ()),
        (at_host("issue") | {"project": "platform/../secret"}, ()),
        (http("GET", "file:///etc/passwd"), ()),
        (http("GET", "https://a.example:99999/"), ()),
        ({"kind": "function", "name": "unknown", "arguments": {}}, ()),
        ({"kind": ["http"]}, ()),
        ({}, ()),
    ],
)
def test_each_ask_becomes_the_grant_that_allows_it_and_no_more(ask, grants):
    """Method, host and port, version, direction: as they were asked for; and the grant can be read."""
    assert observed([ask], {"slugify": "1.2.0"}) == grants
    assert [str(parse(grant)) for grant in grants] == list(grants)


def test_a_secret_is_granted_for_the_host_it_was_sent_to():
    """Whether it went in the address, a header or the body; and to no other host."""
    body = base64.b64encode(b'{"key": "scripted-secret-BODY_KEY"}').decode()
    asks = [
        http("GET", "https://a.example/?key=scripted-secret-URL_KEY"),
        http("GET", "https://b.example/", headers={"authorization": "Bearer scripted-secret-TOKEN"}),
        http("POST", "https://c.example/", body=body),
        {"kind": "secret", "name": "NEVER_SENT"},
    ]
    assert [grant for grant in observed(asks, {}) if grant.startswith("secret")] == [
        "secret BODY_KEY c.example",
        "secret TOKEN b.example",
        "secret URL_KEY a.example",
    ]


def act(what, room, **more):
    """An ask for an act in a chat."""
    return {"kind": "chat", "act": what, "room": room, **more}


def made(*names, private=True):
    """Asks for rooms of these names."""
    return [act("create", name, members=[], private=private) for name in names]


@pytest.mark.parametrize(
    ("asks", "grants"),
    [
        ([act("post", "general", text="a"), act("post", "general", text="b")], ["chat post general"]),
        ([act("call", "rocketchat:a", title="b"), act("upload", "b")], ["chat call rocketchat:a", "chat upload b"]),
        ([act("post", "#general"), act("shout", "general"), act("post", None), act("create", "a")], []),
        ([act("create", "a", private="yes")], []),
        (made("incident-7"), ["chat create incident-7 private"]),
        (made("incident-7", "incident-8"), ["chat create incident-* private"]),
        (made("log-2026-11", "log-2027-01", private=False), ["chat create log-* public"]),
        (made("log-2026-11", "log-2026-12"), ["chat create log-2026-* private"]),
        (made("a-1") + made("a-2", private=False), ["chat create a-1 private", "chat create a-2 public"]),
        (made("a-1", "b-1"), ["chat create a-1 private", "chat create b-1 private"]),
        (made("a-1", "x:a-2"), ["chat create a-1 private", "chat create x:a-2 private"]),
        (made("team", "team-a"), ["chat create team private", "chat create team-a private"]),
        (made("a-", "a-b"), ["chat create a- private", "chat create a-b private"]),
        (made("_a", "_b"), ["chat create _a private", "chat create _b private"]),
    ],
)
def test_acts_in_a_chat_become_grants_for_their_rooms(asks, grants):
    """Each room by its name; rooms that are made by what their names have in common, where there are several."""
    assert list(observed(asks, {})) == grants
    assert [str(parse(grant)) for grant in grants] == grants
    wanted = [parse(f"chat create {ask['room']} {'private' if ask['private'] else 'public'}") for ask in asks
              if ask["act"] == "create" and isinstance(ask.get("private"), bool)]  # fmt: skip
    assert all(any(parse(grant).covers(one) for grant in grants) for one in wanted)


def test_requests_to_a_model_are_counted():
    """One grant says how many there were."""
    asks = [{"kind": "llm", "prompt": "a"}, {"kind": "llm", "prompt": "b"}]
    assert observed(asks, {}) == ("llm 2",)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["kind", "method", "url", "headers", "body", "name", "way", "prompt", "act", "room"]),
            st.sampled_from(["http", "function", "files", "llm", "in", "chat", "post", "create", "a-1"])
            | st.text(max_size=20)
            | st.none()
            | st.integers(),
        ),
        max_size=4,
    )
)
def test_whatever_a_guest_says_it_asked_is_read(asks):
    """The asks are the guest's word: nothing in them makes the reading fail."""
    assert all(isinstance(grant, str) for grant in observed(asks, {}))
