"""Gives characters that a WordPiece vocabulary lacks a token of their own.

WordPiece turns a whole word into the unknown token as soon as it meets one such character, so that in an uncased BERT
"love😂" and "hate😡" are the same. Here each such character is entered twice, as a word's start and as a continuation;
its embedding starts as the mean of those of the words in its Unicode name ("face with tears of joy"), which is close
to what it means, and is then trained like any other.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from apus_huggingface.errors import UserError

# Unicode blocks of pictographs: miscellaneous symbols and dingbats, and the planes of emoji.
_SYMBOL_BLOCKS = [(0x2600, 0x27BF), (0x1F300, 0x1FAFF)]


def extend_tokenizer(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], all_symbols: bool, folder: Path
) -> tuple[PreTrainedTokenizerBase, list[str]]:
    """The tokenizer with more characters, and these characters in the order of their new ids (two each).

    `folder` is where the new tokenizer is put together; it may be removed afterwards.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    description = json.loads(backend.to_str()) if backend is not None else {}
    model = description.get("model", {})
    if model.get("type") != "WordPiece":
        raise UserError(
            "Hyperparameter 'extend_vocabulary' needs a base model with a WordPiece tokenizer (BERT, DistilBERT, "
            f"MiniLM…), and this one has {model.get('type', 'none that can be extended')}; set it to none."
        )
    known: dict[str, int] = model["vocab"]
    wanted = {character for text in texts for character in _normalized(backend, text)}
    if all_symbols:
        for first, last in _SYMBOL_BLOCKS:
            for code in range(first, last + 1):
                # Symbols only: punctuation is split off as words of its own already.
                if unicodedata.category(chr(code)) in ("So", "Sk"):
                    wanted.update(_normalized(backend, chr(code)))
    added = sorted(
        character
        for character in wanted
        if character not in known and not character.isspace() and character.isprintable()
    )
    prefix = model.get("continuing_subword_prefix", "##")
    following = max(known.values()) + 1
    for place, character in enumerate(added):
        known[character] = following + 2 * place
        known[prefix + character] = following + 2 * place + 1
    tokenizer.save_pretrained(folder)
    for stale in ("vocab.txt", "added_tokens.json"):
        (folder / stale).unlink(missing_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")
    return AutoTokenizer.from_pretrained(folder), added


def extend_embeddings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, added: list[str]) -> None:
    """Makes room for the characters that `extend_tokenizer` added and starts them off from their names."""
    if not added:
        return
    old = model.get_input_embeddings().weight.detach().clone()
    special = set(tokenizer.all_special_ids)
    rows = []
    for character in added:
        name = unicodedata.name(character, "").lower().replace("-", " ")
        ids = tokenizer(name, add_special_tokens=False)["input_ids"] if name else []
        ids = [token for token in ids if token not in special and token < len(old)]
        row = old[ids].mean(0) if ids else old.mean(0)
        rows.extend([row, row])
    model.resize_token_embeddings(len(old) + len(rows), mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight[len(old) :] = torch.stack(rows)


def _normalized(backend: Tokenizer, text: str) -> str:
    return backend.normalizer.normalize_str(text) if backend.normalizer is not None else text
