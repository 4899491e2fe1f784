"""Networks that look at images: their architectures where no library has them, and key names."""
