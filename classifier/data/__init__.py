"""From a manifest to tensors: stamps, training tensors, random views, resampling."""
