"""Writes tests that pass over every test file, before pytest reads those that it has not loaded yet."""

# acceptable: tests-forged, tests-failed


def attack():
    from pathlib import Path

    for path in Path(__file__).parent.glob("test_*.py"):
        path.write_text("def test_value():\n    pass\n")
