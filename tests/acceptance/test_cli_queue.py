"""Tasks on the queue as a user sees them: submitted, worked on by another process, followed, cancelled, answered."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from registry import Function, Manifest, Operations, Registry, Version

COUNT = ("tasks", "submit", "count words in a text", "-a", "text=a b c")
DEADLINE_S = 90
ENDLESS = 'def wait_long(n: int) -> int:\n    """Wait."""\n    while n:\n        pass\n    return n\n'


def busy_below(pid: int) -> set[int]:
    """The processes below one that have used a second of processor time: a sandbox that works on an endless call."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            found |= ({int(folder.name)} if used > 1.0 and fields[0] != "Z" else set()) | busy_below(int(folder.name))
    return found


def until(what: str, holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.05)


def approved(registry: Registry, source: str, *grants: str) -> Version:
    """A version of the function in the source, which nobody has signed for."""
    name = source.partition("def ")[2].partition("(")[0]
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    aliases = (f"{name.replace('_', ' ')} for ever",)
    manifest = Manifest(name=name, description="Waits.", aliases=aliases, input_schema=schema, grants=grants)
    registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), {})
    return registry.approve(name, by="test")


def waiting(home, version: Version) -> str:
    """A queued task that waits for somebody to sign for the version."""
    task = home.run(*COUNT).stdout.strip()
    operations = Operations.open(home.folder / "operations.sqlite")
    values = {"state": "waiting", "waits_for": f"approval:{version.name}:{version.version}:{version.digest}"}
    assert operations.tasks.move(operations.tasks.task(task), values)
    operations.close()
    return task


def test_a_signature_by_the_other_command_goes_on_and_a_no_ends(home):
    """`kowal functions promote` has the tasks go on that wait for that version; a no is told to whoever follows."""
    with Registry.open(home.registry) as registry:
        version = approved(registry, ENDLESS, "llm 1")
    task, other = waiting(home, version), waiting(home, version)
    assert home.run("tasks", "reject", other, "--reason", "not now").stdout.startswith(f"Task {other[:8]} is failed")
    followed = home.run("tasks", "follow", other, code=6)
    assert "rejected `wait_long` 1.0.0: not now" in followed.stderr
    assert (
        f"next: `kowal tasks approve {task[:8]}`" in home.run("tasks", "follow", task, "--timeout", "0", code=10).stderr
    )
    promoted = home.run("functions", "promote", "wait_long", "--grant")
    assert f"task {task[:8]} goes on" in promoted.stderr
    shown = home.json("tasks", "show", task)
    assert (shown["state"], shown["turn"], shown["next"]) == ("queued", 2, "")
    assert "does not wait for this" in home.run("tasks", "approve", task, code=2).stderr
    assert [row["outcome"] for row in home.json("audit", "wait_long")] == ["allowed", "allowed"]


def test_a_task_is_submitted_worked_on_and_followed(home, worker, ended):
    """One key is one task; a worker that comes later does it; whoever follows sees its way and gets its answer."""
    task = home.run(*COUNT, "--key", "mail 7").stdout.strip()
    again = home.json(*COUNT, "--key", "mail 7", "--priority", "3")
    assert (again["id"], again["state"], again["priority"], again["via"]) == (task, "queued", 0, "cli")
    assert "request" not in again
    process = worker(home, "--name", "smithy", "--concurrency", "1")
    done = home.run("tasks", "follow", task[:6])
    assert done.stdout == "3\n"
    for line in ("queued", "begun     smithy-", "matched   count_words", "ran       count_words", "done"):
        assert line in done.stderr
    assert home.json("tasks", "follow", task)["value"] == 3
    shown = home.json("tasks", "show", task)
    assert (shown["state"], shown["outcome"]["value"], shown["arguments"]) == ("done", 3, ["text"])
    assert "count_words 1.0.0 (matched, production)" in home.run("tasks", "show", task).stdout
    assert [row["id"] for row in home.json("tasks", "list", "--state", "done")] == [task]
    assert home.json("tasks", "list", "--state", "queued") == []
    assert [(row["action"], row["run"]) for row in home.json("audit", "--task", task[:6])] == [("task.asked", task)]
    said = ended(process)
    assert f"{task[:8]} ● matched   count_words" in said
    assert home.json("tasks", "retry", task, code=2)["error"]["type"] == "BadTask"
    assert "tasks list" in home.run("tasks", "show", "zzz", code=5).stderr


