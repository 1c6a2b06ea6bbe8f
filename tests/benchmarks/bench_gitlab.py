"""How soon Kowal hears of what happens in GitLab, and what a round over many issues costs; against the stand-in.

`COUNT` says of how many events (200), `ISSUES` how many issues are ours (1000), `OUT` where the figures go as JSON.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from network import free_port

from agent.hosting.host import CodeHost, IssueSeen, Place
from agent.talking.channel import CaughtUp, Happening, Heard
from integrations.codehost.fake_gitlab import FakeGitLab, Project, World
from integrations.codehost.gitlab import HOST

COUNT, ISSUES = int(os.environ.get("COUNT", "200")), int(os.environ.get("ISSUES", "1000"))
PROJECT = "tools/forge"
WORLD = World(projects=(Project(path=PROJECT, members={"kowal": 40}),))
SECTION = {"token": "kowal-token", "webhook_secret": "of-the-hook"}


def taken(host: CodeHost, wanted: Callable[[Happening], bool], count: int = 1) -> None:
    """Take what happens until so much of it is what is wanted."""
    while count:
        happening = host.next(1.0)
        count -= happening is not None and wanted(happening)


def waits() -> dict[str, float]:
    """Milliseconds in the median: a webhook until it is acknowledged, an issue and a note until they are told."""
    with FakeGitLab(WORLD) as fake:
        section = SECTION | {"url": fake.url, "poll_s": 3600, "webhook_port": (port := free_port())}
        HOST.hook(section, f"http://127.0.0.1:{port}/")
        with closing(HOST.open(section)) as host:
            host.listen(lambda: datetime.now(UTC))
            taken(host, lambda each: isinstance(each, CaughtUp))
            issues, notes = [], []
            for _ in range(COUNT):
                begun = time.perf_counter()
                number = fake.creates_issue("ann", PROJECT, "x", "x", assignees=["kowal"])
                taken(host, lambda each: isinstance(each, IssueSeen))
                issues.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                fake.comments("ann", PROJECT, number, "@kowal and this")
                taken(host, lambda each: isinstance(each, Heard))
                notes.append(time.perf_counter() - begun)
        acknowledged = [each.took_s for each in fake.delivered]
        named = {"acknowledged_ms": acknowledged, "issue_told_ms": issues, "note_told_ms": notes}
        return {name: statistics.median(times) * 1e3 for name, times in named.items()}


def rounds() -> dict[str, float]:
    """Requests of a round, while all issues are fresh, and while all are watched and quiet; seconds of the first."""
    with FakeGitLab(WORLD) as fake:
        for _ in range(ISSUES):
            fake.creates_issue("ann", PROJECT, "x", "x", assignees=["kowal"])
        watched: list[Place] = []
        since, begun = datetime.now(UTC), time.perf_counter()
        with closing(HOST.open(SECTION | {"url": fake.url, "poll_s": 0.5})) as host:
            host.watch(lambda: watched)
            host.listen(lambda: since)
            taken(host, lambda each: isinstance(each, IssueSeen), ISSUES)
            found = {"first_round_s": time.perf_counter() - begun}
            while fake.calls["POST todos/:id/mark_as_done"] < ISSUES:
                host.next(0.1)
            found["requests_a_round"] = asked(fake, host)
            watched += [Place(room=str(fake.project_id(PROJECT)), thread=f"issues/{n + 1}") for n in range(ISSUES)]
            with fake.state.lock:
                for each in fake.state.works():
                    each.updated_at -= timedelta(minutes=10)
            taken(host, lambda each: isinstance(each, CaughtUp), 2)
            found["requests_a_round_watched"] = asked(fake, host)
        return found


def asked(fake: FakeGitLab, host: CodeHost) -> float:
    """Requests of a round, of four."""
    taken(host, lambda each: isinstance(each, CaughtUp))
    before = len(fake.requests)
    taken(host, lambda each: isinstance(each, CaughtUp), 4)
    return (len(fake.requests) - before) / 4


if __name__ == "__main__":
    sys.stdout.write(f"of {COUNT} events, one after the other, and {ISSUES} issues\n")
    figures = waits() | rounds()
    for name, value in figures.items():
        sys.stdout.write(f"{name:26} {value:.1f}\n")
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(figures, indent=2) + "\n")
