"""Whether an international bank account number can be right."""

import re

# Length in characters by country, from the IBAN registry (ISO 13616), 89 countries.
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", re.IGNORECASE | re.ASCII)
# The remainder can be 1 with these too, but check digits are made as 98 minus a remainder: from 02 to 98.
_IMPOSSIBLE_CHECK_DIGITS = ("00", "01", "99")


def validate_iban(iban: str) -> bool:
    """Check an IBAN, the international bank account number: its country, its length and its check digits.

    White space is ignored and small letters count as capitals. Every single wrong digit is noticed. The
    national rules for bank codes and account numbers are not checked, nor whether the account exists.

    Args:
        iban: The number, with or without spaces.

    Returns:
        True where the number can be right, False where it cannot.
    """
    compact = "".join(iban.split())
    if not _FORM.fullmatch(compact):
        return False
    compact = compact.upper()
    if len(compact) != _LENGTHS.get(compact[:2]) or compact[2:4] in _IMPOSSIBLE_CHECK_DIGITS:
        return False
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return int(digits) % 97 == 1
