"""The two towers of CLIP as graphs, over transformers' `CLIPModel` parts."""

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel


class ImageTower(nn.Module):
    """Standardised pixels `[N, 3, h, w]` to embeddings `[N, dim]`, not normalised. Keys as in `CLIPModel`."""

    def __init__(self, config: CLIPVisionConfig, dim: int) -> None:
        super().__init__()
        whole = CLIPVisionModel(config)
        # transformers 5 has the tower itself under this class, older versions one level below.
        self.vision_model = getattr(whole, "vision_model", whole)
        self.visual_projection = nn.Linear(config.hidden_size, dim, bias=False)

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.visual_projection(self.vision_model(pixel_values=pixel_values).pooler_output)


class TextTower(nn.Module):
    """Token ids int64 `[N, context]`, begin and end of text included, to embeddings `[N, dim]`, not
    normalised: the last state at the first end of text. What follows it does not matter, since tokens
    see only those before them. Keys as in `CLIPModel`."""

    def __init__(self, config: CLIPTextConfig, dim: int, eos_id: int) -> None:
        super().__init__()
        whole = CLIPTextModel(config)
        self.text_model = getattr(whole, "text_model", whole)
        self.text_projection = nn.Linear(config.hidden_size, dim, bias=False)
        self.eos_id = eos_id

    def forward(self, input_ids: Tensor) -> Tensor:
        states = self.text_model(input_ids=input_ids).last_hidden_state
        end = (input_ids == self.eos_id).to(torch.int32).argmax(1)
        at = end.view(-1, 1, 1).expand(-1, 1, states.shape[2])
        return self.text_projection(states.gather(1, at).squeeze(1))
