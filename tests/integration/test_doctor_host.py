"""What the doctor says of a code host that answers: whether we may push where we must."""

from datetime import UTC, datetime, timedelta

import pytest
from host_stand import HostStand

from agent.doctor import host_advice
from agent.errors import ChannelRefused


def test_nothing_is_to_be_mended_where_we_may_push():
    """A token that lasts, and a project that takes pushes."""
    host = HostStand(expires_at=datetime.now(UTC) + timedelta(days=200))
    assert host_advice(host, "group/registry") == []
    assert host_advice(host, "") == []


def test_a_protected_production_is_told():
    """It says what that keeps from happening, and what to do."""
    host = HostStand(unpushable={("12", "production")})
    (advice,) = host_advice(host, "group/registry")
    assert "quarantined" in advice
    assert host_advice(host, "") == []


def test_a_project_that_cannot_be_seen_is_an_error():
    """Nothing of it can be served."""
    with pytest.raises(ChannelRefused):
        host_advice(HostStand(), "group/elsewhere")
