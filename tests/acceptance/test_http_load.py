"""Many clients at once against `kowal serve`: nobody is turned away by a fault, and its memory stays as it is."""

import socket
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench_http import part_of, resident_mib
from http_stand import running, waited

CLIENTS, SECONDS = 100, 5.0
MANY = httpx.Limits(max_connections=None)
MOST_MIB = 64.0
"""What a process may grow by in the second half of the load: threads and connections are there by then."""


@pytest.mark.alone
def test_many_clients_at_once_are_all_served(home: Any, tmp_path: Path) -> None:
    """A hundred clients run a function and look at a task for five seconds: no error, health answers, memory stays."""
    token = home.json("tokens", "create", "ann", "--scope", "tasks", "--scope", "functions.run")["token"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    served = home.with_(KOWAL_HTTP__ON="true", KOWAL_HTTP__PORT=str(port), KOWAL_HTTP__A_MINUTE="10000000")
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}
    with running("serve", environment=served.environment, log=tmp_path / "log", until="http") as process:
        waited(lambda: answers(f"{url}/readyz"))
        pid = part_of(process.pid, "http")
        wish = {"task": "count words in a text", "arguments": {"text": "a b"}}
        task = httpx.post(f"{url}/v1/tasks", headers=headers, json=wish).json()["id"]
        ends, weights, statuses = time.monotonic() + SECONDS, list[float](), Counter[int]()

        with httpx.Client(base_url=url, headers=headers, timeout=60, limits=MANY) as all_of_them:

            def be_a_client() -> None:
                while time.monotonic() < ends:
                    ran = all_of_them.post("/v1/functions/count_words/run", json={"arguments": {"text": "a b"}})
                    statuses[ran.status_code] += 1
                    statuses[all_of_them.get(f"/v1/tasks/{task}").status_code] += 1

            clients = [threading.Thread(target=be_a_client) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            while time.monotonic() < ends:
                weights.append(resident_mib(pid))
                assert all_of_them.get("/healthz").is_success
                time.sleep(0.2)
            for client in clients:
                client.join(60)
            weights.append(resident_mib(pid))
    assert statuses.keys() == {200}
    assert statuses[200] >= 2 * CLIENTS
    assert weights[-1] - weights[len(weights) // 2] < MOST_MIB


def answers(url: str) -> bool:
    """Whether it answers well."""
    try:
        return httpx.get(url, timeout=30).is_success
    except httpx.TransportError:
        return False
