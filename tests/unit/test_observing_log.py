"""The log: a JSON object a line, and neither secrets nor other people's data in it."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.config import load_settings
from agent.observing.facts import TELLABLE, tellable
from agent.observing.log import Libraries, Log
from agent.observing.views import view_of
from agent.rights.secrets import Vault
from agent.types import Event, ignore
from agent.workflow.execution import Execution, executing

SECRET = "hunter2hunter2"
VERSION = {"name": "slugify", "version": "1.0.0", "commit": "c" * 40, "status": "production"}
DATA = "Jan Kowalski, PESEL 44051401359"
"""What a person gave, or got."""


@pytest.fixture
def file() -> io.StringIO:
    """What the log is written to."""
    return io.StringIO()


@pytest.fixture
def log(file: io.StringIO) -> Log:
    """A log that knows one secret."""
    return Log("serve-1", Vault({"API_KEY": SECRET}), file)


def lines(file: io.StringIO) -> list[dict[str, Any]]:
    """The log's objects."""
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_line_has_the_action_the_task_and_the_worker(log: Log, file: io.StringIO) -> None:
    """What happened, when, in which process, to which turn of which task, and at which worker."""
    with executing(Execution(task_id="t1", turn=2, worker="serve-1-abc")):
        log(Event(action="run.finished", facts=VERSION | {"seconds": 0.25, "backend": "wasm", "reached": []}))
    (line,) = lines(file)
    assert line.pop("at").endswith("Z")
    assert line == VERSION | {
        "action": "run.finished", "part": "serve-1", "task": "t1", "turn": 2, "worker": "serve-1-abc",
        "seconds": 0.25, "backend": "wasm",
    }  # fmt: skip


def test_outside_of_a_task_there_is_none(log: Log, file: io.StringIO) -> None:
    """What no task has brought about names none; a fact about another part wins over the log's own."""
    log(Event(action="part.died", facts={"part": "serve-2", "how": "exit code 1", "again_in_s": 1.0}))
    (line,) = lines(file)
    assert (line["part"], line["how"], line["again_in_s"]) == ("serve-2", "exit code 1", 1.0)
    assert not {"task", "turn", "worker"} & line.keys()


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        ("question.kept", {"id": 3, "function": "f", "arguments": {"text": DATA}}),
        ("candidate.refused", {"number": 1, "of": 3, "why": f"green: {DATA}", "findings": [DATA]}),
        ("match.none", {"chance": 0.1, "reason": DATA, "best": ""}),
        ("host.refused", VERSION | {"asked": f"GET https://x.example/{DATA}", "why": DATA}),
        ("canary.failed", VERSION | {"why": DATA, "instead": "1.0.0"}),
        ("run.finished", VERSION | {"seconds": 1.0, "reached": [f"GET https://x.example/{DATA}"]}),
        ("task.failed", {"error": "RunFailed", "reason": f"`f` 1.0.0 failed: {DATA}", "seconds": 1.0}),
        ("task.waiting", {"error": "BadArguments", "reason": DATA, "seconds": 1.0}),
        ("task.done", {"value": DATA, "outcome": {"value": DATA}, "seconds": 1.0}),
        ("something.new", {"arguments": DATA, "value": DATA, "text": DATA}),
    ],
)
def test_what_people_gave_and_got_is_not_logged(log: Log, file: io.StringIO, action: str, facts: dict) -> None:
    """Arguments, results, and texts that may quote them stay out, of events that nobody thought of, too."""
    log(Event(action=action, facts=facts))
    assert "Kowalski" not in file.getvalue()
    assert lines(file)[0]["action"] == action


def test_why_a_task_is_parked_or_put_off_is_logged(log: Log, file: io.StringIO) -> None:
    """These are the words of our own machinery or of a neighbour, and an operator acts on them."""
    log(Event(action="task.parked", facts={"error": "RegistryNotWritable", "reason": "the disk is full"}))
    log(Event(action="task.queued", facts={"error": "ProviderUnavailable", "reason": "no server answers"}))
    assert [line["reason"] for line in lines(file)] == ["the disk is full", "no server answers"]


