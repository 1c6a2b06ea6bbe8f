"""Requests that really leave: names looked up once and checked, TLS, redirects, limits, and secrets on their way."""

import base64
import gzip
import inspect
import json
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpcore
import pytest

from agent.rights import outbound as outbound_module
from agent.rights.addresses import system_addresses
from agent.rights.grants import read_grants
from agent.rights.outbound import MOST_BYTES, Answered, Outbound, Outgoing, unpacked
from agent.rights.outcomes import AskFailed, AskRefused
from agent.rights.places import read_url
from agent.rights.secrets import Vault
from agent.rights.web import Web, read_http_ask

SECRET = "s3cr3t/value+42"
PUBLIC = "93.184.215.14"


class Server:
    """A web server on loopback that answers what a test tells it to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Callable[[str, str], tuple[int, dict[str, str], bytes]] = lambda method, path: (200, {}, b"hello")
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.requests.append((self.command, self.path, headers, body))
                status, given, content = server.answer(self.command, self.path)
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **given}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_: object) -> None:
                """Nothing is written."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop it."""
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own for each test."""
    server = Server()
    yield server
    server.close()


def never(host: str, port: int) -> Sequence[str]:
    """A resolver that nobody may ask."""
    raise AssertionError(f"{host}:{port} was looked up")


def web(*lines: str, resolve=never, **secrets: str) -> Web:
    """What a version with these grants may do on the net."""
    return Web(grants=read_grants(lines), vault=Vault(secrets), outbound=Outbound(resolve=resolve))


def fetch(web: Web, method: str, url: str, *, seconds: float = 5.0, **ask) -> Answered:
    """The answer to one request, checked as the session checks it."""
    body = ask.pop("body", None)
    packed = {"body": base64.b64encode(body).decode()} if body is not None else {}
    wanted = read_http_ask({"kind": "http", "method": method, "url": url, **packed, **ask})
    web.leave(wanted)
    return web.send(wanted, time.monotonic() + seconds)


def test_a_request_goes_out_and_its_answer_comes_back(server):
    """Method, path, query, headers and body arrive as they were asked for; the answer comes with its own."""
    server.answer = lambda method, path: (201, {"x-made": "yes", "content-type": "application/json"}, b'{"a": 1}')
    answer = fetch(
        web(f"http POST {server.url}"), "POST", f"{server.url}/v1?q=a%20b", headers={"X-One": "1"}, body=b"data"
    )
    assert (answer.status, answer.body, answer.headers["x-made"]) == (201, b'{"a": 1}', "yes")
    ((method, path, headers, body),) = server.requests
    assert (method, path, body, headers["x-one"]) == ("POST", "/v1?q=a%20b", b"data", "1")
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["connection"] == "close"


def test_no_proxy_and_no_cookie_of_this_machine_goes_along(server, monkeypatch):
    """Proxies of the environment are not used, and no answer's cookie is sent back."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.answer = lambda method, path: (200, {"set-cookie": "a=1"}, b"")
    client = web(f"http GET {server.url}")
    for _ in range(2):
        assert fetch(client, "GET", server.url).status == 200
    assert all("cookie" not in headers for _, _, headers, _ in server.requests)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.org"}, {"host ": "x"}, {"Proxy-Authorization": "x"}, {"proxy-connection": "x"}, {"TE": "x"},
        {"Transfer-Encoding": "chunked"}, {"Upgrade": "h2c"}, {"Expect": "100-continue"}, {"X": "a\r\nHost: evil.org"},
        {"X": "a\nb"}, {"X\r\nHost": "evil.org"}, {"X:": "1"}, {"": "1"}, {"X": "\0"}, {"X": "\u0142"}, {"X": 1},
        {1: "X"}, "X: 1", ["X"], {f"x-{number}": "1" for number in range(101)}, {"x": "a" * 40_000},
    ],
)  # fmt: skip
def test_headers_that_would_change_the_request_are_refused(headers):
    """Nothing that the code writes as a header makes it another request than was checked."""
    with pytest.raises(AskRefused):
        read_http_ask({"method": "GET", "url": "https://api.example.org", "headers": headers})


