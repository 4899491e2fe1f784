"""What the classifiers' outputs stand for: characters and places of the data sets, in label order."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ..error import DATA, SETUP, USAGE, ExportError


@dataclass(frozen=True)
class Labels:
    """The labels of a data set. Places without published names are numbered."""

    dataset: str
    characters: tuple[str, ...]
    backgrounds: tuple[str, ...]


def numbered(count: int) -> tuple[str, ...]:
    """Names for places whose names nobody published: `bg-001`, `bg-002`, ..."""
    return tuple(f"bg-{number:03}" for number in range(1, count + 1))


KNOWN = {
    it.dataset: it
    for it in (
        Labels(
            "flintstones",
            ("wilma", "fred", "betty", "barney", "dino", "pebbles", "mr slate"),
            numbered(323),
        ),
        Labels(
            "pororo",
            ("pororo", "loopy", "crong", "eddy", "poby", "petty", "tongtong", "rody", "harry"),
            (),
        ),
        Labels(
            "mugen", ("Tony", "Lisa", "Jhon"), ("Snow", "Planet", "Grass", "Dirt", "Stone", "Sand")
        ),
    )
}
"""The cards that come with storyeval; a test holds them against `eval-configs/datasets/`."""


def labels_of(dataset: str) -> Labels:
    """The labels of a data set that storyeval has a card of, or of the card in a file `.toml`.

    Raises:
        ExportError: for another name, and for a file that is no card.
    """
    if dataset in KNOWN:
        return KNOWN[dataset]
    if not dataset.endswith(".toml"):
        raise ExportError(
            f"data set {dataset!r} is not known",
            f"give {', '.join(KNOWN)}, or the path of a card: --dataset my-set.toml",
            USAGE,
        )
    path = Path(dataset)
    try:
        card = tomllib.loads(path.read_text("utf-8"))
        names = tuple(str(it["name"]) for it in card["characters"])
        places = tuple(str(it) for it in card.get("backgrounds", []))
        return Labels(str(card["id"]), names, places or numbered(int(card.get("background_count", 0))))
    except OSError as source:
        raise ExportError(f"{path} cannot be read: {source.strerror}", "check the path", SETUP) from source
    except (KeyError, TypeError, ValueError) as source:
        raise ExportError(
            f"{path} is no card of a data set: {source}",
            "write it as docs/datasets.md says, with `id` and `characters`",
            DATA,
        ) from source
