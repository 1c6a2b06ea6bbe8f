"""What is said and done at a GitLab server: once, whatever becomes of the answers, and never by accident."""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from network import free_port

from agent.errors import BadSettings, ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from agent.hosting.host import Place, Proposal
from agent.talking.channel import Enclosure, Letter, Person
from agent.talking.marking import fenced, prose, span
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World
from integrations.codehost.gitlab import HOST, GitLabHost

FORGE = "tools/forge"
TOKEN = "glpat-the-token-itself"
NOTES = "POST projects/:id/issues/:iid/notes"
WORLD = World(
    users=(
        User(username="kowal", bot=True, token=TOKEN),
        User(username="ann", token="ann-token"),
        User(username="bob", token="bob-token"),
    ),
    groups=(Group(path="tools", members={"ann": 40}),),
    projects=(
        Project(path=FORGE, members={"bob": 20, "kowal": 30}),
        Project(path="tools/hidden"),
        Project(path="tools/empty", members={"kowal": 40}, empty=True),
    ),
)


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    """A server."""
    with FakeGitLab(WORLD) as found:
        yield found


@pytest.fixture
def host(fake) -> Iterator[GitLabHost]:
    """The host, open."""
    with closing(HOST.open({"url": fake.url, "token": TOKEN})) as found:
        assert isinstance(found, GitLabHost)
        yield found


@pytest.fixture
def place(fake) -> Place:
    """An issue that is assigned to us."""
    iid = fake.creates_issue("ann", FORGE, "Count words", "of this", assignees=["kowal"])
    return Place(room=str(fake.project_id(FORGE)), thread=f"issues/{iid}")


def letter(place: Place, text: str, key: str = "ab" * 32, thread: str = "") -> Letter:
    """A letter to that place."""
    return Letter(key=key, room=place.room, thread=thread or place.thread, text=text)


def bodies(fake: FakeGitLab, iid: int = 1) -> list[str]:
    """What stands under the issue."""
    return [note["body"].partition("\n\n<!-- kowal:")[0] for note in fake.notes(FORGE, iid)]


@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"status": 0}, {"status": 0, "done": True}, {"status": 502, "done": True}]
)
def test_a_note_whose_answer_is_lost_is_posted_once(fake, host, place, fault):
    """It was done or not: the next try finds out; so does another process."""
    for number in range(5):
        fake.breaks(NOTES, **fault)
        said = letter(place, f"hello {number}", key=f"{number:064x}")
        with pytest.raises(ChannelUnavailable):
            host.say(said)
        found = host.say(said)
        with closing(HOST.open({"url": fake.url, "token": TOKEN})) as other:
            assert other.say(said) == found
    assert bodies(fake) == [f"hello {number}" for number in range(5)]


def test_an_answer_that_is_torn_is_as_good_as_none(fake, host, place):
    """The note is there, and found."""
    fake.tears(NOTES)
    with pytest.raises(ChannelUnavailable):
        host.say(letter(place, "hello"))
    host.say(letter(place, "hello"))
    assert bodies(fake) == ["hello"]


def test_only_our_own_notes_count(fake, host, place):
    """Somebody who copies the marker of a letter does not keep it from being said."""
    key = "cd" * 32
    fake.comments("bob", FORGE, 1, f"Not this one\n\n<!-- kowal:{key} -->")
    host.say(letter(place, "hello", key=key))
    assert bodies(fake)[-1] == "hello"
    assert len(bodies(fake)) == 2


def test_a_letter_is_found_among_many_notes(fake, host, place):
    """However many came after it, by who knows how many people."""
    first = host.say(letter(place, "first"))
    for number in range(250):
        fake.comments("bob", FORGE, 1, f"note {number}")
    with closing(HOST.open({"url": fake.url, "token": TOKEN})) as other:
        assert other.say(letter(place, "first")) == first
        before = len(fake.requests)
        assert other.say(letter(place, "first")) == first
        assert len(fake.requests) == before + 1, "what was looked at is known"


def test_a_letter_is_rewritten_and_keeps_its_key(fake, host, place):
    """Another text, the same note, found again."""
    message = host.say(letter(place, "Looking …"))
    host.rewrite(message, letter(place, "Done: /close"))
    assert bodies(fake) == ["Done: /close"]
    assert host.say(letter(place, "Looking …")) == message
    for wrong in ("1/issues/99/notes/1", "../user", "note/1"):
        with pytest.raises(ChannelRefused):
            host.rewrite(wrong, letter(place, "x"))


