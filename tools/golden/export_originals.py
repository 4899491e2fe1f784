"""Golden weights and outputs of small networks, made by the publishers' own code.

    python tools/golden/export_originals.py lavis DIR
    python tools/golden/export_originals.py segment-anything DIR

`DIR` is a folder with the unpacked source of the package: `lavis/` of salesforce-lavis 1.0.2, which needs
transformers 4.31 beside torch, or `segment_anything/` of segment-anything 1.0. Of LAVIS two files are run, its
image network and its Q-Former; the packages that they only import are replaced by empty ones. Writes
`reference-data/golden/export-originals/<package>.safetensors`: `model/<key>` as the publisher saves them,
`in/<name>` and `out/<name>`. The exporter's tests hold their key names and arithmetic against it.
"""

import importlib.machinery
import importlib.util
import sys
import types
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

OUT = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "export-originals"


def module(name: str, **members: object) -> types.ModuleType:
    """An empty module with the given members."""
    made = types.ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(made).update(members)
    sys.modules[name] = made
    return made


def source(name: str, path: Path) -> types.ModuleType:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def alive(network: nn.Module) -> nn.Module:
    """Random weights that keep values alive."""
    torch.manual_seed(31)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() > 1:
                wide = "embed" in name or "token" in name
                parameter.normal_(0, 0.5 if wide else (2 / parameter[0].numel()) ** 0.5)
            else:
                parameter.normal_(float(name.endswith("weight")), 0.1)
    return network.eval()


class Blip2(nn.Module):
    """The parts of LAVIS' `Blip2OPT` before the language model, under its names."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        for name in ("lavis", "lavis.common", "timm", "timm.models"):
            module(name)
        module("lavis.common.dist_utils", download_cached_file=None)
        module("timm.models.registry", register_model=lambda it: it)
        module("timm.models.layers", drop_path=lambda it, *_: it, to_2tuple=lambda it: (it, it),
               trunc_normal_=nn.init.trunc_normal_)
        eva = source("eva", folder / "lavis/models/eva_vit.py")
        former = source("former", folder / "lavis/models/blip2_models/Qformer.py")
        self.visual_encoder = eva.VisionTransformer(
            img_size=42, patch_size=14, use_mean_pooling=False, embed_dim=16, depth=2, num_heads=2, mlp_ratio=4.3637,
            qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6))
        self.ln_vision = nn.LayerNorm(16)
        config = former.BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                                   vocab_size=20)
        config.encoder_width, config.add_cross_attention, config.cross_attention_freq, config.query_length = 16, True, 2, 3
        self.Qformer = former.BertLMHeadModel(config)
        # As Blip2OPT leaves out what reads text.
        self.Qformer.cls = None
        self.Qformer.bert.embeddings.word_embeddings = self.Qformer.bert.embeddings.position_embeddings = None
        for layer in self.Qformer.bert.encoder.layer:
            layer.output = layer.intermediate = None
        self.query_tokens = nn.Parameter(torch.zeros(1, 3, 16))
        self.opt_proj = nn.Linear(16, 32)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        states = self.ln_vision(self.visual_encoder(pixel_values))
        queries = self.query_tokens.expand(len(states), -1, -1)
        mask = torch.ones(states.shape[:2], dtype=torch.long)
        found = self.Qformer.bert(query_embeds=queries, encoder_hidden_states=states, encoder_attention_mask=mask,
                                  return_dict=True)
        return self.opt_proj(found.last_hidden_state)


def lavis(folder: Path) -> None:
    """`captioner.pth` as LAVIS writes it: what was trained, without the frozen language model."""
    network = alive(Blip2(folder))
    pixels = torch.randn(3, 3, 42, 42)
    with torch.no_grad():
        write("lavis", network, {"in/pixel_values": pixels, "out/prefix_embeds": network(pixels)})


def segment_anything(folder: Path) -> None:
    """`sam_vit_*.pth`, small."""
    sys.path.insert(0, str(folder))
    import segment_anything.modeling as parts

    network = alive(parts.Sam(
        parts.ImageEncoderViT(depth=3, embed_dim=16, img_size=64, mlp_ratio=2, patch_size=16, num_heads=2, out_chans=16,
                              norm_layer=partial(nn.LayerNorm, eps=1e-6), qkv_bias=True, use_rel_pos=True,
                              global_attn_indexes=[1], window_size=3),
        parts.PromptEncoder(embed_dim=16, image_embedding_size=(4, 4), input_image_size=(64, 64), mask_in_chans=4),
        parts.MaskDecoder(num_multimask_outputs=3, transformer_dim=16, iou_head_depth=3, iou_head_hidden_dim=20,
                          transformer=parts.TwoWayTransformer(depth=2, embedding_dim=16, mlp_dim=24, num_heads=8))))
    network.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix.normal_()
    pixels = torch.randn(2, 3, 64, 64)
    boxes = torch.tensor([[[3.0, 4, 40, 50], [0, 0, 63, 63]], [[1, 2, 8, 60], [30, 30, 50.5, 50]]])
    with torch.no_grad():
        embeddings = network.image_encoder(pixels)
        masks, scores = [], []
        for image, own in zip(embeddings, boxes):
            sparse, dense = network.prompt_encoder(points=None, boxes=own, masks=None)
            found = network.mask_decoder(
                image_embeddings=image[None], image_pe=network.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense, multimask_output=True)
            masks.append(found[0])
            scores.append(found[1])
    write("segment-anything", network, {
        "in/pixel_values": pixels, "in/input_boxes": boxes, "out/image_embeddings": embeddings,
        "out/masks": torch.stack(masks), "out/scores": torch.stack(scores)})


def write(name: str, network: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """One file, with versions in its metadata."""
    state = {f"model/{key}": value.contiguous() for key, value in network.state_dict().items()}
    OUT.mkdir(parents=True, exist_ok=True)
    versions = {"torch": torch.__version__.split("+")[0]}
    if "transformers" in sys.modules:
        versions["transformers"] = sys.modules["transformers"].__version__
    save_file(state | tensors, OUT / f"{name}.safetensors", metadata=versions)


if __name__ == "__main__":
    {"lavis": lavis, "segment-anything": segment_anything}[sys.argv[1]](Path(sys.argv[2]))
