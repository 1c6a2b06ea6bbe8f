"""Functions with grants at work: a real sandbox, a real broker, a real web server on loopback."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from agent.errors import BadTask, NotGranted, NotPromoted, RunFailed
from agent.ports import ModelReply, Usage
from agent.promoter import Promoter
from agent.types import Origin, Task
from registry import Example, Function, Manifest, Status

FETCH = """import kowal_host as host


async def fetch(url: str) -> dict:
    response = await host.http.get(url, headers={"x-key": KEY})
    response.raise_for_status()
    return response.json()
"""


class Weather(BaseHTTPRequestHandler):
    """Tells the weather, or fails where it is asked to; keeps the headers that came."""

    headers_seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        """One answer."""
        self.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        body = json.dumps({"path": self.path, "key": self.headers.get("x-key")}).encode()
        self.send_response(503 if "broken" in self.path else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""


@pytest.fixture
def place() -> Iterator[str]:
    """The address of the weather server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Weather)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    Weather.headers_seen.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def function(source: str, *grants: str, name: str = "fetch", **parameters: str) -> Function:
    """A function with these grants."""
    properties = {key: {"type": kind} for key, kind in (parameters or {"url": "string"}).items()}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    manifest = Manifest(name=name, description="Fetches.", input_schema=schema, grants=grants)
    return Function(manifest=manifest, source=source, tests="# none\n")


def fetching(*grants: str, key: str = "'none'") -> Function:
    """A function that fetches what it is told to, with a key."""
    return function(FETCH.replace("KEY", key), *grants)


def run(shop, name: str = "fetch", **arguments):
    """The outcome of a call by name."""
    files = arguments.pop("files", {})
    return shop.agent.run(name, Task(text="", arguments=arguments, files=files))


def test_a_function_fetches_what_it_was_granted(workshop, place):
    """The value comes from the server, the outcome says what was reached, and the audit which run it was."""
    shop = workshop()
    shop.put(fetching(f"http GET {place}"))
    outcome = run(shop, url=f"{place}/v1?city=Gdansk")
    assert outcome.value == {"path": "/v1?city=Gdansk", "key": "none"}
    assert outcome.reached == (f"GET {place}/v1",)
    rows = [(row.action, row.subject, row.outcome) for row in reversed(shop.operations.audit())]
    asked = f"GET {place}/v1"
    assert rows == [("http", asked, "allowed"), ("http.done", asked, "allowed"), ("run", "run 1", "allowed")]
    assert shop.operations.recorded_calls("fetch") == []
    (told,) = [event.facts for event in shop.events if event.action == "run.finished"]
    assert told["reached"] == [asked]


def test_what_it_asks_beyond_its_grants_is_refused_and_reported(workshop, place):
    """The code gets an exception, whoever watches an event; nothing was sent, and the failure is the function's."""
    shop = workshop()
    shop.put(fetching("http GET api.example.org"))
    with pytest.raises(RunFailed, match="no grant allows GET") as caught:
        run(shop, url=f"{place}/v1")
    assert caught.value.facts["fault"] == "function"
    assert Weather.headers_seen == []
    assert "host.refused" in shop.actions()


def test_a_server_in_trouble_is_not_the_functions_fault(workshop, place):
    """What fails because a server does counts neither for nor against the version."""
    shop = workshop()
    shop.put(fetching(f"http GET {place}", "http GET http://127.0.0.1:9"))
    for url in (f"{place}/broken", "http://127.0.0.1:9/"):
        with pytest.raises(RunFailed) as caught:
            run(shop, url=url)
        assert caught.value.facts["fault"] == "host"
    version = shop.registry.get("fetch")
    assert version.status is Status.PRODUCTION
    assert (shop.operations.call_counts("fetch", version.digest).failed, shop.operations.runs()[0].fault) == (0, "host")


def test_a_secret_reaches_its_host_and_nobody_else(workshop, place):
    """The server gets the value; the code sees a placeholder, in the answer that echoes it too."""
    secret = "the-value-of-the-key"
    shop = workshop(secrets={"WEATHER_KEY": secret})
    shop.put(fetching(f"http GET {place}", f"secret WEATHER_KEY {place}", key="host.secret('WEATHER_KEY')"))
    outcome = run(shop, url=f"{place}/v1")
    assert Weather.headers_seen[0]["x-key"] == secret
    assert outcome.value["key"].startswith("kowal-secret-")
    assert secret not in f"{outcome} {shop.events} {shop.operations.audit()} {shop.operations.runs()}"


def test_nothing_runs_before_somebody_granted_it(workshop, place):
    """An approved version waits for a person, unless the policy covers what it asks for."""
    grant = f"http GET {place}"
    shop = workshop()
    waits = Promoter(registry=shop.registry, policy="default").admit(fetching(grant), {})
    assert waits.status is Status.APPROVED
    with pytest.raises(NotGranted) as caught:
        run(shop, url=f"{place}/v1")
    assert caught.value.facts["findings"] == [grant]
    assert shop.operations.runs() == []
    shop.registry.promote("fetch", by="a person")
    assert run(shop, url=f"{place}/v1").ran


