"""The code host listens to a GitLab server that drops, repeats, reorders and limits: all is told, and once."""

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from network import free_port

from agent.errors import ChannelUnavailable
from agent.hosting.host import IssueSeen, Place, ReviewSeen
from agent.talking.channel import CaughtUp, Happening, Heard, Letter, Reacted
from integrations import kept
from integrations.codehost import _gitlab_hearing as hearing
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World
from integrations.codehost.gitlab import HOST, GitLabHost

FORGE, OTHER = "tools/forge", "tools/other"
WORLD = World(
    users=(
        User(username="kowal", bot=True, token="kowal-token"),
        User(username="ann", token="ann-token"),
        User(username="bob", token="bob-token"),
        User(username="robot", bot=True, token="robot-token"),
    ),
    groups=(Group(path="tools", members={"ann": 40, "kowal": 40}),),
    projects=(
        Project(path=FORGE, members={"bob": 20, "robot": 20}),
        Project(path=OTHER, members={"bob": 20}),
    ),
)
HOOK_SECRET = "the-hooks-own-word"


class Caller:
    """Who uses the host: keeps what was heard by its id, and until when all was told."""

    def __init__(self, fake: FakeGitLab, since: datetime | None = None, **section: Any) -> None:
        self.fake = fake
        self.section = {"url": fake.url, "token": "kowal-token", "poll_s": 0.1} | section
        self.since = since or datetime.now(UTC) - timedelta(seconds=1)
        self.places: list[Place] = []
        self.happened: list[Happening] = []
        self.caught_up = 0
        self.host = self.opened()

    def opened(self) -> GitLabHost:
        """The host, listening."""
        host = HOST.open(self.section)
        assert isinstance(host, GitLabHost)
        host.watch(lambda: list(self.places))
        host.listen(lambda: self.since)
        return host

    def restart(self) -> None:
        """As after the end of the process: what is kept is only what the caller keeps."""
        self.host.close()
        self.host = self.opened()

    def take(self, wait_s: float = 0.05) -> bool:
        """The next happening; whether there was one."""
        happening = self.host.next(wait_s)
        if isinstance(happening, CaughtUp):
            self.since = max(self.since, happening.at)
            self.caught_up += 1
        elif happening is not None:
            self.happened.append(happening)
        return happening is not None

    def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Take what happens until that holds."""
        ends = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends, self.happened[-5:]
            self.take()

    def rounds(self, count: int = 2) -> None:
        """Take what so many whole rounds tell."""
        goal = self.caught_up + count
        self.until(lambda: self.caught_up >= goal)

    @property
    def heard(self) -> list[Heard]:
        """What was said, in the order in which it was told."""
        return [each for each in self.happened if isinstance(each, Heard)]

    @property
    def texts(self) -> list[str]:
        """What was said."""
        return [each.text for each in self.heard]

    @property
    def issues(self) -> list[IssueSeen]:
        """The looks at issues."""
        return [each for each in self.happened if isinstance(each, IssueSeen)]

    def place(self, iid: int, project: str = FORGE) -> Place:
        """An issue."""
        return Place(room=str(self.fake.project_id(project)), thread=f"issues/{iid}")


def letter(place: Place, text: str, key: str = "ab" * 32) -> Letter:
    """A letter to that place."""
    return Letter(key=key, room=place.room, thread=place.thread, text=text)


@pytest.fixture(autouse=True)
def soon(monkeypatch) -> None:
    """Nobody waits for long."""
    monkeypatch.setattr(kept, "LONGEST_WAIT_S", 0.3)
    monkeypatch.setattr(hearing, "HASTE_S", 0.1)


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    """A server."""
    with FakeGitLab(WORLD) as found:
        yield found


@pytest.fixture
def call(fake) -> Iterator[Callable[..., Caller]]:
    """Makes callers."""
    made: list[Caller] = []

    def make(*words: Any, **section: Any) -> Caller:
        made.append(Caller(fake, *words, **section))
        return made[-1]

    yield make
    for caller in made:
        caller.host.close()


def with_hooks(fake: FakeGitLab, call: Callable[..., Caller], **section: Any) -> tuple[Caller, str]:
    """A caller whose host hears webhooks of all projects, and their address."""
    port = free_port()
    more = {"webhook_port": port, "webhook_secret": HOOK_SECRET} | section
    caller = call(**more)
    url = f"http://127.0.0.1:{port}/gitlab"
    made = HOST.hook(caller.section | {"projects": ["tools"]}, url)
    assert sorted(line.partition(":")[0] for line in made) == [FORGE, OTHER]
    return caller, url


def test_an_assigned_issue_is_seen_as_what_it_is(fake, call):
    """With who assigned it, labels, files, whether it is confidential; again when it moves, and when it is over."""
    caller = call()
    caller.rounds(1)
    iid = fake.creates_issue(
        "bob", FORGE, "Count words", "of this:", labels=["kowal::local-only"], confidential=True,
        files={"words.txt": b"to be"},
    )  # fmt: skip
    fake.assigns("ann", FORGE, iid, "kowal")
    caller.until(lambda: caller.issues)
    issue = caller.issues[0].issue
    assert (issue.place, issue.room_name, issue.title) == (caller.place(iid), FORGE, "Count words")
    assert (issue.author.name, issue.assigned_by.name) == ("bob", "ann")
    assert (issue.is_open, issue.is_ours, issue.is_confidential) == (True, True, True)
    assert issue.labels == {"kowal::local-only"}
    assert issue.updated_at.tzinfo is not None
    assert [caller.host.fetch(file, 5) for file in issue.attachments] == [b"to be"]
    caller.places.append(issue.place)
    fake.unassigns("ann", FORGE, iid, "kowal")
    caller.until(lambda: not caller.issues[-1].issue.is_ours)
    fake.closes("ann", FORGE, iid)
    caller.until(lambda: not caller.issues[-1].issue.is_open)
    seen = len(caller.issues)
    caller.rounds(3)
    assert len(caller.issues) == seen, "what does not move is not told again"


def test_what_is_said_where_it_matters_is_heard_in_its_order(fake, call):
    """Notes in a watched issue, whoever they are to; elsewhere those that call us; never ours, nor a bot's."""
    caller = call()
    ours = fake.creates_issue("ann", FORGE, "ours", "x", assignees=["kowal"])
    elsewhere = fake.creates_issue("ann", OTHER, "elsewhere", "x")
    caller.until(lambda: caller.issues)
    caller.places.append(caller.place(ours))
    caller.rounds(1)
    first = fake.comments("bob", FORGE, ours, "the answer is 4")
    second = fake.comments("ann", FORGE, ours, "@kowal, and hurry")
    fake.comments("robot", FORGE, ours, "@kowal I am a bot")
    caller.host.say(letter(caller.place(ours), "Working on it"))
    fake.labels("ann", FORGE, ours, add=["x"])
    fake.comments("bob", OTHER, elsewhere, "nothing to you")
    fake.comments("bob", OTHER, elsewhere, "what does @kowal think?", internal=True)
    caller.until(lambda: len(caller.heard) >= 3)
    caller.rounds(3)
    assert sorted(caller.texts) == ["and hurry", "the answer is 4", "what does think?"]
    room = caller.place(ours).room
    told = {each.id: each for each in caller.heard}
    answer, hurry = told[f"{room}/issues/{ours}/notes/{first}"], told[f"{room}/issues/{ours}/notes/{second}"]
    assert caller.heard.index(answer) < caller.heard.index(hurry)
    assert (answer.by.name, answer.thread, answer.is_to_us, answer.is_direct) == ("bob", f"issues/{ours}", False, False)
    assert (hurry.is_to_us, hurry.room, hurry.room_name) == (True, room, FORGE)
    assert hurry.at.tzinfo is not None
    (internal,) = (each for each in caller.heard if each.text == "what does think?")
    assert internal.thread == f"issues/{elsewhere}/internal"
    fake.rewrites("bob", first, "the answer is 5")
    caller.rounds(3)
    assert len(caller.heard) == 3, "an edited note is no new one"


