"""manage.py import_stamps: candidates whose stamps were cut elsewhere."""

import io
import json
import pickle
from io import StringIO

import h5py
import numpy as np
import pytest
import zarr
from astropy.io import fits
from astropy.wcs import WCS
from django.core.management import CommandError, call_command
from PIL import Image as Pillow

from classifier.core.bands import BANDS, FILTERS
from classifier.core.packs import read_stamps
from labeling.ingest.stamp_fields import draft_stamp_field, write_stamp_field
from labeling.ingest.stamp_imports import StampImportOptions, plan_stamps
from labeling.models import Candidate, CatalogueImport, Field
from tests.labeling import skies
from tests.labeling.world import answer_of, put_vote

RNG = np.random.default_rng(4)


def stamps_of(count=3, bands=5, size=100):
    return RNG.normal(10, 2, (count, bands, size, size)).astype(np.float32)


def import_stamps(*arguments):
    """What the command prints."""
    out = StringIO()
    call_command("import_stamps", "elsewhere", *map(str, arguments), stdout=out)
    return out.getvalue()


def refusal(*arguments):
    """The sentence with which the command ends; nothing may have been written."""
    with pytest.raises(CommandError) as error:
        import_stamps(*arguments)
    assert not Candidate.objects.exists()
    assert not Field.objects.exists()
    return str(error.value)


def stored(catalogue_id):
    """The stamps of a candidate (band, y, x)."""
    candidate = Candidate.objects.get(catalogue_id=catalogue_id)
    return read_stamps(candidate.pack_path, candidate.pack_row)


def write_table(tmp_path, rows):
    return skies.write_catalogue(tmp_path / "table.csv", rows)


def write_mef(path, stamps, wcs=None, **primary):
    """One HDU for each band, as in Wei et al. 2020."""
    hdus = [fits.PrimaryHDU(header=fits.Header(primary))]
    for band, image in zip(BANDS, stamps, strict=True):
        header = wcs.to_header() if wcs else fits.Header()
        header["BUNIT"] = "ELECTRONS/S"
        hdus.append(fits.ImageHDU(image, header, name=FILTERS[band]))
    path.parent.mkdir(exist_ok=True)
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.fixture
def array(db, tmp_path):
    """A .npy file of three candidates in five bands, lossless."""
    stamps = stamps_of()
    np.save(tmp_path / "stamps.npy", stamps)
    return tmp_path / "stamps.npy", stamps


def test_an_array_becomes_a_field_without_mosaics(array):
    path, stamps = array
    text = import_stamps(path, "--lossless", "--pixel-scale", "0.04")
    assert "numbered from 1" in text
    field = Field.objects.get(name="elsewhere")
    assert (field.mosaics.count(), field.pixel_scale_arcsec) == (0, 0.04)
    assert [c.catalogue_id for c in field.candidates.order_by("pk")] == ["1", "2", "3"]
    np.testing.assert_array_equal(stored("2"), stamps[1])
    candidate = field.candidates.first()
    assert (candidate.x, candidate.y, candidate.position_in_stamp) == (None, None, (49.5, 49.5))


def test_pixels_are_within_a_sixteenth_of_the_noise_unless_lossless(array):
    path, stamps = array
    import_stamps(path)
    assert 0 < np.abs(stored("3") - stamps[2]).max() < 2.1 / 16


def test_a_table_gives_ids_positions_magnitudes_and_classes(array, tmp_path):
    path, stamps = array
    rows = [
        {"id": f"c{n}", "x": n + 1, "y": 5, "ra": 10.0, "dec": -3.0, "mag_F555W": 21, "people": n}
        for n in (1, 2, 3)
    ]
    options = ("--lossless", "--reference", "LEGUS=people", "--min-detected", 1)
    import_stamps(path, "--table", write_table(tmp_path, rows), *options)
    candidate = Candidate.objects.get(catalogue_id="c2")
    assert (candidate.x, candidate.y, candidate.ra, candidate.mag_v) == (2.0, 4.0, 10.0, 21.0)
    assert candidate.references.get().label == 2
    np.testing.assert_array_equal(stored("c2"), stamps[1])


def test_a_table_without_positions_is_enough(array, tmp_path):
    table = write_table(tmp_path, [{"id": n} for n in "abc"])
    import_stamps(array[0], "--table", table)
    assert set(Candidate.objects.values_list("catalogue_id", "x", "ra")) == {
        (n, None, None) for n in "abc"
    }


def test_a_table_of_another_length_is_refused(array, tmp_path):
    table = write_table(tmp_path, [{"id": n} for n in "ab"])
    assert "has 2 rows for 3 stamps" in refusal(array[0], "--table", table)


