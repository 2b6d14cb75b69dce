"""Writes Sources/Transformer/Text/UnicodeTables+Data.swift: what the `tokenizers` library does to every code point.

The library carries several Unicode versions at once (one crate for categories, another for decomposition, Rust's own
for case and white space), and none of them is Swift's. So nothing here is derived from a standard: each property is
read off the library itself, code point by code point.

    python unicode_tables.py            # rewrites the file
    python unicode_tables.py --check    # fails when the file is stale
"""

import argparse
import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

OUTPUT = pathlib.Path(__file__).resolve().parents[3] / "Sources/Transformer/Text/UnicodeTables+Data.swift"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)


def ranges(members):
    """Sorted code points as `start` or `start-end` in hexadecimal."""
    runs = []
    for c in members:
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in runs]


def hexes(text):
    return "+".join(f"{ord(c):X}" for c in text)


def probe():
    clean = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False
    )
    chinese = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False
    )
    strip = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
    )
    nfd = normalizers.NFD()
    lower = normalizers.Lowercase()
    split = pre_tokenizers.BertPreTokenizer()

    removed, blanked, ideograph, mark, space, punctuation = [], [], [], [], [], []
    decomposition, lowercase = {}, {}
    for c in SCALARS:
        s = chr(c)
        cleaned = clean.normalize_str("a" + s + "b")
        if cleaned == "ab":
            removed.append(c)
        elif cleaned == "a b":
            blanked.append(c)
        else:
            assert cleaned == "a" + s + "b", hex(c)
        if chinese.normalize_str(s) == f" {s} ":
            ideograph.append(c)
        decomposed = nfd.normalize_str(s)
        if decomposed != s:
            decomposition[c] = decomposed
        if strip.normalize_str(s) == "":
            mark.append(c)
        lowered = lower.normalize_str(s)
        if lowered != s:
            lowercase[c] = lowered
        pieces = [piece for piece, _ in split.pre_tokenize_str("a" + s + "b")]
        if pieces == ["a", "b"]:
            space.append(c)
        elif pieces == ["a", s, "b"]:
            punctuation.append(c)
        else:
            assert pieces == ["a" + s + "b"], hex(c)

    # A mark is stripped after decomposition; where a scalar decomposes, its parts say what happens to it.
    marks = set(mark)
    for c, text in decomposition.items():
        assert strip.normalize_str(chr(c)) == "".join(p for p in text if ord(p) not in marks), hex(c)

    # Word characters, as the library's regular expression sees them beside an added token.
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "<w>": 1}, unk_token="[UNK]"))
    words.add_tokens([AddedToken("<w>", single_word=True, normalized=False)])
    word = [c for c in SCALARS if "<w>" not in words.encode(chr(c) + "<w>").tokens]
    strips = Tokenizer(models.WordLevel({"[UNK]": 0, "<w>": 1}, unk_token="[UNK]"))
    strips.add_tokens([AddedToken("<w>", lstrip=True, normalized=False)])
    stripped = [c for c in SCALARS if len(strips.encode(chr(c) + "<w>").tokens) == 1]
    assert stripped == space, "the library's two notions of white space differ"

    # Canonical combining classes never change once given, so Python's table tells the class and the library whether it
    # knows it: a known one is moved behind a lower class or before a higher one.
    combining = {}
    for c in SCALARS:
        k = unicodedata.combining(chr(c))
        if k == 0 or c in decomposition:
            continue
        other = "\u0334" if k > 1 else "\u0301"  # classes 1 and 230
        before, after = (other, chr(c)) if k > 1 else (chr(c), other)
        if nfd.normalize_str("a" + after + before) == "a" + before + after:
            combining.setdefault(k, []).append(c)
    for c in HANGUL:
        syllable = c - 0xAC00
        parts = chr(0x1100 + syllable // 588) + chr(0x1161 + syllable % 588 // 28)
        parts += chr(0x11A7 + syllable % 28) if syllable % 28 else ""
        assert decomposition.pop(c) == parts
    return removed, blanked, ideograph, mark, space, punctuation, word, decomposition, lowercase, combining


def wrapped(words, indent="        ", width=116):
    lines, line = [], indent
    for w in words:
        if len(line) + len(w) + 1 > width:
            lines.append(line.rstrip() + " \\")
            line = indent
        line += w + " "
    lines.append(line.rstrip())
    return "\n".join(lines)


def render():
    removed, blanked, ideograph, mark, space, punctuation, word, decomposition, lowercase, combining = probe()

    def table(name, comment, words):
        return f'    /// {comment}\n    static let {name}: StaticString = """\n{wrapped(words)}\n        """\n'

    parts = [
        table(
            "removed",
            "Dropped by `clean_text`: NUL, U+FFFD, control, format, private use and unassigned.",
            ranges(removed),
        ),
        table("blanked", "Turned into a space by `clean_text`.", ranges(blanked)),
        table("ideograph", "Set apart by spaces by `handle_chinese_chars`.", ranges(ideograph)),
        table("nonspacingMark", "Dropped by `strip_accents` after decomposition.", ranges(mark)),
        table("whitespace", "Separates words.", ranges(space)),
        table("punctuation", "A word of its own.", ranges(punctuation)),
        table("wordCharacter", "`\\\\w` beside a `single_word` added token.".replace("\\\\", "\\"), ranges(word)),
        table(
            "decomposition",
            "Full canonical decompositions, Hangul syllables apart.",
            [f"{c:X}={hexes(t)}" for c, t in sorted(decomposition.items())],
        ),
        table(
            "lowercase",
            "Lower case, one scalar at a time.",
            [f"{c:X}={hexes(t)}" for c, t in sorted(lowercase.items())],
        ),
        table(
            "combiningClass",
            "Canonical combining classes other than 0: the class, a colon, then its scalars.",
            [w for k, cs in sorted(combining.items()) for w in [f"{k}:", *ranges(cs)]],
        ),
    ]
    head = (
        "// Written by runtimes/huggingface/tools/unicode_tables.py; do not edit.\n"
        f"// Read off the `tokenizers` library, version {tokenizers.__version__}, code point by code point.\n\n"
        "/// Ranges and mappings in hexadecimal, parsed once by `UnicodeTables`.\n"
        "enum UnicodeTablesData {\n"
    )
    return head + "\n".join(parts) + "}\n"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    text = render()
    if arguments.parse_args().check:
        sys.exit(0 if OUTPUT.read_text() == text else f"{OUTPUT} is stale: run {sys.argv[0]}")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(text)