def test_a_call_in_a_description_is_heard(fake, call):
    """Whoever hears of it asks for the issue, whose text it is; one that is assigned to us is an issue and no note."""
    caller = call()
    iid = fake.creates_issue("ann", FORGE, "a question", "@kowal how many words?")
    fake.creates_issue("ann", FORGE, "ours", "@kowal do", assignees=["kowal"])
    caller.until(lambda: caller.heard and caller.issues)
    caller.rounds(2)
    (heard,) = caller.heard
    assert (heard.id, heard.text, heard.thread) == (
        f"{caller.place(iid).room}/issues/{iid}",
        "",
        f"issues/{iid}",
    )
    caller.host.see(heard.id)
    assert [each["name"] for each in fake.issue(FORGE, iid)["award_emoji"]] == ["eyes"]


def test_a_to_do_is_over_only_when_its_matter_is(fake, call):
    """Whoever ends before they asked for the next happening hears it again; whoever asked does not."""
    caller = call()
    iid = fake.creates_issue("ann", FORGE, "elsewhere", "x")
    caller.rounds(1)
    fake.comments("bob", FORGE, iid, "@kowal do it")
    caller.until(lambda: caller.heard)
    before = caller.since
    caller.restart()  # in the midst of what was asked
    caller.until(lambda: len(caller.heard) == 2)
    assert caller.heard[0].id == caller.heard[1].id
    caller.rounds(2)
    caller.until(lambda: (caller.take(), fake.calls["POST todos/:id/mark_as_done"])[1])
    caller.since = before
    caller.restart()
    caller.rounds(2)
    assert len(caller.heard) == 2


