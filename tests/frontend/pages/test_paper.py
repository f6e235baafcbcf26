"""The paper's recalls on the page of a run and of an experiment."""

import pytest

from frontend.pages.paper import paper_comparison
from tests.labeling.reported import report_on_experiment, report_on_run
from tests.labeling.world import make_experiment, make_run

pytestmark = pytest.mark.beside("sqlite")


@pytest.fixture
def run(field, people):
    run = make_run(field, people["admin"])
    report_on_run(run)
    return run


def page_of(browse, run, **changes):
    for name, value in changes.items():
        setattr(run, name, value)
    run.save()
    return browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_a_run_on_consensus_labels_stands_beside_figure_3(browse, run):
    text = page_of(browse, run, label_source="votes", preset="paper-vgg19bn")
    assert "figure 3, lower row, VGG19-BN" in text
    assert "the mode of three people" in text
    assert "table 5" not in text
    comparison = paper_comparison(run, run.outcome["evaluation"])
    assert [row.published for row in comparison.rows] == [0.76, 0.54, 0.57, 0.69]
    percent = run.outcome["evaluation"]["confusion"]["percent"]
    for i, row in enumerate(comparison.rows):
        assert row.mean == pytest.approx(percent["mean"][i][i] / 100)
        assert f"{100 * row.mean:.0f} % ± {100 * row.std:.0f} %" in text


def test_a_run_on_one_experts_labels_stands_beside_a_table(browse, run):
    text = page_of(browse, run, label_source="expert:bea", overrides={"backbone": "resnet18"})
    assert "table 4, ResNet18" in text
    assert "one expert’s labels" in text
    assert "76 % ± 4 %" in text


def test_a_run_of_other_classes_stands_alone(run):
    evaluation = run.outcome["evaluation"]
    evaluation["classes"] = {label: evaluation["classes"][label] for label in "12"}
    assert paper_comparison(run, evaluation) is None


def test_the_initial_weights_say_which_layers_are_random(browse, run):
    run.outcome |= {"device": "cpu", "weights": "imagenet", "weights_note": ""}
    assert "of each backbone the last fully-connected layer" in page_of(browse, run)
    run.outcome["weights"] = "random"
    assert "of each backbone the last" not in page_of(browse, run)


def test_crop_sizes_say_how_much_of_the_input_is_empty(browse, field, people):
    experiment = make_experiment(field, people["admin"])
    report_on_experiment(experiment)
    text = browse("ada").get(f"/experiments/{experiment.pk}/").content.decode()
    assert text.count("of the input is empty") == 2
    assert "11.7 % of the input is empty" in text
    assert "Empty input: stamps are 100 px wide" in text


def test_fields_left_out_stand_beside_figure_4(browse, field, people):
    experiment = make_experiment(field, people["admin"], kind="fields")
    report_on_experiment(experiment)
    text = browse("ada").get(f"/experiments/{experiment.pk}/").content.decode()
    assert "recovers 70 %, 41 %, 48 % and 62 % of the classes 1 to 4 in NGC 1559" in text


def test_the_figures_of_new_sky_are_of_its_labels_and_backbone(browse, field, people):
    experiment = make_experiment(field, people["admin"], kind="fields")
    report_on_experiment(experiment)
    experiment.overrides = {"backbone": "vgg19_bn"}
    experiment.training_sets[0]["source"] = "expert:ada"
    experiment.save()
    text = browse("cur").get(f"/experiments/{experiment.pk}/").content.decode()
    assert "table 7, VGG19-BN, NGC 1559), one network trained on one expert’s labels" in text
    assert "recovers 74 %, 42 %, 52 % and 67 % of the classes 1 to 4 in NGC 1559" in text


def test_an_experiment_of_an_earlier_version_has_a_page(browse, field, people):
    experiment = make_experiment(field, people["admin"])
    report_on_experiment(experiment)
    for arm in experiment.report["arms"]:
        del arm["empty_share"], arm["networks_of"]
    experiment.save()
    text = browse("ada").get(f"/experiments/{experiment.pk}/").content.decode()
    assert "of the input is empty" not in text
