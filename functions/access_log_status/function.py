"""How a web server answered, from its access log."""

import re
from collections import Counter

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TIME = r"\[\d{2}/(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\]"
_LINE = re.compile(
    rf"\S+ \S+ \S+ {_TIME} {_QUOTED} ([1-5][0-9]{{2}}) (?:[0-9]+|-)(?: {_QUOTED} {_QUOTED})?",
    re.ASCII,
)


def access_log_status(text: str) -> dict[str, int]:
    r"""Count the requests in a web server's access log per HTTP status code, such as 200, 404 and 500.

    A line is in the Common Log Format, `host ident user [time] "request" status bytes`, or in the Combined one, which
    adds "referer" and "user agent", as Apache and nginx write them: the time as in 10/Oct/2000:13:55:36 -0700, the
    status from 100 to 599, the bytes a number or -, and a quotation mark within quotes as \". Any other line is
    malformed; an empty one, or one of blanks, is left out. Blanks around a line do not count.

    Args:
        text: The log, one request a line.

    Returns:
        The number of lines of each status code that occurs, the codes ascending, and last, always, that of `malformed`.
    """
    lines = [line.strip() for line in text.split("\n")]
    matches = [_LINE.fullmatch(line) for line in lines if line]
    counts = Counter(match[1] for match in matches if match)
    return {**{status: counts[status] for status in sorted(counts)}, "malformed": matches.count(None)}
