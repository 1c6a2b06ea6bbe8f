"""Which model is asked for what, as the operator's settings say."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Models:
    """Names as `model` or `provider/model`; empty leaves the choice to the provider."""

    specify: str = ""
    test: str = ""
    """Another one than writes the code makes other mistakes. Empty: the one that specifies."""
    generate: tuple[str, ...] = ()
    """Asked for candidates in turn; of different families where there are several."""
    stronger: tuple[str, ...] = ()
    """Asked where the others did not do."""

    @property
    def tester(self) -> str:
        """The model that writes the tests."""
        return self.test or self.specify

    def coder(self, place: int) -> str:
        """The model for the candidate in that place, from 0."""
        return self.generate[place % len(self.generate)] if self.generate else ""

    def stronger_coder(self, place: int) -> str:
        """The stronger model for the candidate in that place, from 0."""
        return self.stronger[place % len(self.stronger)]
