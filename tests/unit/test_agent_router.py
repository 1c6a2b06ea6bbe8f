"""Which provider serves a request, which back ends can be named, and what every error tells."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent import errors
from agent.errors import (
    BadSettings,
    BudgetExceeded,
    ContextTooLong,
    KowalError,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    NotScripted,
    ProviderUnavailable,
    RateLimited,
)
from agent.loader import OFFERS, available, load
from agent.ports import (
    FREE,
    Embedding,
    Hear,
    LLMProvider,
    Message,
    ModelCard,
    ModelReply,
    ModelRequest,
    ProviderStatus,
    Purpose,
    Server,
    unheard,
)
from agent.routing.router import Patience, Router

REQUEST = ModelRequest(messages=(Message(role="user", content="hi"),), purpose=Purpose.GENERATE)


class Stand:
    """A provider that always gives the same answer or error, and counts how often it was asked."""

    def __init__(self, name: str, answer: str | ModelError, *, models: tuple[str, ...] = ("m",)) -> None:
        self.name, self.answer, self.asked = name, answer, 0
        self.server = Server(name=name, provider=name, is_local=True)
        self.models = models
        self.model: str | None = None

    def complete(self, request: ModelRequest, hear: Hear = unheard) -> ModelReply:
        """The answer."""
        hear("")
        self.asked, self.model = self.asked + 1, request.model
        if isinstance(self.answer, ModelError):
            raise self.answer
        return ModelReply(text=self.answer, provider=self.name, model="m")

    def cards(self) -> tuple[ModelCard, ...]:
        """Models of no known size."""
        return tuple(ModelCard(name=model, price=FREE) for model in self.models)

    def status(self) -> ProviderStatus:
        """Whether it has an answer."""
        return ProviderStatus(available=isinstance(self.answer, str), detail=self.name)


class Maker(Stand):
    """One that makes vectors, too."""

    def embed(self, texts) -> Embedding:
        """A vector for each text, or the error."""
        self.asked += 1
        if isinstance(self.answer, ModelError):
            raise self.answer
        return Embedding(vectors=tuple((1.0,) for _ in texts), model=self.name, digest="d")


def router(*stands: Stand) -> Router:
    """A router over them."""
    providers: list[LLMProvider] = list(stands)
    return Router(providers, patience=Patience(retries=0))


def test_vectors_come_from_the_first_who_makes_them():
    """Who makes none is passed over, and so is who is away."""
    away = Maker("away", ProviderUnavailable("away"))
    assert router(Stand("plain", "x"), away, Maker("third", "x")).embed(["a", "b"]).model == "third"
    with pytest.raises(ProviderUnavailable, match="name none"):
        router(Stand("plain", "x")).embed(["a"])
    with pytest.raises(ProviderUnavailable, match=r"^away$"):
        router(away).embed(["a"])
    assert router(Maker("slow", ModelTimedOut("slow")), Maker("next", "x")).embed(["a"]).model == "next"
    with pytest.raises(NotScripted):
        router(Maker("odd", NotScripted("odd")), Maker("next", "x")).embed(["a"])


def tree(root: type[KowalError]) -> Iterator[type[KowalError]]:
    """The class and all below it."""
    yield root
    for below in root.__subclasses__():
        yield from tree(below)


def test_the_first_provider_that_answers_serves():
    """The order of the settings decides, and nobody behind the one that serves is asked."""
    first, second = Stand("first", "one"), Stand("second", "two")
    assert router(first, second).complete(REQUEST).provider == "first"
    assert second.asked == 0


@pytest.mark.parametrize(
    "fault",
    [
        ProviderUnavailable("away"),
        ModelMissing("no such model"),
        ModelTimedOut("slow"),
        MalformedReply("cut off"),
        RateLimited("busy", retry_after_s=60),
    ],
)
def test_a_server_that_fails_is_passed_over(fault):
    """The next one of the settings takes its place, as long as both are the operator's own."""
    assert router(Stand("first", fault), Stand("second", "two")).complete(REQUEST).text == "two"


@pytest.mark.parametrize(
    "fault", [ContextTooLong("long"), BudgetExceeded("spent"), NotScripted("none"), ModelError("bad request")]
)
def test_a_fault_of_the_request_is_the_answer(fault):
    """A request that fails for its own sake is not tried on somebody else's machine."""
    second = Stand("second", "two")
    with pytest.raises(type(fault)) as caught:
        router(Stand("first", fault), second).complete(REQUEST)
    assert caught.value is fault
    assert second.asked == 0


