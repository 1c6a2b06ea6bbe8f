"""The Ollama provider: addresses, the choice of a model, what is sent, and every fault of a server."""

import base64
import inspect
import socket
import subprocess
import sys
import threading
import time

import httpx
import ollama
import pytest

from agent.errors import (
    BadSettings,
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from agent.ports import Message, ModelRequest, Purpose
from integrations.llm import _line, _ollama_http
from integrations.llm._server import MAX_REPLY_CHARS
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script
from integrations.llm.ollama import PROVIDER, OllamaConfig, address

CODER = "qwen2.5-coder:7b"
SECRET = "k3y-that-nobody-sees"


def request(text="go", **more) -> ModelRequest:
    """A request with one message."""
    return ModelRequest(messages=(Message(role="user", content=text),), purpose=Purpose.GENERATE, **more)


def serving(*rules, models=(CODER,)) -> FakeOllama:
    """A fake server with these replies."""
    return FakeOllama(Script(models=tuple(Model(name=name) for name in models), rules=rules))


def asked(rule, **settings):
    """The provider's reply from a server with one rule."""
    with serving(rule) as server:
        return PROVIDER.open({"host": server.url, **settings})[0].complete(request())


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("box", "http://box:11434"),
        ("box:1", "http://box:1"),
        ("http://box", "http://box:80"),
        ("https://x", "https://x:443"),
        ("https://x:1/path/", "https://x:1/path"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("http://[::]:8080", "http://[::1]:8080"),
        (" http://localhost:11434/ ", "http://localhost:11434"),
    ],
)
def test_an_address_may_have_any_form_that_ollama_takes(given, url):
    """Addresses are completed as Ollama's own client does, and are ones that can be connected to."""
    assert address(given) == url
    assert address(url) == url


