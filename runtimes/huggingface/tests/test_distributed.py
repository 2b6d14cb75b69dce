from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from apus_huggingface.distributed import Replicas
from apus_huggingface.errors import UserError
from conftest import Job, sentences


def _start(job: Job, port: int) -> list[subprocess.Popen]:
    common = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "apus_huggingface", "train"],
            env={**common, "RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_two_replicas_stop_together_resume_and_end_where_one_would(make_job: Callable[..., Job]) -> None:
    channels = {"training": sentences(64), "validation": sentences(16, seed=1)}
    # Without dropout, half the batch on each of two replicas adds up to the gradient of the whole batch.
    settings = {
        "epochs": "30",
        "dropout": "0",
        "head_init": "random",
        "compare_to_base": "false",
        "learning_rate": "1e-5",
    }
    single = make_job(channels, batch_size="8", **settings)
    assert single.train() == 0
    job = make_job(channels, batch_size="4", **settings)
    processes = _start(job, _free_port())
    assert processes[0].stderr is not None
    for line in processes[0].stderr:
        if line.startswith("step="):
            break
    # Only one is told; both have to stop, at the same step.
    processes[1].send_signal(signal.SIGTERM)
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [143, 143], errors
    assert list(job.layout.checkpoints.glob("checkpoint-*"))
    assert not (job.layout.model / "model.safetensors").exists()

    processes = _start(job, _free_port())
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert "Resuming at step" in errors[0]
    assert job.metrics()["train"]["steps"] == single.metrics()["train"]["steps"] == 30 * 8
    one, two = (load_file(item.layout.model / "model.safetensors") for item in (single, job))
    for name, tensor in one.items():
        assert torch.allclose(tensor, two[name], atol=2e-4), name


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE has to be a whole number"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK is 2, but WORLD_SIZE is 2"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "", "MASTER_PORT": "1"}, "MASTER_ADDR is not set"),
    ],
)
def test_a_wrong_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=expected):
        Replicas.from_environment()
