"""The agent's errors, drawn as a tree: each knows its exit code, whether trying again may help, and what to do.

KowalError
├── BadTask                 the request itself is wrong (empty, too large)
│   └── BadArguments        an argument is missing, unknown, or of the wrong type
├── BadGrant                a line that is no grant
├── NotGranted              nobody has granted what the version asks for
├── NotPermitted            the operator has named others for this
├── NotKnown                no token, or none that is good for anything
├── TaskNotDone             a task on the queue waits for somebody, or was ended without an answer
├── NoFunctionFits          no registered function does it, and none could be made
│   ├── Unclear             one of several may be meant: a person says which
│   └── NotPromoted         candidates were made and none passed the gate
│       └── Undecided       a person's answer decides; the question is kept
├── RunFailed               the function ran and failed
├── BadSettings             the settings name something that does not exist
├── ChannelError            a neighbour: the chat server or the code host
│   ├── ChannelUnavailable
│   ├── TooFast             it asks to come back later
│   └── ChannelRefused      it will not have that
├── ServiceError            Kowal's own service, as its client meets it
│   ├── ServiceUnavailable
│   └── TooBusy             more is asked of it than it does at a time
└── ModelError              a neighbour: the model server
    ├── ProviderUnavailable
    ├── ModelMissing
    ├── ModelTimedOut
    ├── RateLimited         the server asks to come back later, perhaps when
    ├── ContextTooLong
    ├── MalformedReply
    ├── NoRoute             what was demanded leaves no server
    ├── BudgetExceeded      somebody has to allow more
    └── NotScripted
"""

from typing import Any


class KowalError(Exception):
    """Kowal could not do what was asked."""

    exit_code = 1
    retryable = False
    advice = ""

    def __init__(self, message: str | None = None, *, advice: str | None = None, kept: str = "", **facts: Any) -> None:
        super().__init__(message or type(self).__doc__)
        if advice is not None:
            self.advice = advice
        self.kept = kept
        self.facts = facts
        """What a program wants to know beyond the message; JSON values."""


class BadTask(KowalError):
    """The task cannot be read."""

    exit_code = 2
    advice = "Say in a sentence what should be done, for example: kowal run 'count words in a text' -a text=@notes.txt"


class BadArguments(BadTask):
    """The arguments do not fit the function."""

    advice = "`kowal functions show NAME` shows what the function takes."


class BadGrant(KowalError):
    """A line is no grant."""

    exit_code = 2
    advice = (
        "A grant is one of: `http METHOD HOST`, `secret NAME HOST`, `function NAME X.Y.Z`, `llm N`, `files in`, "
        "`files out`, `chat post|upload|call ROOM`, `chat create NAME private|public`, or for a code host "
        "`HOST project GROUP`, `HOST issue|merge-request|pipeline|log GROUP/PROJECT`, `HOST commit GROUP/PROJECT "
        "BRANCH`. docs/grants.md says what each allows."
    )


class NotGranted(KowalError):
    """The version asks for rights that nobody has granted."""

    exit_code = 6
    advice = (
        "`kowal functions show NAME` shows what it does; `kowal functions promote NAME --grant` grants what it asks."
    )


class NotPermitted(KowalError):
    """The operator has named others for this."""

    exit_code = 6
    advice = "Ask one of them, or have the setting `tasks.approvers` changed."


class NotKnown(KowalError):
    """The token is not one that is good for anything here."""

    exit_code = 6
    advice = "Have one made on the machine of the service, `kowal tokens create NAME`, and send it as a bearer token."


class TaskNotDone(KowalError):
    """The task has no answer: it waits for somebody, or was ended before there was one."""

    exit_code = 10
    advice = "`kowal tasks show ID` says why, and what would help."


class NoFunctionFits(KowalError):
    """No registered function does this, and no model could be asked for one."""

    exit_code = 3
    advice = "Start a model server (`ollama serve`, then `ollama pull qwen2.5-coder:7b`) and repeat the command."


