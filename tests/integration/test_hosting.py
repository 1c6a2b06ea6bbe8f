"""Issues of a code host, with a real registry, database and queue: taken, answered, shown on the board, let go."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hall import GRANT, Hall, outcome
from host_stand import HostStand, person
from postgres_server import NoPostgres, postgres

from agent.config import Settings, load_settings
from agent.errors import BadArguments, ChannelRefused, NotGranted, NotPromoted
from agent.host_wiring import PIPELINES_S, serving
from agent.hosting.board import ANSWER, APPROVAL, DONE, FAILED, WORKING
from agent.hosting.failures import PIPELINES
from agent.hosting.host import Failure, Issue, Place
from agent.rights.approval import Approval
from agent.talking.channel import Attachment
from agent.talking.listening import Listening
from agent.types import Listener, Outcome, Task
from agent.workflow.kept import read, written
from agent.workflow.turns import Wanted
from registry import Registry, TaskRecord, TaskState
from registry.issues import TakenIssue


def opening(settings: Settings, stand: HostStand, listener: Listener) -> Listening:
    """What serves the code host."""
    return serving(settings, stand, listener)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Callable[..., Hall]]:
    """Makes a hall with a code host's settings: `ann` reports, `bob` develops, `ada` maintains, `eve` has no role."""
    made: list[Hall] = []

    def make(*, database: str = "", **codehost: Any) -> Hall:
        place = tmp_path / "registry.git"
        Registry.create(place).close()
        settings = load_settings(registry=place, database=database, codehost={"gitlab": codehost})
        stand = HostStand()
        roles = ("guest", "planner", "reporter", "developer", "maintainer")
        stand.roles_of |= {who: frozenset(roles[:count]) for who, count in (("ann", 3), ("bob", 4), ("ada", 5))}
        made.append(Hall(settings=settings, stand=stand, opening=opening, registry=Registry.open(place)))
        return made[-1]

    yield make
    for place in made:
        place.close()
        place.registry.close()


def tasks_of(place: Hall, issue: Issue) -> list[TaskRecord]:
    """The tasks that came of the issue."""
    under = place.serving.chats.under("gitlab", issue.place.room, issue.place.thread)
    return [place.tasks.task(task.id) for _, task in under]


def asked(place: Hall, issue: Issue) -> Task:
    """What its only task asks for."""
    (task,) = tasks_of(place, issue)
    return read(Wanted, task.request).task


def labels(place: Hall, issue: Issue) -> set[str]:
    """Those that the issue bears."""
    return set(host_of(place).issues[issue.place].labels)


def host_of(place: Hall) -> HostStand:
    """The stand."""
    assert isinstance(place.stand, HostStand)
    return place.stand


def test_an_assigned_issue_is_worked_once_and_its_board_tells(hall) -> None:
    """One task however often the issue is seen; the note becomes the answer, the label the state, the time is added."""
    place = hall(close_done=True)
    host = host_of(place)
    issue = host.opens("bob", "Count words", "In this text", labels=frozenset({"kowal::done", "bug"}))
    host.stirs(issue.place)
    place.settle()
    host.stirs(issue.place)
    place.settle()
    (task,) = tasks_of(place, issue)
    assert (task.asked_by, task.via, task.text) == ("gitlab:bob", "gitlab", "Count words\n\nIn this text")
    assert labels(place, issue) == {WORKING, "bug"}
    assert host.seen == [issue.id]
    place.ends(task, outcome(seconds={"run": 61.2}))
    (note,) = [each for each in host.posted.values() if each.thread == issue.place.thread]
    assert note.text.startswith("**answers** 1.0.0 · `42`")
    assert labels(place, issue) == {DONE, "bug"}
    assert host.spent[issue.place] == [62]
    assert not host.issues[issue.place].is_open
    host.stirs(issue.place)
    place.settle()
    assert len(tasks_of(place, issue)) == 1
    assert host.spent[issue.place] == [62]


def test_an_issue_stays_open_and_unspent_where_the_settings_say_so(hall) -> None:
    """Closing is off by default, and so may be the time."""
    place = hall(spend_time=False)
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    place.ends(tasks_of(place, issue)[0], outcome(seconds={"run": 5.0}))
    assert host.issues[issue.place].is_open
    assert host.spent == {}
    assert labels(place, issue) == {DONE}