def test_what_was_before_us_is_old(fake, call):
    """Neither calls nor notes from long before are taken for new ones."""
    old = fake.creates_issue("ann", FORGE, "old", "x")
    fake.comments("ann", FORGE, old, "@kowal long ago")
    caller = call(datetime.now(UTC) + timedelta(minutes=10))
    caller.places.append(caller.place(old))
    caller.rounds(3)
    assert caller.heard == []


def test_only_the_projects_of_the_settings_are_heard(fake, call):
    """By path, by group and by id."""
    for named, texts in (([FORGE], {"one"}), (["tools"], {"one", "two"}), ([str(fake.project_id(OTHER))], {"two"})):
        caller = call(projects=named)
        one, two = (fake.creates_issue("ann", project, "x", "x") for project in (FORGE, OTHER))
        fake.creates_issue("ann", OTHER, "x", "x", assignees=["kowal"])
        fake.comments("ann", FORGE, one, "@kowal one")
        fake.comments("ann", OTHER, two, "@kowal two")
        caller.until(lambda caller=caller, texts=texts: set(caller.texts) >= texts)
        caller.rounds(2)
        assert set(caller.texts) == texts
        assert bool(caller.issues) is ("two" in texts)
        caller.host.close()


def test_thumbs_under_our_notes_are_told(fake, call):
    """Once each, with who gave them; other signs and those under others' notes are nothing."""
    caller = call()
    iid = fake.creates_issue("ann", FORGE, "x", "x", assignees=["kowal"])
    place = caller.place(iid)
    caller.places.append(place)
    ours = caller.host.say(letter(place, "May I?"))
    other = fake.comments("bob", FORGE, iid, "hm")
    caller.rounds(2)
    number = int(ours.rpartition("/")[2])
    fake.awards("ann", number, "thumbsup")
    fake.awards("bob", number, "thumbsdown")
    fake.awards("bob", number, "tada")
    fake.awards("ann", other, "thumbsup")
    caller.until(lambda: sum(isinstance(each, Reacted) for each in caller.happened) >= 2)
    caller.rounds(2)
    told = [each for each in caller.happened if isinstance(each, Reacted)]
    assert {(each.message, each.by.name, each.yes) for each in told} == {(ours, "ann", True), (ours, "bob", False)}
    assert len(told) == 2
    assert set(caller.host.reactions(ours)) == set(told)


