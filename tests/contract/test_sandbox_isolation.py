"""What no guest may reach in any sandbox: the host's files, environment, network, processes, and other calls."""

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import Call, Limits, Sandbox

ROOT = Path(__file__).parents[2]


def test_the_environment_is_not_ours(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the host, and no value of one, is seen inside."""
    monkeypatch.setenv("KOWAL_TEST_SECRET", "hunter2-of-the-host")
    seen = run("import os\ndef f():\n    return dict(os.environ)\n").value
    assert "KOWAL_TEST_SECRET" not in seen
    assert not {"hunter2-of-the-host", os.environ["PATH"]} & set(seen.values())


READ = """
import os
def f(paths, marks, listings):
    reached = []
    for path in paths:
        try:
            with open(path, 'rb') as file:
                text = file.read(100_000).decode('utf-8', 'replace')
            reached += [path for mark in marks if mark in text]
        except Exception:
            pass
        try:
            if sorted(os.listdir(path)) in listings or {'pyproject.toml', 'snapshot.bin'} & set(os.listdir(path)):
                reached.append(path)
        except Exception:
            pass
    return reached
"""


def test_no_file_of_the_host_is_read(run: Any, cache: Path, tmp_path: Path) -> None:
    """No spelling of a host path leads anywhere: plain, by `..`, through mounts, or through /proc."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the-hosts-secret")
    host_site = next(path for path in sys.path if path.endswith("site-packages"))
    plain = [
        *("/etc/passwd", "/etc/shadow", "/etc", "/proc/self/environ", "/proc/1/environ", "/root/.bashrc"),
        *map(str, (secret, ROOT, ROOT / "pyproject.toml", Path(host_site), cache)),
        *(str(path) for path in cache.glob("wasm-*/snapshot.size")),
    ]
    starts = ("..", "/data/..", "/site-packages/..", "/python-stdlib/..", "/tmp/..", "/site-packages/pytest/../..")
    walks = [f"{start}{'/..' * depth}{path}" for start in starts for depth in (0, 8) for path in plain]
    near = [f"/site-packages/../{name}" for name in ("snapshot.bin", "snapshot.size", "..")]
    marks = ["the-hosts-secret", "root:x:0:0:root:/root", f"PATH={os.environ['PATH']}", 'name = "kowal"']
    folders = [path for path in map(Path, plain) if path.is_dir()]
    listings = [names for names in (sorted(entry.name for entry in path.iterdir()) for path in folders) if names]
    paths = [*plain, *walks, *near, "/dev/mem", "/dev/sda"]
    assert run(READ, paths=paths, marks=marks, listings=listings).value == []


def test_links_do_not_lead_out(run: Any) -> None:
    """Neither a symbolic nor a hard link reaches a file outside."""
    source = (
        "import os, tempfile\ndef f(targets):\n    seen, d = [], tempfile.gettempdir()\n"
        "    for n, target in enumerate(targets):\n"
        "        for make in (os.symlink, os.link):\n            try:\n"
        "                make(target, f'{d}/l{n}'); seen.append(open(f'{d}/l{n}').read(50))\n"
        "            except Exception:\n                pass\n    return seen\n"
    )
    targets = ["/etc/passwd", "../etc/passwd", "/proc/self/environ", "/site-packages/../snapshot.bin"]
    ours = Path("/proc/self/environ").read_text()[:50] if Path("/proc/self/environ").exists() else "no such file"
    assert not [text for text in run(source, targets=targets).value if "root:" in text or text == ours]


@pytest.mark.parametrize("module", ["json", "pytest", "re", "typing", "statistics"])
def test_the_library_cannot_be_written(run: Any, module: str) -> None:
    """The standard library and pytest are read-only inside: nothing can be planted for a later call."""
    source = (
        f"import {module} as module, os, pathlib\ndef f():\n    done = []\n    path = module.__file__\n"
        "    folder = os.path.dirname(path)\n"
        "    for act in (lambda: open(path, 'a').write('#'), lambda: os.remove(path),\n"
        "                lambda: os.rename(path, path + 'x'),\n"
        "                lambda: open(folder + '/planted.py', 'w').write('#'), lambda: os.mkdir(folder + '/planted'),\n"
        "                lambda: os.chmod(path, 0o777), lambda: os.truncate(path, 0)):\n"
        "        try:\n            act(); done.append(1)\n        except Exception:\n            pass\n"
        "    return [os.path.exists(folder + '/planted.py'),\n"
        "            os.path.exists(folder + '/planted'), os.path.getsize(path) > 0]\n"
    )
    assert run(source).value == [False, False, True]


