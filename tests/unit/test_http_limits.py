"""How often somebody may ask: by a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.http.limits import Limiter, grouped
from integrations.http.problems import TooManyRequests


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def taken(limiter: Limiter, times: int, key: str = "token a") -> int:
    """How many of so many requests were let through."""
    let = 0
    for _ in range(times):
        try:
            limiter.take(key)
        except TooManyRequests:
            continue
        let += 1
    return let


def test_a_minutes_requests_may_come_at_once_and_no_more():
    """The whole minute's share is let through, then one for each share of the minute that passes."""
    clock = Clock()
    limiter = Limiter(60, clock)
    assert taken(limiter, 100) == 60
    clock.now += 1.0
    assert taken(limiter, 100) == 1
    clock.now += 30
    assert taken(limiter, 100) == 30
    clock.now += 3600
    assert taken(limiter, 100) == 60


def test_keys_do_not_count_for_each_other():
    """Who has used theirs up takes nothing from others."""
    limiter = Limiter(5, Clock())
    assert (taken(limiter, 9, "token a"), taken(limiter, 9, "token b")) == (5, 5)


@given(st.integers(1, 50), st.lists(st.floats(0, 30), max_size=100))
def test_the_time_that_is_said_is_the_time_it_takes(a_minute, pauses):
    """After the seconds that a refusal names the next request is let through; before, none is."""
    clock = Clock()
    limiter = Limiter(a_minute, clock)
    for pause in pauses:
        clock.now += pause
        try:
            limiter.take("x")
        except TooManyRequests as error:
            again = error.facts["again_in_s"]
            assert 0 < again <= 60 / a_minute + 1e-6
            clock.now += again / 2
            assert taken(limiter, 1, "x") == 0 or again < 1e-6
            clock.now += again / 2 + 1e-6
            assert taken(limiter, 1, "x") == 1


def test_what_is_remembered_is_bounded():
    """However many addresses ask, no more than so many are remembered."""
    limiter = Limiter(1, Clock(), most_keys=100)
    for number in range(1000):
        limiter.take(f"address 10.0.{number // 250}.{number % 250}")
    assert len(limiter._spread) == 100


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("address 2001:db8::1", "address 2001:db8::/64"),
        ("address 2001:db8::ffff:1", "address 2001:db8::/64"),
        ("address fe80::1%eth0", "address fe80::/64"),
        ("address ::ffff:10.0.0.1", "address 10.0.0.1"),
        ("address 10.0.0.1", "address 10.0.0.1"),
        ("address x:y", "address x:y"),
        ("token 2001:db8::1", "token 2001:db8::1"),
    ],
)
def test_an_ipv6_network_counts_as_one(key, found):
    """Who has one address of a network of 64 bits has them all."""
    assert grouped(key) == found
