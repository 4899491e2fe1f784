"""Stages `llm`, `mapper` and `distill`: reading a story, naming its pronouns, drawing the answer.

`llm` needs no generator: the language model and the mapper's trunk learn to say which words,
characters and place the name-resolved caption has.  `mapper` then regresses the frozen Char-LDM's
fused caption embedding; `distill` pulls the denoiser's behaviour under the predicted embedding
towards its behaviour under the true one (a low-variance form of the paper's image loss).
"""

import numpy as np
import torch
import torch.nn.functional as F

from . import train_ldm, train_vae, train_vision
from .diffusion import add_noise, alpha_bars
from .language import Heads, LanguageModel, Mapper, VisualEmbedding
from .prompts import Stories, img_states, vocabulary, with_visuals
from .run import adamw, bf16, learning_rate, set_rate
from .tokens import PAD, name_positions


class Reader:
    """The trainable modules and the arrays they learn from."""

    def __init__(self, run, world):
        self.run, self.world, self.words = run, world, vocabulary(world)
        self.captions = train_ldm.vocabulary(world)
        torch.manual_seed(31)
        outputs = 19 + len(world.concepts)
        self.modules = {"model": LanguageModel(len(self.words.words)), "visual": VisualEmbedding(),
                        "mapper": Mapper()}
        self.modules["heads"] = Heads(outputs, len(self.captions.words), self.modules["mapper"].width)
        self.stories = Stories(world, world.train, self.words)
        self.features = frame_features(run, world)
        self.goal = train_vision.targets(world.train, "concepts")
        self.weight = torch.full((outputs,), 0.3)
        self.weight[:7], self.weight[7:19] = 2.0, 0.5

    def parameters(self):
        return [p for m in self.modules.values() for p in m.parameters()]

    def save(self, name):
        self.run.save(name, {k: m.state_dict() for k, m in self.modules.items()})

    def restore(self, name):
        state = self.run.load(name)
        for key, module in self.modules.items():
            module.load_state_dict(state[key])
        return self

    def read(self, ids, features):
        """(hidden states of all positions, [IMG] states, [IMG] input embeddings)."""
        m = self.modules
        embeds = m["model"].embedding(ids)
        with bf16():
            hidden = m["model"](with_visuals(embeds, ids, m["visual"](features), self.words))
        hidden = hidden.float()
        return hidden, img_states(hidden, ids, self.words), img_states(embeds, ids, self.words)

    def training_batch(self, generator, size):
        """Texts with pronouns, noisy features of real earlier frames; a fifth of the frames unseen."""
        ids, rows, goals, flags = self.stories.batch(generator, size)
        earlier = rows[:, :-1].reshape(-1)
        features = self.features[earlier, generator.integers(0, 5, len(earlier))].float()
        features = features + 0.1 * features.std(0) * torch.randn_like(features)
        features = features * (torch.rand(len(features), 1) > 0.2)
        return ids, features, rows[:, -1], goals, flags

    def reading_loss(self, ids, hidden, states, inputs, rows, goals):
        """Next word + content of the picture + words of the resolved caption."""
        heads, model = self.modules["heads"], self.modules["model"]
        target = ids[:, 1:].clone()
        target[(target == PAD) | (target == self.words.index["<|image|>"])
               | (target >= self.words.index["[IMG0]"])] = -100
        keep = target >= 0
        with bf16():
            logits = hidden[:, :-1][keep] @ model.embedding.weight.T * 0.2
            content = heads.content(states.flatten(1))
            trunk = self.modules["mapper"].trunk(states, inputs)
            said = heads.words(trunk)
        following = F.cross_entropy(logits.float(), target[keep])
        content = content.float()
        picture = (F.binary_cross_entropy_with_logits(content, self.goal[rows], reduction="none")
                   * self.weight).mean(0).sum()
        wanted = torch.tensor([self.captions.padded(g) for g in goals])
        importance = torch.where(wanted == PAD, 0.1, 1.0)
        spelled = F.cross_entropy(said.float().transpose(1, 2), wanted, reduction="none")
        spelling = (spelled * importance).sum() / importance.sum()
        right = ((content[:, :7] > 0) == (self.goal[rows][:, :7] > 0.5)).all(1)
        return (0.3 * following + picture + 2 * spelling, trunk,
                {"words": following.item(), "picture": picture.item(), "spelling": spelling.item(),
                 "characters": right.float()})


