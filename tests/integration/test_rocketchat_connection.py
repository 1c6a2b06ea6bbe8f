"""How the channel reaches a server: certificates, proxies, paths, and servers that say nonsense or nothing."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from network import Proxy
from websockets.sync.server import ServerConnection, serve

from agent.errors import ChannelRefused, ChannelUnavailable
from agent.talking.channel import Heard
from integrations.chat._rocketchat_ddp import Stream
from integrations.chat.fake_rocketchat import FakeRocketChat
from integrations.chat.rocketchat import CHANNEL


def section_of(fake: FakeRocketChat, **more: Any) -> dict[str, Any]:
    """The settings for a server."""
    return {"url": fake.url, "user_id": fake.id_of("kowal"), "token": "kowal-token"} | more


def hears(fake: FakeRocketChat, section: dict[str, Any]) -> None:
    """It logs in, opens the stream, and hears what is said through it."""
    with closing(CHANNEL.open(section)) as channel:
        assert channel.status().available, channel.status()
        start = datetime.now(UTC)
        channel.listen(lambda: start)
        ends = time.monotonic() + 60
        while "kowal" not in fake.listeners:
            assert time.monotonic() < ends
            time.sleep(0.02)
        message = fake.says("ann", "general", "@kowal hello")
        while not (isinstance(found := channel.next(1), Heard) and found.id == message):
            assert time.monotonic() < ends
        fake.says("ann", "general", "look", file=("a.txt", b"data"))
        while not (isinstance(found := channel.next(1), Heard) and found.attachments):
            assert time.monotonic() < ends
        assert channel.fetch(found.attachments[0], 10) == b"data"


def test_a_server_below_a_path_is_reached():
    """REST, the stream and files, all below it."""
    with FakeRocketChat(prefix="/chat/ours") as fake:
        hears(fake, section_of(fake, url=f"{fake.url}/"))


def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(certificate):
    """With `ca_file` all works; without it nothing does, and it says so."""
    with FakeRocketChat(certificate=certificate) as fake:
        hears(fake, section_of(fake, ca_file=str(certificate[0])))
        with closing(CHANNEL.open(section_of(fake))) as channel:
            status = channel.status()
            assert not status.available
            assert "certificate" in status.detail
            assert "ca_file" in status.advice
        with pytest.raises(ChannelUnavailable):
            Stream(fake.url)


def test_a_proxy_is_used_where_the_environment_names_one(monkeypatch):
    """For REST and for the stream."""
    with FakeRocketChat() as fake, closing(Proxy()) as proxy:
        for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        hears(fake, section_of(fake))
        assert any(asked.startswith("GET http://") for asked in proxy.asked)
        assert f"CONNECT 127.0.0.1:{fake.port}" in proxy.asked


@contextmanager
def speaking(act: Callable[[ServerConnection], object]) -> Iterator[str]:
    """A server of a stream that does this with whoever comes; its base URL."""
    with serve(act, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


NONSENSE = ["", "not json", "[]", "null", '{"msg":', '{"msg":7}', "\x00", "[" * 5000, '{"msg":"changed","fields":[]}',
            '{"msg":"changed","fields":{"eventName":"__my_messages__","args":"x"}}',
            '{"msg":"changed","fields":{"eventName":"__my_messages__","args":[null]}}']  # fmt: skip


def polite(then: Callable[[ServerConnection], object]) -> Callable[[ServerConnection], None]:
    """A server that answers as it should until all is begun, with nonsense in between."""

    def act(line: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            for raw in line:
                said = json.loads(raw)
                for nonsense in NONSENSE:
                    line.send(nonsense)
                if said["msg"] == "connect":
                    line.send('{"server_id":"0"}')
                    line.send('{"msg":"connected","session":"x"}')
                elif said["msg"] == "method":
                    line.send(json.dumps({"msg": "result", "id": "another", "error": {}}))
                    line.send(json.dumps({"msg": "result", "id": said["id"], "result": {}}))
                elif said["msg"] == "sub":
                    line.send(json.dumps({"msg": "ready", "subs": [said["id"]]}))
                    then(line)

    return act


def test_nonsense_is_let_pass():
    """Frames that are none, of other kinds and shapes: what is said comes all the same, and pings are answered."""
    answers: list[str] = []

    def talk(line: ServerConnection) -> None:
        for nonsense in NONSENSE:
            line.send(nonsense)
        line.send('{"msg":"ping","id":"seven"}')
        line.send('{"msg":"ping"}')
        answers.extend(str(line.recv(5)) for _ in range(2))
        frame = {"eventName": "__my_messages__", "args": [{"_id": "m"}, {"roomType": "c"}]}
        line.send(json.dumps({"msg": "changed", "collection": "stream-room-messages", "fields": frame}))

    with speaking(polite(talk)) as url, Stream(url) as stream:
        stream.begin("a-token")
        assert next(stream.said()) == ({"_id": "m"}, {"roomType": "c"})
    assert [json.loads(answer) for answer in answers] == [{"msg": "pong", "id": "seven"}, {"msg": "pong"}]


def test_a_server_that_falls_silent_is_given_up():
    """It is asked for a sign of life first; one that gives it is listened to."""
    asked: list[str] = []

    def silent(line: ServerConnection) -> None:
        asked.append(str(line.recv(5)))
        line.send('{"msg":"pong"}')
        asked.append(str(line.recv(5)))
        time.sleep(5)

    with speaking(polite(silent)) as url, Stream(url, heartbeat_s=0.6) as stream:
        stream.begin("a-token")
        started = time.monotonic()
        with pytest.raises(ChannelUnavailable, match="silent"):
            next(stream.said())
        assert time.monotonic() - started > 0.8
    assert [json.loads(ask)["msg"] for ask in asked] == ["ping", "ping"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ('{"msg":"failed","version":"pre1"}', ChannelRefused),
        ('{"msg":"error","reason":"no"}', ChannelRefused),
    ],
)
def test_a_stream_that_refuses_says_so(answer, kind):
    """Another protocol version, an error: an error of ours without the token."""

    def act(line: ServerConnection) -> None:
        line.recv(5)
        line.send(answer)
        line.recv(5)

    with speaking(act) as url, Stream(url) as stream, pytest.raises(kind) as caught:
        stream.begin("a-token")
    assert "a-token" not in f"{caught.value!r} {caught.value.advice}"


def test_a_stream_that_leads_elsewhere_gets_no_token():
    """A redirect to another host is followed by the library; nothing is said there."""
    heard: list[Any] = []

    def listen(line: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            heard.append(line.recv(1))

    with speaking(listen) as there:
        port = there.rpartition(":")[2]
        with socket.create_server(("127.0.0.1", 0)) as front:

            def redirect() -> None:
                line, _ = front.accept()
                with line:
                    line.recv(65536)
                    line.sendall(
                        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ws://localhost:%s/x\r\n\r\n"
                        % port.encode()
                    )

            threading.Thread(target=redirect, daemon=True).start()
            with pytest.raises(ChannelUnavailable):
                Stream(f"http://127.0.0.1:{front.getsockname()[1]}")
    assert heard == []


def test_what_is_no_rocketchat_is_named():
    """A page in place of JSON, JSON of another kind: the address is told, and what it should be."""

    def answer(body: bytes, kind: str) -> Iterator[str]:
        server = socket.create_server(("127.0.0.1", 0))

        def reply() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = server.accept()
                    with line:
                        line.recv(65536)
                        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                        line.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)

        threading.Thread(target=reply, daemon=True).start()
        with server:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"

    for body, kind in [(b"<html>hello</html>", "text/html"), (b"[]", "application/json"), (b'"x"', "application/json"),
                       (b'{"success": true}', "application/json"), (b"\xff\xfe", "application/json")]:  # fmt: skip
        for url in answer(body, kind):
            with closing(CHANNEL.open({"url": url, "user_id": "u", "token": "a-token"})) as channel:
                with pytest.raises((ChannelUnavailable, ChannelRefused)) as caught:
                    _ = channel.us
                assert caught.value.advice
                assert not channel.status().available
