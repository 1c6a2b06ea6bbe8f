"""How guest code may fail in any sandbox: by its own name, within its limits, without harm to the next call."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Call, FailureKind, Limits, Sandbox

SHORT = Limits(wall_clock_s=1.5)
PATIENT = Limits(wall_clock_s=30)
ONE = Call(source="def f():\n    return 1\n", function="f")


def body(text: str, head: str = "") -> str:
    """A source whose `f` has that body, one line a statement."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"{head}\ndef f():\n{lines}"


@pytest.mark.parametrize(
    ("source", "kind", "exception"),
    [
        (body("import sys; sys.exit(3)"), "exception", "SystemExit"),
        (body("raise KeyboardInterrupt"), "exception", "KeyboardInterrupt"),
        (body("raise GeneratorExit"), "exception", "GeneratorExit"),
        (body("import asyncio; raise asyncio.CancelledError"), "exception", "asyncio.exceptions.CancelledError"),
        (body("raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])"), "exception", "ExceptionGroup"),
        (body("raise BaseException"), "exception", "BaseException"),
        (body("return input()"), "exception", "EOFError"),
        (body("import os; os._exit(0)"), "crash", ""),
        (body("import os; os._exit(7)"), "crash", ""),
        (body("import os; os.abort()"), "crash", ""),
    ],
)
def test_every_way_out_has_its_name(run: Any, box: Sandbox, source: str, kind: str, exception: str) -> None:
    """Leaving by an exception names its class, ending the interpreter is a crash, and the next call works."""
    failure = run(source).failure
    assert (failure.kind, failure.exception) == (kind, exception)
    assert box.call(ONE).value == 1


def test_an_exit_inside_del_does_not_change_the_value(run: Any) -> None:
    """What a finaliser raises is lost, as Python has it, and the value stands."""
    assert run(body("a = A(); del a; return 1", "class A:\n    def __del__(self): raise SystemExit")).value == 1


@pytest.mark.parametrize(
    "head",
    [
        "class E(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__",
        "class E(Exception):\n    def __str__(self): return 5\nE.__module__ = 5",
        "class E(Exception):\n    def __str__(self): return '\\ud800\\x00'\nE.__qualname__ = '\\ud800'",
        "class M(type):\n    def __getattribute__(cls, name): raise KeyboardInterrupt\n"
        "class E(Exception, metaclass=M): pass",
        "class E(Exception):\n    @property\n    def __traceback__(self): raise MemoryError",
        "class E(Exception):\n    __cause__ = __context__ = property(lambda self: self)",
    ],
)
def test_a_hostile_exception_is_still_an_exception(run: Any, head: str) -> None:
    """Whatever an exception's text, name or attributes do, the failure is an exception and has a message."""
    failure = run(body("raise E", head), limits=SHORT).failure
    assert failure.kind is FailureKind.EXCEPTION
    assert failure.message


def test_a_message_of_ten_megabytes_is_cut(run: Any) -> None:
    """A failure stays small, whatever its message."""
    failure = run(body("raise ValueError('x' * 10_000_000)")).failure
    assert failure.exception == "ValueError"
    assert len(failure.message) <= 2_000
    assert len(failure.traceback) <= 16_000


def test_the_traceback_shows_the_functions_own_frames_only(run: Any) -> None:
    """The traceback names function.py, the line and the chain of causes, and none of our frames."""
    source = (
        "def g():\n    return 1 / 0\n\ndef f():\n    try:\n        g()\n"
        "    except ZeroDivisionError as error:\n        raise ValueError('second') from error\n"
    )
    failure = run(source).failure
    assert 'File "function.py", line 8, in f' in failure.traceback
    assert "return 1 / 0" in failure.traceback
    assert failure.traceback.index("ZeroDivisionError") < failure.traceback.index("ValueError: second")
    assert all(line.split('"')[1] == "function.py" for line in failure.traceback.splitlines() if "File " in line)


