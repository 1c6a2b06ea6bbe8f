"""Several servers of one provider: names, limits, what each has, and what must stay on one's own machines."""

import time

import pytest

from agent.errors import BadSettings, MalformedReply, ModelMissing, ModelTimedOut, ProviderUnavailable, RateLimited
from agent.ports import FREE, NO_LIMITS, Message, ModelRequest, Purpose
from integrations.llm._ollama_models import in_billions
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script
from integrations.llm.ollama import PROVIDER

SECRET = "k3y-that-nobody-sees"
CODER = Model(name="q-coder:7b", parameter_size="7.6B", size=4_700_000_000, context_length=32768)
PLAIN = Model(name="llama3:8b", parameter_size="8.0B", size=4_900_000_000, context_length=8192)
OK = Rule(reply="ok")
VECTORS = Model(name="all-minilm:latest", parameter_size="23M", size=45_000_000, capabilities=("embedding",))


def request(text="go", **more) -> ModelRequest:
    """A request with one message."""
    return ModelRequest(messages=(Message(role="user", content=text),), purpose=Purpose.GENERATE, **more)


def serving(*models, rule=OK) -> FakeOllama:
    """A fake server with these models."""
    return FakeOllama(Script(models=models or (CODER,), rules=(rule,)))


def listed(*servers, **section):
    """The providers of a section with these servers."""
    return PROVIDER.open({"servers": list(servers), **section})


def test_each_listed_server_is_a_provider_with_a_name():
    """They are named `ollama:NAME`, in the order of the settings; `host` is not used."""
    servers = listed({"name": "a", "host": "a:1"}, {"name": "b", "host": "b:1"}, host="c:1")
    assert [each.server.name for each in servers] == ["ollama:a", "ollama:b"]
    assert {each.name for each in servers} == {each.server.provider for each in servers} == {"ollama"}
    assert all(each.server.is_local for each in servers)
    (alone,) = PROVIDER.open({})
    assert (alone.server.name, alone.server.limits) == ("ollama", NO_LIMITS)


@pytest.mark.parametrize(
    "servers",
    [[{"name": "a", "host": "x"}] * 2, [{"name": "a:b", "host": "x"}], [{"name": "", "host": "x"}], [{"name": "a"}]],
    ids=["twice", "colon", "empty", "no host"],
)
def test_servers_that_cannot_be_told_apart_are_refused(servers):
    """A name is needed, of plain characters, and once; and so is an address."""
    with pytest.raises(BadSettings, match="servers"):
        listed(*servers)


@pytest.mark.parametrize(
    ("memory_gb", "params_b", "context"),
    [(8, 5, 4096), (4, 2.5, 4096), (16, 12, 8192), (12, 12, 8192), (24, 18, 16384), (64, 48, 16384)],
)
def test_limits_follow_from_the_memory(memory_gb, params_b, context):
    """What the settings do not say follows from what fits; what they say holds."""
    (one,) = listed({"name": "a", "host": "x", "memory_gb": memory_gb})
    assert (one.server.limits.max_params_b, one.server.limits.max_context) == (params_b, context)
    said = {"memory_gb": memory_gb, "max_params_b": 3, "max_context_k": 2, "concurrency": 2, "deny": "x*, y"}
    (one,) = listed({"name": "a", "host": "x", **said})
    limits = one.server.limits
    assert (limits.max_params_b, limits.max_context, limits.concurrency, limits.deny) == (3, 2048, 2, ("x*", "y"))


def test_a_server_is_as_the_section_says_unless_it_says_otherwise():
    """Limits and times of the section hold for all; a key is for one server alone."""
    with serving() as first, serving() as second:
        one, two = listed(
            {"name": "a", "host": first.url, "api_key": SECRET},
            {"name": "b", "host": second.url, "concurrency": 1, "eur_per_hour": 0.5},
            concurrency=4,
            strict=True,
            api_key="for-the-single-server",
        )
        replies = one.complete(request()), two.complete(request())
        keys = [fake.requests[-1].headers.get("authorization") for fake in (first, second)]
    assert keys == [f"Bearer {SECRET}", None]
    assert [each.server for each in replies] == ["ollama:a", "ollama:b"]
    assert [each.server.limits.concurrency for each in (one, two)] == [4, 1]
    assert [each.server.eur_per_hour for each in (one, two)] == [0, 0.5]
    assert one.server.limits.strict
    assert two.server.limits.strict


def test_the_context_asked_for_never_exceeds_the_limit():
    """A server with little memory is asked for the context that it can bear."""
    with serving() as server:
        (one,) = listed({"name": "a", "host": server.url, "memory_gb": 8}, num_ctx=16384)
        one.complete(request())
        assert server.requests[-1].body["options"]["num_ctx"] == 4096


def test_cards_say_what_the_server_says():
    """Name, digest, size, parameters, context, what it can do; coders first where the settings prefer none."""
    with serving(VECTORS, PLAIN, CODER) as server:
        (one,) = PROVIDER.open({"host": server.url})
        cards = {card.name: card for card in one.cards()}
        first = len(server.requests)
        assert [card.name for card in one.cards()] == list(cards) == [CODER.name, VECTORS.name, PLAIN.name]
        again = [received.path for received in server.requests[first:]]
        (other,) = PROVIDER.open({"host": server.url, "models": "llama3:8b, all-minilm"})
        preferred = [card.name for card in other.cards()]
    coder, vectors = cards[CODER.name], cards[VECTORS.name]
    assert (coder.params_b, coder.size_gb, coder.context, coder.price) == (7.6, 4.7, 32768, FREE)
    assert (coder.writes, coder.embeds, len(coder.digest)) == (True, False, 64)
    assert (vectors.writes, vectors.embeds, vectors.params_b) == (False, True, 0.023)
    assert again == ["/api/tags"]
    assert preferred == [PLAIN.name, VECTORS.name, CODER.name]


