"""CLIP's tokeniser for evaluation: byte-pair encoding as openai/CLIP and open_clip do it.

Only the splitting is in `tokenizer.json`. Resolving character references, collapsing white space, lower case,
begin and end of text and padding are done by storyeval, as `[clip]` says.

Reference: `SimpleTokenizer` of openai/CLIP and open_clip; transformers' slow `CLIPTokenizer` with ftfy splits
cleaned text the same way.
"""

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..json_file import read_json
from ..error import DATA, SETUP, ExportError

SUFFIX = "</w>"
MOST = 32 << 20
"""Bytes of a list of merges, unpacked; the published one has 3 MB."""
AGAIN = "take vocab.json and merges.txt, or bpe_simple_vocab_16e6.txt.gz, from the publisher again"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@dataclass(frozen=True)
class ClipVocabulary:
    """Tokens, merges by rank, and the ids of begin and end of text."""

    tokens: dict[str, int]
    merges: list[list[str]]
    begin: str
    end: str

    @property
    def bos_id(self) -> int:
        """Id of the begin of text."""
        return self.tokens[self.begin]

    @property
    def eos_id(self) -> int:
        """Id of the end of text."""
        return self.tokens[self.end]

    def write(self, path: Path) -> None:
        """Writes `tokenizer.json`."""
        special = [
            {
                "id": self.tokens[text],
                "content": text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for text in (self.begin, self.end)
        ]
        split = {
            "type": "Split",
            "pattern": {"Regex": WORDS},
            "behavior": "Removed",
            "invert": True,
        }
        bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        model = {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": SUFFIX,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": self.tokens,
            "merges": self.merges,
        }
        document = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special,
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]},
            "post_processor": None,
            "decoder": bytes_,
            "model": model,
        }
        path.write_text(json.dumps(document, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def byte_letters() -> list[str]:
    """The printable character that stands for each byte, in the order in which GPT-2's vocabulary has them:
    printable bytes first, then the others, which get characters from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + place) for place in range(len(rest))]


def from_folder(folder: Path) -> ClipVocabulary:
    """`vocab.json` and `merges.txt`, as on the Hugging Face hub."""
    tokens = read_json(folder / "vocab.json")
    if sorted(tokens.values(), key=str) != sorted(range(len(tokens)), key=str):
        raise ExportError(f"{folder / 'vocab.json'} does not number its tokens from 0", AGAIN, DATA)
    begin, end = "<|startoftext|>", "<|endoftext|>"
    for text in (begin, end):
        if text not in tokens:
            raise ExportError(f"{folder / 'vocab.json'} has no {text}", AGAIN, DATA)
    path = folder / "merges.txt"
    if not path.is_file():
        raise ExportError(f"{path} is absent", AGAIN, SETUP)
    letters = 2 * len(byte_letters())
    merges = _merges(path, _text(path), len(tokens) - letters - 2)
    vocabulary = ClipVocabulary(tokens, merges, begin, end)
    _check(path, vocabulary)
    return vocabulary


def from_merges(path: Path, size: int) -> ClipVocabulary:
    """open_clip's and openai/CLIP's `bpe_simple_vocab_16e6.txt.gz`, of which a model of `size` tokens has the
    first merges."""
    if not path.is_file():
        raise ExportError(f"{path} is absent", AGAIN, SETUP)
    letters = byte_letters()
    merges = _merges(path, _text(path), size - 2 * len(letters) - 2)
    begin, end = "<start_of_text>", "<end_of_text>"
    words = letters + [it + SUFFIX for it in letters] + ["".join(it) for it in merges] + [begin, end]
    vocabulary = ClipVocabulary({word: id for id, word in enumerate(words)}, merges, begin, end)
    if len(vocabulary.tokens) != size:
        raise ExportError(
            f"{path} gives {len(vocabulary.tokens)} tokens, but the model has {size}", AGAIN, DATA
        )
    return vocabulary


def _text(path: Path) -> str:
    """The list of merges, unpacked where it is packed."""
    try:
        data = path.open("rb").read(MOST + 1)
        if data[:2] == b"\x1f\x8b":
            unpack = gzip.open(path)
            with unpack:
                data = unpack.read(MOST + 1)
        if len(data) > MOST:
            raise ValueError(f"it has more than {MOST >> 20} MiB")
        return data.decode("utf-8")
    except (OSError, ValueError, EOFError, zlib.error) as source:
        raise ExportError(f"{path} is no list of merges: {source}", AGAIN, DATA) from source


def _merges(path: Path, text: str, count: int) -> list[list[str]]:
    """The first `count` pairs after the line with the version."""
    if count < 0:
        raise ExportError(f"{path}: the model has fewer tokens than there are bytes", AGAIN, DATA)
    merges = [line.split() for line in text.split("\n")[1 : count + 1]]
    while merges and not merges[-1]:
        merges.pop()
    if len(merges) != count or any(len(it) != 2 for it in merges):
        raise ExportError(f"{path} does not have {count} pairs, one a line", AGAIN, DATA)
    return merges


def _check(path: Path, vocabulary: ClipVocabulary) -> None:
    for number, pair in enumerate(vocabulary.merges, 2):
        if any(text not in vocabulary.tokens for text in (*pair, "".join(pair))):
            raise ExportError(
                f"{path}, line {number}: {' '.join(pair)!r} joins no two tokens of vocab.json into a third",
                AGAIN,
                DATA,
            )
