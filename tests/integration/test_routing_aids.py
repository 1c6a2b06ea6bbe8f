"""The router with all that stands by it, as the settings put it together: what leaves, what is paid, what is kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import load_settings
from agent.errors import BudgetExceeded
from agent.model_wiring import aids_of
from agent.ports import (
    Constraints,
    Hear,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    Price,
    ProviderStatus,
    Purpose,
    Server,
    Usage,
    unheard,
)
from agent.routing.aids import NoCache, as_they_are
from agent.routing.asking import Asking, asking
from agent.routing.learning import Learnt
from agent.routing.router import Router
from registry import Operations

SECRET = "very-secret/value=1"
SAID = f"mail ann@acme.pl with {SECRET}"
LOCAL, CLOUD = Constraints(local_only=True), Constraints(force_cloud=True)
REQUEST = ModelRequest(messages=(Message(role="user", content=SAID),), purpose=Purpose.MATCH, reusable=True)


class Echo:
    """A server that answers with the last message, and keeps what it was asked."""

    def __init__(self, name: str, *, is_local: bool) -> None:
        self.name, self.server = name, Server(name=name, provider=name, is_local=is_local)
        self.heard: list[str] = []

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """What was said last."""
        text = request.messages[-1].content
        self.heard.append(text)
        hear(text)
        used = Usage(tokens_in=1000, tokens_out=1000)
        return ModelReply(text=text, provider=self.name, model="m", usage=used, seconds=0.5)

    def cards(self) -> tuple[ModelCard, ...]:
        """One model, a cent for a thousand tokens."""
        price = None if self.server.is_local else Price(input_eur=10.0, output_eur=10.0)
        return (ModelCard(name="m", digest=f"d-{self.name}", price=price, context=4000),)

    def status(self) -> ProviderStatus:
        """Always there."""
        return ProviderStatus(available=True, detail="here", models=("m",))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation with a secret and a budget of 5 cents a task."""
    monkeypatch.setenv("KOWAL_SETTINGS", str(tmp_path / "kowal.toml"))
    monkeypatch.setenv("KOWAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "kowal.toml").write_text(
        f'registry = "{tmp_path}/registry.git"\n[secrets]\nkey = {{value = "{SECRET}"}}\n[budgets]\ntask_eur = 0.05\n'
    )
    return tmp_path


@pytest.fixture
def operations(place: Path) -> Iterator[Operations]:
    """Its operational database."""
    opened = Operations.open(place / "operations.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def servers() -> tuple[Echo, Echo]:
    """One of one's own, and one in the cloud."""
    return Echo("home", is_local=True), Echo("cloud", is_local=False)


@pytest.fixture
def router(operations: Operations, servers: tuple[Echo, Echo]) -> Iterator[Router]:
    """The router of the settings, with these servers."""
    opened = Router(servers, aids=aids_of(load_settings(), operations))
    yield opened
    opened.close()


def test_no_secret_and_no_address_leaves_and_the_reply_has_them(router, servers):
    """At home all is said; in the cloud there are marks, which the reply does not show."""
    home, cloud = servers
    assert router.complete(replace(REQUEST, constraints=LOCAL)).text == SAID
    assert home.heard == [SAID]
    assert router.complete(replace(REQUEST, constraints=CLOUD)).text == SAID
    assert cloud.heard == ["mail HIDDEN_1_EMAIL with HIDDEN_1_SECRET"]


def test_what_is_asked_again_is_answered_from_memory_and_paid_once(router, servers, operations):
    """The reply says what it cost the first time, and nothing the second."""
    asked = replace(REQUEST, constraints=CLOUD)
    with asking(Asking(task="t1", by="ann")):
        first, second = router.complete(asked), router.complete(asked)
    assert (first.usage.cost_eur, second.usage.cost_eur) == (pytest.approx(0.02), 0.0)
    assert (second.text, second.is_kept, second.server) == (SAID, True, "cloud")
    assert len(servers[1].heard) == 1
    (((by, spent)),) = operations.model_calls.spent(["task", "asked_by"])
    assert (by, spent.calls, spent.eur) == ({"task": "t1", "asked_by": "ann"}, 1, 0.02)
    assert router.aids.cache.hits().rate == 0.5
    assert router.aids.speeds.tokens_per_s("cloud", "m") == 2000.0


def test_a_task_that_has_spent_its_budget_still_asks_at_home(router, servers):
    """In the cloud it is refused before anything is sent; on a machine of one's own nothing is spent."""
    sample = replace(REQUEST, reusable=False)
    with asking(Asking(task="t1", by="ann")):
        router.complete(replace(sample, constraints=CLOUD))
        with pytest.raises(BudgetExceeded, match=r"0\.05 € of a task: 0\.0200 € are spent"):
            router.complete(replace(sample, constraints=CLOUD))
        assert router.complete(replace(sample, constraints=LOCAL)).server == "home"
    assert len(servers[1].heard) == 1


def test_the_settings_put_the_aids_together(place, operations):
    """Learning is off unless it is wanted, and replies are kept unless they are not."""
    aids = aids_of(load_settings(), operations)
    assert aids.order is as_they_are
    aids.cache.close()
    with (place / "kowal.toml").open("a") as file:
        file.write("[learning]\non = true\n[replies]\nkeep_days = 0\n")
    aids = aids_of(load_settings(), operations)
    assert isinstance(aids.order, Learnt)
    assert isinstance(aids.cache, NoCache)
