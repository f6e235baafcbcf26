"""manage.py export_pack: stamps and labels of a field in one folder."""

from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

import classifier
from classifier.core.packs import open_pack, read_stamps
from tests.labeling.world import settle


def export(field, folder, *options):
    out = StringIO()
    call_command("export_pack", field.name, str(folder), *options, stdout=out)
    return out.getvalue()


def test_the_folder_has_each_candidates_stamps_and_label(imported, ada, bea, cy, tmp_path):
    candidate = imported.candidates.get(catalogue_id="2")
    settle(candidate, [ada, bea, cy], 3)
    text = export(imported, tmp_path / "set")
    assert "candidates, 1 with a label" in text
    manifest = classifier.Manifest.read(tmp_path / "set" / "training.csv", packs=tmp_path / "set")
    row = manifest.catalogue_id.tolist().index("2")
    assert manifest.label[row] == 3
    pixels, _ = open_pack(tmp_path / "set" / manifest.pack[row]).read(manifest.row[row : row + 1])
    np.testing.assert_array_equal(pixels[0], read_stamps(candidate.pack_path, candidate.pack_row))


def test_labels_of_a_catalogue_can_be_exported(imported, tmp_path):
    export(imported, tmp_path / "set", "--labels", "people")
    manifest = classifier.Manifest.read(tmp_path / "set" / "training.csv", packs=tmp_path / "set")
    labels = dict(zip(manifest.catalogue_id.tolist(), manifest.label.tolist(), strict=True))
    assert (labels["1"], labels["2"], labels["5"]) == (1, 2, 0)


def test_a_folder_with_files_and_an_unknown_source_are_refused(imported, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CommandError, match="is not an empty folder"):
        export(imported, tmp_path)
    with pytest.raises(CommandError, match="there are votes, people"):
        export(imported, tmp_path / "set", "--labels", "LEGUS")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["notes.txt"]
