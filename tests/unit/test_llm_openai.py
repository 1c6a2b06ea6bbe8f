"""The OpenAI provider: addresses, options that a server refuses, prices, and what servers say beyond the API."""

import logging
import subprocess
import sys

import pytest

from agent.errors import BadSettings, MalformedReply, ModelError, ModelMissing, ProviderUnavailable
from agent.ports import FREE, Message, ModelRequest, Price, Purpose
from integrations.llm import openai as ours
from integrations.llm.fake_openai import FakeOpenAI, Model, Rule, Script

openai = pytest.importorskip("openai", reason="the extra kowal[openai] is not installed")
PROVIDER = ours.PROVIDER
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


def request(text="go", **more) -> ModelRequest:
    """A request with one message."""
    return ModelRequest(messages=(Message(role="user", content=text),), purpose=Purpose.GENERATE, **more)


def serving(*rules, models=("gpt-5",)) -> FakeOpenAI:
    """A fake server with these replies."""
    return FakeOpenAI(Script(models=tuple(Model(name=name) for name in models), rules=rules))


def opened(server, **section):
    """The provider on that server."""
    return PROVIDER.open({"base_url": f"{server.url}/v1", **section})[0]


@pytest.mark.parametrize("given", ["", "x", "ftp://x/v1", "https://user:pass@x/v1", "https:///v1"])
def test_what_is_no_address_is_refused(given):
    """An address that cannot be used is an error of the settings that names the key and not the value."""
    with pytest.raises(BadSettings, match="'base_url'") as caught:
        PROVIDER.open({"base_url": given})
    assert "pass@" not in str(caught.value)


def test_a_service_is_not_local_unless_the_settings_say_so():
    """Each of several servers says it for itself."""
    servers = PROVIDER.open(
        {
            "servers": [
                {"name": "vllm", "base_url": "http://gpu:8000/v1/", "local": True, "memory_gb": 24},
                {"name": "groq", "base_url": "https://api.groq.com/openai/v1"},
            ]
        }
    )
    assert [(each.server.name, each.server.is_local) for each in servers] == [
        ("openai:vllm", True),
        ("openai:groq", False),
    ]
    assert servers[0].server.limits.max_params_b == 18
    (alone,) = PROVIDER.open({})
    assert (alone.server.name, alone.server.is_local) == ("openai", False)


PRICES = {"gpt-5": {"input_eur": 1, "output_eur": 10}, "gpt-*": {"input_eur": 2, "output_eur": 2}}


@pytest.mark.parametrize(
    ("model", "local", "price"),
    [
        ("gpt-5", False, Price(input_eur=1, output_eur=10)),
        ("gpt-4o", False, Price(input_eur=2, output_eur=2)),
        ("other", False, None),
        ("other", True, FREE),
    ],
)
def test_a_price_is_the_settings_or_unknown(model, local, price):
    """The first pattern that fits; one's own server is free; what nobody says is unknown and not nothing."""
    with serving(Rule(reply="a b c"), models=(model,)) as server:
        provider = opened(server, prices=PRICES, local=local)
        (card,) = provider.cards()
        used = provider.complete(request("one two")).usage
    assert card.price == price
    cost = None if price is None else (2 * price.input_eur + 3 * price.output_eur) / 1e6
    assert used.cost_eur == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    ("said", "gone", "comes"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens'.", "max_tokens",
         "max_completion_tokens"),
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature", None),
        ("response_format json_schema is not supported", "response_format", None),
        ("Unrecognized request argument supplied: stream_options", "stream_options", None),
        ("Unrecognized request argument supplied: seed", "seed", None),
    ],
)  # fmt: skip
def test_an_option_that_is_refused_is_left_out_from_then_on(said, gone, comes, caplog):
    """It is asked again at once without it, or by its other name; that is said once, and remembered."""
    rules = Rule(status=400, error=said, times=1), Rule(reply="ok")
    with serving(*rules) as server, caplog.at_level(logging.WARNING, logger="kowal"):
        provider = opened(server)
        for _ in range(2):
            assert provider.complete(request(schema=SCHEMA, seed=1, model="gpt-5")).text == "ok"
        first, second, third = (received.body for received in server.requests)
    assert gone in first
    assert gone not in second
    assert second == third
    assert comes is None or second[comes] == first[gone]
    assert [record.getMessage() for record in caplog.records if gone in record.getMessage()] != []
    assert len(caplog.records) == 1


def test_what_is_refused_for_another_reason_is_not_asked_again():
    """A bad request is an error; who refuses everything is asked as often as there are options to leave out."""
    with serving(Rule(status=400, error="no")) as server:
        with pytest.raises(ModelError, match="400"):
            opened(server).complete(request(model="gpt-5"))
        assert len(server.requests) == 1
    with serving(Rule(status=400, error="temperature max_tokens max_completion_tokens stream_options")) as server:
        with pytest.raises(ModelError):
            opened(server).complete(request(model="gpt-5"))
        assert len(server.requests) <= 5


