"""Writes Tests/TransformerTests/Fixtures: what the real libraries make of a hard corpus.

    python transformer_fixtures.py --base DIR     # DIR: a BERT-like model whose vocabulary is cut down, MiniLM say

Two tiny random models (one of each family) with a part of the real vocabulary, their logits and mean hidden states by
PyTorch; a table of tokenizers with the ids the `tokenizers` library gives; and digests of what its normalizer and
pre-tokenizer do to every code point there is.
"""

import argparse
import json
import pathlib
import random
import shutil

import torch
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "Tests/TransformerTests/Fixtures"

CORPUS = [
    "",
    " ",
    "\t\n\r",
    "Hello, world!",
    "The quick brown fox jumps over the lazy dog.",
    "unaffable unbelievable internationalization",
    "Café naïve Ångström résumé ÀÉÎÕÜ",
    "Cafe\u0301 nai\u0308ve A\u030angstro\u0308m",
    "a\u0315\u0300\u05ae\u0300\u0062 q\u0307\u0323 q\u0323\u0307",
    "e\u0301\u0327\u0323\u0315 \u0301leading mark",
    "x" + "\u0301\u0323" * 40 + "y",
    "😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ☠ 5️⃣",
    "今天天气很好。東京タワー 𠀀𪜀 豈更",
    "한국어 텍스트 각 \u1112\u1161\u11ab 가\u11a8",
    "日本語の文章です。カタカナ ﾊﾝｶｸ がぎぐ か\u3099",
    "العربية مُحَمَّد עִבְרִית שלום",
    "हिन्दी कि क़ தமிழ் ไทย กำ",
    "İstanbul ıspanak DİYARBAKIR I i ı İ",
    "Straße GROẞE ẞ ß ſ ﬁ ﬂ ﬃ ﬅ",
    "ΑΣ ΟΔΟΣ Σίσυφος ς σ ΐ ΰ",
    "Ǆ ǅ ǆ Ǉ Ⅷ ⅷ Ⓐ ⓐ Ａ ａ 𝐀 𝒜 𐐀 𐐨 Ꭰ ꭰ",
    "zero\u200bwidth\u200cjoin\u200der\ufeffbom\u2060word\u00adsoft",
    "nul\u0000in\u0001the\u0008middle\u007f\u0085next\u2028line\u2029para",
    "\ufffd replacement \ufffe \uffff nonchar \U0010ffff",
    "\ue000\uf8ff private \U000f0000\U00100000 use",
    "\u0378\u0379 unassigned \U000e0080 \U0001fbfa\U00030000",
    "\u00a0nbsp\u2003em\u3000ideographic\u1680ogham\u202fnarrow\u205fmath",
    "a" * 99 + " " + "b" * 100 + " " + "c" * 101 + " " + "é" * 100 + " " + "é" * 101,
    "supercalifragilisticexpialidocious" * 3,
    "word " * 300,
    "[CLS] text [SEP] more [MASK] [PAD] [UNK]",
    "[MASK][MASK] x[MASK]y  [MASK]  [mask] [ MASK ] [MAS K]",
    "[CLS",
    "##ing ##s # # ## a##b",
    "$100 €20 £3 ¥4 ¢ ₿ 50% 1,234.56 3.14e-10 0x1F",
    "http://example.com/a?b=c&d=e#f user@example.com @user #tag",
    "don't won't it's we'll “quoted” ‘single’ «guillemets» — – … ‚",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "¡¿§¶·†‡•‣⁇⁈、。「」〜・︰﹏？！",
    "line one\nline two\r\nline three\ttab",
    "ALLCAPS MiXeD cAsE",
    "mañana man\u0303ana MAÑANA",
    "x\u0338 \u2260 = \u0338 \u212b \u2126 \ufb1d \ufb2a",
    "\u0f73 \u0f75 \u0f81 \u0344 \u0340 \u0341 \u0343 \u0374 \u037e \u0387",
    "\U0001d15e \U0001d160 \U0001d1bb \U0001d1bf",
    "\U000110ab \U0001134b \U000114bb \u1b06 \u09cb",
    "ṩ \u1e69 s\u0323\u0307 s\u0307\u0323 \u1e0b\u0323 d\u0323\u0307",
    "\u034f grapheme joiner a\u0301\u034f\u0323b",
    "ᄀᄁᄂ ㄱㄴㄷ \uac00\uac01\ud7a3",
    "tail space   ",
    "   lead space",
    "a\u0300" * 200,
    "\U0001f468\U0001f3ff\u200d\U0001f680 astronaut",
    "mixed 中文and英文 text中",
    "½ ¼ ² ³ ¹ ª º № ℡ ㎏ ㋿",
    "Ω\u0345 ᾳ ᾼ ῼ \u1fbc",
    "\u0149 \u01f0 \u1e96 \u1e9e \u0130",
    "ȺȾ ⱥⱦ K Å Ω",
    "Ꙃꙃ Ა ა Ⴀ ⴀ 𞤀 𞤢 Ꟁ",
]


