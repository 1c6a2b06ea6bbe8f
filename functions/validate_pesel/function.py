"""Whether a Polish personal identification number can be right."""

import re
from datetime import date

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
# What is added to the month, in steps of 20, tells the century.
_CENTURIES = (1900, 2000, 2100, 2200, 1800)


def validate_pesel(pesel: str) -> bool:
    """Check a PESEL, the Polish personal identification number: its date of birth and its check digit.

    A PESEL has eleven digits. The first six are a date of birth, YYMMDD, that must exist; to the month of birth 80
    is added for the years 1800 to 1899, nothing for 1900 to 1999, 20 for 2000 to 2099, 40 for 2100 to 2199 and 60
    for 2200 to 2299. All eleven, weighted 1, 3, 7, 9, 1, 3, 7, 9, 1, 3 and 1, add up to a multiple of 10. White
    space is ignored. Whether the number was ever given to somebody is not checked.

    Args:
        pesel: The number.

    Returns:
        True where the number can be right, False where it cannot.
    """
    compact = "".join(pesel.split())
    if not re.fullmatch("[0-9]{11}", compact):
        return False
    if sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, compact, strict=True)) % 10:
        return False
    century, month = divmod(int(compact[2:4]), 20)
    try:
        date(_CENTURIES[century] + int(compact[:2]), month, int(compact[4:6]))
    except ValueError:
        return False
    return True
