"""Simulated fields: for the demonstration, and for catalogues whose images are not available."""

from labeling.simulation.field import SimulatedField, simulate_field
from labeling.simulation.instrument import WFC3_UVIS, ZeroPoint, read_zero_points
from labeling.simulation.legus import read_legus
from labeling.simulation.psf import read_psfs
from labeling.simulation.survey import NGC1566, SimulatedSurvey, SurveyFrame, simulate_survey

__all__ = [
    "NGC1566",
    "WFC3_UVIS",
    "SimulatedField",
    "SimulatedSurvey",
    "SurveyFrame",
    "ZeroPoint",
    "read_legus",
    "read_psfs",
    "read_zero_points",
    "simulate_field",
    "simulate_survey",
]
