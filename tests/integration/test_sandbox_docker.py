"""The Docker back end at work: how its containers are confined, how they wait, end, and leave nothing behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from sandbox import Call, FailureKind, Limits, Sandbox, SandboxError, SandboxUnavailable
from sandbox.backends.docker import BACKEND
from sandbox.docker_engine import connect
from sandbox.docker_pool import OWNER_LABEL, machine, owner, remove_strays

ONE = Call(source="def f():\n    return 1\n", function="f")
LOOP = Call(source="def f():\n    while True: pass\n", function="f")


@pytest.fixture(scope="module")
def api() -> Iterator[Any]:
    """The engine; the tests are skipped where none answers."""
    try:
        engine = connect(None)
    except SandboxUnavailable as error:
        pytest.skip(f"docker: {error}. {error.advice}")
    yield engine
    engine.close()


@pytest.fixture
def opened(api: Any) -> Iterator[Callable[..., Sandbox]]:
    """Opens sandboxes with settings, and closes them in the end."""
    boxes: list[Sandbox] = []
    _others.clear()
    _others.update(each["Id"] for each in owned(api, all=True))

    def open_one(**section: Any) -> Sandbox:
        box = BACKEND.open({"waiting": 1, **section}, lambda _: None)
        boxes.append(box)
        try:
            box.call(ONE)
        except SandboxUnavailable as error:
            pytest.skip(f"docker: {error}. {error.advice}")
        return box

    yield open_one
    for box in boxes:
        box.close()


_others = set[str]()
"""Containers of sandboxes that other tests of this process have open."""


def owned(api: Any, **more: Any) -> list[dict[str, Any]]:
    """The containers that this process owns."""
    found: list[dict[str, Any]] = api.containers(filters={"label": f"{OWNER_LABEL}={owner()}"}, **more)
    return found


def ours(api: Any, **more: Any) -> list[dict[str, Any]]:
    """Those of them that the test itself has brought about."""
    return [each for each in owned(api, **more) if each["Id"] not in _others]


def until(holds: Callable[[], object], seconds: float = 60.0) -> bool:
    """True once it holds, False where it does not within the time."""
    deadline = time.monotonic() + seconds
    while not (held := bool(holds())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held


def value(box: Sandbox, source: str) -> Any:
    """What `f` of the source returns."""
    result = box.call(Call(source=source, function="f"))
    assert result.ok, result.failure
    return result.value


def test_every_container_is_confined(api: Any, opened: Callable[..., Sandbox]) -> None:
    """The engine itself reports each measure on a container that waits."""
    opened()
    assert until(lambda: ours(api))
    facts = api.inspect_container(ours(api)[0]["Id"])
    host = facts["HostConfig"]
    assert facts["Config"]["User"] == "65532:65532"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"]
    assert host["NetworkMode"] == "none"
    assert (host["IpcMode"], host["PidMode"], host["CgroupnsMode"]) == ("private", "", "private")
    assert host["Memory"] == host["MemorySwap"] > 0
    assert host["NanoCpus"] == 1_000_000_000
    assert host["PidsLimit"] == 64
    assert {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {"nofile": 256, "core": 0, "msgqueue": 0}
    assert host["LogConfig"]["Type"] == "none"
    assert host["AutoRemove"]
    assert not host["Binds"]
    assert facts["Mounts"] == []
    assert all("size=" in options and "noexec" in options for options in host["Tmpfs"].values())


def test_the_kernel_confirms_it_from_inside(opened: Callable[..., Sandbox]) -> None:
    """No capability, no new privileges, a filter of system calls, a user that is not root, one network device."""
    source = (
        "import os, socket\ndef f():\n    lines = open('/proc/self/status').read().splitlines()\n"
        "    status = dict(line.split(':\\t', 1) for line in lines if ':\\t' in line)\n"
        "    names = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')\n"
        "    return [[status[name] for name in names], os.getuid(), os.getgid(), os.getgroups(),\n"
        "            [name for _, name in socket.if_nameindex()], open('/etc/resolv.conf').read(),\n"
        "            os.environ['PATH']]\n"
    )
    status, user, group, groups, devices, resolver, path = value(opened(), source)
    assert status == ["0000000000000000"] * 5 + ["1", "2"]
    assert (user, group) == (65532, 65532)
    assert set(groups) <= {65532}
    assert devices == ["lo"]
    assert resolver.split() == ["nameserver", "127.0.0.1"]
    assert path == "/usr/local/bin:/usr/bin:/bin"


# Every container has a layer of its own, whose random name stands here. Namespace numbers are used again by the kernel.
ROOT_MOUNT = "[line for line in open('/proc/self/mountinfo') if line.split()[4] == '/']"


def test_a_container_serves_one_call(opened: Callable[..., Sandbox]) -> None:
    """By default no two calls of the same source share a container."""
    source = f"def f():\n    return {ROOT_MOUNT}\n"
    box = opened()
    assert len({str(value(box, source)) for _ in range(3)}) == 3


SHARED = f"""
import ctypes, os, subprocess
def f():
    seen = [os.listdir('/tmp'), os.listdir('/dev/shm'), [p for p in os.listdir('/proc') if p.isdigit()]]
    open('/tmp/left', 'w').close()
    os.symlink('/', '/tmp/link')
    os.makedirs('/tmp/a/b/c')
    os.chmod('/tmp/a/b', 0)
    open('/dev/shm/left', 'w').close()
    subprocess.Popen(['sleep', '60'], start_new_session=True)
    return [{ROOT_MOUNT}, seen[0], seen[1], len(seen[2])]
