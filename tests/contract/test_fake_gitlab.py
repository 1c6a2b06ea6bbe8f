"""The fake GitLab server, held to the published document and to python-gitlab: issues, notes, people, hooks, faults."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import gitlab
import httpx
import pytest

from integrations.codehost._fake_gitlab_schemas import Judge
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, Refused, User, World

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
CONTRACT = SHARED / "contracts/gitlab"
DOCUMENT = CONTRACT / "gitlab-bot-subset.json"
SCHEMAS = DOCUMENT if DOCUMENT.exists() else None
FORGE = "tools/forge"
WORLD = World(
    users=tuple(
        User(username=name, token=f"{name}-token", admin=name == "root", bot=name == "kowal")
        for name in ("kowal", "ann", "bob", "gus", "eve", "root")
    ),
    groups=(Group(path="tools", members={"ann": 40}), Group(path="tools/inner", members={"bob": 30})),
    projects=(
        Project(path=FORGE, members={"kowal": 30, "bob": 20, "gus": 10}, labels=("bug",)),
        Project(path="tools/inner/deep"),
        Project(path="tools/open", visibility="public"),
    ),
)


@pytest.fixture
def fake():
    """The server, listening; it refuses what the document refuses, and what it says fits the document."""
    with FakeGitLab(WORLD, schemas=SCHEMAS) as server, OPEN:
        yield server
        assert server.judge.faults == []


OPEN = contextlib.ExitStack()
"""The clients of a test."""


def http_of(fake, user="kowal"):
    """HTTP as somebody."""
    headers = {"PRIVATE-TOKEN": f"{user}-token"}
    client = httpx.Client(base_url=f"{fake.url}/api/v4/", headers=headers, trust_env=False)
    OPEN.callback(client.close)
    return client


def python_gitlab(fake, user="kowal", **more):
    """python-gitlab as somebody."""
    return OPEN.enter_context(gitlab.Gitlab(fake.url, private_token=f"{user}-token", **more))


@pytest.fixture
def http(fake):
    """HTTP as the bot."""
    return http_of(fake)


@pytest.fixture
def bot(fake):
    """python-gitlab as the bot."""
    return python_gitlab(fake)


@pytest.fixture
def issue(fake):
    """An issue of bob's, which the bot works on."""
    return fake.creates_issue("bob", FORGE, "Count words", "in a text", labels=["bug"], assignees=["kowal"])