def test_headers_about_the_way_are_left_out(server):
    """Length, connection and packing are ours to say."""
    given = {"Content-Length": "999", "Connection": "keep-alive", "Accept-Encoding": "br", "User-Agent": "mine"}
    fetch(web(f"http PUT {server.url}"), "PUT", server.url, headers=given, body=b"abc")
    sent = server.requests[0][2]
    assert (sent["content-length"], sent["connection"], sent["accept-encoding"]) == ("3", "close", "gzip")
    assert sent["user-agent"] == "mine"


@pytest.mark.parametrize(
    "ask",
    [
        {"method": "GET"}, {"url": "https://a.example.org"}, {"method": "CONNECT", "url": "https://a.example.org"},
        {"method": "get", "url": "https://a.example.org"}, {"method": ["GET"], "url": "https://a.example.org"},
        {"method": "GET", "url": "file:///etc/passwd"}, {"method": "GET", "url": "https://a.example.org", "body": "%"},
        {"method": "GET", "url": "https://a.example.org", "body": 7},
        {"method": "POST", "url": "https://a.example.org", "body": "A" * (MOST_BYTES * 4 // 3 + 8)},
        {"method": "POST", "url": "https://a.example.org", "body": "\u0142"},
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(ask):
    """An ask is the guest's word: whatever it holds, it is a request or a refusal."""
    with pytest.raises(AskRefused):
        read_http_ask(ask)


@pytest.mark.parametrize(
    ("url", "grant"),
    [
        ("https://evil.org/", "http GET api.example.org"),
        ("http://api.example.org/", "http GET api.example.org"),
        ("https://api.example.org:8443/", "http GET api.example.org"),
        ("https://example.org/", "http GET *.example.org"),
        ("https://api.example.org.evil.org/", "http GET *.example.org"),
        ("https://api.example.org/", "http POST api.example.org"),
        ("https://api.example.org/", "llm 5"),
        ("http://127.0.0.2:80/", "http GET http://127.0.0.1"),
        ("http://localhost/", "http GET http://127.0.0.1"),
    ],
)
def test_what_no_grant_allows_never_leaves(url, grant):
    """Another host, method, scheme or port than the grant's is refused before a name is looked up."""
    with pytest.raises(AskRefused, match="no grant allows") as caught:
        fetch(web(grant), "GET", url)
    assert caught.value.own_fault


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"],
        ["64:ff9b::7f00:1"], ["0.0.0.0"], [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], ["100.64.0.1"],
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(server, addresses):
    """One private address among those of a name is enough: nothing is connected to."""
    grant, url = f"http GET http://api.example.org:{server.port}", f"http://api.example.org:{server.port}/"
    with pytest.raises(AskRefused, match="leads to"):
        fetch(web(grant, resolve=lambda host, port: addresses), "GET", url)
    assert server.requests == []


def test_a_name_is_looked_up_once_and_that_address_connected_to(server):
    """A name server that changes its mind between the check and the connection changes nothing."""
    said = iter([["127.0.0.1"], ["10.0.0.1"], [PUBLIC]])
    asked = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(said)

    grant = f"http GET http://api.example.org:{server.port} private"
    answer = fetch(web(grant, resolve=rebinding), "GET", f"http://api.example.org:{server.port}/x")
    assert (answer.body, asked) == (b"hello", ["api.example.org"])
    assert server.requests[0][2]["host"] == f"api.example.org:{server.port}"


def test_the_next_address_is_tried(server):
    """Where one address does not answer another does; each was checked before the first was tried."""
    grant = f"http GET http://api.example.org:{server.port} private"
    answer = fetch(
        web(grant, resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"]),
        "GET",
        f"http://api.example.org:{server.port}",
    )
    assert answer.body == b"hello"


def test_an_address_in_a_url_is_never_looked_up(server):
    """A literal address goes to no resolver, and `localhost` leads to loopback only."""
    assert fetch(web(f"http GET {server.url}"), "GET", server.url).status == 200
    local = f"http://localhost:{server.port}"
    assert fetch(web(f"http GET {local}", resolve=lambda host, port: ["127.0.0.1"]), "GET", local).status == 200
    with pytest.raises(AskRefused, match="leads to"):
        fetch(web(f"http GET {local}", resolve=lambda host, port: [PUBLIC]), "GET", local)
    assert "127.0.0.1" in system_addresses("127.0.0.1", 80)


def gone(host: str, port: int) -> Sequence[str]:
    """A resolver that knows nothing."""
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize("resolve", [gone, lambda host, port: [], lambda host, port: ["nonsense"]])
def test_a_name_without_an_address_is_a_failure(resolve):
    """No address, or nonsense from a resolver, fails with the host's name."""
    with pytest.raises(AskFailed, match=r"api\.example\.org"):
        fetch(web("http GET api.example.org", resolve=resolve), "GET", "https://api.example.org")


def test_a_resolver_that_hangs_is_left_behind():
    """The look-up ends with the time of the ask."""
    free = threading.Event()

    def hangs(host: str, port: int) -> Sequence[str]:
        free.wait(120)
        return []

    started = time.monotonic()
    with pytest.raises(AskFailed, match="in time"):
        fetch(web("http GET api.example.org", resolve=hangs), "GET", "https://api.example.org", seconds=0.2)
    free.set()
    assert time.monotonic() - started < 60


def test_a_server_that_trickles_is_left_at_the_deadline(server):
    """A byte now and then does not hold a request beyond its time."""
    stop = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(AskFailed, match="in time"):
            fetch(web(f"http GET {url}"), "GET", url, seconds=0.5)
        stop.set()
        thread.join()
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "said",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nx" * 50_000],
)
def test_a_server_that_breaks_the_rules_is_a_failure(said):
    """What is no answer, or not all of one, fails and quotes nothing of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(AskFailed, match="broke off") as caught:
            fetch(web(f"http GET {url}"), "GET", url)
        thread.join()
    assert "nonsense" not in str(caught.value)


def test_a_server_that_is_away_is_a_failure(server):
    """A refused connection says who could not be reached."""
    server.close()
    with pytest.raises(AskFailed, match="cannot be reached"):
        fetch(web(f"http GET {server.url}"), "GET", server.url)


def test_packed_answers_are_unpacked(server):
    """What comes as gzip or deflate arrives as it was."""
    for name, packed in (("gzip", gzip.compress(b"a" * 1000)), ("deflate", zlib.compress(b"a" * 1000))):
        server.answer = lambda method, path, name=name, packed=packed: (200, {"content-encoding": name}, packed)
        answer = fetch(web(f"http GET {server.url}"), "GET", server.url)
        assert answer.body == b"a" * 1000
        assert "content-encoding" not in answer.headers
        assert fetch(web(f"http HEAD {server.url}"), "HEAD", server.url).body == b""


@pytest.mark.parametrize(
    ("encoding", "body", "says"),
    [
        ("gzip", gzip.compress(bytes(100 << 20), mtime=0), "larger than"),
        ("", bytes(MOST_BYTES + 1), "larger than"),
        ("gzip", b"no gzip at all", "unpacked"),
        ("gzip", gzip.compress(b"a" * 1000, mtime=0)[:-9], "unpacked"),
        ("gzip", gzip.compress(b"a", mtime=0) + b"more", "unpacked"),
        ("br", b"x", "not asked for"),
        ("gzip, gzip", b"x", "not asked for"),
    ],
)
def test_an_answer_that_is_too_much_is_a_failure(encoding, body, says):
    """A bomb, a flood, a broken or an unknown packing end as failures, with never more than the limit in memory."""
    with pytest.raises(AskFailed, match=says):
        unpacked([body[at : at + 65_536] for at in range(0, len(body), 65_536)], encoding)


def test_an_answer_of_just_the_limit_comes_whole():
    """The limit itself is allowed, packed or not."""
    body = bytes(MOST_BYTES)
    assert unpacked([body], "") == body
    assert unpacked([gzip.compress(body)], "gzip") == body


def follow(client: Web, method: str, url: str, **ask) -> list[str]:
    """The subjects of a request and of where it is led to, each checked; the last one's answer is no redirect."""
    body = ask.pop("body", None)
    packed = {"body": base64.b64encode(body).decode()} if body is not None else {}
    wanted = read_http_ask({"method": method, "url": url, **packed, **ask})
    subjects = []
    while wanted is not None:
        client.leave(wanted, redirected=bool(subjects))
        answer = client.send(wanted, time.monotonic() + 5)
        subjects.append(wanted.subject)
        wanted = client.following(wanted, answer)
    return subjects


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "GET", "GET"), (301, "POST", "GET"), (302, "POST", "GET"), (302, "PUT", "PUT"), (303, "POST", "GET"),
        (303, "DELETE", "GET"), (303, "HEAD", "HEAD"), (307, "POST", "POST"), (308, "PUT", "PUT"),
    ],
)  # fmt: skip
def test_a_redirect_keeps_or_changes_the_method_as_it_must(server, status, method, then):
    """301, 302 and 303 lead on with GET where they should; the body goes along only with its method."""
    server.answer = lambda method, path: (status, {"location": "/new?a=1"}, b"") if path == "/old" else (200, {}, b"")
    sent = {"headers": {"content-type": "text/plain", "authorization": "Bearer x"}}
    assert follow(web(f"http * {server.url}"), method, f"{server.url}/old", body=b"data", **sent) == [
        f"{method} {server.url}/old", f"{then} {server.url}/new",
    ]  # fmt: skip
    last = server.requests[-1]
    assert last[1] == "/new?a=1"
    assert last[3] == (b"data" if then == method else b"")
    assert ("content-type" in last[2]) is (then == method)
    assert last[2]["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:9/", "//evil.org/", "https://evil.org/", "file:///etc/passwd", "http://169.254.169.254/latest",
        "http://user@evil.org/", "http://[::ffff:127.0.0.1]/", "\\\\evil.org\\x", "http://2130706433/", "gopher://x",
    ],
)  # fmt: skip
def test_a_redirect_is_checked_like_any_request(server, location):
    """Where the grants do not reach, or no URL is, no redirect leads; and that is not the code's own fault."""
    server.answer = lambda method, path: (302, {"location": location}, b"")
    with pytest.raises(AskRefused) as caught:
        follow(web(f"http GET {server.url}"), "GET", server.url)
    assert not caught.value.own_fault
    assert len(server.requests) == 1


