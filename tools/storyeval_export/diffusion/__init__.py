"""The networks of Stable Diffusion and of Char-LDM, as graphs."""
