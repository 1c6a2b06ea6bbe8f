"""The task from the project's origin: fetch and analyse the weather, with one right granted, and then more of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

REPLIES = Path(__file__).with_name("weather.toml")
TASK = "fetch and analyse the latest weather for a location"
ARGUMENTS = ("-a", "location=Gdansk,PL", "-a", 'metrics=["temperature_max", "wind"]', "-a", "forecast_days=5")
DAYS = [
    {
        "date": f"2026-11-2{n}",
        "temperature_max": 4.0 + n,
        "temperature_min": -n / 2,
        "precipitation": n / 4,
        "wind": 20.0,
    }
    for n in range(1, 6)
]
ANALYSED = {
    "temperature_max": {"mean": 7.0, "low": 5.0, "high": 9.0},
    "wind": {"mean": 20.0, "low": 20.0, "high": 20.0},
}
NORMAL = {"temperature_max": 4.5, "temperature_min": 0.0, "precipitation": 1.0, "wind": 25.0}


class Weather(BaseHTTPRequestHandler):
    """A weather service: forecasts and history for one city."""

    def do_GET(self) -> None:
        """The forecast or the history; an error where the city is another."""
        asked = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        self.server.asked.append(self.path)
        if query.get("location") != "Gdansk,PL":
            self.answer(404, {"error": "unknown location"})
        elif asked.path == "/v1/forecast":
            self.answer(200, {"location": "Gdansk,PL", "daily": DAYS[: int(query["days"])]})
        else:
            self.answer(200, {"normal": NORMAL})

    def answer(self, status: int, value: Any) -> None:
        """Send the value as JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def weather() -> Iterator[ThreadingHTTPServer]:
    """The weather service on loopback; `asked` holds the paths that were asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Weather)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def user(home, weather):
    """A user whose model writes what lies beside this file, for the service that runs here."""
    address = f"http://127.0.0.1:{weather.server_port}"
    replies = home.folder / "weather.toml"
    replies.write_text(REPLIES.read_text("utf-8").replace("API/", f"{address}/"), "utf-8")
    return home.with_(
        KOWAL_PROVIDERS='["scripted"]',
        KOWAL_LLM=json.dumps({"scripted": {"file": str(replies)}}),
        KOWAL_CANDIDATES="3",
        KOWAL_MODELS__STRONGER="[]",
    )


def test_the_weather_is_fetched_once_somebody_has_granted_it(user, weather):
    """Made, proven without a single request, signed, run, enhanced with all that was promised before."""
    grant = f"http GET http://127.0.0.1:{weather.server_port}"

    refused = user.run("run", TASK, *ARGUMENTS, code=6)
    assert grant in refused.stderr
    assert "kowal functions promote analyse_weather --grant" in refused.stderr
    assert weather.asked == []
    made = user.json("functions", "show", "analyse_weather")
    assert made["status"] == "approved"
    assert made["manifest"]["grants"] == [grant]

    user.run("functions", "promote", "analyse_weather", code=6)
    user.run("functions", "promote", "analyse_weather", "--grant")
    done = user.json("run", TASK, *ARGUMENTS)
    assert (done["origin"], done["value"]) == ("matched", ANALYSED)
    assert weather.asked == ["/v1/forecast?location=Gdansk%2CPL&days=5"]

    audit = user.json("audit")
    assert [(row["function"], row["outcome"], row["subject"]) for row in audit if row["action"] == "http"] == [
        ("analyse_weather", "allowed", f"GET http://127.0.0.1:{weather.server_port}/v1/forecast")
    ]

    enhanced = user.json("enhance", "analyse_weather", "compare with historical averages")
    assert enhanced["status"] == "approved"
    checks = {check["check"]: check for check in enhanced["verdict"]["checks"]}
    assert checks["earlier tests"]["passed"]
    user.run("functions", "promote", "analyse_weather", "--grant")
    compared = user.json("functions", "run", "analyse_weather", *ARGUMENTS, "-a", "compare=true")
    assert compared["value"]["temperature_max"] == {**ANALYSED["temperature_max"], "normal": 4.5, "difference": 2.5}
    assert user.json("run", TASK, *ARGUMENTS)["value"] == ANALYSED


def test_a_city_without_weather_is_the_callers_mistake(user, weather):
    """What the service says of it reaches the person in words, and the function stays in production."""
    user.run("functions", "create", TASK)
    user.run("functions", "promote", "analyse_weather", "--grant")
    failed = user.run(
        "functions", "run", "analyse_weather", "-a", "location=Nowhere,XX", "-a", 'metrics=["wind"]', code=5
    )
    assert "Nowhere,XX" in failed.stderr
    assert user.json("functions", "show", "analyse_weather")["status"] == "production"


def test_a_queued_task_waits_for_a_signature_and_goes_on(user, weather, worker):
    """Made by a worker, it waits; nobody but those who are named may sign; the yes is for that version, and goes on."""
    worker(user)
    task = user.run("tasks", "submit", TASK, *ARGUMENTS).stdout.strip()
    waits = user.stands(task, "waiting", "failed")
    version = user.json("functions", "show", "analyse_weather")
    assert waits["waits_for"] == f"approval:analyse_weather:1.0.0:{version['digest']}"
    assert weather.asked == []
    others = user.with_(KOWAL_TASKS__APPROVERS='["somebody else"]')
    assert "and not by" in others.run("tasks", "approve", task, "--grant", code=6).stderr
    refused = user.run("tasks", "approve", task, code=6).stderr
    assert f"http GET http://127.0.0.1:{weather.server_port}" in refused
    assert f"kowal tasks approve {task[:8]} --grant" in refused
    approved = user.json("tasks", "approve", task, "--grant")
    assert (approved["status"], approved["digest"]) == ("production", version["digest"])
    assert user.json("tasks", "follow", task)["value"] == ANALYSED
    assert len(weather.asked) == 1
    said = [(row["action"], row["outcome"]) for row in reversed(user.json("audit", "--task", task))]
    assert said == [("task.asked", "allowed"), ("task.approved", "refused"), ("task.approved", "allowed")]
    (run,) = [row for row in user.json("audit", "analyse_weather") if row["action"] == "run"]
    assert run["facts"]["grants"] == [f"http GET http://127.0.0.1:{weather.server_port}"]