@torch.no_grad()
def frame_features(run, world):
    """Vision features of augmented training frames, fp16 [N,5,128], cached."""
    path = run.work / "vision_features.npy"
    if not path.exists():
        vision, frames = train_vision.load(run, world, "vision"), world.train.frames
        torch.manual_seed(32)
        vision = vision.to(memory_format=torch.channels_last)
        flat = frames.reshape(-1, *frames.shape[2:])
        out = []
        for start in range(0, len(flat), 256):
            images = torch.from_numpy(flat[start:start + 256]).permute(0, 3, 1, 2).float() / 255
            images = train_vision.augment(images).contiguous(memory_format=torch.channels_last)
            with bf16():
                out.append(vision.features(images).half().numpy())
        np.save(path, np.concatenate(out).reshape(len(frames), 5, -1))
    return torch.from_numpy(np.load(path))


def train_llm(run, world):
    reader, config = Reader(run, world), run.config
    generator = np.random.default_rng(33)
    optimiser, first = adamw(reader.parameters(), decay=0.02), 0
    if run.done("llm_state"):
        state = run.load("llm_state")
        for key, module in reader.modules.items():
            module.load_state_dict(state["modules"][key])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        generator = np.random.default_rng(33 + first)
    seen = {}
    for step in range(first, config.lm_steps):
        set_rate(optimiser, learning_rate(step, config.lm_steps, 1e-3, decay_from=0.5))
        ids, features, rows, goals, flags = reader.training_batch(generator, config.lm_batch)
        hidden, states, inputs = reader.read(ids, features)
        loss, _, values = reader.reading_loss(ids, hidden, states, inputs, rows, goals)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        record(seen, values, flags)
        if step % 100 == 99 or step == config.lm_steps - 1:
            run.log("llm", step=step + 1, **summary(seen))
        if step % 300 == 299:
            run.save("llm_state", {"step": step + 1, "optimiser": optimiser.state_dict(),
                                   "modules": {k: m.state_dict() for k, m in reader.modules.items()}})
    run.log("llm", **resolution(reader))
    reader.save("llm")


def record(seen, values, flags):
    characters = values.pop("characters")
    for kind, mask in (("pronoun", flags), ("named", ~flags)):
        if mask.any():
            seen.setdefault(f"characters_{kind}", []).append(characters[torch.from_numpy(mask)].mean().item())
    for key, value in values.items():
        seen.setdefault(key, []).append(value)


def summary(seen):
    out = {k: float(np.mean(v)) for k, v in seen.items()}
    seen.clear()
    return out


@torch.no_grad()
def resolution(reader, limit=200):
    """Names picked right on val stories with referential text (subset), true earlier frames."""
    from .prompts import prompt_ids
    from .referential import is_ambiguous, story_captions
    world, split = reader.world, reader.world.val
    vision = train_vision.load(reader.run, world, "vision")
    hits = {"resolvable": [], "ambiguous": [], "named": [], "place": []}
    names = world.characters
    for story in split.stories[:limit]:
        captions, flags = story_captions(split, story, names, world.male)
        for n in (2, 3, 4):
            rows = story[:n]
            ids = torch.tensor([prompt_ids(reader.words, captions[:n])])
            images = torch.from_numpy(split.frames[rows[:-1], 2]).permute(0, 3, 1, 2).float() / 255
            _, states, _ = reader.read(ids, vision.features(images))
            content = reader.modules["heads"].content(states.flatten(1))[0] > 0
            hits["place"].append(float(content[7:19].nonzero().flatten().tolist()
                                       == [split.backgrounds[rows[-1]]]))
            truth = split.labels[rows[-1]] > 0.5
            now, before = set(truth.nonzero()[0]), set(split.labels[rows[-2]].nonzero()[0])
            kind = "named"
            if flags[n - 1]:
                kind = "ambiguous" if is_ambiguous(now, before, world.male) else "resolvable"
            hits[kind].append(float((content[:7].numpy() == truth).all()))
    return {f"val_{k}": float(np.mean(v)) if v else None for k, v in hits.items()} | {
        f"n_{k}": len(v) for k, v in hits.items()}


