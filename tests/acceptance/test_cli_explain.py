"""`--explain`: the whole verdict as a table, for a function that is let in and for one that is not."""

import json

import pytest

CODE = (
    'def count_vowels(text: str) -> int:\n    """Count the vowels in a text.\n\n'
    '    Args:\n        text: Any text.\n    """\n'
    '    return sum(letter in "aeiou" for letter in text.lower())\n'
)
SUITE = (
    "from function import count_vowels\n\n\n"
    "def test_some():\n    assert count_vowels('Queue') == 4\n\n\n"
    "def test_none():\n    assert count_vowels('xz') == 0\n\n\n"
    "def test_capitals():\n    assert count_vowels('OBOE') == 3\n\n\n"
    "def test_each():\n    assert count_vowels('education') == 5\n\n\n"
    "def test_empty():\n    assert count_vowels('') == 0\n\n\n"
    "def test_same():\n    assert count_vowels('aaa b') == 3\n"
)
MANIFEST = {
    "name": "count_vowels",
    "description": "Count the vowels in a text.",
    "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "output_schema": {"type": "integer"},
}


@pytest.fixture
def folder(home):
    """A function in a folder, as `functions export` writes it."""
    place = home.folder / "count_vowels"
    place.mkdir()
    (place / "function.py").write_text(CODE)
    (place / "test_function.py").write_text(SUITE)
    (place / "function.json").write_text(json.dumps(MANIFEST))
    return place


def checks_in(table):
    """The checks of a printed table and whether each passed."""
    lines = table.splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:3] == ["check", "passed", "seconds"])
    rows = [line.split() for line in lines[start + 1 :]]
    return {row[0]: row[1] for row in rows if len(row) > 2 and row[1] in ("yes", "no")}


def test_a_function_that_is_let_in_shows_every_check(home, folder):
    """An import and a later second look print the same table of checks, all passed."""
    wide = home.with_(COLUMNS="300")
    imported = wide.run("functions", "import", str(folder), "--explain").stdout
    assert "count_vowels 1.0.0 is production" in imported
    assert len(checks_in(imported)) > 5
    assert set(checks_in(imported).values()) == {"yes"}
    assert checks_in(wide.run("verify", "count_vowels", "--explain").stdout) == checks_in(imported)
    assert "seconds" not in wide.run("verify", "count_vowels").stdout


def test_a_function_that_is_refused_shows_all_that_is_wrong(home, folder):
    """The checks behind the first that fails are run, too, each finding is told once and names its check."""
    (folder / "function.py").write_text(CODE.replace("aeiou", "aeio") + "\n\nimport no_such_package\n")
    plain = home.run("functions", "import", str(folder), code=4)
    assert "seconds" not in plain.stdout
    done = home.with_(COLUMNS="300").run("functions", "import", str(folder), "--explain", code=4)
    checks = checks_in(done.stdout)
    assert (checks["static"], checks["green"]) == ("no", "no")
    assert "  static: " in done.stdout
    assert "  green: " in done.stdout
    assert "\n    " not in done.stderr


def test_programs_get_the_same_checks(home, folder):
    """With `--json` the error of an import and the rows of `verify` hold each check with findings and seconds."""
    home.run("functions", "import", str(folder))
    (row,) = home.json("verify", "count_vowels", "--explain")
    assert all({"check", "passed", "summary", "findings", "seconds"} <= check.keys() for check in row["checks"])
    (folder / "function.py").write_text(CODE.replace("aeiou", "aeio"))
    error = home.json("functions", "import", str(folder), "--explain", code=4)["error"]
    assert [check["check"] for check in error["checks"]] == [check["check"] for check in row["checks"]]
    assert not next(check for check in error["checks"] if check["check"] == "green")["passed"]


def test_further_suites_of_the_folder_are_run(home, folder):
    """A second suite beside `test_function.py` counts as the first does: what it refutes is not let in."""
    (folder / "test_contract.py").write_text(
        "from function import count_vowels\n\n\ndef test_y():\n    assert count_vowels('yes') == 2\n"
    )
    assert "test_y" in home.run("functions", "import", str(folder), code=4).stderr
