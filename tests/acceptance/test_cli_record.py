"""What `kowal functions` says of a version's record: its calls, and the answers that it would change."""

import shutil

import pytest

from registry import Difference, Operations, Registry, read_export


def waiting(home, name: str = "count_words") -> str:
    """A second version of a built-in function that waits for a person, with one answer that changes."""
    folder = home.folder / "export"
    home.run("functions", "export", name, str(folder))
    source = folder / name / "function.py"
    source.write_text(source.read_text() + "\n# the same\n")
    function = read_export(folder / name)
    shutil.rmtree(folder)
    with Registry.open(home.registry) as registry:
        registry.add_candidate(function, {})
        version = registry.approve(name, function.digest, by="test").version
    operations = Operations.open(home.environment["KOWAL_DATABASE"])
    change = Difference(function=name, old="1.0.0", new=version, arguments={"text": "a-b"}, before=1, after=2)
    operations.keep_differences([change])
    operations.close()
    return version


def test_show_counts_distinct_calls_with_their_bound(home):
    """The same call twice counts once; refused input counts nowhere."""
    assert "no distinct calls yet" in home.run("functions", "show", "csv_group_sum").stdout
    for text in ("a b", "a b", "a"):
        home.run("functions", "run", "count_words", "-a", f"text={text}")
    assert "2 of 2 distinct calls, at least 0.22 (95 %)" in home.run("functions", "show", "count_words").stdout
    success = home.json("functions", "show", "count_words")["success"]
    assert (success["ok"], success["calls"], success["at_most"]) == (2, 2, 1.0)
    home.run("functions", "run", "csv_group_sum", "-a", "text=a", "-a", "group_by=x", "-a", "value=y", code=5)
    assert home.json("functions", "show", "csv_group_sum")["success"]["calls"] == 0


@pytest.mark.parametrize("json_output", [False, True])
def test_who_decides_about_a_version_sees_which_answers_change(home, json_output):
    """`show` has the table while the version waits, `promote` prints it once more; in production it is history."""
    version = waiting(home)
    for command in ("show", "promote"):
        words = ("functions", command, "count_words", version)
        if json_output:
            changes = home.json(*words)["differences"]
            assert changes == [{"arguments": {"text": "a-b"}, "before": 1, "after": 2}]
        else:
            shown = home.run(*words).stdout
            assert "answers that change, on 1 recorded calls" in shown
            assert '{"text": "a-b"}' in shown
    assert home.json("functions", "show", "count_words", version)["differences"] == []
