"""What the commands say of a function that does what another one does, or nearly."""

import re

import pytest


@pytest.fixture
def folder(home):
    """The built-in `count_words` as somebody else brings it, under another name."""
    home.run("functions", "export", "count_words", str(home.folder))
    place = home.folder / "count_words"
    for file in place.iterdir():
        file.write_text(re.sub(r"\bcount_words\b", "tally", file.read_text()))
    return place


def test_an_import_of_what_is_there_says_so(home, folder):
    """Nothing is registered; the command names the function that serves, and its words find it."""
    before = [row["name"] for row in home.json("functions", "list")]
    done = home.run("functions", "import", str(folder), "--explain")
    assert "the same  count_words 1.0.0" in done.stderr
    assert "what tally does" in done.stderr
    assert done.stdout.startswith("count_words 1.0.0 is production, commit")
    assert [row["name"] for row in home.json("functions", "list")] == before
    assert home.json("functions", "import", str(folder))["name"] == "count_words"


def test_who_decides_sees_what_is_nearly_the_same(home, folder):
    """`show` and `promote` name the function, on how many inputs it does the same, and where the two differ."""
    source = folder / "function.py"
    source.write_text(source.read_text().replace("'’‐‑_-", "'’‐‑-"))
    for suite in folder.glob("test_*.py"):
        kept = [part for part in suite.read_text().split("\n\n\n") if "_case" not in part and "_private" not in part]
        suite.write_text("\n\n\n".join(part for part in kept if "a__b" not in part and "one__two" not in part) + "\n")
    home = home.with_(KOWAL_PROMOTION="person")
    done = home.run("functions", "import", str(folder))
    assert "nearly    count_words 1.0.0" in done.stderr
    title = re.compile(r"count_words 1\.0\.0 does the same on \d+ of \d+ inputs\narguments +this one +count_words\n")
    assert title.search(home.run("functions", "show", "tally").stdout)
    assert home.json("functions", "show", "tally")["evidence"]["near"]["name"] == "count_words"
    assert title.search(home.run("functions", "promote", "tally").stderr)
    shown = home.json("functions", "promote", "tally")
    assert (shown["status"], shown["evidence"]["near"]["version"]) == ("production", "1.0.0")
