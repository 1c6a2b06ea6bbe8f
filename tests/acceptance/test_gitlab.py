"""Kowal in GitLab, as people see it: from an assigned issue to a merge request to a closed issue, whatever breaks."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from divided_models import FIRST, SECOND, divided_script
from reading_model import ASKED, reading_model
from served import Served

from integrations.codehost._fake_gitlab_world import DEVELOPER, MAINTAINER, REPORTER
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World
from integrations.llm.fake_ollama import FakeOllama

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
SCHEMAS = SHARED / "contracts/gitlab/gitlab-bot-subset.json"
TOKEN = "glpat-of-kowal-alone"
TITLE = "How many vowels does a text have"
WORK, REGISTRY = "tools/reports", "tools/registry"
WORLD = World(
    users=(
        User(username="kowal", name="Kowal", bot=True, token=TOKEN),
        User(username="ann", name="Ann Nowak"),
        User(username="bob", name="Bob Lis"),
        User(username="ada", name="Ada Wrona"),
    ),
    groups=(Group(path="tools", members={"ann": DEVELOPER, "bob": REPORTER, "ada": MAINTAINER, "kowal": MAINTAINER}),),
    projects=(
        Project(path=WORK, members={"kowal": MAINTAINER}),
        Project(path=REGISTRY, empty=True, members={"kowal": MAINTAINER}),
    ),
)


class Team(Served):
    """A GitLab server, people in it, and a Kowal that serves it."""

    def __init__(self, home: Any, fake: FakeGitLab, folder: Path) -> None:
        self.fake = fake
        super().__init__(home, folder)

    def notes(self, iid: int) -> list[dict[str, Any]]:
        """What Kowal says under the issue, oldest first."""
        return [note for note in self.fake.notes(WORK, iid) if note["author"]["username"] == "kowal"]

    def until(self, iid: int, pattern: str) -> dict[str, Any]:
        """The comment of Kowal's that says so."""
        return dict(
            self.waited(lambda: next((each for each in self.notes(iid) if re.search(pattern, each["body"])), None))
        )

    def labels(self, iid: int) -> set[str]:
        """Those that the issue bears."""
        return {label for label in self.fake.issue(WORK, iid)["labels"] if label.startswith("kowal::")}

    def said(self) -> str:
        """See `Served.said`."""
        issues = range(1, 1 + len(self.fake.state.place(WORK).issues))  # type: ignore[union-attr]
        lines = [f"#{iid} {self.labels(iid)}: {each['body']}" for iid in issues for each in self.fake.notes(WORK, iid)]
        return "\n".join([*lines, *(str(each) for each in self.fake.mrs(REGISTRY))])


@pytest.fixture
def team(home, tmp_path: Path) -> Iterator[Team]:
    """A team whose two models write different functions, and whose registry is a project of the server."""
    with FakeOllama(divided_script()) as models, FakeGitLab(WORLD, prefix="/git", schemas=schemas()) as fake:
        section = {
            "url": fake.url,
            "token": TOKEN,
            "poll_s": 0.3,
            "projects": ["tools"],
            "registry_project": REGISTRY,
            "close_done": True,
        }
        served = home.with_(
            OLLAMA_HOST=models.url,
            KOWAL_CANDIDATES="2",
            KOWAL_MODELS=json.dumps({"generate": [FIRST, SECOND], "specify": FIRST}),
            KOWAL_PROMOTION="person",
            KOWAL_REGISTRY_REMOTE=fake.clone_url(REGISTRY, "kowal"),
            KOWAL_REGISTRY_MAX_AGE_S="1",
            KOWAL_CODEHOST=json.dumps({"gitlab": section}),
        )
        served.run("init")
        opened = Team(served, fake, tmp_path)
        yield opened
        opened.end()


def schemas() -> Path | None:
    """The published document, where it is at hand."""
    return SCHEMAS if SCHEMAS.exists() else None


