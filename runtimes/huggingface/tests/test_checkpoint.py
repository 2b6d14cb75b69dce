from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from apus_huggingface.checkpoint import Checkpoint, CheckpointFolder, TrainingState, random_state, restore_random_state
from apus_huggingface.errors import UserError
from conftest import Job, sentences

CPU = torch.device("cpu")


def _checkpoint(step: int, best_step: int = 0, size: int = 1000) -> Checkpoint:
    tensors = {"model": {"w": torch.full((size,), float(step))}, "best": {"w": torch.full((size,), float(best_step))}}
    state = TrainingState(step=step, best_step=best_step, batches_per_epoch=10)
    return Checkpoint(state, {"seed": 1}, [random_state(CPU)], tensors)


def test_the_newest_whole_one_is_found_and_two_are_kept(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for step in (8, 9, 10):
        folder.write(_checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-9"]
    found = CheckpointFolder(tmp_path).newest({"seed": 1})
    assert found is not None and found.state.step == 10
    assert torch.equal(found.tensors["model"]["w"], torch.full((1000,), 10.0))


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "manifest", "partial"])
def test_damaged_ones_are_passed_over(tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.write(_checkpoint(1))
    newest = folder.write(_checkpoint(2))
    weights = newest / "model.safetensors"
    if damage == "flip":
        data = bytearray(weights.read_bytes())
        data[-1] ^= 1
        weights.write_bytes(data)
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "missing":
        weights.unlink()
    elif damage == "manifest":
        (newest / "manifest.json").write_text("{")
    else:
        newest.rename(tmp_path / ".checkpoint-2.partial")
    found = CheckpointFolder(tmp_path).newest({"seed": 1})
    assert found is not None and found.state.step == 1
    if damage != "partial":
        assert "checkpoint-2 is passed over" in capfd.readouterr().err


def test_one_of_another_job_is_passed_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    CheckpointFolder(tmp_path).write(_checkpoint(1))
    assert CheckpointFolder(tmp_path).newest({"seed": 2}) is None
    assert "written with another seed" in capfd.readouterr().err


def test_the_same_best_weights_take_no_more_disk(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    paths = [folder.write(_checkpoint(1, best_step=1)), folder.write(_checkpoint(2, best_step=1))]
    one, two = (path / "best.safetensors" for path in paths)
    assert one.stat().st_ino == two.stat().st_ino
    third = folder.write(_checkpoint(3, best_step=3))
    assert (third / "best.safetensors").stat().st_ino != two.stat().st_ino


def test_random_numbers_continue_where_they_were() -> None:
    import random

    state = random_state(CPU)
    expected = (torch.rand(3).tolist(), random.random())
    restore_random_state(state, CPU)
    assert (torch.rand(3).tolist(), random.random()) == expected


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for about one checkpoint of the tiny model."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_keeps_the_last_good_one(small_disk: Path) -> None:
    folder = CheckpointFolder(small_disk)
    folder.write(_checkpoint(1, size=50_000))
    with pytest.raises(UserError, match=r"disk is full: checkpoint-2 .*the last good one is checkpoint-1"):
        folder.write(_checkpoint(2, best_step=2, size=150_000))
    assert [path.name for path in small_disk.iterdir()] == ["checkpoint-1"]
    found = CheckpointFolder(small_disk).newest({"seed": 1})
    assert found is not None and found.state.step == 1


def test_a_job_on_a_full_disk_says_so(make_job: Callable[..., Job], small_disk: Path) -> None:
    job = make_job({"training": sentences(60)}, epochs="3", compare_to_base="false")
    job.layout.checkpoints.symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * 300_000)
    assert job.train() == 1
    assert "The disk is full: checkpoint-" in job.failure() and "more room" in job.failure()
    # With room again the very same job goes on from what was kept, or from the start if nothing was.
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert job.train() == 0


def test_a_full_disk_for_the_bundle_says_so(make_job: Callable[..., Job], small_disk: Path) -> None:
    job = make_job({"training": sentences(60)}, compare_to_base="false")
    (small_disk / "ballast").write_bytes(b"x" * 900_000)
    job.layout.model.symlink_to(small_disk)
    assert job.train() == 1
    assert "The disk is full" in job.failure()