def test_what_is_said_to_members_alone_stays_there(fake, host, place):
    """An internal note of ours, where an internal note was the occasion; and files, too."""
    thread = f"{place.thread}/internal"
    host.say(letter(place, "a secret", thread=thread))
    host.say(letter(place, "for all", key="ef" * 32))
    host.enclose(Enclosure(key="12" * 32, room=place.room, thread=thread, name="a.txt", data=b"x"), tried=False)
    assert [note["internal"] for note in fake.notes(FORGE, 1)] == [True, False, True]


ORDERS = ("/close", "/assign @ann", "/label ~urgent", "/spend 5h", "/confidential", "/title hacked", "/unassign @kowal")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shown", ["{}", "text\n{}", "text\n\n  {}\n\nmore", "```\n{}\n```", "{}\n```\nx\n```\n{}"])
def test_a_value_is_never_an_order(fake, host, place, order, shown):
    """What a function returns may look like a quick action: the server does nothing but keep the note."""
    before = fake.issue(FORGE, 1)
    message = host.say(letter(place, shown.replace("{}", order)))
    host.rewrite(message, letter(place, f"again\n{shown.replace('{}', order)}"))
    host.say(letter(place, fenced(order), key="01" * 32))
    host.say(letter(place, span(order), key="02" * 32))
    host.say(letter(place, prose(order), key="03" * 32))
    made = host.open_issue(place.room, "t", shown.replace("{}", order), "04" * 32)
    after = fake.issue(FORGE, 1)
    kept = ("state", "title", "labels", "assignees", "confidential", "time_stats")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    issue = fake.issue(FORGE, int(made.thread.rpartition("/")[2]))
    assert (issue["state"], issue["title"], issue["labels"], issue["confidential"]) == ("opened", "t", [], False)
    assert len(fake.notes(FORGE, 1)) == 4


@pytest.mark.parametrize("text", ["@ann", "hi @ann, @all", "&commat;ann", "`@ann`", "```\n@ann\n```", "x\n@ann"])
def test_data_calls_nobody(fake, host, place, text):
    """Nobody has something to do because of what a function returned."""
    for number, written in enumerate((span(text), fenced(text), prose(text))):
        host.say(letter(place, f"It is {written}", key=f"{number:064x}"))
    assert [todo["action"] for todo in fake.state.todos.values()] == ["assigned"]
    host.say(letter(place, "so, @ann", key="ff" * 32))
    assert len(fake.state.todos) == 2, "the stand-in does what GitLab does"


def test_an_order_would_be_obeyed_without_us(fake, place):
    """The stand-in does what GitLab does, so that the test above means something."""
    import gitlab

    client = gitlab.Gitlab(fake.url, private_token=TOKEN)
    client.projects.get(place.room, lazy=True).issues.get(1, lazy=True).notes.create({"body": "so\n/close"})
    assert fake.issue(FORGE, 1)["state"] == "closed"


def test_signs_that_we_have_seen_are_put_once(fake, host, place):
    """A second one is no error."""
    number = fake.comments("ann", FORGE, 1, "@kowal do")
    message = f"{place.room}/{place.thread}/notes/{number}"
    host.see(message)
    host.see(message)
    host.see(f"{place.room}/{place.thread}")
    assert [each["name"] for each in fake.notes(FORGE, 1)[0]["award_emoji"]] == ["eyes"]
    with pytest.raises(ChannelRefused):
        host.see(f"{place.room}/{place.thread}/notes/999")


def test_a_file_is_stored_and_linked_once(fake, host, place):
    """With `tried` the note that is there is found; without, nothing is looked for."""
    enclosure = Enclosure(key="ab" * 32, room=place.room, thread=place.thread, name="to_tals.csv", data=b"1,2\n")
    fake.breaks(NOTES, status=0, done=True)
    with pytest.raises(ChannelUnavailable):
        host.enclose(enclosure, tried=False)
    message = host.enclose(enclosure, tried=True)
    assert message == host.enclose(enclosure, tried=True)
    (body,) = bodies(fake)
    assert body.startswith(r"[to\_tals.csv](/uploads/")


