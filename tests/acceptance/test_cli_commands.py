"""Every command, as a user types it: what it prints where, and how it ends."""

import json
import re
import resource
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.app import app
from integrations.llm.fake_ollama import FakeOllama, Rule, Script

FUNCTIONS = {
    "business_days_between", "compare_semver", "count_words", "csv_group_sum", "extract_emails", "parse_log_levels",
    "slugify", "validate_iban",
}  # fmt: skip
LIBRARY = Path(__file__).parents[2] / "functions"
COUNT = ("run", "count words in a text")


def commands() -> list[list[str]]:
    """All commands there are."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    found = [[command.name or command.callback.__name__] for command in app.registered_commands]
    for name, group in groups.items():
        found += [[name, command.name or command.callback.__name__] for command in group.registered_commands]
    return sorted(found)


def test_version_takes_no_time(home):
    """`kowal --version` costs less than half a second of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = home.run("--version").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert re.fullmatch(r"kowal \d+\.\d+\.\d+\S*\n", said)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.5


ENDLESS = [["worker"], ["chat"], ["codehost"], ["http"], ["serve"], ["mcp"]]
"""Commands that answer nothing: they work until they are told to end."""


def test_help_is_everywhere(home):
    """Every command says what it does, with `--json` among its options, and exits with 0."""
    assert len(commands()) >= 19
    runner = CliRunner()
    for words in commands():
        done = runner.invoke(app, [*words, "--help"], prog_name="kowal", color=False)
        assert done.exit_code == 0, words
        assert "--json" in done.stdout or words in ENDLESS, words
    assert "Usage: kowal" in home.run("--help").stdout
    assert "Usage: kowal" in home.run(code=2).stdout


def test_every_command_has_json(home, tmp_path):
    """With `--json` each prints one JSON document and nothing else on standard output."""
    arguments = {
        ("run",): [COUNT[1], "-a", "text=a b"],
        ("enhance",): None,  # asks a model: see test_cli_model.py
        ("functions", "create"): None,
        ("demo",): None,  # see test_cli_demo.py
        ("verify",): ["slugify"],
        ("functions", "show"): ["slugify"],
        ("functions", "source"): ["slugify"],
        ("functions", "history"): ["slugify"],
        ("functions", "diff"): ["slugify", "1.0.0", "1.0.0"],
        ("functions", "run"): ["count_words", "-a", "text=a b"],
        ("functions", "promote"): ["slugify"],
        ("functions", "rollback"): ["slugify", "1.0.0"],
        ("functions", "export"): ["slugify", str(tmp_path / "out")],
        ("functions", "import"): [str(tmp_path / "out" / "slugify")],
        ("functions", "quarantine"): ["validate_iban", "--reason", "wrong"],
        ("functions", "approve"): ["no_such_function"],
        ("functions", "words"): ["slugify"],
        ("answer",): ["1"],
        ("match",): ["count words"],
        ("models", "explain"): ["count words", "--purpose", "match"],
        ("tasks", "submit"): ["count words"],
        **{("tasks", word): ["zz"] for word in ("show", "follow", "cancel", "retry", "answer", "approve", "reject")},
        ("tokens", "create"): ["ann", "--scope", "tasks"],
        ("tokens", "revoke"): ["0123456789ab"],
        ("backup",): [str(tmp_path / "backup")],
        ("restore",): [str(tmp_path / "no backup")],
        ("runs", "right"): ["1"],
        ("runs", "wrong"): ["1"],
    }
    last = [["functions", "import"]]  # needs what export wrote
    for words in [words for words in commands() if words not in last + ENDLESS] + last:
        rest = arguments.get(tuple(words), [])
        if rest is not None:
            done = home.run_any(*words, *rest, "--json")
            value = json.loads(done.stdout)
            assert ("error" in value) is (done.returncode != 0 and words != ["doctor"]), words


