"""StarcNet's published output for NGC 1566 as a run, compared with published figures."""

import numpy as np
import pytest

from classifier.core.bands import BANDS
from frontend.pages.run_agreement import run_agreement
from labeling.agreement.pairs import pair_agreement
from labeling.ingest import catalogues
from labeling.ingest.runs import import_run
from labeling.ingest.stamping import BandImage
from labeling.models import Field
from labeling.training.label_source import LabelSource
from tests.labeling.real import DATA, NGC1566, needs_data

pytestmark = [needs_data, pytest.mark.django_db]

PEOPLE = "LEGUS, mode of three"
FILES = ("starcnet_output_ngc1566.tab", "starcnet_scores.npy")


def undetected():
    """Number of rows of the table with fewer than four magnitudes of a signal above the noise."""
    columns = np.loadtxt(NGC1566)[:, 5:15]
    magnitudes, errors = columns[:, ::2], columns[:, 1::2]
    detected = (magnitudes < 44) & (errors <= 2.5 / np.log(10))
    return int((detected.sum(axis=1) < 4).sum())


@pytest.fixture
def field(monkeypatch):
    """The real catalogue, imported on images of constant pixels."""
    image = BandImage(np.broadcast_to(np.float32(1), (8000, 8000)), None)
    monkeypatch.setattr(catalogues, "_read_images", lambda *_: dict.fromkeys(BANDS, image))
    monkeypatch.setattr(catalogues, "stamp_all", lambda *_, **_options: None)
    field = Field.objects.create(name="ngc1566", galaxy="NGC 1566")
    catalogues.import_catalogue(field, NGC1566, catalogues.CatalogueOptions())
    return field


@pytest.mark.parametrize("name", FILES)
def test_starcnet_agrees_with_people_as_published(field, admin, name):
    run, _ = import_run(field, DATA / "catalogues" / name, "StarcNet", admin)
    assert (run.outcome["rows"], run.outcome["set_aside"]) == (2752, undetected())
    labels = dict(run.predictions.values_list("candidate", "label"))
    agreement = pair_agreement(field.candidates.labels(LabelSource(PEOPLE)), labels)
    assert agreement.n == 1061
    assert agreement.share == pytest.approx(0.648, abs=5e-4)
    assert agreement.share_compact == pytest.approx(0.855, abs=5e-4)
    (comparison,) = [row for row in run_agreement(run) if row.source == PEOPLE]
    assert comparison.agreement == agreement


def test_both_files_give_the_same_predictions(field, admin):
    runs = [import_run(field, DATA / "catalogues" / name, "StarcNet", admin)[0] for name in FILES]
    columns = ("candidate", "label", "p_class1", "p_class2", "p_class3", "p_class4")
    text, scores = (
        np.array(run.predictions.order_by("candidate").values_list(*columns)) for run in runs
    )
    np.testing.assert_array_equal(text[:, :2], scores[:, :2])
    # Rounded to 0.01, and made to add up to 1 again.
    assert np.abs(text[:, 2:] - scores[:, 2:]).max() < 0.02