class Unclear(NoFunctionFits):
    """One of several functions may be meant, and nobody could be asked which."""

    advice = "Run the one you mean by its name: kowal functions run NAME."


class NotPromoted(NoFunctionFits):
    """Candidates were made, and none of them passed the gate."""

    exit_code = 4
    advice = 'Say the task more exactly, or pin its meaning with --example \'{"in": {...}, "out": ...}\'.'


class Undecided(NotPromoted):
    """The task leaves open what is right, and the candidates or the tests disagree: a person's answer decides."""

    advice = "`kowal questions` shows what is asked; `kowal answer ID CHOICE` goes on from there."


class RunFailed(KowalError):
    """The function ran and failed."""

    exit_code = 5
    advice = "The traceback names the line; `kowal functions source NAME` shows the code."


class BadSettings(KowalError):
    """The settings name something that does not exist."""

    exit_code = 2
    advice = "`kowal doctor` shows the settings in force and where each comes from."


class ChannelError(KowalError):
    """The chat server, or the code host, did not do it."""

    exit_code = 11
    advice = "`kowal doctor` shows what the server says."


class ChannelUnavailable(ChannelError):
    """The server does not answer."""

    retryable = True
    advice = "`kowal doctor` shows whether it answers. What is to be said is kept until it does."


class TooFast(ChannelError):
    """The server asks to come back later."""

    retryable = True
    advice = "Give the account the server's role for bots, which lifts its limits."

    @property
    def again_in_s(self) -> float:
        """Seconds until it may be asked again."""
        return float(self.facts.get("again_in_s", 60.0))


class ChannelRefused(ChannelError):
    """The server will not have that."""

    advice = "`kowal doctor` shows which rights the account has."


class ServiceError(KowalError):
    """The service did not do it."""

    exit_code = 12
    advice = "`kowal doctor`, on the machine of the service, shows how it stands."


class ServiceUnavailable(ServiceError):
    """The service does not answer."""

    retryable = True
    advice = "See that `kowal serve` runs there and that the address is right. Tasks that it has taken are kept."


class TooBusy(ServiceError):
    """More is asked of the service than it does at a time."""

    retryable = True
    advice = "Ask again in a few seconds, or hand it in as a task, which waits for its turn."


class ModelError(KowalError):
    """The model server is at fault."""

    exit_code = 9
    retryable = True
    advice = "`kowal doctor` shows which model servers answer."


class ProviderUnavailable(ModelError):
    """The model server does not answer."""

    advice = "Start it (`ollama serve`) or name another with OLLAMA_HOST."


class ModelMissing(ModelError):
    """The model server does not have that model."""

    retryable = False
    advice = "Fetch it with `ollama pull MODEL`."


class ModelTimedOut(ModelError):
    """The model did not answer in time."""

    advice = "Name a smaller model or a longer `timeout_s` in the settings."


class RateLimited(ModelError):
    """The model server asks to come back later."""

    advice = "Repeat the command in a while, or name another server."

    @property
    def retry_after_s(self) -> float | None:
        """When the server wants to be asked again, in seconds; None where it does not say."""
        seconds: float | None = self.facts.get("retry_after_s")
        return seconds


class ContextTooLong(ModelError):
    """The request does not fit the model's context."""

    retryable = False
    advice = "Raise `num_ctx` in the settings, or shorten the task."


class MalformedReply(ModelError):
    """The model server's reply is not what its contract says."""


class NoRoute(ModelError):
    """What was demanded leaves no model server that may be asked."""

    exit_code = 2
    retryable = False
    advice = "`kowal models explain` says why of each; ask with fewer demands, or add a server."


class BudgetExceeded(ModelError):
    """What may be spent is spent."""

    exit_code = 6
    retryable = False
    advice = "`kowal models spending` shows what was spent on what; raise the budget in the settings."


class NotScripted(ModelError):
    """The scripted replies hold none for this request."""

    retryable = False
    advice = (
        "Scripted replies serve the demo only. Start a model server: `ollama serve`, `ollama pull qwen2.5-coder:7b`."
    )
