"""storyeval's side of the worker protocol for these tests: one worker, one story after the other, in plain Python."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).resolve().parent.parent
STAND_INS = EXAMPLES / "tests" / "stand_ins"


class WorkerError(Exception):
    """What a worker said in a message of the type `error`."""


class Host:
    """A worker of examples/ that runs in a process of its own."""

    def __init__(self, program: str, folder: Path, options: dict, seed: int = 0):
        scratch = folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder, self.seed, self.asked, self.progress = folder, seed, 0, []
        self.log, self.stderr = folder / "calls.jsonl", open(folder / "stderr.txt", "wb")
        self.log.write_text("")
        paths = [EXAMPLES.parent / "python", STAND_INS, os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "STAND_IN_LOG": str(self.log), "PYTHONPATH": os.pathsep.join(str(it) for it in paths if str(it))}
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr,
            cwd=folder, env=environment,
        )  # fmt: skip
        self.send(type="hello", protocol=1, program="test", model="test", seed=seed, device="cpu", worker=0, workers=1,
                  scratch=str(scratch), options=options)  # fmt: skip
        self.ready = self.read()
        assert self.ready["type"] == "ready" and self.ready["protocol"] == 1 and self.ready["device"] == "cpu"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.send(type="bye")
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.stderr.close()
        assert code in (0, 1), self.said()

    def send(self, **message) -> None:
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the worker ended: {self.said()}"
        message = json.loads(line)
        if message["type"] == "error":
            self.process.wait(timeout=60) if "id" not in message else None
            error = WorkerError(message["message"])
            error.retry = message["retry"]
            raise error
        return message

    def said(self) -> str:
        """What the worker wrote to stderr."""
        return (self.folder / "stderr.txt").read_text(errors="replace")

    def calls(self, name: str) -> list[dict]:
        """What a stand-in was given, call after call."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["call"] == name]

    def draw(self, captions, story="s_01", given=(), referential=(), latents=True) -> list:
        """Images of the frames that are not given, or the reason of a refusal. Whole stories or frame after frame, as the
        worker asked for."""
        frames = [{"index": index, "caption": caption, "referential": index in referential, "draw": index > len(given)}
                  for index, caption in enumerate(captions, 1)]  # fmt: skip
        earlier = []
        for index, image in enumerate(given, 1):
            path = self.folder / f"given-{index}.png"
            image.save(path)
            earlier.append({"index": index, "path": str(path)})
        if self.ready["latents"] and latents:
            for frame in frames:
                frame["latents"] = str(self.noise(story, frame["index"]))
        seed = int.from_bytes(hashlib.sha256(f"{self.seed}:{story}".encode()).digest()[:6], "big")
        if self.ready["context"] == "story":
            return list(self.request(story, seed, frames, earlier).values())
        drawn = {}
        for last in range(len(given) + 1, len(frames) + 1):
            part = [{**frame, "draw": frame["index"] == last} for frame in frames[:last]]
            drawn |= self.request(story, seed, part, earlier)
            if self.ready["earlier_frames"] and not isinstance(drawn[last], str):
                path = self.folder / f"drawn-{last}.png"
                drawn[last].save(path)
                earlier = [*earlier, {"index": last, "path": str(path)}]
        return list(drawn.values())

    def request(self, story, seed, frames, earlier) -> dict:
        self.asked += 1
        self.send(type="draw", id=self.asked, stories=[{"story": story, "seed": seed, "frames": frames, "earlier": earlier}])
        drawn = {}
        while (message := self.read())["type"] != "done":
            assert message["id"] == self.asked
            if message["type"] == "heartbeat":
                self.progress.append(message.get("progress"))
                continue
            assert message["type"] == "frame" and message["story"] == story
            drawn[message["index"]] = message.get("refused") or self.image(message)
        assert sorted(drawn) == [frame["index"] for frame in frames if frame["draw"]]
        return dict(sorted(drawn.items()))

    def image(self, message):
        source = io.BytesIO(base64.b64decode(message["png"])) if "png" in message else self.folder / "scratch" / message["path"]
        with Image.open(source) as image:
            image = image.convert("RGB")
        image.info["note"] = message.get("note")
        return image

    def noise(self, story: str, index: int) -> Path:
        import numpy

        path = self.folder / f"noise-{index}.npy"
        words = hashlib.sha256(f"{self.seed}:{story}:{index}".encode()).digest()[:8]
        made = numpy.random.default_rng(int.from_bytes(words, "big")).standard_normal(self.ready["latents"], dtype="float32")
        numpy.save(path, made)
        return path
