"""What a training run learns from, and when it starts."""