"""


def test_one_versions_calls_share_a_container_and_nothing_else(opened: Callable[..., Sandbox]) -> None:
    """With that setting a source keeps its container, which is emptied in between; another source has another."""
    box = opened(calls_per_container="version")
    plain = SHARED.replace("    os.chmod('/tmp/a/b', 0)\n", "")
    first, second = value(box, plain), value(box, plain)
    assert first[0] == second[0]
    assert second[1:] == first[1:] == [[], [], 2]
    assert value(box, plain + "# another\n")[0] != first[0]


def test_what_cannot_be_emptied_is_not_used_again(opened: Callable[..., Sandbox]) -> None:
    """Where something of a call stays, the source's next call has a new container."""
    box = opened(calls_per_container="version")
    shared_memory = SHARED.replace(
        "    os.makedirs", "    ctypes.CDLL(None).shmget(4711, 4096, 0o1666)\n    os.makedirs"
    )
    for source in (SHARED, shared_memory):
        first, second = value(box, source), value(box, source)
        assert first[0] != second[0]
        assert second[1:] == [[], [], 2]


def test_test_runs_never_share(opened: Callable[..., Sandbox]) -> None:
    """A test run has a container of its own whatever the settings say."""
    box = opened(calls_per_container="version")
    text = "import os\ndef test_it():\n    assert not os.path.exists('/tmp/left')\n    open('/tmp/left', 'w').close()\n"
    assert box.run_tests({"test_it.py": text}).ok
    assert box.run_tests({"test_it.py": text}).ok


