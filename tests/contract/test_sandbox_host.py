"""What every sandbox back end owes to code that asks its host: a scripted one in tests, a real one in calls."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import Call, CallResult, Calls, FailureKind, Limits, Sandbox, Script, Surroundings

WEATHER = "GET https://api.example.org/v1"
SLUGIFY = "def slugify(text: str) -> str:\n    return text.lower().replace(' ', '-')\n"
SCRIPT = Script(
    exchanges=(
        {"ask": {"http": WEATHER}, "reply": {"json": {"t": 1}}},
        {"ask": {"http": f"{WEATHER}?city=Oslo"}, "reply": {"json": {"t": 2}, "headers": {"X-Left": 9}}},
        {"ask": {"http": "GET https://api.example.org/broken"}, "reply": {"error": "the line is cut"}},
        {"ask": {"llm": "colour"}, "reply": {"text": "blue"}},
        {"ask": {"llm": "colour of grass"}, "reply": {"text": "green"}},
        {"ask": {"function": "add", "arguments": {"a": 1, "b": 2}}, "reply": {"value": 3}},
        {"ask": {"function": "add"}, "reply": {"value": 0}},
        {"ask": {"chat": "post general"}, "reply": {"done": True}},
        {"ask": {"chat": "post general of no use"}, "reply": {"error": "the room is read-only"}},
        {"ask": {"chat": "call general"}, "reply": {"url": "https://meet.example.org/1"}},
        {"ask": {"chat": "call general stand-up"}, "reply": {"url": "https://meet.example.org/2"}},
        {"ask": {"chat": "upload general .csv"}, "reply": {"done": True}},
        {"ask": {"chat": "create incident-7 private ann bob"}, "reply": {"done": True}},
        {"ask": {"chat": "post"}, "reply": {"done": True}},
        {"ask": {"codehost": "gitlab issue a/b"}, "reply": {"value": "https://g.example/1"}},
        {"ask": {"codehost": "gitlab issue a/b It fails"}, "reply": {"value": "https://g.example/2"}},
        {"ask": {"codehost": "gitlab commit a/b fix-1 Mend"}, "reply": {"value": "c1"}},
        {"ask": {"codehost": "gitlab merge-request a/b fix-1 main"}, "reply": {"value": "https://g.example/3"}},
        {"ask": {"codehost": "gitlab project a/new"}, "reply": {"error": "there is one"}},
        {"ask": {"codehost": "gitlab pipeline a/b main"}, "reply": {"value": {"id": 5, "jobs": []}}},
        {"ask": {"codehost": "gitlab pipeline a/b"}, "reply": {"value": None}},
        {"ask": {"codehost": "gitlab log a/b 1"}, "reply": {"value": "the log"}},
        {"ask": {"codehost": "gitlab"}, "reply": {"value": "of no use"}},
        {"ask": {"codehost": 5}, "reply": {"value": "of no use"}},
        {"ask": 5},
        "no exchange",  # type: ignore[arg-type]  # people and models write these
    ),
    functions={
        "slugify": SLUGIFY,
        "twice": "import kowal_host as h\nasync def twice(text):\n    return 2 * [await h.call('slugify', text=text)]",
        "endless": "import kowal_host as host\nasync def endless():\n    return await host.call('endless')\n",
        "breaks": "def breaks():\n    return 1 / 0\n",
    },
)
HEAD = "import asyncio\nimport kowal_host as host\n"
LIVE = Limits(wall_clock_s=20)
Host = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def source(body: str, head: str = "") -> str:
    """A source whose `f` is a coroutine with that body, one line a statement."""
    return HEAD + head + "async def f():\n" + "".join(f"    {line}\n" for line in body.splitlines())


def call(box: Sandbox, text: str, around: Surroundings, limits: Limits = LIVE) -> CallResult:
    """What `f` of a source gives with these surroundings."""
    return box.within(around).call(Call(source=text, function="f"), limits)


def scripted(box: Sandbox, body: str, **more: Any) -> CallResult:
    """The same with the scripted host."""
    return call(box, source(body), Surroundings(script=SCRIPT, **more))


def live(box: Sandbox, body: str, host: Host, limits: Limits = LIVE, **more: Any) -> CallResult:
    """The same with a real one."""
    return call(box, source(body), Surroundings(host=host, **more), limits)


def echo(ask: Mapping[str, Any]) -> Mapping[str, Any]:
    """A host that gives back what it was asked."""
    if ask["kind"] == "http":
        body = base64.b64encode(json.dumps(ask).encode()).decode()
        return {"value": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": body}}
    return {"value": dict(ask)}


@pytest.mark.parametrize(
    "ask",
    [
        "await host.http.get('https://api.example.org/v1')",
        "await host.call('slugify', text='A')",
        "await host.llm.ask('colour')",
        "host.secret('KEY')",
        "await host.chat.post('general', 'hello')",
        "await host.chat.upload('general', 'a.csv', b'1')",
        "await host.chat.call('general', 'stand-up')",
        "await host.chat.create('incident-7')",
        "await host.codehost('gitlab').issue('a/b', 'It fails')",
        "await host.codehost('gitlab').log('a/b', 1)",
        "host.files.input('a.csv')",
        "host.files.output('a.csv')",
    ],
)
def test_without_a_host_everything_is_refused(box: Sandbox, ask: str) -> None:
    """Code that was given nothing gets `Refused` for whatever it asks, also after another call had a script."""
    scripted(box, "return 1")
    failure = call(box, source(f"return {ask}"), Surroundings()).failure
    assert failure is not None
    assert (failure.kind, failure.exception) == (FailureKind.EXCEPTION, "kowal_host.Refused")
    assert "granted" in failure.message or "no input file" in failure.message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("return (await host.http.get('https://api.example.org/v1', params={'city': 'Gdansk'})).json()", {"t": 1}),
        ("return (await host.http.get('https://api.example.org:443/v1?city=Oslo&days=5')).json()", {"t": 2}),
        ("return (await host.http.get('https://API.example.org/v1?city=Oslo')).headers['X-LEFT']", "9"),
        ("return await host.llm.ask('what is the colour of the sky?')", "blue"),
        ("return await host.llm.ask('what is the colour of grass?')", "green"),
        ("return [await host.call('add', a=1, b=2), await host.call('add', a=2, b=2)]", [3, 0]),
        ("return await host.call('slugify', text='A B')", "a-b"),
        ("return await host.call('twice', text='A B')", ["a-b", "a-b"]),
        ("return await host.chat.post('general', 'hello')", None),
        ("return await host.chat.call('general', 'retro')", "https://meet.example.org/1"),
        ("return await host.chat.call('general', 'the stand-up')", "https://meet.example.org/2"),
        ("return await host.chat.upload('general', 'a.csv', '1,2')", None),
        ("return await host.chat.create('incident-7', ['ann', 'bob'])", None),
        ("return await host.chat.create('incident-7', (name for name in ('ann', 'bob')), private=True)", None),
        ("return await host.codehost('gitlab').issue('a/b', 'Look', labels='bug')", "https://g.example/1"),
        ("return await host.codehost('gitlab').issue('a/b', 'Look', 'It fails.')", "https://g.example/2"),
        (
            "return await host.codehost('gitlab').commit('a/b', 'fix-1', 'Mend it', {'a': 'A', 'b': b'B', 'c': None})",
            "c1",
        ),
        ("return await host.codehost('gitlab').merge_request('a/b', 'fix-1', 'main', 'Mend')", "https://g.example/3"),
        ("return await host.codehost('gitlab').pipeline('a/b', 'main')", {"id": 5, "jobs": []}),
        ("return await host.codehost('gitlab').pipeline('a/b', 'maintenance')", None),
        ("return await host.codehost('gitlab').log('a/b', 1)", "the log"),
        ("return host.secret('KEY')", "scripted-secret-KEY"),
        ("host.files.output('a.txt').write_text('x')\nreturn host.files.output('a.txt').read_text()", "x"),
    ],
)
def test_a_script_answers_with_what_fits_best(box: Sandbox, body: str, value: Any) -> None:
    """The entry that says most about an ask answers it; functions run from their source."""
    result = scripted(box, body)
    assert (result.value, result.failure) == (value, None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("await host.http.post('https://api.example.org/v1', json={})", "`POST https://api.example.org/v1`"),
        ("await host.http.get('http://api.example.org/v1')", "`GET http://api.example.org/v1`"),
        ("await host.http.get('https://api.example.org/broken')", "the line is cut"),
        ("await host.llm.ask('weather')", "`llm`"),
        ("await host.call('unknown')", "`function unknown`"),
        ("await host.call('breaks')", "ZeroDivisionError"),
        ("await host.call('endless')", "deep"),
        ("await host.chat.post('general', 'this is of no use')", "read-only"),
        ("await host.chat.post('General', 'hello')", "`chat post General`"),
        ("await host.chat.post('secret', 'hello')", "`chat post secret`"),
        ("await host.chat.upload('general', 'a.txt', '1')", "`chat upload general`"),
        ("await host.chat.create('incident-7', ['bob'])", "`chat create incident-7`"),
        ("await host.chat.create('incident-7', ['ann', 'bob'], private=False)", "`chat create incident-7`"),
        ("await host.chat.create('incident-7', 'ann')", "`chat create incident-7`"),
        ("await host.codehost('gitlab').project('a/new')", "there is one"),
        ("await host.codehost('gitlab').issue('a/c', 'It fails')", "`gitlab issue a/c`"),
        ("await host.codehost('forge').issue('a/b', 'It fails')", "`forge issue a/b`"),
        ("await host.codehost('gitlab').commit('a/b', 'main', 'Mend it', {})", "`gitlab commit a/b main`"),
        ("await host.codehost('gitlab').log('a/b', 17)", "`gitlab log a/b`"),
        ("await host.call('add', a=float('nan'))", "JSON"),
        ("host.files.input('b.csv')", "'b.csv'"),
        ("host.files.output('../b.csv')", "plain name"),
    ],
)
def test_what_a_script_does_not_answer_is_named(box: Sandbox, body: str, says: str) -> None:
    """An ask without an answer is a `HostError` that names it; it is never answered by something else."""
    failure = scripted(box, body).failure
    assert failure is not None
    assert failure.exception == "kowal_host.HostError"
    assert says in failure.message


def test_a_scripted_call_tells_what_it_asked(box: Sandbox) -> None:
    """Each ask is told once, secrets and files too, whether it was answered or not."""
    result = scripted(
        box,
        "for _ in range(3):\n    await host.llm.ask('colour')\nhost.secret('KEY')\n"
        "try:\n    await host.http.get('https://other.example.org/')\nexcept host.HostError:\n    pass\n"
        "host.files.input('a.csv')",
        files={"a.csv": b"1"},
    )
    assert result.asked == (
        {"kind": "llm", "prompt": "colour", "system": ""},
        {"kind": "secret", "name": "KEY"},
        {"kind": "http", "method": "GET", "url": "https://other.example.org/", "headers": {}},
        {"kind": "files", "way": "in", "name": "a.csv"},
    )


def test_what_is_told_is_limited(box: Sandbox) -> None:
    """A flood of asks is told up to 200 asks and 64 kB; of a large ask what it was, not what it carried."""
    result = scripted(
        box,
        "try:\n    await host.http.post('https://a.example.org/', data='x' * 10_000)\n"
        "except host.HostError:\n    pass\n"
        "for n in range(2_000):\n    host.secret('x' * 500 + str(n))",
    )
    assert result.asked[0] == {"kind": "http", "method": "POST", "url": "https://a.example.org/", "headers": {}}
    assert 50 < len(result.asked) <= 200
    assert len(json.dumps(result.asked)) <= 70_000


CONCURRENT = """
async def one(city):
    return (await host.http.get('https://api.example.org/v1', params={'city': city})).json()
