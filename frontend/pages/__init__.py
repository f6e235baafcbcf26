"""The data that pages show, one subject a file."""
