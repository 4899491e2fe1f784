"""The stages of the MiniSV run, in order."""

from . import (evaluate, evaluate_metrics, export, export_metrics, train_captioner, train_clip,
               train_features, train_ldm, train_llm, train_locator, train_lpips, train_vae, train_vision, writer)

STAGES = {**train_vision.STAGES, **train_vae.STAGES, **train_ldm.STAGES, **train_llm.STAGES,
          **train_clip.STAGES, **train_lpips.STAGES, **train_captioner.STAGES,
          **train_features.STAGES, **train_locator.STAGES, **evaluate.STAGES, **export.STAGES, **export_metrics.STAGES, **writer.STAGES,
          **evaluate.FINAL_STAGES, **evaluate_metrics.STAGES, **train_locator.FINAL_STAGES}
