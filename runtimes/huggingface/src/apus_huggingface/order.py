"""Which rows make up which batch: a pure function of seed and epoch, so that a resumed run sees what it would have."""

from __future__ import annotations

import torch

# Lengths are sorted within this many batches: enough to waste little on padding, few enough to stay random.
_BATCHES_SORTED_TOGETHER = 50


def epoch_batches(
    lengths: list[int], batch_size: int, replicas: int, seed: int, epoch: int, group_by_length: bool
) -> list[list[int]]:
    """Batches over all replicas, each row once; replica `r` of `n` trains on ``batch[r::n]``."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    rows = torch.randperm(len(lengths), generator=generator).tolist()
    size = batch_size * replicas
    # Replicas step together, so all need a row of the last batch: some rows are then seen twice.
    missing = -len(rows) % replicas
    rows.extend(rows[:missing])
    if not group_by_length:
        return [rows[start : start + size] for start in range(0, len(rows), size)]
    span = size * _BATCHES_SORTED_TOGETHER
    batches = []
    for start in range(0, len(rows), span):
        portion = sorted(rows[start : start + span], key=lambda row: -lengths[row])
        batches.extend(portion[first : first + size] for first in range(0, len(portion), size))
    return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]
