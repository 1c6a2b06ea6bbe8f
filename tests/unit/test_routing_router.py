"""What becomes of one request: tried again, tried elsewhere, kept, paid for, hidden from the cloud, or stopped."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from agent.errors import (
    BudgetExceeded,
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    NoRoute,
    ProviderUnavailable,
    RateLimited,
)
from agent.ports import (
    FREE,
    Constraints,
    Embedding,
    Hear,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    Purpose,
    Server,
    unheard,
)
from agent.routing.aids import Aids, Choice, NoLedger
from agent.routing.asking import Asking, asking
from agent.routing.router import Patience, Router
from sandbox.stopping import Stop, Stopped, stopped_by

REQUEST = ModelRequest(messages=(Message(role="user", content="my secret"),), purpose=Purpose.MATCH)
QUICK = Patience(retries=2, longest_wait_s=2.0)


class Stand:
    """A server that gives what it was told to, in order, the last for good."""

    def __init__(self, name: str, *says: str | ModelError, models: tuple[ModelCard, ...] = ()) -> None:
        self.name = name
        self.server = Server(name=name, provider=name, is_local="cloud" not in name)
        self.says, self.models = list(says), models or (ModelCard(name="m", price=FREE),)
        self.heard: list[ModelRequest] = []

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The next reply or error."""
        hear("")
        self.heard.append(request)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, ModelError):
            raise said
        return ModelReply(text=said, provider=self.name, model=str(request.model))

    def cards(self) -> Sequence[ModelCard]:
        """Its models."""
        return self.models

    def embed(self, texts: Sequence[str]) -> Embedding:
        """A vector for each text."""
        return Embedding(vectors=tuple((1.0,) for _ in texts), model=self.name, digest="d")


@pytest.fixture
def routers() -> Iterator[Callable[..., Router]]:
    """Makes routers, and closes them."""
    made: list[Router] = []

    def make(*stands: Stand, **facts) -> Router:
        made.append(Router(list(stands), **{"patience": QUICK} | facts))
        return made[-1]

    yield make
    for router in made:
        router.close()


@pytest.mark.parametrize(
    "fault",
    [
        ProviderUnavailable("500"),
        MalformedReply("cut off"),
        RateLimited("busy"),
        RateLimited("busy", retry_after_s=0.3),
    ],
)
def test_what_may_pass_is_asked_again_after_a_pause(routers, fault):
    """The only server there is gets another chance, no sooner than it wants."""
    stand, began = Stand("a", fault, "done"), time.monotonic()
    assert routers(stand).complete(REQUEST).text == "done"
    assert len(stand.heard) == 2
    assert time.monotonic() - began >= (fault.facts.get("retry_after_s") or 0.2)


def test_a_pause_that_is_too_long_is_not_waited_for(routers):
    """The error says when the server wants to be asked; meanwhile it is left alone."""
    stand, began = Stand("a", RateLimited("busy", retry_after_s=60.0), "done"), time.monotonic()
    router = routers(stand)
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            router.complete(REQUEST)
        assert caught.value.retry_after_s == 60.0
    assert time.monotonic() - began < 30
    assert len(stand.heard) == 1


def test_own_servers_are_tried_again_before_the_cloud_is_asked(routers):
    """A hiccup costs nothing; only where all of one's own fail does the cloud take their place."""
    one, two, cloud = Stand("a", MalformedReply("x")), Stand("b", MalformedReply("y"), "done"), Stand("cloud", "paid")
    assert routers(one, two, cloud).complete(REQUEST).text == "done"
    assert cloud.heard == []
    assert routers(one, cloud).complete(REQUEST).text == "paid"
    assert len(one.heard) == 2 + 3


@pytest.mark.parametrize("fault", [ModelTimedOut("slow"), ModelMissing("gone")])
def test_what_will_not_pass_soon_is_asked_elsewhere_at_once(routers, fault):
    """No second try where the first has cost minutes, or cannot succeed."""
    one, two = Stand("a", fault), Stand("b", "done")
    assert routers(one, two).complete(REQUEST).text == "done"
    assert len(one.heard) == 1
    with pytest.raises(type(fault)):
        routers(one).complete(REQUEST)


def test_a_task_that_forbids_the_cloud_never_goes_there(routers):
    """Whatever fails, and for each request that is made for it in threads that have its context."""
    one, cloud = Stand("a", ProviderUnavailable("dead")), Stand("cloud", "told")
    router = routers(one, cloud)
    with asking(Asking(constraints=Constraints(local_only=True))):
        with pytest.raises(ProviderUnavailable, match=r"^dead$"):
            router.complete(REQUEST)
        with pytest.raises(ProviderUnavailable):
            router.complete(REQUEST)
        with pytest.raises(NoRoute):
            router.complete(replace(REQUEST, model="cloud/m"))
    assert cloud.heard == []
    assert router.complete(REQUEST).text == "told"


def test_vectors_never_leave_for_the_cloud(routers):
    """Not even where nobody else makes any."""
    assert routers(Stand("cloud", "x"), Stand("a", "x")).embed(["t"]).model == "a"
    with pytest.raises(ProviderUnavailable):
        routers(Stand("cloud", "x")).embed(["t"])


