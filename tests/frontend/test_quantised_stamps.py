"""The page of a candidate says whether its stamps are quantised."""

import pytest

from tests.labeling.skies import write_sky


@pytest.mark.parametrize("lossless", [False, True])
def test_it_is_said_where_they_are(browse, settings, tmp_path, lossless):
    settings.PACKS = tmp_path / "packs"
    candidate = write_sky(tmp_path).imported(lossless=lossless).candidates.first()
    page = browse("ada").get(f"/candidates/{candidate.pk}/").content.decode()
    assert ("within 1/16 of the sky's noise" in page) is not lossless
