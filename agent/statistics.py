"""What a count of good calls says about the calls to come: exact bounds for a share.

Clopper, C. J.; Pearson, E. S. (1934): The use of confidence or fiducial limits illustrated in the case of the binomial.
Biometrika 26 (4), 404-413.
"""

import math

CONFIDENCE = 0.95
"""How sure a bound is, one-sided."""
HALVINGS = 50
"""Steps of the bisection: a share is found to 1e-15."""


def lower_bound(good: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share of good calls that is surely reached: were it smaller, so many good ones would be too rare.

    Rounded down, never up: 59 of 59 give more than 0.95, 58 of 58 less. 0 where nothing was good.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS if good else 0):
        middle = (low + high) / 2
        if at_least(good, trials, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def upper_bound(good: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share of good calls that is surely not exceeded. Rounded up, never down; 1 where all were good."""
    return 1 - lower_bound(trials - good, trials, confidence)


def at_least(good: int, trials: int, share: float) -> float:
    """The probability of that many good calls or more, where each is good with that probability (0 < share < 1)."""
    if good > trials - good:
        return math.fsum(exactly(count, trials, share) for count in range(good, trials + 1))
    return 1 - math.fsum(exactly(count, trials, share) for count in range(good))


def exactly(good: int, trials: int, share: float) -> float:
    """The probability of exactly that many good calls, by logarithms: the factors alone leave a float's range."""
    ways = math.lgamma(trials + 1) - math.lgamma(good + 1) - math.lgamma(trials - good + 1)
    return math.exp(ways + good * math.log(share) + (trials - good) * math.log1p(-share))
