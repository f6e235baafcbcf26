"""Measure predictions against labels: metrics, comparison, calibration, figures."""
