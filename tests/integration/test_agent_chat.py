"""A function that acts in a chat, from the specification to the room: proven with a script, signed by its list."""

import json

import pytest

from agent.errors import NotGranted
from agent.signing import Signing
from agent.types import Task
from registry import Status

ROOMS = ("chat call general", "chat create incident-* private", "chat post general")
CODE = '''import kowal_host as host


async def open_incident(number: int) -> str:
    """Return the address of the call that is begun for an incident.

    Args:
        number: The incident's number, from 1.
    """
    if number < 1:
        raise ValueError(f"{number} is no number of an incident")
    await host.chat.create(f"incident-{number}", members=["ann", "bob"], private=True)
    await host.chat.post("general", f"Incident {number} is open")
    return await host.chat.call("general", f"Incident {number}")
'''
OTHER = CODE.replace('f"Incident {number}")', '"Incident " + str(number))')
SILENT = CODE.replace('    await host.chat.post("general", f"Incident {number} is open")\n', "")
WRONG = CODE.replace("is open", "is over")
TESTS = """import kowal_host as host
import pytest
from function import open_incident


async def test_one() -> None:
    assert await open_incident(7) == "https://meet.example.org/7"
    made, posted, called = host.asked()
    assert (made["room"], made["members"], made["private"]) == ("incident-7", ["ann", "bob"], True)
    assert (posted["room"], posted["text"]) == ("general", "Incident 7 is open")
    assert (called["room"], called["title"]) == ("general", "Incident 7")


async def test_another() -> None:
    host.script(chat="create incident-12 private ann bob")
    host.script(chat="post general Incident 12 is open")
    host.script(chat="call general Incident 12", url="https://meet.example.org/12")
    assert await open_incident(12) == "https://meet.example.org/12"


async def test_the_first() -> None:
    host.script(chat="create incident-1 private ann bob")
    host.script(chat="post general Incident 1 is open")
    host.script(chat="call general Incident 1", url="https://meet.example.org/1")
    assert await open_incident(1) == "https://meet.example.org/1"


@pytest.mark.parametrize("number", [0, -1])
async def test_no_incident(number) -> None:
    with pytest.raises(ValueError):
        await open_incident(number)
    assert host.asked() == []


async def test_a_room_that_is_there_is_an_error() -> None:
    host.script(chat="create incident-9 private ann bob", error="there is one")
    with pytest.raises(host.HostError):
        await open_incident(9)
"""
SPECIFICATION = {
    "name": "open_incident",
    "description": "Open an incident in the chat: a private room, a message and a call.",
    "signature": "async def open_incident(number: int) -> str",
    "parameters": {"number": "The incident's number, from 1."},
    "bad_input": [{"when": "number is below 1", "raises": "ValueError"}],
    "examples": [
        {"in": {"number": 7}, "out": "https://meet.example.org/7"},
        {"in": {"number": 8}, "out": "https://meet.example.org/8"},
        {"in": {"number": 0}, "raises": True},
    ],
    "host": [
        {"ask": {"chat": "create incident-7 private ann bob"}, "reply": {"done": True}},
        {"ask": {"chat": "create incident-8 private ann bob"}, "reply": {"done": True}},
        {"ask": {"chat": "post general Incident 7 is open"}, "reply": {"done": True}},
        {"ask": {"chat": "post general Incident 8 is open"}, "reply": {"done": True}},
        {"ask": {"chat": "call general Incident 7"}, "reply": {"url": "https://meet.example.org/7"}},
        {"ask": {"chat": "call general Incident 8"}, "reply": {"url": "https://meet.example.org/8"}},
    ],
}
WISH = Task(text="open an incident in the chat, with a private room, a message and a call")


class Room:
    """A chat that keeps what was done in it."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def post(self, room, text):
        """A message."""
        self.done.append(("post", room, text))
        return "m1"

    def start_call(self, room, title):
        """A call."""
        self.done.append(("call", room, title))
        return "https://meet.example.org/live"

    def create_room(self, name, members, *, private):
        """A room."""
        self.done.append(("create", name, tuple(members), private))
        return "r1"

    def upload(self, room, name, data):
        """A file."""
        self.done.append(("upload", room, name, data))
        return "m2"


@pytest.mark.parametrize("worse", [SILENT, WRONG], ids=["says nothing", "says the wrong thing"])
def test_a_function_is_made_that_acts_in_a_chat(workshop, worse):
    """It is proven without a word in any room, waits for a signature under its list, and then does what was tested."""
    chat = Room()
    shop = workshop(
        specify=[json.dumps(SPECIFICATION)], test=[TESTS], generate=[worse, CODE, OTHER], repair=[CODE], candidates=3,
        chats={"rocketchat": lambda: chat},
    )  # fmt: skip
    shop.agent.create(WISH)
    version = shop.registry.get("open_incident")
    assert chat.done == []
    assert version.status is Status.APPROVED
    assert version.function.source in (CODE, OTHER)
    assert version.function.manifest.grants == ROOMS
    with pytest.raises(NotGranted) as caught:
        shop.agent.run("open_incident", Task(text="", arguments={"number": 31}))
    assert (caught.value.facts["findings"], chat.done) == (list(ROOMS), [])
    Signing(registry=shop.registry, allowed=()).promote("open_incident", None, by="ann", signed=True)
    outcome = shop.agent.run("open_incident", Task(text="", arguments={"number": 31}))
    assert outcome.value == "https://meet.example.org/live"
    assert chat.done == [
        ("create", "incident-31", ("ann", "bob"), True),
        ("post", "general", "Incident 31 is open"),
        ("call", "general", "Incident 31"),
    ]
