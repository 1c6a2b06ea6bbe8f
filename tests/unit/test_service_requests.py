"""What programs send is taken for what it is."""

import pytest
from pydantic import ValidationError

from agent.service.requests import ApproveRequest, Demands, PromoteRequest, RollbackRequest, TaskRequest


@pytest.mark.parametrize("value", [1, 0, "true", "yes", "1", 1.0, None])
def test_only_true_is_a_signature(value: object) -> None:
    """A number or a word is no yes: neither to rights, nor to going round a review."""
    for kind, said in (
        (ApproveRequest, {"grant": value, "digest": "d"}),
        (PromoteRequest, {"grant": value, "digest": "d"}),
        (RollbackRequest, {"version": "1.0.0", "now": value}),
    ):
        with pytest.raises(ValidationError):
            kind.model_validate(said)
    with pytest.raises(ValidationError):
        TaskRequest.model_validate({"task": "t", "examples": [{"in": {}, "out": 1, "raises": value}]})


@pytest.mark.parametrize("value", ["1", True, "", [1]])
def test_only_a_number_is_a_number(value: object) -> None:
    """A word or a truth is no number: neither as a limit of what may be spent, nor as a priority."""
    for field in ("max_cost_eur", "max_latency_ms"):
        with pytest.raises(ValidationError):
            Demands.model_validate({field: value})
    for field in ("priority", "deadline_s"):
        with pytest.raises(ValidationError):
            TaskRequest.model_validate({"task": "t", field: value})
    assert Demands.model_validate({"max_cost_eur": 1, "max_latency_ms": 2.5}).max_cost_eur == 1.0
