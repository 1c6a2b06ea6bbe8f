"""Stops pytest itself, with the exit code of success."""

# acceptable: tests-not-collected, tests-failed, exception


def attack():
    import pytest

    pytest.exit("done", returncode=0)
