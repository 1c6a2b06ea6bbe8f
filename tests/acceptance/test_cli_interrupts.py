"""Ctrl-C, `kill -9` and several processes at once: nothing is left half done, and nothing is left running."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from integrations.llm.fake_ollama import FakeOllama, Rule, Script

COUNT = ("run", "count words in a text")
DEADLINE_S = 60
FOREVER = 'def wait_long(n: int) -> int:\n    """Wait."""\n    while n:\n        pass\n    return n\n'


def until(what: str, holds) -> None:
    """Wait until something holds, at most a minute."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.02)


def line_with(process: subprocess.Popen[str], words: str) -> None:
    """Read progress up to the line that holds the words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"it ended without saying {words!r}")


def children_of(pid: int) -> set[int]:
    """The processes below one, all generations."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found |= {int(folder.name)} | children_of(int(folder.name))
    return found


def running(pids: set[int]) -> set[int]:
    """Those that still live and are no zombies."""
    alive = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                alive.add(pid)
        except OSError:
            continue
    return alive


def interrupted(process: subprocess.Popen[str]) -> str:
    """What a process says when Ctrl-C ends it; it must leave no process behind."""
    below = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, f"{process.returncode}\n{out}\n{err}"
    until("its children end", lambda: not running(below))
    assert "Traceback" not in err
    return err


def test_ctrl_c_during_init_leaves_nothing_half_made(sparse):
    """The exit code is 130, the message says so, and the next `init` makes the whole registry."""
    process = sparse.start("init")
    line_with(process, "built-in functions 1/3")
    assert "Stopped" in interrupted(process)
    assert not sparse.registry.exists()
    assert [path.name for path in sparse.folder.iterdir() if path.name.startswith(".registry")] == []


def test_kill_9_during_init_and_then_two_at_once(sparse):
    """After a `kill -9`, two `init` at the same time both succeed and leave one sound registry."""
    process = sparse.start("init")
    line_with(process, "built-in functions 1/3")
    below = children_of(process.pid)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    until("its children end by themselves", lambda: not running(below))
    assert not sparse.registry.exists()
    both = [sparse.start("init", "--json") for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(answer["made"] for answer in answers) == [False, True]
    assert all(len(answer["functions"]) == 3 for answer in answers)
    assert sparse.is_sound()


def test_ctrl_c_during_generation_keeps_the_registry(home):
    """A model that takes its time is left alone, and the registry is as it was."""
    with FakeOllama(Script(rules=(Rule(reply="slow", delay_s=DEADLINE_S),))) as server:
        process = home.with_(OLLAMA_HOST=server.url).start("run", "fold a paper plane")
        until("the model is asked", lambda: any(request.path == "/api/chat" for request in server.requests))
        assert "Stopped" in interrupted(process)
    assert home.is_sound()
    assert len(home.json("functions", "list")) == 8


def test_ctrl_c_during_a_run_stops_the_sandbox(home):
    """A function that never ends does not outlive the command that runs it."""
    tests = "from function import wait_long\n\n\ndef test_it():\n    assert wait_long(0) == 0\n\n\ndef test_type():\n"
    tests += "    assert type(wait_long(0)) is int\n"
    waits = home.folder / "wait_long"
    waits.mkdir()
    (waits / "function.py").write_text(FOREVER.replace("return n", "return n + 0"))
    (waits / "test_function.py").write_text(tests)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    manifest = {
        "name": "wait_long",
        "description": "Wait.",
        "input_schema": schema,
        "output_schema": {"type": "integer"},
    }
    (waits / "function.json").write_text(json.dumps(manifest))
    program = (
        "from pathlib import Path\nfrom agent import load_settings\nfrom registry import Registry, read_export\n"
        "function = read_export(Path('wait_long'))\nregistry = Registry.open(load_settings().registry)\n"
        "registry.add_candidate(function, {})\nregistry.approve('wait_long', function.digest, by='test')\n"
    )
    home.python(program)
    patient = home.with_(KOWAL_LIMITS__WALL_CLOCK_S=str(DEADLINE_S))
    process = patient.start("functions", "run", "wait_long", "-a", "n=1")
    until("the sandbox works", lambda: any(busy(pid) for pid in children_of(process.pid)))
    assert "Stopped" in interrupted(process)
    assert home.is_sound()


def busy(pid: int) -> bool:
    """True once a process has used a second of processor time: its engine starts in a third of that."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 1.0


def test_two_runs_at_once_both_answer_and_are_both_recorded(home):
    """Processes share registry and database without losing a run."""
    both = [home.start(*COUNT, "-a", f"text={text}") for text in ("a", "a b")]
    assert [process.communicate(timeout=DEADLINE_S)[0] for process in both] == ["1\n", "2\n"]
    shown = home.json("functions", "show", "count_words")
    assert (shown["runs"], shown["runs_ok"]) == (2, 2)


def test_two_creations_of_the_same_thing_leave_a_sound_registry(home, author):
    """Both were asked for the same function: there are one or two sound versions, never a broken registry."""
    slow = tuple(rule.model_copy(update={"delay_s": 0.2}) for rule in author())
    with FakeOllama(Script(rules=slow)) as server:
        there = home.with_(OLLAMA_HOST=server.url, KOWAL_CANDIDATES="1")
        both = [there.start("functions", "create", "count the vowels", "--json") for _ in range(2)]
        said = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes[0] == 0, said
    assert codes[1] in (0, 4), said
    assert home.is_sound()
    assert home.json("functions", "show", "count_vowels")["status"] == "production"
    assert home.run("functions", "run", "count_vowels", "-a", "text=Adele").stdout == "3\n"


def test_threads_of_one_process_do_not_disturb_each_other(home):
    """The public API is safe to use from several threads at once."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\nfrom agent import execute_task\n"
        "with ThreadPoolExecutor(3) as pool:\n"
        "    print(list(pool.map(lambda n: execute_task('count words in a text', text='a ' * n), [1, 2, 3])))\n"
    )
    assert home.python(program).stdout == "[1, 2, 3]\n"
