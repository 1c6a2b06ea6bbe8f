"""The errors of the sandbox's own machinery; a fault of guest code is a value (`Failure`)."""


class SandboxError(Exception):
    """The sandbox could not do its work. Run `kowal doctor` to see why."""

    exit_code = 8
    retryable = False
    advice = "Run `kowal doctor` to see which sandbox works here and what the other one lacks."

    def __init__(self, message: str | None = None, *, advice: str | None = None, kept: str = "") -> None:
        super().__init__(message or type(self).__doc__)
        if advice is not None:
            self.advice = advice
        self.kept = kept


class SandboxUnavailable(SandboxError):
    """This sandbox cannot start on this machine."""


class SnapshotFailed(SandboxError):
    """The sandbox's snapshot could not be built or loaded."""

    advice = "Check that the cache directory is writable and has 150 MB free (KOWAL_CACHE names another)."
