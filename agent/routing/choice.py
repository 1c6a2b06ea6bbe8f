"""Which server answers a request with which model, which stand by, and why all others are left out. Asks nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from agent.ports import FREE, NO_CONSTRAINTS, Constraints, ModelCard, ModelRequest, Purpose, Server
from agent.routing.aids import Choice, Order, Speeds, Unmeasured, as_they_are
from agent.routing.decision import Decision, Kind, LeftOut
from agent.routing.estimate import CHARS_A_TOKEN, estimate_eur
from agent.routing.stock import Snapshot, Standing, Stock, refusal

LEARNT = frozenset({Purpose.GENERATE, Purpose.ENHANCE, Purpose.REPAIR})
"""The purposes whose replies the gate judges: where no model is named, what it said of models decides."""
MOST_CHARS_A_TOKEN = 8
"""No ordinary text has more: what exceeds a context by this count surely does not fit."""

MOST_WITH_ROOM = 4
"""So many models stand by for a request that is too long for the others."""


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """Decides by what is known: settings, speeds, and what was learnt."""

    speeds: Speeds = field(default_factory=Unmeasured)
    order: Order = as_they_are
    prefer_local: bool = True

    def decide(
        self, request: ModelRequest, task: Constraints, snapshot: Snapshot, *, thorough: bool = False
    ) -> Decision:
        """Who is asked. `thorough` names each model that is left out, not only servers of which none is left."""
        return _Choosing(chooser=self, request=request, task=task, snapshot=snapshot, thorough=thorough).decided()


@dataclass(kw_only=True, slots=True)
class _Entry:
    """A model of a server that may answer."""

    place: int
    standing: Standing
    card: ModelCard
    speed: float
    room: int | None
    is_tight: bool
    """True where the request may not fit its context."""
    is_roomier: bool = False
    """True where it is there for a request that turns out to be too long for the others."""


@dataclass(frozen=True, kw_only=True)
class _Choosing:
    chooser: Chooser
    request: ModelRequest
    task: Constraints
    snapshot: Snapshot
    thorough: bool
    left_out: list[LeftOut] = field(default_factory=list)

    def decided(self) -> Decision:
        open_to_it = [(place, each) for place, each in enumerate(self.snapshot) if self._may(each)]
        model = self.model
        if model and not self.is_demanded and self.is_narrowed:
            # The settings' word on models bows to what a person demands of servers, where these do not have it.
            model = model if any(each.stock.card(model) for _, each in open_to_it) else ""
        listed = [each for _, each in open_to_it if model and each.stock.card(model)]
        entries: list[_Entry] = []
        for place, standing in open_to_it:
            before, cards = len(self.left_out), self._cards(standing.stock, model, is_listed=bool(listed))
            found = self._entries(place, standing, cards)
            entries += found
            if found and not self.thorough:
                del self.left_out[before:]
        local = [entry for entry in entries if entry.standing.stock.server.is_local]
        cloud = [entry for entry in entries if not entry.standing.stock.server.is_local]
        if self.prefers_local or not local:
            tiers = [self._ordered(self._with_room(local), model), self._by_place(self._with_room(cloud), model)]
        else:
            tiers = [self._ordered(self._with_room(entries), model)]
        return Decision(tiers=tuple(filter(None, tiers)), left_out=tuple(self.left_out), wanted=self.named[1])

    @cached_property
    def demands(self) -> tuple[Constraints, ...]:
        """Those of the request and of its task: both hold."""
        return tuple(each for each in (self.request.constraints, self.task) if each is not NO_CONSTRAINTS)

    @cached_property
    def named(self) -> tuple[str, str]:
        """The provider or server, and the model, that are named; what is demanded before what the settings say."""
        for each in self.demands:
            if each.model:
                return self._split(each.model)
        if any(each.provider for each in self.demands):
            return "", self._split(self.request.model or "")[1]
        return self._split(self.request.model or "")

    @property
    def model(self) -> str:
        return self.named[1]

    @property
    def is_demanded(self) -> bool:
        """True where a person named the model, or the settings a model of one provider."""
        return any(each.model for each in self.demands) or bool(self.named[0])

    @property
    def is_narrowed(self) -> bool:
        return any(each.provider or each.force_cloud or each.local_only for each in self.demands)

    @cached_property
    def complexity(self) -> str:
        return next((each.complexity for each in self.demands if each.complexity != "normal"), "normal")

    @property
    def prefers_local(self) -> bool:
        return self.chooser.prefer_local and all(each.prefer_local for each in self.demands)

    @cached_property
    def length(self) -> int:
        """Of the request, in characters."""
        return sum(len(message.content) for message in self.request.messages)

    def _split(self, model: str) -> tuple[str, str]:
        head, _, rest = model.partition("/")
        is_server = rest and any(is_of(each.stock.server, head) for each in self.snapshot)
        return (head, rest) if is_server else ("", model)

    def _may(self, standing: Standing) -> bool:
        """Whether a server may be asked at all; where not, the reason is noted."""
        server = standing.stock.server
        if why := next(self._against(server), ""):
            self.left_out.append(LeftOut(server=server.name, kind=Kind.DEMAND, why=why))
        elif standing.away is not None:
            why = f"it is away: {standing.away}"
            self.left_out.append(LeftOut(server=server.name, kind=Kind.AWAY, why=why, error=standing.away))
        else:
            return True
        return False

    def _against(self, server: Server) -> Iterator[str]:
        """What speaks against asking a server, whatever its models."""
        if self.named[0] and not is_of(server, self.named[0]):
            yield f"{self.named[0]} was named"
        for each in self.demands:
            if each.local_only and not server.is_local:
                yield "it is in the cloud, which is forbidden (local_only)"
            if each.force_cloud and server.is_local:
                yield "it is local, and the cloud is demanded (force_cloud)"
            if each.provider and not is_of(server, each.provider):
                yield f"{each.provider} is demanded"
            head, _ = self._split(each.model)
            if head and not is_of(server, head):
                yield f"{each.model} is demanded"

    def _cards(self, stock: Stock, model: str, *, is_listed: bool) -> Sequence[ModelCard]:
        """The models of a server that may answer, the best first."""
        if model:
            return self._named_card(stock, model, is_listed=is_listed)
        if not stock.offered:
            if stock.server.is_local and not any(card.writes for card in stock.cards):
                return (ModelCard(name="", price=FREE),)  # it knows best what to say of that
            if not self.thorough:
                self._leave(stock, "", Kind.LIMIT, next(iter(stock.refused.values()), "it has no models"))
        if self.thorough:
            for name, why in stock.refused.items():
                self._leave(stock, name, Kind.LIMIT, why)
        if self.complexity == "high":
            return stock.by_size
        if self.complexity == "low":
            return stock.by_speed(self.chooser.speeds.tokens_per_s)
        return stock.offered

    def _named_card(self, stock: Stock, model: str, *, is_listed: bool) -> Sequence[ModelCard]:
        """The model that was named, where the server may be asked for it."""
        card = stock.card(model)
        why = stock.refused.get(card.name, "") if card is not None else ""
        if card is None and (self.named[0] or (stock.server.is_local and not is_listed)):
            # It may have what it does not list, and else says best how to get it.
            card = ModelCard(name=model, price=FREE if stock.server.is_local else None)
            why = refusal(card, stock.server.limits)
        if card is None:
            self._leave(stock, "", Kind.MISSING, f"it has no model {model}")
        elif why:
            self._leave(stock, card.name, Kind.LIMIT, why)
        return () if card is None or why else (card,)

    def _entries(self, place: int, standing: Standing, cards: Sequence[ModelCard]) -> list[_Entry]:
        """The first of the models that may answer; all of them where what was learnt decides."""
        found: list[_Entry] = []
        stock = standing.stock
        for number, card in enumerate(cards):
            if found and not self._is_learnt:
                if self.thorough:
                    self._leave_others(stock, cards[number:], found[0].card.name)
                break
            if self._fits(stock, card):
                found.append(self._entry(place, standing, card))
        return found

    def _entry(self, place: int, standing: Standing, card: ModelCard) -> _Entry:
        room, speed = standing.stock.context(card), self._speed(standing.stock, card)
        is_tight = room is not None and self.length > room * CHARS_A_TOKEN
        return _Entry(place=place, standing=standing, card=card, speed=speed, room=room, is_tight=is_tight)

    def _leave_others(self, stock: Stock, cards: Sequence[ModelCard], better: str) -> None:
        for card in cards:
            if self._fits(stock, card):
                self._leave(stock, card.name, Kind.SPARE, f"the server answers with {better}")

    def _with_room(self, entries: list[_Entry]) -> list[_Entry]:
        """The same, and models with more room than all of them: for a request that turns out too long for those."""
        longest = max((entry.room for entry in entries if entry.room is not None), default=None)
        if longest is None or self.model or self._is_learnt:
            return entries
        roomier: list[_Entry] = []
        for entry in entries:
            if len(roomier) == MOST_WITH_ROOM:
                break
            stock, card = entry.standing.stock, entry.standing.stock.roomiest
            if card is not None and (stock.context(card) or 0) > longest and self._fits(stock, card):
                roomier.append(replace(self._entry(entry.place, entry.standing, card), is_roomier=True))
        return entries + roomier

    def _fits(self, stock: Stock, card: ModelCard) -> bool:
        """Whether the model may answer this request; where not, the reason is noted."""
        for each in self.demands:
            if each.model and not same_model(card.name, self._split(each.model)[1]):
                self._leave(stock, card.name, Kind.DEMAND, f"{each.model} is demanded")
                return False
            if why := self._too_slow(stock, card, each) or self._too_dear(stock, card, each):
                self._leave(stock, card.name, Kind.DEMAND, why)
                return False
        room = stock.context(card)
        if room is not None and self.length > room * MOST_CHARS_A_TOKEN:
            why = f"{self.length} characters do not fit its context of {room} tokens"
            self._leave(stock, card.name, Kind.LONG, why)
            return False
        return True

    def _too_slow(self, stock: Stock, card: ModelCard, demand: Constraints) -> str:
        if demand.max_latency_ms is None:
            return ""
        measured = self.chooser.speeds.latency_ms(stock.server.name, card.name)
        if measured is None or measured <= demand.max_latency_ms:
            return ""
        return f"it takes {measured:.0f} ms, more than {demand.max_latency_ms:g} ms"

    def _too_dear(self, stock: Stock, card: ModelCard, demand: Constraints) -> str:
        if demand.max_cost_eur is None:
            return ""
        latency_ms = self.chooser.speeds.latency_ms(stock.server.name, card.name)
        cost = estimate_eur(self.length, card, stock.server, latency_ms)
        if cost is None:
            return "its price is not known"
        return "" if cost <= demand.max_cost_eur else f"it may cost {cost:.4f} €, more than {demand.max_cost_eur:g} €"

    def _leave(self, stock: Stock, model: str, kind: Kind, why: str) -> None:
        self.left_out.append(LeftOut(server=stock.server.name, model=model, kind=kind, why=why))

    def _speed(self, stock: Stock, card: ModelCard) -> float:
        return self.chooser.speeds.tokens_per_s(stock.server.name, card.name) or 0.0

    @property
    def _is_learnt(self) -> bool:
        is_open = self.complexity == "normal" and not self.model
        return is_open and self.request.purpose in LEARNT and self.chooser.order is not as_they_are

    def _by_place(self, entries: list[_Entry], model: str) -> tuple[Choice, ...]:
        """In the order of the settings: services in the cloud."""
        if self._is_learnt and not model:
            return self._ordered(entries, model)
        entries.sort(key=lambda e: (e.is_roomier, not e.standing.is_up, e.is_tight, e.place))
        return tuple(map(self._choice, entries))

    def _ordered(self, entries: list[_Entry], model: str) -> tuple[Choice, ...]:
        """The model first that is wanted, and of servers that hold it the fastest with a free slot."""
        groups: dict[str, int] = {}
        for entry in entries:
            groups.setdefault(entry.card.name, len(groups))

        def rank(entry: _Entry) -> tuple[float, ...]:
            standing, card = entry.standing, entry.card
            at_last = (entry.is_roomier, not standing.is_up, entry.is_tight)
            then = (standing.is_full, -entry.speed, standing.busy, entry.place)
            if self.complexity == "high":
                return (*at_last, -(card.params_b or 0.0), *then)
            if self.complexity == "low":
                return (*at_last, -entry.speed, card.params_b or 1e9, *then)
            return (*at_last, groups[card.name], *then)

        entries.sort(key=rank)
        choices = tuple(map(self._choice, entries))
        return self._learnt(choices) if self._is_learnt and not model else choices

    def _learnt(self, choices: Sequence[Choice]) -> tuple[Choice, ...]:
        """The models in the order of what was learnt; the servers of each as they are."""
        by_model: dict[str, list[Choice]] = {}
        for choice in choices:
            by_model.setdefault(choice.card.name, []).append(choice)
        first = self.chooser.order(self.request.purpose, [same[0] for same in by_model.values()])
        return tuple(choice for best in first for choice in by_model[best.card.name])

    def _choice(self, entry: _Entry) -> Choice:
        return Choice(provider=entry.standing.stock.provider, card=entry.card, why=self._why(entry))

    def _why(self, entry: _Entry) -> str:
        """In words, why it stands where it does."""
        server = entry.standing.stock.server
        said = ["local" if server.is_local else "in the cloud"]
        if self.model and same_model(entry.card.name, self.model):
            said.append("has the model that was named")
        elif self.complexity != "normal":
            said.append("its largest model" if self.complexity == "high" else "its fastest model")
        else:
            said.append("more room" if entry.is_roomier else "the server prefers this model")
        if entry.speed:
            said.append(f"{entry.speed:.0f} tokens/s")
        standing = entry.standing
        said += ["full"] * standing.is_full + ["failed just now"] * (not standing.is_up)
        return ", ".join([*said, *["the request may not fit"] * entry.is_tight])


def is_of(server: Server, name: str) -> bool:
    """Whether a name is the server's own or its provider's."""
    return name in (server.name, server.provider)


def same_model(one: str, other: str) -> bool:
    """Whether two names are the same model's; a bare name means `latest`."""
    return one == other or f"{one}:latest" == other or one == f"{other}:latest"
