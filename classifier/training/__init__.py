"""Train an ensemble: optimisation, members, checkpoints, provenance."""
