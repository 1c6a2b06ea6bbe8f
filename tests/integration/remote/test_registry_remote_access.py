"""How a remote is reached: over HTTP with credentials, which stand in no error, no list of processes and no file."""

import base64
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from registry import Registry, RegistryError, Remote, RemoteRefused, Status

USER, TOKEN = "kowal-bot", "gl/tok#en-71b2"
QUOTED = "gl%2Ftok%23en-71b2"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A code host on loopback: real git over HTTP, for whoever has the token."""

    server: ThreadingHTTPServer
    seen: list[str] = field(default_factory=list)
    """The authorization of each request."""
    listed: list[str] = field(default_factory=list)
    """The command lines that ran on this machine meanwhile."""

    def remote(self, credentials: str = f"{USER}:{QUOTED}@") -> Remote:
        """The registry's remote there."""
        return Remote(place=f"http://{credentials}127.0.0.1:{self.server.server_port}/origin.git", max_age_s=0)


def handler(root: Path, host: list[Host]) -> type[BaseHTTPRequestHandler]:
    """What answers requests: 401 without the token, else git's own program."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            said = self.headers.get("Authorization", "")
            host[0].seen.append(said)
            host[0].listed.extend(command_lines())
            body = read_body(self)
            if said != "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode():
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            environment = {
                "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": self.command, "REMOTE_USER": USER, "PATH": "/usr/bin:/bin",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }  # fmt: skip
            done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler


def read_body(request: BaseHTTPRequestHandler) -> bytes:
    """A request's body, in chunks or whole."""
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    parts = []
    while size := int(request.rfile.readline(), 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


def command_lines() -> Iterator[str]:
    """What everybody on this machine can see of its processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with an empty repository that takes pushes."""
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin.git")], check=True)
    hosts: list[Host] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(tmp_path, hosts)) as server:
        hosts.append(Host(server=server))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hosts[0]
        server.shutdown()
        thread.join()


def test_a_registry_is_shared_over_http_with_credentials(host, produce, tmp_path):
    """Two copies of one remote behind a password: what one does the other sees."""
    with Registry.create(tmp_path / "ours", remote=host.remote()) as ours:
        assert ours.share()
        assert produce(ours) == "1.0.0"
        theirs = Registry.copy(tmp_path / "theirs", host.remote())
        assert theirs is not None
        with theirs:
            assert theirs.quarantine("count_words", by="Ann", reason="wrong") is None
        assert ours.refresh() == ""
        assert ours.get("count_words").status is Status.QUARANTINED
    assert any(said.startswith("Basic ") for said in host.seen)


def test_credentials_stand_nowhere_but_in_the_request(host, produce, tmp_path):
    """Neither the token nor its quoted form is in a command line, a file of the copy, an error, or what is shown."""
    remote = host.remote()
    with Registry.create(tmp_path / "r", remote=remote) as registry:
        registry.share()
        produce(registry)
        (tmp_path / "origin.git" / "HEAD").unlink()
        said = [registry.refresh(), repr(remote), remote.shown, str(registry.remote_status())]
        with pytest.raises(RegistryError) as caught:
            registry.promote("count_words", by="Ann")
    said += [str(caught.value), caught.value.kept, caught.value.advice, repr(caught.value.__cause__)]
    files = [path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()]
    assert any("http" in line and "git" in line for line in host.listed)
    for secret in (TOKEN, QUOTED, base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()):
        assert not [line for line in (*said, *host.listed) if secret in line]
        assert not [data for data in files if secret.encode() in data]
    assert "127.0.0.1" in said[0]


def test_a_wrong_token_is_refused_and_nobody_is_asked(host, tmp_path):
    """The error says that the host refused; nothing waits for a password to be typed."""
    for credentials in ("", f"{USER}:not-this-one@"):
        with pytest.raises(RemoteRefused, match=r"refused: ") as caught:
            Registry.copy(tmp_path / f"r{len(credentials)}", host.remote(credentials))
        assert "not-this-one" not in str(caught.value)


def test_the_users_git_configuration_says_how_to_reach_a_remote(host, tmp_path, monkeypatch):
    """A credential helper that works in the user's shell works here; their hooks and signing do not count."""
    home, hooks = tmp_path / "home", tmp_path / "home" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-push", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    helper = f"!f() {{ echo username={USER}; echo 'password={TOKEN}'; }}; f"
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {hooks}\n[push]\n\tgpgSign = true\n\tfollowTags = true\n[fetch]\n\tprune = true\n"
        f'[credential]\n\thelper = "{helper}"\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    with Registry.create(tmp_path / "r", remote=host.remote("")) as registry:
        assert registry.share()
        assert registry.refresh() == ""
    assert not (tmp_path / "hook-ran").exists()


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("https://bot:tok@git.example/a/b.git", "https://git.example/a/b.git"),
        ("https://tok@git.example:8443/a.git", "https://git.example:8443/a.git"),
        ("HTTPS://bot:p@tok@git.example/a.git", "HTTPS://git.example/a.git"),
        ("ssh://git@git.example/a.git", "ssh://git.example/a.git"),
        ("git@git.example:a/b.git", "git@git.example:a/b.git"),
        ("/srv/registry.git", "/srv/registry.git"),
        ("file:///srv/registry.git", "file:///srv/registry.git"),
    ],
)
def test_a_remote_is_shown_without_credentials(place, shown):
    """What stands before the host of an address is left out; a path and an SSH name stay as they are."""
    assert Remote(place=place).shown == shown
    assert "tok" not in repr(Remote(place=place))


def test_a_relative_place_is_one_of_this_folder(monkeypatch, tmp_path):
    """A path means what it means in the user's shell, not what it would mean inside the registry."""
    monkeypatch.chdir(tmp_path)
    assert Remote(place="origin.git").url == str(tmp_path / "origin.git")
