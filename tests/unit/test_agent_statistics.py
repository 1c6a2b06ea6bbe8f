"""The bounds are those of Clopper and Pearson: held against printed values and the definition by binomial tails."""

from math import comb, fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.statistics import CONFIDENCE, at_least, lower_bound, upper_bound

COUNTS = st.integers(1, 200).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
CONFIDENCES = st.floats(0.5, 0.999)


def tail(good: int, trials: int, share: float) -> float:
    """That many good calls or more, by the definition."""
    return fsum(comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(good, trials + 1))


def test_fifty_nine_clean_calls_are_what_it_takes():
    """59 of 59 show a share of 0.95 at 95 % confidence, 58 of 58 do not; one failure makes it 93."""
    assert lower_bound(59, 59) >= 0.95 > lower_bound(58, 58)
    assert lower_bound(92, 93) >= 0.95 > lower_bound(91, 92)


@pytest.mark.parametrize(
    ("good", "trials", "lower", "upper"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (15, 50, 0.1786, 0.4461),
    ],
)
def test_published_values_are_met(good, trials, lower, upper):
    """The limits of the printed tables: two-sided 95 %, so 97.5 % on each side."""
    assert lower_bound(good, trials, 0.975) == pytest.approx(lower, abs=6e-5)
    assert upper_bound(good, trials, 0.975) == pytest.approx(upper, abs=6e-5)


def test_nothing_counted_says_nothing():
    """Without a call the share may be anything."""
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)


def test_one_failure_alone_proves_nothing():
    """The upper bound of 0 of 1 is 0.95 and not below it; two failures of two are."""
    assert upper_bound(0, 1) >= 0.95 > upper_bound(0, 2)


def test_a_large_count_is_soon_done():
    """Hundred thousands of calls stay within a float's range."""
    assert 0.9997 < lower_bound(99_990, 100_000) < 0.9999 < upper_bound(99_990, 100_000) < 1


@given(COUNTS, CONFIDENCES)
def test_bounds_lie_around_the_share(counts, confidence):
    """Both lie in [0, 1], and what was seen lies between them."""
    good, trials = counts
    lower, upper = lower_bound(good, trials, confidence), upper_bound(good, trials, confidence)
    assert 0 <= lower <= good / trials <= upper <= 1


@given(COUNTS)
def test_bounds_follow_the_counts(counts):
    """One more good call raises both bounds, one more failure lowers both, and more confidence widens them."""
    good, trials = counts
    for bound in (lower_bound, upper_bound):
        assert bound(good + 1, trials + 1) >= bound(good, trials) >= bound(good, trials + 1)
    assert lower_bound(good, trials, 0.99) <= lower_bound(good, trials, CONFIDENCE)
    assert upper_bound(good, trials, 0.99) >= upper_bound(good, trials, CONFIDENCE)


@given(COUNTS, CONFIDENCES)
def test_a_bound_is_where_the_tail_is_the_rest_of_the_confidence(counts, confidence):
    """At the lower bound, as many good calls or more have just the probability that is left over."""
    good, trials = counts
    lower, upper = lower_bound(good, trials, confidence), upper_bound(good, trials, confidence)
    if good:
        assert tail(good, trials, lower) == pytest.approx(1 - confidence, rel=1e-6)
    if good < trials:
        assert tail(trials - good, trials, 1 - upper) == pytest.approx(1 - confidence, rel=1e-6)


@given(COUNTS, st.floats(0.001, 0.999))
def test_tails_are_exact(counts, share):
    """The tail by logarithms is the one of the definition."""
    good, trials = counts
    assert at_least(good, trials, share) == pytest.approx(tail(good, trials, share), rel=1e-7, abs=1e-9)


@given(st.integers(1, 40), st.floats(0.01, 0.99), CONFIDENCES)
def test_a_bound_covers_as_often_as_it_says(trials, share, confidence):
    """Whatever the true share is, the bound exceeds it with no more than the probability that is left over."""
    too_high = [good for good in range(trials + 1) if lower_bound(good, trials, confidence) > share]
    assert not too_high or tail(too_high[0], trials, share) <= 1 - confidence + 1e-9
