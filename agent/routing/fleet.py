"""All model servers: what each has, whether it lives, and how much it is at. Asks nobody before it is needed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from agent.errors import ModelError, ModelTimedOut, ProviderUnavailable, RateLimited
from agent.ports import Discovery, LLMProvider
from agent.routing.aids import Choice
from agent.routing.breaker import FIRST_PAUSE_S, Breaker
from agent.routing.stock import Snapshot, Standing, Stock
from sandbox import stopping

LONGEST_LOOK_S = 10.0
"""Servers tell within two seconds what they have; a busy machine takes longer to ask them, but not longer than this.

Who is passed over for that sends what is asked elsewhere, perhaps to the cloud."""
IDLE_S = 600.0
"""After so long without a request nobody looks at servers any more, until the next one."""
LONG_AWAY_S = 5.0
"""A server that is left alone for longer is away: nobody waits for it."""
GLANCE_S = 0.05
"""Between two looks for a free slot; one that becomes free is seen at once."""


@dataclass(kw_only=True)
class _Post:
    """One server and what is known of it."""

    provider: LLMProvider
    breaker: Breaker = field(default_factory=Breaker)
    stock: Stock | None = None
    error: ModelError | None = None
    """The last one."""
    busy: int = 0

    def why(self, otherwise: str = "") -> ModelError:
        """Its last error, to be raised once more: without the frames in which it was raised before."""
        error = self.error or ProviderUnavailable(otherwise or f"{self.provider.server.name} did not say what it has")
        return error.with_traceback(None)

    def standing(self, now: float) -> Standing:
        """How it stands."""
        away, open_s = None, self.breaker.opens_until - now
        if self.stock is None or (self.breaker.failures and open_s > LONG_AWAY_S):
            away = self.why()
        stock = self.stock or Stock(provider=self.provider, cards=())
        return Standing(stock=stock, away=away, is_up=self.breaker.admits(now), busy=self.busy)


class Fleet:
    """The servers, in the order of the settings. Safe to use from several threads."""

    def __init__(
        self, providers: Sequence[LLMProvider], discoveries: Sequence[Discovery] = (), refresh_s: float = 30.0
    ) -> None:
        self._posts = {provider.server.name: _Post(provider=provider) for provider in providers}
        self._listed = frozenset(self._posts)
        self._discoveries, self._refresh_s = tuple(discoveries), refresh_s
        self._changed = threading.Condition()
        """Guards the posts; told when a slot becomes free."""
        self._looking = threading.Lock()
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None
        self._used = 0.0
        self._was_looked_at = False

    @property
    def providers(self) -> tuple[LLMProvider, ...]:
        """One for each server."""
        with self._changed:
            return tuple(post.provider for post in self._posts.values())

    def snapshot(self) -> Snapshot:
        """How all stand now. The first time, and while none answers, they are looked at before: that takes a moment."""
        self._keep_watch()
        if self._is_look_due():
            with self._looking:
                if self._is_look_due():  # else somebody else has looked meanwhile
                    self.look()
        with self._changed:
            now = time.monotonic()
            return [post.standing(now) for post in self._posts.values()]

    def look(self) -> None:
        """Look which servers there are and which models each has, at all at once.

        That takes the two seconds in which each has promised to tell, and more on a machine that is too busy to begin.
        What takes longer than that comes in later. Never raises, but for `Stopped`.
        """
        with self._changed:
            posts = list(self._posts.values())
        deadline = time.monotonic() + LONGEST_LOOK_S
        searches = [in_background(each.name, partial(self._search, each)) for each in self._discoveries]
        looks = [self._begin_look(post) for post in posts]
        for done in (*looks, *searches):
            wait_for(done, deadline)
        self._was_looked_at = True

    @contextmanager
    def taken(self, choices: Sequence[Choice], deadline: float) -> Iterator[Choice | None]:
        """The first of the choices whose server may be asked and has a free slot, which is held in the block.

        Where all that may be asked are full, one is waited for. None where none may be asked now, or until the
        deadline of `time.monotonic`. Raises `Stopped` where the thread is stopped meanwhile.
        """
        choice = self._take(choices, deadline)
        try:
            yield choice
        finally:
            if choice is not None:
                with self._changed:
                    post = self._posts[choice.server]
                    post.busy -= 1
                    post.breaker.let_go()
                    self._changed.notify_all()

    def worked(self, server: str) -> None:
        """It answered."""
        with self._changed:
            post = self._posts[server]
            post.error = None
            post.breaker.worked()

    def failed(self, server: str, error: ModelError) -> None:
        """It did not: that counts against it where the error speaks of the server and not of the request."""
        post = self._posts[server]
        if isinstance(error, RateLimited):
            pause_s = error.retry_after_s if error.retry_after_s is not None else FIRST_PAUSE_S
            with self._changed:
                post.error = error
                post.breaker.rested(time.monotonic() + pause_s)
        elif isinstance(error, ProviderUnavailable | ModelTimedOut):
            self._note_failure(post, error)

    def soonest(self, choices: Sequence[Choice]) -> float:
        """Seconds until the first of the servers may be asked again; 0 where one may be now."""
        with self._changed:
            now = time.monotonic()
            return min((max(0.0, self._posts[each.server].breaker.opens_until - now) for each in choices), default=0.0)

    def error(self, server: str) -> ModelError:
        """Its last one; or that it has too much to do."""
        with self._changed:
            return self._posts[server].why(f"{server} is at as many requests as it takes")

    def resting(self, server: str) -> ModelError | None:
        """Its last error, where it is left alone for it; None where it may be asked."""
        with self._changed:
            post = self._posts[server]
            return None if post.breaker.admits(time.monotonic()) else post.why()

    def close(self) -> None:
        """End what goes on in the background. Idempotent."""
        self._closed.set()

    def _take(self, choices: Sequence[Choice], deadline: float) -> Choice | None:
        with self._changed:
            while True:
                stopping.check()
                now, is_full = time.monotonic(), False
                for choice in choices:
                    post = self._posts[choice.server]
                    if not post.breaker.admits(now):
                        continue
                    if not post.standing(now).is_full:
                        post.busy += 1
                        post.breaker.begun()
                        return choice
                    is_full = True
                if not is_full or now >= deadline:
                    return None
                self._changed.wait(GLANCE_S)

    def _is_look_due(self) -> bool:
        """True before the first look, and where none is known that may be asked, as often as breakers allow."""
        with self._changed:
            now, posts = time.monotonic(), self._posts.values()
            if not self._was_looked_at:
                return True
            none_lives = all(post.standing(now).away is not None for post in posts)
            return none_lives and any(post.breaker.admits(now) for post in posts)

    def _begin_look(self, post: _Post) -> threading.Event:
        return in_background(post.provider.server.name, lambda: self._look_at(post))

    def _look_at(self, post: _Post) -> None:
        try:
            stock = Stock(provider=post.provider, cards=tuple(post.provider.cards()))
        except ModelError as error:
            self._note_failure(post, error)
            return
        with self._changed:
            post.stock = stock
            if post.breaker.failures:
                post.error = None
                post.breaker.worked()

    def _search(self, discovery: Discovery) -> None:
        """Take in the servers that are found, but for those that the settings list."""
        found = [each for each in discovery.found() if each.server.name not in self._listed]
        with self._changed:
            known = {name: post.provider for name, post in self._posts.items()}
            new = [_Post(provider=each) for each in found if known.get(each.server.name) is not each]
            self._posts |= {post.provider.server.name: post for post in new}
        for done in [self._begin_look(post) for post in new]:
            done.wait(LONGEST_LOOK_S)

    def _note_failure(self, post: _Post, error: ModelError) -> None:
        with self._changed:
            post.error = error
            post.breaker.failed(time.monotonic())

    def _keep_watch(self) -> None:
        """Have one thread look at the servers from time to time while there are requests."""
        with self._changed:
            self._used = time.monotonic()
            if self._watch is None and not self._closed.is_set():
                self._watch = threading.Thread(target=self._watch_them, name="watches model servers", daemon=True)
                self._watch.start()

    def _watch_them(self) -> None:
        while not self._closed.wait(self._refresh_s):
            with self._changed:
                if time.monotonic() - self._used > IDLE_S:
                    self._watch, self._was_looked_at = None, False
                    return
            self.look()


def in_background(what: str, work: Callable[[], None]) -> threading.Event:
    """Have it done by a thread of its own; what is given is set once it is."""
    done = threading.Event()

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    threading.Thread(target=run, name=f"looks at {what}", daemon=True).start()
    return done


def wait_for(done: threading.Event, deadline: float) -> None:
    """Wait until it is done, or for the deadline of `time.monotonic`. Raises `Stopped` where the thread is stopped."""
    with stopping.stoppable(done.set):
        done.wait(max(0.0, deadline - time.monotonic()))
