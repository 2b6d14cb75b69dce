"""The commands: ``train`` is what a pod runs, ``evaluate`` and ``predict`` are for people and tests."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
import traceback
from pathlib import Path

from apus_huggingface.contract import Layout
from apus_huggingface.errors import UserError
from apus_huggingface.signals import EXIT_CODE, Terminated, Termination

USER_ERROR = 1
INTERNAL_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="apus_huggingface", description="Apus training runtime for Hugging Face encoders."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="run the job laid out under /opt/ml (APUS_ML_ROOT moves it)")
    evaluate = commands.add_parser(
        "evaluate", help="measure a bundle or a served model on a labelled file; prints JSON"
    )
    measured = evaluate.add_mutually_exclusive_group(required=True)
    measured.add_argument("--bundle", type=Path)
    measured.add_argument("--endpoint", help="URL that answers predictions, http://…/v1/models/NAME:predict")
    evaluate.add_argument("--data", type=Path, required=True)
    evaluate.add_argument("--text-column", default="")
    evaluate.add_argument("--label-column", default="")
    predict = commands.add_parser("predict", help="classify texts given as JSON lines on stdin; prints JSON lines")
    predict.add_argument("--bundle", type=Path, required=True)
    for command in (evaluate, predict):
        command.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args(arguments)
    if options.command == "train":
        return _leave(_train())
    try:
        _evaluate(options) if options.command == "evaluate" else _predict(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:
        return 0
    return 0


def _leave(code: int) -> int:
    if os.environ.get("WORLD_SIZE", "1") in ("", "0", "1"):
        return code
    from apus_huggingface.distributed import Replicas

    try:
        return Replicas.from_environment().leave(code)
    except UserError:
        return code  # It never joined the others.


def _train() -> int:
    from apus_huggingface import job

    termination = Termination()
    termination.install()
    layout = Layout.from_environment()
    try:
        job.run(layout, termination)
    except Terminated:
        return EXIT_CODE
    except UserError as error:
        return _failed(layout, str(error), USER_ERROR)
    except job.ReplicaLost as error:
        return _failed(layout, str(error), INTERNAL_ERROR)
    except Exception as error:
        if _is_full_disk(error):
            where = getattr(error, "filename", None) or layout.root
            return _failed(
                layout, f"The disk is full: {where} could not be written; give its volume more room.", USER_ERROR
            )
        if type(error).__name__ in ("OutOfMemoryError", "MemoryError"):
            return _failed(
                layout,
                "Memory is exhausted; lower batch_size or max_length, set gradient_checkpointing or give the job more.",
                USER_ERROR,
            )
        traceback.print_exc()
        return _failed(layout, f"Training failed unexpectedly: {type(error).__name__}: {error}", INTERNAL_ERROR)
    return 0


def _failed(layout: Layout, message: str, code: int) -> int:
    message = " ".join(message.split())
    print(f"error: {message}", file=sys.stderr, flush=True)
    layout.write_failure(message)
    return code


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # What libraries in other languages make of the same error.
    return "No space left on device" in str(error) or "os error 28" in str(error)


def _evaluate(options: argparse.Namespace) -> None:
    from apus_huggingface.dataset import load_split
    from apus_huggingface.hyperparameters import Hyperparameters

    settings = Hyperparameters(text_column=options.text_column, label_column=options.label_column)
    if not options.data.exists():
        raise UserError(f"{options.data} does not exist.")
    if options.endpoint:
        from apus_huggingface.endpoint import Endpoint

        endpoint = Endpoint(options.endpoint, options.batch_size)
        labels = endpoint.labels()
        split = load_split(options.data, options.data.name, labels, settings)
        predictions = endpoint.predictions(split.texts, labels)
    else:
        _, labels, infer_texts = _load(options)
        split = load_split(options.data, options.data.name, labels, settings)
        predictions = infer_texts(split.texts).predictions()
    from apus_huggingface.evaluation import measure

    print(json.dumps(measure(predictions, split.targets, labels), indent=1))


def _predict(options: argparse.Namespace) -> None:
    _, labels, infer_texts = _load(options)
    while True:
        # In portions, so that the first answers do not wait for the last question.
        lines = [line for _, line in zip(range(1_000), sys.stdin)]
        texts = [_text_of(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
        if texts:
            inference = infer_texts(texts)
            for logits, scores, best in zip(inference.logits, inference.probabilities(), inference.predictions()):
                answer = {"label": labels[best], "logits": logits.tolist(), "scores": scores.tolist()}
                print(json.dumps(answer), flush=False)
            sys.stdout.flush()
        if not lines:
            return


def _text_of(line: str, number: int) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise UserError(f"Line {number} on stdin is not valid JSON; write a string or an object with 'text'.") from None
    if isinstance(value, dict):
        value = value.get("text")
    if not isinstance(value, str):
        raise UserError(f"Line {number} on stdin has no text; write a JSON string or an object with 'text'.")
    return value


def _load(options: argparse.Namespace):
    from apus_huggingface.job import prepare_libraries

    prepare_libraries()
    from apus_huggingface import models
    from apus_huggingface.encoding import Collator, encode
    from apus_huggingface.evaluation import infer

    classifier = models.load_bundle(options.bundle, f"Bundle {options.bundle}")
    labels = models.label_list(classifier.model)
    collator = Collator.of(classifier.tokenizer)

    def infer_texts(texts: list[str]):
        encoded = encode(classifier.tokenizer, texts, classifier.tokenizer.model_max_length)
        return infer(classifier.model, encoded, collator, options.batch_size)

    return classifier, labels, infer_texts
