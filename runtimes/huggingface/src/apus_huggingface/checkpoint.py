"""Checkpoints that are whole or absent, and a resume that continues as if nothing had happened.

A checkpoint is a directory ``checkpoint-<step>`` with tensors as safetensors (no pickles: a checkpoint comes from
shared storage and must not be able to run code), ``state.json`` and, written last, ``manifest.json`` with the size and
SHA-256 of every file. It is put together under a hidden name and renamed when everything is on disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import safetensors.torch
import torch

from apus_huggingface.errors import UserError
from apus_huggingface.progress import say

_NAME = re.compile(r"checkpoint-(\d+)")
_KEPT = 2
_SCHEMA_VERSION = 1


@dataclass
class TrainingState:
    """Where training stands. ``batch`` counts within the epoch; evaluation is still due when it is at the end."""

    epoch: int = 0
    batch: int = 0
    batches_per_epoch: int = 0
    step: int = 0
    best_metric: float | None = None
    best_step: int = 0
    epochs_without_improvement: int = 0
    finished: bool = False
    runtime_seconds: float = 0.0
    losses: list[list[float]] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    base: dict[str, object] | None = None


@dataclass
class Checkpoint:
    """Everything that has to survive. Tensors are on the CPU."""

    state: TrainingState
    fingerprint: dict[str, object]
    random: list[dict[str, object]]
    tensors: dict[str, dict[str, torch.Tensor]]
    """By file: ``model``, ``optimizer``, and where there are any ``best``, ``average`` and ``scaler``."""


def random_state(device: torch.device) -> dict[str, object]:
    """The states of all generators that training could draw from, as plain JSON."""
    kind, keys, position, has_gauss, gauss = numpy.random.get_state()
    version, words, gauss_next = random.getstate()
    state: dict[str, object] = {
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
        "numpy": [kind, keys.tolist(), position, has_gauss, gauss],
        "python": [version, list(words), gauss_next],
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device).numpy().tobytes().hex()
    return state


def restore_random_state(state: dict[str, object], device: torch.device) -> None:
    torch.set_rng_state(_bytes_tensor(state["torch"]))
    kind, keys, position, has_gauss, gauss = state["numpy"]
    numpy.random.set_state((kind, numpy.array(keys, dtype=numpy.uint32), position, has_gauss, gauss))
    version, words, gauss_next = state["python"]
    random.setstate((version, tuple(words), gauss_next))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(_bytes_tensor(state["cuda"]), device)


def _bytes_tensor(text: object) -> torch.Tensor:
    return torch.frombuffer(bytearray.fromhex(str(text)), dtype=torch.uint8).clone()


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """AdamW's moments by the position of their parameter."""
    tensors = {}
    for index, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            tensors[f"{name}.{index}"] = torch.as_tensor(value).detach().cpu()
    return tensors


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        name, index = key.rsplit(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


class CheckpointFolder:
    """The checkpoints of one job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own: list[Path] = []

    def write(self, checkpoint: Checkpoint) -> Path:
        """Writes one and drops all of this run but the last two. On a full disk the earlier ones stay as they are."""
        name = f"checkpoint-{checkpoint.state.step}"
        final = self.path / name
        partial = self.path / f".{name}.partial"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            self._fill(partial, checkpoint)
            self._put_in_place(partial, final)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise self._failure(final, error) from error
        self._own = [path for path in self._own if path != final] + [final]
        for stale in self._own[:-_KEPT]:
            shutil.rmtree(stale, ignore_errors=True)
        self._own = self._own[-_KEPT:]
        return final

    def _fill(self, folder: Path, checkpoint: Checkpoint) -> None:
        files = {}
        for name, tensors in checkpoint.tensors.items():
            file = folder / f"{name}.safetensors"
            files[file.name] = self._linked(file, checkpoint) if name == "best" else None
            if files[file.name] is None:
                whole = {key: tensor.contiguous().clone() for key, tensor in tensors.items()}
                files[file.name] = _write_bytes(file, safetensors.torch.save(whole))
        state = {
            "schemaVersion": _SCHEMA_VERSION,
            "fingerprint": checkpoint.fingerprint,
            "state": vars(checkpoint.state),
            "random": checkpoint.random,
        }
        files["state.json"] = _write_bytes(folder / "state.json", json.dumps(state).encode())
        manifest = {"schemaVersion": _SCHEMA_VERSION, "files": files}
        _write_bytes(folder / "manifest.json", json.dumps(manifest, sort_keys=True, indent=1).encode())
        _sync_folder(folder)

    def _linked(self, file: Path, checkpoint: Checkpoint) -> dict[str, object] | None:
        """The best weights rarely change from one checkpoint to the next; a second name for them costs no disk."""
        if not self._own:
            return None
        before = _read_json(self._own[-1] / "state.json")
        manifest = _read_json(self._own[-1] / "manifest.json")
        if not before or not manifest or before["state"]["best_step"] != checkpoint.state.best_step:
            return None
        entry = manifest["files"].get(file.name)
        try:
            os.link(self._own[-1] / file.name, file)
        except OSError:
            return None
        return entry

    def _put_in_place(self, partial: Path, final: Path) -> None:
        if final.exists():
            # A step can be written twice (after an epoch, then on termination); the newer knows more.
            aside = self.path / f".{final.name}.replaced"
            shutil.rmtree(aside, ignore_errors=True)
            final.rename(aside)
            partial.rename(final)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            partial.rename(final)
        _sync_folder(self.path)

    def _failure(self, final: Path, error: OSError) -> Exception:
        last = self._own[-1].name if self._own else None
        kept = f"the last good one is {last}" if last else "there is no earlier one"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return UserError(
                f"The disk is full: {final.name} could not be written to {self.path} ({kept}); "
                "give the checkpoint volume more room or save less often (save_steps)."
            )
        return UserError(f"{final.name} could not be written to {self.path}: {error.strerror or error} ({kept}).")

    def newest(self, fingerprint: dict[str, object]) -> Checkpoint | None:
        """The newest checkpoint that is whole and of this very job; others are passed over, and it is said why."""
        if not self.path.is_dir():
            return None
        found = [(int(match.group(1)), path) for path in self.path.iterdir() if (match := _NAME.fullmatch(path.name))]
        for _, path in sorted(found, reverse=True):
            checkpoint = self._read(path, fingerprint)
            if checkpoint is not None:
                self._own = [path]
                return checkpoint
        return None

    def _read(self, path: Path, fingerprint: dict[str, object]) -> Checkpoint | None:
        manifest = _read_json(path / "manifest.json")
        if not manifest or manifest.get("schemaVersion") != _SCHEMA_VERSION:
            say(f"{path.name} is passed over: it has no readable manifest.json.")
            return None
        for name, entry in manifest["files"].items():
            if _digest(path / name) != entry:
                say(f"{path.name} is passed over: {name} is not what its manifest says.")
                return None
        document = _read_json(path / "state.json") or {}
        theirs = document.get("fingerprint", {})
        # Through JSON once, as theirs went.
        ours = json.loads(json.dumps(fingerprint))
        differing = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
        if differing:
            say(f"{path.name} is passed over: it was written with another {', '.join(differing)}.")
            return None
        tensors = {
            name.removesuffix(".safetensors"): safetensors.torch.load_file(path / name)
            for name in manifest["files"]
            if name.endswith(".safetensors")
        }
        return Checkpoint(TrainingState(**document["state"]), theirs, document["random"], tensors)


def _write_bytes(path: Path, data: bytes) -> dict[str, object]:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> dict[str, object] | None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"size": path.stat().st_size, "sha256": digest}
    except OSError:
        return None


def _read_json(path: Path) -> dict | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