def random_texts(count, seed):
    """Seeded strings over alphabets that meet: marks, spaces, ideographs, punctuation, letters, anything."""
    source = random.Random(seed)
    alphabets = [
        "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789",
        " \t\u00a0\u3000\u200b\u0000",
        ".,!?-_'\"()[]#、。«»",
        "\u0300\u0301\u0307\u0323\u0327\u0338\u0345\u05b0\u064b\u3099\u302e\u0f71\u034f",
        "éàüöñçİıßſﬁẞΣςǅ",
        "中文字豈한글가각",
        "😀👍🏽\u200d❤\ufe0f",
    ]
    texts = []
    for _ in range(count):
        text = []
        for _ in range(source.randrange(1, 40)):
            if source.random() < 0.08:
                c = source.randrange(0x110000)
                text.append(chr(c) if not 0xD800 <= c <= 0xDFFF else "x")
            else:
                text.append(source.choice(source.choice(alphabets)))
        texts.append("".join(text))
    return texts


def cut_vocabulary(tokenizer_json, words):
    """The real tokenizer with the first `words` whole words beside its special tokens, characters and suffixes."""
    vocab = sorted(tokenizer_json["model"]["vocab"].items(), key=lambda item: item[1])
    kept, whole, suffixes = [], 0, 0
    for token, _ in vocab:
        if token.startswith("[unused"):
            continue
        if token.startswith("[") and token.endswith("]") and len(token) > 2:
            kept.append(token)
        elif token.startswith("##"):
            if len(token) == 3 or suffixes < words // 3:
                kept.append(token)
                suffixes += len(token) > 3
        elif len(token) == 1 or whole < words:
            kept.append(token)
            whole += len(token) > 1
    ids = {token: index for index, token in enumerate(kept)}
    result = json.loads(json.dumps(tokenizer_json))
    result["model"]["vocab"] = ids
    result["truncation"] = result["padding"] = None
    for added in result["added_tokens"]:
        added["id"] = ids[added["content"]]
    processor = result["post_processor"]
    if processor["type"] == "TemplateProcessing":
        for special in processor["special_tokens"].values():
            special["ids"] = [ids[token] for token in special["tokens"]]
    else:
        for side in ("sep", "cls"):
            processor[side][1] = ids[processor[side][0]]
    return result


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def cases(tokenizer, texts):
    return [{"text": t, "ids": e.ids, "typeIDs": e.type_ids} for t, e in zip(texts, map(tokenizer.encode, texts))]


