"""Active learning: acquisition values, and replays of labelling that compare them."""
