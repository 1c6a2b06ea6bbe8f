"""`kowal match` and `kowal runs`: which function is meant, why, and how a person puts it right."""

TASK = "count words in a text"


def test_match_says_what_would_run_and_why(home):
    """The decision, its options and its reasons, for people and for programs; nothing runs."""
    shown = home.run("match", TASK).stdout
    assert shown.startswith("run count_words 1.0.0 (its words fit)")
    assert "of what you said" in shown
    told = home.json("match", TASK, "-a", "text=a b")
    assert (told["decision"], told["function"]) == ("run", "count_words")
    assert told["options"][0]["chance"] > 0.9 > sum(option["chance"] for option in told["options"][1:])
    assert home.json("match", "translate a poem into Klingon")["decision"] == "none"
    assert home.json("runs", "list") == []


def test_what_is_unclear_is_an_error_with_the_names(home):
    """Nobody at the terminal and no model: exit code 3, the names, and what to do; nothing ran."""
    failed = home.run("run", "count the characters", "-a", "text=a", code=3)
    assert "Did you mean `count_words`?" in failed.stderr
    assert "kowal functions run count_words" in failed.stderr
    error = home.json("run", "count the characters", "-a", "text=a", code=3)["error"]
    assert (error["type"], error["decision"], error["options"][0]["name"]) == ("Unclear", "ask", "count_words")
    assert home.json("runs", "list") == []


def test_a_person_asked_at_the_terminal_says_which(home, terminal):
    """The question names the functions; the number that is typed runs, and is remembered."""
    person = terminal(home, "run", "count the characters", "-a", "text=a b c")
    person.until("Which do you mean?")
    person.types("1")
    assert person.end() == (0, "3\n")
    assert home.json("match", "count the characters")["reason"] == "these words were confirmed before"


def test_runs_are_listed_and_put_right(home):
    """`wrong --should-be` teaches what was meant; `right` takes it back; an unknown number is exit code 5."""
    home.run("run", TASK, "-a", "text=a b")
    (run,) = home.json("runs", "list")
    assert (run["function"], run["task"], run["right"]) == ("count_words", TASK, None)
    said = home.run("runs", "wrong", str(run["id"]), "--should-be", "extract_emails").stdout
    assert said == f"Learnt: {TASK!r} means `extract_emails`, and not `count_words`.\n"
    assert home.json("match", TASK)["function"] == "extract_emails"
    assert home.json("runs", "list", "count_words")[0]["right"] is False
    home.run("runs", "right", str(run["id"]))
    assert home.json("match", TASK)["function"] == "count_words"
    assert "no run 99" in home.run("runs", "wrong", "99", code=5).stderr.lower()
    home.run("runs", "wrong", str(run["id"]), "--should-be", "no_such", code=5)


def test_learnt_words_go_into_git_by_the_operators_word(home):
    """`functions words` shows them; nothing in git changes until `--keep` makes a version that has them as aliases."""
    home.run("run", TASK, "-a", "text=a b")
    (run,) = home.json("runs", "list")
    home.run("runs", "wrong", str(run["id"]), "--should-be", "slugify")
    before = home.json("functions", "words", "slugify")
    assert (before["learnt"], before["kept"]) == ([TASK], None)
    assert TASK not in before["aliases"]
    assert home.json("functions", "words", "count_words")["not_meant"] == [TASK]
    kept = home.run("functions", "words", "slugify", "--keep").stdout
    assert "slugify 1.1.0 is production, with 1 more in git" in kept
    after = home.json("functions", "words", "slugify")
    assert (after["learnt"], after["aliases"][-1]) == ([], TASK)