def tokenizer_table(base):
    """Variations of every setting, over a vocabulary small enough to be in the table."""
    letters = [chr(c) for c in range(0x21, 0x7F)] + list("éàüñçıßſσςﬁ中文字豈한́ß") + ["\u1112", "\u1161", "\u11ab"]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for token in (
        letters + ["##" + letter for letter in letters] + ["hello", "world", "##ello", "word", "##ing", "new", "york"]
    ):
        if token not in vocab:
            vocab.append(token)
    small = json.loads(json.dumps(base))
    small["model"]["vocab"] = {token: index for index, token in enumerate(vocab)}
    small["added_tokens"] = [
        {
            "id": index,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for index, token in enumerate(vocab[:5])
    ]
    small["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
            "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
        },
    }
    table = []

    def add(name, change, texts, added=()):
        spec = json.loads(json.dumps(small))
        change(spec)
        tokenizer = Tokenizer.from_str(json.dumps(spec))
        for token in added:
            (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
        table.append({"name": name, "tokenizer": json.loads(tokenizer.to_str()), "cases": cases(tokenizer, texts)})

    def normalizer(**fields):
        def change(spec):
            spec["normalizer"] = {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
                **fields,
            }

        return change

    some = CORPUS[:60] + random_texts(60, 7)
    add("uncased", normalizer(), some)
    add("cased", normalizer(lowercase=False), some)
    add("cased, accents stripped", normalizer(lowercase=False, strip_accents=True), some)
    add("uncased, accents kept", normalizer(strip_accents=False), some)
    add("nothing cleaned", normalizer(clean_text=False), some)
    add("ideographs left", normalizer(handle_chinese_chars=False), some)
    add("no normalizer", lambda s: s.update(normalizer=None), some)
    add(
        "NFD then lower case",
        lambda s: s.update(normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Lowercase"}]}),
        some,
    )
    add("no pre-tokenizer", lambda s: s.update(pre_tokenizer=None), some)
    add("white space only", lambda s: s.update(pre_tokenizer={"type": "WhitespaceSplit"}), some)
    add("words and the rest", lambda s: s.update(pre_tokenizer={"type": "Whitespace"}), some)
    add("no post-processor", lambda s: s.update(post_processor=None), CORPUS[:8])
    add(
        "BertProcessing",
        lambda s: s.update(post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}),
        CORPUS[:8],
    )

    def templates(spec):
        spec["post_processor"]["single"] = [
            {"SpecialToken": {"id": "[CLS]", "type_id": 1}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 2}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 3}},
        ]

    add("a long template", templates, CORPUS[:8])

    def model(**fields):
        return lambda spec: spec["model"].update(fields)

    add("five characters a word", model(max_input_chars_per_word=5), ["hello world", "hellow", "héllo", "中文字"])
    add(
        "another prefix",
        lambda s: s["model"].update(
            continuing_subword_prefix="@@",
            vocab={**s["model"]["vocab"], "@@orld": len(s["model"]["vocab"]), "@@o": len(s["model"]["vocab"]) + 1},
        ),
        ["world", "wo", "hello", "w##orld"],
    )

    def truncation(**fields):
        def change(spec):
            spec["truncation"] = {
                "direction": "Right",
                "max_length": 6,
                "strategy": "LongestFirst",
                "stride": 0,
                **fields,
            }

        return change

    long = ["", "a", "a b c d", "a b c d e", "hello world, new york!", "[MASK] a b [MASK] c d [SEP]"]
    add("cut on the right", truncation(), long)
    add("cut on the left", truncation(direction="Left"), long)
    add("cut to the first only", truncation(strategy="OnlyFirst", max_length=3), long)

    strange = [
        "a [X] b",
        "a[X]b",
        "a  [X]  b",
        "[X][X]",
        " [X] ",
        "x[X]",
        "[X]é",
        "[X]\u0301",
        "[x]",
        "_[X]",
        "[X]_",
        "-[X]-",
        "中[X]中",
        "１[X]",
        "[X]\u200d[X]",
        "\u00a0[X]\u3000",
        "new york",
        "NEW YORK",
        "a new york b",
        "newyork",
        "new  york",
        "Néw York",
        "[X] [X]  [X]",
        "[XX]",
        "[X",
        "[X]]",
        "a\n[X]\nb",
        "hello [X] world [MASK] [X]",
    ]
    for single in (False, True):
        for left in (False, True):
            for right in (False, True):
                for normalized in (False, True):
                    for special in (False, True):
                        flags_name = (
                            f"single={single} lstrip={left} rstrip={right} normalized={normalized} special={special}"
                        )
                        name = f"added {flags_name}"
                        flags = dict(
                            single_word=single, lstrip=left, rstrip=right, normalized=normalized, special=special
                        )
                        add(name, normalizer(), strange, [AddedToken("[X]", **flags), AddedToken("New York", **flags)])
    add(
        "added, overlapping",
        normalizer(),
        ["ab", "abc", "abcd", "abcdx", "bcd", "xabcd", "ABCD", "ab cd"],
        [
            AddedToken("ab", normalized=False),
            AddedToken("abc", normalized=False),
            AddedToken("bcd", normalized=True),
            AddedToken("ABC", normalized=True),
        ],
    )

    padded = json.loads(json.dumps(small))
    batches = []
    for strategy in ("BatchLongest", {"Fixed": 9}):
        for direction in ("Left", "Right"):
            for multiple in (None, 4):
                padded["padding"] = {
                    "strategy": strategy,
                    "direction": direction,
                    "pad_to_multiple_of": multiple,
                    "pad_id": 0,
                    "pad_type_id": 0,
                    "pad_token": "[PAD]",
                }
                tokenizer = Tokenizer.from_str(json.dumps(padded))
                texts = ["", "hello", "hello world, new york!"]
                batches.append(
                    {
                        "tokenizer": json.loads(tokenizer.to_str()),
                        "texts": texts,
                        "encodings": [
                            {"ids": e.ids, "typeIDs": e.type_ids, "attentionMask": e.attention_mask}
                            for e in tokenizer.encode_batch(texts)
                        ],
                    }
                )
    return {"tokenizers": table, "batches": batches}


