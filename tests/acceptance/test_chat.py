"""Kowal in Rocket.Chat, as people see it: from a mention to a function that others use, whatever breaks meanwhile."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from divided_models import FIRST, SECOND, WISH, divided_script
from reading_model import ASKED, reading_model
from served import Served

from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World
from integrations.llm.fake_ollama import FakeOllama

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
SCHEMAS = SHARED / "contracts/rocketchat/rocketchat-request-schemas.json"
PASSWORD = "kowal's own word"
WORLD = World(
    users=(
        User(username="kowal", roles=("bot", "user"), password=PASSWORD),
        User(username="ann", name="Ann Nowak"),
        User(username="bob", name="Bob Lis"),
        User(username="ada", name="Ada Wrona", roles=("admin", "user")),
    ),
    rooms=(Room(name="general", id="GENERAL", members=("ann", "bob", "ada", "kowal")),),
    permissions={"view-full-other-user-info": ("admin", "bot")},
)


def stable(text: str) -> list[str]:
    """The lines, without what differs from run to run."""
    return [re.sub(r"\d+(\.\d+)? m?s\b", "#", line.strip()) for line in text.splitlines()]


def transcript() -> list[str]:
    """What people and Kowal say in the README's transcript of a chat."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    shown = re.findall(r"^```text\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]
    lines = stable(re.sub(r"^(ann|kowal) +", "", shown, flags=re.MULTILINE))
    return [line for line in lines if line and line != "..."]


class Office(Served):
    """A Rocket.Chat server, people in it, and a Kowal that serves it."""

    def __init__(self, home: Any, fake: FakeRocketChat, folder: Path, room: str = "general") -> None:
        self.fake, self.room = fake, room
        super().__init__(home, folder)

    def thread(self, message: str) -> list[dict[str, Any]]:
        """What Kowal says under the message, oldest first."""
        return [each for each in self.fake.messages(message) if each["u"]["username"] == "kowal"]

    def until(self, message: str, pattern: str) -> dict[str, Any]:
        """The message of Kowal's under that one which says so."""
        return self.waited(
            lambda: next((each for each in self.thread(message) if re.search(pattern, each["msg"])), None)
        )

    def said(self) -> str:
        """See `Served.said`."""
        return "\n".join(f"{each['u']['username']}: {each['msg']}" for each in self.fake.messages(self.room))


@pytest.fixture
def office(home, tmp_path: Path) -> Iterator[Office]:
    """An office whose two models write different functions."""
    schemas = SCHEMAS if SCHEMAS.exists() else None
    with FakeOllama(divided_script()) as models, FakeRocketChat(WORLD, schemas=schemas) as fake:
        served = home.with_(
            OLLAMA_HOST=models.url,
            KOWAL_CANDIDATES="2",
            KOWAL_MODELS=json.dumps({"generate": [FIRST, SECOND], "specify": FIRST}),
            KOWAL_PROMOTION="person",
            KOWAL_CHAT=json.dumps({"rocketchat": {"url": fake.url, "user": "kowal", "password": PASSWORD}}),
        )
        opened = Office(served, fake, tmp_path)
        yield opened
        opened.end()


