"""Runs inside the sandbox: what code there may ask of its host, which it sees as `kowal_host`.

Whatever runs beside it may change it, so it refuses nothing for safety's sake: whoever answers outside does that.
"""

import asyncio
import base64
import contextlib
import contextvars
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from sandbox.frames import MAX_ASK_BYTES
from sandbox.guest_script import Ask, fit, pairs, scripted_reply, titled, with_query

JSON = Any

MAX_DEPTH = 5
"""How deep registered functions may call one another."""
MAX_NOTED, MAX_NOTED_BYTES, MAX_NOTE_BYTES = 200, 64_000, 4_000
"""What of the asks is reported: so many, so large together; of a larger one what it was, not what it carried."""
CARRIED = (
    "body", "arguments", "prompt", "system", "text", "title", "members", "description", "labels", "message", "files",
)  # fmt: skip
NOT_GIVEN: Any = object()


class HostError(Exception):
    """The host could not do what was asked of it; the text says why."""


class Refused(HostError):
    """What was asked for has not been granted."""


class Headers(dict[str, str]):
    """Headers by name, in whatever case."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({str(name).lower(): str(value) for name, value in given.items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The header's value, or the default."""
        return super().get(name.lower(), default)


class Response:
    """What a server answered."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.url, self.status, self.headers, self.content = url, status, Headers(headers), content

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.url}>"

    @property
    def text(self) -> str:
        """The content as text, in the charset that the server names, else UTF-8."""
        named = self.headers.get("content-type", "").partition("charset=")[2].partition(";")[0].strip(" \"'")
        try:
            return self.content.decode(named or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> JSON:
        """The content read as JSON. Raises `ValueError`."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raises `HostError` for a status of 400 or more."""
        if self.status >= 400:
            raise HostError(f"{self.url} answered with status {self.status}")


class Relay(Protocol):
    """Carries an ask out of the sandbox as JSON text and brings the reply."""

    def __call__(self, *, text: str) -> Awaitable[str]:
        """The reply to the ask."""
        ...


class State:
    """What this call was given, and what it has asked so far."""

    def __init__(self, around: Mapping[str, Any]) -> None:
        self.script: dict[str, Any] | None = around.get("script")
        self.exchanges: list[Any] = list(self.script["exchanges"]) if self.script else []
        self.secrets: dict[str, str] = around.get("secrets", {})
        self.inputs, self.outputs = Path(around["folder"], "in"), Path(around["folder"], "out")
        self.names: list[str] = sorted(around.get("files", {}))
        self.keeps_files: bool = around.get("keeps_files", False)
        self.asked: list[Ask] = []
        self.depth = contextvars.ContextVar("depth", default=0)
        self.loop = asyncio._get_running_loop()


state = State({"folder": ""})
noted: dict[str, Ask] = {}
"""What was asked of a script, each ask once."""
relay: Relay | None = None
run_registered: Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]] | None = None
"""Calls a function of that name and source with these arguments; gives the host's reply."""
plain: Callable[[object], Any] | None = None