def digest(texts):
    """FNV-1a, scalar by scalar instead of byte by byte, over the texts with a zero after each."""
    value = 0xCBF29CE484222325
    for text in texts:
        for scalar in [*map(ord, text), 0]:
            value = (value ^ scalar) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def code_points():
    """One digest for each block of 4096 code points and each setting, so that a difference is narrowed down."""

    def bert(**fields):
        base = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
        return normalizers.BertNormalizer(**{**base, **fields}).normalize_str

    split = pre_tokenizers.BertPreTokenizer()
    functions = {
        "clean": bert(clean_text=True),
        "ideographs": bert(handle_chinese_chars=True),
        "strip": bert(strip_accents=True),
        "lowercase": bert(lowercase=True),
        "all": bert(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
        "decompose": normalizers.NFD().normalize_str,
        "words": lambda text: "\u0001".join(piece for piece, _ in split.pre_tokenize_str(text)),
    }
    result = {name: [] for name in functions}
    for start in range(0, 0x110000, 4096):
        # Beside a mark of class 230, one of class 220 and one of class 1, so that reordering shows.
        texts = [f"a\u0301{chr(c)}\u0323\u0334b" for c in range(start, start + 4096) if not 0xD800 <= c <= 0xDFFF]
        for name, function in functions.items():
            result[name].append(digest(map(function, texts)))
    return result


def tiny_models(base_tokenizer):
    """Random weights, wide enough that logits differ; texts of all lengths, alone and as the batch they are run in."""
    texts = [t for t in CORPUS if t.strip()] + random_texts(20, 11)
    vocabulary = len(base_tokenizer["model"]["vocab"])
    labels = {0: "complaint", 1: "request", 2: "comment"}
    shared = dict(
        vocab_size=vocabulary, max_position_embeddings=128, id2label=labels, label2id={v: k for k, v in labels.items()}
    )
    models = {
        "bert": BertForSequenceClassification(
            BertConfig(
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=72,
                layer_norm_eps=1e-6,
                hidden_act="gelu",
                **shared,
            )
        ),
        "distilbert": DistilBertForSequenceClassification(
            DistilBertConfig(dim=24, n_layers=3, n_heads=3, hidden_dim=96, activation="gelu", **shared)
        ),
        "bert-gelu-new": BertForSequenceClassification(
            BertConfig(
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=40,
                hidden_act="gelu_new",
                **shared,
            )
        ),
        "distilbert-relu": DistilBertForSequenceClassification(
            DistilBertConfig(dim=16, n_layers=1, n_heads=2, hidden_dim=40, activation="relu", **shared)
        ),
    }
    halves = {"bert-gelu-new": torch.float16, "distilbert-relu": torch.bfloat16}
    for seed, (name, model) in enumerate(models.items()):
        torch.manual_seed(seed)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.25 if parameter.dim() > 1 else 0.5)
        if name in halves:
            model = model.to(halves[name])
        folder = FIXTURES / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        for other in folder.iterdir():
            if other.name not in ("config.json", "model.safetensors"):
                other.unlink()
        spec = json.loads(json.dumps(base_tokenizer))
        spec["truncation"] = {"direction": "Right", "max_length": 96, "strategy": "LongestFirst", "stride": 0}
        write(folder / "tokenizer.json", spec)
        tokenizer = Tokenizer.from_str(json.dumps(spec))
        model = model.float().eval()
        expected = []
        with torch.no_grad():
            for text in texts:
                encoding = tokenizer.encode(text)
                ids = torch.tensor([encoding.ids])
                output = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
                expected.append(
                    {
                        "text": text,
                        "logits": output.logits[0].tolist(),
                        "probabilities": output.logits[0].softmax(-1).tolist(),
                        "mean": output.hidden_states[-1][0].mean(0).tolist(),
                    }
                )
        write(folder / "expected.json", expected)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    base = json.loads((arguments.base / "tokenizer.json").read_text())
    base["truncation"] = base["padding"] = None
    real = Tokenizer.from_str(json.dumps(base))
    write(FIXTURES / "tokenizers.json", tokenizer_table(base))
    write(FIXTURES / "code-points.json", code_points())
    # Ids by the whole vocabulary, for where the real model is at hand.
    write(FIXTURES / "minilm-tokens.json", cases(real, CORPUS + random_texts(300, 13)))
    tiny_models(cut_vocabulary(base, 900))