@pytest.mark.parametrize("given", ["ftp://x", "http://user:pass@x", "x:port", "x:99999", "[::1"])
def test_what_is_no_address_is_refused(given):
    """An address that cannot be used is an error of the settings that names the key and not the value."""
    with pytest.raises(BadSettings, match="'host'") as caught:
        PROVIDER.open({"host": given})[0]
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "section", [{"temperature": 3}, {"num_ctx": 1}, {"timeout_s": 0}, {"models": 5}, {"api_key": [SECRET]}]
)
def test_a_bad_value_is_named_by_its_key(section):
    """A value out of range is an error that names its key, and does not repeat the value."""
    with pytest.raises(BadSettings) as caught:
        PROVIDER.open(section)
    assert repr(next(iter(section))) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_request_carries_what_the_settings_and_the_task_say():
    """Schema, options, seed, images and keep-alive reach the server as Ollama expects them; `think` is not sent."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    message = Message(role="user", content="look", images=(b"\x89PNG\r\n",))
    asked = ModelRequest(messages=(message,), purpose=Purpose.MATCH, schema=schema, seed=7, temperature=0.0)
    with serving(Rule(reply="ok there")) as server:
        reply = PROVIDER.open({"host": server.url, "keep_alive": 0})[0].complete(asked)
        body = server.requests[-1].body
    assert body["format"] == schema
    assert body["options"] == {"temperature": 0.0, "num_ctx": 8192, "num_predict": 4096, "seed": 7}
    assert base64.b64decode(body["messages"][0]["images"][0]) == b"\x89PNG\r\n"
    assert (body["keep_alive"], body["stream"], "think" in body) == (0, True, False)
    assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.cost_eur) == (1, 2, 0.0)


def test_thoughts_are_left_out():
    """What a model thinks is not part of its reply."""
    assert asked(Rule(reply="four", thinking="2 and 2")).text == "four"


def test_an_empty_reply_is_an_empty_reply():
    """A model that says nothing gives an empty text; whoever asked decides what that means."""
    assert asked(Rule(reply="")).text == ""


def test_a_reply_at_its_length_limit_is_marked():
    """A reply that stopped at `num_predict` is handed on as truncated."""
    reply = asked(Rule(reply="a b c d"), num_predict=2)
    assert (reply.text, reply.truncated) == ("a b", True)


def test_two_megabytes_of_prose_are_enough():
    """Beyond the limit nothing is read, and the reply is marked as truncated."""
    reply = asked(Rule(reply=("x" * 99_999 + " ") * 25))
    assert (len(reply.text), reply.truncated) == (MAX_REPLY_CHARS, True)


@pytest.mark.parametrize(
    ("wanted", "present", "chosen"),
    [
        ((), ("llama3:8b", CODER), CODER),
        ((), ("llama3:8b", "phi:3"), "llama3:8b"),
        (("phi:3", CODER), (CODER, "phi:3"), "phi:3"),
        (("phi", CODER), (CODER, "phi:latest"), "phi"),
        ("away:1, phi:3", (CODER, "phi:3"), "phi:3"),
    ],
)
def test_the_model_is_chosen_by_preference(wanted, present, chosen):
    """The first model of the settings that is there serves; without settings a coder comes first."""
    with serving(Rule(reply="ok"), models=present) as server:
        provider = PROVIDER.open({"host": server.url, "models": wanted})[0]
        assert [provider.complete(request()).model for _ in range(2)] == [chosen, chosen]
        assert sum(received.path == "/api/tags" for received in server.requests) == 1


def test_a_model_that_only_embeds_is_passed_over():
    """A model without completion is not asked to write."""
    models = (Model(name="embed-coder:1", capabilities=("embedding",)), Model(name="plain:1"))
    with FakeOllama(Script(models=models, rules=(Rule(reply="ok"),))) as server:
        assert PROVIDER.open({"host": server.url})[0].complete(request()).model == "plain:1"


MINI = Model(name="all-minilm:latest", capabilities=("embedding",))
BOTH = Script(models=(Model(name=CODER), MINI, Model(name="other:1", capabilities=("embedding",))))


@pytest.mark.parametrize(("wanted", "used"), [("", MINI.name), ("other:1", "other:1"), ("all-minilm", MINI.name)])
def test_vectors_come_from_a_model_made_for_them(wanted, used):
    """The first that makes vectors, or the one of the settings; each text gets one, and the weights are named."""
    with FakeOllama(BOTH) as server:
        provider = PROVIDER.open({"host": server.url, "embed_model": wanted})[0]
        found = provider.embed(["red", "blue", "red"])
        assert provider.embed(["red"]).vectors == found.vectors[:1]
        asked = [received.path for received in server.requests]
    assert (found.model, len(found.digest)) == (used, 64)
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert asked[-2:] == ["/api/tags", "/api/embed"]


@pytest.mark.parametrize(("models", "wanted"), [((CODER,), ""), ((CODER,), "gone:1"), ((), "")])
def test_without_a_model_for_vectors_there_are_none(models, wanted):
    """A model that writes is not asked for vectors; the error says what to fetch."""
    with serving(models=models) as server, pytest.raises(ModelMissing) as caught:
        PROVIDER.open({"host": server.url, "embed_model": wanted})[0].embed(["red"])
    assert "ollama pull" in caught.value.advice
    assert all(received.path != "/api/embed" for received in server.requests)


def test_a_model_for_vectors_that_went_is_replaced():
    """Another one that is there takes its place; its digest is its own."""
    with FakeOllama(BOTH) as server:
        provider = PROVIDER.open({"host": server.url})[0]
        first = provider.embed(["red"])
        server.book.script = Script(models=(BOTH.models[2],))
        second = provider.embed(["red"])
    assert (first.model, second.model) == (MINI.name, "other:1")
    assert first.digest != second.digest


@pytest.mark.parametrize(
    "said",
    ['{"embeddings": []}', '{"embeddings": [[1.0], [1.0, 2.0]]}', '{"embeddings": [[], []]}', '{"embeddings": 5}',
     '{"embeddings": [[1.0, 0.0]]}', '{"embeddings": [[1.0], [1e999]]}', '{"embeddings": [[1.0], ["x"]]}', "{}", "oh"],
)  # fmt: skip
def test_vectors_that_are_none_are_refused(said, monkeypatch):
    """Too few, of two lengths, empty or not finite: none of them is compared with anything."""
    with FakeOllama(BOTH) as server:
        monkeypatch.setitem(FakeOllama.dialect.routes, ("POST", "/api/embed"), said.encode())
        with pytest.raises(MalformedReply):
            PROVIDER.open({"host": server.url})[0].embed(["red", "blue"])


def test_who_is_away_makes_no_vectors():
    """A server that does not answer is an error of ours, as with a reply."""
    with pytest.raises(ProviderUnavailable):
        PROVIDER.open({"host": "127.0.0.1:9"})[0].embed(["red"])


def test_the_request_may_name_its_model():
    """A request for a certain model goes to that one."""
    with serving(Rule(model="phi:3", reply="ok"), models=(CODER, "phi:3")) as server:
        assert PROVIDER.open({"host": server.url})[0].complete(request(model="phi:3")).model == "phi:3"


@pytest.mark.parametrize("how", ["settings", "request", "server"])
def test_a_missing_model_says_how_to_fetch_it(how):
    """A model that is not there is an error that says what is, and the command that fetches it."""
    with serving(Rule(status=404, error="model 'gone:1' not found"), models=(CODER, "phi:3")) as server:
        provider = PROVIDER.open({"host": server.url, "models": "gone:1" if how == "settings" else ""})[0]
        with pytest.raises(ModelMissing) as caught:
            provider.complete(request(model="gone:1" if how == "request" else None))
    assert f"{CODER}, phi:3" in str(caught.value)
    assert "ollama pull" in caught.value.advice
    assert how == "server" or "ollama pull gone:1" in caught.value.advice
    assert not caught.value.retryable


def test_a_server_without_models_is_not_available():
    """A server that answers and has nothing to serve says what to fetch."""
    with serving(models=()) as server:
        status = PROVIDER.open({"host": server.url})[0].status()
    assert not status.available
    assert "ollama pull" in status.advice


def test_the_status_names_the_address_and_the_models():
    """A look at the server fits in a line."""
    with serving(models=(CODER, "phi:3")) as server:
        status = PROVIDER.open({"host": server.url})[0].status()
    assert status.detail == f"{server.url}, 2 models, {CODER} serves"
    assert (status.available, status.models) == (True, (CODER, "phi:3"))


def test_no_server_is_an_error_that_names_the_address():
    """Where nobody listens the error says where, and how to start a server."""
    with serving() as server:
        url = server.url
    provider = PROVIDER.open({"host": url})[0]
    with pytest.raises(ProviderUnavailable, match=url) as caught:
        provider.complete(request(model="m"))
    assert "ollama serve" in caught.value.advice
    status = provider.status()
    assert not status.available
    assert url in status.detail


def test_a_server_that_accepts_and_says_nothing():
    """A silent server is a time-out for a request, and not available to a look of two seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ModelTimedOut):
            PROVIDER.open({"host": url, "timeout_s": 0.2})[0].complete(request(model="m"))
        assert time.monotonic() - started < 20
        started = time.monotonic()
        assert not PROVIDER.open({"host": url})[0].status().available
        assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        (Rule(reply="a b c d", fault="cut"), MalformedReply, "cut off"),
        (Rule(reply="a b c d", fault="unfinished"), MalformedReply, "cut off"),
        (Rule(reply="a b c d", fault="garbage"), MalformedReply, "not a reply of Ollama"),
        (Rule(reply="a b c d", fault="error-line", error="CUDA error"), MalformedReply, "CUDA error"),
        (
            Rule(reply="a b", fault="error-line", error="input exceeds the context length"),
            ContextTooLong,
            "context",
        ),
        (Rule(status=400, error="the prompt exceeds the available context size"), ContextTooLong, CODER),
        (Rule(status=400, error="invalid options"), ModelError, "invalid options"),
        (Rule(status=401, error="unauthorized"), ProviderUnavailable, "401"),
        (Rule(status=404, error="no such page"), ProviderUnavailable, "404"),
        (Rule(status=500, error="runner crashed"), ProviderUnavailable, "runner crashed"),
        (Rule(status=503, error="server busy, please try again"), RateLimited, "busy"),
        (Rule(status=504, error="gateway"), ModelTimedOut, "in time"),
        (Rule(status=307, headers={"Location": "http://192.0.2.1/"}), ProviderUnavailable, "redirects"),
        (Rule(reply="x", headers={"Content-Encoding": "gzip"}, status=500), MalformedReply, "compresses"),
    ],
)
def test_each_fault_of_a_server_has_its_error(rule, error, says):
    """No fault passes for a reply: each is an error of ours, with the server's words and an advice."""
    with pytest.raises(error, match=says) as caught:
        asked(rule)
    assert type(caught.value) is error
    assert caught.value.advice


