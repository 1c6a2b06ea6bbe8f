"""What the HTTP service bears: `CLIENTS` (200) at once for `SECONDS` (60) each, made by `hey`, against `kowal serve`.

A function by its name, a look at a task, a task on the queue that is waited for; beside them FastAPI that says hello.
Prints requests a second, percentiles, what was no success, and the memory of the HTTP process; `OUT` names a JSON file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import platformdirs
from http_stand import environment_of, running, seeded, settings_in, waited

CLIENTS, SECONDS = int(os.environ.get("CLIENTS", "200")), int(os.environ.get("SECONDS", "60"))
HELLO = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def hello() -> dict[str, str]:
    return {"hello": "world"}
print("says hello", flush=True)
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What many clients ask, all the same."""

    name: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


class Scale:
    """Weighs a process every second, in MiB."""

    def __init__(self, pid: int) -> None:
        self.weights = [resident_mib(pid)]
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Weigh no more."""
        self._done.set()
        self._thread.join()

    def _weigh(self) -> None:
        while not self._done.wait(1.0):
            self.weights.append(resident_mib(self._pid))


def resident_mib(pid: int) -> float:
    """What the process has in memory."""
    (said,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(said) / 1024


def shot(wanted: Shot, *, clients: int, seconds: int) -> dict[str, Any]:
    """The figures of one load."""
    more = [word for name, value in wanted.headers.items() for word in ("-H", f"{name}: {value}")]
    if wanted.body is not None:
        more += ["-m", "POST", "-T", "application/json", "-d", json.dumps(wanted.body)]
    command = ("hey", "-z", f"{seconds}s", "-c", str(clients), "-t", "60", *more, wanted.url)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return read_hey(said)


def read_hey(said: str) -> dict[str, Any]:
    """The figures in what `hey` prints; it counts what got no answer apart from answers by status."""
    percentiles = {f"p{p}_ms": float(s) * 1e3 for p, s in re.findall(r"(50|95|99)%+ in ([\d.]+) secs", said)}
    statuses = {status: int(count) for status, count in re.findall(r"\[(\d{3})\]\s+(\d+) responses", said)}
    broken = sum(int(count) for count in re.findall(r"^  \[(\d+)\]\s+(?!\d+ responses)", said, re.MULTILINE))
    (rate,) = re.findall(r"Requests/sec:\s+([\d.]+)", said)
    bad = broken + sum(count for status, count in statuses.items() if status[0] != "2")
    return {
        "requests": sum(statuses.values()),
        "a_second": float(rate),
        **percentiles,
        "no_success": bad,
        "of": statuses,
    }


@contextmanager
def serving(folder: Path, port: int, **more: str) -> Iterator[int]:
    """`kowal serve`, workers and HTTP; the number of the HTTP process."""
    settings = settings_in(folder, Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal")))
    environment = environment_of(settings, KOWAL_HTTP__ON="true", KOWAL_HTTP__PORT=str(port), **more)
    with running("serve", environment=environment, until="http", log=folder / "serve.log") as process:
        waited(lambda: is_there(f"http://127.0.0.1:{port}/healthz"))
        yield part_of(process.pid, "http")


def is_there(url: str) -> bool:
    """Whether it answers."""
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


def part_of(pid: int, word: str) -> int:
    """The child process that was started with that as its last word."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(
        int(each) for each in children if Path(f"/proc/{each}/cmdline").read_bytes().endswith(f"{word}\0".encode())
    )


def shots(url: str, token: str) -> Sequence[Shot]:
    """What is asked."""
    headers = {"Authorization": f"Bearer {token}"}
    arguments = {"text": "to be or not to be"}
    task = {"task": "count words in a text", "arguments": arguments}
    done = httpx.post(f"{url}/v1/tasks?wait=60", headers=headers, json=task, timeout=90).json()["id"]
    return (
        Shot(
            name="run a function",
            url=f"{url}/v1/functions/count_words/run",
            headers=headers,
            body={"arguments": arguments},
        ),
        Shot(name="look at a task", url=f"{url}/v1/tasks/{done}", headers=headers),
        Shot(name="a task, waited for", url=f"{url}/v1/tasks?wait=30", headers=headers, body=task),
    )


def weighed(wanted: Shot, pid: int, *, clients: int, seconds: int) -> dict[str, Any]:
    """The figures of one load, and what the process weighed at its begin, after a third of it, and at its end."""
    scale = Scale(pid)
    figures = shot(wanted, clients=clients, seconds=seconds)
    scale.close()
    weights = scale.weights
    return {**figures, "mib": [round(weights[at]) for at in (0, len(weights) // 3, -1)]}


def main() -> None:
    """Measure, print the figures, write them to `OUT` where that is set."""
    if shutil.which("hey") is None:
        sys.exit("There is no `hey`. Debian: apt-get install hey")
    port, found = 18420, dict[str, Any]()
    with subprocess.Popen([sys.executable, "-c", HELLO, str(port + 1)], stdout=subprocess.DEVNULL) as process:
        hello = Shot(name="FastAPI's hello", url=f"http://127.0.0.1:{port + 1}/", headers={})
        waited(lambda: is_there(hello.url))
        found[hello.name] = told(hello.name, weighed(hello, process.pid, clients=CLIENTS, seconds=max(5, SECONDS // 4)))
        process.terminate()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
        seeded(folder, cache)
        token = token_in(folder, cache)
        many = {"KOWAL_HTTP__A_MINUTE": "100000000", "KOWAL_TASKS__WORKERS": "2", "KOWAL_TASKS__A_PERSON": "64"}
        with serving(folder, port, **many) as pid:
            for each in shots(f"http://127.0.0.1:{port}", token):
                found[each.name] = told(each.name, weighed(each, pid, clients=CLIENTS, seconds=SECONDS))
                time.sleep(3)
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(found, indent=2) + "\n")


def token_in(folder: Path, cache: Path) -> str:
    """A token that is good for what is asked here."""
    words = ("tokens", "create", "bench", "--scope", "tasks", "--scope", "functions.run", "--json")
    kowal = str(Path(sys.executable).with_name("kowal"))
    environment = environment_of(settings_in(folder, cache))
    return str(json.loads(subprocess.check_output([kowal, *words], env=environment))["token"])


def told(name: str, figures: dict[str, Any]) -> dict[str, Any]:
    """The figures, printed."""
    times = "  ".join(f"p{each} {figures.get(f'p{each}_ms', 0):7.1f}" for each in (50, 95, 99))
    sys.stdout.write(
        f"{name:20} {figures['a_second']:8.0f}/s  {times} ms  no success: {figures['no_success']}  {figures['of']}"
        f"  memory {figures['mib']} MiB\n"
    )
    sys.stdout.flush()
    return figures


if __name__ == "__main__":
    sys.stdout.write(f"{CLIENTS} clients at once, {SECONDS} s each\n")
    main()
