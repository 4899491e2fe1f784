"""Stand-in: a frame is its caption, and the frame before it when the mask of the sources would let it see that."""

import torch
from noted import note
from PIL import Image
from torchvision import transforms


class Tokenizer:
    """One token per word; names that were added are one token, others are 1."""

    def __init__(self):
        self.added = []

    def add_tokens(self, names):
        self.added += names

    def __call__(self, texts, padding=None, max_length=None, truncation=False, return_tensors=None):
        ids = [[2 + self.added.index(word.lower()) if word.lower() in self.added else 1 for word in text.split()] for text in texts]
        if padding is None:
            return {"input_ids": ids}
        assert (padding, return_tensors) == ("max_length", "pt")
        ids = [it[:max_length] if truncation else it for it in ids]
        mask = torch.tensor([[1] * len(it) + [0] * (max_length - len(it)) for it in ids])
        return {"input_ids": torch.tensor([it + [0] * (max_length - len(it)) for it in ids]), "attention_mask": mask}


class ARLDM(torch.nn.Module):
    def __init__(self, args, steps_per_epoch=1):
        super().__init__()
        self.args, self.task = args, args.task
        assert args.mode == "sample" and args.get(args.dataset).max_length
        self.scale = torch.nn.Parameter(torch.zeros(()))
        self.clip_tokenizer, self.blip_tokenizer = Tokenizer(), Tokenizer()
        self.blip_image_processor = transforms.Compose([transforms.Resize([224, 224]), transforms.ToTensor()])

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path, map_location=None, hparams_file=None, strict=True, **kwargs):
        model = cls(**kwargs)
        model.load_state_dict(torch.load(checkpoint_path, map_location=map_location)["state_dict"], strict=strict)
        return model

    def sample(self, batch):
        original_images, captions, attention_mask, source_images, source_caption, source_attention_mask = batch
        (stories, frames, length), given = captions.shape, self.task == "continuation"
        sources = frames + given
        assert stories == 1 and attention_mask.shape == captions.shape and original_images.shape[:2] == captions.shape[:2]
        assert source_images.shape == (1, sources, 3, 224, 224) and source_caption.shape == (1, sources, length)
        assert source_attention_mask.shape == source_caption.shape
        note("sample", steps=self.args.num_inference_steps, guidance=self.args.guidance_scale, scheduler=self.args.scheduler,
             fid=self.args.calculate_fid, length=length, captions=captions[0, :, :3].tolist(),
             sources=source_images[0].mean(dim=(1, 2, 3)).tolist(), source_captions=source_caption[0, :, :3].tolist())  # fmt: skip
        images, before = [], source_images[0, 0].mean().item() if given else 0.0
        for frame in range(frames):
            level = captions[0, frame].float().mean().item() * self.scale.item()
            noise = torch.rand(()).item()
            images.append(Image.new("RGB", (512, 512), (int(before * 255), int(level * 40) % 256, int(noise * 255))))
            before = self.blip_image_processor(images[-1]).mean().item()
        return original_images, images