@pytest.mark.parametrize("again", ["opened", "assigned"])
def test_an_issue_that_is_assigned_or_opened_again_is_another_task(hall, again) -> None:
    """Whoever wants it once more says so the way they know."""
    place = hall(close_done=again == "opened")
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    place.ends(tasks_of(place, issue)[0], outcome(seconds={"run": 5.0}))
    host.assigns(issue.place, "bob")
    place.settle()
    assert [task.state for task in tasks_of(place, issue)] == [TaskState.DONE, TaskState.QUEUED]
    assert labels(place, issue) == {WORKING}


@pytest.mark.parametrize("how", [{"is_ours": False}, {"is_open": False}], ids=["unassigned", "closed"])
def test_who_takes_the_issue_away_cancels_its_task(hall, how) -> None:
    """The task ends, the label goes, the note tells; assigned again later, it is begun anew."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    host.changes(issue.place, **how)
    place.settle()
    (task,) = tasks_of(place, issue)
    assert task.state is TaskState.CANCELLED
    assert labels(place, issue) == set()
    assert "cancelled" in host.texts(issue.place.thread)[-1]
    host.assigns(issue.place, "bob")
    place.settle()
    assert [task.state for task in tasks_of(place, issue)] == [TaskState.CANCELLED, TaskState.QUEUED]


def test_the_template_gives_arguments_examples_and_files(hall) -> None:
    """Sections are read, labels demand, attached files come along."""
    place = hall()
    host = host_of(place)
    host.files["/uploads/1/sales.csv"] = b"a,b\n"
    text = "Add them up, see [sales.csv](/uploads/1/sales.csv).\n"
    text += "\n## Arguments\n\n| name | value |\n|---|---|\n| n | 3 |\n"
    text += '\n## Examples\n\n| in | out |\n|---|---|\n| {"n": 1} | 2 |\n'
    attached = (Attachment(name="sales.csv", size=4, place="/uploads/1/sales.csv"),)
    issue = host.opens("bob", "Sum", text, attachments=attached, labels=frozenset({"kowal::local-only"}))
    place.settle()
    task = asked(place, issue)
    assert task.text == "Sum\n\nAdd them up, see sales.csv."
    assert dict(task.arguments) == {"n": 3}
    assert [(each.arguments, each.output) for each in task.examples] == [({"n": 1}, 2)]
    assert dict(task.files) == {"sales.csv": b"a,b\n"}
    assert task.constraints.local_only
    assert task.may_create


def test_what_the_template_cannot_read_is_said_and_mended_by_a_mention(hall) -> None:
    """The issue is kept; once it is mended, a comment that says nothing but our name has it read again."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Sum", "## Arguments\n\n```json\n{oops\n```\n")
    place.settle()
    assert tasks_of(place, issue) == []
    assert "no JSON" in host.texts(issue.place.thread)[0]
    assert "mention me" in host.texts(issue.place.thread)[0]
    host.changes(issue.place, text='## Arguments\n\n```json\n{"n": 3}\n```\n')
    host.notes("bob", "", issue.place)
    place.settle()
    assert dict(asked(place, issue).arguments) == {"n": 3}


@pytest.mark.parametrize("by_comment", [True, False])
def test_a_confidential_issue_never_leaves_for_the_cloud(hall, by_comment) -> None:
    """Whoever asks there, and whatever its labels say."""
    place = hall()
    host = host_of(place)
    more = {"is_confidential": True, "labels": frozenset({"kowal::force-cloud"}), "is_ours": not by_comment}
    issue = host.opens("bob", "Count words", **more)
    if by_comment:
        host.notes("bob", "count words in this", issue.place)
    place.settle()
    constraints = asked(place, issue).constraints
    assert constraints.local_only
    assert not constraints.force_cloud


