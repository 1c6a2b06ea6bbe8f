"""The commands where the registry is a project of a code host: what waits to be merged is not signed at a terminal."""

import json

import pytest
from host_stand import git, protected

SECTION = {"gitlab": {"url": "https://gitlab.example.org", "token": "t", "registry_project": "group/registry"}}


@pytest.fixture
def origin(tmp_path):
    """The project's repository."""
    place = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(place))
    return place


@pytest.fixture
def user(home, origin):
    """A user whose candidates are merge requests, with a function exported to a folder."""
    found = home.with_(
        KOWAL_REGISTRY_REMOTE=str(origin), KOWAL_REGISTRY_MAX_AGE_S="0", KOWAL_CODEHOST=json.dumps(SECTION)
    )
    found.run("init")
    return found


def changed(user):
    """The digest of a candidate: a function with one more alias, let in where a person must sign."""
    folder = user.folder / "count_words"
    if not folder.exists():
        user.run("functions", "export", "count_words", str(user.folder))
    path = folder / "function.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "aliases": ["how many words", "words"]}))
    signing = user.with_(KOWAL_PROMOTION="person")
    return signing.json("functions", "import", str(folder))


def test_a_candidate_is_signed_by_merging_it(user, origin):
    """Approving and promoting say so; what somebody merged by hand, the terminal lets in."""
    made = changed(user)
    assert made["status"] == "testing"
    digest = made["digest"]
    for words in (("approve", "count_words"), ("approve", "count_words", digest), ("promote", "count_words", digest)):
        refused = user.run("functions", *words, code=6)
        assert "merging" in refused.stderr
    assert user.json("functions", "show", "count_words")["version"] == "1.0.0"
    git(origin, "update-ref", "refs/heads/main", f"candidate/count_words/{digest}")
    protected(origin, "main")
    assert user.json("functions", "approve", "count_words", digest)["version"] == "1.1.0"
    assert user.json("functions", "promote", "count_words")["status"] == "production"


def test_a_rollback_asks_unless_it_cannot_wait(user, origin):
    """A branch waits to be merged; with --now the earlier version is back at once."""
    digest = changed(user)["digest"]
    git(origin, "update-ref", "refs/heads/main", f"candidate/count_words/{digest}")
    user.run("functions", "approve", "count_words", digest)
    user.run("functions", "promote", "count_words")
    told = user.json("functions", "rollback", "count_words", "1.0.0")
    assert told == {
        "name": "count_words",
        "version": "1.0.0",
        "status": "proposed",
        "branch": "rollback/count_words/1.0.0",
    }
    assert "rollback/count_words/1.0.0" in user.run("functions", "rollback", "count_words", "1.0.0").stdout
    assert git(origin, "rev-parse", "rollback/count_words/1.0.0")
    assert user.json("functions", "show", "count_words")["version"] == "1.1.0"
    assert user.json("functions", "rollback", "count_words", "1.0.0", "--now")["version"] == "1.0.0"
    assert user.json("functions", "show", "count_words")["version"] == "1.0.0"
