"""The runtime of computations: device, memory, progress."""