STUBBORN = {
    "loop": "while True: pass",
    "threads": "import threading\n    for _ in range(20): threading.Thread(target=list, args=(iter(int, 1),)).start()",
    "forks": "import os\n    for _ in range(5): os.fork()\n    while True: pass",
    "deaf": "import signal\n    for n in range(1, 32):\n        try: signal.signal(n, signal.SIG_IGN)\n"
    "        except OSError: pass\n    while True: pass",
    "daemon": "import os\n    if os.fork() == 0:\n        os.setsid()\n        os.fork()\n    while True: pass",
    "stopped": "import os, signal\n    os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.parametrize("name", STUBBORN)
def test_a_time_out_ends_the_whole_container(api: Any, opened: Callable[..., Sandbox], name: str) -> None:
    """Whatever the code does, no process of its container is left when the time-out is told."""
    box = opened(waiting=0)
    answer: list[Any] = []
    call = Call(source=f"def f():\n    {STUBBORN[name]}\n", function="f")
    thread = threading.Thread(target=lambda: answer.append(box.call(call, Limits(wall_clock_s=1.0))))
    assert until(lambda: not ours(api, all=True))
    thread.start()
    assert until(lambda: first_process(api))
    space = (Path("/proc") / str(first_process(api)) / "ns/pid").readlink()
    # The system may give the number of a space that has ended to another container: what began later is not ours.
    before = time.clock_gettime(time.CLOCK_BOOTTIME) + 0.8
    assert processes_in(space, before)
    thread.join()
    assert answer[0].failure.kind is FailureKind.TIMEOUT
    assert processes_in(space, before) == []


def first_process(api: Any) -> int:
    """The host's number of the first process in our one running container; 0 where it does not run yet."""
    found = ours(api)
    return api.inspect_container(found[0]["Id"])["State"]["Pid"] if found else 0


def processes_in(space: Path, before: float) -> list[str]:
    """The processes of the host that live in that process space and began by then, in seconds since the start."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns/pid").readlink() == space and began(entry) <= before:
                found.append((entry / "cmdline").read_text())
    return found


def began(entry: Path) -> float:
    """When the process began, in seconds since the system's start (proc_pid_stat(5), field 22)."""
    return int((entry / "stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


@pytest.mark.alone
def test_the_answer_to_a_time_out_is_prompt(opened: Callable[..., Sandbox]) -> None:
    """The container is killed at the limit, not asked to end: an engine would wait for ten seconds."""
    box = opened(waiting=2)
    time.sleep(2)  # two containers wait now
    started = time.monotonic()
    assert not box.call(LOOP, Limits(wall_clock_s=1.0)).ok
    assert time.monotonic() - started < 1.0 + 8.0


def test_containers_are_replaced_in_the_background(api: Any, opened: Callable[..., Sandbox]) -> None:
    """After calls as many wait again as the settings say, and the used ones are gone."""
    box = opened(waiting=2)
    for _ in range(3):
        assert box.call(ONE).value == 1
    assert until(lambda: len(ours(api, all=True)) == 2)


def test_a_dead_container_is_replaced(api: Any, opened: Callable[..., Sandbox]) -> None:
    """A container that was killed while it waited is not noticed by the caller."""
    box = opened()
    for signal_name in ("SIGKILL", "SIGSTOP"):
        assert until(lambda: ours(api))
        for container in ours(api):
            with contextlib.suppress(APIError):  # one that was killed in the round before may still be listed
                api.kill(container["Id"], signal_name)
        assert box.call(ONE).value == 1


def test_closing_leaves_nothing(api: Any, opened: Callable[..., Sandbox]) -> None:
    """After closing there is no container of ours, the ones being started included."""
    box = opened(waiting=3)
    box.close()
    assert until(lambda: not ours(api, all=True))


CRASHING = """
import sys, threading, time
from sandbox import Call
from sandbox.backends.docker import BACKEND
box = BACKEND.open({"waiting": 2}, lambda _: None)
box.call(Call(source="def f(): return 1", function="f"))
loop = Call(source="def f():\\n    while True: pass", function="f")
threading.Thread(target=box.call, args=(loop,), daemon=True).start()
time.sleep(2)
print("ready", flush=True)
time.sleep(60)
"""


def test_a_crash_of_ours_leaves_no_container(api: Any, opened: Callable[..., Sandbox]) -> None:
    """Killed without warning, with containers that wait and one at work, nothing of them is left."""
    opened()
    child = subprocess.Popen([sys.executable, "-c", CRASHING], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    theirs = [one["Id"] for one in api.containers() if f" {child.pid} " in one["Labels"].get(OWNER_LABEL, "")]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert len(theirs) >= 2
    assert until(lambda: not {one["Id"] for one in api.containers(all=True)} & set(theirs))


def test_strays_of_the_dead_are_removed_and_others_kept(api: Any, opened: Callable[..., Sandbox]) -> None:
    """The next start removes a container whose owner has ended, started or not, and none of a living process."""
    image = opened().environment()["image"]
    where = machine()
    labels = {
        "dead": f"{where} {2**22 + 1} 1",
        "alive": owner(),
        "elsewhere": "another-machine pid:[1] 1 1",
        "unreadable": "nonsense",
    }
    made = {
        name: api.create_container(image, labels={OWNER_LABEL: label}, use_config_proxy=False)["Id"]
        for name, label in labels.items()
    }
    try:
        remove_strays(api)
        left = {one["Id"] for one in api.containers(all=True)}
        assert {name for name, made_id in made.items() if made_id in left} == {"alive", "elsewhere", "unreadable"}
    finally:
        for made_id in set(made.values()) & {one["Id"] for one in api.containers(all=True)}:
            api.remove_container(made_id, force=True)


def test_larger_limits_get_a_larger_container(opened: Callable[..., Sandbox]) -> None:
    """A call that needs more than those that wait gets one made to measure, and those that wait grow with it."""
    box = opened()
    fill = "def f():\n    open('/tmp/x', 'wb').write(b'x' * (100 << 20))\n    return len(bytearray(400 << 20))\n"
    large = Limits(max_memory_bytes=600 << 20, max_file_bytes=128 << 20)
    assert not box.call(Call(source=fill, function="f")).ok
    assert box.call(Call(source=fill, function="f"), large).value == 400 << 20


def test_memory_of_many_processes_is_limited_together(opened: Callable[..., Sandbox]) -> None:
    """Processes that each stay below the limit are stopped by that of the container, and it is named."""
    source = (
        "import os, time\ndef f():\n    for _ in range(10):\n        if os.fork() == 0:\n"
        "            kept = bytearray(os.urandom(1 << 20)) * 150\n            time.sleep(2)\n            os._exit(0)\n"
        "    os._exit(any(os.wait()[1] for _ in range(10)))\n"
    )
    failure = opened().call(Call(source=source, function="f")).failure
    assert failure is not None
    assert failure.kind is FailureKind.MEMORY


def test_the_environment_names_engine_image_and_versions(opened: Callable[..., Sandbox]) -> None:
    """A verdict can record what it depends on: the image by its digest."""
    known = opened().environment()
    assert known["backend"] == "docker"
    assert known["image"].startswith("sha256:")
    assert {"engine", "python", "pytest"} < set(known)
    json.dumps(known)


def test_warming_up_starts_containers(api: Any, opened: Callable[..., Sandbox]) -> None:
    """After `warm_up` containers wait without a call having been made."""
    opened().close()
    box = BACKEND.open({"waiting": 2}, lambda _: None)
    box.warm_up()
    try:
        assert until(lambda: len(ours(api)) == 2)
    finally:
        box.close()


def test_a_missing_image_is_named(opened: Callable[..., Sandbox]) -> None:
    """An image of the settings that the engine lacks is an error with its name, and the status says the same."""
    opened()
    box = BACKEND.open({"image": "kowal-no-such-image:1"}, lambda _: None)
    with pytest.raises(SandboxUnavailable, match="kowal-no-such-image"):
        box.call(ONE)
    assert not box.status().available
    box.close()


def test_an_unknown_runtime_is_the_engines_fault(opened: Callable[..., Sandbox]) -> None:
    """What the engine refuses is an error of the machinery with the engine's own words, and leaves nothing behind."""
    opened()
    box = BACKEND.open({"runtime": "no-such-runtime", "waiting": 0}, lambda _: None)
    with pytest.raises(SandboxError, match="no-such-runtime"):
        box.call(ONE)
    box.close()