@pytest.mark.parametrize(
    "rule",
    [
        Rule(reply="a b c d", delay_s=120),
        Rule(reply="a b c d", fault="stall"),
        Rule(reply="a b c d", fault="endless", piece_delay_s=0.01),
        Rule(reply="a b c d", fault="endless-line", piece_delay_s=0.01),
        Rule(reply="a b c d e f g", piece_delay_s=0.2),
    ],
    ids=["late", "stalled", "endless", "endless line", "slow"],
)
def test_the_time_limit_holds_for_the_whole_reply(rule):
    """However a server dawdles, the request ends at its time limit, not at one counted anew for each piece."""
    started = time.monotonic()
    with pytest.raises(ModelTimedOut):
        asked(rule, timeout_s=0.5)
    assert time.monotonic() - started < 60


def test_an_endless_reply_is_stopped_by_its_size():
    """A model that never ends is read up to the limit and hung up on."""
    reply = asked(Rule(reply="x" * 50_000 + " " + "x" * 50_000, fault="endless"))
    assert reply.truncated


def test_an_endless_line_is_stopped_by_its_size(monkeypatch):
    """A line without end fills no memory."""
    monkeypatch.setattr(_line, "MAX_WIRE_BYTES", 1 << 20)
    with pytest.raises(MalformedReply, match="without end"):
        asked(Rule(reply="a b", fault="endless-line"))