def fused_targets(world, conditioner, captions, goals):
    """Emb_fuse [B,32,128] of name-resolved captions."""
    ids = torch.tensor([captions.padded(g) for g in goals])
    names = torch.tensor([name_positions(g, world.characters, True) for g in goals])
    with torch.no_grad():
        return conditioner(ids, names)


def train_mapper(run, world):
    """Regression of the fused embedding, per-position normalised; the reading losses stay on."""
    config, reader = run.config, Reader(run, world).restore("llm")
    conditioner, _ = train_ldm.load(run, world)
    generator = np.random.default_rng(34)
    mapper = reader.modules["mapper"]
    sample = [world.train.captions[i] for i in generator.choice(len(world.train.ids), 512)]
    example = fused_targets(world, conditioner, reader.captions, sample)
    spread = example.var(0).mean(-1, keepdim=True).clamp(min=0.02)
    with torch.no_grad():
        mapper.mean.copy_(example.mean(0))
        mapper.out.weight.mul_(0.3)
        mapper.out.bias.zero_()
    optimiser, seen = adamw(reader.parameters()), {}
    for step in range(config.mapper_steps):
        set_rate(optimiser, learning_rate(step, config.mapper_steps, 7e-4, decay_from=0.4))
        ids, features, rows, goals, flags = reader.training_batch(generator, config.lm_batch)
        hidden, states, inputs = reader.read(ids, features)
        loss, trunk, values = reader.reading_loss(ids, hidden, states, inputs, rows, goals)
        with bf16():
            context = mapper.out(trunk).float() + mapper.mean
        target = fused_targets(world, conditioner, reader.captions, goals)
        regression = ((context - target).square() / spread).mean()
        optimiser.zero_grad()
        (0.5 * loss + 2 * regression).backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        record(seen, values | {"regression": regression.item()}, flags)
        if step % 100 == 99 or step == config.mapper_steps - 1:
            run.log("mapper", step=step + 1, **summary(seen))
    run.log("mapper", **resolution(reader))
    reader.save("mapper")


def train_distill(run, world):
    """The frozen denoiser must behave the same under the predicted and the true embedding."""
    config, reader = run.config, Reader(run, world).restore("mapper")
    conditioner, unet = train_ldm.load(run, world)
    latents, bars = torch.from_numpy(train_vae.encode_frames(run, world)), alpha_bars()
    torch.manual_seed(35)
    generator = np.random.default_rng(35)
    mapper = reader.modules["mapper"]
    optimiser, seen = adamw(reader.parameters()), {}
    for step in range(config.distill_steps):
        set_rate(optimiser, learning_rate(step, config.distill_steps, 3e-4, 20, decay_from=0.3))
        size = config.distill_batch
        ids, features, rows, goals, flags = reader.training_batch(generator, size)
        hidden, states, inputs = reader.read(ids, features)
        loss, trunk, values = reader.reading_loss(ids, hidden, states, inputs, rows, goals)
        with bf16():
            context = mapper.out(trunk).float() + mapper.mean
        target = fused_targets(world, conditioner, reader.captions, goals)
        timesteps = torch.randint(150, 1000, (size,))
        clean = latents[rows, generator.integers(0, 5, size)].float()
        noisy, _ = add_noise(clean, torch.randn_like(clean), bars[timesteps])
        with bf16():
            with torch.no_grad():
                wanted = unet(noisy, timesteps, target).float()
            got = unet(noisy, timesteps, context).float()
        behaviour = F.mse_loss(got, wanted)
        optimiser.zero_grad()
        (0.3 * loss + 0.5 * F.mse_loss(context, target) + 30 * behaviour).backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimiser.step()
        record(seen, values | {"behaviour": behaviour.item()}, flags)
        if step % 50 == 49 or step == config.distill_steps - 1:
            run.log("distill", step=step + 1, **summary(seen))
    run.log("distill", **resolution(reader))
    reader.save("distill")


STAGES = {"llm": train_llm, "mapper": train_mapper, "distill": train_distill}
