"""Draw for storyeval: a model is a class with two methods, and `serve` does the rest.

    from storyeval.worker import Worker, serve

    class Mine(Worker):
        name = "mine"

        def load(self, device, options, seed):
            self.pipe = load_my_pipeline(options["weights"]).to(device)

        def draw(self, story):
            for frame in story.to_draw():
                yield self.pipe(frame.caption, seed=frame.seed)

    if __name__ == "__main__":
        serve(Mine)

`storyeval run --model command:mine.py ...` starts it. `python mine.py --try captions.txt` draws one story, a caption per
line, without storyeval. This file needs only the standard library of Python 3.8 or later and nothing else of the package:
where the package cannot be installed, copy it beside the model. docs/python.md has the whole page.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

PROTOCOL = 1
"""Version of the worker protocol that this file speaks."""
HEARTBEAT_S = 10.0
SEED_BITS = 53
IMAGES = "a PIL image, the path of a PNG or JPEG file, its bytes, a numpy array of uint8 [height, width, 3], Refused or Drawn"


class ContractError(Exception):
    """The model gave something that the protocol has no place for. Trying again would not help."""


@dataclass(frozen=True)
class Refused:
    """In place of an image: the model declines to draw this frame. It is counted, and nothing is made up for it."""

    reason: str


@dataclass(frozen=True)
class Drawn:
    """An image with what there is to say of it. `seconds` is measured where it is not given."""

    image: Any
    seconds: float | None = None
    note: str | None = None
    text: str | None = None
    """The caption, where the model wrote it itself (continuation)."""


def open_image(path: str):
    """The image of a file in RGB. Needs Pillow."""
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


@dataclass(frozen=True)
class Reference:
    """An image that the card gives for a name."""

    name: str
    path: str

    @property
    def image(self):
        """It as a PIL image."""
        return open_image(self.path)


@dataclass(frozen=True)
class Earlier:
    """A frame of the story that is there already: given, or drawn by this model."""

    index: int
    path: str

    @property
    def image(self):
        """It as a PIL image."""
        return open_image(self.path)


class Frame:
    """A frame of a story: its caption and what else the worker asked for."""

    def __init__(self, message: dict, story_seed: int):
        self.index: int = message["index"]
        """Position in the story, from 1."""
        self.caption: str = message["caption"]
        """The caption to draw: with pronouns, where the protocol has them."""
        self.referential: bool = message.get("referential", False)
        """Whether `caption` has a pronoun in place of a name."""
        self.original: str | None = message.get("original")
        """The annotated caption with names, for a worker that `reads` it."""
        self.names: list[str] = message.get("names") or []
        """The characters that the original caption names, for a worker that `reads` them."""
        self.draw: bool = message.get("draw", True)
        """Whether it is to be drawn. Others are given or drawn already."""
        self.latents_path: str | None = message.get("latents")
        self._story_seed = story_seed

    @property
    def seed(self) -> int:
        """A seed of this frame's own, below 2^53: the same whichever frames are drawn together."""
        text = f"{self._story_seed}:{self.index}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") >> (256 - SEED_BITS)

    @property
    def latents(self):
        """The initial noise as a numpy array of float32 in the shape of `Worker.latents`, or None."""
        if self.latents_path is None:
            return None
        import numpy

        return numpy.load(self.latents_path)


class Story:
    """A story to draw."""

    def __init__(self, message: dict):
        self.id: str = message["story"]
        """Its id: text of the data set, never a path."""
        self.seed: int = message["seed"]
        """A hash of the run's seed and the id, below 2^53."""
        self.frames = [Frame(it, self.seed) for it in message["frames"]]
        """All frames that the model may know. With `context = "frame"` none comes after the one to draw."""
        self.earlier_frames = [Earlier(it["index"], it["path"]) for it in message.get("earlier") or []]
        """Frames that exist: those given, and with `Worker.earlier_frames` those drawn so far."""
        self.cast: list[str] = message.get("cast") or []
        """All names of the data set, for a worker that `reads` names."""
        self.references = [Reference(it["name"], it["path"]) for it in message.get("references") or []]

    def to_draw(self) -> list[Frame]:
        """The frames to draw, in order."""
        return [frame for frame in self.frames if frame.draw]

    @property
    def earlier(self) -> list:
        """The frames of `earlier_frames` as PIL images."""
        return [it.image for it in self.earlier_frames]


