"""``reference.json``: how features, predictions and embeddings are distributed over the validation split.

Served traffic is counted into the same buckets, and drift is the distance between the two. A bucket counts
``edge[i] < x <= edge[i + 1]`` as Prometheus' ``le`` does; the first has no lower and the last no upper bound.
"""

from __future__ import annotations

import numpy

from apus_huggingface.encoding import Encoded
from apus_huggingface.evaluation import Inference

SCHEMA_VERSION = 1
_BUCKETS = 10
_SKETCH_DIMENSIONS = 8
# Any value would do, but models that are compared have to share it.
_SKETCH_SEED = 20_240_601


def reference_document(
    texts: list[str], encoded: Encoded, inference: Inference, labels: list[str], unknown_token: int | None
) -> dict[str, object]:
    """The document as it is written into the bundle."""
    probabilities = inference.probabilities()
    counts = numpy.bincount(inference.predictions(), minlength=len(labels))
    features: dict[str, object] = {
        "prediction": {"kind": "categorical", "categories": labels, "counts": counts.tolist()},
        "confidence": numeric_feature(probabilities.max(axis=1)),
        "text_length": numeric_feature([len(text) for text in texts], unit="characters"),
        "token_length": numeric_feature(encoded.lengths(), unit="tokens"),
    }
    if unknown_token is not None:
        features["unknown_token_ratio"] = numeric_feature(unknown_token_ratios(encoded, unknown_token))
    matrix = sketch_matrix(inference.pooled.shape[1])
    projected = inference.pooled.astype(numpy.float64) @ matrix.T
    for index in range(len(matrix)):
        features[f"embedding_{index}"] = numeric_feature(projected[:, index])
    return {
        "schemaVersion": SCHEMA_VERSION,
        "samples": len(texts),
        "labels": labels,
        "features": features,
        "sketch": {
            "embedding": "mean_pooled_last_hidden_state",
            "dimensions": len(matrix),
            "matrix": matrix.tolist(),
        },
    }


def numeric_feature(values, unit: str | None = None) -> dict[str, object]:
    """Buckets at the deciles. A feature with few different values has fewer edges, at least one."""
    array = numpy.asarray(values, dtype=numpy.float64)
    quantiles = numpy.quantile(array, numpy.arange(1, _BUCKETS) / _BUCKETS)
    edges = numpy.unique(quantiles)  # Sorted and free of repetitions, so strictly increasing.
    # 'left' puts a value equal to an edge into the bucket that ends there.
    counts = numpy.bincount(numpy.searchsorted(edges, array, side="left"), minlength=len(edges) + 1)
    feature: dict[str, object] = {"kind": "numeric"}
    if unit is not None:
        feature["unit"] = unit
    return {**feature, "edges": edges.tolist(), "counts": counts.tolist()}


def unknown_token_ratios(encoded: Encoded, unknown_token: int) -> list[float]:
    """The share of unknown tokens among a text's tokens that are not special; 0 for a text without any.

    The tokenizer counts the unknown token itself as special, hence the order of the two tests.
    """
    ratios = []
    for ids, special in zip(encoded.input_ids, encoded.special_masks):
        unknown = sum(token == unknown_token for token in ids)
        ordinary = unknown + sum(token != unknown_token and not mask for token, mask in zip(ids, special))
        ratios.append(unknown / ordinary if ordinary else 0.0)
    return ratios


def sketch_matrix(width: int) -> numpy.ndarray:
    """Fixed orthonormal directions onto which embeddings are projected, one a row."""
    generator = numpy.random.default_rng(_SKETCH_SEED)
    dimensions = min(_SKETCH_DIMENSIONS, width)
    basis, _ = numpy.linalg.qr(generator.standard_normal((width, dimensions)))
    return numpy.round(basis.T, 8)