def test_forty_models_are_looked_at_in_time():
    """A server with many models tells of all of them within the two seconds that a look may take."""
    with serving(*(Model(name=f"m{number}:1b", parameter_size="1B") for number in range(40))) as server:
        (one,) = PROVIDER.open({"host": server.url})
        started = time.monotonic()
        cards = one.cards()
        assert time.monotonic() - started < 10
    assert len(cards) == 40
    assert sum(card.context == 32768 for card in cards) == 40


def test_cards_of_who_is_away_are_an_error():
    """A server that is not there is told apart from one without models."""
    with pytest.raises(ProviderUnavailable):
        PROVIDER.open({"host": "127.0.0.1:9"})[0].cards()
    with FakeOllama(Script(models=())) as server:
        assert PROVIDER.open({"host": server.url})[0].cards() == ()


@pytest.mark.parametrize(
    ("said", "billions"),
    [("7B", 7), ("7.6B", 7.6), ("137M", 0.137), ("119K", 0.000119), ("1.5T", 1500), ("", None), ("big", None),
     ("1.2.3B", None), ("0B", None)],
)  # fmt: skip
def test_parameters_are_read_as_people_write_them(said, billions):
    """A size that is no number is not known, never zero."""
    assert in_billions(said) == (pytest.approx(billions) if billions else None)


AWAY = (
    Model(name="gpt-oss:120b-cloud"),
    Model(name="mine:latest", remote_host="https://ollama.com:443"),
    Model(name="deepseek:cloud"),
)


@pytest.mark.parametrize("model", [each.name for each in AWAY])
def test_a_local_server_passes_nothing_on(model):
    """Models that Ollama only forwards to its cloud are none of a server that is one's own, by whatever name."""
    with serving(CODER, *AWAY) as server:
        (one,) = PROVIDER.open({"host": server.url})
        assert [card.name for card in one.cards()] == [CODER.name]
        with pytest.raises(ModelMissing, match="elsewhere") as caught:
            one.complete(request(model=model))
        assert all(received.path != "/api/chat" for received in server.requests)
        assert "local = false" in caught.value.advice
        (open_one,) = PROVIDER.open({"host": server.url, "local": False})
        assert model in [card.name for card in open_one.cards()]
        assert open_one.complete(request(model=model)).usage.cost_eur is None
    assert not open_one.server.is_local


@pytest.mark.parametrize("host", ["https://ollama.com", "https://api.ollama.com/x", "ollama.com:443"])
def test_ollamas_own_service_is_not_local(host):
    """Its address decides, whatever the settings say of it."""
    (one,) = PROVIDER.open({"host": host, "local": True})
    assert not one.server.is_local
    assert PROVIDER.open({"host": "https://myollama.com"})[0].server.is_local


@pytest.mark.parametrize(
    ("rule", "limits", "says"),
    [
        (Rule(reply="a b", delay_s=120), {"first_token_timeout_s": 0.3}, "did not begin to reply"),
        (Rule(reply="a b c d", fault="stall"), {"token_timeout_s": 0.3}, "fell silent"),
        (Rule(reply="a b c d", piece_delay_s=0.15), {"timeout_s": 0.4}, "did not finish"),
    ],
    ids=["first token", "next token", "whole"],
)
def test_each_time_limit_ends_the_request_and_is_named(rule, limits, says):
    """Until the reply begins, from piece to piece, and in all."""
    with serving(rule=rule) as server:
        started = time.monotonic()
        with pytest.raises(ModelTimedOut, match=says):
            PROVIDER.open({"host": server.url, **limits})[0].complete(request(model=CODER.name))
    assert time.monotonic() - started < 60


def test_a_short_wait_for_the_first_token_does_not_hurry_the_others():
    """Each limit is its own: a slow reply that began in time goes on."""
    with serving(rule=Rule(reply="a b", piece_delay_s=0.4)) as server:
        (one,) = PROVIDER.open({"host": server.url, "first_token_timeout_s": 0.7, "token_timeout_s": 5})
        reply = one.complete(request(model=CODER.name))
    assert reply.text == "a b"
    assert 0.3 < reply.first_token_s < 0.7 < reply.seconds


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (429, {"Retry-After": "1.5"}, 1.5),
        (429, {"retry-after-ms": "250"}, 0.25),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "inf"}, None),
        (429, {}, None),
        (503, {"Retry-After": "3"}, 3),
    ],
)
def test_a_server_that_wants_to_be_left_alone_says_for_how_long(status, headers, seconds):
    """Seconds, milliseconds or a date; what is none of them is not known."""
    rule = Rule(status=status, error="slow down", headers=headers)
    with serving(rule=rule) as server, pytest.raises(RateLimited, match="slow down") as caught:
        PROVIDER.open({"host": server.url})[0].complete(request(model=CODER.name))
    assert caught.value.retry_after_s == seconds
    assert caught.value.retryable


def test_a_cut_stream_is_worth_asking_again():
    """Half a reply is never handed on, and the error says that another try may help."""
    with serving(rule=Rule(reply="a b c d", fault="cut")) as server:
        heard = []
        with pytest.raises(MalformedReply) as caught:
            PROVIDER.open({"host": server.url})[0].complete(request(model=CODER.name), heard.append)
    assert caught.value.retryable
    assert heard
