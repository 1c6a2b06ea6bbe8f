"""A round: whatever happened at GitLab since the last one, one job a step. When it is over, all until then is told."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.errors import ChannelRefused
from agent.hosting.host import Place, ReviewSeen
from integrations.codehost._gitlab_known import Known
from integrations.codehost._gitlab_looking import MARGIN, Looking, Told, place_thread, standing
from integrations.codehost._gitlab_reading import ISSUES, Row, Thread, is_issue, number_in, thread_of, time_in
from integrations.codehost._gitlab_rest import PAGE, Rest, is_final
from integrations.reading import written

THROTTLED = timedelta(seconds=120)
"""For so long after a change a thing may have notes that did not move its time: GitLab moves it once a minute at most
(`ThrottledTouch`)."""
AT_ONCE = 50
"""Watched things that one request asks for."""
SIGNS_A_ROUND = 10
"""Notes of ours under which a round looks for signs; the next one goes on from there."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something to ask."""

    work: Callable[[], Sequence[Told]]
    may_be_gone: bool = True
    """Whether it is about a thing that may have gone away: there is nothing to tell of it then."""


class Round:
    """Each `step` does one job. One that raises a `ChannelError` is done again: nothing is lost by it."""

    def __init__(
        self, rest: Rest, known: Known, looking: Looking, cursor: datetime, places: Sequence[Place], turn: int
    ) -> None:
        self._rest, self._known, self._looking, self._cursor, self._turn = rest, known, looking, cursor, turn
        self._now: datetime | None = None
        threads = {thread.path: thread for place in places if (thread := place_thread(place)) is not None}
        self._threads = list(threads.values())
        looking.memory.watched = frozenset(threads)
        looking.memory.ours = {key: notes for key, notes in looking.memory.ours.items() if key in threads}
        self._jobs: deque[Job] = deque()
        self._ask(lambda: self._assigned(cursor, 1), may_be_gone=False)

    @property
    def is_over(self) -> bool:
        """True once all is asked."""
        return not self._jobs

    @property
    def until(self) -> datetime:
        """Nothing can be said any more before it, by the server's clock as of the beginning."""
        return max(self._cursor, self._now - MARGIN) if self._now else self._cursor

    def step(self) -> Sequence[Told]:
        """What the next job tells."""
        job = self._jobs[0]
        try:
            told = job.work()
        except ChannelRefused as error:
            if not (job.may_be_gone and self._is_gone(error)):
                raise
            told = ()
        self._jobs.popleft()
        return told

    def _ask(self, work: Callable[[], Sequence[Told]], *, may_be_gone: bool = True) -> None:
        self._jobs.append(Job(work=work, may_be_gone=may_be_gone))

    def _is_gone(self, error: ChannelRefused) -> bool:
        """Whether it is this thing that the server shows us nothing of, and not that it shows us nothing at all."""
        self._rest.get("user")
        return is_final(error)

    def _todos(self, number: int) -> Sequence[Told]:
        """A page of what our account has to do, the newest first."""
        rows = self._rest.page("todos", state="pending", page=number)
        for row in reversed(rows):
            self._ask(lambda row=row: self._looking.todo(row))  # type: ignore[misc] # each its own
        is_old = bool(rows) and time_in(rows[-1], "created_at") < self._looking.memory.floor
        if len(rows) >= PAGE and not is_old:
            self._ask(lambda: self._todos(number + 1), may_be_gone=False)
        return ()

    def _assigned(self, after: datetime, number: int) -> Sequence[Told]:
        """The issues that are assigned to us and changed since then, the oldest change first.

        The next page is sought by the last one's time, since what changes meanwhile would shift numbered pages; only
        among those of the same millisecond are they numbered.
        """
        rows = self._rest.page(
            "issues", assignee_id=self._known.us().id, scope="all", state="all",
            updated_after=written(after), order_by="updated_at", sort="asc", page=number,
        )  # fmt: skip
        self._now = self._now or self._rest.server_time()
        for row in rows:
            if is_issue(row):
                self._ask(lambda row=row: self._looking.issue(row))  # type: ignore[misc]
        if len(rows) >= PAGE:
            last = max(time_in(rows[-1], "updated_at"), after)
            self._ask(lambda: self._assigned(last, number + 1 if last == after else 1), may_be_gone=False)
        else:
            self._ask(lambda: self._todos(1), may_be_gone=False)
            self._ask(self._watched, may_be_gone=False)
        return ()

    def _watched(self) -> Sequence[Told]:
        """Of the things that are watched, those of one project and kind are asked for together."""
        groups: dict[tuple[str, str], list[int]] = {}
        for thread in self._threads:
            groups.setdefault((thread.room, thread.kind), []).append(thread.iid)
        for (room, kind), iids in groups.items():
            for first in range(0, len(iids), AT_ONCE):
                some = iids[first : first + AT_ONCE]
                self._ask(lambda room=room, kind=kind, some=some: self._group(room, kind, some))  # type: ignore[misc]
        ours = self._looking.memory.ours
        signed = [(thread, note) for thread in self._threads for note in ours.get(thread.path, ())]
        count = min(SIGNS_A_ROUND, len(signed))
        for place in range(count):
            thread, note = signed[(self._turn * SIGNS_A_ROUND + place) % len(signed)]
            self._ask(lambda thread=thread, note=note: self._looking.signs(thread, note))  # type: ignore[misc]
        return ()

    def _group(self, room: str, kind: str, iids: Sequence[int]) -> Sequence[Told]:
        rows = self._rest.page(f"projects/{room}/{kind}", **{"iids[]": list(iids)}, scope="all", state="all")
        told: list[Told] = []
        for row in rows:
            thread = thread_of(room, f"{kind}/{number_in(row, 'iid')}")
            if thread is not None and thread.iid in iids:
                told += self._moved(thread, row)
        return told

    def _moved(self, thread: Thread, row: Row) -> Sequence[Told]:
        """Ask for more of a thing that is not as it was; merge requests are told at once."""
        memory, at = self._looking.memory, time_in(row, "updated_at")
        has_moved = memory.noted.get(thread.path) != standing(row)
        is_restless = self._now is not None and self._now - at < THROTTLED
        if is_restless or (has_moved and (thread.path in memory.noted or at >= self._cursor - THROTTLED)):
            self._ask(lambda: self._looking.notes(thread, row))
        if memory.moved.get(thread.path) == at:
            return ()
        if thread.kind == ISSUES:
            self._ask(lambda: self._looking.issue(row))
            return ()
        memory.moved[thread.path] = at
        return (ReviewSeen(room=thread.room, number=thread.iid),)
