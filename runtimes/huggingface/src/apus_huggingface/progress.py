"""Progress as JSON lines for the agent beside the trainer, and as one-line messages for whoever reads the log."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# The agent reads the file about this often; more lines would only cost disk.
_SECONDS_BETWEEN_LINES = 1.0


def say(message: str) -> None:
    """A line in the log of the pod."""
    print(message, file=sys.stderr, flush=True)


class Progress:
    """Appends to ``metrics.jsonl``. Steps come at a bounded rate, evaluations always."""

    def __init__(
        self,
        path: Path | None,
        seconds_between_lines: float = _SECONDS_BETWEEN_LINES,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = path
        self._interval = seconds_between_lines
        self._clock = clock
        self._now = now
        self._last = -math.inf
        self._losses: list[float] = []
        self._broken = False

    def step(self, values: dict[str, object], loss: float, last: bool = False) -> None:
        """One step done. The loss that is written is the mean since the line before."""
        self._losses.append(loss)
        if not last and self._clock() - self._last < self._interval:
            return
        self._last = self._clock()
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        self._write({**values, "loss": round(mean, 6)})

    def evaluation(self, values: dict[str, object]) -> None:
        self._write(values)

    def _write(self, values: dict[str, object]) -> None:
        if self._path is None:
            return
        line = {**values, "time": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        say(" ".join(f"{name}={_short(value)}" for name, value in line.items() if name != "time"))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            # Training is worth more than its progress bar; said once, not at each line.
            if not self._broken:
                say(f"warning: progress cannot be written to {self._path}: {error}")
            self._broken = True


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
