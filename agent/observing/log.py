"""The log: one JSON object a line on standard error, without secrets and without other people's data."""

import logging
import sys
from typing import Any, TextIO

import structlog

from agent.observing.facts import place, tellable
from agent.rights.secrets import Vault
from agent.types import Event

MOST_CHARS = 4_000
"""Of what a library says."""
STAMPED = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")


class Log:
    """Writes each event as a line. Safe to use from several threads."""

    def __init__(self, part: str, vault: Vault, file: TextIO) -> None:
        written = structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[structlog.processors.EventRenamer("action"), STAMPED, Line(vault)],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )
        self._logger = written.bind(part=part)

    def __call__(self, event: Event) -> None:
        """Write the event."""
        self._logger.msg(event.action, **place(), **tellable(event))

    def library(self, record: logging.LogRecord) -> None:
        """Write what a library said."""
        said = record.getMessage()[:MOST_CHARS]
        self._logger.msg("library.said", **place(), logger=record.name, level=record.levelname.lower(), line=said)


class Line:
    """Makes a line of an event, in which placeholders stand for secrets."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._json = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)

    def __call__(self, logger: Any, name: str, event: structlog.typing.EventDict) -> str:
        """The line."""
        rendered = self._json(logger, name, event)
        return self._vault.hidden_text(rendered if isinstance(rendered, str) else rendered.decode())


class Libraries(logging.Handler):
    """Puts into the log what libraries say through `logging`."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            self._log.library(record)
        except (OSError, ValueError, TypeError):  # what cannot be written is lost; the work goes on
            self.handleError(record)


def opened_log(part: str, hidden: dict[str, str]) -> Log:
    """The log of this process, in which libraries speak, too."""
    log = Log(part, Vault(hidden), sys.stderr)
    handler = Libraries(log)
    for name in ("", "dbos"):  # DBOS brings a handler of its own unless it has one
        logging.getLogger(name).handlers[:] = [handler]
    logging.getLogger("dbos").propagate = False
    return log