async def both():
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        return [answer['t'] for answer in await asyncio.gather(one('Gdansk'), one('Oslo'))]
def plain():
    return asyncio.run(both())
"""


@pytest.mark.parametrize("body", ["return await both()", "return plain()"])
def test_asyncio_works_in_a_scripted_call(box: Sandbox, body: str) -> None:
    """`gather`, `sleep` and `timeout` work; so does `asyncio.run`, though not inside a coroutine, as anywhere."""
    text = HEAD + CONCURRENT + "def f():\n    return plain()\n" if "plain" in body else source(body, CONCURRENT)
    result = call(box, text, Surroundings(script=SCRIPT))
    assert (result.value, result.failure) == ([1, 2], None)


def test_asyncio_works_in_many_calls_of_one_start(box: Sandbox) -> None:
    """The same in many calls, each of which finds the script."""
    answers = box.within(Surroundings(script=SCRIPT)).call_many(
        Calls(source=HEAD + CONCURRENT, calls=(("both", "((), {})"), ("plain", "((), {})"), ("one", "(('Oslo',), {})")))
    )
    assert [answer.value for answer in answers] == [[1, 2], [1, 2], {"t": 2}]


TESTS = f"""
import asyncio
import pytest
import kowal_host as host
{CONCURRENT}

async def test_a_coroutine():
    assert await both() == [1, 2]
    assert [ask['url'][-6:] for ask in host.asked()] == ['Gdansk', '=Oslo'] or len(host.asked()) == 2

