"""Several replicas of one job, as torchrun's environment variables describe them; one replica is the usual case."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from apus_huggingface.errors import UserError


@dataclass(frozen=True)
class Replicas:
    """This process among the job's replicas. Rank 0 measures, writes and decides; the others follow."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @staticmethod
    def from_environment() -> Replicas:
        def number(name: str, default: int) -> int:
            text = os.environ.get(name) or str(default)
            try:
                return int(text)
            except ValueError:
                raise UserError(f"The environment variable {name} has to be a whole number, not '{text}'.") from None

        count = number("WORLD_SIZE", 1)
        rank = number("RANK", 0)
        if not 0 <= rank < max(count, 1):
            raise UserError(f"RANK is {rank}, but WORLD_SIZE is {count}.")
        if count > 1:
            for name in ("MASTER_ADDR", "MASTER_PORT"):
                if not os.environ.get(name):
                    raise UserError(f"WORLD_SIZE is {count}, but {name} is not set.")
        return Replicas(rank, max(count, 1), number("LOCAL_RANK", 0))

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def device(self) -> torch.device:
        if torch.cuda.is_available():
            return torch.device("cuda", self.local_rank % torch.cuda.device_count())
        return torch.device("cpu")

    def start(self, device: torch.device) -> None:
        if self.count > 1:
            # The others wait while rank 0 measures, so the patience is that of an evaluation, not of a step.
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=timedelta(hours=1))
            if device.type == "cuda":
                torch.cuda.set_device(device)

    def part(self) -> None:
        """Waits until all are done, so that nobody's last exchange fails because another has gone already.

        The process group is not destroyed: gloo's worker may need the interpreter's lock for that while the
        destructor holds it, and then neither goes on. `leave` ends the process without.
        """
        if self.count > 1:
            dist.barrier()

    def leave(self, code: int) -> int:
        """Ends the process with `code` if there are others; otherwise just returns it."""
        if self.count > 1:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        return code

    def lost(self, error: BaseException) -> bool:
        """Whether an error only says that another replica has gone."""
        return self.count > 1 and (isinstance(error, dist.DistError) or "gloo" in str(error))

    def share(self, value: object) -> object:
        """What rank 0 passes, on every replica."""
        if self.count == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def collect(self, value: object) -> list[object]:
        """The values of all replicas, by rank."""
        if self.count == 1:
            return [value]
        values: list[object] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is so on any replica; all have to ask together."""
        if self.count == 1:
            return flag
        tensor = torch.tensor([float(flag)], device=device)
        dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
        return bool(tensor.item())