@pytest.mark.parametrize(
    ("grants", "needs", "status"),
    [
        (("http GET api.example.org",), (), Status.PRODUCTION),
        (("http GET api.example.org", "llm 1"), (), Status.APPROVED),
        (("http POST api.example.org",), (), Status.APPROVED),
        (("http GET api.example.org",), ("numpy",), Status.APPROVED),
        (("what is this",), (), Status.APPROVED),
    ],
)
def test_the_policy_signs_for_what_it_covers(workshop, grants, needs, status):
    """Where all grants are allowed beforehand and no package is needed, the version goes to production by itself."""
    shop = workshop(allow=["http GET *.example.org"])
    made = fetching(*grants)
    made = Function(
        manifest=made.manifest.model_copy(update={"requirements": needs}), source=made.source, tests=made.tests
    )
    assert shop.agent.forge.admission.promoter.admit(made, {}).status is status


def test_a_function_asks_the_model_and_calls_another(workshop):
    """The model's words and a registered function's value come back; the callee runs in a sandbox of its own."""
    shop = workshop(host=[ModelReply(text="Hello World", provider="t", model="m", usage=Usage(tokens_in=3))])
    shop.put(function("def shout(text: str) -> str:\n    return text.upper()\n", name="shout", text="string"))
    source = (
        "import kowal_host as host\n\n\nasync def greet(name: str) -> str:\n"
        "    said = await host.llm.ask(f'greet {name}')\n    return await host.call('shout', text=said)\n"
    )
    shop.put(function(source.replace("name", "who"), "llm 1", "function shout 1.0.0", name="greet", who="string"))
    outcome = run(shop, "greet", who="Ann")
    assert outcome.value == "HELLO WORLD"
    assert outcome.reached == ("llm", "function shout 1.0.0")
    assert shop.teller.requests[-1].messages[-1].content == "greet Ann"


def test_files_go_in_and_come_out(workshop):
    """A granted function reads what came with the task and leaves what goes back; others may do neither."""
    source = (
        "import kowal_host as host\n\n\nasync def double(times: int) -> int:\n"
        "    text = host.files.input('in.txt').read_text()\n"
        "    return host.files.output('out.txt').write_text(text * times)\n"
    )
    shop = workshop()
    shop.put(function(source, "files in", "files out", name="double", times="integer"))
    outcome = run(shop, "double", times=2, files={"in.txt": b"ab"})
    assert (outcome.value, outcome.artefacts) == (4, {"out.txt": b"abab"})
    shop.put(function("def plain(times: int) -> int:\n    return times\n", name="plain", times="integer"))
    with pytest.raises(BadTask, match="files in"):
        run(shop, "plain", times=2, files={"in.txt": b"ab"})


def test_a_chain_of_functions_runs_each_in_a_sandbox_of_its_own(workshop):
    """Five functions that call one another give one value, the sixth is refused; the audit holds the whole chain."""
    shop = workshop()
    last = ""
    for name in ("sixth", "fifth", "fourth", "third", "second", "first"):
        call = f"await host.call('{last}', number=number + 1)" if last else "number"
        source = f"import kowal_host as host\n\n\nasync def {name}(number: int) -> int:\n    return {call}\n"
        shop.put(function(source, *([f"function {last} 1.0.0"] if last else []), name=name, number="integer"))
        last = name
    assert run(shop, "second", number=1).value == 5
    with pytest.raises(RunFailed, match="5 deep"):
        run(shop, "first", number=1)
    assert {row.function for row in shop.operations.audit()} == {"first", "second", "third", "fourth", "fifth"}


def test_waiting_for_a_host_ends_with_the_run(workshop):
    """A server that never answers costs the run's time and no more; that is the host's fault."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"http://127.0.0.1:{silent.getsockname()[1]}"
        shop = workshop(granted_s=2.0)
        shop.put(fetching(f"http GET {place}"))
        started = time.monotonic()
        with pytest.raises(RunFailed) as caught:
            run(shop, url=place)
    assert time.monotonic() - started < 30
    assert caught.value.facts["fault"] == "host"


LENGTH = """import kowal_host as host


async def slug_length(text: str) -> int:
    if not text:
        raise ValueError("text is empty")
    slug = await host.call("slugify", text=text)
    return len(slug)
"""


def test_an_example_that_hangs_on_a_real_host_does_not_speak_against_a_match(workshop, place):
    """What a script would answer says nothing of what the server does: the function that fits the words runs."""
    shop = workshop()
    shop.put(fetching(f"http GET {place}"))
    example = Example(arguments={"url": f"{place}/v1"}, output={"path": "/v1", "key": "none"})
    outcome = shop.agent.execute(Task(text="fetches", arguments={"url": f"{place}/v2"}, examples=(example,)))
    assert (outcome.origin, outcome.value["path"]) == (Origin.MATCHED, "/v2")


@pytest.mark.parametrize(
    ("text", "output", "holds"), [("A b", 3, True), ("A b", 4, False), ("", 0, False), (["A"], 1, False)]
)
def test_an_example_that_a_match_breaks_by_itself_does(workshop, text, output, holds):
    """A call that asks nothing of a host, or only registered functions, keeps the person's example or is no match."""
    shop = workshop(functions=["slugify"], specify=["no specification"])
    shop.put(function(LENGTH, "function slugify 1.0.0", name="slug_length", text="string"))
    example = Example(arguments={"text": text}, output=output)
    task = Task(text="slug length", arguments={"text": "A b c"}, examples=(example,))
    if holds:
        assert shop.agent.execute(task).value == 5
        return
    with pytest.raises(NotPromoted):  # another function is wanted, and the model here makes none
        shop.agent.execute(task)
    assert shop.teller.asked_for()[0] == "specify"
