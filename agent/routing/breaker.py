"""Whether a server is worth asking: after a failure it is left alone for a while, then one request tries it."""

from dataclasses import dataclass

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0


@dataclass(kw_only=True)
class Breaker:
    """A circuit breaker: closed, open after a failure for a pause that doubles, then half-open for one request.

    Times are those of `time.monotonic`. Not safe to use from several threads: the fleet holds its lock.
    """

    failures: int = 0
    """In a row."""
    opens_until: float = 0.0
    """Nobody is let through before."""
    is_probed: bool = False
    """Whether somebody is trying it out."""

    def admits(self, now: float) -> bool:
        """Whether a request may be made now."""
        return now >= self.opens_until and not (self.failures and self.is_probed)

    def begun(self) -> None:
        """A request is made; after a failure it is the one that tries."""
        self.is_probed = self.failures > 0

    def worked(self) -> None:
        """A request was answered: closed."""
        self.failures, self.opens_until, self.is_probed = 0, 0.0, False

    def failed(self, now: float) -> None:
        """A request was not answered: open, for twice as long as before.

        What was under way when it opened tells nothing new.
        """
        if self.failures and now < self.opens_until:
            return
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self.failures, 10))
        self.failures, self.opens_until, self.is_probed = self.failures + 1, now + pause_s, False

    def rested(self, until: float) -> None:
        """The server asked to be left alone until then; that is no failure."""
        self.opens_until, self.is_probed = max(self.opens_until, until), False

    def let_go(self) -> None:
        """A request ended in a way that says nothing of the server."""
        self.is_probed = False
