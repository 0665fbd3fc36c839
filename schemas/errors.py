"""The errors a person can act on; each knows the exit code it ends a process with."""

from __future__ import annotations

from typing import ClassVar

from schemas.events import FailureReason

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_FATAL = 3  # the broker fenced us, or no retry can help: a supervisor starts us anew
EXIT_CONFIGURATION = 4  # a person must change something first
EXIT_POISON_STORM = 5  # too many failures: stop instead of draining the topic into the dead letters
EXIT_UNAVAILABLE = 6  # Kafka did not answer: the same start can succeed a moment later


class VigieError(Exception):
    """Something a person can act on.

    The message names the thing, the value, the limit and the way out.

    Attributes:
        code: a stable word for programs (``image_missing``), never translated.
        exit_code: what the process ends with when nobody handles the error.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = EXIT_ERROR


class ConfigurationError(VigieError):
    """A setting, a port, a topic or a file is not as it must be before we can start."""

    code = "configuration"
    exit_code = EXIT_CONFIGURATION


class UnavailableError(ConfigurationError):
    """Kafka does not answer: its address is wrong, or it is away for a while."""

    code = "unavailable"
    exit_code = EXIT_UNAVAILABLE


class UsageError(VigieError):
    """The command was called in a way it does not understand."""

    code = "usage"
    exit_code = EXIT_USAGE


class RefusedError(Exception):
    """One input that gets a Failure instead of an answer; the next input is not concerned.

    Attributes:
        reason: the stable word of the Failure.
        detail: its sentence: the thing, the value, the limit and the way out.
    """

    def __init__(self, reason: FailureReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
