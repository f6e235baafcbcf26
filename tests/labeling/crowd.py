"""Made-up raters of whom everything is known."""

import numpy as np


def crowd(objects, raters, knows=0.7, seed=5):
    """True classes by object, and the labels of raters who know the class or guess evenly.

    `knows` is the probability with which a rater knows an object's class, or one for each.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 5, objects)
    known = rng.random((raters, objects)) < np.broadcast_to(knows, raters)[:, None]
    labels = np.where(known, truth, rng.integers(1, 5, (raters, objects)))
    return dict(enumerate(truth.tolist())), {
        f"rater{number}": dict(enumerate(row)) for number, row in enumerate(labels.tolist())
    }
