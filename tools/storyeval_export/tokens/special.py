"""Added tokens the way the slow tokenisers of transformers 4.31 find and split them.

Upstream splits a text at its added tokens first. Around a token that is stored as a plain string it
strips white space on both sides; around one that is stored as an `AddedToken` it does what the token's `lstrip`
and `rstrip` say (`tokenization_utils.py`, `tokenize`). All of them are matched in the raw text.
"""

from dataclasses import dataclass, field
from pathlib import Path

from ..json_file import read_json
from ..error import DATA, ExportError

GILL_IMAGE = "<|image|>"
"""The first token that GILL adds, as `cls_token` (`gill/models.py`, `load_gill`)."""

ATTRIBUTES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
MORE = "additional_special_tokens"


def img_tokens(count: int) -> list[str]:
    """The tokens `[IMG0]`, `[IMG1]`, ... in order."""
    return [f"[IMG{index}]" for index in range(count)]


@dataclass(frozen=True)
class Mark:
    """A special token and what happens to the white space around it."""

    content: str
    plain: bool = False
    """Stored as a plain string: white space on both sides is dropped."""
    left: bool = False
    right: bool = False


@dataclass
class Special:
    """The special tokens of a checkpoint's folder, and the ids of everything that is added."""

    marks: dict[str, Mark]
    vocabulary: dict[str, int]
    ids: dict[str, int] = field(default_factory=dict)
    """Ids of tokens outside the model's vocabulary, in order."""
    plain: list[str] = field(default_factory=list)
    """Added tokens that are not special."""

    @property
    def size(self) -> int:
        """Number of ids: `len(tokenizer)` upstream."""
        return len(self.vocabulary) + len(self.ids)

    def content(self, attribute: str) -> str | None:
        """The token of `bos_token`, `eos_token`, ..."""
        mark = self.marks.get(attribute)
        return mark.content if mark else None

    def id(self, attribute: str) -> int | None:
        """Its id."""
        content = self.content(attribute)
        return None if content is None else self.ids.get(content, self.vocabulary.get(content))

    def add(self, content: str) -> int:
        """Gives a token the next free id unless the vocabulary has it already."""
        if content not in self.vocabulary and content not in self.ids:
            self.ids[content] = self.size
        return self.ids.get(content, self.vocabulary.get(content))

    def add_plain(self, content: str) -> int:
        """`add_tokens` upstream: a token that is split off, with the white space around it, but not special."""
        if content not in self.vocabulary:
            self.plain.append(content)
        return self.add(content)

    def entries(self, normalized: bool = False) -> list[dict]:
        """The `added_tokens` of a `tokenizer.json`, by id."""
        strips = {mark.content: (True, True) for mark in self.marks.values()}
        strips |= {content: (True, True) for content in self.plain}
        # Upstream looks a special token up by its text, and one that is no plain string wins.
        strips |= {mark.content: (mark.left, mark.right) for mark in self.marks.values() if not mark.plain}
        rows = [{"id": self.ids.get(content, self.vocabulary.get(content)), "content": content, "single_word": False,
                 "lstrip": left, "rstrip": right, "normalized": normalized, "special": content not in self.plain}
                for content, (left, right) in strips.items()]
        return sorted(rows, key=lambda row: row["id"])


def special(folder: Path, vocabulary: dict[str, int], defaults: dict[str, str], wrapped: tuple[str, ...]) -> Special:
    """Reads the special tokens of a folder.

    `defaults` are the class's own tokens. `wrapped` are the attributes that the class turns from a string into an
    `AddedToken`. `tokenizer_config.json`, then `special_tokens_map.json` override them, and
    `added_tokens.json` adds.
    """
    marks = {name: Mark(content, plain=name not in wrapped) for name, content in defaults.items()}
    config = _json(folder / "tokenizer_config.json")
    for name in (*ATTRIBUTES, MORE):
        if name in config:
            _take(marks, name, config[name], plain=name not in wrapped)
    for name, value in _json(folder / "special_tokens_map.json").items():
        if name in (*ATTRIBUTES, MORE):
            _take(marks, name, value, plain=True)
    found = Special({name: marks[name] for name in sorted(marks, key=_place)}, vocabulary)
    path = folder / "added_tokens.json"
    added = _json(path)
    if not all(isinstance(token, int) for token in added.values()):
        raise ExportError(f"{path} gives a token no number", "download the file again", DATA)
    for content, token in sorted(added.items(), key=lambda it: it[1]):
        if content in vocabulary or token != found.size:
            raise ExportError(f"{path} gives {content!r} the id {token}, which is not the next free one, {found.size}",
                              "take the tokeniser's files from one and the same checkpoint", DATA)
        if any(mark.content == content for mark in marks.values()):
            found.add(content)
        else:
            found.add_plain(content)
    for mark in found.marks.values():
        found.add(mark.content)
    return found


def _json(path: Path) -> dict:
    return read_json(path) if path.is_file() else {}


def _place(name: str) -> tuple[int, str]:
    attribute = name.partition(":")[0]
    return (ATTRIBUTES.index(attribute) if attribute in ATTRIBUTES else len(ATTRIBUTES)), name


def _take(marks: dict[str, Mark], name: str, value: object, plain: bool) -> None:
    if isinstance(value, list):
        for index, one in enumerate(value):
            _take(marks, f"{name}:{index:04}", one, plain)
    elif value is None:
        marks.pop(name, None)
    elif isinstance(value, dict) and isinstance(value.get("content"), str):
        marks[name] = Mark(value["content"], False, bool(value.get("lstrip")), bool(value.get("rstrip")))
    elif isinstance(value, str):
        marks[name] = Mark(value, plain)
