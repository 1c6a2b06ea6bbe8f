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


def test_requests_to_a_model_are_counted():
    """One grant says how many there were."""
    asks = [{"kind": "llm", "prompt": "a"}, {"kind": "llm", "prompt": "b"}]
    assert observed(asks, {}) == ("llm 2",)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["kind", "method", "url", "headers", "body", "name", "way", "prompt"]),
            st.sampled_from(["http", "function", "files", "llm", "in"])
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
