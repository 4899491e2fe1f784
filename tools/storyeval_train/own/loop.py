"""Epochs with a log, early stop, and a state from which the same command goes on."""

import hashlib
import json
import math
import time

import numpy as np
import torch

from ..run import adamw, learning_rate, set_rate
from .error import USAGE, TrainError

LEAST_STEPS = 12  # of an epoch, so that one of ten stories is more than a step


class Log:
    """`log.jsonl` of the work folder, and the same for people."""

    def __init__(self, work):
        self.path, self.started = work / "log.jsonl", time.time()

    def write(self, event, **values):
        values = {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
        line = {"event": event, "seconds": round(time.time() - self.started, 1), **values}
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")

    def say(self, text):
        print(text, flush=True)
        self.write("note", text=text)


def fit(name, model, step, measure, settings, work, log):
    """Trains `model` and leaves the weights of its best epoch in it; gives that epoch's number.

    step(generator) makes one step with `step.optimiser` and gives the loss; measure(model) gives the scores of the
    validation part by name, the one that decides first (of a `.._loss`, less is better). What was done is kept in
    `work` after every epoch.
    """
    torch.manual_seed(settings.seed)
    generator = np.random.default_rng(settings.seed)
    path, key = work / f"{name}.state.pt", key_of(name, settings)
    state = resumed(path, key, model, generator, step.optimiser)
    steps = max(LEAST_STEPS, math.ceil(settings.train_frames / settings.batch))
    total = steps * settings.epochs
    for epoch in range(state["epoch"] + 1, settings.epochs + 1):
        if state["over"]:
            break
        model.train()
        losses = []
        for number in range((epoch - 1) * steps, epoch * steps):
            set_rate(step.optimiser, learning_rate(number, total, settings.rate, min(100, max(1, total // 10)), 0.4))
            losses.append(step(generator).item())
        found = measure(model.eval())
        loss = float(np.mean(losses))
        if not math.isfinite(loss):
            raise TrainError(f"the loss of {name} is {loss} in epoch {epoch}", "try a smaller --rate")
        log.write("epoch", network=name, epoch=epoch, loss=loss, **found)
        print(f"{name}: epoch {epoch} of {settings.epochs}, loss {loss:.4f}, "
              + ", ".join(f"{k} {v:.2f}" for k, v in found.items()), flush=True)
        goal = [-value if key.endswith("loss") else value for key, value in found.items()]
        if state["goal"] is None or goal > state["goal"]:
            state |= {"goal": goal, "best": epoch, "weights": {k: v.clone() for k, v in model.state_dict().items()}}
        state |= {"epoch": epoch, "model": model.state_dict(), "optimiser": step.optimiser.state_dict(),
                  "torch": torch.get_rng_state(), "numpy": json.dumps(generator.bit_generator.state),
                  "over": epoch - state["best"] >= settings.patience}
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)
        if state["over"]:
            log.say(f"{name}: no better epoch in {settings.patience}, so training stops")
    model.load_state_dict(state["weights"])
    model.eval()
    return state["best"]


def key_of(name, settings):
    text = json.dumps([name, {k: str(v) for k, v in sorted(vars(settings).items())}])
    return hashlib.sha256(text.encode()).hexdigest()


def resumed(path, key, model, generator, optimiser):
    """The state that an earlier run of the same command left, put back; a new one where there is none."""
    new = {"key": key, "epoch": 0, "goal": None, "best": 0, "over": False, "weights": None}
    if not path.exists():
        return new
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["key"] != key:
        raise TrainError(f"{path.parent} holds another training: the data or an option differ",
                         "give another --out or --work, or --restart", USAGE)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["torch"])
    generator.bit_generator.state = json.loads(state["numpy"])
    print(f"{path}: going on after epoch {state['epoch']}", flush=True)
    return state


class Step:
    """A step of training and its optimiser."""

    def __init__(self, model, act, decay=0.01):
        self.optimiser, self.act = adamw(model.parameters(), decay=decay), act

    def __call__(self, generator):
        return self.act(self.optimiser, generator)
