"""Names that a publisher gives the weights, in terms of the names that the exporter uses."""

from dataclasses import dataclass, field
from typing import Mapping

import numpy as np


@dataclass(frozen=True)
class Layout:
    """One way of naming. In a name, `*` is a part without a dot, the same on both sides.

    What no entry of `names` fits has the exporter's name.
    """

    name: str
    #: Exporter's name to the publisher's.
    names: dict[str, str] = field(default_factory=dict)
    #: Exporter's name to the order of the publisher's axes that gives the exporter's.
    order: dict[str, list[int]] = field(default_factory=dict)
    #: Exporter's name to (which, of how many) parts of the publisher's first axis.
    part: dict[str, list[int]] = field(default_factory=dict)

    def table(self) -> dict[str, object]:
        """As `template.toml` has it."""
        return {key: value for key, value in
                (("names", self.names), ("order", self.order), ("part", self.part)) if value}

    def published(self, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A state dict of the exporter's names as the publisher would store it."""
        found: dict[str, np.ndarray] = {}
        parts: dict[str, dict[int, np.ndarray]] = {}
        for key, value in state.items():
            name = _of(self.names, key)
            target = key if name is None else filled(name[1], name[0])
            if (order := _of(self.order, key)) is not None:
                value = value.transpose(np.argsort(order[1]))
            if (part := _of(self.part, key)) is not None:
                parts.setdefault(target, {})[part[1][0]] = value
            else:
                found[target] = value
        for target, pieces in parts.items():
            found[target] = np.concatenate([pieces[number] for number in sorted(pieces)])
        return {key: np.ascontiguousarray(value) for key, value in found.items()}


def _of(table: Mapping[str, object], key: str):
    """The parts of `key` that the stars of the first fitting pattern mean, with the entry."""
    for pattern, value in table.items():
        if (stars := fits(pattern, key)) is not None:
            return stars, value
    return None


def fits(pattern: str, key: str) -> list[str] | None:
    """What the stars of `pattern` mean in `key`; `None` where it does not fit."""
    ours, theirs = pattern.split("."), key.split(".")
    if len(ours) != len(theirs) or any(a not in ("*", b) for a, b in zip(ours, theirs)):
        return None
    return [b for a, b in zip(ours, theirs) if a == "*"]


def filled(pattern: str, stars: list[str]) -> str:
    """`pattern` with its stars replaced, in their order; a star may be the end of a part (`Conv_*`)."""
    for star in stars:
        pattern = pattern.replace("*", star, 1)
    return pattern
