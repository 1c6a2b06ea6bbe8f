"""What every code host must show; run over each one found in the folder, against a server that stands in for it."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Protocol, Self

import pytest
from listening import listening

from agent.errors import BadSettings, ChannelError, ChannelRefused, ChannelUnavailable
from agent.hosting.host import CodeHost, HostInfo, IssueSeen, Place, Proposal
from agent.loader import available, load
from agent.ports import ProviderStatus
from agent.talking.channel import CaughtUp, Enclosure, Heard, Letter, Reacted
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World

SECRET = "the-token-itself"
PROJECT, HIDDEN = "tools/forge", "tools/hidden"


class Stage(Protocol):
    """A server with a project `tools/forge` and one, `tools/hidden`, that is not ours.

    In the first one `ann` is a maintainer, `bob` a reporter, and our account `kowal` a developer.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...

    def section(self, **more: Any) -> dict[str, Any]:
        """The settings that name it."""
        ...

    def opens(self, who: str, title: str, text: str, *, ours: bool) -> int:
        """Somebody opens an issue in `tools/forge`, and assigns it to us; its number."""
        ...

    def closes(self, who: str, issue: int) -> None:
        """Somebody closes it."""
        ...

    def says(self, who: str, issue: int, text: str, *, internal: bool = False) -> None:
        """Somebody says something under it."""
        ...

    def puts(self, who: str, message: str, *, yes: bool) -> None:
        """Somebody puts a thumb under a message of ours."""
        ...

    def texts(self, issue: int) -> list[str]:
        """What stands under it."""
        ...

    def pushes(self, who: str, branch: str) -> None:
        """Somebody pushes a change to a branch."""
        ...

    def merges(self, who: str, number: int) -> None:
        """Somebody merges a merge request."""
        ...

    def goes_away(self, seconds: float) -> None:
        """Nobody reaches it for so long."""
        ...


class GitLab:
    """GitLab's."""

    def __init__(self) -> None:
        self.fake = FakeGitLab(
            World(
                users=(
                    User(username="kowal", bot=True, token=SECRET),
                    User(username="ann", token="ann-token"),
                    User(username="bob", token="bob-token"),
                ),
                groups=(Group(path="tools", members={"ann": 40}),),
                projects=(Project(path=PROJECT, members={"bob": 20, "kowal": 30}), Project(path=HIDDEN)),
            )
        )

    def __enter__(self) -> Self:
        self.fake.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.fake.__exit__(None, None, None)

    def section(self, **more: Any) -> dict[str, Any]:
        """The settings that name it."""
        return {"url": self.fake.url, "token": SECRET, "poll_s": 0.1} | more

    def opens(self, who: str, title: str, text: str, *, ours: bool) -> int:
        """An issue."""
        return self.fake.creates_issue(who, PROJECT, title, text, assignees=["kowal"] if ours else [])

    def closes(self, who: str, issue: int) -> None:
        """It is over."""
        self.fake.closes(who, PROJECT, issue)

    def says(self, who: str, issue: int, text: str, *, internal: bool = False) -> None:
        """A note."""
        self.fake.comments(who, PROJECT, issue, text, internal=internal)

    def puts(self, who: str, message: str, *, yes: bool) -> None:
        """A thumb."""
        self.fake.awards(who, int(message.rpartition("/")[2]), "thumbsup" if yes else "thumbsdown")

    def texts(self, issue: int) -> list[str]:
        """The notes as people see them."""
        return [note["body"].partition("\n\n<!--")[0] for note in self.fake.notes(PROJECT, issue)]

    def pushes(self, who: str, branch: str) -> None:
        """A change."""
        self.fake.pushes(who, PROJECT, branch, {"a.txt": branch})

    def merges(self, who: str, number: int) -> None:
        """As in the web interface."""
        self.fake.merges(who, PROJECT, number)

    def goes_away(self, seconds: float) -> None:
        """Cut off for so long."""
        self.fake.go_away(seconds)


