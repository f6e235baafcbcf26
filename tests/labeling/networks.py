"""Files in which somebody else's network says what it thinks of candidates."""

import numpy as np
from astropy.table import Table

from classifier.core.classes import PROBABILITY_COLUMNS


def answers(count, right=None):
    """Probabilities (count, 4) that add up to 1; of the class `right(k)` for row k, if given."""
    p = np.random.default_rng(7).dirichlet(np.ones(4), count)
    for k in range(count) if right else ():
        p[k] = 0.1
        p[k, right(k) - 1] = 0.7
    return p


def starcnet_line(name, p, label=None):
    """A row of StarcNet's text table."""
    shown = " - ".join(f"{value:.2f}" for value in p)
    return f"{name}\t3006\t5901\t{label or 1 + int(np.argmax(p))}\t[{shown}]"


def write_starcnet(path, names, p):
    """StarcNet's text table."""
    lines = [starcnet_line(name, row) for name, row in zip(names, p, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_scores(path, p, dtype=np.float32):
    """StarcNet's array; an additive constant of each row means nothing."""
    np.save(path, (np.log(p) + 3).astype(dtype))
    return path


def write_table(path, names, p, **how):
    """A table with named columns, in the format of its ending."""
    columns = dict(zip(PROBABILITY_COLUMNS, np.transpose(p), strict=True))
    Table({"id": names, **columns}).write(path, **how)
    return path