@pytest.mark.parametrize("written", [SECRET, f"https://x.example/?key={SECRET}", json.dumps({"key": SECRET})])
def test_secrets_do_not_appear(log: Log, file: io.StringIO, written: str) -> None:
    """Where a fact holds a secret after all, a placeholder stands in its place."""
    log(Event(action="progress", facts={"line": written}))
    assert SECRET not in file.getvalue()
    assert "kowal-secret-" in lines(file)[0]["line"]


def test_the_settings_know_what_is_to_be_hidden(tmp_path: Path) -> None:
    """Secrets of functions, keys of model servers and the database's password; one that is not there hides nothing."""
    settings = load_settings(
        database="postgresql+psycopg://kowal:pass%2Fword@db/kowal",
        secrets={"a": {"value": SECRET}, "gone": {"file": str(tmp_path / "gone")}},
        llm={"ollama": {"api_key": "key-of-the-server"}},
    )
    assert settings.hidden == {"llm.ollama": "key-of-the-server", "database": "pass/word", "a": SECRET}


@pytest.fixture
def library(log: Log) -> Iterator[logging.Logger]:
    """A library's logger, heard by the log."""
    logger = logging.getLogger("some.library")
    logger.handlers[:], logger.propagate = [Libraries(log)], False
    yield logger
    logger.handlers[:], logger.propagate = [], True


def test_libraries_speak_in_the_log(library: logging.Logger, file: io.StringIO) -> None:
    """What a library warns of is a line like others, cut and without secrets; what it only mentions is not."""
    library.warning("cannot reach %s with %s", "the server", SECRET)
    library.warning("x" * 100_000)
    library.info("hello")
    first, second = lines(file)
    assert (first["action"], first["logger"], first["level"]) == ("library.said", "some.library", "warning")
    assert first["line"].startswith("cannot reach the server with kowal-secret-")
    assert len(second["line"]) < 5_000


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        """Raise as a full disk does."""
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other views still hear of the event, and whoever told it goes on."""
    heard: list[Event] = []
    monkeypatch.setattr("agent.observing.views.KINDS", (lambda *_: iter([Log("x", Vault({}), Full()), heard.append]),))
    view_of(load_settings(), "x", text=ignore)(Event(action="task.done"))
    assert [event.action for event in heard] == ["task.done"]


@pytest.mark.parametrize(("log", "is_json"), [("json", True), ("text", False), ("auto", True)])
def test_the_setting_says_what_the_log_looks_like(tmp_path: Path, log: str, *, is_json: bool) -> None:
    """`auto` is JSON where nobody watches at a terminal; with `text` nothing of the log's library is imported."""
    program = (
        "import sys\nfrom agent.config import load_settings\nfrom agent.observing.views import view_of\n"
        "from agent.types import Event\n"
        f"view = view_of(load_settings(log={log!r}), 'p', text=lambda event: print(event.action, file=sys.stderr))\n"
        "view(Event(action='task.done', facts={'seconds': 1.0}))\n"
        "print('structlog' in sys.modules, 'opentelemetry' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == [str(is_json), "False"]
    assert done.stderr == "task.done\n" if not is_json else json.loads(done.stderr)["action"] == "task.done"


def test_no_tellable_fact_is_one_that_holds_data() -> None:
    """The keys under which events carry what people gave or got, or words about it, are not in the table."""
    assert not TELLABLE & {
        "arguments",
        "value",
        "text",
        "reason",
        "why",
        "findings",
        "asked",
        "reached",
        "line",
        "output",
    }
    assert tellable(Event(action="x", facts={"name": "", "seconds": 0.0, "model": None})) == {"seconds": 0.0}