def test_missing_arguments_are_asked_for_and_a_comment_goes_on(hall) -> None:
    """The label says that somebody has to answer, until they did."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    (task,) = tasks_of(place, issue)
    place.ends(task, BadArguments("`text` is missing", function="answers", missing=["text"]))
    assert labels(place, issue) == {ANSWER}
    assert "text" in host.texts(issue.place.thread)[-1]
    host.notes("bob", "text = a b c", issue.place, is_to_us=False)
    place.settle()
    task = place.tasks.task(task.id)
    assert task.state is TaskState.QUEUED
    assert task.known["arguments"] == {"text": "a b c"}
    assert labels(place, issue) == {WORKING}


def test_a_signature_is_asked_for_under_the_issue_and_counts_by_role(hall) -> None:
    """Who maintains the project may sign, who develops may not."""
    place = hall()
    host = host_of(place)
    version = place.version("fetch", GRANT)
    issue = host.opens("bob", "Fetch it")
    place.settle()
    (task,) = tasks_of(place, issue)

    with pytest.raises(NotGranted) as caught:
        Approval(registry=place.registry).refuse_ungranted(version)
    place.ends(task, caught.value)
    assert labels(place, issue) == {APPROVAL}
    petition = next(each for each in host.posted.values() if "👍" in each.text)
    host.reacts("bob", petition.id)
    place.settle()
    assert place.tasks.task(task.id).state is TaskState.WAITING
    host.reacts("ada", petition.id)
    place.settle()
    assert place.tasks.task(task.id).state is TaskState.QUEUED
    assert "gitlab:ada" in host.posted[next(key for key, each in host.posted.items() if each is petition)].text


@pytest.mark.parametrize(
    ("settings", "who", "said"),
    [
        ({}, "eve", "reporter"),
        ({"projects": ["other"]}, "bob", "not"),
        ({"ask": {"users": ["ada"]}}, "bob", "ada"),
    ],
)
def test_who_is_refused_is_told_why_once(hall, settings, who, said) -> None:
    """By the server's word on who assigned it."""
    place = hall(**settings)
    host = host_of(place)
    issue = host.opens("bob", "Count words", assigned_by=person(who))
    for _ in range(3):
        host.stirs(issue.place)
        place.settle()
    assert tasks_of(place, issue) == []
    (text,) = host.texts(issue.place.thread)
    assert said in text
    assert labels(place, issue) == set()


@pytest.mark.parametrize("named", ["group", "group/reports", "11"])
def test_a_group_a_project_and_its_id_name_where_it_answers(hall, named) -> None:
    """A group stands for all that is in it."""
    place = hall(projects=[named])
    issue = host_of(place).opens("bob", "Count words")
    place.settle()
    assert len(tasks_of(place, issue)) == 1


def test_a_reporter_gets_what_there_is(hall) -> None:
    """Who may not have functions made has none made."""
    place = hall()
    issue = host_of(place).opens("ann", "Count words")
    place.settle()
    assert not asked(place, issue).may_create


def test_what_is_said_among_members_stays_among_them(hall) -> None:
    """The answer to an internal comment is an internal comment."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Something else", is_ours=False)
    internal = replace(issue.place, thread=f"{issue.place.thread}/internal")
    host.notes("bob", "count words", internal)
    place.settle()
    (found,) = place.serving.chats.under("gitlab", internal.room, internal.thread)
    place.ends(place.tasks.task(found[1].id), outcome(seconds={"run": 1.0}))
    assert host.texts(issue.place.thread) == []
    assert "42" in host.texts(internal.thread)[0]
    assert labels(place, issue) == {DONE}


def test_commands_work_under_an_issue_and_its_own_words_are_none(hall) -> None:
    """A title that reads like a command is a task."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "functions")
    place.settle()
    assert asked(place, issue).text == "functions"
    host.notes("bob", "cancel", issue.place)
    place.settle()
    assert tasks_of(place, issue)[0].state is TaskState.CANCELLED


