"""Who is asked: what a demand forbids is never among the choices, and what is known decides the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ContextTooLong, ModelMissing, NoRoute, ProviderUnavailable
from agent.ports import FREE, NO_CONSTRAINTS, Constraints, Message, ModelCard, ModelRequest, Price, Purpose, Server
from agent.ports import ServerLimits as Limits
from agent.routing.choice import Chooser
from agent.routing.decision import Decision
from agent.routing.estimate import estimate_eur
from agent.routing.stock import Snapshot, Standing, Stock

AWAY = ProviderUnavailable("gone")


@dataclass(frozen=True)
class Place:
    """A provider of which only the server counts: nothing here may ask it."""

    server: Server


@dataclass(frozen=True)
class Known:
    """Speeds by server and model."""

    per_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    ms: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def tokens_per_s(self, server: str, model: str) -> float | None:
        """As it is known."""
        return self.per_s.get((server, model))

    def latency_ms(self, server: str, model: str) -> float | None:
        """As it is known."""
        return self.ms.get((server, model))


def card(name: str, params_b: float | None = None, context: int | None = None, price: Price | None = FREE) -> ModelCard:
    """A model."""
    return ModelCard(name=name, params_b=params_b, context=context, price=price)


def standing(name: str, *cards: ModelCard, **facts: Any) -> Standing:
    """A server: `cloud` in its name says where it is."""
    told = {key: facts.pop(key) for key in ("limits", "eur_per_hour") if key in facts}
    server = Server(name=name, provider=name.partition(":")[0], is_local="cloud" not in name, **told)
    provider: Any = Place(server)
    return Standing(stock=Stock(provider=provider, cards=cards), **facts)


def request(text: str = "hi", **facts: Any) -> ModelRequest:
    """A request for code."""
    facts = {"purpose": Purpose.GENERATE} | facts
    return ModelRequest(messages=(Message(role="user", content=text),), **facts)


def decided(
    *servers: Standing, task: Constraints = NO_CONSTRAINTS, speeds: Known | None = None, **facts: Any
) -> Decision:
    """The decision for a request."""
    chooser = Chooser(speeds=speeds or Known(), prefer_local=facts.pop("prefer_local", True))
    return chooser.decide(request(**facts), task, servers)


def names(decision: Decision) -> list[str]:
    """The choices as `server/model`."""
    return [f"{each.server}/{each.card.name}" for each in decision.choices]


A, B, CLOUD = standing("a", card("m"), card("n")), standing("b", card("m")), standing("cloud", card("big"))


def test_each_server_stands_by_with_the_model_that_it_prefers():
    """Local ones first, in the order of the settings; the cloud is another tier."""
    decision = decided(CLOUD, A, B)
    assert [[f"{each.server}/{each.card.name}" for each in tier] for tier in decision.tiers] == [
        ["a/m", "b/m"],
        ["cloud/big"],
    ]
    assert names(decided(CLOUD, A, B, prefer_local=False)) == ["cloud/big", "a/m", "b/m"]
    assert names(decided(CLOUD, A, task=Constraints(prefer_local=False))) == ["cloud/big", "a/m"]


def test_of_servers_that_hold_the_model_the_fastest_with_a_free_slot_is_first():
    """Measured tokens a second decide; one that is full, or failed just now, comes after those that are not."""
    known = Known(per_s={("b", "m"): 50.0, ("a", "m"): 20.0})
    assert names(decided(A, B, speeds=known)) == ["b/m", "a/m"]
    full = standing("b", card("m"), limits=Limits(concurrency=2), busy=2)
    assert names(decided(A, full, speeds=known)) == ["a/m", "b/m"]
    assert names(decided(A, replace(B, is_up=False), speeds=known)) == ["a/m", "b/m"]
    assert names(decided(replace(A, busy=3), B)) == ["b/m", "a/m"]


def test_a_named_model_is_all_that_is_asked():
    """By itself on all servers that have it; with a provider or a server before it on that one alone."""
    assert names(decided(A, B, model="n")) == ["a/n"]
    assert names(decided(A, B, model="n:latest")) == ["a/n"]
    assert names(decided(A, B, CLOUD, model="b/m")) == ["b/m"]
    assert names(decided(standing("o:x", card("m")), standing("o:y", card("m")), model="o:y/m")) == ["o:y/m"]
    assert names(decided(standing("o:x", card("m")), standing("o:y", card("m")), model="o/m")) == ["o:x/m", "o:y/m"]


def test_a_model_that_nobody_lists_is_asked_for_where_it_may_be():
    """A local server may know it, and says best how to get it; what is in the cloud is not told of it by guesswork."""
    assert names(decided(A, CLOUD, model="new")) == ["a/new"]
    assert names(decided(A, CLOUD, model="cloud/new")) == ["cloud/new"]
    assert isinstance(decided(CLOUD, model="new").refusal, ModelMissing)


def test_what_a_person_demands_comes_before_what_the_settings_name():
    """The settings' model gives way to a demanded model or provider, and where no server that may be asked has it."""
    assert names(decided(A, B, model="a/n", task=Constraints(model="b/m"))) == ["b/m"]
    assert names(decided(A, B, model="a/n", task=Constraints(provider="b"))) == ["b/m"]
    assert names(decided(A, CLOUD, model="m", task=Constraints(force_cloud=True))) == ["cloud/big"]


