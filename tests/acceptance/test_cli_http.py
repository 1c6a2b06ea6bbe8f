"""The command `kowal http`, as an operator meets it: it says where it answers, ends when told, stays at home."""

import signal
from typing import Any

import httpx


def test_it_answers_and_ends(bare: Any) -> None:
    """Its first line is the address; on SIGTERM it ends with 0."""
    process = bare.with_(KOWAL_BUILT_INS="[]", KOWAL_HTTP__PORT="0").start("http")
    line = process.stdout.readline()
    assert line.startswith("Kowal answers at http://127.0.0.1:")
    assert httpx.get(f"{line.split()[-1]}/readyz", trust_env=False).json() == {"status": "ready"}
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_it_is_not_open_to_others_without_a_token(bare: Any) -> None:
    """Bound wider, it ends with 2 and says how a token is made; with one it begins."""
    wide = bare.with_(KOWAL_BUILT_INS="[]", KOWAL_HTTP__PORT="0", KOWAL_HTTP__HOST="0.0.0.0")
    refused = wide.run("http", code=2).stderr
    assert "no token is valid" in refused
    assert "kept: Nothing listens." in refused
    assert "kowal tokens create" in refused
    wide.run("tokens", "create", "ann", "--scope", "tasks")
    process = wide.start("http")
    assert process.stdout.readline().startswith("Kowal answers at http://0.0.0.0:")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
