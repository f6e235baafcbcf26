"""Prepared queries and bulk writes: the only place with raw SQL."""
