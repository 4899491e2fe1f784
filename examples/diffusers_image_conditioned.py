"""A pipeline of diffusers that draws every frame from the one before it (image to image).

Frame 1 comes from its caption alone, or is given (continuation). The card: examples/cards/diffusers-image-conditioned.toml.
"""

from __future__ import annotations

from diffusers import AutoPipelineForImage2Image
from diffusers_text_to_image import SETTINGS, TextToImage
from storyeval.worker import serve


class ImageConditioned(TextToImage):
    name = "diffusers-image-conditioned"
    version = "1"
    # A frame at a time: it gets the captions up to that frame and the frames before it.
    context = "frame"
    earlier_frames = True
    defaults = {**SETTINGS, "strength": 0.75}  # 0 repeats the frame before, 1 ignores it

    def load(self, device, options, seed):
        super().load(device, options, seed)
        self.from_image = AutoPipelineForImage2Image.from_pipe(self.pipeline)
        self.from_image.set_progress_bar_config(disable=True)
        network = getattr(self.pipeline, "unet", None) or self.pipeline.transformer
        side = (getattr(self.pipeline, "default_sample_size", None) or network.config.sample_size) * self.pipeline.vae_scale_factor
        # The pipeline draws in the size of its image, and a given frame has that of the data set.
        self.side = {"width": side, "height": side, **self.size()}

    def draw(self, story):
        before = {earlier.index: earlier for earlier in story.earlier_frames}
        for frame in story.to_draw():
            if frame.index == 1:
                yield from self.images(self.pipeline, [frame], **self.size())
                continue
            image = before[frame.index - 1].image.resize((self.side["width"], self.side["height"]))
            yield from self.images(self.from_image, [frame], image=[image], strength=self.chosen["strength"])


if __name__ == "__main__":
    serve(ImageConditioned)
