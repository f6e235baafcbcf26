"""The networks: backbones, the dual backbone, StarcNet and ImageNet weights."""