STAGES: dict[str, Callable[[], Stage]] = {"gitlab": GitLab}
"""A server for each code host."""


@pytest.fixture(params=available("integrations.codehost"))
def name(request) -> str:
    """Each code host's name."""
    return str(request.param)


@pytest.fixture
def info(name) -> HostInfo:
    """What each one's file offers."""
    found: HostInfo = load("integrations.codehost", name)
    return found


@pytest.fixture
def stage(name) -> Iterator[Stage]:
    """Its server."""
    with STAGES[name]() as found:
        yield found


@pytest.fixture
def host(info, stage) -> Iterator[CodeHost]:
    """The code host, open."""
    with closing(info.open(stage.section())) as opened:
        yield opened


def place_of(host: CodeHost, issue: int) -> Place:
    """An issue of the project."""
    return Place(room=host.room_of(PROJECT), thread=f"issues/{issue}")


def letter(place: Place, text: str, key: str = "ab" * 32) -> Letter:
    """A letter to that place."""
    return Letter(key=key, room=place.room, thread=place.thread, text=text)


def test_every_code_host_has_a_stage():
    """No code host is in the folder that this contract does not know how to run."""
    assert set(STAGES) == set(available("integrations.codehost"))


def test_it_describes_itself(name, info):
    """Its file is named as it is, with a summary of one line, and questions that name settings."""
    assert importlib.import_module(f"integrations.codehost.{name}").HOST is info
    assert info.name == name
    assert "\n" not in info.summary
    assert all(key.isidentifier() and question for key, question in info.questions)


def test_opening_asks_nobody(info, stage):
    """Neither the host nor what functions may do looks at the server; what does then is unavailable, in time."""
    section = stage.section(url="http://127.0.0.1:9")
    with closing(info.open(section)) as host:
        actions = info.actions(section)
        for ask in (lambda: host.us, lambda: host.room_of("x/y"), lambda: actions.create_issue("x/y", "t", "", ())):
            with pytest.raises(ChannelUnavailable) as caught:
                ask()
            assert caught.value.advice
            assert SECRET not in str(caught.value)
        assert not host.status().available


def test_an_unknown_key_in_its_settings_is_named_with_the_known_ones(info, stage):
    """A misspelt setting is an error that names it and lists what there is, and never a value."""
    for opens in (info.open, info.actions, lambda section: info.hook(section, "https://kowal.example")):
        with pytest.raises(BadSettings) as caught:
            opens(stage.section(no_such_key="a value that may be hidden"))
        assert "no_such_key" in str(caught.value)
        assert info.questions[0][0] in caught.value.advice
        assert "hidden" not in f"{caught.value} {caught.value.advice} {caught.value.facts}"


def test_its_status_is_one_line(host):
    """It says where it is and as whom, without a secret."""
    status = host.status()
    assert isinstance(status, ProviderStatus)
    assert status.available, status
    assert "kowal" in status.detail
    assert "\n" not in status.detail
    assert SECRET not in f"{status} {host!r}"


def test_issues_and_notes_are_told(host, stage):
    """An issue that is ours when it moves, what is said where we watch, what calls us elsewhere."""
    ours = stage.opens("ann", "Count", "these words", ours=True)
    elsewhere = stage.opens("bob", "Other", "x", ours=False)
    host.watch(lambda: [place_of(host, ours)])
    with listening(host) as take:
        seen = take(IssueSeen, 1)[0].issue
        assert (seen.place, seen.title, seen.text) == (place_of(host, ours), "Count", "these words")
        assert (seen.assigned_by.name, seen.is_ours, seen.is_open) == ("ann", True, True)
        stage.says("bob", ours, "four")
        stage.says("ann", elsewhere, "@kowal and this?", internal=True)
        heard = {each.text: each for each in take(Heard, 2)}
        assert set(heard) == {"four", "and this?"}
        assert (heard["four"].is_to_us, heard["four"].thread) == (False, f"issues/{ours}")
        assert (heard["and this?"].is_to_us, heard["and this?"].thread) == (True, f"issues/{elsewhere}/internal")
        stage.closes("ann", ours)
        while take(IssueSeen, 1)[-1].issue.is_open:
            take(CaughtUp, len(take(CaughtUp, 1)) + 1)
    assert not host.issue(place_of(host, ours)).is_open


