"""The demo does the main job, says which model served, and tells the same to people and programs."""

import json
import tomllib
from importlib import resources

from integrations.llm.fake_ollama import FakeOllama, Rule, Script


def good_rules() -> tuple[Rule, ...]:
    """What a model says that is as good as the scripted replies: each request is known by its last message."""
    text = resources.files("integrations.llm").joinpath("scripted_demo.toml").read_text("utf-8")
    said = {reply["purpose"]: reply["text"] for reply in tomllib.loads(text)["reply"]}
    return (
        Rule(match="Some of its tests", reply=said["repair"]),
        Rule(match="<specification>", reply=said["test"]),
        Rule(match="<task>", reply=json.dumps(said["specify"])),
    )


def steps(events: list[dict]) -> list[str]:
    """The names of the steps, in order."""
    return [event["step"] for event in events]


def test_the_demo_matches_makes_and_matches_again(bare):
    """Without a model server: matched and run; both candidates refused, mended, approved, run; matched at once."""
    done = bare.run("demo", "--json")
    events = json.loads(done.stdout)
    assert steps(events) == [
        *("matched", "ran"),
        *("refused", "refused", "approved", "production", "ran"),
        *("matched", "ran"),
    ]
    assert "scripted replies that ship with Kowal, written by hand" in done.stderr
    ran = [event for event in events if event["step"] == "ran"]
    assert ran[0]["name"] == "csv_group_sum"
    assert ran[0]["value"]
    assert ran[1]["name"] == ran[2]["name"] == "best_sales_month"
    assert ran[1]["value"] == ran[2]["value"]
    assert all(event["findings"] for event in events if event["step"] == "refused")
    assert all(len(event["commit"]) == 40 for event in events if "commit" in event)
    assert events[-2]["model"] == ""
    assert not bare.registry.exists()


def test_a_model_that_is_there_serves(bare):
    """With an Ollama server that has a model, that one writes the function, and the demo says so; `--keep` keeps it."""
    with FakeOllama(Script(rules=good_rules())) as server:
        done = bare.with_(OLLAMA_HOST=server.url).run("demo", "--keep", "kept")
        paths = [request.path for request in server.requests]
    assert "/api/chat" in paths
    assert server.url in done.stderr
    assert "fake-coder:latest serves" in done.stderr
    assert "scripted" not in done.stderr
    assert "approved  best_sales_month 1.0.0" in done.stderr
    values = done.stdout.split("\n")
    assert values.count(values[-2]) == 2
    kept = bare.with_(KOWAL_REGISTRY=str(bare.folder / "kept" / "registry.git"))
    assert kept.json("functions", "show", "best_sales_month")["evidence"]["provenance"]["model"].startswith("ollama/")
