"""Active learning: acquisition, replays of labelling, label efficiency."""