@pytest.mark.parametrize(("size", "word"), [(50, "padded with NaN"), (128, "cropped about")])
def test_other_sizes_are_fitted_about_the_centre(db, tmp_path, size, word):
    stamps = stamps_of(size=size)
    np.save(tmp_path / "stamps.npy", stamps)
    text = import_stamps(tmp_path / "stamps.npy", "--lossless")
    assert f"3 stamps of {size} x {size} px: {word}" in text
    pixels = stored("1")
    if size == 50:
        np.testing.assert_array_equal(pixels[:, 25:75, 25:75], stamps[0])
        assert np.isfinite(pixels).sum() == 5 * 50 * 50
    else:
        np.testing.assert_array_equal(pixels, stamps[0, :, 14:114, 14:114])


def test_bands_are_named_and_those_that_are_zero_are_not_observed(db, tmp_path):
    stamps = stamps_of(bands=4)
    stamps[1, 2] = 0
    stamps[2, 0, :9] = np.nan
    np.save(tmp_path / "stamps.npy", stamps)
    assert "name its 4 bands" in refusal(tmp_path / "stamps.npy")
    text = import_stamps(
        tmp_path / "stamps.npy", "--bands", "F275W,U,V,I", "--lossless", "--min-observed", 3
    )
    assert "1 candidate has pixels without data" in text
    observed = dict(Candidate.objects.values_list("catalogue_id", "observed"))
    assert observed == {"1": "NUV U V I", "2": "NUV U I", "3": "NUV U V I"}
    assert np.isnan(stored("2")[[2, 3]]).all()
    np.testing.assert_array_equal(stored("3")[[0, 1, 3, 4]], stamps[2])


def test_the_band_rule_that_leaves_nothing_is_refused_with_its_remedy(db, tmp_path):
    np.save(tmp_path / "stamps.npy", stamps_of(bands=1))
    assert "--min-observed 1" in refusal(tmp_path / "stamps.npy", "--bands", "V")


def test_npz_hdf5_and_zarr_hold_ids_too(db, tmp_path):
    stamps, ids = stamps_of(), ["a", "b", "c"]
    np.savez_compressed(tmp_path / "1.npz", stamps=stamps, ids=np.array(ids))
    with h5py.File(tmp_path / "2.h5", "w") as file:
        file.create_dataset("set/stamps", data=stamps, compression="gzip")
    zarr.save_array(tmp_path / "3.zarr", stamps)
    for number, name in enumerate(("1.npz", "2.h5", "3.zarr")):
        call_command(
            "import_stamps", f"f{number}", str(tmp_path / name), "--lossless", stdout=StringIO()
        )
        candidate = Candidate.objects.get(
            field__name=f"f{number}", catalogue_id="b" if number == 0 else "2"
        )
        pixels = read_stamps(candidate.pack_path, candidate.pack_row)
        np.testing.assert_array_equal(pixels, stamps[1])


def test_fits_files_with_an_hdu_for_each_filter(db, tmp_path):
    stamps = stamps_of(2)
    for number, name in enumerate(("7", "8")):
        wcs = skies.tan_wcs(crpix=(50.5, 50.5), crval=(65.0 + number / 100, -54.9))
        write_mef(tmp_path / "mef" / f"{name}.fits", stamps[number], wcs)
    text = import_stamps(tmp_path / "mef", "--lossless")
    assert "NUV F275W, U F336W, B F438W, V F555W, I F814W" in text
    candidate = Candidate.objects.get(catalogue_id="8")
    assert candidate.ra == pytest.approx(65.01)
    assert candidate.field.pixel_scale_arcsec == pytest.approx(skies.SCALE)
    np.testing.assert_array_equal(stored("8"), stamps[1])


def test_our_own_fits_files_come_back(as_ada, ada, imported, tmp_path):
    candidate = imported.candidates.get(catalogue_id="2")
    content = as_ada.get(f"/api/v1/candidates/{candidate.pk}/stamps.fits").content
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "any.fits").write_bytes(content)
    import_stamps(tmp_path / "own", "--lossless")
    again = Candidate.objects.get(field__name="elsewhere")
    assert again.catalogue_id == "2"
    np.testing.assert_array_equal(
        read_stamps(again.pack_path, again.pack_row),
        read_stamps(candidate.pack_path, candidate.pack_row),
    )


