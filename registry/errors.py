"""The errors of the registry, each with its exit code and its advice."""


class RegistryError(Exception):
    """The registry could not do what was asked."""

    exit_code = 7
    retryable = False
    advice = ""

    def __init__(self, message: str | None = None, *, advice: str | None = None, kept: str = "") -> None:
        super().__init__(message or type(self).__doc__)
        if advice is not None:
            self.advice = advice
        self.kept = kept


class NotARegistry(RegistryError):
    """The path holds no Kowal registry."""

    advice = "Run `kowal init` to make one there, or name another with KOWAL_REGISTRY."


class RegistryNotWritable(RegistryError):
    """The registry cannot be written: the file system is read-only, full, or forbids it."""

    advice = "Free some space or mend the permissions, then repeat the command: nothing was half written."


class UnknownFunction(RegistryError):
    """No function of that name is registered."""

    exit_code = 5
    advice = "`kowal functions list` shows the names."


class UnknownVersion(RegistryError):
    """The function has no such version."""

    exit_code = 5
    advice = "`kowal functions history NAME` shows its versions."


class Conflict(RegistryError):
    """Another process changed the same refs each time this one tried."""

    retryable = True
    advice = "Repeat the command; what the other process did is kept."


class RemoteUnavailable(RegistryError):
    """The remote that the registry is shared through does not answer."""

    retryable = True
    advice = "Repeat the command once the remote answers; `kowal doctor` tries it."


class RemoteRefused(RegistryError):
    """The remote that the registry is shared through refused."""

    advice = "Mend what it names (rights, a hook, a protected branch, space), then repeat the command."


class BranchProtected(RemoteRefused):
    """The remote that the registry is shared through takes no pushes to that branch: it is protected."""

    advice = "Merge it there, or let the account that Kowal pushes as push to the branch, then repeat the command."


class NotACopy(RegistryError):
    """This registry is no copy of the remote's: it has what the remote lacks."""

    advice = (
        "Move this registry aside and run `kowal init`: it copies the remote's. What only this one has stays there."
    )


class NameTaken(RegistryError):
    """A function of that name was registered by somebody else meanwhile."""

    exit_code = 5
    retryable = True
    advice = "Repeat the command: the function that is there now may already do it."


class Superseded(RegistryError):
    """The version that was to be replaced is no longer in production."""

    exit_code = 5
    retryable = True
    advice = "Repeat the command: it then starts from the version that is there now."


class InvalidTransition(RegistryError):
    """A version cannot move from its present status to that one."""

    exit_code = 5
    advice = "`kowal functions history NAME` shows how it came to where it stands."


class InvalidFunction(RegistryError):
    """The files do not make a function that can be kept."""

    exit_code = 2
    advice = "A function is a folder with function.py, test_function.py and function.json, all UTF-8."


class OperationsUnavailable(RegistryError):
    """The operational database cannot be opened or written."""

    retryable = True
    advice = "Check the file's permissions and the free space; `kowal doctor` names the file."


class BackupFailed(RegistryError):
    """No copy could be made, or put in its place."""

    advice = "Mend what it names and repeat the command: nothing was changed."


class BadBackup(RegistryError):
    """The file is no backup that can be restored here."""

    advice = "Take another backup; nothing was changed."


class UnknownQuestion(RegistryError):
    """No question has that number."""

    exit_code = 5
    advice = "`kowal questions` shows the open ones."


class UnknownTask(RegistryError):
    """No task has that id."""

    exit_code = 5
    advice = "`kowal tasks list` shows the newest."


class UnknownRun(RegistryError):
    """No run has that number."""

    exit_code = 5
    advice = "`kowal runs list` shows the newest."


class AlreadyAnswered(RegistryError):
    """The question has its answer already."""

    exit_code = 5
    advice = "`kowal questions --all` shows the answers; the first one holds."
