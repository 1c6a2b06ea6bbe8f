"""Webhooks through the HTTP service: handed on to the real receivers of a stand-in's GitLab and Rocket.Chat parts."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from network import free_port

from agent.config import load_settings
from agent.hosting.host import IssueSeen
from agent.types import ignore
from integrations.chat._rocketchat_settings import RocketChatConfig
from integrations.chat._rocketchat_webhook import application as chat_application
from integrations.codehost._gitlab_webhook import application as gitlab_application
from integrations.codehost.fake_gitlab import FakeGitLab, Group, Project, User, World
from integrations.codehost.gitlab import HOST
from integrations.http.answering import answer_problems
from integrations.http.guard import House, guarded
from integrations.http.server import Server, listening
from integrations.http.webhooks import CHAT_PORT, Handing, Hook, add_webhooks, hooks_of
from integrations.receiver import open_receiver

SECRET = "the-hooks-own-word"
WORLD = World(
    users=(User(username="kowal", bot=True, token="kowal-token"), User(username="ann", token="ann-token")),
    groups=(Group(path="tools", members={"ann": 40, "kowal": 40}),),
    projects=(Project(path="tools/forge"),),
)
ISSUE = {"object_kind": "issue", "project": {"id": 1}, "object_attributes": {"iid": 1}}
Served = Callable[..., httpx.Client]


@pytest.fixture
def served() -> Iterator[Served]:
    """Serves the webhooks of these hooks; gives a client of the service."""
    with ExitStack() as stack:

        def serve(**hooks: Hook) -> httpx.Client:
            app = FastAPI()
            answer_problems(app, ignore)
            add_webhooks(app, Handing(hooks))
            whole = guarded(app, House(max_body_bytes=16 << 20), ignore)
            server = stack.enter_context(closing(Server(whole, listening("127.0.0.1", 0))))
            client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}/hooks", trust_env=False, timeout=20)
            return stack.enter_context(client)

        yield serve


def test_an_issue_comes_through(served: Served) -> None:
    """What happens in GitLab is heard by the part behind, though the server knows the service's address alone."""
    port = free_port()
    client = served(gitlab=Hook(host="127.0.0.1", port=port))
    with FakeGitLab(WORLD) as fake:
        section = {"url": fake.url, "token": "kowal-token", "poll_s": 3600, "webhook_port": port,
                   "webhook_secret": SECRET}  # fmt: skip
        with closing(HOST.open(section)) as host:
            host.watch(list)
            host.listen(lambda: datetime.now(UTC) - timedelta(seconds=1))
            HOST.hook(section | {"projects": ["tools"]}, f"{client.base_url}gitlab")
            while host.next(0.5) is not None:
                continue
            fake.creates_issue("ann", "tools/forge", "x", "x", assignees=["kowal"])
            ends = time.monotonic() + 60
            while not isinstance(host.next(0.1), IssueSeen):
                assert time.monotonic() < ends
        assert {each.status for each in fake.delivered} == {200}


def test_nothing_is_weakened(served: Served) -> None:
    """A wrong word is refused by the part, a right one heard; a body comes through as it is."""
    heard: list[object] = []
    with closing(open_receiver(gitlab_application(SECRET, "", heard.append), "127.0.0.1", 0)) as receiver:
        client = served(gitlab=Hook(host="127.0.0.1", port=receiver.port))
        assert client.post("/gitlab", json=ISSUE).status_code == 401
        assert client.post("/gitlab", json=ISSUE, headers={"X-Gitlab-Token": "x"}).status_code == 401
        assert heard == []
        right = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event-UUID": "1"}
        assert client.post("/gitlab", json=ISSUE, headers=right).status_code == 200
        assert client.post("/gitlab", json=ISSUE, headers=right).status_code == 200
        assert len(heard) == 1
        assert client.post("/gitlab", content=b"no json", headers=right).status_code == 200
        assert client.post("/gitlab", content=b"x" * (9 << 20), headers=right).status_code == 413
        assert client.get("/gitlab").status_code == 405


def test_a_chats_message_comes_through(served: Served) -> None:
    """The word in the body counts, and the answer posts nothing."""
    heard: list[str] = []
    with closing(open_receiver(chat_application(SECRET, heard.append), "127.0.0.1", 0)) as receiver:
        client = served(rocketchat=Hook(host="127.0.0.1", port=receiver.port))
        assert client.post("/rocketchat", json={"token": "x", "message_id": "m1"}).status_code == 401
        said = client.post("/rocketchat", json={"token": SECRET, "message_id": "m1"})
        assert (said.status_code, said.json(), heard) == (200, {}, ["m1"])


def test_a_part_that_is_away_is_told_as_such(served: Served) -> None:
    """503 with when to come again, and what is not lost; a name without a part is 404."""
    client = served(gitlab=Hook(host="127.0.0.1", port=free_port()))
    answer = client.post("/gitlab", json=ISSUE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "looks for what it missed" in answer.json()["kept"]
    assert client.post("/other", json=ISSUE).status_code == 404


def test_many_at_once_are_handed_on(served: Served) -> None:
    """Two hundred from eight lines: each is heard, and answered."""
    heard: list[object] = []
    with closing(open_receiver(gitlab_application(SECRET, "", heard.append), "127.0.0.1", 0)) as receiver:
        client = served(gitlab=Hook(host="127.0.0.1", port=receiver.port))

        def post(number: int) -> int:
            headers = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event-UUID": str(number)}
            return client.post("/gitlab", json=ISSUE, headers=headers).status_code

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(post, range(200))) == {200}
    assert len(heard) == 200


def test_only_what_is_heard_has_an_address() -> None:
    """A section without a port, a chat that does not listen by webhook, and a wrong port have none."""
    settings = load_settings(
        chat={
            "a": {"listen": "webhook"},
            "b": {"listen": "realtime", "webhook_port": 1},
            "c": {"listen": "webhook", "webhook_port": "12", "webhook_host": "::"},
        },
        codehost={"d": {}, "e": {"webhook_port": 8473, "webhook_host": "0.0.0.0"}, "f": {"webhook_port": "x"}},
    )
    assert hooks_of(settings) == {
        "a": Hook(host="127.0.0.1", port=CHAT_PORT), "c": Hook(host="::1", port=12),
        "e": Hook(host="127.0.0.1", port=8473),
    }  # fmt: skip
    assert Hook(host="::1", port=12).url == "http://[::1]:12/"
    assert RocketChatConfig.model_fields["webhook_port"].default == CHAT_PORT
