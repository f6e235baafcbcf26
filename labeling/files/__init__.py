"""Where and how files are written."""