TIME_OUTS = {
    "loop": body("while True: pass"),
    "sleep": body("import time; time.sleep(60)"),
    "async sleep": "import asyncio\nasync def f():\n    await asyncio.sleep(60)\n",
    "regular expression": body("import re; re.match(r'(a+)+$', 'a' * 60 + 'b')"),
    "big power": body("return len(str(7 ** (10 ** 8)))"),
    "swallows all": body("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
    "in del": body("a = A(); del a", "class A:\n    def __del__(self):\n        while True: pass"),
    "in finally": body("try: 1 / 0\nfinally:\n    while True: pass"),
    "at import": "while True: pass\n",
    "in str of the error": body("raise E", "class E(Exception):\n    def __str__(self):\n        while True: pass"),
    "iterator in C": body("import itertools; return sum(itertools.count())"),
}


@pytest.mark.parametrize("name", TIME_OUTS)
def test_time_is_limited(run: Any, box: Sandbox, name: str, late: Callable[[float], None]) -> None:
    """Code that does not end, in Python or in C, is a time-out, and the sandbox answers afterwards."""
    started = time.perf_counter()
    failure = run(TIME_OUTS[name], limits=SHORT).failure
    late(time.perf_counter() - started - SHORT.wall_clock_s)
    assert failure.kind is FailureKind.TIMEOUT
    assert box.call(ONE).value == 1


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        (body("return len(bytearray(1 << 30))"), "memory"),
        (body("a = []\nwhile True: a.append(bytearray(1 << 16))"), "memory"),
        (body("a = 'x'\nwhile True: a += a"), "memory crash"),
        (body("return list(range(10 ** 9))"), "memory crash"),
        (
            body("a = []\nwhile True:\n    try: a.append(' ' * 100_000)\n    except BaseException: pass"),
            "timeout crash",
        ),
    ],
)
def test_memory_is_limited(run: Any, box: Sandbox, source: str, allowed: str) -> None:
    """Memory ends at its limit, in one piece or in many, and the next call has all of it again."""
    limits = SHORT if "timeout" in allowed else PATIENT  # a busy machine takes a while to fill its memory
    assert run(source, limits=limits).failure.kind in allowed.split()
    assert box.call(ONE).value == 1


def test_the_memory_limit_is_the_one_that_was_given(run: Any) -> None:
    """The same code passes under a larger limit and fails under a smaller one."""
    source = "def f():\n    return len(bytearray(100 << 20))\n"
    assert run(source, limits=Limits(max_memory_bytes=320 << 20)).value == 100 << 20
    assert run(source, limits=Limits(max_memory_bytes=96 << 20)).failure.kind is FailureKind.MEMORY


