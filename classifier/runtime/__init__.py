"""Where and how computations run: device, memory, progress."""
