"""Which part of a budget ends the making of a function, and which model writes what."""

import time

import pytest

from agent.making.budget import Budget, Spending
from agent.making.models import Models
from agent.ports import ModelReply, Usage


def reply(**used: float) -> ModelReply:
    """A reply that cost something."""
    return ModelReply(text="x", provider="p", model="m", usage=Usage(**used))  # type: ignore[arg-type]


def spending(*replies: ModelReply, **budget: float) -> Spending:
    """What is left of a budget after the replies."""
    spent = Spending(budget=Budget(**budget))  # type: ignore[arg-type]
    for each in replies:
        spent.note(each)
    return spent


def test_nothing_is_used_up_at_first():
    """A new task has all of its budget."""
    assert spending().exhausted == ""


def test_what_replies_cost_adds_up():
    """Requests, tokens in and out, and euros are those of all replies."""
    spent = spending(reply(tokens_in=10, tokens_out=5, cost_eur=0.25), reply(tokens_in=1, cost_eur=0.5), reply())
    assert (spent.requests, spent.tokens, spent.cost_eur) == (3, 16, 0.75)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"requests": 2}, "2 requests"),
        ({"tokens": 3000}, "3,000 tokens"),
        ({"cost_eur": 0.5}, "0.50 €"),
    ],
)
def test_the_part_that_is_used_up_is_named(budget, said):
    """Each limit ends the work once it is reached, not before, and says which it was."""
    one = reply(tokens_in=1000, tokens_out=500, cost_eur=0.25)
    assert spending(one, **budget).exhausted == ""
    assert spending(one, one, **budget).exhausted == said
    assert spending(one, one, one, **budget).exhausted == said


def test_time_ends_it_too():
    """Seconds are counted from the start of the task, whatever was asked."""
    spent = spending(seconds=30.0)
    assert spent.exhausted == ""
    spent.started = time.monotonic() - 31.0
    assert spent.exhausted == "30 seconds"


def test_a_budget_without_money_lets_free_models_work():
    """0 euros end the work at the first reply that costs anything, and never one that costs nothing."""
    assert spending(reply(tokens_in=10), reply(tokens_in=10), cost_eur=0.0).exhausted == ""
    assert spending(reply(cost_eur=0.0001), cost_eur=0.0).exhausted == "0.00 €"


def test_no_requests_at_all_is_a_budget():
    """A budget of none, as an answer to a question has it, is used up before anything is asked."""
    assert spending(requests=0).exhausted == "0 requests"


def test_models_are_asked_for_candidates_in_turn():
    """Every place has its model, and one that fails is asked again for the same place."""
    models = Models(generate=("a", "b/c"), stronger=("d", "e", "f"))
    assert [models.coder(place) for place in range(5)] == ["a", "b/c", "a", "b/c", "a"]
    assert [models.stronger_coder(place) for place in range(4)] == ["d", "e", "f", "d"]


def test_without_names_the_provider_chooses():
    """Empty settings name no model."""
    assert Models().coder(3) == Models().specify == Models().test == ""