@pytest.mark.skipif(SCHEMAS is None, reason="the contract's script (KOWAL_SHARED) is not here")
def test_python_gitlab_drives_it_as_the_contract_does():
    """All twenty-one calls of the contract's script succeed, and every reply fits the document."""
    world = World(
        users=(User(username="bot", token="x"),), groups=(Group(path="g"),),
        projects=(Project(path="g/p", id=4, members={"bot": 40}),),
    )  # fmt: skip
    with FakeGitLab(world, schemas=SCHEMAS) as fake:
        for number in range(14):
            fake.creates_issue("bot", 4, f"issue {number}", assignees=["bot"])
        fake.pipeline(4, "main", "success")
        command = [sys.executable, CONTRACT / "drive_with_python_gitlab.py", fake.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert [line.split()[0] for line in done.stdout.splitlines()] == ["OK"] * 21, done.stdout + done.stderr
        assert fake.judge.faults == []
        assert fake.judge.unpublished == set()


UNPUBLISHED = {
    "GET groups",
    "GET groups/:id",
    "GET groups/:id/members",
    "GET groups/:id/members/all",
    "GET groups/:id/members/all/:user_id",
    "GET namespaces/:id",
    "GET personal_access_tokens/self",
    "GET projects",
    "GET projects/:id/issues/:iid/award_emoji/:award_id",
    "GET projects/:id/issues/:iid/discussions/:discussion_id",
    "GET projects/:id/issues/:iid/time_stats",
    "GET projects/:id/labels/:name",
    "GET projects/:id/members/:user_id",
    "GET projects/:id/members/all/:user_id",
    "GET projects/:id/uploads/:secret/:filename",
    "GET users",
    "GET users/:id",
    "DELETE projects/:id/issues/:iid/award_emoji/:award_id",
    "DELETE projects/:id/labels/:name",
    "DELETE projects/:id/members/:user_id",
    "POST projects",
    "POST projects/:id/hooks/:hook_id/test/:trigger",
    "POST projects/:id/issues/:iid/add_spent_time",
    "POST projects/:id/issues/:iid/reset_spent_time",
    "POST projects/:id/uploads",
    "PUT projects/:id/labels",
    "PUT projects/:id/labels/:name",
    "PUT projects/:id/members/:user_id",
}
"""What the document lacks: these are held to what python-gitlab sends and reads, in the next test."""


def ask_about_people(gl, forge):
    """Have python-gitlab ask about groups, users, members and its own token, and read what it needs."""
    assert gl.personal_access_tokens.get("self", lazy=False).active is True
    assert [user.username for user in gl.users.list(username="bob", get_all=True)] == ["bob"]
    bob = gl.users.get(3)
    assert {group.full_path for group in gl.groups.list(get_all=True)} >= {"tools"}
    tools = gl.groups.get("tools")
    assert [member.access_level for member in tools.members.list(get_all=True)] == [40]
    assert [member.username for member in tools.members_all.list(get_all=True)] == ["ann"]
    assert tools.members_all.get(2).access_level == 40
    assert gl.namespaces.get("tools").kind == "group"
    assert FORGE in [project.path_with_namespace for project in gl.projects.list(search="forge", get_all=True)]
    assert forge.members_all.get(2).access_level == 40
    member = forge.members.get(bob.id)
    member.access_level = 15
    member.save()
    assert forge.members_all.get(bob.id).access_level == 15
    member.delete()
    made = gl.projects.create({"name": "Mine", "initialize_with_readme": True})
    assert made.path_with_namespace == "root/mine"


def ask_about_issues(forge, number):
    """Have it do with an issue what the document does not describe."""
    issue = forge.issues.get(number)
    assert issue.add_spent_time("1h 5m")["total_time_spent"] == 3900
    assert forge.issues.get(number, lazy=True).time_stats()["human_total_time_spent"] == "1h 5m"
    assert issue.reset_spent_time()["total_time_spent"] == 0
    sign = issue.awardemojis.create({"name": "eyes"})
    issue.awardemojis.get(sign.id).delete()
    thread = issue.discussions.create({"body": "a thread"})
    thread.notes.create({"body": "a reply"})
    notes = issue.discussions.get(thread.id).attributes["notes"]
    assert [note["body"] for note in notes] == ["a thread", "a reply"]
    label = forge.labels.get("bug")
    label.color = "#000000"
    label.save()
    forge.manager.gitlab.http_put(f"/projects/{forge.id}/labels/bug", post_data={"description": "a fault"})
    assert forge.labels.get("bug").description == "a fault"
    label.delete()
    sent = forge.upload("data.csv", filedata=b"a,b\n")
    _, _, secret, name = sent["url"].split("/")
    raw = forge.manager.gitlab.http_get(f"/projects/{forge.id}/uploads/{secret}/{name}", raw=True)
    assert raw.content == b"a,b\n"
    hook = forge.hooks.create({"url": "http://127.0.0.1:9/", "push_events": False, "issues_events": True})
    hook.test("issues_events")


@pytest.mark.skipif(SCHEMAS is None, reason="the published document (KOWAL_SHARED) is not here")
def test_what_the_document_lacks_is_held_to_python_gitlab(fake, issue):
    """python-gitlab calls each endpoint that the document lacks and reads what it needs; these are the known ones."""
    gl = python_gitlab(fake, "root")
    forge = gl.projects.get(FORGE)
    ask_about_issues(forge, issue)
    ask_about_people(gl, forge)
    assert fake.judge.unpublished == UNPUBLISHED


def test_who_has_no_good_token_is_turned_away(fake, http):
    """Nobody, a wrong, a revoked and an expired token get 401 as GitLab words it; so does a good one afterwards."""
    wrong = httpx.get(f"{fake.url}/api/v4/user")
    assert (wrong.status_code, wrong.json()) == (401, {"message": "401 Unauthorized"})
    assert http_of(fake, "nobody").get("user").json() == {"message": "401 Unauthorized"}
    bearer = {"Authorization": f"Bearer {fake.token_of('kowal')}"}
    assert httpx.get(f"{fake.url}/api/v4/user", headers=bearer).json()["username"] == "kowal"
    fake.expires("kowal", days=3)
    assert http.get("personal_access_tokens/self").json()["active"] is True
    fake.expires("kowal", days=0)
    assert http.get("user").json()["error"] == "invalid_token"
    fake.expires("kowal", days=3)
    fake.revoke("kowal")
    reply = http.get("user")
    assert (reply.status_code, reply.json()["error_description"][:17]) == (401, "Token was revoked")


def test_what_one_may_not_see_is_not_there(fake, issue):
    """Private projects, confidential issues and internal notes answer 404 to strangers and guests."""
    secret = fake.creates_issue("bob", FORGE, "secret", confidential=True)
    own = fake.creates_issue("gus", FORGE, "mine", confidential=True)
    fake.comments("bob", FORGE, issue, "for us", internal=True)
    with http_of(fake, "eve") as eve:
        refused = eve.get("projects/tools%2Fforge")
        assert (refused.status_code, refused.json()) == (404, {"message": "404 Project Not Found"})
        assert eve.get("projects/tools%2Fopen").status_code == 200
        assert eve.get("issues", params={"scope": "all"}).json() == []
    with http_of(fake, "gus") as gus:
        assert gus.get(f"projects/1/issues/{secret}").json() == {"message": "404 Issue Not Found"}
        assert gus.get(f"projects/1/issues/{own}").status_code == 200
        assert [one["iid"] for one in gus.get("projects/1/issues").json()] == [own, issue]
        assert "for us" not in gus.get(f"projects/1/issues/{issue}/notes").text
        assert gus.get(f"projects/1/issues/{issue}").json()["user_notes_count"] == 0
        assert gus.post(f"projects/1/issues/{issue}/notes", json={"body": "x", "internal": True}).status_code == 403
    with http_of(fake, "bob") as bob:
        assert bob.get(f"projects/1/issues/{secret}").json()["confidential"] is True
        assert "for us" in bob.get(f"projects/1/issues/{issue}/notes").text


def test_rights_follow_the_access_levels(fake, issue):
    """Levels come from groups, too; guests change no issues of others, developers no hooks, strangers nothing."""
    deep = fake.project_id("tools/inner/deep")
    with http_of(fake, "ann") as ann, http_of(fake, "gus") as gus, http_of(fake) as kowal:
        assert ann.get(f"projects/{deep}/members/all/2").json()["access_level"] == 40
        assert {one["username"] for one in ann.get(f"projects/{deep}/members/all").json()} == {"ann", "bob"}
        assert ann.get(f"projects/{deep}/members").json() == []
        assert gus.put(f"projects/1/issues/{issue}", json={"add_labels": "bug"}).status_code == 403
        assert gus.post("projects/1/labels", json={"name": "x", "color": "#123456"}).status_code == 403
        assert kowal.get("projects/1/hooks").json() == {"message": "403 Forbidden"}
        assert ann.get("projects/1/hooks").json() == []
        assert kowal.get("projects/1/members/all/5").status_code == 404
        assert ann.get("projects/1").json()["permissions"]["group_access"]["access_level"] == 40
        assert kowal.get("projects/1").json()["permissions"]["project_access"]["access_level"] == 30
        mine = fake.creates_issue("gus", FORGE, "mine")
        assert gus.put(f"projects/1/issues/{mine}", json={"state_event": "close"}).json()["state"] == "closed"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"scope": "all"}, [3, 2, 1]),
        ({}, []),
        ({"scope": "assigned_to_me"}, [1]),
        ({"scope": "all", "assignee_username": "kowal"}, [1]),
        ({"scope": "all", "assignee_id": "None"}, [3, 2]),
        ({"scope": "all", "assignee_id": 1}, [1]),
        ({"scope": "all", "author_username": "gus"}, [3]),
        ({"scope": "all", "state": "closed"}, [2]),
        ({"scope": "all", "labels": "bug"}, [1]),
        ({"scope": "all", "labels": "None"}, [3, 2]),
        ({"scope": "all", "not[labels]": "bug"}, [3, 2]),
        ({"scope": "all", "iids[]": [2, 3]}, [3, 2]),
        ({"scope": "all", "search": "WORD", "in": "title"}, [1]),
        ({"scope": "all", "search": "text", "in": "title"}, []),
        ({"scope": "all", "confidential": "true"}, [3]),
        ({"scope": "all", "order_by": "updated_at", "sort": "asc"}, [1, 3, 2]),
        ({"scope": "all", "order_by": "title", "sort": "asc"}, [1, 3, 2]),
    ],
)
def test_issues_are_found_by_what_is_asked(fake, issue, http, query, found):
    """Each filter of the list means what it means in GitLab; without a scope one gets one's own."""
    other = fake.creates_issue("bob", FORGE, "other", "a text")
    fake.creates_issue("gus", FORGE, "more", confidential=True)
    time.sleep(0.002)
    fake.closes("bob", FORGE, other)
    assert [one["iid"] for one in http.get("issues", params=query).json()] == found


