"""Runs inside the sandbox and nowhere else: calls a function or runs pytest, and answers in JSON.

The host never imports this file. It is read as text and baked into the back ends' snapshots and images, so it
uses the standard library only. Whatever runs beside it may change it: nothing it says is believed beyond what
the function could have returned anyway.
"""

import inspect
import io
import json
import linecache
import os
import sys
import traceback
import types
import typing
from collections.abc import Callable, Generator
from typing import Any

from sandbox import guest_host
from sandbox.guest_loop import driven, no_loop
from sandbox.guest_values import from_json, to_json

WORK = "/data/work" if sys.platform == "wasi" else "/tmp/work"  # noqa: S108 - the guest's private file system
Answer = dict[str, Any]
MAX_TRACEBACK = 16_000
MAX_MESSAGE = 2_000


class OutputLimitReached(BaseException):
    """Raised in the guest's code when it prints more than it may."""


class StepsUsedUp(BaseException):
    """Raised in the guest's code when one of many calls takes more steps than it may."""


class BoundedOutput(io.TextIOBase):
    """Keeps what is printed, up to a limit in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit, self.used = limit, 0
        self.parts: list[str] = []

    def writable(self) -> bool:
        """Always: this is where printing goes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text; raises `OutputLimitReached` past the limit."""
        room = self.limit - self.used
        data = text[: room + 1].encode("utf-8", "replace")
        self.parts.append(data[:room].decode("utf-8", "ignore"))
        self.used += len(data)
        if len(data) > room:
            raise OutputLimitReached
        return len(text)

    def text(self) -> str:
        """What was kept."""
        return "".join(self.parts)


def safe(render: Callable[[], object], fallback: str = "<unprintable>") -> str:
    """What `render` returns, or the fallback where hostile code makes it raise."""
    try:
        return str(render())
    except BaseException:
        return fallback


def failure(kind: str, message: str, error: BaseException | None = None) -> Answer:
    """An answer that names what went wrong."""
    answer = {"kind": kind, "message": message[:MAX_MESSAGE]}
    if error is not None:
        answer["exception"] = safe(lambda: class_name(type(error)))
        answer["traceback"] = safe(lambda: own_traceback(error), "")[-MAX_TRACEBACK:]
    return {"failure": answer}


def class_name(kind: type) -> str:
    """The class's name, with its module where that says something."""
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "function") else f"{kind.__module__}.{kind.__qualname__}"
    )


def own_traceback(error: BaseException) -> str:
    """The traceback from the function's own first frame on, without those of the runner below it."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != "function.py":
        frame = frame.tb_next
    told = traceback.TracebackException(type(error), error, frame, limit=-30)
    told.stack[:] = [line for line in told.stack if "/sandbox/guest" not in line.filename]
    return "".join(told.format())


def failed_with(error: BaseException) -> Answer:
    """The answer for an exception that came out of the function."""
    if isinstance(error, OutputLimitReached):
        return failure("output-limit", "it printed more than the limit allows")
    if isinstance(error, StepsUsedUp):
        return failure("timeout", "it took more steps than a call may")
    if isinstance(error, MemoryError):
        return failure("memory", "it needed more memory than the limit allows", error)
    text = safe(lambda: str(error))
    name = safe(lambda: type(error).__name__)
    return failure("exception", f"{name}: {text}" if text else name, error)


def attempted[T](work: Callable[[], T], finish: Callable[[T], Answer]) -> Answer:
    """The finished answer to what `work` returns, or the failure where one of them raises."""
    try:
        return finish(work())
    except BaseException as error:
        return failed_with(error)


def load(source: str, name: str = "function") -> types.ModuleType:
    """The module made of the source, importable under that name."""
    source = source.removeprefix("\ufeff")  # an import of the same file would skip it too
    module = types.ModuleType(name)
    module.__file__ = file = f"{name}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    sys.modules[name] = module
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
    return module


def encoded(value: object, limit: int) -> Answer:
    """The value's JSON text, or why it has none that may cross."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=to_json)
        size = len(text.encode())
    except MemoryError as error:
        return failed_with(error)
    except BaseException as error:
        reason = safe(lambda caught=error: str(caught))  # type: ignore[misc]
        return failure("result-not-json", f"the result cannot be written as JSON: {reason}", error)
    if size > limit:
        return failure("result-too-large", f"the result is {size:,} bytes of JSON; the limit is {limit:,}")
    return {"json": text}