def test_an_answer_is_all_that_standard_output_holds(home):
    """The value goes to standard output, the way there to standard error, without escape codes in a pipe."""
    done = home.run(*COUNT, "-a", "text=a b")
    assert done.stdout == "2\n"
    assert "matched   count_words 1.0.0 (production)" in done.stderr
    assert "ran       count_words" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_no_color_is_honoured(home):
    """Even where colours are forced, NO_COLOR leaves none."""
    plain = home.with_(NO_COLOR="1", FORCE_COLOR="1").run("functions", "list")
    assert not re.search(r"\x1b\[[\d;]*3[0-7]", plain.stdout + plain.stderr)


def test_json_of_a_run_has_the_whole_outcome(home):
    """Value, function, version, commit, chance, verdict and times are there for programs."""
    outcome = home.json(*COUNT, "-a", "text=a b")
    assert (outcome["value"], outcome["function"], outcome["version"], outcome["origin"]) == (
        2,
        "count_words",
        "1.0.0",
        "matched",
    )
    assert outcome["verdict"]["passed"]
    assert re.fullmatch(r"[0-9a-f]{40}", outcome["commit"])
    assert outcome["seconds"]["run"] > 0


def test_arguments_come_from_options_and_files(home):
    """`-a name=@file` reads a file, `--args-file` an object, and `-a` wins; numbers are converted."""
    (home.folder / "żółw.txt").write_text("one two three", "utf-8")
    (home.folder / "args.json").write_text('{"text": "Hello Big World", "max_length": 9}')
    assert home.run(*COUNT, "-a", "text=@żółw.txt").stdout == "3\n"
    slug = ("functions", "run", "slugify", "--args-file", "args.json")
    assert home.run(*slug).stdout == "hello-big\n"
    assert home.run(*slug, "-a", "max_length=80").stdout == "hello-big-world\n"


def test_a_table_is_printed_as_one(home):
    """Totals per region come as two columns."""
    (home.folder / "sales.csv").write_text("region,amount\nNorth,1240.5\nSouth,982\n")
    done = home.run(
        "run", "totals per region of a CSV file", "-a", "text=@sales.csv", "-a", "group_by=region", "-a", "value=amount"
    )
    assert [line.split() for line in done.stdout.splitlines()] == [["North", "1240.5"], ["South", "982.0"]]


def test_an_example_that_holds_keeps_the_match(home):
    """A stated result that the function gives already changes nothing."""
    example = json.dumps({"in": {"text": "a b c"}, "out": 3})
    assert home.run(*COUNT, "-a", "text=a", "--example", example).stdout == "1\n"


def test_a_dry_run_says_what_would_run_and_runs_nothing(home):
    """It names the function with its rights, or says that one would be made."""
    shown = home.run(*COUNT, "--dry-run").stdout
    assert shown.startswith("run count_words 1.0.0")
    assert shown.endswith("It would run with no rights.\n")
    assert home.run("run", "fold a paper plane", "--dry-run").stdout.endswith("A function would be made.\n")
    assert home.json(*COUNT, "--dry-run")["function"] == "count_words"
    assert home.json("run", "fold a paper plane", "--dry-run")["function"] is None
    assert home.json("functions", "show", "count_words")["runs"] == 0


def test_functions_can_be_looked_at(home):
    """List, show, source, tests and history tell what is there and why it is trusted."""
    assert {row["name"] for row in home.json("functions", "list")} == FUNCTIONS
    assert "count_words" in home.run("functions", "list").stdout
    shown = home.run("functions", "show", "count_words").stdout
    assert all(part in shown for part in ("text: string", "production", "green", "red on stub"))
    assert "def count_words(" in home.run("functions", "source", "count_words").stdout
    assert "def test_" in home.run("functions", "source", "count_words", "--tests").stdout
    assert [row["status"] for row in home.json("functions", "history", "count_words")][-1] == "production"


