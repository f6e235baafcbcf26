"""Compressed and scaled mosaics: unpacked once, to a file that is gone when nobody uses it."""

import bz2
import gc
import gzip
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from labeling.imaging.fits_pixels import keep_unpacked
from labeling.imaging.mosaics import UnusableImage, read_mosaic, read_section
from tests.labeling.skies import write_mosaic
from tests.services.site import ROOT

DESCRIPTORS = Path("/proc/self/fd")
NOISE = np.random.default_rng(3).normal(5, 1, (260, 240)).astype(np.float32)


def compressed(tmp_path, pack=gzip.compress):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(pack(write_mosaic(tmp_path / "a.fits", image=NOISE).read_bytes()))
    return path


def open_files(folder):
    """Return the unnamed files of this process in a folder."""
    links = [link.readlink() for link in DESCRIPTORS.iterdir() if link.is_symlink()]
    return [link for link in links if link.is_relative_to(folder)]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_the_file_itself_is_read_only_once(tmp_path, pack):
    path = compressed(tmp_path, pack)
    mosaic = read_mosaic(path)
    path.write_bytes(bytes(100))
    np.testing.assert_array_equal(mosaic.image, NOISE)
    np.testing.assert_array_equal(mosaic.map_pixels(), NOISE)
    window = mosaic.window(slice(3, 9), slice(5, 60))
    np.testing.assert_array_equal(window, NOISE[3:9, 5:60])
    with mosaic.open() as file:
        assert file[0].header["FILTER"] == "F555W"


def test_a_mosaic_in_use_is_not_read_again_unless_its_file_has_changed(tmp_path):
    path = compressed(tmp_path)
    mosaic = read_mosaic(path)
    assert read_mosaic(path) is mosaic
    assert read_mosaic(path, 0) is mosaic
    path.write_bytes(gzip.compress(write_mosaic(tmp_path / "b.fits", image=2 * NOISE).read_bytes()))
    np.testing.assert_array_equal(read_mosaic(path).image, 2 * NOISE)


def test_bands_in_one_compressed_file_share_what_it_was_unpacked_to(tmp_path):
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(NOISE), fits.ImageHDU(2 * NOISE)]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    first, second = (read_mosaic(path, number) for number in (1, 2))
    assert first.unpacked is second.unpacked
    np.testing.assert_array_equal(second.map_pixels(), 2 * NOISE)


def test_windows_of_a_compressed_file_unpack_it_once(tmp_path):
    path = compressed(tmp_path)
    window = slice(3, 9), slice(5, 60)
    for _ in range(2):
        section = read_section(path, 0, *window, scratch=tmp_path)
        np.testing.assert_array_equal(section, NOISE[window])
    assert keep_unpacked(path, tmp_path) is keep_unpacked(path, tmp_path)
    assert keep_unpacked(tmp_path / "a.fits", tmp_path) is None
    path.write_bytes(gzip.compress(write_mosaic(tmp_path / "b.fits", image=2 * NOISE).read_bytes()))
    section = read_section(path, 0, *window, scratch=tmp_path)
    np.testing.assert_array_equal(section, 2 * NOISE[window])


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="needs /proc")
def test_the_scratch_file_goes_with_the_mosaic(tmp_path):
    path = compressed(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mosaic = read_mosaic(path, scratch=scratch)
    assert open_files(scratch)
    assert not list(scratch.iterdir())  # not even a killed process leaves something
    del mosaic
    gc.collect()
    assert not open_files(scratch)


def test_what_follows_a_damaged_header_is_still_checked(tmp_path):
    content = write_mosaic(tmp_path / "a.fits", image=NOISE).read_bytes()
    packed = bytearray(gzip.compress(content + b"XTENSION= 'IMAGE'".ljust(80) + b"END".ljust(2800)))
    path = tmp_path / "a.fits.gz"
    path.write_bytes(packed)
    np.testing.assert_array_equal(read_mosaic(path).image, NOISE)
    packed[-8] ^= 1
    path.write_bytes(packed)
    with pytest.raises(UnusableImage, match="CRC"):
        read_mosaic(path)


@pytest.mark.parametrize("name", ["a.fits.gz", "scaled.fits"])
def test_too_little_disk_is_said_before_anything_is_unpacked(tmp_path, name):
    disk = tmp_path / "disk"
    disk.mkdir()
    compressed(tmp_path)
    fits.PrimaryHDU(NOISE.astype(np.int16)).writeto(tmp_path / "scaled.fits")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small disk")
    try:
        with pytest.raises(
            UnusableImage, match=r"unpacking it needs 68 MB, and the disk of .* 2 MB"
        ):
            read_mosaic(tmp_path / name, scratch=disk)
        window = read_section(tmp_path / name, 0, slice(0, 9), slice(0, 9), scratch=disk)
        np.testing.assert_allclose(window, NOISE[:9, :9], atol=1)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


READ_AND_WAIT = """
import sys, time; from pathlib import Path; from labeling.imaging.mosaics import read_mosaic
mosaic = read_mosaic(Path(sys.argv[1]), scratch=Path(sys.argv[2])); print("read", flush=True)
time.sleep(600)
"""


def test_a_killed_process_leaves_nothing(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-c", READ_AND_WAIT, str(compressed(tmp_path)), str(scratch)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "read\n"
        process.kill()
    assert not list(scratch.iterdir())
    shutil.rmtree(scratch)