def test_a_loop_of_its_own():
    assert plain() == [1, 2]

async def test_more_script():
    host.script('{WEATHER}?city=Oslo', json={{'t': 7}}, status=201)
    host.script('{WEATHER}', text='no', status=503)
    host.script(llm='weather', text='fine')
    host.script(function='slugify', value='mine')
    host.script(function='late', error='too late')
    host.script(chat='post news')
    host.script(chat='call news', url='https://meet.example.org/9')
    host.script(chat='upload news', error='too large')
    host.script(codehost='gitlab issue a/b', value='https://g.example/9')
    host.script(codehost='gitlab commit a/b fix-2', error='protected')
    host.script(file='a.csv', text='1,2')
    assert await one('Oslo') == {{'t': 7}}
    response = await host.http.get('https://api.example.org/v1')
    assert (response.status, response.text) == (503, 'no')
    with pytest.raises(host.HostError):
        response.raise_for_status()
    assert await host.llm.ask('the weather?') == 'fine'
    assert await host.call('slugify', text='A') == 'mine'
    assert await host.chat.post('news', 'x' * 5_000) is None
    assert await host.chat.call('news', 'now') == 'https://meet.example.org/9'
    with pytest.raises(host.HostError, match='too large'):
        await host.chat.upload('news', 'a.csv', b'1')
    assert [ask.get('body') for ask in host.asked() if ask['kind'] == 'chat'] == [None, None, 'MQ==']
    gitlab = host.codehost('gitlab')
    assert await gitlab.issue('a/b', 'Look', 'x' * 5_000) == 'https://g.example/9'
    with pytest.raises(host.HostError, match='protected'):
        await gitlab.commit('a/b', 'fix-2', 'Mend', {{'a': b'A' * 5_000}})
    with pytest.raises(host.HostError, match='too late'):
        await host.call('late')
    assert host.files.input('a.csv').read_text() == '1,2'
    host.files.output('b.csv').write_text('3')