@pytest.mark.parametrize("is_hooked", [False, True])
def test_a_thousand_notes_through_drops_and_outages(fake, call, is_hooked):
    """None is lost and none told twice, by polling alone and with webhooks that come twice, in any order."""
    caller = with_hooks(fake, call)[0] if is_hooked else call()
    fake.unruly(double=0.2, shuffle=True, seed=7)
    iids = [fake.creates_issue("ann", FORGE, f"issue {number}", "x", assignees=["kowal"]) for number in range(10)]
    caller.places += [caller.place(iid) for iid in iids]
    caller.until(lambda: len({each.issue.place for each in caller.issues}) == 10)
    caller.rounds(1)
    for number in range(1000):
        fake.comments("bob" if number % 3 else "ann", FORGE, iids[number % 10], f"note {number}")
        if number % 100 == 20:
            fake.breaks(status=502, times=2)
        if number % 100 == 40:
            fake.breaks(status=0, times=2)
        if number % 250 == 60:
            fake.go_away(0.3)
        if number in (333, 777):
            caller.restart()
        if number % 20 == 0:
            caller.take(0.0)
    fake.heal()
    caller.until(lambda: len(set(caller.texts)) == 1000, 60)
    caller.rounds(2)
    assert {each.id for each in caller.heard} >= {
        f"{caller.place(1).room}/issues/{iids[0]}/notes/{note['id']}" for note in fake.notes(FORGE, iids[0])
    }
    twice = [text for text, count in Counter(caller.texts).items() if count > 1]
    assert len(twice) < 1000, "after a restart some that were given out come again, with the same ids"
    assert len({each.id for each in caller.heard}) == 1000


def test_five_hundred_webhooks_doubled_and_shuffled(fake, call):
    """With polling far off, each issue is told once as it stands, and answers come at once."""
    caller, url = with_hooks(fake, call, poll_s=3600)
    caller.rounds(1)
    fake.unruly(double=0.2, shuffle=True, seed=3)
    iids = [fake.creates_issue("ann", FORGE, f"issue {number}", "x", assignees=["kowal"]) for number in range(250)]
    for iid in iids:
        fake.comments("ann", FORGE, iid, "@kowal one more thing")
    caller.until(lambda: len({each.issue.place for each in caller.issues}) == 250, 60)
    caller.until(lambda: len(caller.heard) == 250, 60)
    assert fake.settle()
    caller.until(lambda: not caller.take(0.3))
    states = Counter((each.issue.place, each.issue.updated_at) for each in caller.issues)
    assert max(states.values()) == 1
    assert len({each.id for each in caller.heard}) == 250
    posted = [each for each in fake.delivered if each.url == url]
    assert len(posted) >= 550
    assert {each.status for each in posted} == {200}


def test_webhooks_without_their_word_are_refused(fake, call):
    """A wrong token is 401, a body that is too large 413; nothing of what they say is believed."""
    import requests

    caller, url = with_hooks(fake, call, poll_s=3600)
    caller.rounds(1)
    said = {
        "object_kind": "issue", "project": {"id": fake.project_id(FORGE)},
        "object_attributes": {"iid": 99, "title": "not there", "action": "open"}, "assignees": [{"username": "kowal"}],
    }  # fmt: skip
    right = {"X-Gitlab-Token": HOOK_SECRET}
    assert requests.post(url, json=said, timeout=5).status_code == 401
    assert requests.post(url, json=said, headers={"X-Gitlab-Token": "x"}, timeout=5).status_code == 401
    assert requests.post(url, data=b"x" * (9 << 20), headers=right, timeout=5).status_code == 413
    assert requests.post(url, data=b"no json", headers=right, timeout=5).status_code == 200
    assert requests.post(url, json=said, headers=right, timeout=5).status_code == 200
    assert requests.get(url, headers=right, timeout=5).status_code == 405
    time.sleep(0.3)
    caller.until(lambda: not caller.take(0.2))
    assert caller.happened == []


def test_signed_webhooks_are_heard(fake, call):
    """With a signing token, too; without the signature they are refused."""
    import requests

    caller, url = with_hooks(fake, call, poll_s=3600, webhook_signing="whsec_c2VjcmV0IG9mIGEgdGVzdA==")
    caller.rounds(1)
    fake.creates_issue("ann", FORGE, "x", "x", assignees=["kowal"])
    caller.until(lambda: caller.issues)
    assert requests.post(url, json={}, headers={"X-Gitlab-Token": HOOK_SECRET}, timeout=5).status_code == 401


def test_merge_requests_and_pushes_are_told(fake, call):
    """Only that something happened: what it is, the server is asked by whoever wants to know."""
    caller, _ = with_hooks(fake, call, poll_s=3600)
    caller.rounds(1)
    fake.pushes("ann", FORGE, "feature", {"a.txt": "x"})
    room = str(fake.project_id(FORGE))
    caller.until(lambda: ReviewSeen(room=room, number=0) in caller.happened)
    number = fake.opens_mr("ann", FORGE, "feature", "A change")
    caller.until(lambda: ReviewSeen(room=room, number=number) in caller.happened)