def test_a_request_that_is_too_long_goes_where_there_is_more_room(routers):
    """To a larger context only, on the same server or another; where none is larger the error is the answer."""
    small, large = ModelCard(name="s", context=1_000, price=FREE), ModelCard(name="l", context=9_000, price=FREE)
    long = ContextTooLong("too long")
    one = Stand("a", long, "done", models=(small, large))
    assert routers(one, Stand("b", "no", models=(small,))).complete(REQUEST).model == "l"
    unknown, small_one = Stand("b", "no"), Stand("a", long, models=(small,))
    with pytest.raises(ContextTooLong) as caught:
        routers(small_one, unknown, Stand("cloud", "no", models=(small,))).complete(REQUEST)
    assert caught.value is long
    assert unknown.heard == []


class Counting(NoLedger):
    """A ledger that counts entries and how they ended."""

    def __init__(self, refuses: str = "") -> None:
        self.seen, self.refuses = Counter[str](), refuses

    @contextmanager
    def entered(self, request: ModelRequest, choice: Choice, whose: Asking) -> Iterator["Counting"]:
        """One request."""
        if choice.server == self.refuses:
            raise BudgetExceeded("spent")
        try:
            yield self
        except ModelError as error:
            self.seen[f"{whose.by} {choice.server} {type(error).__name__}"] += 1
            raise
        self.seen[f"{whose.by} {choice.server} replied"] += 1


def test_each_request_has_its_entry_and_its_end(routers):
    """Those that failed, too, with whoever asked."""
    ledger = Counting()
    router = routers(Stand("a", MalformedReply("x")), Stand("b", "done"), aids=Aids(ledger=ledger))
    with asking(Asking(by="ann")):
        router.complete(REQUEST)
    assert ledger.seen == {"ann a MalformedReply": 1, "ann b replied": 1}


def test_a_budget_that_is_used_up_is_the_answer(routers):
    """Nobody else is asked in its place: somebody has to allow more."""
    other = Stand("cloud2", "x")
    with pytest.raises(BudgetExceeded):
        routers(Stand("cloud", "x"), other, aids=Aids(ledger=Counting("cloud"))).complete(REQUEST)
    assert other.heard == []


class Remembering:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], ModelReply] = {}

    def reply(self, request: ModelRequest, choice: Choice) -> ModelReply | None:
        """What was kept for the request's words and the model."""
        found = self.kept.get((request.messages[0].content, choice.card.name))
        return replace(found, is_kept=True) if found else None

    def keep(self, request: ModelRequest, choice: Choice, reply: ModelReply) -> None:
        """Keep it."""
        self.kept[request.messages[0].content, choice.card.name] = reply

    def close(self) -> None:
        """Nothing is held."""


def test_only_what_wants_no_independent_sample_is_answered_from_the_cache(routers):
    """The second of two equal requests is not asked, unless it wants another opinion; nothing is entered for it."""
    stand, ledger = Stand("a", "one", "two", "three"), Counting()
    router = routers(stand, aids=Aids(cache=Remembering(), ledger=ledger))
    reusable = replace(REQUEST, reusable=True)
    assert [router.complete(each).text for each in (reusable, reusable, REQUEST)] == ["one", "one", "two"]
    assert router.complete(reusable).is_kept
    assert sum(ledger.seen.values()) == 2


class Masking:
    """A veil over one word."""

    def drawn(self, request: ModelRequest) -> tuple[ModelRequest, Callable[[ModelReply], ModelReply]]:
        """The request without it, and what puts it back."""
        (message,) = request.messages
        hidden = replace(message, content=message.content.replace("secret", "MARK"))
        return replace(request, messages=(hidden,)), lambda reply: replace(
            reply, text=reply.text.replace("MARK", "secret")
        )


def test_the_cloud_hears_what_the_veil_lets_through(routers):
    """And the reply has the words again; one's own servers hear all."""
    cloud, own = Stand("cloud", "said MARK"), Stand("a", "said MARK")
    aids = Aids(veil=Masking())
    assert routers(cloud, aids=aids).complete(REQUEST).text == "said secret"
    assert [each.messages[0].content for each in cloud.heard] == ["my MARK"]
    assert routers(own, aids=aids).complete(REQUEST).text == "said MARK"
    assert own.heard[0].messages[0].content == "my secret"


def test_a_stop_passes_through_every_wait(routers):
    """While it waits to ask again, too."""
    stop = Stop()
    router = routers(Stand("a", RateLimited("busy", retry_after_s=20.0)), patience=Patience(longest_wait_s=30.0))
    threading.Timer(0.2, stop.ask).start()
    began = time.monotonic()
    with stopped_by(stop), pytest.raises(Stopped):
        router.complete(REQUEST)
    assert time.monotonic() - began < 15


def test_the_time_of_one_request_is_bounded(routers):
    """No further attempt is begun after it, whatever servers promise."""
    stand = Stand("a", RateLimited("busy", retry_after_s=0.4))
    with pytest.raises(RateLimited):
        routers(stand, patience=Patience(retries=10, total_s=1.0)).complete(REQUEST)
    assert len(stand.heard) <= 4
