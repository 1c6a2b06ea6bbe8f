"""Settings in, what serves a code host out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent.channel_wiring import open_host
from agent.chat_wiring import listening_on
from agent.config import Settings
from agent.errors import BadSettings
from agent.hosting.assignee import Assignee
from agent.hosting.board import Boards
from agent.hosting.failures import Failures
from agent.hosting.host import CodeHost
from agent.hosting.reviews import Reviews
from agent.hosting.settings import HostSettings
from agent.talking.colleague import Colleague
from agent.talking.listening import Listening, Round
from agent.talking.reporter import letter_key
from agent.types import Event, Listener
from agent.wiring import is_reviewed, open_people
from agent.workflow.people import People
from registry import Operations
from registry.chats import Chats

BOARD_S = 1.0
"""Seconds between two looks at what issues are to show."""
DAY_S = 86_400.0
WARNING = timedelta(days=14)
"""How long before the token expires that is told."""
PIPELINES_S = 60.0
"""Seconds between two looks at watched pipelines."""


def open_serving(settings: Settings, name: str, listener: Listener) -> Listening:
    """What serves that code host. Raises as `serving` does."""
    return serving(settings, open_host(settings, name), listener)


def serving(settings: Settings, host: CodeHost, listener: Listener) -> Listening:
    """What serves the code host. Raises `BadSettings`, and as `open_people` does."""
    wanted = HostSettings.of(host.name, settings.codehost.get(host.name, {}))
    people = open_people(settings)
    reviews = reviews_of(settings, host, people, wanted)

    def assignee(colleague: Colleague) -> Assignee:
        taking = Assignee(host=host, colleague=colleague, issues=people.operations.issues, reviews=reviews)
        host.watch(taking.places)
        return taking

    listening = listening_on(settings, host, wanted, people, listener, assignee)
    listening.rounds = [*rounds_of(host, people.operations, wanted, listener), *(reviews.rounds if reviews else ())]
    return listening


def rounds_of(host: CodeHost, operations: Operations, wanted: HostSettings, listener: Listener) -> Iterator[Round]:
    """What is done again and again at a code host, beside what is done on every channel."""
    yield Round(every_s=BOARD_S, work=boards_of(host, operations, wanted).round)
    yield Round(every_s=DAY_S, work=lambda: warn_of_expiry(host, listener))
    if wanted.watch_pipelines:
        failures = Failures(host=host, issues=operations.issues, projects=wanted.watch_pipelines)
        yield Round(every_s=PIPELINES_S, work=failures.round)


def reviews_of(settings: Settings, host: CodeHost, people: People, wanted: HostSettings) -> Reviews | None:
    """The merge requests of the registry; None where it is no project of the host. Raises `BadSettings`."""
    if not wanted.registry_project:
        return None
    if not is_reviewed(settings):
        raise BadSettings(
            f"`codehost.{host.name}.registry_project` is set, and `registry_remote` is not",
            advice="Name the project's address there, too: docs/gitlab-registry.md.",
        )
    return Reviews.of(host, people, wanted, timedelta(days=settings.tasks.wait_days))


def warn_of_expiry(host: CodeHost, listener: Listener) -> None:
    """Tell that the token expires soon. Raises `ChannelError`."""
    if host.expires_at is not None and (left := host.expires_at - datetime.now(UTC)) <= WARNING:
        facts = {"channel": host.name, "days": max(0, left.days)}
        listener(Event(action="codehost.expires", facts=facts))


def boards_of(host: CodeHost, operations: Operations, wanted: HostSettings) -> Boards:
    """What has issues show how their tasks stand."""
    return Boards(
        host=host,
        chats=operations.chats,
        issues=operations.issues,
        tasks=operations.tasks,
        close_done=wanted.close_done,
        spend_time=wanted.spend_time,
        is_said=lambda task: is_said(operations.chats, task),
    )


def is_said(chats: Chats, task: str) -> bool:
    """Whether the last word on the task was sent, or never will be."""
    letter = chats.letter(letter_key(task))
    return letter is None or bool(letter.refused) or (bool(letter.message) and not letter.is_due)