def test_a_watched_merge_request_is_told_by_polling(fake, call):
    """When it moves, and what is said under it."""
    caller = call()
    fake.pushes("ann", FORGE, "feature", {"a.txt": "x"})
    number = fake.opens_mr("ann", FORGE, "feature", "A change")
    room = str(fake.project_id(FORGE))
    caller.places.append(Place(room=room, thread=f"merge_requests/{number}"))
    caller.until(lambda: ReviewSeen(room=room, number=number) in caller.happened)
    caller.rounds(1)
    caller.happened.clear()
    fake.comments_mr("bob", FORGE, number, "not yet")
    caller.until(lambda: caller.heard)
    assert (caller.heard[0].text, caller.heard[0].thread) == ("not yet", f"merge_requests/{number}")
    fake.merges("ann", FORGE, number)
    caller.until(lambda: ReviewSeen(room=room, number=number) in caller.happened)


@pytest.mark.parametrize("is_silent", [False, True])
def test_limits_are_kept_to(fake, call, is_silent, monkeypatch):
    """Where the server wants no more, nothing is asked for as long as it says, and nothing is lost."""
    from integrations.codehost import _gitlab_rest as rest

    monkeypatch.setattr(rest, "NOT_SAID_S", 1.0)
    caller = call()
    caller.rounds(1)
    fake.limit(10, 1.0, silent=is_silent)
    iids = [fake.creates_issue("ann", FORGE, f"issue {number}", "x", assignees=["kowal"]) for number in range(20)]
    caller.until(lambda: len({each.issue.place for each in caller.issues}) == len(iids), 30)
    refused = sum(each.status == 429 for each in fake.requests)
    assert 0 < refused <= 20
    assert "wants no request" in (caller.host._hearing.note if caller.host._hearing else "") or refused


def test_a_token_that_is_revoked_loses_nothing(fake, call):
    """What happens meanwhile is told once there is a new one."""
    caller = call()
    caller.rounds(1)
    fake.revoke("kowal")
    iid = fake.creates_issue("ann", FORGE, "x", "x", assignees=["kowal"])
    ends = time.monotonic() + 1
    caller.until(lambda: time.monotonic() > ends)
    assert not caller.host.status().available
    caller.section["token"] = fake.token_of("kowal")
    caller.restart()
    caller.until(lambda: [each.issue.place for each in caller.issues] == [caller.place(iid)])


def test_things_that_go_away_stop_nothing(fake, call):
    """A watched place that is not there, and an issue that is deleted, are passed over."""
    caller = call()
    gone = Place(room="999", thread="issues/1")
    caller.places += [gone, caller.place(77), Place(room="1", thread="nonsense")]
    caller.rounds(2)
    iid = fake.creates_issue("ann", FORGE, "x", "x", assignees=["kowal"])
    caller.until(lambda: caller.issues)
    assert caller.issues[0].issue.place == caller.place(iid)


def test_a_thousand_issues_cost_few_requests(fake, call):
    """Once they are known, a round asks for as many pages as there are, and for nothing else."""
    for number in range(1000):
        fake.creates_issue("ann", FORGE, f"issue {number}", "x", assignees=["kowal"])
    caller = call(poll_s=0.5)
    caller.until(lambda: len({each.issue.place for each in caller.issues}) == 1000, 60)
    assert len(caller.issues) == 1000
    caller.until(lambda: fake.calls["POST todos/:id/mark_as_done"] == 1000, 60)
    caller.rounds(1)
    before, rounds = len(fake.requests), caller.caught_up
    caller.rounds(3)
    asked = (len(fake.requests) - before) / (caller.caught_up - rounds)
    assert asked <= 25, asked


def test_a_port_that_is_taken_is_told(fake, call):
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = HOST.open(
            {"url": fake.url, "token": "kowal-token", "webhook_port": taken.getsockname()[1], "webhook_secret": "x"}
        )
        with pytest.raises(ChannelUnavailable, match="port"):
            host.listen(lambda: datetime.now(UTC))
        host.close()
