"""Vocabulary and merges of byte-level BPE, as GPT-2, OPT and CLIP store them."""

from pathlib import Path

from ..json_file import read_json
from ..error import DATA, SETUP, ExportError


def read_vocabulary(path: Path) -> dict[str, int]:
    """`vocab.json`: token to id; ids are 0, 1, 2, ... without holes."""
    vocabulary = read_json(path)
    if not all(isinstance(id, int) for id in vocabulary.values()) or \
            sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ExportError(f"{path} does not number its tokens from 0 without holes", "download the file again", DATA)
    return vocabulary


def read_merges(path: Path, vocabulary: dict[str, int], lines: slice, strip: bool) -> list[list[str]]:
    """`merges.txt`: pairs by rank, the lines that the slow tokeniser of the class takes.

    A pair whose result has no id would become the unknown token upstream; `tokenizers` cannot say
    that, and no published vocabulary has one.
    """
    if not path.is_file():
        raise ExportError(f"{path} does not exist", "give the folder that holds vocab.json and merges.txt", SETUP)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} is not text: {error}", "download the file again", DATA) from error
    merges, seen = [], set()
    for number, line in enumerate((text.strip() if strip else text).split("\n")[lines], start=2):
        pair = tuple(line.split())
        if len(pair) != 2 or any(token not in vocabulary for token in (*pair, "".join(pair))):
            raise ExportError(f"{path}, line {number}: {line!r} joins no two tokens of vocab.json into a third",
                              "take vocab.json and merges.txt from one and the same checkpoint", DATA)
        if pair not in seen:
            seen.add(pair)
            merges.append(list(pair))
    if not merges:
        raise ExportError(f"{path} has no merges", "download the file again", DATA)
    return merges


def model(vocabulary: dict[str, int], merges: list[list[str]], unk: str, suffix: str | None) -> dict:
    """The model section of `tokenizer.json`."""
    return {"type": "BPE", "dropout": None, "unk_token": unk, "continuing_subword_prefix": None,
            "end_of_word_suffix": suffix, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": vocabulary, "merges": merges}


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
"""Bytes to printable characters; the splitting is done before it."""