@pytest.mark.parametrize(
    ("task", "facts", "said"),
    [
        (Constraints(local_only=True, force_cloud=True), {}, "forbidden.*demanded|demanded.*forbidden"),
        (Constraints(local_only=True, provider="cloud"), {}, "cloud is demanded"),
        (Constraints(local_only=True), {"model": "cloud/big"}, "cloud was named"),
        (Constraints(provider="x"), {}, "x is demanded"),
        (Constraints(model="m"), {"constraints": Constraints(model="n")}, "is demanded"),
        (Constraints(max_cost_eur=1.0, force_cloud=True), {}, "price is not known"),
    ],
)
def test_demands_that_leave_nobody_are_an_error_that_says_why(task, facts, said):
    """Nothing is overruled to find somebody after all; the reason of each server is told."""
    unpriced = standing("cloud", card("big", price=None))
    decision = decided(A, unpriced, task=task, **facts)
    assert decision.choices == ()
    with pytest.raises(NoRoute, match=said) as caught:
        raise decision.refusal
    assert {each["server"] for each in caught.value.facts["left_out"]} == {"a", "cloud"}


def test_whoever_is_away_may_come_back():
    """Where the only server that may be asked is away, its own error is the answer: trying again may help."""
    away = standing("a", away=AWAY)
    assert decided(away, CLOUD, task=Constraints(local_only=True)).refusal is AWAY
    assert names(decided(away, CLOUD)) == ["cloud/big"]
    assert str(decided().refusal) == "No model server answers: the settings name none"


def test_complexity_is_size_or_speed():
    """High asks for the largest that may serve, low for the fastest, the smallest of those that were never measured."""
    one, two = standing("a", card("s", 3), card("l", 70)), standing("b", card("x", 120, context=10), card("m", 30))
    high = Constraints(complexity="high")
    assert names(decided(one, two, task=high))[:2] == ["b/x", "a/l"]
    assert names(decided(one, two, task=high, text="x" * 1000))[:2] == ["a/l", "b/m"]
    assert names(decided(one, two, task=Constraints(complexity="low")))[0] == "a/s"
    known = Known(per_s={("b", "m"): 90.0})
    assert names(decided(one, two, task=Constraints(complexity="low"), speeds=known))[0] == "b/m"