def test_a_task_that_failed_and_is_tried_again_is_shown_again(hall) -> None:
    """The board follows."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    (task,) = tasks_of(place, issue)
    place.ends(task, NotPromoted("none passed"))
    assert labels(place, issue) == {FAILED}
    people = place.serving.petitions.people
    people.desk.retry(place.tasks.task(task.id), by="gitlab:bob")
    place.settle()
    assert labels(place, issue) == {WORKING}
    place.ends(place.tasks.task(task.id), outcome(seconds={"run": 1.0}))
    assert labels(place, issue) == {DONE}


def test_an_issue_that_is_gone_holds_nothing_up(hall, monkeypatch) -> None:
    """Others are shown on."""
    place = hall()
    host = host_of(place)
    gone, there = host.opens("bob", "one"), host.opens("bob", "two")
    place.settle()
    label = host.label

    def refusing(of: Place, **change: Any) -> None:

        if of == gone.place:
            raise ChannelRefused("404")
        label(of, **change)

    monkeypatch.setattr(host, "label", refusing)
    for issue in (gone, there):
        place.ends(tasks_of(place, issue)[0], outcome(seconds={"run": 1.0}))
    assert labels(place, there) == {DONE}


class Killed(BaseException):
    """What nothing catches: the process is gone."""


def die_once(monkeypatch: pytest.MonkeyPatch, host: HostStand, name: str, after: bool, died: list[str]) -> None:
    """Have the process die at its next call of that kind, before it or after it was answered."""
    real, mark = getattr(type(host), name), f"{name} {after}"

    def call(self: HostStand, *given: Any, **more: Any) -> Any:
        if mark in died:
            return real(self, *given, **more)
        died.append(mark)
        if after:
            real(self, *given, **more)
        raise Killed(mark)

    monkeypatch.setattr(type(host), name, call)


def test_kills_between_all_steps_double_nothing(hall, monkeypatch) -> None:
    """The process dies right before and right after each thing it does at the host, and is started again."""
    place = hall(close_done=True)
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    died: list[str] = []

    def outlive() -> None:
        while True:
            try:
                host.stirs(issue.place)
                place.settle()
                return
            except Killed:
                place.restart()

    for name in ("see", "label", "say", "spend", "close_issue"):
        for after in (False, True):
            die_once(monkeypatch, host, name, after, died)
    outlive()
    (task,) = tasks_of(place, issue)
    place.tasks.move(task, {"state": TaskState.DONE, "outcome": outcome_written(seconds={"run": 7.0})})
    outlive()
    assert {mark.split()[0] for mark in died} == {"see", "label", "say", "spend", "close_issue"}
    assert len(tasks_of(place, issue)) == 1
    assert len([each for each in host.posted.values() if each.thread == issue.place.thread]) == 1
    assert host.spent[issue.place] == [7]
    assert labels(place, issue) == {DONE}
    assert not host.issues[issue.place].is_open


def outcome_written(**more: Any) -> Any:
    """What a function gave, as the database keeps it."""
    return written(Outcome, outcome(**more))


def test_the_host_away_for_a_while_loses_nothing(hall) -> None:
    """What was heard before is done after."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    place.settle()
    host.is_away = True
    (task,) = tasks_of(place, issue)
    place.ends(task, outcome(seconds={"run": 1.0}))
    assert labels(place, issue) == {WORKING}
    host.is_away = False
    place.serving.outbox._again_at.clear()
    place.settle()
    assert "42" in host.texts(issue.place.thread)[0]
    assert labels(place, issue) == {DONE}
    assert host.spent[issue.place] == [1]


def test_only_places_where_something_goes_on_are_watched(hall) -> None:
    """The host is asked for no more than that."""
    place = hall()
    host = host_of(place)
    issue = host.opens("bob", "Count words")
    assert list(host.watched()) == []
    place.settle()
    assert list(host.watched()) == [issue.place]
    place.ends(tasks_of(place, issue)[0], outcome(seconds={"run": 1.0}))
    assert list(host.watched()) == []


def test_a_failed_pipeline_becomes_one_issue_of_ours(hall) -> None:
    """Those that failed before it was watched are left alone; the log is an argument, and nothing in it acts."""
    place = hall(watch_pipelines=["group/reports"])
    host, now = host_of(place), datetime.now(UTC)
    log = "step 1\n```\n/close\n@all\n## Examples\nerror: no such file"
    facts = {"room": "11", "room_name": "group/reports", "ref": "main", "commit": "c" * 40, "url": "https://x/1"}
    old = Failure(number=1, at=now - timedelta(days=1), logs={"test": log}, **facts)
    host.failed["11"] = [old]
    place.settle()
    assert host.issues == {}
    kept = place.serving.petitions.people.operations.issues
    kept.take(TakenIssue(channel="gitlab", room="11", thread=PIPELINES, asked_at=now, is_held=False))
    host.failed["11"] = [old, replace(old, number=2, at=now + timedelta(seconds=5))]
    place.settle()
    kept.take(TakenIssue(channel="gitlab", room="11", thread=PIPELINES, asked_at=now, is_held=False))
    place.settle()
    (issue,) = host.issues.values()
    task = asked(place, issue)
    assert "pipeline 2" in task.text
    assert "error: no such file" in task.arguments["log"]
    assert "step 1" in task.arguments["log"]
    assert PIPELINES_S >= 30


def test_all_of_it_holds_on_postgres(hall) -> None:
    """The same, on the other database."""
    try:
        with postgres() as server:
            test_an_assigned_issue_is_worked_once_and_its_board_tells(
                lambda **more: hall(database=server.url(), **more)
            )
    except NoPostgres as reason:
        pytest.skip(str(reason))
