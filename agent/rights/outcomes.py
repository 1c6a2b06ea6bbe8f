"""How an ask ends where it gives no value: refused, or tried and failed."""


class AskRefused(Exception):
    """The ask may not be served. Its text is for the code that asked, the record, and people: no secret is in it."""

    def __init__(self, why: str, *, own_fault: bool = False) -> None:
        super().__init__(why)
        self.own_fault = own_fault
        """True where the code asked for what it has no right to: then nobody else is at fault."""


class AskFailed(Exception):
    """The ask was allowed, and what it went to did not do it. No secret is in its text."""

    def __init__(self, why: str, *, record: str = "") -> None:
        super().__init__(why)
        self.record = record or why
        """What is written down of it: as the text, without what may be other people's data."""