async def ask_host(ask: Ask, seconds: float | None = None) -> JSON:
    """The host's answer. Raises `HostError`, `Refused`."""
    __tracebackhide__ = True  # pytest leaves the frame out of what it shows
    try:
        text = json.dumps(ask, allow_nan=False, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise HostError(f"{titled(ask)} cannot be written as JSON: {error}") from None
    if len(text) > MAX_ASK_BYTES:
        raise HostError(f"{titled(ask)} is {len(text):,} bytes; the limit is {MAX_ASK_BYTES:,}")
    ask = json.loads(text)
    if state.script is not None:
        note(ask)
        reply = await scripted(ask)
    elif relay is not None:
        reply = await relayed(relay, ask, text, seconds)
    else:
        raise Refused(f"{titled(ask)} was not granted: this code has no host")
    if "error" in reply:
        raise (Refused if reply.get("refused") else HostError)(str(reply["error"]))
    return reply.get("value")


async def relayed(carry: Relay, ask: Ask, text: str, seconds: float | None) -> dict[str, Any]:
    """The reply from outside. Raises `HostError`."""
    if asyncio.get_running_loop() is not state.loop:
        raise HostError(f"{titled(ask)} cannot be asked in an event loop of its own: let the function be `async def`")
    try:
        async with asyncio.timeout(seconds):
            reply = json.loads(await carry(text=text))
    except TimeoutError:
        raise HostError(f"{titled(ask)} had no answer within {seconds:g} s") from None
    except (RuntimeError, LookupError, ValueError, OSError) as error:  # too many asks, or no thread for one
        raise HostError(f"{titled(ask)} cannot be asked here: {error}") from None
    return reply if isinstance(reply, dict) else {"error": "the host gave no answer"}


def note(ask: Ask) -> None:
    """Keep an ask for the test, and for the report that leaves the sandbox: there not what a called function asks."""
    state.asked.append(ask)
    if state.depth.get():
        return
    if len(json.dumps(ask)) > MAX_NOTE_BYTES:
        ask = {key: value for key, value in ask.items() if key not in CARRIED}
    if len(json.dumps(ask)) > MAX_NOTE_BYTES:
        ask = {key: value[:MAX_NOTE_BYTES] for key, value in ask.items() if isinstance(value, str)}
    key = json.dumps(ask, sort_keys=True)
    if len(noted) < MAX_NOTED and sum(map(len, noted)) + len(key) <= MAX_NOTED_BYTES:
        noted[key] = ask


async def scripted(ask: Ask) -> dict[str, Any]:
    """The reply of the exchange that fits best; of equals the one added last."""
    fits = [(fit(entry, ask), number) for number, entry in enumerate(state.exchanges)]
    best = max(fits, default=(-1, 0))
    if best[0] >= 0:
        return scripted_reply(ask, state.exchanges[best[1]]["reply"])
    functions = state.script["functions"] if state.script else {}
    if ask["kind"] == "function" and ask["name"] in functions:
        return await called(ask, functions[ask["name"]])
    return {"error": f"the script has no answer to {titled(ask)}"}


async def called(ask: Ask, source: str) -> dict[str, Any]:
    """What a registered function gives, run beside its caller from its source."""
    depth = state.depth.get()
    if depth >= MAX_DEPTH or run_registered is None:
        return {"error": f"functions call one another more than {MAX_DEPTH} deep"}
    token = state.depth.set(depth + 1)
    try:
        return await run_registered(ask["name"], source, ask["arguments"])
    finally:
        state.depth.reset(token)


class Http:
    """Requests to the hosts that were granted; each gives a `Response`, or raises `HostError` or `Refused`."""

    async def request(
        self, method: str, url: str, *, params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, json: JSON = NOT_GIVEN,
        data: Mapping[str, Any] | str | bytes | None = None, timeout: float | None = None,
    ) -> Response:  # fmt: skip
        """The answer to one request. Raises `HostError` where none came within `timeout` seconds."""
        content, kind = encoded_body(json, data)
        sent = {str(name): str(value) for name, value in (headers or {}).items()}
        if kind and not any(name.lower() == "content-type" for name in sent):
            sent["content-type"] = kind
        ask: Ask = {"kind": "http", "method": method.upper(), "url": with_query(url, params), "headers": sent}
        if content is not None:
            ask["body"] = base64.b64encode(content).decode()
        value = await ask_host(ask, timeout)
        try:
            body = base64.b64decode(value.get("body") or "")
            return Response(ask["url"], int(value["status"]), value.get("headers") or {}, body)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise HostError(f"{titled(ask)} was answered by something that is no response") from None

    async def get(self, url: str, **options: Any) -> Response:
        """The answer to a GET request."""
        return await self.request("GET", url, **options)

    async def head(self, url: str, **options: Any) -> Response:
        """The answer to a HEAD request."""
        return await self.request("HEAD", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """The answer to a POST request."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Any) -> Response:
        """The answer to a PUT request."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Any) -> Response:
        """The answer to a PATCH request."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Any) -> Response:
        """The answer to a DELETE request."""
        return await self.request("DELETE", url, **options)


def encoded_body(value: JSON, data: Mapping[str, Any] | str | bytes | None) -> tuple[bytes | None, str]:
    """The request's body and its content type. Raises `TypeError` where both a JSON value and data are given."""
    if value is not NOT_GIVEN:
        if data is not None:
            raise TypeError("give `json` or `data`, not both")
        return json.dumps(value, allow_nan=False, default=plain).encode(), "application/json"
    if isinstance(data, Mapping):
        return urlencode(pairs(data)).encode(), "application/x-www-form-urlencoded"
    return data.encode() if isinstance(data, str) else data, ""


class Llm:
    """The language model that the host chooses."""

    async def ask(self, prompt: str, *, system: str = "") -> str:
        """The model's reply. Raises `HostError`, or `Refused` once the granted requests are used up."""
        return str(await ask_host({"kind": "llm", "prompt": str(prompt), "system": str(system)}))


class Files:
    """Input files, which the code reads, and an output folder, whose plain files the caller gets."""

    def names(self) -> list[str]:
        """The names of the input files."""
        return list(state.names)

    def input(self, name: str) -> Path:
        """The input file of that name. Raises `HostError` where there is none, `Refused` where none was granted."""
        self._note("in", name)
        if name in state.names:
            return state.inputs / name
        raise (HostError if granted() else Refused)(f"there is no input file {name!r}")

    def output(self, name: str) -> Path:
        """Where to write an output file of that name. Raises `Refused` where none was granted."""
        self._note("out", name)
        if name != Path(name).name or name in (".", "..") or "\0" in name:
            raise HostError(f"{name!r} is not the plain name of a file")
        if state.script is None and not state.keeps_files:
            raise Refused("output files were not granted")
        state.outputs.mkdir(parents=True, exist_ok=True)
        return state.outputs / name

    def _note(self, way: str, name: str) -> None:
        if state.script is not None:
            note({"kind": "files", "way": way, "name": str(name)})


http, llm, files = Http(), Llm(), Files()
HostError.__module__ = Refused.__module__ = Response.__module__ = "kowal_host"


async def call(name: str, /, **arguments: JSON) -> JSON:
    """The value of a registered function. Raises `HostError` where it fails, `Refused` where it was not granted."""
    return await ask_host({"kind": "function", "name": name, "arguments": arguments})


def secret(name: str) -> str:
    """A placeholder for the secret of that name; the host puts the value in when a request leaves. Raises `Refused`."""
    if state.script is not None:
        note({"kind": "secret", "name": str(name)})
        return f"scripted-secret-{name}"
    if name not in state.secrets:
        raise Refused(f"the secret {name!r} was not granted")
    return state.secrets[name]


def granted() -> bool:
    """True where there is a host, or a script in its place."""
    return state.script is not None or relay is not None or bool(state.names)


def script(
    pattern: str | None = None, *, status: int = 200, json: JSON = NOT_GIVEN, text: str | None = None,
    headers: Mapping[str, str] | None = None, llm: str | None = None, function: str | None = None,
    arguments: Mapping[str, JSON] | None = None, value: JSON = None, chat: str | None = None,
    codehost: str | None = None, url: str | None = None, error: str | None = None, file: str | None = None,
) -> None:  # fmt: skip
    """Add an exchange, or an input file, for the rest of this test. Raises `HostError` outside of tests."""
    if state.script is None:
        raise HostError("only tests have a scripted host")
    if file is not None:
        return add_input(file, text or "")
    reply: dict[str, Any] = {"error": error} if error is not None else {}
    if pattern is not None:
        ask: dict[str, Any] = {"http": pattern}
        reply = reply or {"status": status, "headers": dict(headers or {})}
        reply |= {"json": json} if json is not NOT_GIVEN else {"text": text or ""}
    elif llm is not None:
        ask, reply = {"llm": llm}, reply or {"text": text or ""}
    elif function is not None:
        ask = {"function": function} | ({"arguments": dict(arguments)} if arguments is not None else {})
        reply = reply or {"value": value}
    elif chat is not None:
        ask, reply = {"chat": chat}, reply or ({"done": True} if url is None else {"url": url})
    elif codehost is not None:
        ask, reply = {"codehost": codehost}, reply or {"value": value}
    else:
        raise TypeError("say what is asked: 'GET https://…', or `llm=`, `function=`, `chat=`, `codehost=`, `file=`")
    state.exchanges.append({"ask": ask, "reply": reply})
    return None


def add_input(name: str, text: str) -> None:
    """One more input file, until the test ends."""
    state.inputs.mkdir(parents=True, exist_ok=True)
    state.inputs.chmod(0o755)
    (state.inputs / name).unlink(missing_ok=True)
    (state.inputs / name).write_text(text, encoding="utf-8")
    state.names = sorted({*state.names, name})


def asked() -> list[Ask]:
    """What has been asked so far in this test. Raises `HostError` outside of tests."""
    if state.script is None:
        raise HostError("only tests have a scripted host")
    return json.loads(json.dumps(state.asked))  # type: ignore[no-any-return]


def enter(around: Mapping[str, Any]) -> None:
    """Begin a call, or a test, with these surroundings: input files written, no output file there."""
    global state
    state = State(around)
    given = around.get("files", {})
    with contextlib.suppress(OSError):
        state.inputs.chmod(0o755)
    for folder in (state.inputs, state.outputs):
        shutil.rmtree(folder, ignore_errors=True)
    if given:
        state.inputs.mkdir(parents=True)
    for name, text in given.items():
        (state.inputs / name).write_bytes(base64.b64decode(text))
        (state.inputs / name).chmod(0o444)
    if given:
        state.inputs.chmod(0o555)


def artefacts(limit: int) -> dict[str, str]:
    """The plain files in the output folder, in base64. Raises `OSError` where they are larger than the limit."""
    found: dict[str, str] = {}
    if not (state.keeps_files and state.outputs.is_dir()):
        return found
    for path in sorted(state.outputs.iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        limit -= path.stat().st_size
        if limit < 0:
            raise OSError("the output files are larger than the limit allows")
        found[path.name] = base64.b64encode(path.read_bytes()).decode()
    return found
