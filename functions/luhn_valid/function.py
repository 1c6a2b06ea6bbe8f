"""Whether the check digit of a card number is right."""

import re


def luhn_valid(number: str) -> bool:
    """Check the last digit of a number by the Luhn algorithm, as payment cards, IMEIs and SIM cards use it.

    The algorithm is that of ISO/IEC 7812-1, Annex B: from the right, every second digit is doubled, the digits of
    the results and the others are added up, and the sum is a multiple of 10. Spaces and hyphens between the digits
    are ignored. How long the number is and who issued it is not checked.

    Args:
        number: The number with its check digit, at least two digits.

    Returns:
        True where the check digit is right; False where it is not, and where there is anything but digits.
    """
    digits = number.replace(" ", "").replace("-", "")
    if not re.fullmatch("[0-9]{2,}", digits):
        return False
    single = sum(int(digit) for digit in digits[::-2])
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (single + doubled) % 10 == 0