@pytest.mark.parametrize('city', ['Oslo', 'Gdansk'])
async def test_the_script_is_as_it_was(city, tmp_path):
    assert await one('Oslo') == {{'t': 2}}
    assert host.files.names() == [] and not host.files.output('b.csv').exists()
    assert len(host.asked()) == 2

class TestIn:
    async def test_a_class(self):
        assert await one('Oslo') == {{'t': 2}}
"""


def test_tests_may_be_coroutines_and_extend_the_script(box: Sandbox) -> None:
    """Coroutines are run; what a test adds to the script is gone in the next; the report tells what was asked."""
    report = box.within(Surroundings(script=SCRIPT)).run_tests({"test_it.py": TESTS})
    assert report.failure is None, [outcome.message for outcome in report.outcomes]
    assert len(report.outcomes) == 6
    assert {"kind": "function", "name": "late", "arguments": {}} in report.asked
    assert {"kind": "chat", "act": "post", "room": "news"} in report.asked  # too long to be told whole
    at = {"kind": "codehost", "host": "gitlab", "project": "a/b"}
    assert at | {"act": "issue"} in report.asked
    assert at | {"act": "commit", "branch": "fix-2"} in report.asked


def test_a_coroutine_that_fails_is_a_failed_test(box: Sandbox) -> None:
    """A coroutine's assertion counts, with and without a script, and what it cannot await is told."""
    text = "import asyncio\nasync def test_a():\n    await asyncio.sleep(0)\n    assert 1 == 2\n"
    for around in (Surroundings(), Surroundings(script=SCRIPT)):
        (outcome,) = box.within(around).run_tests({"test_it.py": text}).outcomes
        assert (outcome.outcome, outcome.by_assertion) == ("failed", True)


