"""How long people in a chat wait: from a message to 👀, and to the answer of a registered function.

A `kowal serve` with one worker serves the stand-in for Rocket.Chat, without a model. `COUNT` says of how many messages
(100), `OUT` where the figures go as JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.config import load_settings
from agent.library import prepare_registry
from integrations.chat.fake_rocketchat import FakeRocketChat, Room, User, World

COUNT = int(os.environ.get("COUNT", "100"))
LOOK_S = 0.002
LONGEST_S = 60.0
WORLD = World(
    users=(User(username="kowal", roles=("bot", "user"), token="token-of-kowal"), User(username="ann")),
    rooms=(Room(name="general", id="GENERAL", members=("ann", "kowal")),),
)


def waited(when: Callable[[], bool], since: float) -> float:
    """Milliseconds until it is so."""
    while not when():
        if time.perf_counter() - since > LONGEST_S:
            raise TimeoutError
        time.sleep(LOOK_S)
    return (time.perf_counter() - since) * 1e3


def measured(fake: FakeRocketChat, number: int) -> tuple[float, float]:
    """Milliseconds to 👀 and to the answer, of a message with the file that the function takes."""
    begun = time.perf_counter()
    said = fake.says("ann", "general", "@kowal slugify a text", file=("text.txt", f"Hello World {number}".encode()))
    seen = waited(lambda: ":eyes:" in fake.message(said).get("reactions", {}), begun)
    answer = f"`hello-world-{number}`"
    return seen, waited(lambda: any(answer in each["msg"] for each in fake.messages(said)), begun)


def main() -> None:
    """Measure, print the figures, write them to `OUT` where that is set."""
    with tempfile.TemporaryDirectory() as folder, FakeRocketChat(WORLD) as fake:
        registry = Path(folder) / "registry.git"
        prepare_registry(load_settings(registry=registry, built_ins=("slugify",), sandbox="wasm"))
        section = {"url": fake.url, "user_id": fake.id_of("kowal"), "token": "token-of-kowal", "a_minute": 1_000_000}
        environment = os.environ | {
            "KOWAL_REGISTRY": str(registry),
            "KOWAL_SETTINGS": str(Path(folder) / "kowal.toml"),
            "KOWAL_CHAT": json.dumps({"rocketchat": section}),
            "OLLAMA_HOST": "http://127.0.0.1:9",
        }
        command = [str(Path(sys.executable).with_name("kowal")), "serve"]
        service = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            waited(lambda: "kowal" in fake.listeners, time.perf_counter())
            measured(fake, 0)
            pairs = [measured(fake, number) for number in range(1, COUNT + 1)]
        finally:
            service.terminate()
            service.wait()
    found = {}
    for name, times in zip(("seen_ms", "answered_ms"), zip(*pairs, strict=True), strict=True):
        found[name] = {"median": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1]}
        sys.stdout.write(f"{name:12} median {found[name]['median']:.1f}, 95th percentile {found[name]['p95']:.1f}\n")
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    sys.stdout.write(f"of {COUNT} messages, one after the other\n")
    main()
