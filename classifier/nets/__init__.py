"""The networks: dual backbones, StarcNet and the weights they start from."""
