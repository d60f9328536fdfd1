"""Errors that a person can fix, each with a message of one sentence.

Split by who has to act::

    ProbewatchError                 anything below; one line, never a traceback
     +-- UsageError                 the command was called wrongly (exit status 2)
     |    +-- SettingsError         a flag or variable has a value that cannot be
     |    +-- InputError            a file is missing or is not what it should be
     +-- KubeconfigError            it is not known how to reach the cluster
     +-- ApiError                   the API server cannot be reached, or said no

The operator logs an ApiError and retries; a command ends with it.
"""


class ProbewatchError(Exception):
    """Something a person can fix; the message is one complete line."""

    exit_status = 1


class UsageError(ProbewatchError):
    """The command was called in a way that cannot work, however often it is repeated."""

    exit_status = 2


class SettingsError(UsageError):
    """A flag or an environment variable has an invalid value."""


class InputError(UsageError):
    """An input file is missing, unreadable or not of the expected format."""


class KubeconfigError(ProbewatchError):
    """No usable cluster configuration: file, context or in-cluster credentials."""


class ApiError(ProbewatchError):
    """The API server cannot be reached, or rejected a request.

    *status* is the HTTP status, 0 without an answer. *wait* is after how
    many seconds the server asks to retry, 0 if it does not say.
    """

    def __init__(self, message: str, *, status: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait
