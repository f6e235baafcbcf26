"""Predictions in tables with other names, and as classes with their quality."""

import numpy as np
import pytest
from astropy.table import Table
from django.core.management import call_command

from labeling.ingest.errors import BadInput
from labeling.ingest.probabilities import read_probabilities
from labeling.ingest.runs import import_run
from labeling.ingest.table_options import TableOptions

NAMES = {f"p_class{k}": f"PROB_{k}" for k in (1, 2, 3, 4)} | {"id": "NAME"}


def probabilities_table(path, n=3):
    """Write probabilities under other names; return them."""
    p = np.random.default_rng(1).dirichlet(np.ones(4), n)
    table = Table({"NAME": [str(k) for k in range(1, n + 1)]})
    for k in range(4):
        table[f"PROB_{k + 1}"] = p[:, k]
    table.write(path)
    return p


def classes_table(path, **columns):
    table = Table({"INDEX": [1, 2, 3, 4], "CLASS": [2, 4, 0, 7], "QUAL": [0.7, 1.0, 0.5, 0.4]})
    for name, values in columns.items():
        table[name] = values
    table.write(path)
    return TableOptions(columns={"id": "INDEX", "class": "CLASS", "quality": "QUAL"})


@pytest.mark.parametrize("ending", ["ecsv", "fits"])
def test_columns_of_probabilities_are_mapped(tmp_path, ending):
    path = tmp_path / f"p.{ending}"
    expected = probabilities_table(path)
    predictions = read_probabilities(path, options=TableOptions(columns=NAMES))
    assert predictions.ids == ["1", "2", "3"]
    np.testing.assert_allclose(predictions.p_NK, expected, rtol=1e-12)


def test_columns_of_probabilities_are_numbered_without_a_header(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text("7 0.1 0.2 0.3 0.4\n8 0.4 0.3 0.2 0.1\n")
    columns = {name: str(k) for k, name in enumerate(["id", *list(NAMES)[:4]], 1)}
    predictions = read_probabilities(path, options=TableOptions(columns=columns, header=False))
    assert (predictions.ids, predictions.label_N.tolist()) == (["7", "8"], [4, 1])


def test_an_unknown_column_is_refused_with_near_names(tmp_path):
    path = tmp_path / "p.ecsv"
    probabilities_table(path)
    with pytest.raises(BadInput, match=r"'p_clas1' is not a column .*did you mean p_class1"):
        read_probabilities(path, options=TableOptions(columns={"p_clas1": "PROB_1"}))
    with pytest.raises(BadInput, match=r"has no column 'PROB_9'.*did you mean PROB_"):
        read_probabilities(path, options=TableOptions(columns={"p_class1": "PROB_9"}))


def test_a_class_and_its_quality_are_probabilities(tmp_path):
    options = classes_table(tmp_path / "c.fits")
    predictions = read_probabilities(tmp_path / "c.fits", options=options)
    assert predictions.ids == ["1", "2", "4"]
    assert predictions.label_N.tolist() == [2, 4, 4]
    expected = [[0.1, 0.7, 0.1, 0.1], [0, 0, 0, 1], [0.2, 0.2, 0.2, 0.4]]
    np.testing.assert_allclose(predictions.p_NK, expected, atol=1e-12)
    assert predictions.content == "classes"
    assert predictions.notes == ("1 row without a class is left out.",)


@pytest.mark.parametrize("quality", [0.2, 1.1, np.nan, -9999.0, 70.0])
def test_a_quality_that_is_no_share_is_refused(tmp_path, quality):
    options = classes_table(tmp_path / "c.ecsv", QUAL=[0.7, quality, 0.5, 0.4])
    with pytest.raises(BadInput, match=r"row 2: the quality .* is not the share"):
        read_probabilities(tmp_path / "c.ecsv", options=options)


@pytest.mark.django_db
def test_other_options_make_another_run(field, admin, tmp_path):
    options = classes_table(tmp_path / "c.ecsv", QUAL_2=[0.9, 0.9, 0.9, 0.9])
    other = TableOptions(columns={**options.columns, "quality": "QUAL_2"})
    run, is_new = import_run(field, tmp_path / "c.ecsv", "VGG", admin, options=options)
    assert is_new
    assert import_run(field, tmp_path / "c.ecsv", "VGG", admin, options=options) == (run, False)
    second, is_new = import_run(field, tmp_path / "c.ecsv", "VGG", admin, options=other)
    assert is_new
    assert second.predictions.get(candidate__catalogue_id="1").p_class2 == pytest.approx(0.9)


@pytest.mark.django_db
def test_the_command_maps_columns(field, admin, tmp_path, capsys):
    classes_table(tmp_path / "c.fits")
    columns = ("--column=id=INDEX", "--column=class=CLASS", "--column=quality=QUAL")
    call_command("import_run", "ngc1", str(tmp_path / "c.fits"), "--name", "VGG", *columns)
    output = capsys.readouterr().out
    assert "3 rows read, 3 predictions" in output
    assert "1 row without a class is left out." in output
    assert "Its numbers are classes and the shares that name them" in output
