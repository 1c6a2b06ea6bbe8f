"""Rounds of tasks whose workers are killed again and again, and what came of them."""

import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from crash_model import MODEL, Server, Wish
from postgres_server import NoPostgres, Postgres, postgres

from agent.config import load_settings
from agent.library import prepare_registry
from agent.types import Task
from agent.workflow.desk import Asked, Desk
from agent.workflow.queue import Queue
from agent.workflow.turns import Wanted
from registry import Operations, OperationsUnavailable, Registry, TaskRecord, TaskState

BUILT_IN = "slugify"
STUCK_S = 120.0
"""A round that does not come on for so long is over: what is not done then is lost."""
OVER = {f"task.{state}" for state in TaskState if state.is_over}


@dataclass(kw_only=True)
class Figures:
    """What is counted."""

    kills: int = 0
    tasks: int = 0
    lost: int = 0
    promotions_doubled: int = 0
    reports_doubled: int = 0
    requests_repeated: int = 0
    repeated_after_reply: int = 0
    """Requests made again though their reply had been recorded."""
    runs_repeated: int = 0
    """Calls of a function made again because the worker died before the step was recorded."""
    requests: int = 0
    places: set[str] = field(default_factory=set)
    """The boundaries at which a worker was killed."""
    seconds: float = 0.0

    def __iadd__(self, other: Self) -> Self:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) | value if name == "places" else getattr(self, name) + value)
        return self

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return vars(self) | {"places": len(self.places), "seconds": round(self.seconds, 1)}