def test_updated_after_finds_what_changed_since(fake, issue, http):
    """An issue's `updated_at` moves with each note, edit and label, and the filter includes its moment."""
    for act in (
        lambda: fake.comments("bob", FORGE, issue, "and digits?"),
        lambda: fake.edits("bob", FORGE, issue, description="in a long text"),
        lambda: fake.labels("bob", FORGE, issue, remove=["bug"]),
    ):
        before = fake.issue(FORGE, issue)["updated_at"]
        time.sleep(0.002)
        act()
        after = fake.issue(FORGE, issue)["updated_at"]
        assert after > before
        for since, count in ((before, 1), (after, 1), ("2100-01-01T00:00:00Z", 0)):
            assert len(http.get("issues", params={"scope": "all", "updated_after": since}).json()) == count
    assert http.get("issues", params={"updated_after": "soon"}).status_code == 400


def test_lists_come_in_pages(fake, http, bot):
    """With numbers and totals, or by keyset, every item comes once; no page is longer than a hundred."""
    for number in range(45):
        fake.creates_issue("bob", FORGE, f"issue {number}")
    reply = http.get("issues", params={"scope": "all", "page": 2, "per_page": 20})
    heads = {name: reply.headers[name] for name in ("X-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages")}
    assert heads == {"X-Page": "2", "X-Next-Page": "3", "X-Prev-Page": "1", "X-Total": "45", "X-Total-Pages": "3"}
    assert set(reply.links) == {"first", "last", "prev", "next"}
    assert http.get("issues", params={"scope": "all", "per_page": 500}).headers["X-Per-Page"] == "100"
    assert http.get("issues", params={"page": 0}).status_code == 400
    for more in ({"per_page": 7}, {"per_page": 10, "pagination": "keyset", "order_by": "created_at", "sort": "asc"}):
        found = [one.iid for one in bot.issues.list(scope="all", iterator=True, **more)]
        assert sorted(found) == list(range(1, 46))
        assert found == sorted(found, reverse="pagination" not in more)
    fake.hides_totals()
    bare = http.get("issues", params={"scope": "all", "page": 2})
    assert (set(bare.links), "X-Total" in bare.headers) == ({"first", "prev", "next"}, False)
    assert len(list(bot.issues.list(scope="all", iterator=True))) == 45
    keyset = {"scope": "all", "pagination": "keyset", "order_by": "created_at"}
    page = http.get("issues", params=keyset)
    assert set(page.links) == {"next"}
    assert "X-Total" not in page.headers
    assert http.get("issues", params=keyset | {"order_by": "title"}).status_code == 405


