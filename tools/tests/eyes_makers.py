"""Random-weight networks of the published architectures, saved as their publishers do.

Weights are of a size that keeps values alive through a network, so that a wrong key, a swapped tensor or a
forgotten layer shows in the outputs.
"""

import json
from pathlib import Path

import torch
from torch import nn
from torchvision import models


def alive(module: nn.Module, seed: int = 0) -> nn.Module:
    """Gives every parameter and running statistic a random value; evaluation mode."""
    generator = torch.Generator().manual_seed(seed)

    def draw(tensor: torch.Tensor, mean: float, deviation: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation + mean)

    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1:
                wide = "embed" in name or "token" in name
                draw(parameter, 0.0, 0.5 if wide else (2 / parameter[0].numel()) ** 0.5)
            else:
                draw(parameter, float(name.endswith("weight")), 0.1)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                draw(buffer, 0.0, 0.1)
            elif name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return module.eval()


def classifier(path: Path, outputs: int, seed: int = 0) -> nn.Module:
    """torchvision's Inception-v3 with its auxiliary classifier, as StoryGPT-V saves its classifiers. The module
    that comes back re-maps its input as torchvision does for networks that start from its weights."""
    net = models.inception_v3(weights=None, num_classes=outputs, init_weights=False, transform_input=True)
    torch.save(alive(net, seed).state_dict(), path)
    return net


def torchvision_trunk(path: Path, network: str, seed: int = 0) -> nn.Module:
    """A whole torchvision classifier, of which LPIPS takes the features."""
    makers = {"alex": models.alexnet, "vgg": models.vgg16, "squeeze": models.squeezenet1_1}
    net = alive(makers[network](weights=None), seed)
    torch.save(net.state_dict(), path)
    return net


def words(path: Path, size: int) -> None:
    """A vocabulary of `size` tokens in the layout of the Hugging Face hub, with the first merges of CLIP's list."""
    import open_clip.tokenizer

    reference = open_clip.tokenizer.SimpleTokenizer()
    texts = [reference.decoder[id] for id in range(size - 2)] + ["<|startoftext|>", "<|endoftext|>"]
    path.mkdir(parents=True, exist_ok=True)
    (path / "vocab.json").write_text(json.dumps({text: id for id, text in enumerate(texts)}))
    merges = sorted(reference.bpe_ranks, key=reference.bpe_ranks.get)[: size - 2 - 512]
    (path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(it) for it in merges) + "\n", "utf-8")


def clip_config(vocabulary: int, **more) -> dict:
    """Sizes of a small CLIP whose image network has two heads of 32."""
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "vocab_size": vocabulary, "max_position_embeddings": 20, "bos_token_id": vocabulary - 2,
            "eos_token_id": vocabulary - 1, "pad_token_id": 1, "projection_dim": 24}
    vision = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
              "image_size": 32, "patch_size": 8, "projection_dim": 24}
    return {"text_config": text | more, "vision_config": vision | more, "projection_dim": 24}


def clip_folder(folder: Path, vocabulary: int = 600, safe: bool = True, **more) -> nn.Module:
    """A small CLIP as on the Hugging Face hub: configuration, weights, vocabulary, preprocessing."""
    from transformers import CLIPConfig, CLIPModel

    model = alive(CLIPModel(CLIPConfig(**clip_config(vocabulary, **more))))
    words(folder, vocabulary)
    model.config.save_pretrained(folder)
    if safe:
        model.save_pretrained(folder)
    else:
        # Older checkpoints hold the numbers of the positions as well.
        numbers = {f"{part}_model.embeddings.position_ids": torch.arange(size)[None]
                   for part, size in (("text", 20), ("vision", 17))}
        torch.save(model.state_dict() | numbers, folder / "pytorch_model.bin")
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"resample": 3, "do_center_crop": True, "do_normalize": True, "crop_size": 32, "size": 32,
         "image_mean": [0.5, 0.4, 0.3], "image_std": [0.25, 0.26, 0.27]}))
    return model


def open_clip_file(path: Path, quick: bool, vocabulary: int = 600) -> nn.Module:
    """A small model of open_clip, saved as open_clip saves its own."""
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    vision = CLIPVisionCfg(layers=2, width=128, head_width=64, patch_size=8, image_size=32)
    text = CLIPTextCfg(context_length=20, vocab_size=vocabulary, width=64, heads=1, layers=3)
    model = alive(CLIP(24, vision, text, quick_gelu=quick))
    torch.save(model.state_dict(), path)
    return model


def open_clip_folder(folder: Path) -> nn.Module:
    """A smaller one, with the configuration that open_clip writes beside the weights."""
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    vision = {"layers": 1, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 16}
    text = {"context_length": 12, "vocab_size": 560, "width": 24, "heads": 2, "layers": 1}
    model = alive(CLIP(16, CLIPVisionCfg(**vision), CLIPTextCfg(**text)))
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    config = {"model_cfg": {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return model


def blip2_folder(folder: Path, side: int = 28, safe: bool = True) -> nn.Module:
    """A small BLIP-2 with OPT as on the Hugging Face hub, with the sizes of the golden weights of LAVIS."""
    from transformers import (Blip2Config, Blip2ForConditionalGeneration, Blip2QFormerConfig, Blip2VisionConfig,
                              OPTConfig)

    size = opt_vocabulary(folder)
    vision = Blip2VisionConfig(hidden_size=16, intermediate_size=69, num_hidden_layers=2, num_attention_heads=2,
                               image_size=side, patch_size=14)
    former = Blip2QFormerConfig(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                                intermediate_size=24, encoder_hidden_size=16, cross_attention_frequency=2)
    text = OPTConfig(vocab_size=size, hidden_size=32, num_hidden_layers=2, ffn_dim=40, num_attention_heads=2,
                     max_position_embeddings=64, word_embed_proj_dim=32, bos_token_id=2, eos_token_id=2, pad_token_id=1)
    config = Blip2Config(vision_config=vision.to_dict(), qformer_config=former.to_dict(), text_config=text.to_dict(),
                         num_query_tokens=3, image_token_index=size - 1)
    model = alive(Blip2ForConditionalGeneration(config))
    config.save_pretrained(folder)
    if safe:
        model.save_pretrained(folder, max_shard_size="60KB")
    else:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return model


def opt_vocabulary(folder: Path) -> int:
    """OPT's tokeniser with the bytes and a few merges, and the number of its tokens."""
    from storyeval_export.eyes.clip_vocabulary import byte_letters

    pairs = ["p h", "o t", "o f", "ph ot", "phot o", "\u0120 photo", "\u0120 of", "i n", "\u0120 in", "f r", "e d", "fr ed"]
    texts = ["<s>", "<pad>", "</s>", "<unk>", *byte_letters(), *("".join(it.split(" ")) for it in pairs), "<image>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({text: id for id, text in enumerate(texts)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(pairs) + "\n", "utf-8")
    special = {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    (folder / "tokenizer_config.json").write_text(json.dumps(special | {"add_bos_token": True, "add_prefix_space": False}))
    return len(texts)


def sam_folder(folder: Path, safe: bool = True) -> nn.Module:
    """A small SAM as on the Hugging Face hub."""
    from transformers import SamConfig, SamModel

    config = SamConfig(
        vision_config={"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 64,
                       "patch_size": 16, "mlp_dim": 32, "output_channels": 16, "window_size": 3,
                       "global_attn_indexes": [1], "num_pos_feats": 8},
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": 16, "mlp_dim": 24, "num_hidden_layers": 2, "iou_head_hidden_dim": 20})
    model = alive(SamModel(config))
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    if safe:
        model.save_pretrained(folder)
    else:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return model
