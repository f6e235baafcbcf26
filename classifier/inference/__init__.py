"""Predict with an ensemble: members, embeddings, refitted heads."""
