"""A training job from top to bottom: check, train, measure, write the bundle."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from apus_huggingface.contract import Layout
from apus_huggingface.dataset import Data, load_data
from apus_huggingface.errors import UserError, quoted_list
from apus_huggingface.hyperparameters import Hyperparameters
from apus_huggingface.progress import Progress, say
from apus_huggingface.signals import Terminated, Termination

if TYPE_CHECKING:
    from apus_huggingface.checkpoint import TrainingState
    from apus_huggingface.models import Classifier

# Settings that may change between two attempts without making the first one's checkpoints useless.
_NOT_IN_FINGERPRINT = {"save_steps", "eval_batch_size", "compare_to_base", "text_column", "label_column", "base_model"}


class ReplicaLost(Exception):
    """Another replica ended, and this one cannot go on without it."""

    def __init__(self) -> None:
        super().__init__("Another replica of this job ended before it was done; its own failure says why.")


def run(layout: Layout, termination: Termination) -> None:
    """Runs the job that is laid out under ``/opt/ml``. Raises `UserError` for what its author can put right."""
    settings = Hyperparameters.parse(layout.raw_hyperparameters())
    data = load_data(layout.channels(), settings)
    for split in [data.training, data.validation, *data.further]:
        counts = ", ".join(f"{split.targets.count(index)} {label}" for index, label in enumerate(data.labels))
        say(f"{split.name}: {len(split)} rows ({counts})")
    for note in data.notes:
        say(f"note: {note}")
    prepare_libraries()
    # Only now: importing torch and transformers takes seconds, and mistakes in data should not wait for them.
    from apus_huggingface import models

    base = models.find_base_model(layout.base_model_channel(), settings)
    # Loaded before hours of training, so that a broken one is known now.
    production = layout.baseline_channel()
    rival = models.load_bundle(production, "Channel 'baseline'") if production is not None else None
    _train(layout, settings, data, base, rival, termination)


def _train(
    layout: Layout,
    settings: Hyperparameters,
    data: Data,
    base: Path | None,
    rival: Classifier | None,
    termination: Termination,
) -> None:
    import torch

    # Publishing's modules too: what is missing, or replaced while it trains, should not show after hours of training.
    from apus_huggingface import baseline, bundle, card, models, plots, reference  # noqa: F401
    from apus_huggingface.checkpoint import CheckpointFolder
    from apus_huggingface.distributed import Replicas
    from apus_huggingface.encoding import Collator, encode
    from apus_huggingface.training import Trainer, TrainingSet, mixed_precision_type

    replicas = Replicas.from_environment()
    device = replicas.device()
    mixed_precision_type(settings.mixed_precision, device)
    torch.manual_seed(settings.seed)
    classifier = models.load_classifier(base, data.labels, data.training.texts, settings)
    _check_length(classifier, settings)
    classifier.model.to(device)
    replicas.start(device)
    try:
        collator = Collator.of(classifier.tokenizer)
        sets = {
            split.name: TrainingSet(encode(classifier.tokenizer, split.texts, settings.max_length), split.targets)
            for split in (data.training, data.validation)
        }
        training, validation = sets[data.training.name], sets[data.validation.name]

        def consult_base() -> dict[str, object] | None:
            """Before the first step: measure the base model, and start the head from what it knows."""
            start_head = settings.head_init == "probe" and classifier.has_new_head
            if settings.architecture == "lstm" or not (settings.compare_to_base or start_head):
                return None
            probe = baseline.BaseProbe(
                classifier.model, collator, data.labels, settings.eval_batch_size, lambda: _stop_if(termination)
            )
            probe.look(training.encoded, training.targets, settings.seed)
            figures = probe.metrics(validation.encoded, validation.targets) if settings.compare_to_base else None
            if figures is not None:
                say(f"base model, frozen: macro_f1={figures['validation']['macro_f1']:.4f} on validation")
            if start_head and not probe.start_head():
                say("note: this model's head cannot start from a regression; it starts at random.")
            return figures

        base_digest = weights_digest(base) if base is not None else None
        trainer = Trainer(
            model=classifier.model,
            labels=data.labels,
            training=training,
            validation=validation,
            collator=collator,
            settings=settings,
            progress=Progress(layout.progress if replicas.leads else None),
            folder=CheckpointFolder(layout.checkpoints),
            fingerprint=_fingerprint(settings, data, base_digest),
            termination=termination,
            replicas=replicas,
            before_first_step=consult_base,
        )
        state = trainer.run()
    except RuntimeError as error:
        if replicas.lost(error):
            raise ReplicaLost from error
        raise
    if replicas.leads:
        _publish(layout, settings, data, classifier, rival, state, base_digest)


def _publish(
    layout: Layout,
    settings: Hyperparameters,
    data: Data,
    classifier: Classifier,
    rival: Classifier | None,
    state: TrainingState,
    base_digest: str | None,
) -> None:
    """Measures the best weights on every split and writes the bundle. The weights come last: no weights, no bundle."""
    from apus_huggingface import bundle, plots, reference
    from apus_huggingface.card import model_card
    from apus_huggingface.encoding import Collator, encode
    from apus_huggingface.evaluation import infer, measure
    from apus_huggingface.rival import rival_metrics

    tokenizer = classifier.tokenizer
    splits = {}
    for split in [data.validation, *data.further]:
        encoded = encode(tokenizer, split.texts, settings.max_length)
        inference = infer(classifier.model, encoded, Collator.of(tokenizer), settings.eval_batch_size)
        splits[split.name] = measure(inference.predictions(), split.targets, data.labels)
        say(
            f"{split.name}: accuracy={splits[split.name]['accuracy']:.4f} macro_f1={splits[split.name]['macro_f1']:.4f}"
        )
        if split is data.validation:
            document = reference.reference_document(
                split.texts, encoded, inference, data.labels, tokenizer.unk_token_id
            )
    metrics = {
        "schemaVersion": 1,
        "labels": data.labels,
        "splits": splits,
        "train": {
            "samples": len(data.training),
            "epochs": len(state.evaluations),
            "steps": state.step,
            "runtime_seconds": round(state.runtime_seconds, 3),
            "best_metric": state.best_metric,
            "best_metric_name": settings.metric_for_best_model,
            "best_step": state.best_step,
        },
    }
    if state.base is not None:
        metrics["base"] = state.base
    if rival is not None:
        metrics["baseline"] = rival_metrics(
            rival, [data.validation, *data.further], data.labels, settings.eval_batch_size
        )
    folder = layout.model
    folder.mkdir(parents=True, exist_ok=True)
    bundle.write_json(folder / "metrics.json", metrics)
    bundle.write_json(folder / "reference.json", document)
    matrix = splits["validation"]["confusion_matrix"]
    plots.draw_confusion_matrix(folder / "confusion_matrix.png", matrix, data.labels, "Validation")
    plots.draw_history(folder / "training_history.png", state.losses, state.evaluations)
    card = model_card(
        data,
        settings,
        metrics,
        state,
        classifier.base,
        base_digest,
        type(classifier.model).__name__,
        _versions(),
    )
    (folder / "model_card.md").write_text(card, encoding="utf-8")
    bundle.write_model(folder, classifier, settings.max_length)
    bundle.make_readable(folder)
    say(f"The bundle is written to {folder}.")


def _check_length(classifier, settings: Hyperparameters) -> None:
    positions = getattr(classifier.model.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return
    # RoBERTa's positions begin behind the padding id.
    offset = (classifier.tokenizer.pad_token_id or 0) + 1 if "roberta" in classifier.model.config.model_type else 0
    if settings.max_length > positions - offset:
        raise UserError(
            f"Hyperparameter 'max_length' is {settings.max_length}, but the base model reads at most "
            f"{positions - offset} tokens."
        )


def _fingerprint(settings: Hyperparameters, data: Data, base_digest: str | None) -> dict[str, object]:
    """What makes two runs the same run: a checkpoint of any other must not be continued."""
    rows = hashlib.sha256()
    for split in (data.training, data.validation):
        for text, target in zip(split.texts, split.targets):
            rows.update(f"{len(text)} {target} ".encode() + text.encode("utf-8", "surrogatepass"))
    relevant = {name: value for name, value in settings.as_dictionary().items() if name not in _NOT_IN_FINGERPRINT}
    return {**relevant, "label list": data.labels, "training data": rows.hexdigest(), "base model": base_digest}


def weights_digest(folder: Path) -> str:
    """SHA-256 over the base model's weight files, by name."""
    digest = hashlib.sha256()
    names = [path for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", ".bin") and path.is_file()]
    if not names:
        raise UserError(
            f"{folder} has no weights; found {quoted_list(sorted(item.name for item in folder.iterdir()))}."
        )
    if len(names) == 1:
        with names[0].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    for path in names:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def prepare_libraries() -> None:
    """Settings that torch and transformers read once, when they are imported or first used."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if not os.access(Path.home(), os.W_OK):
        os.environ.setdefault("HF_HOME", "/tmp/huggingface")  # A pod's root is often read-only.
    threads = thread_count()
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    # Threads that spin at a barrier starve the one it waits for when other pods want the processors too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    import transformers

    torch.set_num_threads(threads)
    # The same job with the same seed should give the same weights; where a kernel cannot, it warns.
    torch.use_deterministic_algorithms(True, warn_only=True)
    if torch.cuda.is_available():
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def thread_count() -> int:
    """OMP_NUM_THREADS if set, else as many processors as the container's CPU limit pays for.

    More threads than that are throttled by the kernel all at once, which is slower than fewer.
    """
    wish = os.environ.get("OMP_NUM_THREADS", "")
    if wish.isdigit() and int(wish) > 0:
        return int(wish)
    available = len(os.sched_getaffinity(0))
    limit = _cgroup_cpu_limit()
    return max(1, min(available, round(limit)) if limit is not None else available)


def _cgroup_cpu_limit(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    try:
        quota, period = (root / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota = (root / "cpu" / "cpu.cfs_quota_us").read_text()
        period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _stop_if(termination: Termination) -> None:
    if termination.requested:
        raise Terminated


def _versions() -> dict[str, str]:
    import tokenizers
    import torch
    import transformers

    from apus_huggingface import __version__

    return {
        "apus-huggingface": __version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
