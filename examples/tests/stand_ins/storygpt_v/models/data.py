"""Stand-in: portraits are files of data/chars below the current folder, and a token marks the name before it."""

import torch
from noted import note
from torchvision.io import ImageReadMode, read_image


class EvalStoryDataset(object):
    def __init__(self, tokenizer, object_transforms, image_token="<|image|>", max_num_objects=4, device=None, root=None,
                 ref_image='text', story_len=4):  # fmt: skip
        raise AssertionError("the files of the data set are not here")

    def prepare_data(self, caption, prompt_sd, char_names, image_id, ref_flag, captions, image_ids):
        assert self.tokenizer.encode(self.image_token)[1] == self.image_token_id
        portraits = [self.object_transforms(read_image(f"data/chars/{it['word']}.jpeg", mode=ImageReadMode.RGB)) for it in char_names]
        pixels = torch.stack(portraits).float() if portraits else torch.zeros((self.max_num_objects, 3, 224, 224))
        length = self.tokenizer.model_max_length
        note("prepare_data", prompt=prompt_sd, names=[it["word"] for it in char_names], ref_flag=ref_flag, captions=captions)
        mask = torch.tensor([[place < len(portraits) for place in range(length)]])
        return {
            "input_ids": torch.zeros(1, length, dtype=torch.long), "image_token_mask": mask, "object_pixel_values": pixels,
            "num_objects": torch.tensor(len(portraits)), "prompt_text_only": caption, "ref_flag": ref_flag,
        }  # fmt: skip


class EvalPororoStoryDataset(EvalStoryDataset):
    def __init__(self, tokenizer, object_transforms, image_token="<|image|>", max_num_objects=4, device=None, root=None,
                 ref_image='text'):  # fmt: skip
        raise AssertionError("the files of the data set are not here")

    def prepare_data(self, caption, prompt_sd, char_names, image_id, ref_flag, captions, image_ids):
        return super().prepare_data(caption, prompt_sd, char_names, image_id, ref_flag, captions, image_ids)
