"""SAM as two graphs: an image once, then masks for as many boxes as there are."""

import torch
from torch import Tensor, nn
from transformers import SamConfig, SamModel


class SamImage(nn.Module):
    """Standardised pixels `[N, 3, side, side]` to image embeddings `[N, C, side / 16, side / 16]`.
    Keys as in `SamModel`."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        self.vision_encoder = SamModel(config).vision_encoder

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.vision_encoder(pixel_values).last_hidden_state


class SamMask(nn.Module):
    """Image embeddings `[N, C, h, w]` and boxes `[N, K, 4]` (left, top, right, bottom in pixels of the
    network's image) to mask logits `[N, K, 3, 4 h, 4 w]`, positive inside, and the quality that the
    network expects of each, `[N, K, 3]`. Keys as in `SamModel`."""

    def __init__(self, config: SamConfig) -> None:
        super().__init__()
        whole = SamModel(config)
        self.prompt_encoder, self.mask_decoder = whole.prompt_encoder, whole.mask_decoder
        self.shared_image_embedding = whole.shared_image_embedding
        self.side = config.prompt_encoder_config.image_embedding_size

    def positions(self) -> Tensor:
        """Position embeddings of the cells of an image, `[1, C, h, w]`."""
        places = (torch.arange(self.side, dtype=torch.float32) + 0.5) / self.side
        rows, columns = torch.meshgrid(places, places, indexing="ij")
        found = self.shared_image_embedding(torch.stack([columns, rows], -1)[None])
        return found.permute(0, 3, 1, 2)

    def corners(self, boxes: Tensor) -> Tensor:
        """Embeddings of two corners a box, `[N, K, 2, C]`."""
        encoder = self.prompt_encoder
        size = (encoder.input_image_size, encoder.input_image_size)
        # To the middle of the pixel.
        points = (boxes + 0.5).unflatten(-1, (2, 2))
        kinds = torch.stack([encoder.point_embed[2].weight[0], encoder.point_embed[3].weight[0]])
        return encoder.shared_embedding(points, size) + kinds

    def forward(self, image_embeddings: Tensor, input_boxes: Tensor) -> tuple[Tensor, Tensor]:
        images, boxes = input_boxes.shape[0], input_boxes.shape[1]
        # The decoder's own batch of several boxes an image has sums of open sizes; a box is a row here.
        each = image_embeddings[:, None].expand(-1, boxes, -1, -1, -1).flatten(0, 1)
        dense = self.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        masks, scores = self.mask_decoder(
            image_embeddings=each,
            image_positional_embeddings=self.positions().expand(each.shape[0], -1, -1, -1),
            sparse_prompt_embeddings=self.corners(input_boxes).flatten(0, 1)[:, None],
            dense_prompt_embeddings=dense.expand(each.shape[0], -1, self.side, self.side),
            multimask_output=True,
        )
        return masks[:, 0].unflatten(0, (images, boxes)), scores[:, 0].unflatten(0, (images, boxes))
