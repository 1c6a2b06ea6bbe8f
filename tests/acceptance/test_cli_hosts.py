"""`kowal init gitlab` as a user types it, against a server that stands in, and what the doctor says of it."""

import json
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.cli.init_channel import WEBHOOK_PORT, WEBHOOK_QUESTION, init_channel
from agent.errors import BadSettings, BadTask, ChannelError, ChannelUnavailable
from integrations.codehost._fake_gitlab_world import DEVELOPER, MAINTAINER
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, World
from integrations.codehost.gitlab import HOST

TOKEN = "kowal-token"
HOOK = "https://kowal.example.org/gitlab"


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    """A server with a project where Kowal may make webhooks, and one where it may not."""
    projects = (
        Project(path="tools/forge", members={"kowal": MAINTAINER}),
        Project(path="tools/other", members={"kowal": DEVELOPER}),
    )
    with FakeGitLab(World(groups=(Group(path="tools"),), projects=projects)) as server:
        yield server


def section(fake: FakeGitLab, more: str = "") -> str:
    """A section of the settings that works."""
    return f'[codehost.gitlab]\nurl = "{fake.url}"\ntoken = "{TOKEN}"\n{more}\n'


def section_in(home) -> dict[str, Any]:
    """What the settings file says of the host."""
    found: dict[str, Any] = tomllib.loads((home.folder / "kowal.toml").read_text())["codehost"]["gitlab"]
    return found


def hooks_of(fake: FakeGitLab, project: str) -> list[Any]:
    """The webhooks of a project."""
    with fake.state.lock:
        return list(fake._place(project).hooks.values())


def part_of(home, name: str) -> dict[str, Any]:
    """What the doctor says of one part."""
    parts = json.loads(home.run_any("doctor", "--json").stdout)
    return next(part for part in parts if part["part"] == name)


def test_a_token_is_tried_and_written_and_webhooks_are_made(bare, fake):
    """What was in the file stays; secrets lie in files that only their owner reads, the webhook's is made anew."""
    (bare.folder / "kowal.toml").write_text("candidates = 3")
    told = bare.json(
        "init", "gitlab", "--set", f"url={fake.url}/", "--set", f"token={TOKEN}",
        "--set", "projects=tools/forge, tools/other", "--set", f"webhook_url={HOOK}",
    )  # fmt: skip
    assert "as kowal" in told["status"]
    assert [line.split(":")[0] for line in told["webhooks"]] == ["tools/forge", "tools/other"]
    assert "is made" in told["webhooks"][0]
    assert "maintainer" in told["webhooks"][1]
    token, secret = bare.folder / "gitlab-token", bare.folder / "gitlab-webhook-secret"
    assert section_in(bare) == told["section"] == {
        "url": f"{fake.url}/", "projects": ["tools/forge", "tools/other"], "webhook_port": WEBHOOK_PORT,
        "token_file": str(token), "webhook_secret_file": str(secret),
    }  # fmt: skip
    assert token.read_text() == f"{TOKEN}\n"
    word = secret.read_text().strip()
    assert len(word) >= 32
    assert {stat.S_IMODE(place.stat().st_mode) for place in (token, secret)} == {0o600}
    assert TOKEN not in json.dumps(told)
    assert word not in json.dumps(told)
    (hook,) = hooks_of(fake, "tools/forge")
    assert (hook["url"], hook["token"]) == (HOOK, word)
    assert hooks_of(fake, "tools/other") == []
    found = part_of(bare, "codehost gitlab")
    assert (found["ok"], found["needed"]) == (True, True)
    assert "as kowal" in found["detail"]
    text = (bare.folder / "kowal.toml").read_text()
    assert "already" in bare.run("init", "gitlab", "--set", f"url={fake.url}", code=2).stderr
    assert (bare.folder / "kowal.toml").read_text() == text


def test_the_person_at_the_terminal_is_asked(bare, fake, terminal):
    """Address, token, projects, webhooks, in this order; the token is not shown as it is typed."""
    asked = terminal(bare, "init", "gitlab")
    questions = dict(HOST.questions)
    for key, answer in {"url": fake.url, "token": TOKEN, "projects": "tools/forge,tools/gone"}.items():
        asked.until(f"{questions[key]}: ")
        asked.types(answer)
    asked.until(WEBHOOK_QUESTION[-30:])
    asked.types("")
    code, told = asked.end()
    assert code == 0, asked.seen
    assert "as kowal" in told
    assert "kowal serve" in told
    assert TOKEN not in asked.seen + told
    assert "Make Kowal's account a member" in " ".join(told.split())
    assert section_in(bare)["projects"] == ["tools/forge", "tools/gone"]
    assert "webhook_port" not in section_in(bare)
    assert hooks_of(fake, "tools/forge") == []


