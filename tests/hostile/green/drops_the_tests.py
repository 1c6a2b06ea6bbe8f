"""Takes the tests that would fail off pytest's list."""

# acceptable: tests-forged, tests-failed


def attack():
    import gc

    from _pytest.main import Session

    honest = Session.perform_collect

    def perform_collect(self, *args, **kwargs):
        honest(self, *args, **kwargs)
        self.items[:] = self.items[:1]
        return self.items

    Session.perform_collect = perform_collect
    for thing in gc.get_objects():
        if isinstance(thing, Session):
            thing.items[1:] = []
            thing._collection_cache = {}
