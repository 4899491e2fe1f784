"""The language half of StoryGPT-V: the frozen language model, its eyes, and the mapper to a context.

Facts are from `gill/models.py` and `gill/layers.py` of StoryGPT-V (commit 3969f68).
"""
