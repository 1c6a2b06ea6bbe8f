"""Stopping: what a thread waits for ends from another thread, and not otherwise."""

import threading
from contextvars import copy_context

import pytest

from sandbox import stopping
from sandbox.stopping import Stop, Stopped, stoppable, stopped_by


def test_nobody_is_stopped_who_was_not_asked() -> None:
    """Outside of stoppable work all of it does nothing."""
    stopping.check()
    with stoppable(pytest.fail):
        stopping.check()


def test_what_is_waited_for_is_ended_and_the_wait_raises() -> None:
    """The wait sees its end called from the other thread, and whatever it raises then is a stop."""
    stop, gone = Stop(), threading.Event()

    def wait() -> None:
        with stopped_by(stop), stoppable(gone.set):
            assert gone.wait(60)
            raise OSError("the child is dead")

    threading.Timer(0.05, stop.ask).start()
    with pytest.raises(Stopped):
        wait()


def test_errors_of_work_that_goes_on_are_its_own() -> None:
    """Nothing turns into a stop that was not asked for."""
    with stopped_by(Stop()), pytest.raises(OSError, match="broken"), stoppable(lambda: None):
        raise OSError("broken")


def test_work_begins_no_more_once_it_was_stopped() -> None:
    """A stop that came first holds for all that follows, in copies of the context, too."""
    stop = Stop()
    stop.ask()
    with stopped_by(stop):
        with pytest.raises(Stopped):
            stopping.check()
        with pytest.raises(Stopped), stoppable(lambda: None):
            pytest.fail("it began")
        context = copy_context()
    with pytest.raises(Stopped):
        context.run(stopping.check)
    stopping.check()
