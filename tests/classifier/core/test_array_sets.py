"""Arrays of stamps and labels as a training set, in one call."""

import doctest

import numpy as np
import pytest

import classifier
from classifier.core import array_sets
from classifier.core.packs import open_pack
from classifier.core.stamp_arrays import fit_to_pack, position_in_pack


def write(tmp_path, stamps, labels=None, **options):
    return array_sets.write_training_set(tmp_path / "set", stamps, labels, **options)


def read(tmp_path, row):
    pixels, observed = open_pack(tmp_path / "set" / "stamps.zarr").read(np.array([row]))
    return pixels[0], observed[0]


def test_the_example_is_right(tmp_path):
    example = doctest.DocTestFinder().find(
        array_sets.write_training_set, globs=vars(array_sets) | {"folder": tmp_path / "set"}
    )[0]
    result = doctest.DocTestRunner().run(example)
    assert (result.failed, result.attempted) == (0, 10)


def test_it_is_a_public_name():
    assert classifier.write_training_set is array_sets.write_training_set


def test_a_network_is_trained_on_it(tmp_path):
    rng = np.random.default_rng(2)
    manifest = write(tmp_path, rng.normal(size=(24, 5, 40, 40)), np.arange(24) % 4 + 1)
    settings = {"members": 1, "batches": 1, "batch_size": 4, "device": "cpu", "pretrained": False}
    config = classifier.TrainingConfig.from_dict("quick", settings)
    classifier.train(config, manifest, tmp_path / "run")
    assert len(classifier.predict(tmp_path / "run", manifest).candidate) == 24


@pytest.mark.parametrize("size", [25, 50, 51, 99, 100, 101, 128, 151])
def test_other_sizes_keep_their_centre(size):
    stamp = np.zeros((size, size))
    middle = [(size - 1) // 2, size // 2]
    stamp[np.ix_(middle, middle)] = 1
    fitted = fit_to_pack(stamp)
    rows, columns = np.nonzero(fitted == 1)
    # The middle of an even size is 49.5; the pixel in the middle of an odd size is 50.
    centre = 50 if size % 2 else 49.5
    assert (rows.mean(), columns.mean(), position_in_pack(size)) == (centre,) * 3


def test_padding_has_no_data_and_pixels_are_exact(tmp_path):
    stamps = np.random.default_rng(3).normal(size=(2, 5, 32, 64)).astype(np.float32)
    write(tmp_path, stamps)
    pixels, _ = read(tmp_path, 1)
    np.testing.assert_array_equal(pixels[:, 34:66, 18:82], stamps[1])
    assert np.isfinite(pixels).sum() == 5 * 32 * 64


def test_bands_that_are_zero_or_missing_are_not_observed(tmp_path):
    stamps = np.ones((1, 3, 100, 100))
    stamps[0, 1] = 0
    write(tmp_path, stamps, bands=("U", "V", "I"))
    pixels, observed = read(tmp_path, 0)
    assert observed.tolist() == [False, True, False, False, True]
    assert np.isnan(pixels[[0, 2, 3]]).all()


def test_infinite_pixels_have_no_data():
    stamp = np.full((100, 100), 1e300)
    stamp[0, 0] = 2
    assert np.isfinite(fit_to_pack(stamp)).sum() == 1


def test_the_split_is_the_same_every_time_and_can_be_given(tmp_path):
    stamps = np.ones((500, 1, 2, 2), np.float32)
    options = {"bands": ["V"], "ids": range(500)}
    first = array_sets.write_training_set(tmp_path / "a", stamps, **options)
    again = array_sets.write_training_set(tmp_path / "b", stamps[::-1], **options)
    assert first.split.tolist() == again.split.tolist()
    assert 70 < (first.split == "control").sum() < 130
    given = array_sets.write_training_set(tmp_path / "c", stamps, split=["train"] * 500, **options)
    assert set(given.split) == {"train"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stamps": np.ones((4, 5, 9))}, "must be numbers"),
        ({"stamps": np.full((4, 5, 9, 9), None)}, "must be numbers"),
        ({"bands": ["V", "I"]}, "stamps have 5 bands, and 2 are named"),
        ({"bands": ["V"] * 5}, "different ones of NUV"),
        ({"bands": ["X"] * 5}, "different ones of NUV"),
        ({"labels": [1, 2]}, "2 labels for 4 stamps"),
        ({"labels": [1, 2, 3, -1]}, "whole numbers"),
        ({"labels": [1.0, 2.5, 3, 4]}, "whole numbers"),
        ({"ids": [1, 2, 3, 3]}, "two candidates have the same id"),
        ({"split": ["train", "train", "train", "test"]}, "'test' must be train or control"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, change, reason):
    arguments = {"stamps": np.ones((4, 5, 9, 9)), "labels": [1, 2, 3, 4]} | change
    with pytest.raises(ValueError, match=reason):
        write(tmp_path, **arguments)
    assert not (tmp_path / "set" / "training.csv").exists()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        write(tmp_path, np.ones((4, 5, 9, 9)))
