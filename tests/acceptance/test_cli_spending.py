"""What models cost, as a user sees it: measured, written down, refused, and never nothing where nobody knows."""

import pytest

from integrations.llm.fake_ollama import FakeOllama, Rule, Script

WISH = "how many vowels does a text have"


def test_what_a_task_took_is_shown_by_model_person_task_and_purpose(home, author):
    """Each request is there once, whoever looks; a machine of one's own costs nothing, and that is known."""
    with FakeOllama(Script(rules=author())) as server:
        home.with_(OLLAMA_HOST=server.url).run("run", WISH, "-a", "text=Adele")
    shown = home.json("models", "spending")
    (row,) = shown["rows"]
    assert (row["provider"], row["calls"], row["failed"], row["eur"], row["unpriced"]) == ("ollama", 8, 0, 0.0, 0)
    assert row["tokens"] > 0
    by = {row["purpose"]: row["calls"] for row in home.json("models", "spending", "--by", "purpose")["rows"]}
    assert by == {"match": 1, "specify": 1, "test": 1, "generate": 5}
    ((who,),) = [[row["asked_by"] for row in home.json("models", "spending", "--by", "user")["rows"]]]
    assert who
    assert home.json("models", "spending", "--day", "2001-01-01")["rows"] == []
    assert home.json("models", "spending", "--day", "today")["total"]["calls"] == 8
    said = home.run("models", "spending")
    assert "0.00 € for 8 requests, 0 of which failed" in said.stderr
    assert "--day" in home.run("models", "spending", "--help").stdout
    assert "is no day" in home.run("models", "spending", "--day", "soon", code=2).stderr


def test_what_the_gate_said_is_shown_by_model(home, author):
    """Passed and refused candidates count, with what an attempt took; and whether models are chosen by it."""
    with FakeOllama(Script(rules=author(first="eiou"))) as server:
        home.with_(OLLAMA_HOST=server.url, KOWAL_CANDIDATES="1").run("functions", "create", WISH)
    shown = home.json("models", "learned")
    assert shown["on"] is False
    rows = {row["purpose"]: row for row in shown["rows"]}
    assert (rows["generate"]["passed"], rows["generate"]["failed"]) == (0, 1)
    assert (rows["repair"]["passed"], rows["repair"]["failed"]) == (1, 0)
    assert rows["generate"]["chance"] == pytest.approx(1 / 3)
    assert rows["repair"]["seconds"] > 0
    assert "learning.on" in home.run("models", "learned").stdout


def test_a_models_speed_is_measured_and_kept(home):
    """By the same request some times; who does not answer is named with the reason."""
    with FakeOllama(Script(rules=(Rule(reply="one, two, three"),))) as server:
        there = home.with_(OLLAMA_HOST=server.url)
        (row,) = there.json("models", "bench", "--runs", "2")
        assert (row["runs"], row["error"], row["cost_eur"]) == (2, "", 0.0)
        assert row["latency_ms"] > 0
        assert row["tokens_per_s"] > 0
        listed = [each for each in there.json("models", "list") if each["model"] == row["model"]]
        assert listed[0]["tokens_per_s"] > 0
        assert there.run("models", "bench", "--model", "nonsense", code=9).stderr.startswith("✗ No model server")
        assert "tokens/s" in there.run("models", "bench", "--runs", "1").stdout
    rows = home.json("models", "spending", "--by", "purpose")["rows"]
    assert [(row["purpose"], row["calls"]) for row in rows] == [("bench", 3)]
    assert "No model server that answers" in home.run("models", "bench", code=9).stderr


def test_a_budget_in_tokens_stops_a_task(home, author):
    """The error says what is used up and what to do; its exit code is that of what somebody has to allow."""
    with FakeOllama(Script(rules=author())) as server:
        there = home.with_(
            OLLAMA_HOST=server.url, KOWAL_BUDGETS__DAY_TOKENS="3000", KOWAL_BUDGETS__LONGEST_REPLY="1000"
        )
        done = there.run("run", WISH, "-a", "text=Adele", code=6)
    assert "✗ The budget of 3,000 tokens for a day: " in done.stderr
    assert "budgets.day_tokens" in done.stderr
