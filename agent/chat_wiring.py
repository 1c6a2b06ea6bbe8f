"""Settings in, what serves a chat out."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from agent.channel_wiring import open_channel
from agent.config import Settings
from agent.matching.learning import said_right, said_wrong
from agent.talking.channel import Channel
from agent.talking.colleague import Colleague
from agent.talking.listening import Hears, Listening
from agent.talking.notices import Notices
from agent.talking.outbox import Outbox
from agent.talking.petitions import Petitions
from agent.talking.reporter import Reporter
from agent.talking.settings import ChatSettings
from agent.talking.speech import Speech
from agent.types import Listener
from agent.wiring import open_people
from agent.workflow.people import People
from registry import Operations


def open_listening(settings: Settings, name: str, listener: Listener) -> Listening:
    """What serves that chat. Raises `BadSettings`, and as `open_people` does."""
    channel = open_channel(settings, name)
    wanted = ChatSettings.of(name, settings.chat[name])
    return listening_on(settings, channel, wanted, open_people(settings), listener)


def listening_on(
    settings: Settings,
    channel: Channel,
    wanted: ChatSettings,
    people: People,
    listener: Listener,
    hearer: Callable[[Colleague], Hears] = lambda colleague: colleague,
) -> Listening:
    """What serves the channel; `hearer` is who hears, with the help of a colleague."""
    room, thread = wanted.promotions_place
    operations, registry = people.operations, people.signing.registry
    chats, tasks = operations.chats, operations.tasks
    speech = Speech(registry=registry, operations=operations, signing=people.signing)
    petitions = Petitions(
        chats=chats,
        channel=channel,
        people=people,
        rule=wanted.approve.as_rule(),
        approvals_room=wanted.approvals_room,
        wait=timedelta(days=settings.tasks.wait_days),
        show=speech.petition,
        said=speech.decided,
        explain=speech.error,
    )
    reporter = Reporter(
        chats=chats, tasks=tasks, registry=registry, channel=channel, petitions=petitions, speech=speech
    )
    return Listening(
        chats=chats,
        channel=channel,
        colleague=hearer(
            Colleague(
                chats=chats,
                channel=channel,
                people=people,
                petitions=petitions,
                settings=wanted,
                speech=speech,
                judge=partial(judged, operations),
            )
        ),
        reporter=reporter,
        petitions=petitions,
        notices=Notices(
            chats=chats, channel=channel, room=room, thread=thread, text=partial(speech.notice, wanted.language)
        ),
        outbox=Outbox(
            chats=chats,
            channel=channel,
            files=lambda about: petitions.files(about) or reporter.files(about),
            is_over=chats.is_over,
        ),
        listener=listener,
        keep=timedelta(days=settings.tasks.keep_days),
    )


def judged(operations: Operations, run_id: int, right: bool, name: str, by: str) -> str:  # noqa: FBT001 (a word)
    """What was learnt from a person's word on a run."""
    if right:
        return said_right(operations, run_id, by=by)
    return said_wrong(operations, run_id, by=by, should_be=name or None)
