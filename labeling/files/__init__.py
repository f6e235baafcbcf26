"""Paths of files, and values that file formats accept."""
