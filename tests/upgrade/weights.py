"""Files of weights without their 60 MB: the header as it was written, and values from a seed.

An older version wrote the header, and computed with these values; a test makes the file again.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH_BYTES = 8


def header_of(content: bytes) -> bytes:
    """Return the header of a safetensors file: its length, and the JSON on the tensors."""
    return content[: _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")]


def with_values(header: bytes, seed: int) -> bytes:
    """Return a file with this header, and the values that belong to the seed."""
    tensors = json.loads(header[_LENGTH_BYTES:])
    tensors.pop("__metadata__", None)
    return b"".join([header, *_values(tensors, seed)])


def _values(tensors: dict[str, Any], seed: int) -> Iterator[bytes]:
    """Yield the bytes of each tensor, in the order of the file."""
    in_order = sorted(tensors.items(), key=lambda entry: entry[1]["data_offsets"])
    for number, (name, tensor) in enumerate(in_order):
        assert tensor["dtype"] == "F32", name
        shape = tensor["shape"]
        uniform = _uniform(int(np.prod(shape)), seed + number)
        if len(shape) > 1:
            # He et al. 2015: signals keep their size from layer to layer.
            values = uniform * np.sqrt(24.0 / np.prod(shape[1:]))
        else:
            values = 0.1 * uniform + name.endswith("weight")
        yield values.astype("<f4").tobytes()


def _uniform(count: int, seed: int) -> NDArray[np.float64]:
    """Return numbers from -0.5 to 0.5; numpy promises the same raw bits for ever."""
    bits = np.random.PCG64(seed).random_raw(count)
    return (bits >> np.uint64(40)) / 2.0**24 - 0.5
