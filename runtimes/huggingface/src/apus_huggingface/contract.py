"""Where a training pod's inputs and outputs are: the layout that SageMaker containers already use.

``APUS_ML_ROOT`` moves the whole tree, so that tests and a curious person can run a job in any folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from apus_huggingface.errors import UserError

DEFAULT_ROOT = "/opt/ml"

# Channels under names that other platforms use for the same thing.
CHANNEL_ALIASES = {"train": "training", "val": "validation", "valid": "validation", "dev": "validation"}
# Channels that hold something other than rows to train on or to evaluate.
RESERVED_CHANNELS = {"model", "baseline", "code", "reference"}


@dataclass(frozen=True)
class Layout:
    """The folders of one training pod."""

    root: Path

    @staticmethod
    def from_environment() -> Layout:
        return Layout(Path(os.environ.get("APUS_ML_ROOT", DEFAULT_ROOT)))

    @property
    def data(self) -> Path:
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def failure(self) -> Path:
        return self.output / "failure"

    @property
    def progress(self) -> Path:
        return self.output / "metrics.jsonl"

    def configuration(self, name: str) -> object | None:
        """A JSON file of ``input/config``; ``None`` where there is none."""
        path = self.root / "input" / "config" / name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}.") from error
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} is not valid JSON: {error}.") from error

    def raw_hyperparameters(self) -> dict[str, object]:
        value = self.configuration("hyperparameters.json")
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise UserError("input/config/hyperparameters.json has to be a JSON object of names and values.")
        return value

    def channels(self) -> dict[str, Path]:
        """The data channels that the pod was given, under their usual names."""
        if not self.data.is_dir():
            return {}
        found: dict[str, Path] = {}
        for path in sorted(self.data.iterdir()):
            if path.name.startswith(".") or path.name in RESERVED_CHANNELS:
                continue
            name = CHANNEL_ALIASES.get(path.name, path.name)
            if name in found:
                raise UserError(
                    f"The channels '{found[name].name}' and '{path.name}' are the same thing ('{name}'); give only one."
                )
            found[name] = path
        return found

    def base_model_channel(self) -> Path | None:
        return self._directory_channel("model")

    def baseline_channel(self) -> Path | None:
        """The bundle of the model in production, where the new one is to be compared with it."""
        return self._directory_channel("baseline")

    def _directory_channel(self, name: str) -> Path | None:
        path = self.data / name
        return path if path.exists() else None

    def write_failure(self, message: str) -> None:
        """Leaves the reason for the agent to pick up. A pod that cannot even do that has said it on stderr already."""
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            self.failure.write_text(message + "\n", encoding="utf-8", errors="replace")
        except OSError:
            pass
