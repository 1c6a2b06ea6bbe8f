"""GitLab as a code host of Kowal's: REST through `python-gitlab`, webhooks that say where to look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable
from agent.host_ports import HostActions
from agent.hosting.host import CodeHost, Failure, HostInfo, Issue, Place, Proposal, Review
from agent.ports import ProviderStatus
from agent.talking.channel import Attachment, Enclosure, Happening, Letter, Person, Reacted
from integrations.codehost._gitlab_settings import NAME, GitLabConfig, named_projects, read_config

if TYPE_CHECKING:  # the libraries are imported when a server is asked
    from integrations.codehost._gitlab_hearing import Hearing
    from integrations.codehost._gitlab_known import Known
    from integrations.codehost._gitlab_rest import Rest

STATUS_S = 2.0
"""For each of the few requests by which `status` looks."""
MOST_FAILURES, MOST_LOG_BYTES = 20, 200_000
SHOWN_PROJECTS = 10
"""Which `status` looks for."""


def _nothing() -> Sequence[Place]:
    return ()


class GitLabHost:
    """One account on one server: `CodeHost`."""

    name = NAME

    def __init__(self, config: GitLabConfig, named: Sequence[str]) -> None:
        from integrations.codehost._gitlab_known import Known
        from integrations.codehost._gitlab_looking import Looking, Memory
        from integrations.codehost._gitlab_rest import Rest
        from integrations.codehost._gitlab_sending import Sending

        self._config, self._named, self._rest = config, named, Rest(config)
        self._known = Known(self._rest, named)
        self._sending = Sending(self._rest, self._known)
        self._looking = Looking(self._rest, self._known, Memory(floor=datetime.now(UTC)))
        self._hearing: Hearing | None = None
        self._watched: Callable[[], Sequence[Place]] = _nothing

    def __repr__(self) -> str:
        return f"GitLabHost({self._config.url})"

    @property
    def us(self) -> Person:
        """Our account. Asks the server the first time."""
        return self._known.us()

    @property
    def calls_a_minute(self) -> int | None:
        """Not known: limits are set by whoever runs the server, and told by its refusals."""
        return None

    @property
    def expires_at(self) -> datetime | None:
        """When our token ends, asked of the server once a day."""
        return self._known.expires_at()

    def watch(self, places: Callable[[], Sequence[Place]]) -> None:
        """Look at these each round, too."""
        self._watched = places

    def listen(self, since: Callable[[], datetime]) -> None:
        """Begin to listen in the background, once: see `Channel`."""
        from integrations.codehost._gitlab_hearing import Hearing

        if self._hearing is None:
            hearing = Hearing(self._rest, self._known, since, lambda: self._watched())
            hearing.start()
            self._hearing = hearing

    def next(self, timeout_s: float) -> Happening | None:
        """What happened next; None where nothing did for so long."""
        if self._hearing is None:
            raise ChannelUnavailable("Nobody listens to GitLab: `listen` comes first")
        return self._hearing.next(timeout_s)

    def say(self, letter: Letter) -> str:
        """The id of the letter's note, which is posted unless it was posted before."""
        return self._sending.say(letter)

    def rewrite(self, message: str, letter: Letter) -> None:
        """Have a note of ours say what the letter says now."""
        self._sending.rewrite(message, letter)

    def enclose(self, enclosure: Enclosure, *, tried: bool) -> str:
        """The id of a note with a link to the file."""
        return self._sending.enclose(enclosure, tried=tried)

    def see(self, message: str) -> None:
        """Put 👀 under a note, or under an issue or merge request. Idempotent."""
        self._sending.see(message)

    def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The file. Raises `ChannelRefused` for one with more bytes, without having read them all."""
        return self._rest.download(attachment.place, most_bytes)

    def reactions(self, message: str) -> Sequence[Reacted]:
        """Who said yes or no to a note of ours."""
        from integrations.codehost._gitlab_sending import checked

        return self._looking.thumbs(checked(message))

    def roles(self, person: Person, room: str) -> frozenset[str]:
        """Every role up to the person's own in the project, inherited ones too."""
        return self._known.roles(person, room)

    def room_of(self, name: str) -> str:
        """The id of the project of that path or id."""
        from integrations.codehost._gitlab_reading import number_in

        if not (found := number_in(self._known.project(name.strip("/")), "id")):
            raise ChannelRefused(f"GitLab shows us no project {name}")
        return str(found)

    def issue(self, place: Place) -> Issue:
        """The issue."""
        from integrations.codehost._gitlab_looking import place_thread

        if (thread := place_thread(place)) is None:
            raise ChannelRefused("That is no issue")
        return self._looking.whole(thread)

    def open_issue(self, room: str, title: str, text: str, key: str) -> Place:
        """An issue that is assigned to us, made unless one with that key was made before."""
        return self._sending.open_issue(room, title, text, key)

    def label(self, place: Place, *, add: Sequence[str], remove: Sequence[str]) -> None:
        """Have it bear these labels, and not those. Idempotent."""
        self._sending.label(place, add, remove)

    def close_issue(self, place: Place) -> None:
        """Close it. Idempotent."""
        self._sending.close(place)

    def spend(self, place: Place, seconds: int, *, tried: bool) -> None:
        """Add to the time spent on it."""
        self._sending.spend(place, seconds, tried=tried)

    def propose(self, proposal: Proposal) -> Review:
        """The merge request of that source and target, made unless there is an open one."""
        return self._sending.propose(proposal)

    def review(self, room: str, number: int) -> Review:
        """The merge request as it stands now."""
        return self._sending.review(room, number)

    def reviews(self, room: str, source: str) -> Sequence[Review]:
        """Every merge request from that branch, newest first."""
        return self._sending.reviews(room, source)

    def rewrite_review(self, review: Review, *, title: str, text: str) -> None:
        """Have it say this. Idempotent."""
        self._sending.rewrite_review(review, title, text)

    def close_review(self, review: Review) -> None:
        """Close it without merging. Idempotent."""
        self._sending.close(Place(room=review.room, thread=f"merge_requests/{review.number}"))

    def may_push(self, room: str, branch: str) -> bool:
        """Whether our account may push to the branch; one that is not there is as free as the role makes it."""
        from integrations.codehost._gitlab_rest import is_final, part

        try:
            return self._rest.get(f"projects/{part(room)}/repository/branches/{part(branch)}").get("can_push") is True
        except ChannelRefused as error:
            if not is_final(error) or error.facts.get("status") != 404:
                raise
            return "developer" in self.roles(self.us, room)

    def failures(self, room: str, since: datetime) -> Sequence[Failure]:
        """The pipelines of the project that failed after that, oldest first."""
        from integrations.codehost._gitlab_rest import part
        from integrations.reading import written

        at = f"projects/{part(room)}"
        found = self._rest.page(
            f"{at}/pipelines", status="failed", updated_after=written(since), order_by="updated_at", sort="asc",
            per_page=MOST_FAILURES,
        )  # fmt: skip
        return [self._failure(at, room, row) for row in found]

    def status(self) -> ProviderStatus:
        """Whether it answers, as whom we are there, and what our token is good for. Never raises."""
        from integrations.codehost._gitlab_known import Known
        from integrations.codehost._gitlab_rest import Rest

        rest = Rest(self._config, connect_s=STATUS_S / 2, read_s=STATUS_S)
        try:
            return _status(rest, Known(rest), self._named, self._hearing.note if self._hearing else "")
        except ChannelError as error:
            return ProviderStatus(available=False, detail=str(error), advice=error.advice)
        finally:
            rest.close()

    def close(self) -> None:
        """Stop listening and close all connections. Idempotent."""
        if self._hearing is not None:
            self._hearing.close()
        self._rest.close()

    def _failure(self, at: str, room: str, row: Mapping[str, Any]) -> Failure:
        from integrations.codehost._gitlab_reading import number_in, time_in
        from integrations.reading import text_in

        number = number_in(row, "id")
        logs = {}
        for job in self._rest.page(f"{at}/pipelines/{number}/jobs", **{"scope[]": ["failed"]}):
            trace = self._rest.end(f"{at}/jobs/{number_in(job, 'id')}/trace", MOST_LOG_BYTES)
            logs[text_in(job, "name")] = trace.decode(errors="replace")
        return Failure(
            room=room,
            room_name=self._known.path(room),
            number=number,
            ref=text_in(row, "ref"),
            commit=text_in(row, "sha"),
            url=text_in(row, "web_url"),
            at=time_in(row, "updated_at"),
            logs=logs,
        )