def test_what_surely_does_not_fit_is_not_sent():
    """A task longer than any context of that size is refused, where Ollama would cut it without a word."""
    with serving(Rule(reply="ok")) as server, pytest.raises(ContextTooLong):
        PROVIDER.open({"host": server.url, "num_ctx": 256})[0].complete(request("x" * 3000))
    assert not server.requests


@pytest.mark.parametrize("line", [b"[]", b'"x"', b"1", b"{}", b"[" * 100_000, b"\xff\xfe", b"", b'{"message": 1}'])
def test_any_bytes_are_a_reply_or_an_error_of_ours(line):
    """Whatever JSON or rubbish a server sends, what comes out is a `ModelError`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + line + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        (provider,) = PROVIDER.open({"host": f"127.0.0.1:{listening.getsockname()[1]}"})
        with pytest.raises(MalformedReply):
            provider.complete(request(model="m"))
        thread.join()


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch):
    """The API key is a bearer token; no text of ours shows it, even where the server repeats it."""
    rule = Rule(status=401, error=f"bad key {SECRET}")
    with serving(rule) as server:
        provider = PROVIDER.open({"host": server.url, "api_key": SECRET})[0]
        with pytest.raises(ProviderUnavailable) as caught:
            provider.complete(request())
        assert server.requests[-1].headers["authorization"] == f"Bearer {SECRET}"
    shown = f"{caught.value} {caught.value.advice} {caught.value.facts} {OllamaConfig(api_key=SECRET)!r}"
    assert SECRET not in shown
    assert "bad key ***" in shown


def test_a_key_in_the_environment_is_not_sent(monkeypatch):
    """Only the settings hand out a key: what the environment holds for another program stays there."""
    monkeypatch.setenv("OLLAMA_API_KEY", SECRET)
    monkeypatch.setenv("OLLAMA_HOST", "http://192.0.2.1")
    with serving(Rule(reply="ok")) as server:
        PROVIDER.open({"host": server.url})[0].complete(request())
        assert all("authorization" not in received.headers for received in server.requests)


LIBRARY_ERRORS = sorted(
    {
        kind
        for package in (httpx, ollama)
        for _, kind in inspect.getmembers(package, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__.startswith(package.__name__)
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", [kind for kind in LIBRARY_ERRORS if not kind.__subclasses__()])
def test_every_error_of_the_libraries_has_one_of_ours(kind):
    """An error that a new release of `ollama` or `httpx` brings fails here until somebody says what it means."""
    meanings = [ours for theirs, ours in _ollama_http.ERRORS if issubclass(kind, theirs)]
    assert meanings
    assert issubclass(meanings[0], ModelError)


def test_importing_and_opening_do_not_load_the_client():
    """The `ollama` package, a quarter of a second to import, waits for the first request."""
    code = (
        "import sys; from integrations.llm.ollama import PROVIDER; PROVIDER.open({})[0];"
        "sys.exit(bool({'ollama', 'httpx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
