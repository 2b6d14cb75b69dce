"""The training loop. Written out, because a resumed run has to end with the very weights of one never interrupted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
import torch.nn.functional as functional
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from transformers import PreTrainedModel

from apus_huggingface import optimisation
from apus_huggingface.checkpoint import (
    Checkpoint,
    CheckpointFolder,
    TrainingState,
    optimizer_tensors,
    random_state,
    restore_optimizer,
    restore_random_state,
)
from apus_huggingface.distributed import Replicas
from apus_huggingface.encoding import Collator, Encoded
from apus_huggingface.errors import UserError
from apus_huggingface.evaluation import cross_entropy, infer, measure
from apus_huggingface.hyperparameters import Hyperparameters
from apus_huggingface.inputs import accepted_inputs
from apus_huggingface.order import epoch_batches
from apus_huggingface.progress import Progress, say
from apus_huggingface.signals import Terminated, Termination

# Points of the loss curve: more than a picture can show, few enough for every checkpoint to carry.
_LOSSES_KEPT = 4_000


@dataclass
class TrainingSet:
    """Encoded rows with their labels' indices."""

    encoded: Encoded
    targets: list[int]


@dataclass
class Trainer:
    """Trains one model. After `run` the model has its best weights."""

    model: PreTrainedModel
    labels: list[str]
    training: TrainingSet
    validation: TrainingSet
    collator: Collator
    settings: Hyperparameters
    progress: Progress
    folder: CheckpointFolder
    fingerprint: dict[str, object]
    termination: Termination = field(default_factory=Termination)
    replicas: Replicas = field(default_factory=Replicas)
    before_first_step: Callable[[], dict[str, object] | None] = lambda: None
    """Called on rank 0 of a run that resumes nothing; its value is kept in the state as the base's figures."""

    def run(self) -> TrainingState:
        """Trains to the end, or to a SIGTERM: then it raises `Terminated` once a checkpoint is on disk."""
        self._prepare()
        if not self._restore() and self.replicas.leads:
            self.state.base = self.before_first_step()
        self._distribute()
        with self.termination.deferred():
            self._started = time.monotonic()
            self._seconds_before = self.state.runtime_seconds
            while not self.state.finished:
                self._train_epoch()
                self._evaluate_epoch()
                self._save()
        self._use_best()
        self.replicas.part()
        return self.state

    # Setting up

    def _prepare(self) -> None:
        self.device = next(self.model.parameters()).device
        self.dtype = mixed_precision_type(self.settings.mixed_precision, self.device)
        if self.settings.gradient_checkpointing:
            if not self.model.supports_gradient_checkpointing:
                raise UserError("This model does not support gradient_checkpointing; set it to false.")
            self.model.activation_checkpointing_enable()
        self.inputs = accepted_inputs(self.model)
        self.lengths = self.training.encoded.lengths()
        self.targets = torch.tensor(self.training.targets)
        self.class_weights = class_weights(self.targets, len(self.labels), self.settings.class_weights, self.device)
        self.optimizer = optimisation.make_optimizer(self.model, self.settings, fused=True)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)
        self.average: optimisation.AveragedWeights | None = None
        self.best: dict[str, torch.Tensor] = {}
        self.state = TrainingState()
        self.batches_per_epoch = math.ceil(len(self.lengths) / (self.settings.batch_size * self.replicas.count))
        steps = math.ceil(self.batches_per_epoch / self.settings.gradient_accumulation_steps)
        self.total_steps = steps * self.settings.epochs
        self.state.batches_per_epoch = self.batches_per_epoch
        # Replicas drop out different units; everything else about their seeds is the same.
        torch.manual_seed(self.settings.seed + self.replicas.rank)

    def _restore(self) -> bool:
        found = self.folder.newest(self.fingerprint) if self.replicas.leads else None
        checkpoint = self.replicas.share(found)
        if isinstance(checkpoint, Checkpoint):
            self._continue_from(checkpoint)
        return isinstance(checkpoint, Checkpoint)

    def _distribute(self) -> None:
        """After the weights are in place, as wrapping copies rank 0's to the others."""
        if self.average is None and self.settings.ema_decay > 0 and self.replicas.leads:
            self.average = optimisation.AveragedWeights(self.model, self.settings.ema_decay)
        self.network: nn.Module = self.model
        if self.replicas.count > 1:
            device_ids = [self.device.index] if self.device.type == "cuda" else None
            self.network = DistributedDataParallel(self.model, device_ids=device_ids, find_unused_parameters=True)

    def _continue_from(self, checkpoint: Checkpoint) -> None:
        self.model.load_state_dict(checkpoint.tensors["model"])
        restore_optimizer(self.optimizer, checkpoint.tensors["optimizer"])
        self.best = checkpoint.tensors.get("best", {})
        if "average" in checkpoint.tensors and self.replicas.leads:
            self.average = optimisation.AveragedWeights(self.model, self.settings.ema_decay)
            self.average.weights = {
                name: tensor.to(self.device) for name, tensor in checkpoint.tensors["average"].items()
            }
        if self.scaler.is_enabled() and "scaler" in checkpoint.tensors:
            self.scaler.load_state_dict({name: value.item() for name, value in checkpoint.tensors["scaler"].items()})
        self.state = checkpoint.state
        if self.state.batches_per_epoch != self.batches_per_epoch:
            # The number of replicas has changed: the same share of the epoch, in batches of the new size.
            share = self.state.batch / self.state.batches_per_epoch
            accumulated = self.settings.gradient_accumulation_steps
            self.state.batch = int(share * self.batches_per_epoch) // accumulated * accumulated
            steps_per_epoch = math.ceil(self.batches_per_epoch / accumulated)
            self.state.step = self.state.epoch * steps_per_epoch + self.state.batch // accumulated
            self.state.batches_per_epoch = self.batches_per_epoch
        if self.replicas.rank < len(checkpoint.random):
            restore_random_state(checkpoint.random[self.replicas.rank], self.device)
        if self.replicas.leads:
            say(f"Resuming at step {self.state.step} of {self.total_steps}.")

    # An epoch

    def _train_epoch(self) -> None:
        settings = self.settings
        batches = epoch_batches(
            self.lengths,
            settings.batch_size,
            self.replicas.count,
            settings.seed,
            self.state.epoch,
            settings.group_by_length,
        )
        self.network.train()
        while self.state.batch < len(batches):
            group = batches[self.state.batch : self.state.batch + settings.gradient_accumulation_steps]
            loss = self._step([batch[self.replicas.rank :: self.replicas.count] for batch in group])
            self.state.batch += len(group)
            self.state.step += 1
            self._report(loss)
            if self.replicas.any(self.termination.requested, self.device):
                self._stop()
            if settings.save_steps and self.state.step % settings.save_steps == 0 and self.state.batch < len(batches):
                self._save()

    def _step(self, group: list[list[int]]) -> float:
        factor = optimisation.learning_rate_factor(self.state.step, self.total_steps, self.settings)
        optimisation.set_learning_rate(self.optimizer, factor)
        rows_in_group = sum(map(len, group))
        total = 0.0
        for place, rows in enumerate(group):
            batch = self.collator.batch(self.training.encoded, rows, self.device)
            targets = self.targets[rows].to(self.device)
            # Batches count by their rows; the last of an epoch is smaller.
            share = len(rows) / rows_in_group
            adversarial = self.settings.adversarial_epsilon > 0
            with self._synchronised(place == len(group) - 1 and not adversarial):
                loss = self._loss(batch, targets)
                self.scaler.scale(loss * share).backward()
            total += loss.item() * share
            if not math.isfinite(total):
                raise UserError(
                    f"The loss became {total} at step {self.state.step + 1} of {self.total_steps}; lower learning_rate "
                    f"(now {self.settings.learning_rate:g}) or raise warmup_ratio (now {self.settings.warmup_ratio:g})."
                )
            if adversarial:
                embeddings = self.model.get_input_embeddings()
                with (
                    optimisation.adversarial_embeddings(
                        embeddings, batch["input_ids"], self.settings.adversarial_epsilon
                    ),
                    self._synchronised(place == len(group) - 1),
                ):
                    self.scaler.scale(self._loss(batch, targets) * share).backward()
        if self.settings.max_grad_norm > 0:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_grad_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.model, self.state.step)
        return total

    def _loss(self, batch: dict[str, torch.Tensor], targets: torch.Tensor) -> torch.Tensor:
        enabled = self.dtype is not None
        with torch.autocast(self.device.type, dtype=self.dtype or torch.bfloat16, enabled=enabled):
            logits = self.network(**{name: batch[name] for name in self.inputs if name in batch}).logits
        return functional.cross_entropy(
            logits.float(), targets, weight=self.class_weights, label_smoothing=self.settings.label_smoothing
        )

    def _synchronised(self, last: bool) -> AbstractContextManager[None]:
        """Replicas exchange gradients in the last backward pass of a step only."""
        if last or not isinstance(self.network, DistributedDataParallel):
            return nullcontext()
        return self.network.no_sync()

    def _report(self, loss: float) -> None:
        if not self.replicas.leads:
            return
        epoch = self.state.epoch + self.state.batch / self.batches_per_epoch
        self.state.losses.append([round(epoch, 4), loss])
        if len(self.state.losses) > _LOSSES_KEPT:
            self.state.losses = self.state.losses[::2]
        values = {
            "step": self.state.step,
            "totalSteps": self.total_steps,
            "epoch": round(epoch, 4),
            "totalEpochs": self.settings.epochs,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
        }
        self.progress.step(values, loss, last=self.state.step == self.total_steps)

    # After an epoch

    def _evaluate_epoch(self) -> None:
        """Rank 0 measures and decides; the others learn whether to go on."""
        interrupted = False
        if self.replicas.leads:
            try:
                self._measure()
            except Terminated:
                interrupted = True
        if self.replicas.share(interrupted):
            self._stop()
        if self.replicas.leads:
            patience = self.settings.early_stopping_patience
            self.state.finished = self.state.epoch + 1 >= self.settings.epochs
            if patience and self.state.epochs_without_improvement >= patience and not self.state.finished:
                say(f"Stopping early: {patience} epochs without a better {self.settings.metric_for_best_model}.")
                self.state.finished = True
        self.state.epoch += 1
        self.state.batch = 0
        self.state.finished = bool(self.replicas.share(self.state.finished))

    def _measure(self) -> None:
        averaged = self.average.applied(self.model) if self.average is not None else nullcontext()
        with averaged:
            inference = infer(
                self.model, self.validation.encoded, self.collator, self.settings.eval_batch_size, self._yield_to_signal
            )
            figures = measure(inference.predictions(), self.validation.targets, self.labels)
            values = {
                "step": self.state.step,
                "totalSteps": self.total_steps,
                "epoch": float(self.state.epoch + 1),
                "eval_loss": cross_entropy(inference.logits, self.validation.targets),
                "eval_accuracy": figures["accuracy"],
                "eval_macro_f1": figures["macro_f1"],
            }
            self.progress.evaluation(values)
            self.state.evaluations.append(values)
            metric = values[f"eval_{self.settings.metric_for_best_model}"]
            best = self.state.best_metric
            lower_is_better = self.settings.metric_for_best_model == "loss"
            if best is None or (metric < best if lower_is_better else metric > best):
                self.state.best_metric = metric
                self.state.best_step = self.state.step
                self.state.epochs_without_improvement = 0
                self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
            else:
                self.state.epochs_without_improvement += 1

    def _yield_to_signal(self) -> None:
        if self.termination.requested:
            raise Terminated

    def _use_best(self) -> None:
        if self.replicas.leads and self.best:
            self.model.load_state_dict(self.best)

    # Checkpoints

    def _stop(self) -> None:
        self._save()
        if self.replicas.leads:
            say(f"Terminated: a checkpoint of step {self.state.step} is written.")
        self.replicas.part()
        raise Terminated

    def _save(self) -> None:
        generators = self.replicas.collect(random_state(self.device))
        self.state.runtime_seconds = self._seconds_before + time.monotonic() - self._started
        if not self.replicas.leads:
            return
        tensors = {
            "model": {name: tensor.detach().cpu() for name, tensor in self.model.state_dict().items()},
            "optimizer": optimizer_tensors(self.optimizer),
        }
        if self.best:
            tensors["best"] = self.best
        if self.average is not None:
            tensors["average"] = {name: tensor.cpu() for name, tensor in self.average.weights.items()}
        if self.scaler.is_enabled():
            tensors["scaler"] = {name: torch.tensor(value) for name, value in self.scaler.state_dict().items()}
        self.folder.write(Checkpoint(self.state, self.fingerprint, generators, tensors))


def mixed_precision_type(wish: str, device: torch.device) -> torch.dtype | None:
    """The type of autocast, or ``None`` for single precision throughout."""
    if device.type == "cuda":
        bf16 = torch.cuda.is_bf16_supported()
        if wish == "bf16" and not bf16:
            raise UserError("Hyperparameter 'mixed_precision' is bf16, which this GPU does not have; use fp16 or auto.")
        if wish == "auto":
            return torch.bfloat16 if bf16 else torch.float16
        return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(wish)
    if wish == "fp16":
        raise UserError("Hyperparameter 'mixed_precision' is fp16, which needs a GPU; use auto, bf16 or no.")
    return torch.bfloat16 if wish == "bf16" else None


def class_weights(targets: torch.Tensor, count: int, kind: str, device: torch.device) -> torch.Tensor | None:
    """Weights that average to about one over the rows, larger for rarer labels."""
    if kind == "none":
        return None
    rows = torch.bincount(targets, minlength=count).clamp(min=1).float()
    weights = len(targets) / (count * rows)
    return (weights.sqrt() if kind == "sqrt" else weights).to(device)
