"""Training of the small MiniSV models shipped with storyeval, and their export to ONNX."""