def test_states_are_labels_with_colours(fake, host, place):
    """Made where the project lacks them, put on and taken off, as often as one likes."""
    host.label(place, add=["kowal::working"], remove=[])
    host.label(place, add=["kowal::needs-answer"], remove=["kowal::working"])
    host.label(place, add=["kowal::needs-answer"], remove=["kowal::working"])
    assert fake.issue(FORGE, 1)["labels"] == ["kowal::needs-answer"]
    made = {each["name"]: each["color"] for each in fake.state.place(FORGE).labels.values()}
    assert made == {"kowal::working": "#1F75CB", "kowal::needs-answer": "#FC6D26"}
    assert fake.calls["POST projects/:id/labels"] == 2


def test_time_is_added_once(fake, host, place):
    """What was tried is looked for among what the server noted."""
    fake.breaks("POST projects/:id/issues/:iid/add_spent_time", status=0, done=True)
    with pytest.raises(ChannelUnavailable):
        host.spend(place, 3_725, tried=False)
    host.spend(place, 3_725, tried=True)
    assert fake.issue(FORGE, 1)["time_stats"]["total_time_spent"] == 3_725
    host.spend(place, 10, tried=True)
    host.spend(place, 0, tried=False)
    assert fake.issue(FORGE, 1)["time_stats"]["total_time_spent"] == 3_735


def test_an_issue_of_ours_is_opened_once_and_closed(fake, host, place):
    """Whatever becomes of the answer; it is assigned to us."""
    fake.breaks("POST projects/:id/issues", status=0, done=True)
    with pytest.raises(ChannelUnavailable):
        host.open_issue(place.room, "Diagnose", "/close this", "ab" * 32)
    made = host.open_issue(place.room, "Diagnose", "/close this", "ab" * 32)
    assert made == host.open_issue(place.room, "Diagnose", "/close this", "ab" * 32)
    issue = host.issue(made)
    assert (issue.title, issue.is_ours, issue.is_open, issue.author.name) == ("Diagnose", True, True, "kowal")
    host.close_issue(made)
    host.close_issue(made)
    assert not host.issue(made).is_open


def test_a_project_itself_is_no_place(host, place):
    """There is nothing to say it under."""
    with pytest.raises(ChannelRefused, match="no place"):
        host.say(Letter(key="ab" * 32, room=place.room, thread="", text="x"))
    for wrong in (Place(room=place.room, thread=""), Place(room="a/b", thread="issues/1")):
        with pytest.raises(ChannelRefused):
            host.label(wrong, add=["x"], remove=[])
        with pytest.raises(ChannelRefused):
            host.issue(wrong)


def test_roles_rooms_and_rights_are_the_servers_word(fake, host):
    """Inherited ones, too; of who is no member none; a project that we do not see is none."""
    room = host.room_of(FORGE)
    assert room == host.room_of(room) == str(fake.project_id(FORGE))
    people = {name: Person(id=str(fake.state.known(name).id), name=name) for name in ("ann", "bob", "kowal")}
    assert host.us == people["kowal"]
    assert host.roles(people["ann"], room) == {"guest", "planner", "reporter", "developer", "maintainer"}
    assert host.roles(people["bob"], room) == {"guest", "planner", "reporter"}
    assert host.roles(Person(id="999", name="ann"), room) == set()
    for unseen in ("tools/hidden", "no/such", "999"):
        with pytest.raises(ChannelRefused):
            host.room_of(unseen)
    fake.protects(FORGE, "main")
    assert not host.may_push(room, "main")
    fake.protects(FORGE, "main", users=["kowal"])
    assert host.may_push(room, "main")
    assert host.may_push(room, "not-there")