def _status(rest: Rest, known: Known, named: Sequence[str], note: str) -> ProviderStatus:
    """What a look at the server shows. Raises a `ChannelError`."""
    from integrations.codehost._gitlab_rest import NO_LOGIN
    from integrations.reading import listed, text_in

    version, us = text_in(rest.get("version"), "version") or "of unknown version", known.us()
    found = [f"{rest.config.url}: GitLab {version}, as {us.name}"]
    token, ends, advice = known.token(), known.expires_at(), ""
    scopes = [str(scope) for scope in listed(token, "scopes")]
    if token and "api" not in scopes:
        detail = f"{found[0]}; its token lacks the scope `api` (it has {', '.join(scopes) or 'none'})"
        return ProviderStatus(available=False, detail=detail, advice=NO_LOGIN)
    if ends is not None:
        days = (ends - datetime.now(UTC)).days
        found.append(f"its token ends in {days} days" if days != 1 else "its token ends in a day")
    unseen = _unseen(known, rest, named[:SHOWN_PROJECTS])
    if unseen:
        found.append(f"sees nothing called {', '.join(unseen)}")
        advice = "Make Kowal's account a member there, or mend `projects` in the section of the settings."
    return ProviderStatus(available=True, detail="; ".join([*found, *filter(None, [note])]), advice=advice)


