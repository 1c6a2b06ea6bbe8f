"""Has pytest run nothing where it should run a test, so that every test passes."""

# acceptable: tests-forged


def attack():
    import _pytest.python

    _pytest.python.Function.runtest = lambda self: None