@pytest.mark.parametrize(("angle", "parity"), [(0, -1), (30, -1), (-120, 1)])
def test_stamps_of_one_orientation_have_a_compass_and_a_wcs(db, as_ada, tmp_path, angle, parity):
    turn = np.radians(angle)
    wcs = skies.tan_wcs()
    wcs.wcs.crpix = [50.5, 50.5]
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    wcs.wcs.cd = np.diag([parity, 1]) @ rotation * 0.04 / 3600
    for number, stamps in enumerate(stamps_of(2)):
        write_mef(tmp_path / "mef" / f"c{number}.fits", stamps, wcs)
    import_stamps(tmp_path / "mef")
    field = Field.objects.get()
    assert field.east_left == (parity < 0)
    ra, dec = wcs.wcs.crval
    north = np.subtract(wcs.all_world2pix(ra, dec + 1e-4, 0), 49.5)
    assert field.north_deg == pytest.approx(np.degrees(np.arctan2(-north[0], north[1])), abs=1e-3)
    candidate = field.candidates.first()
    content = as_ada.get(f"/api/v1/candidates/{candidate.pk}/stamps.fits").content
    ours = WCS(fits.open(io.BytesIO(content))[1].header)
    points = np.array([[0, 0], [99, 0], [30, 80]])
    np.testing.assert_allclose(
        ours.all_pix2world(points, 0), wcs.all_pix2world(points, 0), atol=1e-8
    )


def test_stamps_of_several_orientations_have_no_compass(db, tmp_path):
    for number, stamps in enumerate(stamps_of(2)):
        wcs = skies.tan_wcs()
        turn = np.array([[np.cos(number), np.sin(number)], [-np.sin(number), np.cos(number)]])
        wcs.wcs.cd = turn * 0.04 / 3600
        write_mef(tmp_path / "mef" / f"c{number}.fits", stamps, wcs)
    import_stamps(tmp_path / "mef")
    assert Field.objects.get().north_deg is None


def test_a_table_of_other_stamps_is_refused(db, tmp_path):
    wcs = skies.tan_wcs(crpix=(50.5, 50.5))
    write_mef(tmp_path / "mef" / "7.fits", stamps_of(1)[0], wcs)
    table = write_table(tmp_path, [{"id": 7, "ra": 65.1, "dec": -54.9}])
    assert "from the centre of its stamp" in refusal(tmp_path / "mef", "--table", table)
    table = write_table(tmp_path, [{"id": 9}])
    assert "none of its ids (9)" in refusal(tmp_path / "mef", "--table", table)


def test_pictures_are_said_to_be_pictures(db, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = RNG.integers(1, 255, (100, 100), dtype=np.uint8)
    Pillow.fromarray(picture).save(folder / "c1.png")
    assert "pictures do not say their bands" in refusal(folder)
    text = import_stamps(folder, "--bands", "V", "--min-observed", 1)
    assert "8 bits" in text
    np.testing.assert_array_equal(stored("c1")[BANDS.index("V")], picture[::-1])


def test_coloured_pictures_stand_for_three_bands(db, tmp_path):
    picture = RNG.integers(1, 255, (100, 100, 3), dtype=np.uint8)
    Pillow.fromarray(picture).save(tmp_path / "c1.png")
    import_stamps(tmp_path / "c1.png", "--bands", "I,V,B", "--min-observed", 3)
    np.testing.assert_array_equal(stored("c1")[[4, 3, 2]], np.moveaxis(picture, -1, 0)[:, ::-1])


def test_the_same_files_twice_change_nothing(array):
    import_stamps(array[0])
    assert "nothing has changed" in import_stamps(array[0])
    assert (CatalogueImport.objects.count(), Candidate.objects.count()) == (1, 3)


def test_a_dry_run_writes_nothing(array, settings):
    assert "Nothing was written" in import_stamps(array[0], "--dry-run")
    assert not Field.objects.exists()
    assert not list(settings.PACKS.iterdir())


def test_what_others_have_changed_of_the_field_meanwhile_stays(array):
    path, stamps = array
    import_stamps(path)
    more = path.with_name("more.npy")
    np.save(more, stamps + 1)
    table = write_table(path.parent, [{"id": n} for n in ("x1", "x2", "x3")])
    options = StampImportOptions(table_path=table)
    field = draft_stamp_field("elsewhere", [more], options.stamps, galaxy="NGC 9")
    plan = plan_stamps(field, [more], options)
    Field.objects.filter(name="elsewhere").update(votes_needed=5, distance_mpc=12)
    write_stamp_field(plan, {"galaxy": "NGC 9", "distance_mpc": None})
    field = Field.objects.get(name="elsewhere")
    assert (field.galaxy, field.votes_needed, field.distance_mpc) == ("NGC 9", 5, 12)
    assert field.candidates.count() == 6


def test_a_field_with_mosaics_is_left_alone(imported, array):
    with pytest.raises(CommandError, match="has mosaics"):
        call_command("import_stamps", imported.name, str(array[0]))


def test_mosaics_and_catalogues_do_not_go_into_a_field_of_stamps(array, sky, tmp_path):
    import_stamps(array[0])
    mosaic = str(sky.mosaics["V"])
    for command in (["import_field", "elsewhere"], ["build_field", "elsewhere", "--dry-run"]):
        for mosaics in ([], ["--mosaic", mosaic]):
            with pytest.raises(
                CommandError, match=r"were cut elsewhere \(stamps.npy\), and it has no"
            ):
                call_command(*command, *mosaics)
    with pytest.raises(CommandError, match="add more candidates with import_stamps"):
        call_command("import_catalogue", "elsewhere", str(sky.catalogue))
    with pytest.raises(CommandError, match="were cut elsewhere, and it has no mosaics"):
        call_command("detect", "elsewhere", str(tmp_path / "sources.csv"))
    assert not Field.objects.get().mosaics.exists()


def test_the_queue_the_images_and_votes_work(array, as_ada):
    import_stamps(array[0], "--lossless")
    (item,) = as_ada.post("/api/v1/queue/", {"count": 1}).json()
    assert (item["x_pix"], item["stamp_x"], item["pixel_scale_arcsec"]) == (None, 49.5, None)
    pixels = np.load(io.BytesIO(as_ada.get(item["stamps_url"]).content))
    assert pixels.shape == (5, 100, 100)
    for size in (299, 50):
        data = as_ada.get(f"/api/v1/candidates/{item['candidate']}/rgb.png?size={size}").content
        image = np.asarray(Pillow.open(io.BytesIO(data)))
        # Around the stamp of 100 px there is nothing.
        assert image.shape == (size, size, 4)
        assert image[..., :3].any()
    with fits.open(
        io.BytesIO(as_ada.get(f"/api/v1/candidates/{item['candidate']}/stamps.fits").content)
    ) as hdus:
        assert [hdu.name for hdu in hdus[1:]] == list(BANDS)
        np.testing.assert_array_equal(hdus["V"].data, pixels[3])
    near = as_ada.get(f"/api/v1/candidates/{item['candidate']}/neighbours/")
    assert near.json() == []
    candidate = Candidate.objects.get(pk=item["candidate"])
    assert put_vote(as_ada, answer_of(candidate)).status_code == 200


class _Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_nothing_is_unpickled(db, tmp_path):
    evil = np.array([_Evil()] * 3, dtype=object)
    np.save(tmp_path / "evil.npy", evil, allow_pickle=True)
    np.savez(tmp_path / "evil.npz", stamps=stamps_of(), ids=evil)
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(_Evil()))
    for name in ("evil.npy", "evil.npz", "plain.npy"):
        assert "not a readable NumPy array" in refusal(tmp_path / name)