class Worker:
    """A model. Derive from it, set what differs, and write `draw`."""

    name = "worker"
    version = "0"
    batch = 1
    """Most stories of one request."""
    context = "story"
    """`story`: all captions at once. `frame`: a frame at a time, captions up to it, so that nothing looks ahead."""
    reads: Iterable[str] = ("caption",)
    """What it reads: `caption`, and any of `original`, `names`, `references`. More than `caption` is part of a run's identity."""
    latents: Iterable[int] | None = None
    """Shape [channels, height, width] of the noise that storyeval is to make, or None."""
    earlier_frames = False
    """With `context = "frame"`: whether it needs the frames drawn so far."""
    frame_limit_s = 3600.0
    """A frame that takes longer counts as hung: heartbeats stop, and storyeval restarts the worker."""

    device = "cpu"
    options: dict = {}
    seed = 0
    scratch: Path | None = None
    worker = 0
    workers = 1
    _beat: Callable[..., None] | None = None

    def load(self, device: str, options: dict, seed: int) -> None:
        """Loads the model. `options` is `[command.options]` of the card; attributes of the same names are set before."""

    def draw(self, story: Story) -> Iterable:
        """One image per frame of `story.to_draw()`, in order: yield each as soon as it is there.

        An image is a PIL image, the path of a PNG or JPEG file, its bytes, or a numpy array of uint8. `Refused` and
        `Drawn` are others. `random`, numpy and PyTorch are seeded for the story before.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method draw")

    def draw_many(self, stories: list[Story]) -> Iterable[Iterable]:
        """For models that draw several stories at once (`batch` above 1): per story, in order, what `draw` gives."""
        for story in stories:
            seed_everything(story.to_draw()[0].seed if self.context == "frame" else story.seed)
            yield self.draw(story)

    def close(self) -> None:
        """Called before the worker ends."""

    def heartbeat(self, note: str | None = None, progress: float | None = None) -> None:
        """Says that work goes on. A thread does that by itself; this adds what a person wants to read."""
        if self._beat is not None:
            self._beat(note, progress)


def seed_everything(seed: int) -> None:
    """Seeds `random`, and numpy and PyTorch where they are loaded, so that a story does not depend on those before it."""
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def _cuda():
    """`torch.cuda` where this process uses it."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda if cuda is not None and cuda.is_initialized() else None


