"""Simulated fields: for the demonstration, and for real catalogues whose pixels we lack."""

from labeling.simulation.field import SimulatedField, simulate_field

__all__ = ["SimulatedField", "simulate_field"]
