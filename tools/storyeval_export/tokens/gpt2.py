"""OPT's tokeniser: `GPT2Tokenizer`, slow."""

from pathlib import Path

from ..json_file import read_json
from ..error import DATA, ExportError
from . import bpe
from .special import Special, special
from .tokens import Tokens, document

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""`GPT2Tokenizer.pat`: the published pattern of GPT-2."""

WRAPPED = ("bos_token", "eos_token", "unk_token", "pad_token")


def gpt2(folder: Path, image: str | None = None, added: list[str] | tuple[str, ...] = ()) -> Tokens:
    """Reads `vocab.json`, `merges.txt` and the files of special tokens.

    `image` is added as a special token, `added` as plain ones, in that order, as `load_gill` does.
    """
    vocabulary = bpe.read_vocabulary(folder / "vocab.json")
    merges = bpe.read_merges(folder / "merges.txt", vocabulary, slice(1, -1), strip=False)
    config = folder / "tokenizer_config.json"
    if config.is_file() and read_json(config).get("add_prefix_space"):
        raise ExportError(f"{config} sets add_prefix_space, which OPT's does not",
                          "give the folder of an OPT checkpoint", DATA)
    end = "<|endoftext|>"
    found = special(folder, vocabulary, {"bos_token": end, "eos_token": end, "unk_token": end}, WRAPPED)
    gill = finish(found, image, added)
    pad = found.id("pad_token")
    return Tokens(
        document(bpe.model(vocabulary, merges, found.content("unk_token"), None), found.entries(), None,
                 {"type": "Sequence", "pretokenizers": [
                     {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False},
                     bpe.BYTES]}, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                                   "use_regex": False}),
        found.id("bos_token"), found.id("eos_token"), found.id("eos_token") if pad is None else pad, gill,
        found.size)


def finish(found: Special, image: str | None, added: list[str] | tuple[str, ...]) -> dict[str, int]:
    """Adds GILL's tokens; ids of everything that is added."""
    if image is not None:
        found.add_plain(image)
    for content in added:
        found.add_plain(content)
    return {row["content"]: row["id"] for row in found.entries()}
