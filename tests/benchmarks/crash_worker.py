"""Workers that die where they are told to: `python crash_worker.py`, a life for each line on its input.

One process imports all that a worker needs and forks for each life: what is killed is a real worker, and its start
costs no second. A life is a line of JSON (`Life`); the reply, a line as well, is how it ended. The line `end` kills the
one that goes on.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbos import DBOS
from pydantic import BaseModel

from agent.config import load_settings
from agent.ports import ModelReply, ModelRequest
from agent.types import ignore
from agent.wiring import open_worker
from agent.workflow import endings, turns
from agent.workflow.execution import current
from agent.workflow.kept import read, written
from agent.workflow.recording import Recording, digest_of
from agent.workflow.turns import Turns
from registry import Operations, Tasks
from registry.refs import Refs

AHEAD = (
    "agent.workflow.desk", "agent.workflow.liveness", "agent.workflow.worker", "integrations.llm.ollama", "ollama",
    "psycopg", "pysqlite3", "sandbox.backends.wasm", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
"""What a life would import itself."""
OLDER = "what an older release kept"
PLAIN = "plain"
"""A workflow of two steps that do nothing."""


class Life(BaseModel):
    """How a worker lives, and when it dies."""

    settings: dict[str, Any]
    log: Path
    """Where it notes what it asked and kept, and where it was killed."""
    at: str = ""
    """Dies at the first boundary that `spared` does not name: `boundary`. Empty: at none."""
    spared: frozenset[str] = frozenset()
    skip: int = 0
    """Comes by so many others before."""
    after_s: float | None = None
    """Dies so long after it begins to work."""
    from_birth: bool = False
    """Counts from its birth instead."""
    is_measured: bool = False
    """Has no boundaries, and works on `plain` workflows, too."""
    is_older: bool = False
    """Keeps of its steps what no other release can read."""
    parked_s: float = endings.PARKED_S
    """Seconds until it tries a parked task again."""


class Boundaries:
    """Counts the boundaries of steps that a life comes by, and kills it at one."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._log = os.open(life.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seen: Counter[str] = Counter()
        self._skip = life.skip
        self._lock = threading.Lock()

    def note(self, *words: str) -> None:
        """Write a line, which outlives this process."""
        os.write(self._log, (" ".join(words) + "\n").encode())

    def at(self, place: str) -> None:
        """Come by a boundary; the end, where it is the one."""
        execution = current()
        task = execution.task_id[:8] if execution else "-"
        with self._lock:
            self._seen[f"{task} {place}"] += 1
            key = f"{task} {place} {self._seen[f'{task} {place}']}"
            if self._life.at != "boundary" or key in self._life.spared:
                return
            if not self._skip:
                self.note("killed", key)
                os.kill(os.getpid(), signal.SIGKILL)
            self._skip -= 1

    def around(self, owner: Any, method: str, label: Callable[..., str]) -> None:
        """Make what comes before and after each call of the method a boundary."""
        inner = getattr(owner, method)

        def outer(*args: Any, **kwargs: Any) -> Any:
            name = label(*args, **kwargs)
            self.at(f"before {name}")
            value = inner(*args, **kwargs)
            self.at(f"after {name}")
            return value

        setattr(owner, method, outer)


