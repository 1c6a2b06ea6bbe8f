"""Listening to GitLab in the background: rounds that find everything, and webhooks that say where to look at once."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable, TooFast
from agent.hosting.host import Place, ReviewSeen
from agent.talking.channel import CaughtUp, Happening
from integrations.codehost._gitlab_known import Known
from integrations.codehost._gitlab_looking import Done, Looking, Memory, Told
from integrations.codehost._gitlab_reading import thread_of
from integrations.codehost._gitlab_rest import NotLoggedIn, Rest, is_final
from integrations.codehost._gitlab_round import Round
from integrations.codehost._gitlab_webhook import Hint, application
from integrations.http.server import Server
from integrations.kept import pause_s
from integrations.reading import LONG_AGO
from integrations.receiver import open_receiver

SLACK = timedelta(minutes=5)
"""What was said so long before the moment from which on we are to hear is old. Clocks differ by less."""
HASTE_S = 5.0
"""Between two rounds where webhooks ask for them."""
MOST = 10_000

Places = Callable[[], Sequence[Place]]


class Hearing:
    """Begins with `start`. `next` gives what happened; all else is done by threads of its own."""

    def __init__(self, rest: Rest, known: Known, since: Callable[[], datetime], watched: Places) -> None:
        self._rest, self._known, self._watched, self._config = rest, known, watched, rest.config
        self._since = max(since(), LONG_AGO + SLACK)
        self._cursor = self._since - SLACK
        self._looking = Looking(rest, known, Memory(floor=self._cursor))
        self._out: queue.Queue[Told] = queue.Queue(MOST)
        self._incoming: queue.Queue[Hint | Done] = queue.Queue(MOST)
        self._waiting: dict[Hint | Done, None] = {}
        """In their order, each once."""
        self._closed = threading.Event()
        self._receiver: Server | None = None
        self._round: Round | None = None
        self._turn = self._failures = 0
        self._round_at = self._again_at = self._last_round = 0.0
        self._thread = threading.Thread(target=self._work, name="gitlab", daemon=True)
        self.note = ""
        """What people should know of how it listens; empty where all is well."""

    def start(self) -> None:
        """Begin. Raises `ChannelUnavailable` where the webhook's port cannot be had."""
        if self._config.webhook_port:
            secrets = self._config.secrets
            heard = application(secrets["webhook_secret"], secrets["webhook_signing"], self.hint)
            self._receiver = open_receiver(heard, self._config.webhook_host, self._config.webhook_port)
        self._thread.start()

    def hint(self, hint: Hint) -> None:
        """Look there soon. Never waits: where too much waits already, a round finds it."""
        with contextlib.suppress(queue.Full):
            self._incoming.put_nowait(hint)

    def next(self, timeout_s: float) -> Happening | None:
        """What happened next; None where nothing did for so long.

        Whoever asks for the next is done with what came before: only then is a to-do of ours over.
        """
        ends = time.monotonic() + timeout_s
        while True:
            try:
                wait = ends - time.monotonic()
                told = self._out.get(timeout=wait) if wait > 0 else self._out.get_nowait()
            except queue.Empty:
                break
            if not isinstance(told, Done):
                return told
            self._put(told)
        if not self._closed.is_set() and not self._thread.is_alive():
            raise ChannelUnavailable("Listening to GitLab has broken off, by a fault of Kowal's own")
        return None

    def close(self) -> None:
        """End the threads. Idempotent."""
        self._closed.set()
        if self._receiver is not None:
            self._receiver.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def _put(self, done: Done) -> None:
        """A to-do that is not marked is told again after a restart, at the worst."""
        with contextlib.suppress(queue.Full):
            self._incoming.put_nowait(done)

    # One thread asks

    def _work(self) -> None:
        while not self._closed.is_set():
            self._take()
            if time.monotonic() >= self._again_at:
                self._guarded(self._step)

    def _take(self) -> None:
        """What has come in, once something has or it is time for something else."""
        now = time.monotonic()
        due = self._again_at if self._waiting or self._round else max(self._round_at, self._again_at)
        with contextlib.suppress(queue.Empty):
            wait = min(max(due - now, 0.0), 0.5)
            self._sort(self._incoming.get(timeout=wait) if wait else self._incoming.get_nowait())
            while len(self._waiting) < MOST:
                self._sort(self._incoming.get_nowait())

    def _sort(self, item: Hint | Done) -> None:
        if isinstance(item, Hint) and not item.room:
            self._round_at = min(self._round_at, max(time.monotonic(), self._last_round + HASTE_S))
        else:
            self._waiting[item] = None

    def _step(self) -> None:
        """One thing: a hint, or else the round's next, or its beginning where one is due.

        The first round is begun before anything else, since by it is known what is watched.
        """
        if self._turn and self._waiting:
            first = next(iter(self._waiting))
            self._tell(self._look(first))
            del self._waiting[first]
        elif self._round is not None:
            self._tell(self._round.step())
            self._finish(self._round)
        elif time.monotonic() >= self._round_at:
            self._known.us()
            self._last_round = time.monotonic()
            self._turn += 1
            self._round = Round(self._rest, self._known, self._looking, self._cursor, self._watched(), self._turn)
        self._failures, self.note = 0, ""

    def _finish(self, done: Round) -> None:
        if not done.is_over:
            return
        self._round, self._cursor = None, done.until
        self._since = max(self._since, self._cursor)
        self._round_at = time.monotonic() + self._config.poll_s
        self._tell([CaughtUp(at=self._since)])

    def _guarded(self, work: Callable[[], None]) -> None:
        """Outlast a server that is away: what was to be asked is asked again then."""
        try:
            work()
        except TooFast as error:
            self._again_at = time.monotonic() + error.again_in_s
            self.note = str(error)
        except ChannelError as error:
            self._failures += 1
            if self._turn and self._waiting and isinstance(error, ChannelRefused) and is_final(error):
                del self._waiting[
                    next(iter(self._waiting))
                ]  # what it was about is not there for us; a round looks again
                return
            self._again_at = time.monotonic() + pause_s(6 if isinstance(error, NotLoggedIn) else self._failures)
            self.note = str(error)

    def _look(self, item: Hint | Done) -> Sequence[Told]:
        if isinstance(item, Done):
            self._rest.post(f"todos/{item.todo}/mark_as_done")
            return ()
        if not item.kind:
            return (ReviewSeen(room=item.room, number=0),)
        thread = thread_of(item.room, f"{item.kind}/{item.iid}")
        if thread is None:
            return ()
        return self._looking.note(thread, item.note) if item.note else self._looking.at(thread)

    def _tell(self, told: Sequence[Told]) -> None:
        for each in self._looking.fresh(told):
            while not self._closed.is_set():
                with contextlib.suppress(queue.Full):
                    self._out.put(each, timeout=0.5)
                    break