def test_notes_are_written_and_changed(fake, issue, http):
    """A note is its author's to change; GitLab's own notes say what happened; what is no text is refused."""
    made = http.post("projects/1/issues/1/notes", json={"body": "working"}).json()
    changed = http.put(f"projects/1/issues/1/notes/{made['id']}", json={"body": "done"}).json()
    assert (changed["body"], changed["author"]["username"], changed["noteable_iid"]) == ("done", "kowal", issue)
    theirs = fake.comments("bob", FORGE, issue, "thanks")
    assert http.put(f"projects/1/issues/1/notes/{theirs}", json={"body": "x"}).status_code == 403
    http.put("projects/1/issues/1", json={"state_event": "close", "assignee_ids": [1, 3]})
    http.post("projects/1/issues/1/add_spent_time", json={"duration": "5m"})
    said = [note["body"] for note in fake.notes(FORGE, issue, system=True)]
    assert said == ["assigned to @kowal", "assigned to @bob", "closed", "added 5m of time spent"]
    only = http.get("projects/1/issues/1/notes", params={"activity_filter": "only_comments", "sort": "asc"}).json()
    assert [note["body"] for note in only] == ["done", "thanks"]
    blank = http.post("projects/1/issues/1/notes", json={"body": " "})
    assert (blank.status_code, "can't be blank" in blank.json()["message"]) == (400, True)
    assert http.post("projects/1/issues/1/notes", json={"body": "x" * 1_000_001}).status_code == 400
    assert http.get("projects/1/issues/1/notes/999").json() == {"message": "404 Note Not Found"}
    assert http.delete(f"projects/1/issues/1/notes/{made['id']}").status_code == 204
    assert [note["body"] for note in fake.notes(FORGE, issue)] == ["thanks"]


def test_wrong_issues_are_refused_in_gitlab_s_words(http):
    """A missing, a blank and a long title are told apart."""
    assert http.post("projects/1/issues", json={"title": " "}).json() == {"message": {"title": ["can't be blank"]}}
    long = http.post("projects/1/issues", json={"title": "x" * 256}).json()
    assert long == {"message": {"title": ["is too long (maximum is 255 characters)"]}}
    missing = http.post("projects/1/issues", json={"description": "x"})
    assert missing.status_code == 400
    assert "title" in missing.json()["error"]