class _Images:
    """Puts images into files of the scratch folder. The names are counted: ids of stories are never paths."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.count = 0

    def path(self, image: Any) -> str:
        """The file of an image."""
        if isinstance(image, (str, os.PathLike)):
            path = Path(image).absolute()
            if not path.is_file():
                raise ContractError(f"the image file {path} does not exist")
            return str(path)
        if isinstance(image, (bytes, bytearray, memoryview)):
            return self._write(bytes(image))
        if hasattr(image, "__array_interface__") and not hasattr(image, "save"):
            image = self._of_array(image)
        if not (hasattr(image, "save") and hasattr(image, "convert")):
            raise ContractError(f"an image is {IMAGES}, and {type(image).__module__}.{type(image).__name__} is none of them")
        buffer = io.BytesIO()
        # Level 1: the files are read once and removed.
        image.convert("RGB").save(buffer, "PNG", compress_level=1)
        return self._write(buffer.getvalue())

    @staticmethod
    def _of_array(array):
        shape, kind = tuple(array.shape), str(array.dtype)
        if kind != "uint8" or len(shape) != 3 or shape[2] != 3:
            raise ContractError(f"an array is uint8 [height, width, 3], not {kind} {list(shape)}: scale it to 0..255 and round it yourself")
        from PIL import Image

        return Image.fromarray(array)

    def _write(self, data: bytes) -> str:
        ending = {b"\x89PNG": "png", b"\xff\xd8\xff\xe0": "jpg"}.get(data[:4], "jpg" if data[:3] == b"\xff\xd8\xff" else None)
        if ending is None:
            raise ContractError(f"{len(data)} bytes were given that are neither a PNG nor a JPEG file")
        self.count += 1
        path = (self.folder / f"{self.count:06}.{ending}").absolute()
        path.write_bytes(data)
        return str(path)


class _Heart:
    """Sends heartbeats while a request is worked on, and stops when one frame takes longer than the model's limit."""

    def __init__(self, send: Callable[[dict], None], request: Any, limit_s: float):
        self.send, self.request, self.limit_s = send, request, limit_s
        self.stopped = threading.Event()
        self.alive_at = time.monotonic()

    def beat(self, note: str | None = None, progress: float | None = None) -> None:
        """A heartbeat of the model's own. It counts as progress."""
        self.alive_at = time.monotonic()
        self._send(note=note, progress=progress)

    def _send(self, **more) -> None:
        self.send({"type": "heartbeat", "id": self.request, **{key: it for key, it in more.items() if it is not None}})

    def _run(self) -> None:
        while not self.stopped.wait(HEARTBEAT_S):
            if time.monotonic() - self.alive_at > self.limit_s:
                print(f"storyeval.worker: no frame for {self.limit_s:.0f} s: no more heartbeats", file=sys.stderr)
                return
            try:
                self._send()
            except OSError:
                # storyeval is gone: nothing will read what the model draws.
                os._exit(1)

    def __enter__(self) -> _Heart:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopped.set()
        self.thread.join()


class _Desk:
    """Takes requests to draw and sends the answers."""

    def __init__(self, worker: Worker, scratch: Path, send: Callable[[dict], None]):
        self.worker, self.send, self.images = worker, send, _Images(scratch)

    def ready(self) -> dict:
        """What the model says of itself."""
        it = self.worker
        if it.context not in ("story", "frame"):
            raise ContractError(f'context is "story" or "frame", not {it.context!r}')
        return {
            "type": "ready", "protocol": PROTOCOL, "name": it.name, "version": str(it.version), "device": str(it.device),
            "batch": it.batch, "context": it.context, "earlier_frames": it.earlier_frames, "reads": list(it.reads),
            "latents": None if it.latents is None else list(it.latents),
        }  # fmt: skip

    def draw(self, message: dict) -> bool:
        """Answers a request to draw. Whether the worker can go on after it."""
        request = message["id"]
        try:
            stories = [Story(it) for it in message["stories"]]
            with _Heart(self.send, request, self.worker.frame_limit_s) as heart:
                self.worker._beat = heart.beat
                self._stories(request, stories, heart)
        except BrokenPipeError:
            raise  # storyeval is gone
        except Exception as error:  # whatever the model raises
            return self._failed(request, error)
        self.send({"type": "done", "id": request})
        return True

    def _stories(self, request: Any, stories: list[Story], heart: _Heart) -> None:
        answers = iter(self.worker.draw_many(stories))
        for story in stories:
            frames = next(answers, None)
            if frames is None:
                raise ContractError(f"draw_many gave nothing for story {story.id}")
            if isinstance(frames, (str, bytes)) or not hasattr(frames, "__iter__"):
                raise ContractError(f"draw gives one image per frame, as a generator or a list, not {type(frames).__name__}")
            self._story(request, story, iter(frames), heart)
        if next(answers, None) is not None:
            raise ContractError(f"draw_many gave more than the {len(stories)} stories of the request")

    def _story(self, request: Any, story: Story, answers: Iterator, heart: _Heart) -> None:
        frames = story.to_draw()
        for place, frame in enumerate(frames):
            cuda = _cuda()
            if cuda is not None:
                cuda.reset_peak_memory_stats()
            began = time.monotonic()
            try:
                answer = next(answers)
            except StopIteration:
                raise ContractError(f"draw gave {place} images for the {len(frames)} frames of story {story.id}") from None
            seconds = time.monotonic() - began
            self.send(self._frame(request, story, frame, answer, seconds))
            heart.alive_at = time.monotonic()
        # A generator runs to its end, so that what it does after its last image is done.
        if next(answers, None) is not None:
            raise ContractError(f"draw gave more images than the {len(frames)} frames of story {story.id}")

    def _frame(self, request: Any, story: Story, frame: Frame, answer: Any, seconds: float) -> dict:
        drawn = answer if isinstance(answer, Drawn) else Drawn(answer)
        sent = {"type": "frame", "id": request, "story": story.id, "index": frame.index}
        if isinstance(drawn.image, Refused):
            sent["refused"] = drawn.image.reason
        else:
            sent["path"] = self.images.path(drawn.image)
        sent["seconds"] = seconds if drawn.seconds is None else drawn.seconds
        cuda = _cuda()
        if cuda is not None:
            sent["peak_memory_bytes"] = cuda.max_memory_allocated()
        sent.update({key: it for key, it in (("note", drawn.note), ("text", drawn.text)) if it is not None})
        return sent

    def _failed(self, request: Any, error: BaseException) -> bool:
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        sys.stderr.flush()
        retry = not isinstance(error, (ContractError, NotImplementedError))
        self.send({"type": "error", "id": request, "message": _words(error), "retry": retry})
        cuda = _cuda()
        if cuda is not None and "out of memory" in str(error):
            cuda.empty_cache()
            return True
        # After another error of the device every further call fails: storyeval starts a new process.
        return "CUDA error" not in str(error)


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, ContractError) else f"{type(error).__name__}: {error}"