def test_codecs_that_run_code_are_refused(db, tmp_path):
    group = tmp_path / "evil.zarr"
    zarr.save_array(group, stamps_of(), zarr_format=2)
    about = json.loads((group / ".zarray").read_text())
    about |= {"dtype": "|O", "filters": [{"id": "pickle"}]}
    (group / ".zarray").write_text(json.dumps(about))
    assert "packed by pickle" in refusal(group)


def test_links_to_other_files_are_refused(db, tmp_path):
    np.save(tmp_path / "secret.npy", stamps_of())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["stamps"] = stamps_of()
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["stamps"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "stamps")
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        outside = [(str(tmp_path / "secret.npy"), 0, 4 * 3 * 5 * 100 * 100)]
        file.create_dataset("stamps", (3, 5, 100, 100), "f4", external=outside)
    zarr.save_array(tmp_path / "link.zarr", stamps_of())
    (tmp_path / "link.zarr" / "c" / "more").symlink_to(tmp_path / "secret.npy")
    assert "is not in this file" in refusal(tmp_path / "link.h5")
    assert "in other files" in refusal(tmp_path / "raw.h5")
    assert "links to another place" in refusal(tmp_path / "link.zarr")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'"),
        ("a.npz", b"PK\x03\x04 damaged"),
        ("a.h5", b"\x89HDF\r\n\x1a\n damaged"),
        ("a.fits", b"SIMPLE  = T"),
        ("a.png", b"\x89PNG\r\n\x1a\n damaged"),
        ("a.txt", b"nothing"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(db, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert name in refusal(tmp_path / name, "--bands", "V")


def test_images_without_a_filter_and_twice_the_same_are_refused(db, tmp_path):
    plain = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((9, 9)), name="A")])
    plain.writeto(tmp_path / "plain.fits")
    assert "names a filter" in refusal(tmp_path / "plain.fits")
    twice = [fits.ImageHDU(np.ones((9, 9)), name=name) for name in ("F555W", "F606W")]
    fits.HDUList([fits.PrimaryHDU(), *twice]).writeto(tmp_path / "twice.fits")
    assert "is the second image in V" in refusal(tmp_path / "twice.fits")
