"""From a manifest to tensors: datasets, augmentation and random views."""