CARDS = b"""{"object": "list", "data": [
  {"id": "q-coder", "object": "model", "created": 1, "owned_by": "x",
   "meta": {"n_params": 7600000000, "n_ctx_train": 32768, "size": 4700000000}},
  {"id": "vllm", "object": "model", "created": 1, "owned_by": "x", "max_model_len": 8192},
  {"id": "router/x", "object": "model", "created": 1, "owned_by": "x", "context_length": 128000},
  {"id": "text-embedding-3-small", "object": "model", "created": 1, "owned_by": "x"},
  {"id": "whisper-1", "object": "model", "created": 1, "owned_by": "x", "meta": null, "context_length": "far"}
]}"""


def test_cards_have_what_servers_say_beyond_the_api(monkeypatch):
    """llama.cpp, vLLM and OpenRouter each in their own words; what a model is for is in its name."""
    with serving() as server:
        monkeypatch.setitem(FakeOpenAI.dialect.routes, ("GET", "/v1/models"), CARDS)
        cards = {card.name: card for card in opened(server).cards()}
        chosen = opened(server, models="vllm, gone, q-coder", embed_model="text-embedding-3-small").cards()
    assert next(iter(cards)) == "q-coder"
    coder = cards["q-coder"]
    assert (coder.params_b, coder.size_gb, coder.context) == (7.6, 4.7, 32768)
    assert (cards["vllm"].context, cards["router/x"].context, cards["whisper-1"].context) == (8192, 128000, None)
    assert [name for name, card in cards.items() if not card.writes] == ["text-embedding-3-small", "whisper-1"]
    assert [name for name, card in cards.items() if card.embeds] == ["text-embedding-3-small"]
    assert [card.name for card in chosen] == ["vllm", "q-coder", "text-embedding-3-small"]


@pytest.mark.parametrize("said", [b"", b"[]", b'{"data": 5}', b'{"data": [5]}', b"\xff", b'{"data": null}', b"{}"])
def test_a_list_of_models_that_is_none_is_an_error_of_ours(said, monkeypatch):
    """Whatever a server sends for it is told apart from a list, and never a crash."""
    with serving() as server:
        monkeypatch.setitem(FakeOpenAI.dialect.routes, ("GET", "/v1/models"), said)
        with pytest.raises(MalformedReply) as caught:
            opened(server).cards()
    assert caught.value.advice


def test_a_model_without_a_name_is_none(monkeypatch):
    """The others count."""
    with serving() as server:
        said = b'{"data": [{}, {"id": null}, {"id": "a"}]}'
        monkeypatch.setitem(FakeOpenAI.dialect.routes, ("GET", "/v1/models"), said)
        assert [card.name for card in opened(server).cards()] == ["a"]


@pytest.mark.parametrize("said", [b'{"data": []}', b'{"data": [{"index": 0, "embedding": []}]}', b'{"data": 5}', b"oh"])
def test_vectors_that_are_none_are_refused(said, monkeypatch):
    """Too few, empty, or no list: none of them is compared with anything."""
    with serving() as server:
        monkeypatch.setitem(FakeOpenAI.dialect.routes, ("POST", "/v1/embeddings"), said)
        with pytest.raises(MalformedReply):
            opened(server, embed_model="e").embed(["red"])


def test_without_a_model_for_vectors_there_are_none():
    """A model that writes is not asked for vectors."""
    with serving() as server, pytest.raises(ModelMissing):
        opened(server).embed(["red"])


def test_a_missing_model_says_what_is_there():
    """The error lists the server's models."""
    with serving() as server, pytest.raises(ModelMissing, match="gpt-5"):
        opened(server).complete(request(model="gone"))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (Rule(status=402, error="Insufficient credits"), ProviderUnavailable),
        (Rule(status=429, error="You exceeded your current quota (insufficient_quota)"), ProviderUnavailable),
        (Rule(status=307, headers={"Location": "http://192.0.2.1/"}), ProviderUnavailable),
        (Rule(status=200, reply="a b c d", fault="endless-line"), MalformedReply),
    ],
    ids=["no credit", "no quota", "redirect", "endless line"],
)
def test_faults_of_services_have_their_errors(rule, error, monkeypatch):
    """An empty account is no busy one; a redirect is not followed; a line without end fills no memory."""
    monkeypatch.setattr("integrations.llm._line.MAX_WIRE_BYTES", 1 << 20)
    with serving(rule) as server, pytest.raises(error) as caught:
        opened(server).complete(request(model="gpt-5"))
    assert type(caught.value) is error


def test_importing_and_opening_do_not_load_the_client():
    """The `openai` package, half a second to import, waits for the first request."""
    code = (
        "import sys; from integrations.llm.openai import PROVIDER; PROVIDER.open({});"
        "sys.exit(bool({'openai', 'httpx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("module", "extra"), [("openai", "openai"), ("litellm", "cloud")])
def test_a_missing_extra_says_what_to_install(module, extra):
    """Named in the settings and not installed: an error with the command, not a traceback."""
    code = (
        "import sys, importlib.util as u; u.find_spec = lambda name: None\n"
        f"from integrations.llm.{module} import PROVIDER\n"
        "from agent.errors import BadSettings\n"
        "try: PROVIDER.open({})\n"
        "except BadSettings as error: print(error, error.advice)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert f"pip install 'kowal[{extra}]'" in said
