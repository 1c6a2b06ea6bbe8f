"""How the code host reaches a server: certificates, proxies, paths, and servers that say nonsense or nothing."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from network import Proxy

from agent.errors import ChannelError, ChannelRefused, ChannelUnavailable
from agent.hosting.host import IssueSeen
from agent.talking.channel import Letter
from integrations.codehost.fake_gitlab import FakeGitLab, Project, World
from integrations.codehost.gitlab import HOST

FORGE = "tools/forge"
TOKEN = "kowal-token"


def works(fake: FakeGitLab, **more: Any) -> None:
    """It says who it is, hears of an issue, fetches its file, and says something under it."""
    with closing(HOST.open({"url": fake.url, "token": TOKEN, "poll_s": 0.1} | more)) as host:
        assert host.status().available, host.status()
        start = datetime.now(UTC)
        host.listen(lambda: start)
        fake.creates_issue("ann", FORGE, "x", "y", assignees=["kowal"], files={"a.txt": b"data"})
        ends = time.monotonic() + 60
        while not isinstance(found := host.next(1), IssueSeen):
            assert time.monotonic() < ends
        assert host.fetch(found.issue.attachments[0], 10) == b"data"
        with pytest.raises(ChannelRefused, match="3 bytes"):
            host.fetch(found.issue.attachments[0], 3)
        place = found.issue.place
        host.say(Letter(key="ab" * 32, room=place.room, thread=place.thread, text="hello"))
        assert fake.notes(FORGE, 1)[0]["body"].startswith("hello")


def test_a_server_below_a_path_is_reached():
    """Whatever it thinks its own address is."""
    with FakeGitLab(prefix="/git/ours") as fake:
        works(fake, url=f"{fake.url}/")


def test_a_server_that_thinks_it_is_elsewhere_is_read_page_by_page():
    """The next page is asked for where we know the server to be: projects come by keyset, by the server's links."""
    projects = tuple(Project(path=f"tools/p{number}", members={"kowal": 40}, empty=True) for number in range(105))
    with FakeGitLab(World(projects=projects)) as fake:
        fake.state.url = "http://git.invalid/elsewhere"
        lines = HOST.hook({"url": fake.url, "token": TOKEN, "webhook_secret": "s"}, "http://kowal.example/")
        assert len(lines) == len(set(lines)) == 105


def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(certificate):
    """With `ca_file` all works; without it nothing does, and it says so."""
    with FakeGitLab(certificate=certificate) as fake:
        works(fake, ca_file=str(certificate[0]))
        with closing(HOST.open({"url": fake.url, "token": TOKEN})) as host:
            status = host.status()
            assert not status.available
            assert "certificate" in status.detail
            assert "ca_file" in status.advice


def test_a_proxy_is_used_where_one_is_named(certificate, monkeypatch):
    """By plain requests and by CONNECT, in the place of that of the environment; its password is not told."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FakeGitLab() as fake, closing(Proxy()) as proxy:
        works(fake, proxy=proxy.url)
        assert any(asked.startswith("GET http://") for asked in proxy.asked)
    with FakeGitLab(certificate=certificate) as fake, closing(Proxy()) as proxy:
        works(fake, proxy=proxy.url, ca_file=str(certificate[0]))
        assert f"CONNECT localhost:{fake.port}" in proxy.asked
        with closing(HOST.open({"url": fake.url, "token": TOKEN, "proxy": "http://us:pass-word@127.0.0.1:9"})) as host:
            with pytest.raises(ChannelUnavailable) as caught:
                host.room_of(FORGE)
            assert "pass-word" not in f"{caught.value!r} {caught.value.advice} {host.status()} {host!r}"


@contextmanager
def answering(answer: bytes, *, then_silent: bool = False) -> Iterator[str]:
    """A server that says this to whoever comes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as front:

        def serve() -> None:
            while True:
                try:
                    line, _ = front.accept()
                except OSError:
                    return
                with line:
                    line.recv(65536)
                    line.sendall(answer)
                    if then_silent:
                        time.sleep(3)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{front.getsockname()[1]}"


def reply(status: str, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    """A reply of HTTP."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (reply("200 OK", b"<html>Sign in</html>", "text/html"), "as GitLab does"),
        (reply("302 Found", b"", more="Location: https://login.example/\r\n"), "as GitLab does"),
        (reply("200 OK", b"[1, 2"), "as GitLab does"),
        (reply("200 OK", b"[]"), "as GitLab does"),
        (reply("502 Bad Gateway", b"<html>nginx</html>", "text/html"), "502"),
        (reply("200 OK", b"{}"), "no project"),
        (b"nonsense\r\n\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
def test_a_server_that_is_none_is_told_from_gitlab(answer, word):
    """Pages for people, logins that lead elsewhere, proxies, nonsense: an error of ours with what to do about it."""
    with answering(answer) as url, closing(HOST.open({"url": url, "token": TOKEN})) as host:
        with pytest.raises(ChannelError) as caught:
            host.room_of(FORGE)
        assert word in str(caught.value)
        assert caught.value.advice
        assert "<html" not in str(caught.value)
        assert not host.status().available


@pytest.mark.alone
def test_nobody_waits_for_long():
    """Neither for a server that is silent nor for one that never ends; the status takes a few seconds at most."""
    silent = answering(b"HTTP/1.1 200 OK\r\n", then_silent=True)
    with silent as url, closing(HOST.open({"url": url, "token": TOKEN})) as host:
        started = time.monotonic()
        assert not host.status().available
        assert time.monotonic() - started < 5


def test_a_token_that_lacks_its_scope_is_told():
    """As what it is: a token to be made anew."""
    body = b'{"error":"insufficient_scope","error_description":"The request requires higher privileges"}'
    with answering(reply("403 Forbidden", body)) as url, closing(HOST.open({"url": url, "token": TOKEN})) as host:
        with pytest.raises(ChannelRefused) as caught:
            host.room_of(FORGE)
        assert "scope `api`" in caught.value.advice


def test_a_redirect_gets_no_token():
    """Where a server leads elsewhere, nothing is asked there."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as there:

        def listen() -> None:
            with contextlib.suppress(OSError):
                line, _ = there.accept()
                asked.append(line.recv(65536))

        threading.Thread(target=listen, daemon=True).start()
        target = f"Location: http://127.0.0.1:{there.getsockname()[1]}/\r\n"
        leading = answering(reply("307 Elsewhere", b"", more=target))
        with (
            leading as url,
            closing(HOST.open({"url": url, "token": TOKEN})) as host,
            pytest.raises(ChannelUnavailable),
        ):
            host.room_of(FORGE)
        time.sleep(0.2)
    assert asked == []


def test_opening_asks_nobody():
    """Neither the host nor what functions may do looks at the server; what does then is unavailable."""
    section = {"url": "http://127.0.0.1:9", "token": TOKEN}
    with closing(HOST.open(section)) as host:
        actions = HOST.actions(section)
        for ask in (lambda: host.us, lambda: host.room_of("x/y"), lambda: actions.create_issue("x/y", "t", "", [])):
            with pytest.raises(ChannelUnavailable):
                ask()
        assert host.name == HOST.name == "gitlab"
        with pytest.raises(ChannelUnavailable, match="listen"):
            host.next(0)