def test_from_an_assigned_issue_to_a_merge_request_to_a_closed_issue(team: Team) -> None:
    """With kills and outages in between: one task, one merge request, one note that tells, nothing twice."""
    fake = team.fake
    iid = fake.creates_issue("ann", WORK, TITLE, "Count them, please.")
    fake.assigns("ann", WORK, iid, "kowal")
    question = team.until(iid, r"what must `count_vowels` give\?")
    team.waited(lambda: team.labels(iid) == {"kowal::needs-answer"})
    assert "eyes" in str(fake.issue(WORK, iid)["award_emoji"])
    team.kill()
    choices = dict(re.findall(r"^(\d)\. `(\d+)`", question["body"], re.MULTILINE))
    call = re.search(r'text = "([^"]*)"', question["body"])
    assert call is not None
    right = next(
        number for number, value in choices.items() if int(value) == sum(c in "aeiou" for c in call[1].lower())
    )
    fake.comments("ann", WORK, iid, right)
    team.start()

    (review,) = team.waited(lambda: fake.mrs(REGISTRY))
    assert "count_vowels" in review["title"]
    assert review["target_branch"] == "main"
    for part in ("Count the vowels in a text.", "| `mutation` | `yes` |", "Signed is exactly"):
        assert part in review["description"], review["description"]
    team.until(iid, r"I need `text`")
    team.kill()
    fake.merges("ada", REGISTRY, review["iid"])
    fake.go_away(2.0)
    team.start()

    team.waited(lambda: is_in_production(team))
    fake.comments("ann", WORK, iid, "Queue up")
    answer = team.until(iid, r"\*\*count_vowels\*\* 1\.0\.0 · `?5")
    assert "verified: " in answer["body"]
    team.waited(lambda: fake.issue(WORK, iid)["state"] == "closed")
    assert team.labels(iid) == {"kowal::done"}
    assert fake.issue(WORK, iid)["time_stats"]["total_time_spent"] >= 1
    history = team.home.json("functions", "history", "count_vowels")
    assert any(entry["by"] == "gitlab:ada" for entry in history), history
    time.sleep(2)
    assert len(fake.mrs(REGISTRY)) == 1
    assert len(team.home.json("tasks", "list")) == 1
    bodies = [note["body"] for note in team.notes(iid)]
    assert len(set(bodies)) == len(bodies), team.told()
    assert len(bodies) <= 5, team.told()
    assert TOKEN not in team.told()
    assert fake.judge.faults == []


def is_in_production(team: Team) -> bool:
    """Whether the function is there for everybody."""
    return bool(team.home.json("functions", "show", "count_vowels")["status"] == "production")


ISSUES = 125
"""Each is created, assigned, labelled and commented on: 500 webhooks, and as many for what Kowal says under them."""


@pytest.fixture
def busy(home, tmp_path: Path) -> Iterator[Team]:
    """A team whose server tells Kowal of all that happens, and is hardly ever asked otherwise."""
    with reading_model() as models, FakeGitLab(WORLD, schemas=schemas()) as fake, socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        served = home.with_(OLLAMA_HOST=models.url, KOWAL_TASKS__WORKERS="2", KOWAL_TASKS__A_PERSON="8")
        sets = {
            "url": fake.url,
            "token": fake.token_of("kowal"),
            "projects": WORK,
            "webhook_url": f"http://127.0.0.1:{port}/gitlab",
            "webhook_port": str(port),
        }
        served.run("init", "gitlab", *(word for pair in sets.items() for word in ("--set", "=".join(pair))))
        opened = Team(served, fake, tmp_path)
        opened.waited(lambda: "codehost-gitlab is ready" in opened.told())
        yield opened
        opened.end()


def test_five_hundred_webhooks_twice_and_in_any_order_have_each_issue_worked_once(busy: Team) -> None:
    """A fifth comes twice, the order is any, Kowal is killed in between: no issue is missed, none worked twice."""
    fake = busy.fake
    fake.unruly(double=0.2, shuffle=True, seed=7)
    for number in range(1, ISSUES + 1):
        iid = fake.creates_issue("bob", WORK, f"{ASKED.format(number=number)}")
        fake.assigns("ann", WORK, iid, "kowal")
        fake.labels("ann", WORK, iid, add=["triaged"])
        fake.comments("bob", WORK, iid, "I wonder, too.")
        if number == ISSUES // 2:
            busy.kill()
            busy.start()
    busy.waited(lambda: all(busy.labels(iid) == {"kowal::done"} for iid in range(1, ISSUES + 1)), seconds=240)
    fake.settle()
    assert len(fake.delivered) >= 4 * ISSUES * 1.1
    time.sleep(1)
    for iid in range(1, ISSUES + 1):
        (note,) = busy.notes(iid)
        assert f"number-{iid}-of-all" in note["body"], busy.told()
    assert len(busy.home.json("tasks", "list", "--limit", "1000")) == ISSUES
