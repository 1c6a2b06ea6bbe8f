"""Raises an exception whose text, class, module and traceback are all traps."""
# acceptable: exception, crash, timeout


class Meta(type):
    @property
    def __name__(cls):
        raise SystemExit

    __qualname__ = __module__ = __name__


class Trap(Exception, metaclass=Meta):
    def __str__(self):
        while True:
            raise KeyboardInterrupt

    __repr__ = __str__
    __cause__ = property(lambda self: self)
    __notes__ = property(lambda self: [self] * 10**6)


def attack():
    raise Trap("x" * 10**6)
