"""Whether a Polish tax number can be right."""

import re

_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
# The type TNrNIP in the schemas of the Polish tax administration: no zero first, and not two behind it.
_FORM = re.compile(r"[1-9](?!00)[0-9]{9}")


def validate_nip(nip: str) -> bool:
    """Check a NIP, the Polish tax identification number: its form and its check digit.

    The form is that of the type TNrNIP in the schemas of the tax administration: ten digits, the first of which is
    not 0, and the second and third not both 0. The last digit is the sum of the others, weighted 6, 5, 7, 2, 3, 4,
    5, 6 and 7, modulo 11; there is no number where that is 10. White space and hyphens are ignored, and so is PL
    in front, in small letters too. Whether the number was ever given to somebody is not checked.

    Args:
        nip: The number, for example 123-456-32-18.

    Returns:
        True where the number can be right, False where it cannot.
    """
    compact = "".join(nip.split()).replace("-", "").upper().removeprefix("PL")
    if not _FORM.fullmatch(compact):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, compact, strict=False))
    return total % 11 == int(compact[9])