def test_labels_are_added_and_taken_away(fake, issue, http):
    """Unknown labels are made; scoped ones exclude nothing; one that is there is not made again."""
    for add, remove, after in (
        ("kowal::working,x", "bug", ["kowal::working", "x"]),
        ("kowal::done", "", ["kowal::done", "kowal::working", "x"]),
        ("", "kowal::working,none", ["kowal::done", "x"]),
    ):
        reply = http.put("projects/1/issues/1", json={"add_labels": add, "remove_labels": remove})
        assert reply.json()["labels"] == after
    assert http.put("projects/1/issues/1", json={"labels": ["y"]}).json()["labels"] == ["y"]
    assert http.put("projects/1/issues/1", json={"labels": ""}).json()["labels"] == []
    again = http.post("projects/1/labels", json={"name": "bug", "color": "#112233"})
    assert (again.status_code, again.json()) == (409, {"message": "Label already exists"})
    assert http.post("projects/1/labels", json={"name": "n", "color": "no colour"}).status_code == 400
    assert {one["name"] for one in http.get("projects/1/labels").json()} == {
        "bug",
        "kowal::working",
        "kowal::done",
        "x",
        "y",
    }


def test_todos_remind_once_until_they_are_done(fake, issue, http):
    """Assignments and mentions make todos, one for an issue at a time; saying something there does them."""
    names = lambda: [(one["action_name"], one["body"]) for one in http.get("todos").json()]  # noqa: E731
    assert names() == [("assigned", "Count words")]
    fake.comments("bob", FORGE, issue, "@kowal are you there?")
    assert names() == [("assigned", "Count words")]
    http.post("projects/1/issues/1/notes", json={"body": "yes @kowal"})
    assert names() == []
    fake.comments("bob", FORGE, issue, "@kowal are you there?")
    assert names() == [("directly_addressed", "@kowal are you there?")]
    (waiting,) = http.get("todos").json()
    assert http.post(f"todos/{waiting['id']}/mark_as_done").json()["state"] == "done"
    fake.comments("bob", FORGE, issue, "ask @kowal, or `@gus`")
    assert names() == [("mentioned", "ask @kowal, or `@gus`")]
    assert http_of(fake, "gus").get("todos").json() == []
    fake.comments("bob", FORGE, issue, "@gus @eve between us", internal=True)
    assert http_of(fake, "gus").get("todos").json() == http_of(fake, "eve").get("todos").json() == []
    assert http.post("todos/mark_as_done").status_code == 204
    assert names() == []
    assert len(http.get("todos", params={"state": "done"}).json()) == 3


def test_signs_are_given_once(fake, issue, http):
    """A sign under an issue or note is there once for each user; the second is refused as something not found."""
    note = fake.comments("bob", FORGE, issue, "please")
    for at in ("projects/1/issues/1", f"projects/1/issues/1/notes/{note}"):
        assert http.post(f"{at}/award_emoji", json={"name": "eyes"}).status_code == 201
        again = http.post(f"{at}/award_emoji", json={"name": "eyes"})
        assert again.status_code == 404
        assert again.json() == {"message": "404 Award Emoji Name has already been taken Not Found"}
    fake.awards("bob", note, "thumbsup")
    given = http.get(f"projects/1/issues/1/notes/{note}/award_emoji").json()
    assert [(one["name"], one["user"]["username"]) for one in given] == [("eyes", "kowal"), ("thumbsup", "bob")]
    assert http.delete(f"projects/1/issues/1/notes/{note}/award_emoji/{given[1]['id']}").status_code == 403


def test_quick_actions_are_obeyed_and_not_kept(fake, issue, http):
    """Lines that begin with a known `/` are done and do not stay; in code they are text; alone they leave no note."""
    made = http.post("projects/1/issues/1/notes", json={"body": 'see\n/close\n/label ~"a b" ~c\n/nonsense x'}).json()
    assert made["body"] == "see\n/nonsense x"
    now = fake.issue(FORGE, issue)
    assert (now["state"], now["labels"]) == ("closed", ["a b", "bug", "c"])
    alone = http.post("projects/1/issues/1/notes", json={"body": "/reopen\n/unassign @kowal"})
    assert (alone.status_code, "id" in alone.json()) == (202, False)
    assert (fake.issue(FORGE, issue)["state"], fake.issue(FORGE, issue)["assignees"]) == ("opened", [])
    http.post("projects/1/issues/1/notes", json={"body": "```\n/close\n```"})
    fake.comments("gus", FORGE, issue, "please\n/close")
    assert fake.issue(FORGE, issue)["state"] == "opened"


def test_files_are_uploaded_and_linked(fake, http):
    """A file comes back byte by byte, for members alone; what people attach is linked in the description."""
    number = fake.creates_issue("bob", FORGE, "sum", "of these", files={"a b.csv": b"1,2"})
    text = fake.issue(FORGE, number)["description"]
    secret, name = text.partition("](/uploads/")[2].rstrip(")").split("/")
    assert http.get(f"projects/1/uploads/{secret}/{name}").content == b"1,2"
    assert http_of(fake, "eve").get(f"projects/1/uploads/{secret}/{name}").status_code == 404
    sent = http.post("projects/1/uploads", files={"file": ("x y.png", b"\x89PNG")}).json()
    assert sent["markdown"] == f"![x_y.png]({sent['url']})"
    assert http.post("projects/1/uploads").status_code == 400


