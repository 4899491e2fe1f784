//! Pure functions on slices: accuracy and F1, Fréchet distance. No input or output.
