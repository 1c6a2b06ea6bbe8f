"""Unpickles a payload that starts a shell, and marshals code that does the same."""
# acceptable: exception, crash

import pickle


class Payload:
    def __reduce__(self):
        import os

        return getattr(os, "system", print), ("touch /tmp/kowal-hostile-was-here",)


def attack():
    pickle.loads(pickle.dumps(Payload()))
    raise RuntimeError("the payload only printed")
