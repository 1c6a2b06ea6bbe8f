"""What validate_iban promises. The numbers are the examples of the IBAN registry, one a country."""

import pytest
from function import validate_iban

_EXAMPLES = """
AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201
AZ21NABZ00000000137010001944 BA391290079401028494 BE68539007547034 BG80BNBG96611020345678
BH67BMAG00001299123456 BI4210000100010000332045181 BR1800360305000010009795493C1
BY13NBRB3600900000002Z00AB00 CH9300762011623852957 CR05015202001026284066 CY17002001280000001200527600
CZ6508000000192000145399 DE89370400440532013000 DJ2100010000000154000100186 DK5000400440116243
DO28BAGR00000001212453611324 EE382200221020145685 EG380019000500000000263180002 ES9121000418450200051332
FI2112345600000785 FK88SC123456789012 FO6264600001631634 FR1420041010050500013M02606 GB29NWBK60161331926819
GE29NB0000000101904917 GI75NWBK000000007099453 GL8964710001000206 GR1601101250000000012300695
GT82TRAJ01020000001210029690 HN88CABF00000000000250005469 HR1210010051863000160 HU42117730161111101800000000
IE29AIBK93115212345678 IL620108000000099999999 IQ98NBIQ850123456789012 IS140159260076545510730339
IT60X0542811101000000123456 JO94CBJO0010000000000131000302 KW81CBKU0000000000001234560101
KZ86125KZT5004100100 LB62099900000001001901229114 LC55HEMM000100010012001200023015 LI21088100002324013AA
LT121000011101001000 LU280019400644750000 LV80BANK0000435195001 LY83002048000020100120361
MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951 MK07250120000058984
MN121234123456789123 MR1300020001010000123456753 MT84MALT011000012345MTLCAST001S
MU17BOMM0101101030300200000MUR NI45BAPR00000013000003558124 NL91ABNA0417164300 NO9386011117947
OM810180000001299123456 PK36SCBL0000001123456702 PL61109010140000071219812874 PS92PALS000000000400123456702
PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000 RS35260005601001611379
RU0304452522540817810538091310419 SA0380000000608010167519 SC18SSCB11010000000000001497USD
SD8811123456789012 SE4550000000058398257466 SI56263300012039086 SK3112000000198742637541
SM86U0322509800000000270100 SO211000001001000100141 ST23000100010051845310146 SV62CENR00000000000000700025
TL380080012345678910157 TN5910006035183598478831 TR330006100519786457841326 UA213223130000026007233566001
VA59001123000012345678 VG96VPVG0000012345678901 XK051212012345678906 YE15CBYE0001018861234567891234
"""
REGISTRY = _EXAMPLES.split()
POLISH = "PL61109010140000071219812874"


def _with_check_digits(country: str, account: str) -> str:
    """An IBAN whose check digits are right, whatever else is not."""
    digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02}{account}"


def test_registry_examples():
    """The registry's example of every country is right, and without its check digits it is not."""
    assert len({iban[:2] for iban in REGISTRY}) == 89
    assert [iban for iban in REGISTRY if not validate_iban(iban)] == []
    assert validate_iban("PL") is False


@pytest.mark.parametrize("change", [1, -1])
def test_length_of_every_country(change: int):
    """A character too many or too few is wrong in every country, also with check digits that fit."""
    accounts = {iban[:2]: iban[4:] + "0" if change > 0 else iban[4:-1] for iban in REGISTRY}
    wrong = [_with_check_digits(country, account) for country, account in accounts.items()]
    assert [iban for iban in wrong if validate_iban(iban)] == []
    assert validate_iban(POLISH) is True


def test_every_wrong_digit_is_noticed():
    """No digit can be changed to another without notice."""
    for at in range(2, len(POLISH)):
        good = [digit for digit in "0123456789" if validate_iban(POLISH[:at] + digit + POLISH[at + 1 :])]
        assert good == [POLISH[at]]


def test_swapped_digits_are_noticed():
    """Two neighbours swapped make the number wrong."""
    assert validate_iban("DE89370400440532013000") is True
    assert validate_iban("DE89370400440532010300") is False


@pytest.mark.parametrize(
    "iban", ["GB29 NWBK 6016 1331 9268 19", " gb29nwbk60161331926819\n", "GB29\u00a0NWBK\t601613 31926819"]
)
def test_spaces_and_small_letters(iban: str):
    """White space of any kind and small letters change nothing."""
    assert validate_iban(iban) is True


@pytest.mark.parametrize("iban", [
        "GB29-NWBK-6016-1331-9268-19", "GB29NWBK6016133192681９", "ＧB29NWBK60161331926819",
        "GB29NWB\u212a60161331926819", "GB29NWBK60161331926819.", "IBAN GB29NWBK60161331926819",
    ],
)  # fmt: skip
def test_other_characters_are_wrong(iban: str):
    """Anything but ASCII letters, ASCII digits and white space makes the number wrong."""
    assert validate_iban(iban) is False


@pytest.mark.parametrize(
    "iban", ["", " ", "P", "PL", "PL61", "61109010140000071219812874", "6PL1109010140000071219812874"]
)
def test_text_that_is_no_number(iban: str):
    """Text too short, or without a country in front, is wrong and no error."""
    assert validate_iban(iban) is False


@pytest.mark.parametrize("country", ["ZZ", "US", "AA"])
def test_country_without_ibans_is_wrong(country: str):
    """A country outside the registry is wrong, also with check digits that fit."""
    assert validate_iban(_with_check_digits(country, "109010140000071219812874")) is False


def test_letters_in_place_of_check_digits_are_wrong():
    """Check digits are digits."""
    assert validate_iban("PLA1109010140000071219812874") is False
    assert validate_iban("PL6A109010140000071219812874") is False


@pytest.mark.parametrize(("right", "impossible"), [("98", "01"), ("97", "00"), ("02", "99")])
def test_check_digits_that_are_never_given(right: str, impossible: str):
    """Check digits with the right remainder that the standard never gives are wrong."""
    account = next(f"{n:024}" for n in range(200) if _with_check_digits("PL", f"{n:024}")[2:4] == right)
    assert validate_iban(f"PL{right}{account}") is True
    assert validate_iban(f"PL{impossible}{account}") is False
