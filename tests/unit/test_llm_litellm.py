"""The LiteLLM provider: prices and contexts out of its table, and what is never asked or fetched."""

import importlib.util
import subprocess
import sys

import pytest

from agent.errors import BadSettings, ModelError, ModelMissing
from agent.ports import FREE, Message, ModelRequest, Price, Purpose
from integrations.llm import _litellm_table
from integrations.llm.fake_openai import FakeOpenAI, Model, Rule, Script

FOUND = importlib.util.find_spec("litellm") is not None
pytestmark = [
    pytest.mark.skipif(not FOUND, reason="the extra kowal[cloud] is not installed"),
    # LiteLLM is written for an older pydantic, and leaves connections to the garbage collector.
    *map(pytest.mark.filterwarnings, ("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")),
]
TABLE = {
    "writer-1": {
        "litellm_provider": "acme",
        "mode": "chat",
        "max_input_tokens": 200_000,
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
    },
    "acme/vectors": {"litellm_provider": "acme", "mode": "embedding", "input_cost_per_token": 1e-07},
    "acme/odd": {"litellm_provider": "acme", "input_cost_per_token": "free", "max_input_tokens": "many"},
}


def opened(**section):
    """The provider with these settings."""
    from integrations.llm.litellm import PROVIDER

    return PROVIDER.open(section)[0]


@pytest.fixture(name="small_table")
def fixture_small_table(monkeypatch):
    """A table of three models."""
    monkeypatch.setattr(_litellm_table, "table", lambda: TABLE)


@pytest.mark.usefixtures("small_table")
def test_prices_and_contexts_are_the_tables():
    """In euros at the settings' rate; a model that it lists without its provider is found, of another provider not."""
    names = ["acme/writer-1", "other/writer-1", "acme/odd", "acme/new-embedder"]
    cards = opened(models=names, embed_model="acme/vectors", eur_per_usd=0.9).cards()
    assert [card.name for card in cards] == [*names, "acme/vectors"]
    known, other, odd, new, vectors = cards
    assert known.price is not None
    assert (known.price.input_eur, known.price.output_eur) == (pytest.approx(2.7), pytest.approx(13.5))
    assert (known.context, known.writes, known.embeds) == (200_000, True, False)
    assert [card.price for card in (other, odd, new, vectors)] == [None] * 4
    assert [card.context for card in (other, odd, new)] == [None] * 3
    assert [card.embeds for card in cards] == [False, False, False, True, True]


@pytest.mark.usefixtures("small_table")
def test_the_settings_know_better_than_the_table():
    """A price of the settings is in euros already; a service of one's own is free."""
    prices = {"acme/*": {"input_eur": 1, "output_eur": 2}}
    (card,) = opened(models=["acme/writer-1"], prices=prices, eur_per_usd=0.5).cards()
    assert card.price == Price(input_eur=1, output_eur=2)
    (card,) = opened(models=["acme/writer-1"], local=True).cards()
    assert card.price == FREE


def test_the_table_is_litellms_own():
    """The file that it ships with has well-known models, with a price and a context each."""
    (card,) = opened(models=["openai/gpt-4o"]).cards()
    assert card.price is not None
    assert 0 < card.price.input_eur < card.price.output_eur < 1000
    assert card.context is not None
    assert card.context >= 100_000


def test_a_table_that_cannot_be_read_knows_nothing(monkeypatch):
    """Another release may lay it elsewhere: prices are unknown then, and all else goes on."""
    monkeypatch.setattr(_litellm_table, "TABLE", "no_such_file.json")
    _litellm_table.table.cache_clear()
    try:
        (card,) = opened(models=["openai/gpt-4o"]).cards()
    finally:
        _litellm_table.table.cache_clear()
    assert (card.price, card.context) == (None, None)


def test_without_models_it_says_how_to_name_them():
    """Nothing is guessed: what costs money is named by somebody."""
    provider = opened()
    assert provider.cards() == ()
    assert not provider.status().available
    assert "models =" in provider.status().advice
    with pytest.raises(ModelMissing) as caught:
        provider.complete(ModelRequest(messages=(Message(role="user", content="go"),), purpose=Purpose.GENERATE))
    assert "models =" in caught.value.advice
    with pytest.raises(ModelMissing):
        provider.embed(["red"])


def test_an_account_has_its_own_key():
    """Of several accounts none gets another's."""
    from integrations.llm.litellm import PROVIDER

    with FakeOpenAI(Script(models=(Model(name="w"),), rules=(Rule(reply="ok"),))) as fake:
        common = {"api_base": f"{fake.url}/v1", "models": ["openai/w"]}
        first, second = ({"name": name, "api_key": f"key-of-{name}"} | common for name in ("a", "b"))
        for provider in PROVIDER.open({"api_key": "key-of-all", "servers": [first, second]}):
            provider.complete(ModelRequest(messages=(Message(role="user", content="go"),), purpose=Purpose.GENERATE))
        keys = [received.headers["Authorization"] for received in fake.requests]
    assert keys == ["Bearer key-of-a", "Bearer key-of-b"]
    with pytest.raises(BadSettings, match="servers"):
        PROVIDER.open({"servers": [first, first]})


def test_a_service_that_litellm_does_not_know_is_an_error_of_ours():
    """A misspelt provider is no crash."""
    provider = opened(models=["no-such-service/x"])
    with pytest.raises(ModelError) as caught:
        provider.complete(ModelRequest(messages=(Message(role="user", content="go"),), purpose=Purpose.GENERATE))
    assert caught.value.advice


def test_cards_and_status_do_not_import_it_and_an_import_asks_nobody(tmp_path):
    """Five seconds are for requests only; the import opens no connection and reads no `.env` of the folder."""
    (tmp_path / ".env").write_text("OUT_OF_A_FOLDER=1\n")
    code = """
import os, socket, sys
asked = []
socket.getaddrinfo = lambda *a, **k: asked.append(a) or (_ for _ in ()).throw(OSError("no network"))
from integrations.llm.litellm import PROVIDER
provider = PROVIDER.open({"models": ["openai/gpt-4o"]})[0]
assert provider.cards()[0].price and provider.status().available
assert "litellm" not in sys.modules and "openai" not in sys.modules
provider.load()
assert "litellm" in sys.modules and "OUT_OF_A_FOLDER" not in os.environ
assert asked == [], asked
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