def put(boundaries: Boundaries) -> None:
    """Put boundaries around all that a task writes down on its way, and note what a model is asked and what is kept."""
    boundaries.around(DBOS, "run_step", lambda options, *_: f"step {options['name']}")
    boundaries.around(Turns, "work", lambda *_: "turn")
    boundaries.around(Turns, "end", lambda _, task, ending, *__: f"end {ending.state.value}")
    boundaries.around(Tasks, "tell", lambda _, *events: f"event {events[0].action}")
    boundaries.around(Tasks, "claim", lambda *_: "claim")
    boundaries.around(Tasks, "move", lambda _, task, values, **__: f"move {values.get('state', '')}")
    boundaries.around(Refs, "update", lambda _, updates: f"refs {updates[0].ref.split('/')[1]}")
    boundaries.around(Operations, "record_run", lambda *_, **__: "run")
    boundaries.around(Operations, "learn", lambda *_, **__: "lesson")
    keep, remember = Tasks.keep_reply, Recording.remember

    def kept(self: Tasks, task_id: str, key: str, reply: Any) -> None:
        boundaries.at("before reply")
        keep(self, task_id, key, reply)
        boundaries.note("kept", task_id, key.partition("#")[0])
        boundaries.at("after reply")

    def remembered(self: Recording, request: ModelRequest, ask: Callable[[], ModelReply]) -> ModelReply:
        def asked() -> ModelReply:
            execution = current()
            boundaries.note("asked", execution.task_id if execution else "-", digest_of(request))
            return ask()

        return remember(self, request, asked)

    Tasks.keep_reply = kept  # type: ignore[method-assign]
    Recording.remember = remembered  # type: ignore[method-assign]


def with_plain_workflows() -> None:
    """Have this worker take workflows of two steps that do nothing off the same queue."""
    launch = DBOS.launch

    def launched() -> None:
        DBOS.workflow(name=PLAIN, max_recovery_attempts=None)(plain)
        launch()

    DBOS.launch = launched  # type: ignore[method-assign]


def plain(task_id: str, turn: int) -> None:
    """What a task comes to without anything of ours."""
    for name in ("match", "run"):
        DBOS.run_step({"name": name}, lambda: {"value": [task_id, turn]})


def live(life: Life, works: Callable[[], object]) -> None:
    """A worker's life, to its end. `works` is called as it begins to work."""
    boundaries = Boundaries(life)
    endings.PARKED_S = life.parked_s
    if life.is_older:
        turns.written = lambda kind, value: {OLDER: written(kind, value)}
        turns.read = lambda kind, kept: read(kind, kept.get(OLDER, kept))
    if life.is_measured:
        with_plain_workflows()
    else:
        put(boundaries)

    def told(line: str) -> None:
        boundaries.note("told", line)
        works()

    worker = open_worker(load_settings(**life.settings), "w", ignore, told)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


def born(life: Life) -> tuple[int, int]:
    """The process of a new life, and what can be read from as soon as it begins to work."""
    begun, works = os.pipe()
    child = os.fork()
    if child:
        os.close(works)
        return child, begun
    try:
        os.close(begun)
        os.setsid()
        with life.log.with_suffix(".err").open("a") as errors:
            os.dup2(errors.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        live(life, lambda: os.write(works, b"."))
        os._exit(0)
    except BaseException:  # noqa: BLE001 (the life ends here, and says why)
        traceback.print_exc()
        os._exit(1)


def ended(life: Life, child: int, begun: int) -> dict[str, Any]:
    """How the life ended: by itself, by its own hand at a boundary, at its moment, or because that was asked."""
    how, born_at, deadline = "boundary", time.monotonic(), None
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            return {"how": how if code == -signal.SIGKILL else "exit", "code": code}
        ready = select.select([sys.stdin, begun], [], [], 0.005)[0]
        if life.after_s is not None and deadline is None and (life.from_birth or begun in ready):
            deadline = (born_at if life.from_birth else time.monotonic()) + life.after_s
        if how == "boundary" and sys.stdin in ready:
            sys.stdin.readline()
            how = "asked"
            os.kill(child, signal.SIGKILL)
        elif how == "boundary" and deadline is not None and time.monotonic() >= deadline:
            how = "moment"
            os.kill(child, signal.SIGKILL)
        elif ready:
            time.sleep(0.005)


def main() -> None:
    """Give a life for each line, one after the other."""
    for module in AHEAD:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    while line := sys.stdin.readline():
        if line.strip() == "end":  # it came when the life had just ended
            continue
        life = Life.model_validate_json(line)
        child, begun = born(life)
        sys.stdout.write(json.dumps(ended(life, child, begun)) + "\n")
        sys.stdout.flush()
        os.close(begun)


if __name__ == "__main__":
    main()