def test_from_a_mention_to_an_approved_function_to_its_second_use(office: Office) -> None:
    """With kills, restarts and cut lines in between: each message is answered once, in its thread."""
    fake = office.fake
    office.waited(lambda: "kowal" in fake.listeners)
    asked = fake.says("ann", "general", f"@kowal {WISH}")
    office.waited(lambda: ":eyes:" in fake.message(asked).get("reactions", {}))
    fake.drop_connections()
    question = office.until(asked, r"what must `count_vowels` give\?")
    office.kill()
    choices = dict(re.findall(r"^(\d)\. `(\d+)`", question["msg"], re.MULTILINE))
    call = re.search(r'text = "([^"]*)"', question["msg"])
    assert call is not None
    right = next(
        number for number, value in choices.items() if int(value) == sum(c in "aeiou" for c in call[1].lower())
    )
    fake.says("bob", "general", "7", tmid=asked)
    fake.says("ann", "general", right, tmid=asked)
    office.start()
    office.until(asked, r"I need `text`")
    fake.go_away(2.0)
    fake.heal()
    fake.says("ann", "general", "Queue up", tmid=asked)
    answer = office.until(asked, r"\*\*count_vowels\*\* 1\.0\.0 · `?5")
    assert "verified: " in answer["msg"]
    petition = office.until(asked, "👍 to approve")
    assert "wants to go into production" in petition["msg"]
    fake.reacts("bob", petition["_id"], ":+1:")
    office.kill()
    fake.reacts("ada", petition["_id"], ":+1:")
    office.start()
    office.until(asked, r"Approved by `rocketchat:ada`")
    assert office.home.json("functions", "show", "count_vowels")["status"] == "production"

    second = fake.says("bob", "general", f"@kowal {WISH}", file=("note.txt", b"To be or not to be"))
    office.until(second, r"\*\*count_vowels\*\* 1\.0\.0 · `?6")
    commands = fake.says("bob", "general", "@kowal pokaż count_vowels")
    office.until(commands, "count_vowels")
    time.sleep(1)
    for message, most in ((asked, 4), (second, 2), (commands, 1)):
        assert len(office.thread(message)) <= most, office.told()
        assert len({each["msg"] for each in office.thread(message)}) == len(office.thread(message))
    assert len(office.home.json("tasks", "list")) == 2
    assert PASSWORD not in office.told()
    said = stable("\n".join(each["msg"] for each in fake.messages("general")))
    assert [line for line in transcript() if line not in said] == []


ROOMS, THREADS, IN_THREAD = 20, 10, 5
"""1,000 messages: half an hour of a busy company."""


@pytest.fixture
def company(home, tmp_path: Path) -> Iterator[Office]:
    """Twenty rooms, each with somebody in it."""
    people = tuple(User(username=f"user{number}") for number in range(ROOMS))
    kowal = User(username="kowal", roles=("bot", "user"), password=PASSWORD)
    rooms = tuple(Room(name=f"room{number}", members=(f"user{number}", "kowal")) for number in range(ROOMS))
    world = World(users=(kowal, *people), rooms=rooms, permissions=WORLD.permissions)
    with reading_model() as models, FakeRocketChat(world) as fake:
        section = {"url": fake.url, "user": "kowal", "password": PASSWORD, "a_minute": 100_000}
        chat = json.dumps({"rocketchat": section})
        served = home.with_(
            OLLAMA_HOST=models.url, KOWAL_CHAT=chat, KOWAL_TASKS__WORKERS="2", KOWAL_TASKS__A_WORKER="4"
        )
        opened = Office(served, fake, tmp_path, "room0")
        yield opened
        opened.end()


def test_a_thousand_messages_in_twenty_rooms_are_each_answered_once_in_order(company: Office) -> None:
    """While frames come twice, late or never, lines are cut, the server is away, and all of Kowal is killed."""
    fake, asked = company.fake, dict[str, list[str]]()
    company.waited(lambda: "kowal" in fake.listeners)
    fake.unruly(7, duplicate=0.1, reorder=0.1)
    number = 0
    for turn in range(THREADS * IN_THREAD):
        for room in range(ROOMS):
            number += 1
            text = f"@kowal {ASKED.format(number=number)}"
            thread = list(asked)[-ROOMS:][room] if turn % IN_THREAD else ""
            said = fake.says(f"user{room}", f"room{room}", text, tmid=thread)
            asked.setdefault(thread or said, []).append(f"number-{number}-of-all")
        time.sleep(0.3)
        if turn % 10 == 4:
            fake.drop_connections()
        if turn == 20:
            fake.go_away(2.0)
        if turn == 30:
            company.kill()
            company.start()
    fake.heal()
    company.waited(lambda: "kowal" in fake.listeners)
    fake.drop_connections()
    answered = 0
    deadline = time.monotonic() + 240
    while answered < number:
        assert time.monotonic() < deadline, f"{answered} of {number} are answered\n{company.told()}"
        time.sleep(0.5)
        answered = sum("**slugify**" in each["msg"] for thread in asked for each in company.thread(thread))
    for thread, wanted in asked.items():
        got = [re.search(r"number-\d+-of-all", each["msg"]) for each in company.thread(thread)]
        assert [each and each[0] for each in got] == wanted, company.thread(thread)
