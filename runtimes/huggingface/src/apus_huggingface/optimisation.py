"""Parameter groups, learning-rate schedule, averaged weights and adversarial steps."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import PreTrainedModel

from apus_huggingface.hyperparameters import Hyperparameters

_LAYER = re.compile(r"\.(?:layer|layers|h|block|blocks|albert_layer_groups)\.(\d+)\.")


def make_optimizer(model: PreTrainedModel, settings: Hyperparameters, fused: bool) -> torch.optim.AdamW:
    """AdamW. A group's ``peak`` is the learning rate that `set_learning_rate` scales at every step."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    layers = 1 + max((_layer(name) for name, _ in model.named_parameters()), default=-1)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        # Biases and the scales of layer norms are the one-dimensional ones.
        decay = settings.weight_decay if parameter.ndim >= 2 else 0.0
        groups.setdefault((decay, _peak(name, model, layers, settings)), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": decay, "lr": peak, "peak": peak}
            for (decay, peak), parameters in groups.items()
        ],
        fused=fused,
    )


def _peak(name: str, model: PreTrainedModel, layers: int, settings: Hyperparameters) -> float:
    prefix = model.base_model_prefix + "."
    if not name.startswith(prefix) or ".pooler." in name:
        return settings.learning_rate * settings.head_lr_multiplier
    layer = _layer(name)
    # The top layer is one below the head, embeddings are one below the bottom layer.
    depth = layers - layer if layer >= 0 else layers + 1
    return settings.learning_rate * settings.layerwise_lr_decay**depth


def _layer(name: str) -> int:
    found = _LAYER.search(name)
    return int(found.group(1)) if found else -1


def learning_rate_factor(step: int, total: int, settings: Hyperparameters) -> float:
    """The share of the peak rate at a step counted from 0: a function of the step alone, so nothing to restore."""
    warmup = int(total * settings.warmup_ratio)
    if step < warmup:
        return (step + 1) / warmup
    left = max(0.0, (total - step) / max(1, total - warmup))
    if settings.lr_scheduler == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (1 - left)))
    return 1.0 if settings.lr_scheduler == "constant" else left


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


class AveragedWeights:
    """An exponential moving average of a model's weights, which usually generalises better than the last ones."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: copy.deepcopy(value.detach()) for name, value in model.named_parameters()}

    def update(self, model: nn.Module, step: int) -> None:
        # Short memory at first, or the untrained weights would weigh in for thousands of steps.
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            parameters = dict(model.named_parameters())
            torch._foreach_lerp_(list(self.weights.values()), [parameters[name] for name in self.weights], 1 - decay)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The model has the averaged weights while the body runs."""
        own = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        _copy_into(model, self.weights)
        try:
            yield
        finally:
            _copy_into(model, own)


def _copy_into(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])


@contextmanager
def adversarial_embeddings(embeddings: nn.Embedding, ids: torch.Tensor, epsilon: float) -> Iterator[None]:
    """Moves the embeddings of a batch's tokens a step of norm `epsilon` up the gradient (fast gradient method).

    A second backward pass in the body then adds the gradient at the harder point.
    """
    weight = embeddings.weight
    rows = torch.unique(ids)
    assert weight.grad is not None
    gradient = weight.grad[rows]
    before = weight.detach()[rows].clone()
    with torch.no_grad():
        weight[rows] += epsilon * gradient / (gradient.norm() + 1e-12)
    try:
        yield
    finally:
        with torch.no_grad():
            weight[rows] = before
