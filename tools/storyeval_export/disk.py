"""Disk and memory that an export needs, checked before it starts."""

import os
import shutil
from pathlib import Path

from .error import SETUP, ExportError

SLACK = 64 << 20  # tokenisers, portraits, the .onnx files themselves
LARGE = 4_000_000_000  # bytes of a graph's weights that are only mapped when it is run for parity
ROOM = 1 << 30  # Python, PyTorch and ONNX Runtime, before any weights


def size_text(count: float) -> str:
    """Bytes for people: powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the loop returns")


def free_disk(folder: Path) -> int:
    """Free bytes where `folder` is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_disk(folder: Path, wanted: int) -> None:
    """Raises [`ExportError`] when the disk of `folder` holds less than `wanted` bytes and some slack."""
    free = free_disk(folder)
    if free < wanted + SLACK:
        raise ExportError(
            f"{folder} needs {size_text(wanted + SLACK)}, but its disk has {size_text(free)} left",
            "free some space, or give --out on another disk; `--precision fp16` halves what is written",
            SETUP)


def available_memory() -> int | None:
    """Bytes that can be taken without swapping; the least of the machine's and of the control group's.
    `None` where the system does not say."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError, IndexError):
        try:
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        except (OSError, ValueError, AttributeError):
            return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        if limit != "max":
            found.append(int(limit) - used)
    except (OSError, ValueError):
        pass
    return min(found, default=None)


def memory_of(parameters: int, precision: str, activations: int) -> int:
    """Bytes at the peak of one graph, which is when ONNX Runtime runs it: it maps the file of weights and copies it
    (fp32: 4 + 4 a weight; fp16: 2 + 2, and 4 that the CPU widens them to). Writing takes no more: the network mapped
    from its file, its halves in fp16, and weights that the exporter transposes. Measured for the UNet of Stable
    Diffusion: 11.4 GB in fp32 (11.7 by this rule), 7.5 GB in fp16 with fused attention (8.5).

    A language model is different: its weights are half precision in their files already and stay there, and
    so do those of a written graph above `LARGE` while it runs (`parity.session`). What counts is one copy of
    the weights in their new type, and one that the exporter transposes."""
    written = {"fp32": 4, "fp16": 2}[precision] * parameters
    if written > LARGE:
        return ROOM + 2 * written + activations
    return ROOM + 8 * parameters + activations


def check_memory(graph: str, wanted: int) -> None:
    """Raises [`ExportError`] when less memory than `wanted` bytes is available."""
    available = available_memory()
    if available is not None and available < wanted:
        raise ExportError(
            f"graph {graph} needs about {size_text(wanted)} of memory, and {size_text(available)} are available",
            "close other programs, take a larger machine, or add --ignore-memory to try all the same", SETUP)