class Nursery:
    """The process that gives life to workers."""

    def __init__(self) -> None:
        worker = Path(__file__).with_name("crash_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its pipes and waits
            pass

    def life(self, life: dict[str, Any], is_over: Callable[[], bool]) -> str:
        """How a life ended: `boundary`, `moment`, `exit`; `asked`, once all is over."""
        self._process.stdin.write(json.dumps(life) + "\n")
        replies: list[str] = []
        reader = threading.Thread(target=lambda: replies.append(self._process.stdout.readline()))
        reader.start()
        while not is_over() and not replies:
            reader.join(0.1)
        if not replies:
            self._process.stdin.write("end\n")
        reader.join()
        return str(json.loads(replies[0])["how"])


Killer = Callable[[], dict[str, Any]]
"""How the next worker dies, as a `Life` says it."""


def at_boundaries() -> dict[str, Any]:
    """At the first boundary at which none has died yet."""
    return {"at": "boundary"}


def at_some_boundaries(seed: int, most_skipped: int) -> Killer:
    """At boundaries, up to so many of them left out between two deaths."""
    chance = random.Random(seed)
    return lambda: {"at": "boundary", "skip": chance.randrange(most_skipped + 1)}


def at_moments(seed: int, longest_s: float) -> Killer:
    """At random moments up to so many seconds after a worker begins to work, every tenth time after its birth."""
    chance = random.Random(seed)
    return lambda: {"after_s": chance.uniform(0.0, longest_s), "from_birth": chance.random() < 0.1}


@contextmanager
def desk_of(settings: dict[str, Any]) -> Iterator[Desk]:
    """The desk of an installation."""
    place = load_settings(**settings).database_place
    with closing(Operations.open(place)) as operations, closing(Queue(operations)) as queue:
        yield Desk(tasks=operations.tasks, queue=queue)


@contextmanager
def alive(nursery: Nursery, settings: dict[str, Any], log: Path, **life: Any) -> Iterator[None]:
    """A worker that lives for the length of a block; where it ends by itself, another follows."""
    ended = threading.Event()

    def lives() -> None:
        while not ended.is_set():
            nursery.life({"settings": settings, "log": str(log), **life}, ended.is_set)

    thread = threading.Thread(target=lives)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tasks are kept: a template, and copies of it."""

    name: str
    template: Path
    """A folder with a registry and, where the database is a file, that."""
    server: Postgres | None = None
    """The Postgres server; None for SQLite."""

    def prepared(self) -> None:
        """Have the database be there with its tables."""
        database = self.server.url("template_kowal") if self.server else ""
        if self.server:
            self._ask("CREATE DATABASE template_kowal")
        with desk_of(settings_for(self.template, database, "")):
            pass

    @contextmanager
    def copied(self, folder: Path, host: str) -> Iterator[dict[str, Any]]:
        """The settings of an installation of its own."""
        shutil.copytree(self.template, folder)
        database = ""
        if self.server:
            database = self.server.url(folder.name)
            self._ask(f"CREATE DATABASE {folder.name} TEMPLATE template_kowal")
        try:
            yield settings_for(folder, database, host)
        finally:
            shutil.rmtree(folder)
            if self.server:
                self._ask(f"DROP DATABASE {folder.name} WITH (FORCE)")

    def _ask(self, statement: str) -> None:
        engine = sa.create_engine(self.server.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(statement))
        engine.dispose()


def settings_for(folder: Path, database: str, host: str) -> dict[str, Any]:
    """The settings of workers that die often."""
    return {
        "registry": str(folder / "registry.git"),
        "database": database,
        "cache": str(load_settings().cache),
        "sandbox": "wasm",
        "candidates": 2,
        "tasks": {"a_worker": 2, "a_person": 8, "poll_s": 0.05, "losses": 1_000_000},
        "llm": {"ollama": {"host": host, "models": MODEL} if host else {}},
    }


def prepare_template(folder: Path) -> None:
    """A registry with one function in it."""
    prepare_registry(load_settings(registry=folder / "registry.git", built_ins=(BUILT_IN,), sandbox="wasm"))
    for path in folder.glob("operations.sqlite*"):
        path.unlink()


@contextmanager
def all_places(folder: Path, tell: Callable[[str], None]) -> Iterator[list[Place]]:
    """SQLite, and Postgres where it is installed, each with a registry and a database to copy from."""
    prepare_template(folder / "template")
    with ExitStack() as stack:
        places = [Place(name="sqlite", template=folder / "template")]
        try:
            server = stack.enter_context(postgres())
        except NoPostgres as error:
            tell(f"Postgres is left out: {error}")
        else:
            shutil.copytree(folder / "template", folder / "bare")
            places.append(Place(name="postgres", template=folder / "bare", server=server))
        for place in places:
            place.prepared()
        yield places


@dataclass(kw_only=True)
class Round:
    """Some tasks, and their workers, killed one after the other."""

    nursery: Nursery
    server: Server
    settings: dict[str, Any]
    log: Path
    wishes: Sequence[Wish]
    """What must be made, beside as many tasks that match."""

    def played(self, killer: Killer, most: int, note: Callable[[str], None]) -> Figures:
        """What came of it. After so many kills the rest is worked off in peace."""
        started, figures = time.monotonic(), Figures()
        self.log.touch()
        self.server.forget()
        with desk_of(self.settings) as desk:
            tasks = self._handed_in(desk)
            self._killed(desk, tasks, killer, most, figures, note)
            self._counted(desk, tasks, figures)
        figures.seconds = time.monotonic() - started
        return figures

    def _handed_in(self, desk: Desk) -> list[TaskRecord]:
        tasks = []
        for number, wish in enumerate(self.wishes):
            made = Task(text=wish.text, arguments={"number": 5})
            matched = Task(text="slugify a text", arguments={"text": f"Hello World {number}"})
            tasks += [desk.submit(Wanted(task=task), Asked(by="ann", via="bench")) for task in (made, matched)]
        return tasks

    def _killed(
        self,
        desk: Desk,
        tasks: Sequence[TaskRecord],
        killer: Killer,
        most: int,
        figures: Figures,
        note: Callable[[str], None],
    ) -> None:
        """Kill until all is over."""
        seen, moved = self._progress(desk), time.monotonic()

        def over() -> bool:
            nonlocal seen, moved
            now = seen
            with suppress(OperationsUnavailable):  # the database may be away, too
                now = self._progress(desk)
            if now != seen:
                seen, moved = now, time.monotonic()
            return time.monotonic() - moved > STUCK_S or all(TaskState(state).is_over for state, _ in now[0].values())

        while not over():
            life = {"settings": self.settings, "log": str(self.log), "spared": self._lines("killed ")}
            how = self.nursery.life(life | (killer() if figures.kills < most else {}), over)
            figures.kills += how in ("boundary", "moment")
            if how == "exit":
                note("a worker ended by itself: " + self.log.with_suffix(".err").read_text()[-2000:])
        figures.places = {place.partition(" ")[2] for place in self._lines("killed ")}
        for task in tasks:
            now = desk.tasks.task(task.id)
            if now.state is not TaskState.DONE:
                note(f"LOST {now.id[:8]} {now.text!r}: {now.state} {now.reason}")

    def _progress(self, desk: Desk) -> tuple[dict[str, tuple[str, int]], int]:
        """How far all is."""
        found = desk.tasks.tasks(limit=10_000)
        return {task.id: (task.state.value, task.turn) for task in found}, self.log.stat().st_size

    def _lines(self, what: str) -> list[str]:
        """The rest of the lines in the log that begin so."""
        return [line.removeprefix(what) for line in self.log.read_text().splitlines() if line.startswith(what)]

    def _counted(self, desk: Desk, tasks: Sequence[TaskRecord], figures: Figures) -> None:
        """Count what was lost and what was done twice."""
        figures.tasks = len(tasks)
        figures.lost = sum(desk.tasks.task(task.id).state is not TaskState.DONE for task in tasks)
        for task in tasks:
            reports = [event for event in desk.tasks.events(task.id) if event.action in OVER]
            figures.reports_doubled += max(0, len(reports) - 1)
        figures.promotions_doubled = doubled(Path(self.settings["registry"]), len(self.wishes))
        asked = self.server.asked()
        figures.requests, figures.requests_repeated = asked.total(), asked.total() - len(asked)
        kept = set[str]()
        for line in self.log.read_text().splitlines():
            what, _, which = line.partition(" ")
            figures.repeated_after_reply += what == "asked" and which in kept
            kept |= {which} if what == "kept" else set()
        with closing(Operations.open(load_settings(**self.settings).database_place)) as operations:
            figures.runs_repeated = len(operations.runs(limit=10_000)) - len(tasks)


def doubled(registry: Path, made: int) -> int:
    """Promotions and versions in git beyond one a function that was to be made, and functions beyond those."""
    with Registry.open(registry) as opened:
        names = {listing.name for listing in opened.list()} - {BUILT_IN}
        changes = Counter((name, entry.status) for name in names for entry in opened.history(name))
        return max(0, len(names) - made) + changes.total() - len(changes)
