"""Classifiers, a captioner and a CLIP for a data set of one's own, by the recipes of the MiniSV networks."""