class Receiver:
    """A server that hears webhooks, and answers each with the status that is set."""

    def __init__(self):
        heard = self.heard = []
        receiver = self
        self.status = 200

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_):
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(fake):
    """One that the project's hook tells of issues, notes and signs."""
    events = {f"{name}_events": True for name in ("issues", "note", "confidential_note", "emoji")}
    secrets = {"token": "sesame", "signing_token": f"whsec_{base64.b64encode(b'key').decode()}"}
    with Receiver() as found, http_of(fake, "ann") as ann:
        shown = ann.post("projects/1/hooks", json={"url": found.url, "push_events": False, **events, **secrets}).json()
        assert not {"token", "signing_token"} & set(shown)
        yield found


def test_hooks_are_told_what_happens(fake, receiver):
    """Events come in order, with GitLab's headers and payloads: actions, changes, who did it."""
    number = fake.creates_issue("bob", FORGE, "t", labels=["bug"])
    fake.assigns("bob", FORGE, number, "kowal")
    note = fake.comments("bob", FORGE, number, "@kowal go")
    fake.rewrites("bob", note, "@kowal go on")
    fake.awards("ann", note, "thumbsup")
    fake.closes("bob", FORGE, number)
    fake.reopens("bob", FORGE, number)
    fake.unassigns("bob", FORGE, number)
    assert fake.settle()
    told = [json.loads(body) for _, body in receiver.heard]
    actions = [(one["object_kind"], one["object_attributes"]["action"], one["user"]["username"]) for one in told]
    assert actions == [
        ("issue", "open", "bob"), ("issue", "update", "bob"), ("note", "create", "bob"), ("note", "update", "bob"),
        ("emoji", "award", "ann"), ("issue", "close", "bob"), ("issue", "reopen", "bob"), ("issue", "update", "bob"),
    ]  # fmt: skip
    assert [one["username"] for one in told[1]["changes"]["assignees"]["current"]] == ["kowal"]
    assert told[7]["changes"]["assignees"]["current"] == []
    assert told[1]["object_attributes"]["assignee_ids"] == [1]
    assert told[2]["issue"]["iid"] == number
    assert told[2]["object_attributes"]["note"] == "@kowal go"
    assert told[0]["project"]["path_with_namespace"] == FORGE
    head = receiver.heard[0][0]
    assert (head["x-gitlab-event"], head["x-gitlab-token"]) == ("Issue Hook", "sesame")
    assert (head["x-gitlab-instance"], head["webhook-id"]) == (fake.url, head["idempotency-key"])
    assert len({heads["x-gitlab-event-uuid"] for heads, _ in receiver.heard}) == 8
    assert len({heads["x-gitlab-webhook-uuid"] for heads, _ in receiver.heard}) == 1
    assert {one.status for one in fake.delivered} == {200}


