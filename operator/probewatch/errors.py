"""What can go wrong in a way that a person can mend, told in one sentence each.

Split by whose turn it is::

    ProbewatchError                 anything below; one line, never a traceback
     +-- UsageError                 the command was called wrongly (exit status 2)
     |    +-- SettingsError         a flag or variable has a value that cannot be
     |    +-- InputError            a file is missing or is not what it should be
     +-- KubeconfigError            it is not known how to reach the cluster
     +-- ApiError                   the API server cannot be reached, or said no

A daemon goes on after an ApiError and retries; a command ends with it.
"""


class ProbewatchError(Exception):
    """Something a person can mend; its text is one complete line."""

    exit_status = 1


class UsageError(ProbewatchError):
    """The command was called in a way that cannot work; calling it again changes nothing."""

    exit_status = 2


class SettingsError(UsageError):
    """A flag or an environment variable has a value that is not possible."""


class InputError(UsageError):
    """A file that was handed in is missing, unreadable or not of the expected form."""


class KubeconfigError(ProbewatchError):
    """No usable configuration of the cluster: file, context or in-cluster credentials."""


class ApiError(ProbewatchError):
    """The API server cannot be reached, or refused what was asked; *status* is 0 without answer.

    *wait* is how many seconds it asks to wait before it is asked again.
    """

    def __init__(self, message: str, *, status: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait
