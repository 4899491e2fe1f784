"""Bookkeeping of a run: log lines, finished stages, checkpoints, batches, learning rates."""

import json
import math
import time
from pathlib import Path

import torch


class Run:
    """A work folder: `train_log.jsonl`, one checkpoint per stage, resumable states."""

    def __init__(self, work, config):
        self.work, self.config = Path(work), config
        self.work.mkdir(parents=True, exist_ok=True)
        self.started = time.time()

    def log(self, stage, **values):
        values = {k: short(v) if isinstance(v, float) else v for k, v in values.items()}
        line = json.dumps({"stage": stage, "seconds": round(time.time() - self.started, 1), **values})
        print(time.strftime("%H:%M:%S"), line, flush=True)
        with open(self.work / "train_log.jsonl", "a") as file:
            file.write(line + "\n")

    def path(self, name):
        return self.work / f"{name}.pt"

    def done(self, name):
        return self.path(name).exists()

    def save(self, name, value):
        """Atomic: a stop in the middle never leaves half a checkpoint."""
        partial = self.work / f"{name}.partial"
        torch.save(value, partial)
        partial.replace(self.path(name))

    def load(self, name):
        return torch.load(self.path(name), map_location="cpu", weights_only=True)


def short(value):
    """Five decimals; three digits where five decimals would hide a small number."""
    return round(value, 5) if abs(value) >= 1e-3 else float(f"{value:.3g}")


def learning_rate(step, steps, peak, warmup=100, decay_from=0.6):
    """Warm-up, plateau, then a cosine to 2 % of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    start = decay_from * steps
    if step < start:
        return peak
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - start) / max(1, steps - start))))


def set_rate(optimiser, rate):
    for group in optimiser.param_groups:
        group["lr"] = rate


def adamw(parameters, rate=1e-3, decay=0.01):
    """AdamW without decay on vectors and tables."""
    parameters = [p for p in parameters if p.requires_grad]
    return torch.optim.AdamW(
        [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": decay},
         {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}],
        lr=rate, betas=(0.9, 0.98), fused=True)


def bf16(device="cpu"):
    return torch.autocast(torch.device(device).type, torch.bfloat16)


@torch.no_grad()
def round_to_half(module):
    """Rounds the weights that the export stores as fp16, so that torch and ONNX agree."""
    for value in list(module.parameters()) + list(module.buffers()):
        if value.is_floating_point() and value.numel() >= 4096:
            value.copy_(value.half().float())
    return module


class Average:
    """Exponential moving average of the parameters of some modules."""

    def __init__(self, modules, decay=0.999):
        self.modules, self.decay, self.updates = modules, decay, 0
        self.state = {k: {n: p.detach().clone() for n, p in m.state_dict().items()}
                      for k, m in modules.items()}

    @torch.no_grad()
    def update(self):
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, module in self.modules.items():
            for key, value in module.state_dict().items():
                if value.is_floating_point():
                    self.state[name][key].lerp_(value, 1 - decay)