def test_a_host_answers_what_is_asked(box: Sandbox) -> None:
    """The host gets each ask as JSON, and the code what the host answers."""
    result = live(
        box,
        "response = await host.http.post('https://api.example.org/v1', params={'a': [1, True]}, json={'b': 'ż'})\n"
        "value = await host.call('slugify', text='A')\n"
        "return [response.status, response.headers['content-type'], response.json(), value]",
        echo,
    )
    asked = {
        "kind": "http",
        "method": "POST",
        "url": "https://api.example.org/v1?a=1&a=true",
        "headers": {"content-type": "application/json"},
        "body": base64.b64encode(json.dumps({"b": "ż"}).encode()).decode(),
    }
    function = {"kind": "function", "name": "slugify", "arguments": {"text": "A"}}
    assert (result.value, result.failure) == ([200, "application/json", asked, function], None)
    assert result.asked == ()


def test_acts_at_a_code_host_reach_the_host(box: Sandbox) -> None:
    """Each as JSON, the bytes of files in base64; what it gives comes back."""
    heard: list[Mapping[str, Any]] = []

    def codehost(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        return {"value": {"id": 5} if ask["act"] == "pipeline" else ask["act"]}

    result = live(
        box,
        "forge = host.codehost('forge')\n"
        "return [await forge.project('a/new'), await forge.issue('a/b', 'żółw', labels=('bug',)),\n"
        "    await forge.merge_request('a/b', 'x', 'main', 'Mend'), await forge.pipeline('a/b', 'main'),\n"
        "    await forge.commit('a/b', 'x', 'Mend', {'a': 'ż', 'b': bytes([0, 255]), 'c': None}),\n"
        "    await forge.log('a/b', 7)]",
        codehost,
    )
    assert (result.value, result.failure) == (["project", "issue", "merge-request", {"id": 5}, "commit", "log"], None)
    at = {"kind": "codehost", "host": "forge", "project": "a/b"}
    assert heard == [
        at | {"act": "project", "project": "a/new", "description": ""},
        at | {"act": "issue", "title": "żółw", "text": "", "labels": ["bug"]},
        at | {"act": "merge-request", "source": "x", "target": "main", "title": "Mend", "text": ""},
        at | {"act": "pipeline", "ref": "main"},
        at | {"act": "commit", "branch": "x", "message": "Mend", "files": {"a": "xbw=", "b": "AP8=", "c": None}},
        at | {"act": "log", "job": 7},
    ]


def test_acts_in_a_chat_reach_the_host(box: Sandbox) -> None:
    """Each as JSON, a file's bytes in base64; the address of a call comes back."""
    heard: list[Mapping[str, Any]] = []

    def chat(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        return {"value": "https://meet.example.org/1" if ask["act"] == "call" else None}

    result = live(
        box,
        "await host.chat.post('general', 'żółw')\nawait host.chat.upload('general', 'a.bin', bytes([0, 255]))\n"
        "await host.chat.create('incident-7', ['ann'], private=False)\n"
        "return await host.chat.call('general', 'stand-up')",
        chat,
    )
    assert (result.value, result.failure) == ("https://meet.example.org/1", None)
    assert heard == [
        {"kind": "chat", "act": "post", "room": "general", "text": "żółw"},
        {"kind": "chat", "act": "upload", "room": "general", "name": "a.bin", "body": "AP8="},
        {"kind": "chat", "act": "create", "room": "incident-7", "members": ["ann"], "private": False},
        {"kind": "chat", "act": "call", "room": "general", "title": "stand-up"},
    ]


@pytest.mark.parametrize(("refused", "name"), [(True, "Refused"), (False, "HostError")])
def test_a_hosts_error_is_raised(box: Sandbox, refused: bool, name: str) -> None:
    """An error is raised where it was asked, with the host's words; the code may go on."""
    answer = {"error": "no such host", "refused": refused}
    failure = live(box, "await host.llm.ask('x')", lambda _: answer).failure
    assert failure is not None
    assert (failure.exception, failure.message) == (f"kowal_host.{name}", f"{name}: no such host")
    text = "try:\n    await host.llm.ask('x')\nexcept host.HostError:\n    return 5"
    assert live(box, text, lambda _: answer).value == 5


def test_asks_at_once_each_get_their_own_reply(box: Sandbox) -> None:
    """Several tasks of a call, and several calls, never get each other's replies; `timeout` ends the wait."""
    body = "return await asyncio.gather(*[host.call('g', n=n) for n in range(8)])"
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: live(box, body, lambda ask: {"value": ask["arguments"]["n"]}), range(3)))
    assert [result.value for result in results] == [list(range(8))] * 3
    slow = live(
        box,
        "try:\n    await host.http.get('https://a.example.org', timeout=0.1)\nexcept host.HostError as error:\n"
        "    return str(error)",
        lambda _: time.sleep(0.5) or {"value": None},  # type: ignore[func-returns-value]
    )
    assert "within 0.1 s" in slow.value


