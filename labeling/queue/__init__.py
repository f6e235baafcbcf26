"""The queue of candidates for each expert."""