FLOODS = {
    "print": body("while True: print('x' * 1000)"),
    "standard error": body("import sys\nwhile True: sys.stderr.write('x' * 1000)"),
    "logging": body("import logging\nwhile True: logging.warning('x' * 1000)"),
    "swallowing": body("while True:\n    try: print('x' * 1000)\n    except BaseException: pass"),
    "__stdout__": body("import sys\nwhile True: sys.__stdout__.write('x' * 1000)"),
    "descriptor 1": body("import os\nwhile True: os.write(1, b'x' * 1000)"),
    "descriptor 2": body("import os\nwhile True: os.write(2, b'x' * 1000)"),
    "the stream beneath": body(
        "import sys\nframe = sys._getframe()\nstreams = []\n"
        "while frame:\n    streams += [v for v in frame.f_locals.values() if isinstance(v, tuple)]\n"
        "    frame = frame.f_back\n"
        "while True:\n    for pair in streams:\n        for one in pair:\n"
        "            if hasattr(one, 'write'): one.write('x' * 1000)\n"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_are_stopped(run: Any, box: Sandbox, name: str) -> None:
    """Endless output is stopped by its own limit or by the clock, whichever stream it takes."""
    result = run(FLOODS[name], limits=SHORT)
    assert result.failure.kind in ("output-limit", "timeout")
    assert len(result.output) <= SHORT.max_output_bytes
    assert box.call(ONE).value == 1


@pytest.mark.parametrize(
    "source",
    [
        body(
            "h = open('/data/x' if sys.platform == 'wasi' else '/tmp/x', 'wb')\nwhile True: h.write(b'x' * (1 << 20))",
            "import sys",
        ),
        body("import os, tempfile\nd = tempfile.mkdtemp()\nfor n in range(100_000): open(f'{d}/{n}', 'w').write('a')"),
        body("import tempfile\nh = tempfile.TemporaryFile()\nh.seek(1 << 40); h.write(b'a'); h.flush()"),
        body("import os, tempfile\nd = tempfile.mkdtemp()\nfor n in range(10 ** 6):\n    d += '/d'; os.mkdir(d)"),
    ],
)
def test_the_file_system_is_limited(run: Any, box: Sandbox, source: str) -> None:
    """Filling the file system by size, by number, by a hole or by depth ends in a failure or harmlessly."""
    result = run(source, limits=Limits(wall_clock_s=3, max_file_bytes=16 << 20))
    assert result.failure is None or result.failure.kind in ("exception", "timeout", "memory", "crash")
    assert box.call(ONE).value == 1


@pytest.mark.parametrize(
    "source",
    [
        body("import sys; sys.setrecursionlimit(10 ** 9)\ndef g(): g()\ng()"),
        body("import ast; ast.parse('-' * 200_000 + '1')"),
        body("import json; json.loads('[' * 100_000)"),
        body("a = []\nfor _ in range(50_000): a = [a]\nreturn len(repr(a))"),
        body("import pickle\na = []\nfor _ in range(50_000): a = [a]\nreturn len(pickle.dumps(a))"),
        body("import copy\na = []\nfor _ in range(50_000): a = [a]\ncopy.deepcopy(a)"),
        body("import re; re.compile('(' * 50_000 + ')' * 50_000)"),
        body("a = ()\nfor _ in range(50_000): a = (a,)\nreturn hash(a)"),
        "x = " + "-" * 200_000 + "1\ndef f(): return 1\n",
        "x = " + "(" * 5_000 + ")" * 5_000 + "\ndef f(): return 1\n",
    ],
)
def test_deep_nesting_costs_one_call_at_most(run: Any, box: Sandbox, source: str) -> None:
    """Deep recursion and nesting crash or raise, here and nowhere else."""
    result = run(source, limits=Limits(wall_clock_s=5))
    assert result.failure is None or result.failure.kind in ("crash", "exception", "memory", "timeout")
    assert box.call(ONE).value == 1


FORGERIES = {
    "dumps returns text": "import json\nreturn_ = '[[' * 100_000\njson.dumps = lambda *a, **k: return_",
    "dumps returns a number": "import json\njson.dumps = lambda *a, **k: 5",
    "dumps returns no object": "import json\njson.dumps = lambda *a, **k: '[1, 2]'",
    "fields of wrong types": (
        "import json\njson.dumps = lambda *a, **k: "
        '\'{"tests": 5, "failure": {"kind": [1], "message": 5}, "output": {}, "broken": {}, "value": 1}\''
    ),
    "infinity": "import json\njson.dumps = lambda *a, **k: '{\"value\": Infinity}'",
    "serve replaced": "import __main__\nasync def serve(text): return None\n__main__.serve = serve",
    "encoded replaced": "import __main__\n__main__.encoded = lambda *a: {'json': ']['}",
    "failure replaced": "import __main__\n__main__.failed_with = lambda e: None\nraise ValueError",
    "frames": (
        "import os, struct\nfor fd in range(0, 21):\n"
        "    try: os.write(fd, struct.pack('>I', 13) + b'{\"value\": 66}')\n"
        "    except OSError: pass"
    ),
    "streams replaced": "import sys\nsys.stdout = sys.stderr = None",
    "builtins gone": "import builtins\nfor n in list(vars(builtins)): delattr(builtins, n)",
    "modules gone": "import sys\nsys.modules.clear()",
    "main emptied": "import __main__\nvars(__main__).clear()",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_answer_never_breaks_the_host(run: Any, box: Sandbox, name: str) -> None:
    """Whatever the guest does to its runner, the host gets a value or a failure, and the next call is honest."""
    result = run(body(FORGERIES[name]), limits=SHORT)
    assert result.failure is None or result.failure.kind in set(FailureKind)
    assert box.call(ONE).value == 1
    report = box.run_tests({"test_it.py": f"def test_it():\n    exec({FORGERIES[name]!r})\n"}, SHORT)
    assert report.failure is None or report.failure.kind in set(FailureKind)
    assert box.run_tests({"test_it.py": "def test_it(): pass\n"}).ok