def test_the_host_answers_on_the_calls_own_loop(box: Sandbox) -> None:
    """A plain function that runs a loop of its own has no host there, and is told why; the call ends at once."""
    text = HEAD + "async def g():\n    return await host.llm.ask('x')\ndef f():\n    return asyncio.run(g())\n"
    failure = call(box, text, Surroundings(host=echo)).failure
    assert failure is not None
    assert failure.exception == "kowal_host.HostError"
    assert "async def" in failure.message


def test_a_slow_host_is_a_time_out(box: Sandbox) -> None:
    """The clock goes on while the host answers; at the limit the call is over, and no thread stays for long."""
    before = {thread.ident for thread in threading.enumerate()}
    over = threading.Event()

    def host(_: Mapping[str, Any]) -> Mapping[str, Any]:
        over.wait(120)
        return {"value": 1}

    started = time.monotonic()
    failure = live(box, "return await host.llm.ask('x')", host, Limits(wall_clock_s=1.0)).failure
    assert time.monotonic() - started < 60
    assert failure is not None
    assert failure.kind is FailureKind.TIMEOUT
    over.set()
    for thread in threading.enumerate():
        if thread.name == "host" and thread.ident not in before:
            thread.join(30)
            assert not thread.is_alive()
    assert live(box, "return await host.llm.ask('x')", lambda _: {"value": "ok"}).value == "ok"


