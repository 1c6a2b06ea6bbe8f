"""Who hears of what happens in a process of `kowal serve`."""

import sys
from collections.abc import Callable, Iterator

from agent.config import Settings
from agent.types import Event, Listener


def view_of(settings: Settings, part: str, *, text: Listener) -> Listener:
    """A listener that hands each event to every view that the settings ask for; `text` is the one for a terminal."""
    views = [view for kind in KINDS for view in kind(settings, part, text)]

    def tell(event: Event) -> None:
        for view in views:
            try:
                view(event)
            except (OSError, ValueError):  # a log that cannot be written stops no task
                continue

    return tell


def log(settings: Settings, part: str, text: Listener) -> Iterator[Listener]:
    """The log in JSON, or lines for people."""
    if settings.log == "json" or (settings.log == "auto" and not sys.stderr.isatty()):
        from agent.observing.log import opened_log

        yield opened_log(part, dict(settings.hidden))
    else:
        yield text


def telemetry(settings: Settings, part: str, text: Listener) -> Iterator[Listener]:
    """Spans and metrics, where an endpoint is named. Nothing of OpenTelemetry is imported elsewhere."""
    del text
    if settings.telemetry:
        from agent.observing.telemetry import opened_telemetry

        yield opened_telemetry(settings.telemetry, part)


KINDS: tuple[Callable[[Settings, str, Listener], Iterator[Listener]], ...] = (log, telemetry)
"""Every kind of view. What tells a chat or an issue of promotions is one more: it listens for `function.approved`."""