def test_a_function_can_be_carried_away_changed_and_brought_back(home):
    """Export, change, import: a new version through the gate, a diff, a rollback, a promotion, a quarantine."""
    home.run("functions", "export", "count_words", "out")
    source = home.folder / "out" / "count_words" / "function.py"
    source.write_text(source.read_text() + "\n# changed\n")
    assert home.json("functions", "import", "out/count_words")["version"] == "1.1.0"
    assert "+# changed" in home.run("functions", "diff", "count_words", "1.0.0", "1.1.0").stdout
    assert home.json(*COUNT, "-a", "text=a")["version"] == "1.1.0"
    home.run("functions", "rollback", "count_words", "1.0.0")
    assert home.json(*COUNT, "-a", "text=a")["version"] == "1.0.0"
    home.run("functions", "promote", "count_words", "1.1.0")
    assert home.json("functions", "quarantine", "count_words", "--reason", "why not")["in_production"] == "1.0.0"
    assert home.json("functions", "reindex") == {"functions": 8}
    assert home.is_sound()


def test_a_folder_that_fails_the_gate_is_refused(home):
    """The findings are shown, and the registry stays as it was."""
    home.run("functions", "export", "count_words", "out")
    source = home.folder / "out" / "count_words" / "function.py"
    source.write_text(source.read_text().replace("return len(", "return 1 + len("))
    done = home.run("functions", "import", "out/count_words", code=4)
    assert "did not pass the gate" in done.stderr
    assert "kept: The registry is as it was" in done.stderr
    assert home.json("functions", "show", "count_words")["version"] == "1.0.0"


def test_init_is_idempotent(home):
    """A second `init` finds everything there."""
    found = {"registry": str(home.registry), "made": False, "remote": "", "functions": sorted(FUNCTIONS)}
    assert home.json("init") == found
    assert "there already: 8 functions" in home.run("init").stdout


def test_the_doctor_names_every_part(home):
    """Without a model server the exit code is 1, and the advice says how to start one."""
    done = home.run("doctor", code=1)
    assert "✓ sandbox wasm" in done.stdout
    assert "✗ model ollama" in done.stdout
    assert "ollama serve" in done.stdout
    assert "8 functions, 8 in production, index sound" in done.stdout
    with FakeOllama() as server:
        parts = home.with_(OLLAMA_HOST=server.url).json("doctor")
    assert all(part["ok"] for part in parts if part["needed"])
    assert {"sandbox wasm", "sandbox docker"} <= {part["part"] for part in parts}
    assert "fake-coder" in str(parts)


def test_runs_are_counted(home):
    """`show` says how often a function gave a value, failures included."""
    home.run(*COUNT, "-a", "text=a")
    home.run("functions", "run", "validate_iban", "-a", "iban=x")
    home.run("functions", "run", "csv_group_sum", "-a", "text=a", "-a", "group_by=x", "-a", "value=y", code=5)
    assert home.json("functions", "show", "count_words")["runs_ok"] == 1
    shown = home.json("functions", "show", "csv_group_sum")
    assert (shown["runs"], shown["runs_ok"]) == (1, 0)


@pytest.mark.parametrize("rule", [Rule(reply="nothing of use"), Rule(status=500)], ids=["prose", "500"])
def test_json_errors_hold_the_three_parts(home, rule):
    """Programs get type, message, advice, what was kept, and the exit code."""
    with FakeOllama(Script(rules=(rule,))) as server:
        error = home.with_(OLLAMA_HOST=server.url, KOWAL_CANDIDATES="2").run_any("run", "fold a paper plane", "--json")
    facts = json.loads(error.stdout)["error"]
    assert facts["exit_code"] == error.returncode
    assert error.returncode == (4 if rule.reply else 3)
    assert {"type", "message", "kept", "advice", "retryable"} <= set(facts)
    assert facts["advice"]


def test_the_whole_library_is_let_in_through_the_gate(bare):
    """Where nothing is said, a new registry begins with every built-in function, each proven here."""
    everything = bare.with_(KOWAL_BUILT_INS="null")
    told = everything.run("init", seconds=280).stderr
    names = {row["name"] for row in everything.json("functions", "list")}
    assert names == {folder.name for folder in LIBRARY.iterdir() if (folder / "function.json").is_file()}
    assert f"{len(names)}/{len(names)}" in told
    assert everything.is_sound()
