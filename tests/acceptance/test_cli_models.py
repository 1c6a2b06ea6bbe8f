"""Which models there are and why one is asked, as a user sees it; and what a task demands, on its whole way."""

from integrations.llm.fake_ollama import FakeOllama, Model, Script

WISH = "fold a paper plane"
SERVERS = """
[[llm.ollama.servers]]
name = "small"
host = "{small}"
deny = ["secret*"]

[[llm.ollama.servers]]
name = "large"
host = "{large}"

[[llm.ollama.servers]]
name = "gone"
host = "http://127.0.0.1:9"
"""


def test_the_choice_is_shown_and_its_reasons(home):
    """What each server has and why some of it is not used; who is asked, who stands by; no model is asked anything."""
    few = Script(models=(Model(name="coder:7b"), Model(name="secret:7b")))
    with FakeOllama(few) as small, FakeOllama(Script(models=(Model(name="huge:70b", parameter_size="70B"),))) as large:
        (home.folder / "kowal.toml").write_text(SERVERS.format(small=small.url, large=large.url))
        rows = {(row["server"], row["model"]): row for row in home.json("models", "list")}
        assert set(rows) == {
            ("ollama:small", "coder:7b"),
            ("ollama:small", "secret:7b"),
            ("ollama:large", "huge:70b"),
            ("ollama:gone", None),
        }
        assert rows["ollama:gone", None]["state"] == "away"
        assert "denied" in rows["ollama:small", "secret:7b"]["left_out"]
        assert (rows["ollama:large", "huge:70b"]["params_b"], rows["ollama:large", "huge:70b"]["input_eur"]) == (70, 0)
        plain = home.json("models", "explain", WISH)
        assert (plain["chosen"]["server"], plain["chosen"]["model"]) == ("ollama:small", "coder:7b")
        assert [each["server"] for each in plain["standing_by"]] == ["ollama:large"]
        assert {(each["server"], each["model"]) for each in plain["left_out"]} == {
            ("ollama:gone", ""),
            ("ollama:small", "secret:7b"),
        }
        assert home.json("models", "explain", WISH, "--complexity", "high")["chosen"]["model"] == "huge:70b"
        said = home.run("models", "explain", WISH, "--provider", "ollama:large").stdout
        assert said.startswith("ollama:large huge:70b is asked: local")
        assert "ollama:large is demanded" in said
        nobody = home.json("models", "explain", WISH, "--force-cloud")
        assert nobody["chosen"] is None
        assert "force_cloud" in nobody["nobody"]
        asked = {each.path for each in (*small.requests, *large.requests)}
    assert asked <= {"/api/tags", "/api/show"}


def test_what_a_task_demands_is_never_overruled(home, worker):
    """Not by making do with another server: the task fails, and says why of each. On the queue it is kept."""
    with FakeOllama() as server:
        there = home.with_(OLLAMA_HOST=server.url)
        done = there.run("run", WISH, "--force-cloud", code=3)
        assert "it is local, and the cloud is demanded (force_cloud)" in done.stderr
        assert not [each for each in server.requests if each.path == "/api/chat"]
        task = home.json("tasks", "submit", WISH, "--force-cloud")["id"]
        worker(there)
        assert "force_cloud" in home.stands(task, "failed")["reason"]
        assert not [each for each in server.requests if each.path == "/api/chat"]
    assert "not both" in home.run("run", WISH, "--local-only", "--force-cloud", code=2).stderr