def test_asks_are_limited(box: Sandbox) -> None:
    """The host answers 1,000 asks of a call; those after that are refused, and it does not hear of them."""
    heard: list[Any] = []

    def host(ask: Mapping[str, Any]) -> Mapping[str, Any]:
        heard.append(ask)
        return {"value": 1}

    result = live(
        box,
        "for n in range(1_010):\n    try:\n        await host.call('g')\n    except host.HostError:\n        return n",
        host,
        Limits(wall_clock_s=60),
    )
    assert result.value == len(heard) == 1_000


def test_sizes_are_limited(box: Sandbox) -> None:
    """Too large an ask does not leave the code; too large a reply, or one that is no JSON, is an error there."""
    result = live(
        box,
        "said = []\nfor size in (9_000_000, 1, 2, 3):\n    try:\n        await host.call('g', text='x' * size)\n"
        "        said.append('fine')\n    except host.HostError as error:\n        said.append(str(error))\n"
        "return said",
        lambda ask: {"value": ["", "x" * 17_000_000, {1, 2}, 3][len(ask["arguments"]["text"])]},
    )
    too_large_ask, too_large_reply, no_json, fine = result.value
    assert "8,388,608" in too_large_ask
    assert "larger than 16,777,216 bytes" in too_large_reply
    assert "JSON" in no_json
    assert fine == "fine"


def test_input_files_and_artefacts(box: Sandbox) -> None:
    """The code reads what it is given and leaves plain files; a folder or a link is not taken."""
    result = live(
        box,
        "import os\nout = host.files.output('b.bin')\nout.write_bytes(host.files.input('a.bin').read_bytes() * 2)\n"
        "(out.parent / 'folder').mkdir()\n"
        "try:\n    os.symlink('/etc/passwd', out.parent / 'link')\nexcept OSError:\n    pass\n"
        "return host.files.names()",
        echo,
        files={"a.bin": b"\0\xff", "c.txt": b""},
        keeps_files=True,
    )
    assert (result.value, result.failure) == (["a.bin", "c.txt"], None)
    assert result.artefacts == {"b.bin": b"\0\xff\0\xff"}


def test_output_needs_a_grant_and_room(box: Sandbox) -> None:
    """Without the grant there is no output folder; files beyond the limit are a named failure."""
    failure = live(box, "host.files.output('a')", echo).failure
    assert failure is not None
    assert failure.exception == "kowal_host.Refused"
    body = "for n in range(4):\n    host.files.output(str(n)).write_bytes(bytes(600_000))"
    result = live(box, body, echo, Limits(wall_clock_s=20, max_file_bytes=2_000_000), keeps_files=True)
    assert result.failure is not None
    assert result.artefacts == {}


def test_large_files_cross(box: Sandbox) -> None:
    """An output file of five megabytes comes back whole, whatever the limit of the result is."""
    body = "host.files.output('big').write_bytes(bytes(range(256)) * 20_000)"
    result = live(box, body, echo, Limits(max_result_bytes=1_000), keeps_files=True)
    assert result.artefacts == {"big": bytes(range(256)) * 20_000}


@pytest.mark.parametrize(
    "around",
    [
        Surroundings(host=echo, script=SCRIPT),
        Surroundings(host=echo, files={"../a": b""}),
        Surroundings(files={"": b""}),
        Surroundings(files={"a\nb": b""}),
        Surroundings(files={"a": bytes(65 << 20)}),
    ],
    ids=["host and script", "way up", "no name", "line feed", "too large"],
)
def test_wrong_surroundings_are_refused(box: Sandbox, around: Surroundings) -> None:
    """A host beside a script, a name that leads elsewhere, and too much are errors of the caller."""
    with pytest.raises(ValueError, match=r"host|name|larger"):
        call(box, source("return 1"), around)


def test_a_real_host_is_for_single_calls(box: Sandbox) -> None:
    """Tests and many calls never reach a real host."""
    within = box.within(Surroundings(host=echo))
    with pytest.raises(ValueError, match="single calls"):
        within.run_tests({"test_it.py": "def test_it(): pass\n"})
    with pytest.raises(ValueError, match="single calls"):
        within.call_many(Calls(source=SLUGIFY, calls=(("slugify", "(('a',), {})"),)))