def test_files_are_gone_in_the_next_call(run: Any) -> None:
    """What a call writes is not there for the next one, wherever it wrote."""
    write = (
        "import os, tempfile\ndef f():\n    made = []\n"
        "    for folder in ('.', '/', '/data', '/tmp', '/data/work', tempfile.gettempdir(), os.path.expanduser('~')):\n"
        "        try:\n"
        "            path = folder + '/kowal-left-behind'; open(path, 'w').write('x'); made.append(path)\n"
        "        except OSError:\n            pass\n    return made\n"
    )
    made = run(write).value
    assert made
    assert run("import os\ndef f(p):\n    return [x for x in p if os.path.exists(x)]\n", p=made).value == []


POISON = """
import builtins, json, sys, os, random
def f(how):
    builtins.len = lambda _: 666
    json.dumps.__globals__['poison'] = 1
    sys.modules['poison'] = json
    os.environ['POISON'] = '1'
    sys.path.insert(0, '/data')
    random.seed = lambda *a: 4
    f.calls = getattr(f, 'calls', 0) + 1
    if how == 'raise':
        raise ValueError
    if how == 'loop':
        while True: pass
    if how == 'exit':
        os._exit(0)
    return f.calls
"""

CHECK = """
import builtins, json, sys, os
def f():
    import __main__
    return [len('ab'), 'poison' in vars(json), 'poison' in sys.modules, 'POISON' in os.environ,
            '/data' in sys.path[:1], hasattr(f, 'calls'), hasattr(__main__, 'how')]
"""


@pytest.mark.parametrize("how", ["return", "raise", "loop", "exit"])
def test_nothing_survives_a_call(run: Any, how: str) -> None:
    """Patched builtins, modules, paths and variables are gone in the next call, however the last one ended."""
    run(POISON, how=how, limits=Limits(wall_clock_s=1))
    for _ in range(3):
        assert run(CHECK).value == [2, False, False, False, False, False, False]


def test_nothing_survives_a_test_run(box: Sandbox, run: Any) -> None:
    """A test run leaves neither modules nor files for the next call or run."""
    planted = (
        "import builtins, os\nbuiltins.len = lambda _: 666\n"
        "open(os.path.dirname(__file__) + '/test_more.py','w').write('x')\n"
    )
    box.run_tests({"test_it.py": f"{planted}def test_it(): pass\n", "function.py": "x = 1\n"})
    assert run(CHECK).value[0] == 2
    report = box.run_tests(
        {
            "test_two.py": "import os\ndef test_it():\n    assert os.listdir(os.getcwd()) == ['test_two.py']\n"
            "    import sys\n    assert 'function' not in sys.modules\n"
        }
    )
    assert report.ok, report


class Listener:
    """A server on loopback that counts who connects, by TCP and by UDP."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = self.tcp.getsockname()[1]
        self.udp.bind(("127.0.0.1", self.port))
        self.seen = 0
        for waits in (lambda: self.tcp.accept()[0].close(), lambda: self.udp.recv(10)):
            threading.Thread(target=self.count, args=(waits,), daemon=True).start()

    def count(self, wait: Callable[[], Any]) -> None:
        """Count until the socket is closed."""
        while True:
            try:
                wait()
            except OSError:
                return
            self.seen += 1

    def close(self) -> None:
        """Stop both."""
        for one in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


DIAL = """
import socket, urllib.request, http.client, asyncio, ftplib, smtplib
async def f(port, host):
    errors = []
    def attempt(act):
        try:
            act()
            errors.append('')
        except Exception as error:
            errors.append(str(error) or type(error).__name__)
    attempt(lambda: socket.create_connection((host, port), 1))
    attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect((host, port)))
    attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', (host, port)))
    attempt(lambda: urllib.request.urlopen(f'http://{host}:{port}/', timeout=1))
    attempt(lambda: http.client.HTTPConnection(host, port, timeout=1).request('GET', '/'))
    attempt(lambda: smtplib.SMTP(host, port, timeout=1))
    attempt(lambda: ftplib.FTP().connect(host, port, 1))
    try:
        await asyncio.wait_for(asyncio.open_connection(host, port), 1)
        errors.append('')
    except BaseException as error:
        errors.append(str(error) or type(error).__name__)
    return errors