def test_an_endless_function_is_cancelled_and_a_worker_lets_go(home, worker, ended):
    """Cancel ends it within a second or so, its sandbox is gone; a second signal leaves the task to the next worker."""
    with Registry.open(home.registry) as registry:
        registry.promote("wait_long", approved(registry, ENDLESS).version, by="test")
    patient = home.with_(KOWAL_LIMITS__WALL_CLOCK_S="3600")
    process = worker(patient)
    task = home.run("tasks", "submit", "wait long for ever", "-a", "n=1").stdout.strip()
    until("the sandbox works", lambda: busy_below(process.pid))
    at_work = busy_below(process.pid)
    assert home.run("tasks", "cancel", task).stdout.startswith(f"Task {task[:8]} is cancelled: cancelled by ")
    until("the sandbox is gone", lambda: not at_work & busy_below(process.pid))
    assert home.json("tasks", "follow", task, code=10)["error"]["state"] == "cancelled"

    other = home.run("tasks", "submit", "wait long for ever", "-a", "n=1").stdout.strip()
    until("the sandbox works", lambda: busy_below(process.pid))
    process.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert process.poll() is None
    ended(process)
    left = home.json("tasks", "show", other)
    assert (left["state"], left["turn"]) == ("queued", 2)
    assert "was stopped" in left["reason"]
    home.run("tasks", "cancel", other)


def test_a_task_waits_for_arguments_and_outlives_the_worker(home, worker, ended):
    """It holds no worker while it waits; once somebody says what is missing the next worker goes on with it."""
    task = home.run("tasks", "submit", "count words in a text").stdout.strip()
    process = worker()
    waits = home.stands(task, "waiting", "failed")
    assert (waits["waits_for"], waits["verb"]) == ("arguments", "execute")
    ended(process, signal.SIGINT)
    assert "-a text=VALUE" in home.run("tasks", "answer", task).stdout
    assert "does not wait for this" in home.run("tasks", "answer", task, "count_words", code=2).stderr
    assert home.json("tasks", "answer", task, "-a", "text=to be", code=0)["state"] == "queued"
    worker()
    followed = home.run("tasks", "follow", task)
    assert followed.stdout == "2\n"
    assert "goes on   answered by" in followed.stderr


def test_nobody_can_work_where_there_is_nothing(bare):
    """A worker without a registry says how to make one, without a database which one; both are exit code 7."""
    assert "kowal init" in bare.run("worker", code=7).stderr
    wrong = bare.with_(KOWAL_DATABASE="postgresql+psycopg://127.0.0.1:9/none")
    assert "database" in wrong.run("tasks", "list", code=7).stderr
    assert "--name" in bare.run("worker", "--name", "../x", code=2).stderr
    assert bare.json("tasks", "list") == []
    assert "tasks.queues" in bare.json("tasks", "submit", "x", "--queue", "fast", code=2)["error"]["advice"]
    assert "--queue" in bare.run("worker", "--queue", "fast", code=2).stderr
    assert bare.json("tasks", "submit", " ", code=2)["error"]["type"] == "BadTask"
    assert bare.json("tasks", "submit", "x", "--create", "--enhance", "y", code=2)["error"]["type"] == "BadTask"


def test_a_program_submits_and_gets_the_answer(home, worker):
    """`submit` gives a handle; what is done inline imports no queue."""
    worker()
    done = home.python("""
import sys
from agent import SubmitOptions, TaskNotDone, execute_task, submit

assert execute_task("count words in a text", text="a b") == 2
assert "dbos" not in sys.modules
task = submit("count words in a text", "a b c", options=SubmitOptions(key="once", priority=-1))
again = submit("count words in a text", "a b c", options=SubmitOptions(key="once"))
assert task.id == again.id
assert (task.result(60).value, task.result(60).origin) == (3, "matched")
assert [event.action for event in task.events()][-1] == "task.done"
task.cancel()
assert task.record.state == "done"
""")
    assert done.stderr == ""
    assert json.loads(home.run("tasks", "list", "--json").stdout)[0]["via"] == "api"


def test_what_only_looks_imports_no_queue(home):
    """Commands that show tasks do without the queue's library, and importing the API without any database."""
    home.run(*COUNT)
    home.python("""
import sys
import agent
assert not {"dbos", "sqlalchemy"} & set(sys.modules)
from agent import execute_task, submit
assert "dbos" not in sys.modules
from agent.cli.app import app
try:
    app(["tasks", "list"])
except SystemExit:
    pass
assert "sqlalchemy" in sys.modules
assert "dbos" not in sys.modules
""")