class _Pipes:
    """The two pipes of the protocol, out of reach of the model: what it prints goes to stderr, and it reads an empty stdin."""

    def __init__(self):
        self.lock = threading.Lock()
        sys.stdout.flush()
        self.lines = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\n")
        self.out = os.fdopen(os.dup(1), "wb", buffering=0)
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        os.dup2(2, 1)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")

    def send(self, message: dict) -> None:
        """One line, whole."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self.lock:
            while line:
                line = line[self.out.write(line) :]


def _hello(worker: Worker, message: dict) -> Path:
    """Tells the worker who it is. Its scratch folder."""
    spoken = message.get("protocol")
    if message.get("type") != "hello" or spoken != PROTOCOL:
        raise ContractError(
            f"storyeval speaks version {spoken} of the worker protocol and storyeval.worker of this Python version {PROTOCOL}: "
            "install the package and the program of one version"
        )
    worker.device, worker.options, worker.seed = message["device"], message.get("options") or {}, message["seed"]
    worker.worker, worker.workers = message.get("worker", 0), message.get("workers", 1)
    worker.scratch = Path(message["scratch"])
    return worker.scratch


def _serve(worker: Worker) -> int:
    pipes = _Pipes()
    try:
        # Ctrl-C reaches the whole group of processes; storyeval decides when its workers end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        pass  # not the main thread
    try:
        desk = _Desk(worker, _hello(worker, json.loads(pipes.lines.readline() or "{}")), pipes.send)
        worker.load(worker.device, worker.options, worker.seed)
        pipes.send(desk.ready())
    except Exception as error:  # whatever loading raises
        traceback.print_exc(file=sys.stderr)
        pipes.send({"type": "error", "message": _words(error), "retry": False})
        return 1
    for line in pipes.lines:
        message = json.loads(line)
        kind = message.get("type")
        if kind == "bye":
            break
        if kind != "draw":
            print(f"storyeval.worker: a message of the unknown type {kind!r}", file=sys.stderr)
            return 2
        if not desk.draw(message):
            return 1
    worker.close()
    return 0


def _try_requests(worker: Worker, captions: list[str], seed: int, scratch: Path) -> Iterator[dict]:
    """The requests that storyeval would send for one story without names and references."""
    latents: dict[int, str] = {}
    if worker.latents is not None:
        import numpy

        for index in range(1, len(captions) + 1):
            noise = numpy.random.default_rng([seed, index]).standard_normal(tuple(worker.latents), dtype="float32")
            latents[index] = str(scratch / f"latents-{index}.npy")
            numpy.save(latents[index], noise)
    whole = worker.context == "story"
    for last in [len(captions)] if whole else range(1, len(captions) + 1):
        frames = [
            {"index": index, "caption": caption, "original": caption, "latents": latents.get(index), "draw": whole or index == last}
            for index, caption in enumerate(captions[:last], 1)
        ]
        yield {"type": "draw", "id": last, "stories": [{"story": "try", "seed": seed, "frames": frames}]}


def _try(worker: Worker, arguments: argparse.Namespace) -> int:
    """Draws one story by hand, into a folder."""
    captions = [line.strip() for line in Path(arguments.captions).read_text(encoding="utf-8").splitlines() if line.strip()]
    if not captions:
        raise SystemExit(f"error: {arguments.captions} has no caption: write one per line")
    options: dict = {}
    if arguments.card:
        import tomllib

        options = tomllib.loads(Path(arguments.card).read_text(encoding="utf-8")).get("command", {}).get("options", {})
    for text in arguments.option:
        key, _, value = text.partition("=")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    drawn: list[dict] = []

    def send(message: dict) -> None:
        kind = message["type"]
        if kind == "frame" and "path" in message:
            source = Path(message["path"])
            path = out / f"{message['index']}{source.suffix}"
            path.write_bytes(source.read_bytes())
            drawn.append({"index": message["index"], "path": str(path.absolute())})
            print(f"frame {message['index']}: {path}, {message['seconds']:.1f} s")
        elif kind == "frame":
            print(f"frame {message['index']}: refused: {message['refused']}")
        elif kind == "heartbeat" and len(message) > 2:
            print(f"  {message.get('note', '')} {message.get('progress', '')}".rstrip(), file=sys.stderr)
        elif kind == "error":
            print(f"error: {message['message']}", file=sys.stderr)
        failed.append(kind == "error")

    failed: list[bool] = []
    scratch = out / "scratch"
    scratch.mkdir(exist_ok=True)
    hello = {"type": "hello", "protocol": PROTOCOL, "seed": arguments.seed, "device": arguments.device, "scratch": str(scratch)}
    _hello(worker, {**hello, "options": options})
    worker.load(worker.device, worker.options, worker.seed)
    desk = _Desk(worker, scratch, send)
    desk.ready()
    for request in _try_requests(worker, captions, arguments.seed, scratch):
        if worker.earlier_frames:
            request["stories"][0]["earlier"] = list(drawn)
        desk.draw(request)
        if any(failed):
            return 1
    worker.close()
    return 0


def serve(model: Callable[[], Worker], arguments: list[str] | None = None) -> None:
    """Runs a model, a class derived from `Worker`: as storyeval's worker, or by hand with `--try`. Does not return."""
    parser = argparse.ArgumentParser(description="A model that draws for storyeval, which starts it without arguments.")
    parser.add_argument("--try", dest="captions", metavar="FILE", help="draw one story without storyeval; FILE has a caption per line")
    parser.add_argument("--out", default="tried", metavar="DIR", help="folder for the frames of --try [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="seed of --try [default: %(default)s]")
    parser.add_argument("--device", default="cpu", help="device of --try, such as cuda:0 [default: %(default)s]")
    parser.add_argument("--card", metavar="FILE", help="model card with the options for --try")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="an option for --try; may be repeated")
    chosen = parser.parse_args(arguments)
    if chosen.captions:
        sys.exit(_try(model(), chosen))
    if sys.stdin.isatty():
        parser.error("storyeval starts a worker itself (--model command:FILE); by hand, use --try FILE")
    try:
        code = _serve(model())
    except BrokenPipeError:
        code = 1
    sys.exit(code)
