"""Beam search of Hugging Face `generate` on the mini captioner: the reference for what Rust must write."""

import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from .tokens import BOS, EOS, PAD

NUM_BEAMS, MAX_NEW_TOKENS, MIN_LENGTH, LENGTH_PENALTY = 5, 30, 1, 1.0


class WriterConfig(PretrainedConfig):
    """What `generate` asks of a configuration."""

    model_type = "storyeval-captioner"


class Writer(PreTrainedModel, GenerationMixin):
    """The captioner as a decoder-only model whose prompt is <s>; the frame's prefix is a keyword."""

    config_class = WriterConfig
    main_input_name = "input_ids"

    def __init__(self, captioner, vocabulary):
        super().__init__(WriterConfig(vocab_size=vocabulary, is_encoder_decoder=False, bos_token_id=BOS,
                                      eos_token_id=EOS, pad_token_id=PAD))
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.captioner = [captioner]  # not registered: its weights are not this model's

    def prepare_inputs_for_generation(self, input_ids, prefix=None, **_):
        return {"input_ids": input_ids, "prefix": prefix}

    def forward(self, input_ids=None, prefix=None, **_):
        return CausalLMOutput(logits=self.captioner[0].logits(prefix, input_ids))


def until_end(ids):
    """The ids before the first </s> (`generate` fills up with </s> where the padding id is 0)."""
    return ids[:ids.index(EOS)] if EOS in ids else ids


def detokenised(dictionary, ids):
    """Text of generated ids as the written tokenizer decodes it: spaces, none before punctuation."""
    words = [dictionary.words[i] for i in until_end(ids) if i not in (PAD, BOS)]
    return " ".join(words).replace(" .", ".").replace(" ,", ",")


@torch.no_grad()
def captions_of(model, dictionary, images, beams=NUM_BEAMS, count=1, batch=64):
    """(captions, ids): per image its best caption, or a list of `count` best ones."""
    writer = Writer(model, len(dictionary.words)).eval()
    settings = GenerationConfig(
        num_beams=beams, num_return_sequences=count, max_new_tokens=MAX_NEW_TOKENS, do_sample=False,
        min_length=MIN_LENGTH, length_penalty=LENGTH_PENALTY, early_stopping=False, use_cache=False,
        bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD)
    texts, tokens = [], []
    for part in images.split(batch):
        prefix = model.eyes(part)
        start = torch.full((len(part), 1), BOS)
        out = writer.generate(input_ids=start, prefix=prefix, generation_config=settings)
        for row in out[:, 1:].tolist():
            tokens.append(until_end(row))
            texts.append(detokenised(dictionary, row))
    if count > 1:
        texts = [texts[i:i + count] for i in range(0, len(texts), count)]
        tokens = [tokens[i:i + count] for i in range(0, len(tokens), count)]
    return texts, tokens