def test_the_one_provider_that_is_away_speaks_for_itself():
    """With a single provider its own error and advice come through."""
    missing = ModelMissing("no such model", advice="ollama pull x")
    with pytest.raises(ModelMissing) as caught:
        router(Stand("only", missing)).complete(REQUEST)
    assert caught.value is missing


def test_all_that_were_tried_are_named():
    """Where nobody answers, the error says of each why; without any, that none is configured."""
    with pytest.raises(ProviderUnavailable, match="first is away; second lacks it"):
        router(Stand("a", ProviderUnavailable("first is away")), Stand("b", ModelMissing("second lacks it"))).complete(
            REQUEST
        )
    with pytest.raises(ProviderUnavailable, match="the settings name none") as caught:
        router().complete(REQUEST)
    assert caught.value.advice


@pytest.mark.parametrize("model", ["second/m", "second/hf.co/x/y:Q4"])
def test_a_provider_that_is_named_serves_alone(model):
    """`provider/model` goes to that provider, which gets the model's own name, slashes and all."""
    first, second = Stand("first", "one"), Stand("second", "two")
    assert router(first, second).complete(replace(REQUEST, model=model)).text == "two"
    assert (first.asked, second.model) == (0, model.removeprefix("second/"))


def test_nobody_stands_in_for_a_provider_that_is_named():
    """Whoever asks one provider for its model does not get another's by surprise."""
    first, away = Stand("first", "one"), ProviderUnavailable("away")
    with pytest.raises(ProviderUnavailable) as caught:
        router(first, Stand("second", away)).complete(replace(REQUEST, model="second/m"))
    assert caught.value is away
    assert first.asked == 0


@pytest.mark.parametrize("model", ["hf.co/x/y", "m", "first", "first/", "/m"])
def test_a_name_that_names_no_provider_is_a_models(model):
    """A model's name with slashes in it goes as it is to the providers in their order."""
    first = Stand("first", ModelMissing("not here"))
    second = Stand("second", "two")
    assert router(first, second).complete(replace(REQUEST, model=model)).text == "two"
    assert (first.model, second.model) == (model, model)


@pytest.mark.parametrize(
    ("package", "known"), [("integrations.llm", {"ollama", "scripted"}), ("sandbox.backends", {"wasm"})]
)
def test_back_ends_are_found_by_their_files(package, known):
    """A file in the folder is a back end; parts of one and test servers are not, and each loads under its name."""
    found = available(package)
    assert set(found) >= known
    assert not [name for name in found if name.startswith(("_", "fake"))]
    assert all(load(package, name).name == name for name in found)


@pytest.mark.parametrize("name", ["olama", "", "../wasm", "_section", "fake_ollama", "ollama.x"])
def test_an_unknown_back_end_lists_the_known(name):
    """A misspelt name is an error that lists what there is; nothing else can be imported by it."""
    with pytest.raises(BadSettings, match="litellm, ollama, openai, scripted"):
        load("integrations.llm", name)


@pytest.mark.parametrize("package", ["os", "functions", "agent", "integrations"])
def test_only_two_packages_may_be_searched(package):
    """No string of a settings file leads to an import from anywhere else."""
    assert package not in OFFERS
    assert available(package) == []
    with pytest.raises(BadSettings):
        load(package, "path")


@pytest.mark.parametrize("kind", list(tree(KowalError)))
def test_every_error_says_what_happened_and_what_to_do(kind):
    """Each class has a message of its own, an exit code, and advice (the root alone leaves it to whoever raises)."""
    error = kind()
    assert str(error) == kind.__doc__
    assert str(error).endswith(".")
    assert 0 < kind.exit_code < 100
    assert error.advice or kind is KowalError
    assert error.kept == ""
    assert kind("x", advice="y", kept="z", a=1).facts == {"a": 1}


def test_the_tree_in_the_docstring_is_the_tree():
    """The drawing at the top of the module names every class, and no other."""
    drawn = re.findall(r"^(?:[│ ]*[├└]── )?([A-Z]\w+)(?: {2,}.*)?$", errors.__doc__ or "", re.MULTILINE)
    own = {kind.__name__ for kind in tree(KowalError) if kind.__module__ == errors.__name__}
    assert sorted(drawn) == sorted(own)
