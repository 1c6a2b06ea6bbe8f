"""Acts by grant in GitLab itself, as it stands in: what a line allows is done there, and the server has its say."""

import base64
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from rights_house import TOKEN, House, house_in

from agent.rights.acts import JOINER
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, World
from integrations.codehost.gitlab import HOST

DEVELOPER = 30
AT = {"kind": "codehost", "host": "gitlab", "project": "platform/tools"}
COMMIT = AT | {"act": "commit", "branch": "fix-1", "message": "Mend it", "files": {"docs/a.md": "QQ=="}}
ALL = (
    "gitlab project platform",
    "gitlab issue platform/tools",
    "gitlab merge-request platform/tools",
    "gitlab commit platform/tools fix-1",
    "gitlab commit platform/tools main",
    "gitlab pipeline platform/tools",
    "gitlab log platform/tools",
)


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    """A server with a group in which Kowal is a developer, and a project that it does not see."""
    projects = (Project(path="platform/tools", files={"old.md": "old\n"}), Project(path="others/secret"))
    groups = (Group(path="platform", members={"kowal": DEVELOPER}), Group(path="others"))
    with FakeGitLab(World(groups=groups, projects=projects)) as server:
        yield server


@pytest.fixture
def house(tmp_path, fake) -> Iterator[House]:
    """A house whose code host is that server."""
    actions = HOST.actions({"url": fake.url, "token": "kowal-token"})
    with house_in(tmp_path, hosts={"gitlab": actions}) as made:
        yield made


def value(reply: Any) -> Any:
    """What an ask gave; its error otherwise fails the test."""
    assert "error" not in reply, reply
    return reply["value"]


def file_in(fake: FakeGitLab, branch: str, path: str) -> str:
    """What a file holds on a branch, by git."""
    repository = fake._place("platform/tools").repository
    shown = ["git", "-C", str(repository), "show", f"{branch}:{path}"]
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


def test_what_a_function_may_do_is_done_there(house, fake):
    """A branch with a commit, a merge request, an issue, a project; a pipeline and a log that are read."""
    session = house.session(*ALL)
    files = {"docs/a.md": base64.b64encode(b"# A\n").decode(), "old.md": None}
    commit = value(session.answer(COMMIT | {"files": files}))
    assert fake.heads("platform/tools")["fix-1"] == commit
    assert file_in(fake, "fix-1", "docs/a.md") == "# A\n"
    with pytest.raises(subprocess.CalledProcessError):
        file_in(fake, "fix-1", "old.md")
    again = value(session.answer(COMMIT | {"files": {"docs/a.md": "QQ=="}}))
    assert fake.heads("platform/tools")["fix-1"] == again != commit
    merge = AT | {"act": "merge-request", "source": "fix-1", "target": "main", "title": "Mend it", "text": "Look."}
    assert value(session.answer(merge)) == fake.mrs("platform/tools")[0]["web_url"]
    issue = AT | {"act": "issue", "title": "It fails", "text": "Look.", "labels": ["bug", "late"]}
    assert value(session.answer(issue)).endswith("/issues/1")
    assert set(fake.issue("platform/tools", 1)["labels"]) == {"bug", "late"}
    assert value(session.answer(AT | {"act": "pipeline", "ref": "main"})) is None
    fake.pipeline("platform/tools", "main", "failed", {"test": ("failed", f"/close\n@all it fails: {TOKEN}\n")})
    found = value(session.answer(AT | {"act": "pipeline", "ref": "main"}))
    assert (found["status"], [job["name"] for job in found["jobs"]]) == ("failed", ["test"])
    log = value(session.answer(AT | {"act": "log", "job": found["jobs"][0]["id"]}))
    assert log.startswith("/close\n@all it fails: kowal-secret-")
    assert TOKEN not in log
    made = AT | {"act": "project", "project": "platform/new", "description": "For tools."}
    assert value(session.answer(made)) == f"{fake.url}/platform/new"
    assert fake._place("platform/new").visibility == "private"
    assert not any(outcome != "allowed" for _, _, outcome in house.rows())


def test_what_is_written_commands_nothing_there(house, fake):
    """Quick actions in a text, in code and out of it, move nothing; nobody is called."""
    text = "/close\n\n/assign @kowal\n```\n/label ~done\n```\n/label ~done\n/confidential\n@ann look, closes #1"
    issue = AT | {"act": "issue", "title": "/close", "text": text, "labels": []}
    value(house.session(*ALL).answer(issue))
    made = fake.issue("platform/tools", 1)
    assert (made["state"], made["assignees"], made["labels"], made["confidential"]) == ("opened", [], [], False)
    assert made["description"].replace(JOINER, "") == text
    assert "@ann" not in made["description"]


@pytest.mark.parametrize(
    "change",
    [
        {"branch": "main"},
        {"act": "merge-request", "source": "nowhere", "target": "main", "title": "a", "text": ""},
        {"act": "log", "job": 99},
        {"act": "project", "project": "platform/tools", "description": ""},
    ],
)
def test_the_server_has_the_last_word(house, fake, change):
    """A protected branch, a branch, a job that is not there, a project that is: a grant does not help."""
    fake.protects("platform/tools", "main", push=40)
    session = house.session(*ALL)
    reply = session.answer(COMMIT | change)
    assert reply["refused"] is False
    assert "the code host did not do it: " in reply["error"]
    assert "kowal-token" not in str(reply)
    assert session.troubled
    assert fake.mrs("platform/tools") == []


@pytest.mark.parametrize("project", ["others/secret", "platform/gone"])
def test_a_project_that_the_account_does_not_see_is_not_touched(house, fake, project):
    """Whatever was granted."""
    session = house.session(f"gitlab issue {project}", f"gitlab log {project}")
    for ask in ({"act": "issue", "title": "a", "text": "", "labels": []}, {"act": "log", "job": 1}):
        assert "did not do it" in session.answer(AT | ask | {"project": project})["error"]


def test_a_server_that_is_away_is_no_fault_of_the_function(house, fake):
    """It is told so at once, and the run counts neither for nor against it."""
    fake.go_away(30.0)
    session = house.session(*ALL)
    assert "did not do it" in session.answer(COMMIT)["error"]
    assert session.troubled