def test_hooks_are_signed_as_standard_webhooks_are(fake, receiver):
    """The signature is HMAC-SHA256 of id, time and body with the key after `whsec_`."""
    fake.creates_issue("bob", FORGE, "t")
    assert fake.settle()
    ((head, body),) = receiver.heard
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"key", signed, hashlib.sha256)).decode()
    assert head["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(head["webhook-timestamp"])) < 60


def test_what_is_confidential_is_told_to_who_asked_for_it(fake, receiver):
    """Confidential issues and internal notes are events of their own; system notes are none."""
    number = fake.creates_issue("bob", FORGE, "t", confidential=True)
    fake.comments("bob", FORGE, number, "on a secret issue")
    other = fake.creates_issue("bob", FORGE, "t", assignees=["kowal"])
    fake.comments("bob", FORGE, other, "between us", internal=True)
    assert fake.settle()
    assert [one.event for one in fake.delivered] == ["Confidential Note Hook", "Issue Hook", "Confidential Note Hook"]
    assert [one.payload.get("event_type") for one in fake.delivered] == [
        "confidential_note",
        "issue",
        "confidential_note",
    ]


def test_deliveries_are_doubled_shuffled_held_and_repeated(fake, receiver):
    """With a seed they come twice and in another order, with the same key; what failed is not posted again."""
    receiver.status = 500
    number = fake.creates_issue("bob", FORGE, "t")
    assert fake.settle()
    time.sleep(0.1)
    assert [one.status for one in fake.delivered] == [500]
    receiver.status = 200
    fake.redelivers(fake.delivered[0])
    assert fake.settle()
    assert [one.status for one in fake.delivered] == [500, 200]
    assert fake.delivered[0].sent_at < fake.delivered[0].sent_at + fake.delivered[0].took_s < fake.delivered[1].sent_at
    assert receiver.heard[0][0]["idempotency-key"] == receiver.heard[1][0]["idempotency-key"]
    receiver.heard.clear()
    fake.unruly(double=0.2, shuffle=True, seed=3)
    fake.holds()
    for count in range(100):
        fake.comments("bob", FORGE, number, str(count))
    time.sleep(0.1)
    assert receiver.heard == []
    fake.releases()
    assert fake.settle(30)
    said = [int(json.loads(body)["object_attributes"]["note"]) for _, body in receiver.heard]
    assert set(said) == set(range(100))
    assert 105 < len(said) < 140
    assert said != sorted(said)
    keys = {head["idempotency-key"] for head, _ in receiver.heard}
    assert len(keys) == 100


def test_hooks_are_changed_tested_and_removed(fake, issue, receiver):
    """A test delivers an example without an action; nobody at the address is a delivery that failed."""
    with http_of(fake, "ann") as ann:
        assert ann.post("projects/1/hooks/1/test/issues_events").status_code == 201
        assert fake.settle()
        assert "action" not in fake.delivered[-1].payload["object_attributes"]
        assert ann.post("projects/1/hooks/1/test/pipeline_events").status_code == 422
        assert (
            ann.put("projects/1/hooks/1", json={"url": "http://127.0.0.1:9/", "issues_events": True}).status_code == 200
        )
        fake.closes("bob", FORGE, issue)
        assert fake.settle()
        assert fake.delivered[-1].status == 0
        assert ann.delete("projects/1/hooks/1").status_code == 204
        assert ann.post("projects/1/hooks", json={"url": "nowhere"}).status_code == 422


def test_who_asks_too_often_waits(fake, issue, bot):
    """A limit answers 429 and says when to come again, which python-gitlab obeys; notes have a limit of their own."""
    fake.limit(2, 1.2)
    with http_of(fake) as http:
        first = http.get("user")
        assert (first.status_code, first.headers["RateLimit-Remaining"]) == (200, "1")
        assert http.get("user").status_code == 200
        late = http.get("user")
        assert (late.status_code, late.text, int(late.headers["Retry-After"])) == (429, "Retry later\n", 2)
        assert http_of(fake, "bob").get("user").status_code == 200
        began = time.monotonic()
        bot.auth()
        assert time.monotonic() - began > 0.5
        fake.limit(1, 60, silent=True)
        http.get("user")
        bare = http.get("user")
        assert (bare.status_code, "Retry-After" in bare.headers, "RateLimit-Reset" in bare.headers) == (
            429,
            False,
            False,
        )
        fake.limit(None)
        fake.limit_notes(1, 60)
        assert http.post("projects/1/issues/1/notes", json={"body": "1"}).status_code == 201
        refused = http.post("projects/1/issues/1/notes", json={"body": "2"})
        assert (refused.status_code, refused.json()["message"]["error"][:13]) == (429, "This endpoint")
        assert http.get("projects/1/issues/1/notes").status_code == 200


def test_faults_come_when_they_are_asked_for(fake, issue, http):
    """A call fails, takes long, hangs up, breaks off, or is done although its answer is lost; then all is well."""
    notes = "POST projects/:id/issues/:iid/notes"
    write = lambda: http.post("projects/1/issues/1/notes", json={"body": "hi"})  # noqa: E731
    for status in (500, 502, 503):
        fake.breaks(notes, status=status)
        assert write().status_code == status
    assert fake.notes(FORGE, issue) == []
    fake.breaks(notes, status=0)
    with pytest.raises(httpx.TransportError):
        write()
    assert fake.notes(FORGE, issue) == []
    fake.breaks(notes, status=0, done=True)
    with pytest.raises(httpx.TransportError):
        write()
    assert len(fake.notes(FORGE, issue)) == 1
    fake.tears(notes)
    with pytest.raises(httpx.TransportError):
        write()
    assert len(fake.notes(FORGE, issue)) == 2
    fake.slow("GET user", 0.2)
    began = time.monotonic()
    assert http.get("user").status_code == 200
    assert time.monotonic() - began >= 0.2
    fake.go_away(0.3)
    with pytest.raises(httpx.TransportError):
        http.get("user")
    fake.go_away(0.3, status=502)
    assert http.get("user").status_code == 502
    time.sleep(0.35)
    assert write().status_code == 201
    fake.breaks(times=0)
    assert http.get("user").status_code == 500
    fake.heal()
    assert http.get("user").status_code == 200
    assert fake.calls[notes] == 7
    assert [request.status for request in fake.requests if request.route == notes] == [500, 502, 503, 0, 0, 201, 201]


@pytest.mark.skipif(SCHEMAS is None, reason="the published document (KOWAL_SHARED) is not here")
def test_requests_that_break_the_document_are_refused(fake, http):
    """An unknown parameter or field, a wrong type and a missing one get 400, which a lenient server would not say."""
    assert http.get("issues", params={"asignee": "x"}).json() == {"error": "asignee is no parameter"}
    assert http.get("issues", params={"scope": "mine"}).status_code == 400
    assert http.get("issues", params={"per_page": "many"}).status_code == 400
    assert http.post("projects/1/issues", json={"title": "t", "label": ["x"]}).json() == {"error": "label is no field"}
    assert http.post("projects/1/issues", json={"title": 5}).status_code == 400
    assert http.post("projects/1/issues/1/notes", json={}).status_code == 400
    with FakeGitLab(WORLD) as lenient, http_of(lenient) as other:
        assert other.get("issues", params={"asignee": "x"}).status_code == 200


@pytest.mark.skipif(SCHEMAS is None, reason="the published document (KOWAL_SHARED) is not here")
def test_replies_that_break_the_document_are_seen():
    """The judge finds a reply of a wrong status, one that lacks a field, and one whose field is no such thing."""
    judge = Judge(SCHEMAS)
    note = {"id": 1, "body": "x", "author": {}, "created_at": "now", "system": False, "noteable_type": "Issue"}
    at = "/api/v4/projects/1/issues/1/notes"
    judge.check_reply("POST", at, 201, note)
    assert judge.faults == []
    for status, wrong in ((200, note), (201, note | {"id": "1"}), (201, {"id": 1}), (201, [note])):
        judge.check_reply("POST", at, status, wrong)
        assert len(judge.faults) > 0
        judge.faults.clear()


def test_projects_are_made_where_one_may(fake, http):
    """In one's own namespace, or a group in which one is developer; a name is taken once."""
    made = http.post("projects", json={"name": "New Tool", "initialize_with_readme": True}).json()
    assert (made["path_with_namespace"], made["default_branch"]) == ("kowal/new-tool", "main")
    again = http.post("projects", json={"name": "New Tool"})
    assert (again.status_code, again.json()["message"]["path"]) == (400, ["has already been taken"])
    tools = http_of(fake, "ann").get("namespaces/tools").json()["id"]
    assert http_of(fake, "ann").post("projects", json={"name": "x", "namespace_id": tools}).status_code == 201
    assert http.post("projects", json={"name": "y", "namespace_id": tools}).status_code == 400
    with pytest.raises(Refused, match="403"):
        fake.creates_issue("eve", FORGE, "not for strangers")


def test_it_speaks_tls_below_a_path(certificate):
    """With a certificate and a prefix it answers there, to who trusts it and to nobody else."""
    trusted_file = certificate[0]
    trust = ssl.create_default_context(cafile=trusted_file)
    with FakeGitLab(WORLD, prefix="/gitlab", certificate=certificate) as fake, OPEN:
        assert fake.url.startswith("https://localhost:")
        head = {"PRIVATE-TOKEN": "kowal-token"}
        assert httpx.get(f"{fake.url}/api/v4/user", headers=head, verify=trust).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{fake.url}/api/v4/user", headers=head)
        trusting = python_gitlab(fake, ssl_verify=str(trusted_file))
        assert trusting.version()[0] == WORLD.version
        trusted = {**os.environ, "GIT_SSL_CAINFO": str(trusted_file)}
        command = ["git", "ls-remote", fake.clone_url(FORGE, "kowal")]
        cloned = subprocess.run(command, env=trusted, capture_output=True, text=True, check=False)
        assert "refs/heads/main" in cloned.stdout, cloned.stderr


def test_it_runs_as_a_program(tmp_path):
    """`python -m` serves a script file at the address it prints, with a token, until it is stopped."""
    file = tmp_path / "script.json"
    file.write_text(
        json.dumps({"users": [{"username": "u", "token": "t"}], "groups": [], "projects": [{"path": "u/p"}]})
    )
    command = [sys.executable, "-m", "integrations.codehost.fake_gitlab", "--port", "0", "--script", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        try:
            url = program.stderr.readline().split()[-1]
            assert program.stderr.readline() == "Tokens: u t\n"
            head = {"PRIVATE-TOKEN": "t"}
            assert httpx.get(f"{url}/api/v4/projects/u%2Fp", headers=head).json()["path_with_namespace"] == "u/p"
        finally:
            program.terminate()
        assert program.stderr.read() == "It ends.\n"
    assert program.returncode == 0