FORGERIES = {
    "no JSON": "await relay(text='{')",
    "no object": "await relay(text='[]')",
    "no kind": "await relay(text='{\"kind\": 5}')",
    "too deep": "await relay(text='[' * 200_000)",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_no_ask_ends_the_call(box: Sandbox, name: str) -> None:
    """Code that sends something else through the channel is stopped; the host does not hear of it."""
    heard: list[Any] = []
    head = "import sys\nrelay = sys.modules['sandbox.guest_host'].relay\n"
    text = source(f"{FORGERIES[name]}\nreturn 1", head)
    result = call(box, text, Surroundings(host=lambda ask: heard.append(ask) or {}))  # type: ignore[func-returns-value]
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CRASH
    assert heard == []


def test_what_is_asked_after_the_answer_does_not_matter(box: Sandbox) -> None:
    """Tasks that nobody awaits, a thousand of them, do not change the value, nor reach the next call."""
    body = "tasks = [asyncio.ensure_future(host.call('g', n=n)) for n in range(1_000)]\nreturn 5"
    assert live(box, body, lambda _: {"value": 1}).value == 5
    assert live(box, "return await host.llm.ask('x')", lambda _: {"value": "mine"}).value == "mine"


def test_a_large_flood_of_asks_is_contained(box: Sandbox) -> None:
    """Asks of megabytes that nobody awaits fill no memory but the guest's own."""
    body = "tasks = [asyncio.ensure_future(host.llm.ask('x' * 8_000_000)) for n in range(200)]\nawait asyncio.sleep(3)"
    started = time.monotonic()
    live(box, body, lambda _: {"value": ""}, Limits(wall_clock_s=8))
    assert time.monotonic() - started < 8 + 60
    assert live(box, "return await host.llm.ask('x')", lambda _: {"value": "mine"}).value == "mine"


def test_code_that_ends_during_an_ask_is_a_crash(box: Sandbox, diverges: Callable[[str], bool]) -> None:
    """A guest that ends while its host answers is a crash, not a hang."""
    if diverges("threads"):
        pytest.skip("nothing runs in that guest while it waits, so that it cannot end itself then")
    body = (
        "import os, threading\nthreading.Timer(0.3, os._exit, (3,)).start()\nwhile True:\n    await host.llm.ask('x')"
    )
    failure = live(box, body, lambda _: time.sleep(1) or {"value": ""}).failure  # type: ignore[func-returns-value]
    assert failure is not None
    assert failure.kind is FailureKind.CRASH


def test_forged_artefacts_and_asks_are_not_taken(box: Sandbox) -> None:
    """Whatever the runner is made to say, names stay plain, sizes stay within the limit, and types are right."""
    head = (
        "import sys\ninner = sys.modules['sandbox.guest_host']\n"
        "inner.artefacts = lambda limit: {'../a': 'AAAA', '/etc/b': 'AAAA', 'c': 5, 'd': 'no base64', 'e': 'AAAA',"
        " 'f': 'A' * 4_000_000}\n"
        "inner.noted = {'a': 5, 'b': {'kind': 7}, 'c': {'kind': 'llm', 'x': 'y' * 100_000}}\n"
    )
    limits = Limits(max_file_bytes=2_000_000)
    around = Surroundings(script=SCRIPT, keeps_files=True)
    result = call(box, source("return 1", head), around, limits)
    assert set(result.artefacts) <= {"c", "e"}
    assert result.artefacts["e"] == bytes(3)
    assert result.asked == ()


def test_the_documented_example_works(box: Sandbox) -> None:
    """The function of docs/host-api.md passes the test beside it."""
    page = (Path(__file__).parents[2] / "docs" / "host-api.md").read_text("utf-8")
    function, test = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    files = {"function.py": function, "test_function.py": test}
    report = box.within(Surroundings(script=Script())).run_tests(files)
    assert (len(report.outcomes), report.failure) == (2, None)