def test_merge_requests_of_ours(fake, host):
    """Opened once, read, rewritten, closed; those of a person who merges tell who it was and by which commit."""
    room = host.room_of(FORGE)
    fake.pushes("ann", FORGE, "candidate/x", {"x.py": "1"})
    wanted = Proposal(room=room, source="candidate/x", target="main", title="Let x in", text="| a |\n/close")
    fake.breaks("POST projects/:id/merge_requests", status=0, done=True)
    with pytest.raises(ChannelUnavailable):
        host.propose(wanted)
    review = host.propose(wanted)
    assert review == host.propose(wanted)
    assert (review.state, review.source, review.target, review.decided_by) == ("open", "candidate/x", "main", None)
    assert (review.author.name, len(review.commit)) == ("kowal", 40)
    host.rewrite_review(review, title="Let x in, please", text="better\n/close")
    assert host.review(room, review.number).title == "Let x in, please"
    host.close_review(review)
    host.close_review(review)
    again = host.propose(wanted)
    assert again.number != review.number
    assert [each.number for each in host.reviews(room, "candidate/x")] == [again.number, review.number]
    fake.merges("ann", FORGE, again.number)
    merged = host.review(room, again.number)
    assert (merged.state, merged.decided_by and merged.decided_by.name) == ("merged", "ann")
    assert len(merged.merge_commit) == 40
    thread = f"merge_requests/{again.number}"
    host.say(Letter(key="ab" * 32, room=room, thread=thread, text="In production"))
    host.say(Letter(key="ab" * 32, room=room, thread=thread, text="In production"))
    assert len(fake.mrs(FORGE)[-1]["notes"]) == 1


def test_pipelines_that_failed_come_with_their_logs(fake, host):
    """Those after a moment, with the end of what the jobs that failed wrote."""
    start = datetime.now(UTC) - timedelta(seconds=1)
    fake.pipeline(FORGE, "main", "success", {"test": ("success", "fine")})
    number = fake.pipeline(
        FORGE, "main", "failed", {"test": ("failed", "x" * 300_000 + "boom"), "lint": ("success", "y")}
    )
    (failure,) = host.failures(host.room_of(FORGE), start)
    assert (failure.number, failure.ref, failure.room_name, set(failure.logs)) == (number, "main", FORGE, {"test"})
    assert failure.logs["test"].endswith("boom")
    assert len(failure.logs["test"]) == 200_000
    assert host.failures(host.room_of(FORGE), datetime.now(UTC) + timedelta(hours=1)) == []


def test_functions_act(fake):
    """They make projects, issues, merge requests and commits, and read pipelines and logs; by exact paths."""
    actions = HOST.actions({"url": fake.url, "token": TOKEN})
    assert actions.create_issue(FORGE, "A title", "text\n/close", ["x"]).endswith("/issues/1")
    assert fake.issue(FORGE, 1)["state"] == "opened"
    made = actions.commit(FORGE, "work", "A change", {"a/b.txt": b"\x00data", "README.md": b"new"})
    assert len(made) == 40
    actions.commit(FORGE, "work", "Another", {"a/b.txt": None, "c.txt": b"c"})
    assert actions.create_merge_request(FORGE, "work", "main", "t", "x").endswith("/merge_requests/1")
    assert len(actions.commit("tools/empty", "main", "First", {"a.txt": b"a"})) == 40
    assert actions.pipeline(FORGE, "work") is None
    fake.pipeline(FORGE, "work", "failed", {"build": ("success", "ok"), "test": ("failed", "a log ą")})
    state = actions.pipeline(FORGE, "work")
    assert state is not None
    assert (state.status, {job.name: job.status for job in state.jobs}) == (
        "failed",
        {"build": "success", "test": "failed"},
    )
    job = next(job.id for job in state.jobs if job.name == "test")
    assert actions.job_log(FORGE, job, 100) == "a log ą"
    assert actions.job_log(FORGE, job, 1) == ""
    assert actions.job_log(FORGE, job, 0) == ""
    for refused in (
        lambda: actions.create_issue("tools/hidden", "t", "x", []),
        lambda: actions.create_issue(str(fake.project_id(FORGE)), "t", "x", []),
        lambda: actions.create_project("alone", ""),
        lambda: actions.create_project("tools/new", ""),  # a developer of no group
        lambda: actions.commit(FORGE, "work", "x", {"not-there.txt": None}),
        lambda: actions.job_log(FORGE, 999, 10),
    ):
        with pytest.raises(ChannelRefused):
            refused()


