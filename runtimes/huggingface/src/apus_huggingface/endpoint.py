"""A served model, asked over HTTP: what answers users is what is measured, by the same figures as in training."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import numpy

from apus_huggingface.errors import UserError

_SECONDS_TO_ANSWER = 120


class Endpoint:
    """``POST /v1/models/NAME:predict`` of a model server, or of the gateway in front of it."""

    def __init__(self, url: str, batch_size: int) -> None:
        self._url = url
        self._batch_size = batch_size

    def labels(self) -> list[str]:
        """The model's labels, sorted: the order of an answer's scores says nothing."""
        return sorted(self._ask([""])[0]["scores"])

    def predictions(self, texts: list[str], labels: list[str]) -> numpy.ndarray:
        """The index of the label that is answered for each text."""
        position = {label: index for index, label in enumerate(labels)}
        answers: list[int] = []
        for start in range(0, len(texts), self._batch_size):
            answers.extend(position[item["label"]] for item in self._ask(texts[start : start + self._batch_size]))
        return numpy.array(answers)

    def _ask(self, texts: list[str]) -> list[dict]:
        request = urllib.request.Request(
            self._url, json.dumps({"instances": texts}).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS_TO_ANSWER) as response:
                predictions = json.load(response)["predictions"]
        except urllib.error.HTTPError as error:
            answer = error.read(500).decode("utf-8", "replace")
            raise UserError(f"{self._url} answered {error.code}: {answer}") from error
        except (OSError, ValueError) as error:
            raise UserError(f"{self._url} cannot be reached: {getattr(error, 'reason', error)}.") from error
        except (KeyError, TypeError) as error:
            raise UserError(f"{self._url} did not answer with predictions; is it the URL of :predict?") from error
        if len(predictions) != len(texts):
            raise UserError(f"{self._url} answered {len(predictions)} predictions to {len(texts)} texts.")
        return predictions
