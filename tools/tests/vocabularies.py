"""Where the golden vocabularies are. No PyTorch is needed to read them."""

from pathlib import Path

TOKENS = Path(__file__).resolve().parents[2] / "reference-data" / "golden" / "tokens"
"""Vocabularies of the same classes (`tools/golden/tokens.py`)."""
