"""Returns objects that would run code where somebody unpickles, copies or prints them."""
# acceptable: result-not-json


class Payload:
    def __reduce__(self):
        return exec, ("open('/tmp/kowal-hostile-unpickled', 'w')",)

    def __repr__(self):
        raise SystemExit

    __reduce_ex__ = lambda self, _: self.__reduce__()  # noqa: E731


def attack():
    return {"value": [Payload(), {Payload(): 1}]}
