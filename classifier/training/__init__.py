"""Train an ensemble: optimisation, checkpoints, provenance."""
