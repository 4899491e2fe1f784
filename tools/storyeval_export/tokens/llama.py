"""Llama 2's tokeniser: `LlamaTokenizer`, slow: sentencepiece BPE with bytes for unknown characters."""

from pathlib import Path

from ..json_file import read_json
from ..error import DATA, SETUP, ExportError
from .gpt2 import WRAPPED, finish
from .special import special
from .tokens import Tokens, document

SPACE = "\u2581"
"""What sentencepiece writes for a space."""


def llama(folder: Path, image: str | None = None, added: list[str] | tuple[str, ...] = ()) -> Tokens:
    """Reads `tokenizer.model` and the files of special tokens; `image` and `added` as for OPT.

    Every piece between two added tokens is given to sentencepiece on its own and gets its leading space, which
    is the `legacy` behaviour of transformers 4.31. With `legacy = false` that version takes the
    space away again after an added token; see `docs/export-storygpt-v.md` for the one case in which this shows.
    """
    model = read_model(folder / "tokenizer.model")
    pieces = [piece.piece for piece in model.pieces]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    found = special(folder, vocabulary, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}, WRAPPED)
    gill = finish(found, image, added)
    pad = found.id("pad_token")
    body = {"type": "BPE", "dropout": None, "unk_token": found.content("unk_token"), "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
            "vocab": vocabulary, "merges": merges(model)}
    normalizer = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": SPACE}, {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}]}
    decoder = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return Tokens(document(body, found.entries(), normalizer, None, decoder),
                  found.id("bos_token"), found.id("eos_token"), found.id("eos_token") if pad is None else pad, gill,
                  found.size)


def legacy(folder: Path) -> bool:
    """Whether the checkpoint's tokeniser runs in the `legacy` way, the default of transformers 4.31."""
    config = folder / "tokenizer_config.json"
    return not config.is_file() or read_json(config).get("legacy", True) is not False


def read_model(path: Path):
    """A sentencepiece model of Llama's class; everything else is refused rather than approximated."""
    from google.protobuf.message import DecodeError
    from sentencepiece import sentencepiece_model_pb2 as proto

    if not path.is_file():
        raise ExportError(f"{path} does not exist", "give the folder that holds tokenizer.model", SETUP)
    model = proto.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ExportError(f"{path} is not a sentencepiece model", "download the file again", DATA) from error
    kinds = proto.ModelProto.SentencePiece
    spec = model.normalizer_spec
    unlike = [reason for reason, true in [
        ("it is not BPE", model.trainer_spec.model_type != proto.TrainerSpec.BPE),
        ("it has no bytes for unknown characters", not model.trainer_spec.byte_fallback),
        ("it normalises text", bool(spec.precompiled_charsmap)),
        ("it drops white space", spec.remove_extra_whitespaces),
        ("it adds no leading space", not spec.add_dummy_prefix or not spec.escape_whitespaces),
        ("it has pieces of the user's", any(piece.type in (kinds.USER_DEFINED, kinds.UNUSED) for piece in model.pieces)),
        ("two of its pieces are the same", len({piece.piece for piece in model.pieces}) != len(model.pieces)),
    ] if true]
    if not model.pieces or unlike:
        raise ExportError(f"{path} is not of Llama 2's class: {', '.join(unlike) or 'it has no pieces'}",
                          "give the folder of Llama-2-7b-chat in the Hugging Face layout", DATA)
    return model


def merges(model) -> list[list[str]]:
    """Pairs by rank: sentencepiece joins the two neighbours whose joined piece has the highest score.

    Pairs that make the same piece have one score; sentencepiece then takes the leftmost, `tokenizers` the first of
    the list. They differ only where such pairs overlap (`ab`, `a`, `ba` with a piece `aba`), which a pair
    joined earlier prevents; the golden texts and the random ones of the tests found no difference.
    """
    kinds = type(model.pieces[0])
    normal = {piece.piece: index for index, piece in enumerate(model.pieces) if piece.type == kinds.NORMAL}
    pairs = []
    for piece, index in normal.items():
        score = model.pieces[index].score
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in normal and right in normal:
                pairs.append((-score, normal[left], normal[right], left, right))
    return [[left, right] for *_, left, right in sorted(pairs)]