def _unseen(known: Known, rest: Rest, named: Sequence[str]) -> list[str]:
    """Those of the projects and groups that we do not see."""
    from integrations.codehost._gitlab_rest import is_final, part

    unseen = []
    for name in named:
        try:
            known.project(name)
        except ChannelRefused as error:
            if not is_final(error):
                raise
            try:
                rest.get(f"groups/{part(name)}")
            except ChannelRefused as again:
                if not is_final(again):
                    raise
                unseen.append(name)
    return unseen


def _open(section: Mapping[str, Any]) -> CodeHost:
    return GitLabHost(read_config(section), named_projects(section))


def _actions(section: Mapping[str, Any]) -> HostActions:
    config = read_config(section)
    from integrations.codehost._gitlab_actions import Actions
    from integrations.codehost._gitlab_known import Known
    from integrations.codehost._gitlab_rest import Rest

    rest = Rest(config)
    return Actions(rest, Known(rest))


def _hook(section: Mapping[str, Any], url: str) -> Sequence[str]:
    config, named = read_config(section), named_projects(section)
    if not (config.has("webhook_secret") or config.has("webhook_signing")):
        raise config.bad("a webhook needs `webhook_secret` or `webhook_signing`")
    from integrations.codehost._gitlab_actions import make_hooks
    from integrations.codehost._gitlab_known import Known
    from integrations.codehost._gitlab_rest import Rest

    rest = Rest(config)
    try:
        return list(make_hooks(rest, Known(rest, named), named, url))
    finally:
        rest.close()


HOST = HostInfo(
    name=NAME,
    summary="A GitLab server (15 or newer, or gitlab.com), as an account of its own with a token of the scope `api`",
    open=_open,
    actions=_actions,
    questions=(
        ("url", "The address under which people open GitLab"),
        ("token", "An access token of Kowal's account there, with the scope `api`"),
        ("projects", "The projects and groups in which Kowal answers, by path; empty for all of which it is a member"),
    ),
    hook=_hook,
)
