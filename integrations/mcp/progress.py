"""How far a task has come, for a client that shows progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from mcp.server.context import ServerRequestContext
from rich.text import Text

from agent.cli.progress import line_of
from agent.service.views import EventView
from agent.types import Event
from integrations.mcp.results import plain

STILL_S: Final = 10.0
"""After so long without news it is said that the task goes on: clients give up on those who are silent."""


@dataclass(kw_only=True)
class Progress:
    """Tells one request's client of its task."""

    ctx: ServerRequestContext[object]
    task_id: str
    after: int = 0
    """The last event that was told."""
    _count: int = 0
    _line: str = "handed in"
    _told_at: float = field(default_factory=monotonic)

    async def begin(self) -> None:
        """Say the task's id, by which it can be asked for whatever becomes of this request."""
        await self._say(f"task {self.task_id}")

    async def tell(self, events: Sequence[EventView]) -> None:
        """Say what happened; and now and then, that it goes on."""
        for event in events:
            self.after = event.id
            if line := line_for(event):
                self._line = line
                await self._say(line)
        if monotonic() - self._told_at >= STILL_S:
            await self._say(f"still at it: {self._line}")

    async def _say(self, message: str) -> None:
        self._count, self._told_at = self._count + 1, monotonic()
        await self.ctx.session.report_progress(self._count, message=plain(message))


def line_for(event: EventView) -> str:
    """The event in a line; empty where it is for logs only."""
    shown = line_of(Event(action=event.action, facts=event.facts))
    lines = Text.from_markup(shown).plain.splitlines() if shown else []
    return lines[0].strip() if lines else ""