"""


def test_the_listener_hears_what_does_arrive() -> None:
    """The server that the next test trusts would notice a connection and a datagram."""
    server = Listener()
    socket.create_connection(("127.0.0.1", server.port)).close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", server.port))
    deadline = time.monotonic() + 30
    while server.seen < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    seen = server.seen
    server.close()
    assert seen == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "host.docker.internal"])
def test_no_packet_leaves(run: Any, host: str) -> None:
    """Nothing that the guest tries reaches a server on this very machine."""
    server = Listener()
    try:
        result = run(DIAL, port=server.port, host=host, limits=Limits(wall_clock_s=10))
        time.sleep(0.1)
        seen = server.seen
    finally:
        server.close()
    assert seen == 0
    assert result.failure is not None or all(result.value[:2] + result.value[3:])


def test_no_port_is_opened(box: Sandbox, diverges: Callable[[str], bool]) -> None:
    """A guest cannot listen where the host would see it: not at all, or on a loopback of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    source = (
        "import socket\ndef f(port):\n    server = socket.create_server(('0.0.0.0', port)); server.settimeout(1)\n"
        "    try:\n        server.accept(); return 'heard'\n    except TimeoutError:\n        return 'silence'\n"
    )
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(box.call, Call(source=source, function="f", arguments={"port": port}))
        while not answer.done():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
                pytest.fail("the host reaches a port that the guest has opened")
            time.sleep(0.05)
    assert answer.result().failure is not None or (diverges("loopback") and answer.result().value == "silence")


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f():\n    return os.fork()\n",
        "import os\ndef f():\n    return os.system('touch /tmp/kowal-was-here')\n",
        "import subprocess\ndef f():\n    return subprocess.check_output(['id']).decode()\n",
        "import os\ndef f():\n    os.execv('/bin/sh', ['sh'])\n",
        "import os\ndef f():\n    return os.posix_spawn('/bin/sh', ['sh'], {})\n",
        "import multiprocessing\ndef f():\n    multiprocessing.Process(target=print).start()\n",
        "import ctypes\ndef f():\n    return ctypes.CDLL(None).system(b'id')\n",
        "import pty\ndef f():\n    return pty.fork()\n",
        "import os, signal\ndef f():\n    os.kill(os.getppid(), signal.SIGKILL)\n",
    ],
)
def test_no_process_is_started(run: Any, box: Sandbox, source: str, diverges: Callable[[str], bool]) -> None:
    """No way of starting or killing a process works on the host."""
    before = children()
    result = run(source, limits=Limits(wall_clock_s=3))
    assert result.failure is not None or diverges("processes")
    assert not Path("/tmp/kowal-was-here").exists()
    assert len(children()) <= len(before) + 1
    assert box.call(Call(source="def f():\n    return 1\n", function="f")).value == 1


def test_no_thread_outlives_its_call(run: Any, box: Sandbox) -> None:
    """A thread either cannot start or is gone with the call."""
    result = run(
        "import threading, time\ndef f():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n    return 1\n",
        limits=Limits(wall_clock_s=2),
    )
    assert result.value in (None, 1)
    assert (
        box.call(Call(source="import threading\ndef f():\n    return threading.active_count()\n", function="f")).value
        == 1
    )


def test_random_numbers_differ_between_calls(run: Any) -> None:
    """A snapshot does not freeze chance: random, uuid4, secrets and urandom are new in each call."""
    source = (
        "import os, random, secrets, uuid\ndef f():\n    return [random.random(), str(uuid.uuid4()),\n"
        "            secrets.token_hex(4), os.urandom(8).hex(), random.SystemRandom().random()]\n"
    )
    draws = [run(source).value for _ in range(4)]
    for column in zip(*draws, strict=True):
        assert len(set(column)) == 4


def test_the_hash_seed_differs_or_is_declared(run: Any, diverges: Callable[[str], bool]) -> None:
    """Hashes of text differ between calls, unless the back end says that its seed is frozen."""
    hashes = {run("def f():\n    return hash('kowal')\n").value for _ in range(4)}
    assert len(hashes) > 1 or diverges("hash seed")


def test_the_clock_runs(run: Any) -> None:
    """Time inside is the host's time, not the snapshot's."""
    assert abs(run("import time\ndef f():\n    return time.time()\n").value - time.time()) < 5


def test_eight_threads_get_their_own_answers(box: Sandbox) -> None:
    """Calls from several threads at once do not mix, the failing ones included."""
    source = "def f(n):\n    print(n)\n    if n % 5 == 4: import os; os._exit(0)\n    return n * n\n"

    def one(number: int) -> tuple[int, Any, str]:
        result = box.call(Call(source=source, function="f", arguments={"n": number}))
        return number, result.value, result.output

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    for number, value, output in answers:
        assert (value, output) == ((None, "") if number % 5 == 4 else (number * number, f"{number}\n"))


def test_crashes_leave_no_process_behind(box: Sandbox, run: Any) -> None:
    """After many crashes there are no more processes than before, and none that is dead and unburied."""
    run("def f(): pass")
    before = len(children())
    for _ in range(6):
        run("import json\ndef f():\n    json.loads('[' * 100_000)\n")
    run("def f(): pass")
    assert len(children()) <= before + 1
    assert not [pid for pid in children() if state(pid) == "Z"]


def children() -> set[int]:
    """The processes whose parent is this one."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid for pid in pids if fields(pid)[1:2] == [str(os.getpid())]}


def state(pid: int) -> str:
    """One letter for what a process does; Z is dead and not reaped."""
    return fields(pid)[0] if fields(pid) else ""


def fields(pid: int) -> list[str]:
    """State and parent of a process; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return []
