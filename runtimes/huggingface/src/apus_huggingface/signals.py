"""SIGTERM as Kubernetes means it: finish the step, write a checkpoint, go."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 128 + signal.SIGTERM


class Terminated(SystemExit):
    """Raised where the process may stop at once."""

    def __init__(self) -> None:
        super().__init__(EXIT_CODE)


class Termination:
    """Remembers a SIGTERM inside `deferred` and stops the process at once outside of it."""

    def __init__(self) -> None:
        self.requested = False
        self._deferring = False

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._received)

    def _received(self, _number: int, _frame: object) -> None:
        self.requested = True
        if not self._deferring:
            raise Terminated

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While the body runs, a SIGTERM only sets `requested`; the body looks at it between steps."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
