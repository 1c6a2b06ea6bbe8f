"""Servers found in a tailnet: whom a small script of ours tells of, and what happens where it tells nothing."""

import json
import sys

import pytest

from agent.errors import BadSettings
from agent.ports import Message, ModelRequest, Purpose
from integrations.llm import _tailscale
from integrations.llm.fake_ollama import FakeOllama, Rule, Script
from integrations.llm.ollama import PROVIDER


def machine(name, address, *, online=True, tags=("tag:ollama",), net="tail1.ts.net"):
    """A peer, as `tailscale status --json` has them."""
    return {
        "HostName": name.upper(),
        "DNSName": f"{name}.{net}.",
        "TailscaleIPs": [address, "fd7a:115c:a1e0::1"],
        "Tags": list(tags) or None,
        "Online": online,
        "OS": "linux",
    }


@pytest.fixture
def tailnet(tmp_path):
    """A command that tells what is put into a file, and counts how often it is asked."""
    script, answer, count = tmp_path / "tell.py", tmp_path / "answer", tmp_path / "count"
    script.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path({str(count)!r}).open('a').write('x')\n"
        f"sys.stdout.write(pathlib.Path({str(answer)!r}).read_text())\n"
    )

    class Tailnet:
        command = (sys.executable, str(script))

        def tells(self, *machines, state="Running"):
            peers = {f"nodekey:{number}": each for number, each in enumerate(machines)}
            answer.write_text(json.dumps({"BackendState": state, "Self": {"HostName": "me"}, "Peer": peers}))

        def says(self, text):
            answer.write_text(text)

        @property
        def asked(self):
            return len(count.read_text()) if count.exists() else 0

    return Tailnet()


def looking(tailnet, servers=(), **settings):
    """What looks, by the settings."""
    section = {"enabled": True, "tag": "tag:ollama", "command": list(tailnet.command)} | settings
    return PROVIDER.discovery({"tailscale": section, "servers": list(servers)})


def names(discovery):
    """The names of what is found."""
    return [each.server.name.removeprefix("ollama:tailscale-") for each in discovery.found()]


def test_nobody_looks_unless_told_to(tailnet):
    """Without the setting nothing looks, and opening runs no command."""
    assert PROVIDER.discovery({}) is None
    tailnet.tells(machine("a", "100.64.0.1"))
    looking(tailnet)
    assert tailnet.asked == 0


def test_machines_that_fit_and_are_online_are_servers(tailnet):
    """By tag or by name; those that are away, of others, or listed already, are none."""
    tailnet.tells(
        machine("gpu1", "100.64.0.1"),
        machine("gpu2", "100.64.0.2", online=False),
        machine("laptop", "100.64.0.3", tags=()),
        machine("box-7", "100.64.0.4", tags=()),
        machine("known", "100.64.0.5"),
    )
    known = {"name": "k", "host": "100.64.0.5:1"}
    discovery = looking(tailnet, [known], hosts=["box-*"], memory_gb=8, concurrency=1)
    assert names(discovery) == ["gpu1", "box-7"]
    server = discovery.found()[0].server
    assert (server.provider, server.is_local) == ("ollama", True)
    assert (server.limits.max_params_b, server.limits.concurrency) == (5, 1)
    status = discovery.status()
    assert (status.available, status.detail) == (True, "3 machines fit, 2 of them online")
    assert tailnet.asked == 1


def test_it_looks_again_after_a_minute(tailnet, monkeypatch):
    """Not before; who comes back is the same server as it was."""
    monkeypatch.setattr(_tailscale, "LOOK_AGAIN_S", 0.0)
    discovery = looking(tailnet)
    tailnet.tells(machine("a", "100.64.0.1"))
    (first,) = discovery.found()
    tailnet.tells(machine("a", "100.64.0.1", online=False))
    assert discovery.found() == ()
    monkeypatch.setattr(_tailscale, "LOOK_AGAIN_S", 60.0)
    tailnet.tells(machine("a", "100.64.0.1"))
    assert discovery.found() == ()
    monkeypatch.setattr(_tailscale, "LOOK_AGAIN_S", 0.0)
    assert discovery.found() == (first,)
    assert tailnet.asked == 3


def test_two_machines_of_one_name_are_told_apart(tailnet):
    """The second, shared from another tailnet, goes by its whole name."""
    tailnet.tells(machine("a", "100.64.0.1"), machine("a", "100.64.0.2", net="tail2.ts.net"))
    assert names(looking(tailnet)) == ["a", "a.tail2.ts.net"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("", "not its JSON"),
        ("{", "not its JSON"),
        ("[]", "not its JSON"),
        ('{"BackendState": 5}', "not its JSON"),
        ("{}", "does not run"),
        ('{"BackendState": "Stopped"}', "'Stopped'"),
    ],
)
def test_what_cannot_be_read_is_told_and_no_crash(tailnet, says, why):
    """No servers, and the reason in a line."""
    tailnet.says(says)
    discovery = looking(tailnet)
    assert discovery.found() == ()
    status = discovery.status()
    assert not status.available
    assert why in status.detail
    assert status.advice


@pytest.mark.parametrize(
    "peers",
    [None, {}, {"k": None}, {"k": 5}, {"k": {"Online": "perhaps"}}, {"k": {"HostName": "a", "Online": True}},
     {"k": {"HostName": "a", "Online": True, "Tags": ["tag:ollama"], "TailscaleIPs": ["x/y"]}}],
)  # fmt: skip
def test_machines_that_are_none_are_passed_over(tailnet, peers):
    """Whatever an entry lacks, the others count."""
    tailnet.says(json.dumps({"BackendState": "Running", "Peer": peers}))
    assert looking(tailnet).status().available
    tailnet.says(json.dumps({"BackendState": "Running", "Peer": {**(peers or {}), "z": machine("z", "100.64.0.9")}}))
    assert names(looking(tailnet)) == ["z"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["/no/such/command"], "no command"),
        (["sh", "-c", "echo broken >&2; exit 3"], "code 3: broken"),
        (["sh", "-c", "sleep 5"], "TimeoutExpired"),
    ],
)
def test_a_command_that_fails_is_told_and_no_crash(tailnet, monkeypatch, command, why):
    """It is not there, it fails, it hangs."""
    monkeypatch.setattr(_tailscale, "COMMAND_S", 0.3)
    discovery = looking(tailnet, command=command)
    assert discovery.found() == ()
    assert why in discovery.status().detail


def test_not_every_machine_of_a_tailnet_is_asked(tailnet):
    """Somebody says which ones, by tag or by name."""
    with pytest.raises(BadSettings, match="tailscale"):
        looking(tailnet, tag="")


def test_a_server_that_is_found_answers(tailnet):
    """It is asked at its address in the tailnet, with the port of the settings and no key of another."""
    with FakeOllama(Script(rules=(Rule(reply="ok"),))) as fake:
        tailnet.tells(machine("here", "127.0.0.1"))
        section = {"enabled": True, "hosts": "here", "port": fake.port, "command": list(tailnet.command)}
        servers = [{"name": "other", "host": "192.0.2.1"}]
        (server,) = PROVIDER.discovery({"tailscale": section, "api_key": "another's", "servers": servers}).found()
        message = Message(role="user", content="go")
        reply = server.complete(ModelRequest(messages=(message,), purpose=Purpose.GENERATE))
        assert "authorization" not in fake.requests[-1].headers
    assert (reply.text, reply.server) == ("ok", "ollama:tailscale-here")