def test_limits_of_time_and_money_leave_out_what_is_known_to_break_them():
    """A server that was measured to be slower, a price that is higher, and a price that nobody knows."""
    slow = Known(ms={("a", "m"): 900.0, ("a", "n"): 100.0})
    assert names(decided(A, task=Constraints(max_latency_ms=500), speeds=slow)) == ["a/n"]
    dear = standing("cloud", card("big", price=Price(input_eur=10, output_eur=1000)), card("odd", price=None))
    assert names(decided(A, dear, task=Constraints(max_cost_eur=0.5))) == ["a/m"]
    rented = standing("b", card("m"), eur_per_hour=40.0)
    assert names(decided(rented, A, task=Constraints(max_cost_eur=0.5))) == ["a/m"]
    assert estimate_eur(3_000_000, card("x", price=Price(input_eur=2, output_eur=0)), A.stock.server, None) == 2.0
    assert estimate_eur(0, card("x"), rented.stock.server, 180_000) == pytest.approx(2.0)
    assert estimate_eur(0, card("x", price=None), CLOUD.stock.server, None) is None


def test_a_request_goes_where_it_fits():
    """What surely does not fit is left out, what may not comes last; a server's limits cut a model's context."""
    small, large = standing("a", card("m", context=100)), standing("b", card("m", context=10_000))
    assert names(decided(small, large, text="x" * 200)) == ["a/m", "b/m"]
    assert names(decided(small, large, text="x" * 500)) == ["b/m", "a/m"]
    assert names(decided(small, large, text="x" * 900)) == ["b/m"]
    cut = standing("b", card("m", context=10_000), limits=Limits(max_context=100))
    assert isinstance(decided(small, cut, text="x" * 900).refusal, ContextTooLong)


def test_a_model_with_more_room_stands_by():
    """On the same server, for a request that turns out too long for the one that it prefers."""
    assert names(decided(standing("a", card("s", context=100), card("l", context=900)), B)) == ["a/s", "b/m", "a/l"]


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (Limits(allow=("m",)), ["m"]),
        (Limits(allow=("hf.co/*",)), ["hf.co/x:Q4"]),
        (Limits(deny=("*x*", "m")), ["big"]),
        (Limits(max_params_b=10), ["m", "hf.co/x:Q4"]),
        (Limits(max_params_b=10, strict=True), ["m"]),
        (Limits(max_size_gb=1), ["m", "big", "hf.co/x:Q4"]),
        (Limits(max_size_gb=1, strict=True), []),
    ],
)
def test_a_servers_limits_leave_out_models(limits, left):
    """By name, by size, and in strict servers by a size that nobody knows. A name does not get around them."""
    cards = card("m", 7), card("big", 70), card("hf.co/x:Q4")
    one = standing("a", *cards, limits=limits)
    assert [each.name for each in one.stock.offered] == left
    for each in cards:
        assert names(decided(one, model=each.name)) == ([f"a/{each.name}"] if each.name in left else [])


def test_what_was_learnt_orders_models_but_no_tiers():
    """Where no model is named; the local ones stay before the cloud, and nothing is learnt of other purposes."""
    chooser = Chooser(order=lambda _, choices: list(reversed(choices)))
    servers: Snapshot = (A, B, CLOUD)
    assert names(chooser.decide(request(), NO_CONSTRAINTS, servers)) == ["a/n", "a/m", "b/m", "cloud/big"]
    assert names(chooser.decide(request(model="m"), NO_CONSTRAINTS, servers)) == ["a/m", "b/m"]
    match = chooser.decide(request(purpose=Purpose.MATCH), NO_CONSTRAINTS, servers)
    assert names(match) == ["a/m", "b/m", "cloud/big"]


def test_an_explanation_names_each_model_that_is_left_out():
    """With the reason; without it only those servers of which nothing is left."""
    one = standing("a", card("m", 7), card("big", 70), limits=Limits(max_params_b=10))
    assert decided(one).left_out == ()
    found = Chooser().decide(request(), NO_CONSTRAINTS, (one,), thorough=True).left_out
    assert [(each.server, each.model, each.why) for each in found] == [
        ("a", "big", "it has 70 billion parameters, more than the server takes (10)")
    ]