def test_a_redirect_to_another_place_carries_no_credentials(server):
    """Authorization, cookies and headers with a secret stay with the first host, even where both are granted."""
    other = Server()
    try:
        server.answer = lambda method, path: (307, {"location": f"{other.url}/x"}, b"")
        client = web(f"http GET {server.url}", f"http GET {other.url}", f"secret KEY {server.url}", KEY=SECRET)
        mark = client.vault.placeholders["KEY"]
        given = {"Authorization": "Bearer mine", "Cookie": "a=1", "X-Key": mark, "X-Plain": "stays"}
        follow(client, "GET", f"{server.url}/y", headers=given)
        assert server.requests[0][2]["x-key"] == SECRET
        carried = other.requests[0][2]
        assert {"authorization", "cookie", "x-key"} & carried.keys() == set()
        assert carried["x-plain"] == "stays"
    finally:
        other.close()


def test_a_server_cannot_have_a_secret_carried_on(server):
    """A redirect whose address holds the value, to a host that is granted but not for the secret, is refused."""
    other = Server()
    try:
        server.answer = lambda method, path: (302, {"location": f"{other.url}/?k={SECRET}"}, b"")
        client = web(f"http GET {server.url}", f"http GET {other.url}", f"secret KEY {server.url}", KEY=SECRET)
        with pytest.raises(AskRefused, match="KEY"):
            follow(client, "GET", server.url, headers={"x-key": client.vault.placeholders["KEY"]})
        assert other.requests == []
    finally:
        other.close()