def test_who_hears_webhooks_is_told_where(bare, fake):
    """Where Kowal listens may be said beforehand, and so may the secret."""
    word = "a-secret-of-my-own"
    said = bare.run(
        "init", "gitlab", *(f"--set={each}" for each in (
            f"url={fake.url}", f"token={TOKEN}", "projects=tools/forge", "webhook_url=http://kowal.example.org:9000/",
            "webhook_host=0.0.0.0", "webhook_port=9000", f"webhook_secret={word}",
        )),
    ).stdout  # fmt: skip
    assert "tools/forge: the webhook is made" in said
    assert "hears webhooks at 0.0.0.0:9000" in said
    assert word not in said
    assert [hook["token"] for hook in hooks_of(fake, "tools/forge")] == [word]


def test_what_does_not_work_is_not_written(bare, fake, monkeypatch):
    """A wrong token, nobody there, a key that is none, an address that is none: why, and nothing is left behind."""
    monkeypatch.setenv("KOWAL_SETTINGS", bare.environment["KOWAL_SETTINGS"])
    ours = [f"url={fake.url}", f"token={TOKEN}"]
    for name, words, kind, word in [
        ("gitlab", [f"url={fake.url}", "token=wrong-word-of-kowal"], ChannelError, "login|token"),
        ("gitlab", ["url=http://127.0.0.1:9", "token=wrong-word-of-kowal"], ChannelError, "127.0.0.1:9"),
        ("gitlab", [*ours, "usr=x"], BadSettings, "usr"),
        ("gitlab", [*ours, "a_minute=none"], BadSettings, "codehost.gitlab.a_minute"),
        ("gitlab", [*ours, "webhook_url=kowal.example.org"], BadTask, "is not where a server reaches"),
        ("gitlab", [], BadSettings, "url"),
        ("github", [], BadSettings, "rocketchat, gitlab"),
    ]:
        with pytest.raises(kind, match=word) as caught:
            init_channel(name, words, json_output=True)
        assert "wrong-word-of-kowal" not in f"{caught.value} {caught.value.advice}"
    assert not (bare.folder / "kowal.toml").exists()
    assert not list(bare.folder.glob("gitlab-*"))
    assert hooks_of(fake, "tools/forge") == []


def test_nothing_is_written_where_webhooks_cannot_be_made(bare, fake, monkeypatch):
    """The server went away meanwhile: repeating the command does all of it."""
    monkeypatch.setenv("KOWAL_SETTINGS", bare.environment["KOWAL_SETTINGS"])
    words = [f"url={fake.url}", f"token={TOKEN}", f"webhook_url={HOOK}"]

    def away(section: object, url: str) -> list[str]:
        raise ChannelUnavailable(f"{url} is not made")

    monkeypatch.setattr("agent.cli.init_channel.load", lambda *_: replace(HOST, hook=away))
    with pytest.raises(ChannelError, match="No webhook could be made") as caught:
        init_channel("gitlab", words, json_output=True)
    assert "Nothing was written" in caught.value.kept
    assert not (bare.folder / "kowal.toml").exists()
    monkeypatch.undo()
    assert bare.run("init", "gitlab", *(f"--set={word}" for word in words)).stdout
    assert [hook["url"] for hook in hooks_of(fake, "tools/forge")] == [HOOK]


def test_the_doctor_looks_at_code_hosts(bare, fake):
    """One that is not set up is no fault; one that does not answer, or lacks the registry's project, is."""
    found = part_of(bare, "codehost gitlab")
    assert not found["needed"]
    assert "kowal init gitlab" in found["detail"]
    settings = bare.folder / "kowal.toml"
    settings.write_text(
        '[codehost.gitlab]\nurl = "http://127.0.0.1:9"\ntoken = "the-token-itself"\n[codehost.nowhere]\n'
    )
    said = bare.run_any("doctor", "--json").stdout
    parts = {part["part"]: part for part in json.loads(said)}
    assert [parts[name]["ok"] for name in ("codehost gitlab", "codehost nowhere")] == [False, False]
    assert parts["codehost gitlab"]["needed"]
    assert "127.0.0.1:9" in parts["codehost gitlab"]["detail"]
    assert "the-token-itself" not in said
    for project, is_there in (("tools/forge", True), ("tools/gone", False)):
        settings.write_text(
            f'[codehost.gitlab]\nurl = "{fake.url}"\ntoken = "{TOKEN}"\nregistry_project = "{project}"\n'
        )
        assert part_of(bare, "codehost gitlab")["ok"] is is_there


@pytest.mark.parametrize(("days", "advised"), [(90, False), (10, True)])
def test_the_doctor_tells_before_a_token_ends(bare, fake, days, advised):
    """Two weeks before it does: all is well still, and what to do is shown."""
    fake.expires("kowal", days=days)
    (bare.folder / "kowal.toml").write_text(section(fake))
    found = part_of(bare, "codehost gitlab")
    assert found["ok"]
    assert ("have a new one made" in found["advice"]) is advised
    shown = bare.run_any("doctor").stdout
    assert ("have a new one made" in " ".join(shown.split())) is advised