NAMES = st.sampled_from(["m", "n", "big", "hf.co/x:Q4", "m:7b"])
CARDS = st.builds(
    ModelCard,
    name=NAMES,
    params_b=st.none() | st.sampled_from([1.0, 7.0, 70.0]),
    context=st.none() | st.sampled_from([64, 4096]),
    writes=st.booleans(),
    price=st.none() | st.just(FREE) | st.just(Price(input_eur=5.0, output_eur=20.0)),
)
SERVERS = st.sampled_from(["a", "o:x", "o:y", "cloud", "p:cloud"])
LIMITS = st.builds(
    Limits,
    concurrency=st.none() | st.just(1),
    max_params_b=st.none() | st.just(10.0),
    max_context=st.none() | st.just(100),
    allow=st.sampled_from([(), ("m*",)]),
    deny=st.sampled_from([(), ("big",)]),
    strict=st.booleans(),
)
DEMANDS = st.builds(
    Constraints,
    provider=st.sampled_from(["", "", "", "o", "o:x", "cloud"]),
    model=st.sampled_from(["", "", "m", "o/m", "cloud/big"]),
    local_only=st.booleans(),
    prefer_local=st.booleans(),
    force_cloud=st.booleans(),
    max_latency_ms=st.none() | st.just(100.0),
    max_cost_eur=st.none() | st.just(0.01),
    complexity=st.sampled_from(["low", "normal", "high"]),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Some servers as they may stand."""
    servers = draw(st.lists(SERVERS, unique=True, max_size=5))
    return [
        standing(
            name,
            *draw(st.lists(CARDS, max_size=4, unique_by=lambda each: each.name)),
            limits=draw(LIMITS),
            away=draw(st.none() | st.just(AWAY)),
            is_up=draw(st.booleans()),
            busy=draw(st.integers(0, 1)),
        )
        for name in servers
    ]


@given(
    snapshots(),
    DEMANDS,
    DEMANDS,
    st.sampled_from([None, "m", "o/m", "unheard"]),
    st.integers(0, 2000),
    st.sampled_from(Purpose),
    st.booleans(),
    st.dictionaries(st.tuples(SERVERS, NAMES), st.sampled_from([50.0, 500.0])),
)
def test_nothing_that_a_demand_forbids_is_ever_chosen(servers, one, two, model, length, purpose, thorough, ms):
    """Whatever is there and whatever is asked: demands, limits and absences hold for each choice."""
    wanted = request("x" * length, constraints=one, model=model, purpose=purpose)
    decision = Chooser(speeds=Known(ms=ms)).decide(wanted, two, servers, thorough=thorough)
    by_name = {each.stock.server.name: each for each in servers}
    for choice in decision.choices:
        stand, server, limits = by_name[choice.server], choice.provider.server, choice.provider.server.limits
        assert stand.away is None
        for each in (one, two):
            assert server.is_local or not each.local_only
            assert not server.is_local or not each.force_cloud
            assert each.provider in ("", server.name, server.provider)
            head, _, rest = each.model.partition("/")
            assert (
                not rest
                or head in (server.name, server.provider)
                or head
                not in {"o", "cloud"}
                & {
                    name
                    for known in by_name.values()
                    for name in (known.stock.server.name, known.stock.server.provider)
                }
            )
            assert not each.model or choice.card.name in (each.model, rest)
            latency = ms.get((server.name, choice.card.name))
            assert each.max_latency_ms is None or latency is None or latency <= each.max_latency_ms
            assert each.max_cost_eur is None or choice.card.price == FREE or (server.is_local and not choice.card.price)
        assert choice.card.writes
        assert "big" not in limits.deny or choice.card.name != "big"
        assert not limits.allow or choice.card.name.startswith("m") or not choice.card.name
        assert limits.max_params_b is None or (choice.card.params_b or 0) <= limits.max_params_b
        if limits.max_params_b is not None and limits.strict and choice.card.name:
            assert choice.card.params_b is not None
        room = stand.stock.context(choice.card)
        assert room is None or length <= room * 8
    if not decision.choices:
        assert str(decision.refusal)
    assert len(set(names(decision))) == len(decision.choices)
