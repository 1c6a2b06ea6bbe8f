"""`kowal init rocketchat` as a user types it, against a server that stands in, and what the doctor says of it."""

import json
import stat
import tomllib
from collections.abc import Iterator

import pytest

from agent.cli.init_channel import init_channel
from agent.errors import BadSettings, BadTask, ChannelError
from integrations.chat.fake_rocketchat import FakeRocketChat, User, World
from integrations.chat.rocketchat import CHANNEL

PASSWORD = 'a "pass" word with ümläut \\ and #'
USERS = (User(username="kowal", roles=("bot", "user"), password=PASSWORD, token="pat-of-kowal"), User(username="ann"))


@pytest.fixture
def fake() -> Iterator[FakeRocketChat]:
    """A server with an account for Kowal."""
    with FakeRocketChat(World(users=USERS, rooms=())) as server:
        yield server


def section_in(home) -> dict[str, str]:
    """What the settings file says of the chat."""
    found: dict[str, str] = tomllib.loads((home.folder / "kowal.toml").read_text())["chat"]["rocketchat"]
    return found


def test_a_token_is_tried_and_written(bare, fake):
    """What was in the file stays; the token lies in a file that only its owner reads, and nowhere else."""
    (bare.folder / "kowal.toml").write_text('# mine\ncandidates = 3\n[llm.ollama]\nhost = "http://h:1"')
    told = bare.json(
        "init", "rocketchat", "--set", f"url={fake.url}/", "--set", f"user_id={fake.id_of('kowal')}",
        "--set", "token=pat-of-kowal",
    )  # fmt: skip
    assert "as kowal; with the role `bot`" in told["status"]
    text = (bare.folder / "kowal.toml").read_text()
    assert text.startswith('# mine\ncandidates = 3\n[llm.ollama]\nhost = "http://h:1"\n')
    place = bare.folder / "rocketchat-token"
    assert section_in(bare) == {
        "url": f"{fake.url}/", "user_id": fake.id_of("kowal"), "token_file": str(place),
    }  # fmt: skip
    assert place.read_text() == "pat-of-kowal\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert "pat-of-kowal" not in text + json.dumps(told)
    parts = {part["part"]: part for part in json.loads(bare.run_any("doctor", "--json").stdout)}
    assert parts["chat rocketchat"]["ok"]
    assert "as kowal" in parts["chat rocketchat"]["detail"]
    again = bare.run("init", "rocketchat", "--set", f"url={fake.url}", code=2)
    assert "already" in again.stderr
    assert (bare.folder / "kowal.toml").read_text() == text


def test_the_person_at_the_terminal_is_asked(bare, fake, terminal):
    """What it needs and no more: the password is not shown as it is typed, and works with all its signs."""
    asked = terminal(bare, "init", "rocketchat")
    answers = {"url": fake.url, "user": "kowal", "password": PASSWORD, "totp_secret": ""}
    questions = dict(CHANNEL.questions)
    for key, answer in answers.items():
        asked.until(f"{questions[key]}: ")  # the space comes once what is typed does not show
        asked.types(answer)
    code, told = asked.end()
    assert code == 0, asked.seen
    assert "as kowal" in told
    assert "kowal serve" in told
    assert questions["token"] not in asked.seen
    assert PASSWORD not in asked.seen + told
    assert section_in(bare)["user"] == "kowal"
    assert (bare.folder / "rocketchat-password").read_text() == f"{PASSWORD}\n"


def test_what_does_not_work_is_not_written(bare, fake, monkeypatch):
    """A wrong password, nobody there, a key that is none, nothing said: why, and nothing is left behind."""
    who = ["user=kowal", "password=wrong-word-of-kowal"]
    said = bare.run("init", "rocketchat", *(f"--set={word}" for word in [f"url={fake.url}", *who]), code=11)
    assert "refuses our login" in said.stderr.replace("\n", " ")
    assert "Nothing was written" in said.stderr
    assert "wrong-word-of-kowal" not in said.stdout + said.stderr
    assert "--set is for a chat or a code host" in bare.run("init", "--set", "url=x", code=2).stderr
    monkeypatch.setenv("KOWAL_SETTINGS", bare.environment["KOWAL_SETTINGS"])
    for name, words, kind, word in [
        ("rocketchat", ["url=http://127.0.0.1:9", *who], ChannelError, "does not answer"),
        ("rocketchat", [f"url={fake.url}", "usr=x"], BadSettings, "usr"),
        ("rocketchat", ["url"], BadTask, "KEY=VALUE"),
        ("rocketchat", [], BadSettings, "url"),
        ("slack", [], BadSettings, "rocketchat"),
    ]:
        with pytest.raises(kind, match=word) as caught:
            init_channel(name, words, json_output=True)
        assert "wrong-word-of-kowal" not in f"{caught.value} {caught.value.advice}"
    assert not (bare.folder / "kowal.toml").exists()
    assert not list(bare.folder.glob("rocketchat-*"))


def test_the_doctor_looks_at_chats(bare, fake):
    """One that is not set up is no fault; one that does not answer, or that nobody knows, is."""
    parts = {part["part"]: part for part in json.loads(bare.run_any("doctor", "--json").stdout)}
    assert not parts["chat rocketchat"]["needed"]
    assert "kowal init rocketchat" in parts["chat rocketchat"]["detail"]
    (bare.folder / "kowal.toml").write_text(
        '[chat.rocketchat]\nurl = "http://127.0.0.1:9"\nuser_id = "u"\ntoken = "the-token-itself"\n[chat.nowhere]\n'
    )
    said = bare.run_any("doctor", "--json").stdout
    parts = {part["part"]: part for part in json.loads(said)}
    assert [parts[name]["ok"] for name in ("chat rocketchat", "chat nowhere")] == [False, False]
    assert parts["chat rocketchat"]["needed"]
    assert "127.0.0.1:9" in parts["chat rocketchat"]["detail"]
    assert "the-token-itself" not in said
