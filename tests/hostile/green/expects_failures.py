"""Marks every test as one that is expected to fail."""

# acceptable: tests-failed


def attack():
    import gc

    import pytest
    from _pytest.main import Session
    from _pytest.python import Function

    honest = Function.from_parent.__func__

    def from_parent(cls, parent, **given):
        item = honest(cls, parent, **given)
        item.add_marker(pytest.mark.xfail)
        return item

    Function.from_parent = classmethod(from_parent)
    for thing in gc.get_objects():
        if isinstance(thing, Session):
            for item in getattr(thing, "items", []):
                item.add_marker(pytest.mark.xfail)
