"""When two JSON values are the same for a person: exact, but for the last digits of a float."""

import math
from typing import Any

RELATIVE_TOLERANCE = 1e-9
"""Python's own default for `math.isclose`: 0.1 + 0.2 is 0.3, 1.001 is not 1."""


def same_json(left: Any, right: Any) -> bool:
    """True where both are the same JSON value. A truth is never a number, a number may be whole or a float."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)
