"""Every error a user can cause or meet, as one sentence.

AppError
├── InvalidInput   what was given cannot be used: the user can correct it
├── NotFound       an id or a name that is not in the workspace
├── Conflict       somebody (or an earlier call) was first
├── NotReady       a step that must come before has not been done
├── NotAllowed     this person may not do this
├── JobFailed      a background job ended without a result
│   └── JobCancelled   ... because somebody asked it to stop
└── StoreError     the workspace on disk is damaged, full, read-only or too new
"""

from __future__ import annotations

from core.language import Sentence, keep, say, t


class AppError(Exception):
    """An error with a sentence fit for a screen: what, expected, received, what to do.

    Parameters
    ----------
    what : str
        What is wrong, with which argument; no full stop at the end.
    expected, received : str, optional
        What would have been accepted, and what came instead.
    todo : str, optional
        The next sensible step.

    Examples
    --------
    >>> print(InvalidInput("tau is out of range", expected="a share in [0, 1]", received="1.5"))
    tau is out of range; expected a share in [0, 1]; received 1.5.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        todo: str | None = None,
    ) -> None:
        self.what, self.expected, self.received, self.todo = what, expected, received, todo
        said = what
        if expected:
            said = t("{said}; expected {expected}", said=said, expected=expected)
        if received:
            said = t("{said}; received {received}", said=said, received=received)
        if todo:
            said = t("{said}; {todo}", said=said, todo=todo)
        self.sentence: Sentence = t("{said}.", said=said)
        super().__init__(self.sentence)

    def __str__(self) -> str:
        """Return the sentence in the language of whoever reads it now."""
        return say(keep(self.sentence))


class InvalidInput(AppError):
    """What was given cannot be used."""


class NotFound(AppError):
    """An id or a name that is not in the workspace."""


class Conflict(AppError):
    """Somebody, or an earlier call, was first."""


class NotReady(AppError):
    """A step that must come before has not been done."""


class NotAllowed(AppError):
    """The person may not do this."""


class JobFailed(AppError):
    """A background job ended without a result."""


class JobCancelled(JobFailed):
    """A background job stopped because somebody asked it to."""


class StoreError(AppError):
    """The workspace on disk is damaged, full, read-only or too new."""
