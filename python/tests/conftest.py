"""What the tests share: this checkout's package, a worker as a process, and a folder of runs."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent
INSTALLED = os.environ.get("STORYEVAL_INSTALLED") == "1"
"""Whether the package that is installed is tested, and not that of the checkout."""
if not INSTALLED:
    sys.path.insert(0, str(PACKAGE))


class Conversation:
    """A worker as storyeval starts it: a process, spoken to in lines."""

    def __init__(self, folder: Path, source: str, python=(), hello=None):
        self.scratch = folder / "scratch"
        self.scratch.mkdir(exist_ok=True)
        program = folder / "model.py"
        program.write_text(textwrap.dedent(source))
        environment = dict(os.environ) if INSTALLED else {**os.environ, "PYTHONPATH": str(PACKAGE)}
        self.process = subprocess.Popen(
            [sys.executable, *python, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self.number = 0
        words = {"type": "hello", "protocol": 1, "program": "storyeval 0.1.0", "model": "mine", "seed": 3, "device": "cpu"}
        self.say({**words, "worker": 0, "workers": 1, "scratch": str(self.scratch), "options": {}, "unknown": 1, **(hello or {})})

    def say(self, message):
        """Sends a message."""
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self):
        """The next message."""
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), (line, self.process.stderr.read().decode())
        return json.loads(line)

    def draw(self, *stories):
        """Asks for stories. Everything that is answered, the last message included."""
        self.number += 1
        self.say({"type": "draw", "id": self.number, "stories": stories})
        answers = [self.hear()]
        while answers[-1]["type"] not in ("done", "error"):
            answers.append(self.hear())
        assert {it["id"] for it in answers} == {self.number}
        return answers

    def end(self):
        """Says good-bye. The exit code, and what was written to stderr."""
        self.say({"type": "bye"})
        self.process.stdin.close()
        return self.ended()

    def ended(self):
        """The exit code of a worker that ends, and what it wrote to stderr."""
        assert self.process.stdout.read() == b""
        errors = self.process.stderr.read().decode()
        return self.process.wait(timeout=20), errors


def story(name="s", captions=("Fred laughs.", "He sleeps."), seed=11, **more):
    """A story of a request."""
    frames = [{"index": at, "caption": text, "draw": True} for at, text in enumerate(captions, 1)]
    return {"story": name, "seed": seed, "frames": frames, **more}


@pytest.fixture
def talk(tmp_path):
    """Starts workers: `talk(source)`. Those that still run in the end are killed."""
    started = []

    def start(source, **more):
        conversation = Conversation(tmp_path, source, **more)
        started.append(conversation)
        return conversation

    yield start
    for conversation in started:
        conversation.process.kill()
        for pipe in (conversation.process.stdin, conversation.process.stdout, conversation.process.stderr):
            try:
                pipe.close()
            except OSError:
                pass


@pytest.fixture(scope="session")
def program():
    """The program: `STORYEVAL`, or that of this Python, or on the path."""
    beside = Path(sys.executable).parent / "storyeval"
    found = os.environ.get("STORYEVAL") or (str(beside) if beside.is_file() else shutil.which("storyeval"))
    if found is None:
        pytest.skip("the program storyeval is not installed; STORYEVAL names it")
    return found


@pytest.fixture(scope="session")
def runs_folder(program, tmp_path_factory):
    """A folder of runs: `STORYEVAL_RUNS`, or two models and three stories made here."""
    given = os.environ.get("STORYEVAL_RUNS")
    if given:
        return Path(given)
    out = tmp_path_factory.mktemp("made") / "runs"
    models = "ground-truth,shuffled"
    subprocess.run([program, "-q", "run", "--dataset", "minisv", "--model", models, "--limit", "3", "--out", out], check=True)
    return out