def test_what_we_say_is_said_once_and_not_heard(host, stage):
    """Nothing of ours comes back, but for the thumbs under it."""
    number = stage.opens("ann", "Count", "x", ours=True)
    place = place_of(host, number)
    host.watch(lambda: [place])
    with listening(host) as take:
        message = host.say(letter(place, "May I?"))
        assert host.say(letter(place, "May I?")) == message
        host.rewrite(message, letter(place, "**May** I?"))
        host.see(message)
        host.see(message)
        stage.puts("ann", message, yes=True)
        stage.says("bob", number, "the end")
        assert [each.text for each in take(Heard, 1)] == ["the end"]
        (told,) = take(Reacted, 1)
    assert (told.message, told.by.name, told.yes) == (message, "ann", True)
    assert list(host.reactions(message)) == [told]
    assert stage.texts(number) == ["**May** I?", "the end"]
    file = Enclosure(key="cd" * 32, room=place.room, thread=place.thread, name="a.csv", data=b"1\n")
    assert host.enclose(file, tried=False) == host.enclose(file, tried=True)


def test_an_issue_bears_what_we_put_on_it(host, stage):
    """Labels, time, its end; an issue of ours is made once."""
    place = place_of(host, stage.opens("ann", "Count", "x", ours=True))
    for _ in range(2):
        host.label(place, add=["kowal::done"], remove=["kowal::working"])
        host.close_issue(place)
    host.spend(place, 90, tried=False)
    host.spend(place, 90, tried=True)
    issue = host.issue(place)
    assert (issue.labels, issue.is_open) == ({"kowal::done"}, False)
    made = host.open_issue(place.room, "A failure", "x", "ef" * 32)
    assert made == host.open_issue(place.room, "A failure", "x", "ef" * 32)
    assert host.issue(made).is_ours


def test_a_merge_request_is_followed_to_its_end(host, stage):
    """Made once, read, rewritten; who merged it is told."""
    stage.pushes("ann", "candidate/x")
    wanted = Proposal(room=host.room_of(PROJECT), source="candidate/x", target="main", title="In", text="x")
    review = host.propose(wanted)
    assert review == host.propose(wanted)
    host.rewrite_review(review, title="In, please", text="y")
    stage.merges("ann", review.number)
    merged = host.review(review.room, review.number)
    assert (merged.title, merged.state, merged.decided_by and merged.decided_by.name) == ("In, please", "merged", "ann")
    assert [each.number for each in host.reviews(review.room, "candidate/x")] == [review.number]


def test_rooms_and_roles_are_asked_for(host, stage):
    """A project that we do not see is refused; every role up to one's own is told."""
    room = host.room_of(PROJECT)
    assert host.room_of(room) == room
    with pytest.raises(ChannelRefused):
        host.room_of(HIDDEN)
    number = stage.opens("bob", "x", "y", ours=False)
    bob = host.issue(place_of(host, number)).author
    assert {"guest", "reporter"} <= host.roles(bob, room)
    assert not {"developer", "maintainer"} & host.roles(bob, room)


def test_a_server_that_goes_away_loses_nothing(host, stage):
    """What happens meanwhile is told when it is back."""
    with listening(host) as take:
        stage.goes_away(0.5)
        with contextlib.suppress(ChannelError):
            host.room_of(PROJECT)
        number = stage.opens("ann", "meanwhile", "x", ours=True)
        assert take(IssueSeen, 1)[0].issue.place.thread == f"issues/{number}"
