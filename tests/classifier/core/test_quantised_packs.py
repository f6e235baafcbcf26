"""Quantised stamp packs: small, within 1/16 of the sky's sigma, and damage that is named."""

import shutil

import numpy as np
import pytest
import zarr

from classifier.core.errors import PackError
from classifier.core.packs import (
    QUANTISED,
    SHARD,
    Pack,
    new_pack,
    read_readable,
    read_stamps,
)

SIGMA = np.array([0.003, 0.006, 0.01, 0.02, 0.016])


def skies(count, seed=0):
    """(count, 5, 100, 100) noise of SIGMA with a star in the middle, NaN and unexposed pixels."""
    rng = np.random.default_rng(seed)
    block = rng.normal(0, SIGMA[:, None, None], (count, 5, 100, 100))
    y, x = np.mgrid[:100, :100] - 50
    block += 3000 * SIGMA[:, None, None] * np.exp(-(x**2 + y**2) / 8)
    block[:, 1, :20], block[:, 2, 90:] = np.nan, 0
    return block.astype(np.float32)


def write(path, block, sky_sigma=SIGMA, observed=None):
    observed = np.ones((len(block), 5), bool) if observed is None else observed
    with new_pack(path, len(block), sky_sigma=sky_sigma, field="ngc1") as add:
        for first in range(0, len(block), SHARD):
            add(first, block[first : first + SHARD], observed[first : first + SHARD])
    return path


def assert_close(images, block):
    error = np.abs(images.astype(np.float64) - block) / SIGMA[:, None, None]
    assert np.nanmax(error) < 1 / 16
    np.testing.assert_array_equal(np.isnan(images), np.isnan(block))
    np.testing.assert_array_equal(images == 0, block == 0)


def test_all_pixels_are_within_the_bound_in_any_order_of_rows(tmp_path):
    block = skies(140)
    pack = Pack.open(write(tmp_path / "a.zarr", block))
    rows = np.array([139, 0, 1, 70, 1, 128])
    assert_close(pack.read(rows)[0], block[rows])
    assert_close(pack.read(np.arange(140))[0], block)
    images, _ = pack.read(rows, ["V", "NUV"])
    np.testing.assert_array_equal(images, pack.read(rows)[0][:, [3, 0]])
    np.testing.assert_array_equal(read_stamps(tmp_path / "a.zarr", 139), pack.read(rows)[0][0])


def test_a_candidate_takes_at_most_60_kb(tmp_path):
    path = write(tmp_path / "a.zarr", skies(SHARD))
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert size / SHARD < 60_000


def test_the_pack_says_how_it_is_quantised(tmp_path):
    path = write(tmp_path / "a.zarr", skies(3))
    group = zarr.open_group(path, mode="r")
    assert group.attrs["format"] == QUANTISED
    assert group.attrs["field"] == "ngc1"
    assert group.attrs["quantisation"]["method"] == "SUBTRACTIVE_DITHER_2"
    assert group["levels"].chunks == (1, 5, 100, 100)
    np.testing.assert_allclose(group["step"][...], np.tile(SIGMA / 10, (3, 1)), rtol=1e-6)


def test_steps_are_given_in_the_order_of_the_bands(tmp_path):
    block = skies(2)
    block[1, 3] = 7
    pack = Pack.open(write(tmp_path / "a.zarr", block))
    np.testing.assert_allclose(pack.steps(0, ["I", "NUV"]), SIGMA[[4, 0]] / 10, rtol=1e-6)
    assert pack.steps(1)[3] == 0
    np.testing.assert_array_equal(pack.read(np.array([1]))[0][0, 3], block[1, 3])


def test_a_lossless_pack_has_no_steps(tmp_path):
    pack = Pack.open(write(tmp_path / "a.zarr", skies(2), sky_sigma=None))
    assert not pack.quantised
    assert not pack.steps(1).any()


def test_the_noise_may_differ_from_candidate_to_candidate(tmp_path):
    sigma = np.tile(SIGMA, (2, 1))
    sigma[1] /= 10
    pack = Pack.open(write(tmp_path / "a.zarr", skies(2), sky_sigma=sigma))
    np.testing.assert_allclose(pack.step, sigma / 10, rtol=1e-6)


def test_a_band_whose_noise_is_unknown_is_lossless(tmp_path):
    block = skies(2)
    sigma = [np.nan, *SIGMA[1:]]
    pack = Pack.open(write(tmp_path / "a.zarr", block, sky_sigma=sigma))
    images, _ = pack.read(np.arange(2))
    assert images[:, 0].tobytes() == block[:, 0].tobytes()
    assert (pack.step > 0).all(axis=0).tolist() == [False, True, True, True, True]


def test_bands_that_were_not_observed_are_nan(tmp_path):
    block, observed = skies(2), np.ones((2, 5), bool)
    observed[0, 4], block[0, 4] = False, np.nan
    images, flags = Pack.open(write(tmp_path / "a.zarr", block, observed=observed)).read(
        np.arange(2)
    )
    np.testing.assert_array_equal(flags, observed)
    assert np.isnan(images[0, 4]).all()


def test_the_same_stamps_give_the_same_pack(tmp_path):
    first, second = (write(tmp_path / name, skies(3)) for name in ("a.zarr", "b.zarr"))
    files = [path.relative_to(first) for path in first.rglob("*") if path.is_file()]
    assert len(files) == 9
    for path in files:
        assert (first / path).read_bytes() == (second / path).read_bytes()


def lose_levels(path):
    shutil.rmtree(path / "levels" / "c")


def lose_steps(path):
    shutil.rmtree(path / "step" / "c")


def lose_zeros(path):
    shutil.rmtree(path / "zero" / "c")


def lose_observed(path):
    shutil.rmtree(path / "observed" / "c")


def lose_an_array(path):
    shutil.rmtree(path / "zero")


def cut_short(path):
    shard = path / "levels" / "c" / "0" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:5000])


def change_a_byte(path):
    shard = path / "levels" / "c" / "0" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[4000] ^= 0xFF
    shard.write_bytes(content)


DAMAGE = [
    lose_levels,
    lose_steps,
    lose_zeros,
    lose_observed,
    lose_an_array,
    cut_short,
    change_a_byte,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_pack_is_named(tmp_path, damage):
    path = write(tmp_path / "a.zarr", skies(1))
    damage(path)
    with pytest.raises(PackError, match=r"a\.zarr"):
        read_stamps(path, 0)


def test_lossless_bands_of_a_lost_file_are_not_taken_for_zeros(tmp_path):
    path = write(tmp_path / "a.zarr", skies(130), sky_sigma=np.zeros(5))
    (path / "levels" / "c" / "1" / "0" / "0" / "0").unlink()
    part = read_readable(path, np.array([127, 128, 129]))
    assert part.indices.tolist() == [0]
    assert "has lost row 128 on disk" in part.unreadable[0][1]
