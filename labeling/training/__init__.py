"""Training sets of runs, and automatic retraining."""
