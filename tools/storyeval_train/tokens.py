"""Word-level tokenizers: one for the Char-LDM's captions, one for the language model.

The Python side tokenises with a regular expression; the same vocabulary is written in the
Hugging Face `tokenizers` format, and `check` proves that both give the same ids.
"""

import json
import re

from .config import IMG_TOKENS, LENGTH

PATTERN = re.compile(r"<img>|</img>|<\|image\|>|\[IMG\d\]|\w+|[^\w\s]+")
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
PAD, BOS, EOS, UNK = range(4)
EXTRA = ["he", "she", "they", "his", "her", "their", "it", "image", "caption", ":", "'", "s", ",", "."]
LLM_ADDED = ["<img>", "</img>", "<|image|>"] + [f"[IMG{i}]" for i in range(IMG_TOKENS)]


def words(text):
    """Lower-cased words and runs of punctuation; added tokens keep their case."""
    return [w if w in LLM_ADDED else w.lower() for w in PATTERN.findall(text)]


class Vocabulary:
    """A closed word list with the four special tokens first and the added tokens last."""

    def __init__(self, captions, added=()):
        seen = sorted({w for c in captions for w in words(c)} | set(EXTRA))
        self.added = list(added)
        self.words = SPECIAL + seen + self.added
        self.index = {w: i for i, w in enumerate(self.words)}

    def encode(self, text):
        return [self.index.get(w, UNK) for w in words(text)]

    def padded(self, text, length=LENGTH):
        """bos + tokens + eos, padded to `length`; when too long the eos is kept last."""
        ids = [BOS, *self.encode(text), EOS]
        if len(ids) > length:
            ids = ids[:length - 1] + [EOS]
        return ids + [PAD] * (length - len(ids))

    def save(self, path, prose=False):
        """Writes a `tokenizer.json`: WordLevel, Lowercase, Whitespace pre-tokenizer.

        With `prose` decoding gives running text: spaces between words, none before punctuation.
        """
        decoder = {"type": "WordPiece", "prefix": "##", "cleanup": True} if prose else None
        added = [(w, True) for w in SPECIAL] + [(w, True) for w in self.added]
        document = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [
                {"id": self.index[w], "content": w, "single_word": False, "lstrip": False,
                 "rstrip": False, "normalized": False, "special": special} for w, special in added],
            "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": None, "decoder": decoder,
            "model": {"type": "WordLevel", "vocab": self.index, "unk_token": "<unk>"}}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False))

    def check(self, path, texts):
        """Raises if the written tokenizer disagrees with this class on any of the texts."""
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(str(path))
        for text in texts:
            got = tokenizer.encode(text, add_special_tokens=False).ids
            if got != self.encode(text):
                raise ValueError(f"tokenizers disagree on {text!r}: {got} {self.encode(text)}")


def name_positions(caption, names, plain):
    """Index of the character named at each of the 32 positions, -1 elsewhere.

    `plain` keeps only names that stand alone between spaces, the released StoryGPT-V behaviour:
    "Otto," and "Otto." get no portrait (`models/data.py:239-243`).
    """
    out, position = [-1] * LENGTH, 1
    for chunk in caption.split(" "):
        pieces = words(chunk)
        for piece in pieces:
            if position < LENGTH - 1 and piece in names and (not plain or chunk.lower() == piece):
                out[position] = names.index(piece)
            position += 1
    return out