def test_a_secret_is_put_in_where_it_was_granted(server):
    """In the address, a header, a `Basic` header, a JSON body and a form, each as it must be written there."""
    client = web(f"http POST {server.url}", f"secret KEY {server.url}", KEY=SECRET)
    mark = client.vault.placeholders["KEY"]
    basic = "Basic " + base64.b64encode(f"me:{mark}".encode()).decode()
    fetch(
        client, "POST", f"{server.url}/a?key={mark}", headers={"X-Key": mark, "Authorization": basic,
        "Content-Type": "application/json"}, body=json.dumps({"key": mark}).encode(),
    )  # fmt: skip
    _, path, headers, body = server.requests[0]
    assert path == "/a?key=s3cr3t%2Fvalue%2B42"
    assert headers["x-key"] == SECRET
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == f"me:{SECRET}"
    assert json.loads(body) == {"key": SECRET}
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize("where", ["url", "header", "basic", "body"])
def test_a_secret_goes_to_no_other_host(server, where):
    """A placeholder on its way to a host that is granted, but not for that secret, is refused wherever it stands."""
    client = web(f"http POST {server.url}", "http POST api.example.org", "secret KEY api.example.org", KEY=SECRET)
    mark = client.vault.placeholders["KEY"]
    basic = "Basic " + base64.b64encode(f"me:{mark}".encode()).decode()
    ask = {"url": {}, "header": {"headers": {"x": mark}}, "basic": {"headers": {"authorization": basic}}}
    with pytest.raises(AskRefused, match="the secret KEY may not go to") as caught:
        fetch(
            client, "POST", f"{server.url}/{mark if where == 'url' else ''}", **ask.get(where, {"body": mark.encode()})
        )
    assert SECRET not in str(caught.value)
    assert server.requests == []


