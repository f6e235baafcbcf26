"""Roles, log-in and accounts."""
