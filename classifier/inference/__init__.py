"""Predict with an ensemble: members, batches, embeddings, refitted heads."""