async def call(request: dict[str, Any]) -> Answer:
    """Load the source, call the function once, encode what it returned."""
    try:
        with no_loop():
            function = getattr(load(request["source"]), request["function"])
            value = given(function, request["arguments"])
        if inspect.iscoroutine(value) and inspect.iscoroutinefunction(function):
            value = await value
    except BaseException as error:
        return failed_with(error)
    return encoded(value, request["max_result_bytes"])


def given(function: Any, arguments: dict[str, Any]) -> object:
    """What the function returns for these JSON values, each as the type that its parameter declares."""
    hints = safe_hints(function)
    return function(**{name: from_json(value, hints.get(name)) for name, value in arguments.items()})


async def registered(name: str, source: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A scripted host's reply for a registered function: run here, from its source, each time anew."""
    try:
        value = given(getattr(load(source, f"registered_{name}"), name), arguments)
        if inspect.iscoroutine(value):
            value = await value
        return {"value": json.loads(json.dumps(value, allow_nan=False, default=to_json))}
    except Exception as error:
        text = safe(lambda caught=error: str(caught))  # type: ignore[misc]
        return {"error": f"{name} failed: {type(error).__name__}: {text}"[:MAX_MESSAGE]}


def safe_hints(function: Any) -> dict[str, Any]:
    """The parameters' types; none where an annotation does not resolve."""
    try:
        plain = function.__annotations__
        if all(isinstance(hint, type) for hint in plain.values()):
            return dict(plain)  # the common case, and the fast one
        return typing.get_type_hints(function)
    except Exception:
        return {}


def outcome(test_id: str, word: str, message: str) -> dict[str, Any]:
    """One test's entry in the answer."""
    return {
        "test_id": test_id,
        "outcome": word,
        "exception": "",
        "by_assertion": False,
        "message": message,
    }


class Reporter:
    """A pytest plugin that notes what each test did, and runs the coroutines among them."""

    def __init__(self, fail: type[BaseException], begin: Callable[[], None]) -> None:
        self.begin = begin
        self.assertions = (AssertionError, fail)
        self.tests: dict[str, dict[str, Any]] = {}
        self.unfinished: set[str] = set()
        self.broken: list[str] = []
        self.printed: list[str] = []

    def note(self, item: Any, call: Any, report: Any) -> None:
        """Fold one phase's report (set-up, call, tear-down) into the test's outcome."""
        entry = self.tests.setdefault(item.nodeid, outcome(item.nodeid, "passed", ""))
        if report.when == "call" or not report.passed:
            self.unfinished.discard(item.nodeid)
        if hasattr(report, "wasxfail"):
            entry["outcome"] = "xpassed" if report.passed else "xfailed"
        elif report.skipped:
            entry["outcome"] = "skipped"
        elif report.failed and entry["outcome"] == "passed":
            kind = call.excinfo.type
            entry.update(
                outcome="failed" if report.when == "call" else "error",
                exception=safe(lambda: class_name(kind)),
                by_assertion=issubclass(kind, self.assertions),
                message=safe(lambda: report.longreprtext)[-MAX_MESSAGE:],
            )
            self.printed += [report.capstdout, report.capstderr]

    def pytest_configure(self) -> None:
        """Have pytest's own report written to nowhere: it tells of the sandbox's own tests too."""
        self.stdout, sys.stdout = sys.stdout, io.StringIO()

    def pytest_sessionstart(self) -> None:
        """From here on `sys.stdout` is what it was."""
        sys.stdout = self.stdout

    def pytest_collection_finish(self, session: Any) -> None:
        """Expect every collected test to come to its end: one that stops the run takes the others with it."""
        self.unfinished = {item.nodeid for item in session.items}

    def pytest_runtest_setup(self) -> None:
        """Begin each test with the host as it was given."""
        self.begin()

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> bool | None:
        """Run a coroutine to its end; leave other tests to pytest."""
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        names = pyfuncitem._fixtureinfo.argnames
        driven(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
        return True

    def outcomes(self) -> list[dict[str, Any]]:
        """What each collected test did."""
        never = {test: outcome(test, "error", "it did not run to its end") for test in sorted(self.unfinished)}
        return list((self.tests | never).values())

    def pytest_collectreport(self, report: Any) -> None:
        """Note files that could not be imported."""
        if report.failed:
            self.broken.append(safe(lambda: report.longreprtext)[-MAX_MESSAGE:])


def reporter_plugin(begin: Callable[[], None]) -> Reporter:
    """The reporter with its hook; pytest is imported here because plain calls do without it."""
    import pytest

    class Plugin(Reporter):
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
            report = yield
            self.note(item, call, report)
            return report

    return Plugin(pytest.fail.Exception, begin)


def parse_files_once() -> None:
    """Have pytest keep the syntax trees that it reads tracebacks with.

    It parses a file anew for each test that failed in it, which is most of what such a test costs.
    """
    from _pytest._code.code import TracebackEntry

    plain, trees = TracebackEntry.getsource, dict[Any, Any]()
    TracebackEntry.getsource = lambda entry, _=None: plain(entry, trees)  # type: ignore[assignment, method-assign]


UNUSED_PLUGINS = (
    "cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "logging", "pastebin", "stepwise",
    "threadexception", "unittest", "unraisableexception",
)  # fmt: skip
"""Some do not work without threads or signals; the others cost time in every run."""
PYTEST_OPTIONS = (
    *("-q", "--capture=sys", "--tb=short", "--no-summary"),
    *(f"--rootdir={WORK}", "--import-mode=prepend", "-o", "addopts="),
    *(word for name in UNUSED_PLUGINS for word in ("-p", f"no:{name}")),
)


def prepare_work(files: dict[str, str]) -> None:
    """Write the files and make the guest look like a process that stands beside them."""
    os.makedirs(WORK, exist_ok=True)
    for name, text in files.items():
        with open(f"{WORK}/{name}", "w", encoding="utf-8", newline="") as file:
            file.write(text)
    if sys.platform == "wasi":
        os.getcwd, os.chdir, os.getuid = (lambda: WORK), (lambda _: None), (lambda: 0)
    else:
        os.chdir(WORK)
    sys.dont_write_bytecode = True
    if WORK not in sys.path:
        sys.path.insert(0, WORK)


def run_tests(request: dict[str, Any]) -> Answer:
    """Write the files, run pytest on them, tell what each test did."""
    import pytest

    try:
        prepare_work(request["files"])
    except (OSError, ValueError) as error:
        return failure("tests-not-collected", f"the files could not be written: {error}")
    parse_files_once()
    plugin = reporter_plugin(lambda: guest_host.enter(around(request)))
    try:
        code = pytest.main(
            [*PYTEST_OPTIONS, *(f"{WORK}/{name}" for name in request["files"] if name.startswith("test_"))],
            [plugin],
        )
        print(*plugin.printed, sep="", end="")  # noqa: T201 - what tests that did not pass have printed
    except BaseException as error:
        return failed_with(error) | {"tests": plugin.outcomes()}
    answer: Answer = {"tests": plugin.outcomes(), "broken": plugin.broken}
    if code not in (0, 1, 5) and not plugin.broken:  # 5: no test was found
        kind = "tests-failed" if answer["tests"] else "tests-not-collected"
        answer |= failure(kind, f"pytest stopped before its end (exit code {int(code)})")
    return answer


OPERATIONS: dict[str, Callable[[dict[str, Any]], Answer]] = {"tests": run_tests}
"""What can be asked for besides a call; `guest_many.py` adds to it."""


def operate(request: dict[str, Any]) -> Answer:
    """The answer of another operation, which sees no running event loop."""
    with no_loop():
        return OPERATIONS[request["op"]](request)


def around(request: dict[str, Any]) -> dict[str, Any]:
    """What the request gives to `guest_host`."""
    told: dict[str, Any] = request.get("around", {})
    return {"folder": WORK} | told


def left(request: dict[str, Any]) -> Answer:
    """What the code has asked of a script, and the files that it leaves."""
    try:
        return {"asked": list(guest_host.noted.values()), "artefacts": guest_host.artefacts(request["max_file_bytes"])}
    except (OSError, MemoryError):
        return failure("result-too-large", "the output files are larger than the limit allows")


async def serve(text: str, relay: guest_host.Relay | None = None) -> str:
    """The answer to one request, both as JSON text. The result's JSON is spliced in, not encoded twice.

    `relay` carries what the code asks out of the sandbox.
    """
    request = json.loads(text)
    if "random" in sys.modules:  # a snapshot freezes its state: without this every call would draw the same numbers
        sys.modules["random"].seed()
    output = BoundedOutput(request["max_output_bytes"])
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = output
    try:
        if "around" in request:
            guest_host.relay = relay if request["around"]["live"] else None
            guest_host.run_registered, guest_host.plain = registered, to_json
            guest_host.enter(around(request))
        answer = await call(request) if request["op"] == "call" else operate(request)
    finally:
        sys.stdout, sys.stderr = streams
    if "around" in request:
        answer |= left(request)
    answer["output"] = output.text()
    value = answer.pop("json", None)
    head = json.dumps(answer)
    return head if value is None else f'{head[:-1]}, "value": {value}}}'
