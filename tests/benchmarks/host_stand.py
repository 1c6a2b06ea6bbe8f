"""A code host in memory that obeys `CodeHost`, for what needs no server; repositories and merges are real git."""

import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from chat_stand import ChatStand

from agent.errors import ChannelRefused
from agent.hosting.host import Failure, Issue, IssueSeen, Place, Proposal, Review, ReviewSeen
from agent.talking.channel import Heard, Person

GitMethod = Literal["merge", "ff", "squash"]
WHO = ("-c", "user.name=Web", "-c", "user.email=web@localhost", "-c", "init.defaultBranch=main")


def person(name: str) -> Person:
    """Somebody of that name."""
    return Person(id=f"id-{name}", name=name)


@dataclass(kw_only=True)
class HostStand(ChatStand):
    """The host. People act by `opens`, `assigns`, `notes`, `merges`, `closes`; what we said is in `posted`.

    A project's roles are those of `roles_of`; its repository, where it has one, is a bare one in `repositories`.
    """

    name: str = "gitlab"
    rooms: Mapping[str, str] = field(default_factory=lambda: {"group/reports": "11", "group/registry": "12"})
    """Ids by path."""
    repositories: dict[str, Path] = field(default_factory=dict)
    """By a project's id."""
    issues: dict[Place, Issue] = field(default_factory=dict)
    merge_requests: dict[tuple[str, int], Review] = field(default_factory=dict)
    spent: dict[Place, list[int]] = field(default_factory=dict)
    """Seconds, one by one."""
    failed: dict[str, list[Failure]] = field(default_factory=dict)
    """By a project's id."""
    unpushable: set[tuple[str, str]] = field(default_factory=set)
    """Projects and branches to which our account may not push."""
    expires_at: datetime | None = None
    watched: Callable[[], Sequence[Place]] = tuple

    def opens(self, who: str, title: str, text: str = "", *, room: str = "group/reports", **more: object) -> Issue:
        """The issue that the person opens, assigned to us unless it is said otherwise."""
        number = 1 + sum(place.room == self.rooms[room] for place in self.issues)
        place = Place(room=self.rooms[room], thread=f"issues/{number}")
        issue = Issue(
            id=f"issue/{place.room}/{number}/1",
            place=place,
            asked_at=datetime.now(UTC),
            room_name=room,
            url=f"https://gitlab.example/{room}/-/issues/{number}",
            title=title,
            text=text,
            author=person(who),
            assigned_by=person(who),
            is_open=True,
            is_ours=True,
            is_confidential=False,
            labels=frozenset(),
            updated_at=datetime.now(UTC),
        )
        self.issues[place] = replace(issue, **more)  # type: ignore[arg-type]
        return self.stirs(place)

    def changes(self, place: Place, **values: object) -> Issue:
        """The issue, after somebody has changed that of it."""
        self.issues[place] = replace(self.issues[place], updated_at=datetime.now(UTC), **values)  # type: ignore[arg-type]
        return self.stirs(place)

    def assigns(self, place: Place, who: str = "ann", **values: object) -> Issue:
        """The issue, assigned to us once more, or opened again."""
        head, _, count = self.issues[place].id.rpartition("/")
        again = {"id": f"{head}/{int(count) + 1}", "asked_at": datetime.now(UTC), "assigned_by": person(who)}
        return self.changes(place, **again, is_ours=True, is_open=True, **values)

    def stirs(self, place: Place) -> Issue:
        """The issue, which is given out."""
        self.again(IssueSeen(issue=self.issues[place]))
        return self.issues[place]

    def notes(self, who: str, text: str, place: Place, **more: object) -> Heard:
        """The note that the person writes there."""
        name = next(name for name, room in self.rooms.items() if room == place.room)
        return self.says(who, text, room=name, thread=place.thread, **more)

    def merges(self, who: str, review: Review, method: GitMethod = "merge", *, removes: bool = True) -> Review:
        """The merge request, merged by the person; `removes` says that its branch goes."""
        bare = self.repositories[review.room]
        review = self.review(review.room, review.number)
        with tempfile.TemporaryDirectory() as folder:
            git(Path(folder), "clone", "--quiet", "--branch", review.target, str(bare), "work")
            work = Path(folder) / "work"
            if method == "squash":
                git(work, "merge", "--quiet", "--squash", f"origin/{review.source}")
                git(work, "commit", "--quiet", "-m", review.title)
            elif method == "merge":
                git(
                    work,
                    "merge",
                    "--quiet",
                    "--no-ff",
                    "-m",
                    f"Merge branch '{review.source}'",
                    f"origin/{review.source}",
                )
            else:
                git(work, "rebase", "--quiet", review.target, f"origin/{review.source}")
                tip = git(work, "rev-parse", "HEAD")
                git(work, "switch", "--quiet", review.target)
                git(work, "merge", "--quiet", "--ff-only", tip)
            merged = git(work, "rev-parse", "HEAD")
            git(work, "push", "--quiet", "--no-verify", "origin", f"HEAD:refs/heads/merged/{review.number}")
        git(
            bare, "update-ref", f"refs/heads/{review.target}", merged
        )  # the web interface heeds no protection of pushes
        git(bare, "update-ref", "-d", f"refs/heads/merged/{review.number}")
        if removes:
            git(bare, "update-ref", "-d", f"refs/heads/{review.source}")
        came_in = "" if method == "ff" else merged
        return self._decided(replace(review, state="merged", merge_commit=came_in, decided_by=person(who)))

    def closes(self, who: str, review: Review) -> Review:
        """The merge request, closed by the person without merging it."""
        return self._decided(replace(self.review(review.room, review.number), state="closed", decided_by=person(who)))

    def _decided(self, review: Review) -> Review:
        self.merge_requests[review.room, review.number] = review
        self.again(ReviewSeen(room=review.room, number=review.number))
        return review

    def watch(self, places: Callable[[], Sequence[Place]]) -> None:
        """See `CodeHost.watch`."""
        self.watched = places

    def issue(self, place: Place) -> Issue:
        """See `CodeHost.issue`."""
        self._called("issue")
        if place not in self.issues:
            raise ChannelRefused(f"There is no {place.thread}")
        return self.issues[place]

    def open_issue(self, room: str, title: str, text: str, key: str) -> Place:
        """See `CodeHost.open_issue`."""
        self._called("open_issue")
        marked = f"{text}\n\n<!-- kowal {key} -->"
        for place, issue in self.issues.items():
            if place.room == room and f"<!-- kowal {key} -->" in issue.text:
                return place
        name = next(name for name, each in self.rooms.items() if each == room)
        return self.opens(self.us.name, title, marked, room=name, author=self.us, assigned_by=self.us).place

    def label(self, place: Place, *, add: Sequence[str], remove: Sequence[str]) -> None:
        """See `CodeHost.label`."""
        self._called("label")
        issue = self.issues[place]
        self.issues[place] = replace(issue, labels=(issue.labels - set(remove)) | set(add))

    def close_issue(self, place: Place) -> None:
        """See `CodeHost.close_issue`."""
        self._called("close_issue")
        self.issues[place] = replace(self.issues[place], is_open=False)

    def spend(self, place: Place, seconds: int, *, tried: bool) -> None:
        """See `CodeHost.spend`."""
        self._called("spend")
        if not (tried and seconds in self.spent.get(place, [])):
            self.spent.setdefault(place, []).append(seconds)

    def propose(self, proposal: Proposal) -> Review:
        """See `CodeHost.propose`."""
        self._called("propose")
        for each in self.reviews(proposal.room, proposal.source):
            if each.state == "open" and each.target == proposal.target:
                return each
        number = 1 + sum(room == proposal.room for room, _ in self.merge_requests)
        name = next(name for name, each in self.rooms.items() if each == proposal.room)
        self.merge_requests[proposal.room, number] = Review(
            room=proposal.room,
            number=number,
            url=f"https://gitlab.example/{name}/-/merge_requests/{number}",
            source=proposal.source,
            target=proposal.target,
            title=proposal.title,
            text=proposal.text,
            state="open",
            commit=git(self.repositories[proposal.room], "rev-parse", f"refs/heads/{proposal.source}"),
            merge_commit="",
            decided_by=None,
            author=self.us,
        )
        return self.merge_requests[proposal.room, number]

    def review(self, room: str, number: int) -> Review:
        """See `CodeHost.review`."""
        self._called("review")
        if (room, number) not in self.merge_requests:
            raise ChannelRefused(f"There is no merge request {number}")
        found = self.merge_requests[room, number]
        if found.state == "open":
            shown = git(self.repositories[room], "for-each-ref", "--format=%(objectname)", f"refs/heads/{found.source}")
            found = self.merge_requests[room, number] = replace(found, commit=shown or found.commit)
        return found

    def reviews(self, room: str, source: str) -> Sequence[Review]:
        """See `CodeHost.reviews`."""
        self._called("reviews")
        numbers = [number for (of, number), each in self.merge_requests.items() if (of, each.source) == (room, source)]
        return [self.review(room, number) for number in sorted(numbers, reverse=True)]

    def rewrite_review(self, review: Review, *, title: str, text: str) -> None:
        """See `CodeHost.rewrite_review`."""
        self._called("rewrite_review")
        key = review.room, review.number
        self.merge_requests[key] = replace(self.merge_requests[key], title=title, text=text)

    def close_review(self, review: Review) -> None:
        """See `CodeHost.close_review`."""
        self._called("close_review")
        if self.merge_requests[review.room, review.number].state == "open":
            self._decided(replace(review, state="closed", decided_by=self.us))

    def may_push(self, room: str, branch: str) -> bool:
        """See `CodeHost.may_push`."""
        self._called("may_push")
        return (room, branch) not in self.unpushable

    def failures(self, room: str, since: datetime) -> Sequence[Failure]:
        """See `CodeHost.failures`."""
        self._called("failures")
        return [failure for failure in self.failed.get(room, []) if failure.at > since][:20]


def git(folder: Path, *arguments: str) -> str:
    """What git prints there."""
    ended = subprocess.run(["git", *WHO, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def protected(bare: Path, *branches: str) -> None:
    """Have the repository refuse pushes to these branches, in the words that GitLab has for it."""
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    cases = "|".join(f"refs/heads/{branch}" for branch in branches) or "none"
    hook.write_text(
        "#!/bin/sh\nwhile read old new ref; do case $ref in "
        f"{cases}) echo 'GitLab: You are not allowed to push code to protected branches on this project.' >&2; exit 1;;"
        "esac; done\n"
    )
    hook.chmod(0o755)