def test_the_webhook_is_made_once_and_told(fake):
    """In each project of the settings where we may; elsewhere it is said why not."""
    section = {"url": fake.url, "token": TOKEN, "webhook_secret": "s3cret", "projects": ["tools", "no/such"]}
    lines = HOST.hook(section, "https://kowal.example/gitlab")
    assert [line.partition(":")[0] for line in lines] == [FORGE, "tools/empty", "no/such"]
    assert "maintainer" in lines[0]
    assert "is made" in lines[1]
    assert "as it should be" in HOST.hook(section, "https://kowal.example/gitlab")[1]
    assert "s3cret" not in " ".join(lines)
    hooks = fake.state.place("tools/empty").hooks
    (hook,) = hooks.values() if isinstance(hooks, dict) else hooks
    assert (hook["token"], hook["enable_ssl_verification"]) == ("s3cret", True)
    assert hook["confidential_note_events"]
    with pytest.raises(BadSettings):
        HOST.hook({"url": fake.url, "token": TOKEN}, "https://kowal.example/gitlab")


def test_the_status_tells_what_the_token_is_good_for(fake, host):
    """Its scopes, when it ends, and which projects it does not see."""
    assert host.status().available
    assert "18.6.0" in host.status().detail
    assert host.expires_at is None
    token = fake.token_of("kowal", expires_at=date.today() + timedelta(days=9))
    with closing(HOST.open({"url": fake.url, "token": token, "projects": [FORGE, "tools/hidden", "tools"]})) as other:
        status = other.status()
        assert status.available
        assert "ends in" in status.detail
        assert "tools/hidden" in status.detail
        assert "member" in status.advice
        assert other.expires_at is not None
        assert timedelta(days=7) < other.expires_at - datetime.now(UTC) < timedelta(days=10)
        fake.revoke("kowal")
        status = other.status()
        assert not status.available
        assert "scope `api`" in status.advice


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ChannelRefused), (403, ChannelRefused), (404, ChannelRefused), (409, ChannelRefused),
                         (429, TooFast), (500, ChannelUnavailable), (503, ChannelUnavailable), (0, ChannelUnavailable)],
)  # fmt: skip
def test_every_fault_is_an_error_of_ours_without_the_token(fake, host, place, status, kind, caplog):
    """In what it says, in its advice, in the log, and in what shows the host."""
    caplog.set_level("DEBUG")
    fake.breaks(status=status, times=0)
    asks = (
        lambda: host.say(letter(place, "x")),
        lambda: host.roles(Person(id="2", name="ann"), place.room),
        lambda: host.issue(place),
        lambda: host.room_of(FORGE),
    )
    for ask in asks:
        with pytest.raises(ChannelError) as caught:
            ask()
        if status not in (404,):
            assert isinstance(caught.value, kind), caught.value
        assert caught.value.advice
        assert TOKEN not in f"{caught.value!r} {caught.value} {caught.value.advice} {json.dumps(caught.value.facts)}"
    assert not host.status().available
    assert TOKEN not in f"{host!r} {vars(host)} {caplog.text} {host.status()}"


def test_limits_say_when_to_come_again(fake, host, place):
    """By `Retry-After`; until then nothing is asked."""
    host.room_of(FORGE)
    fake.limit(1, 60)
    host.room_of(FORGE)
    with pytest.raises(TooFast) as caught:
        host.room_of(FORGE)
    assert 0 < caught.value.again_in_s <= 60
    asked = len(fake.requests)
    with pytest.raises(TooFast):
        host.say(letter(place, "x"))
    assert len(fake.requests) == asked


@pytest.mark.alone
def test_webhooks_are_acknowledged_at_once(fake):
    """Before any work is done, while the server itself takes its time."""
    import requests

    port = free_port()
    section = {"url": fake.url, "token": TOKEN, "webhook_port": port, "webhook_secret": "s", "poll_s": 3600}
    with closing(HOST.open(section)) as host, requests.Session() as session:
        host.listen(lambda: datetime.now(UTC))
        fake.lag(2.0)
        took = []
        for number in range(200):
            body = {"object_kind": "issue", "project": {"id": 1}, "object_attributes": {"iid": number + 1}}
            started = time.perf_counter()
            reply = session.post(f"http://127.0.0.1:{port}/", json=body, headers={"X-Gitlab-Token": "s"}, timeout=5)
            took.append(time.perf_counter() - started)
            assert reply.status_code == 200
        assert statistics.median(took) < 1