def test_an_answer_that_echoes_a_secret_has_the_placeholder_in_it(server):
    """The value does not come back in the body or in a header, in whatever form a server echoes it."""
    quoted = "s3cr3t%2Fvalue%2B42"
    server.answer = lambda method, path: (200, {"x-echo": SECRET}, f"{SECRET} {quoted}".encode())
    client = web(f"http GET {server.url}", f"secret KEY {server.url}", KEY=SECRET)
    mark = client.vault.placeholders["KEY"]
    answer = fetch(client, "GET", server.url, headers={"x-key": mark})
    assert (answer.body.decode(), answer.headers["x-echo"]) == (f"{mark} {mark}", mark)


def test_a_secret_that_breaks_a_header_is_refused(server):
    """A value with a line end in it cannot smuggle a header."""
    client = web(f"http GET {server.url}", f"secret KEY {server.url}", KEY="abcdefgh\r\nHost: evil")
    with pytest.raises(AskRefused, match="holds what no header may"):
        fetch(client, "GET", server.url, headers={"x-key": client.vault.placeholders["KEY"]})
    assert server.requests == []


def test_a_request_shows_no_secret(server, caplog):
    """Neither the text of a request as it leaves nor any log holds the value."""
    server.answer = lambda method, path: (200, {"x-echo": SECRET}, b"")
    client = web(f"http GET {server.url}", f"secret KEY {server.url}", KEY=SECRET)
    with caplog.at_level("DEBUG"):
        fetch(client, "GET", server.url, headers={"x-key": client.vault.placeholders["KEY"]})
    outgoing = Outgoing(method="GET", target=read_url(f"{server.url}/{SECRET}"), headers=(("a", SECRET),), body=b"")
    assert SECRET not in f"{outgoing!r} {client!r} {caplog.text}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate for api.example.org that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=api.example.org", "-addext", "subjectAltName=DNS:api.example.org", "-keyout", "key.pem", "-out",
         "cert.pem"],
        cwd=folder, capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl that makes certificates")
    return folder / "cert.pem", folder / "key.pem"


def test_tls_is_verified_for_the_name(server, certificate):
    """A trusted certificate for the name is believed; an unknown signer or another name is not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))

    def get(host: str, trust: ssl.SSLContext | None) -> Answered:
        url = f"https://{host}:{server.port}"
        outbound = Outbound(resolve=lambda host, port: ["127.0.0.1"], trust=trust)
        client = Web(grants=read_grants([f"http GET {url} private"]), vault=Vault({}), outbound=outbound)
        return fetch(client, "GET", url)

    assert get("api.example.org", trusted).body == b"hello"
    for host, trust in (("api.example.org", None), ("other.example.org", trusted)):
        with pytest.raises(AskFailed, match="certificate"):
            get(host, trust)
    assert len(server.requests) == 1


def test_every_error_of_the_library_has_a_name_here():
    """Each way in which `httpcore` fails is caught, or cannot happen without a pool and a proxy."""
    kinds = {kind for _, kind in inspect.getmembers(httpcore, inspect.isclass) if issubclass(kind, Exception)}
    caught = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol)
    source = inspect.getsource(outbound_module)
    assert all(f"httpcore.{kind.__name__}" in source for kind in caught)
    beyond = {kind.__name__ for kind in kinds if not issubclass(kind, caught)}
    assert beyond == {"ConnectionNotAvailable", "ProxyError"}
