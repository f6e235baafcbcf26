"""/experiments/: the cost of each kind, starting, following, and the report."""

from http import HTTPStatus

import pytest

from classifier.core.experiment_kinds import ExperimentKind
from frontend.pages.experiments import QUESTIONS
from frontend.templatetags.formats import p_value, percent, points
from labeling.models import Candidate, Experiment, ReferenceLabel, RunStatus
from labeling.training.label_source import LabelSource
from tests.labeling.reported import report_on_experiment
from tests.labeling.world import make_experiment, make_field, vote

HTMX = {"HX-Request": "true"}


@pytest.fixture
def published(field):
    """All candidates are in the pool, with classes from two catalogues."""
    field.candidates.update(control=False)
    for k, candidate in enumerate(field.candidates.all()):
        for source in ("LEGUS", "Smith"):
            ReferenceLabel.objects.create(candidate=candidate, source=source, label=1 + k % 2)
    return field


@pytest.fixture
def compared(field, people):
    """An experiment with four arms and its report."""
    experiment = make_experiment(field, people["admin"])
    report_on_experiment(experiment)
    return experiment


def form_data(**change):
    """The values of the form."""
    return {"preset": "quick", "label_source": "LEGUS", **change}


def costs(browser, **change):
    """Numbers of networks by kind, None where something is missing, and the reasons."""
    page = browser.get("/experiments/", form_data(**change), headers=HTMX)
    assert "<html" not in page.content.decode()
    offers = page.context["offers"]
    return {o.kind: o.trainings or None for o in offers}, {o.kind: o.obstacle for o in offers}


def test_it_explains_every_kind(browse, published):
    page = browse("admin").get("/experiments/").content.decode()
    assert list(QUESTIONS) == list(ExperimentKind)
    assert all(question in page for question in QUESTIONS.values())
    assert all(f'aria-label="Start: {kind.text.lower()}"' in page for kind in QUESTIONS)


def test_it_shows_the_cost_of_each_kind(browse, published):
    numbers, why = costs(browse("admin"))
    assert numbers[ExperimentKind.CROP_SIZE] == numbers[ExperimentKind.ARCHITECTURE] == 12
    assert numbers[ExperimentKind.FILTERS] == 18
    assert (
        numbers[ExperimentKind.FIELDS]
        is numbers[ExperimentKind.LABELS]
        is numbers[ExperimentKind.SOURCES]
        is None
    )
    assert "there are 6" in why[ExperimentKind.LABELS]
    other = make_field("ngc2")
    assert costs(browse("admin"))[0][ExperimentKind.FIELDS] is None
    pool, control = other.candidates.all()[:2]
    other.candidates.update(control=False)
    ReferenceLabel.objects.create(candidate=pool, source="LEGUS", label=1)
    ReferenceLabel.objects.create(candidate=control, source="LEGUS", label=1)
    # Labels in the training pool alone do not measure a field that is left out.
    assert costs(browse("admin"))[0][ExperimentKind.FIELDS] is None
    for candidate in (control, published.candidates.last()):
        Candidate.objects.filter(pk=candidate.pk).update(control=True)
    numbers, _ = costs(browse("admin"), preset="starcnet", sources=["LEGUS", "Smith"])
    assert (numbers[ExperimentKind.FIELDS], numbers[ExperimentKind.SOURCES]) == (20, 20)
    assert costs(browse("admin"), members="2", field=["ngc1"])[0][ExperimentKind.FILTERS] == 12


@pytest.mark.parametrize("wrong", [{"preset": "slow"}, {"members": "0"}, {"field": ["nowhere"]}])
def test_it_shows_the_cost_despite_invalid_values(browse, published, wrong):
    assert costs(browse("admin"), **wrong)[0][ExperimentKind.CROP_SIZE] == 12


def test_a_button_starts_an_experiment(browse, published):
    data = form_data(kind="filters", members="2", batches="5")
    answer = browse("admin").post("/experiments/", data)
    experiment = Experiment.objects.get()
    assert answer["Location"] == f"/experiments/{experiment.pk}/"
    assert (experiment.kind, experiment.label_sources) == ("filters", [LabelSource("LEGUS")])
    assert experiment.overrides == {"members": 2, "batches": 5}
    assert list(experiment.fields.all()) == [published]


def test_only_the_comparison_of_sources_uses_the_ticked_sources(browse, published, people):
    vote(published.candidates.all()[0], people["ada"], 1)
    vote(published.candidates.all()[1], people["ada"], 2)
    ticked = ["Smith", "expert:ada"]
    for kind in ("sources", "crop-size"):
        browse("admin").post("/experiments/", form_data(kind=kind, sources=ticked))
    crop_size, sources = Experiment.objects.all()
    assert sources.label_sources == list(map(LabelSource, ticked))
    assert crop_size.label_sources == [LabelSource("LEGUS")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "fields"}, "needs at least two fields"),
        ({"kind": "labels"}, "needs more than 50 labels"),
        ({"kind": "sources", "sources": ["LEGUS"]}, "needs two of them or more"),
        ({"kind": "filters", "label_source": "votes"}, "labels of at least two classes"),
        ({"kind": "filters", "label_source": "nobody"}, "Select a valid choice"),
        ({"kind": "filters", "members": "1000"}, "less than or equal to 100"),
    ],
)
def test_an_error_is_shown_and_the_form_keeps_its_values(browse, published, change, says):
    page = browse("admin").post("/experiments/", form_data(**{"batches": "7", **change}))
    text = page.content.decode()
    assert says in text
    assert 'name="batches" value="7"' in text
    assert not Experiment.objects.exists()


def test_an_unknown_kind_is_not_found(browse, published):
    answer = browse("admin").post("/experiments/", form_data(kind="colour"))
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_experts_see_experiments_without_buttons(browse, compared):
    for asked in ({}, {"headers": HTMX}):
        page = browse("ada").get("/experiments/", **asked).content.decode()
        assert f"/experiments/{compared.pk}/" in page
        assert "members to train" not in page
    assert "training-sets" not in browse("ada").get(f"/experiments/{compared.pk}/").content.decode()


def test_experts_do_not_see_experiments_on_one_experts_votes(browse, field, people):
    personal = make_experiment(field, people["admin"], sources=["votes", "expert:bea"])
    address = f"/experiments/{personal.pk}/"
    assert address not in browse("ada").get("/experiments/").content.decode()
    assert browse("ada").get(address).status_code == HTTPStatus.NOT_FOUND
    assert "bea’s own votes" in browse("cur").get(address).content.decode()


def test_the_page_polls_only_while_the_experiment_is_active(browse, field, people):
    experiment = make_experiment(field, people["admin"], status="running")
    told = {"stage": "train", "member": 1, "members": 4, "batch": 50, "batches": 100}
    told |= {"arm": "50-px", "arm_number": 2, "arms": 4}
    Experiment.objects.update(progress=told)
    page = browse("ada").get(f"/experiments/{experiment.pk}/", headers=HTMX)
    text = page.content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "<html" not in text
    assert "Arm 2 of 4, 50-px: training member 2 of 4, batch 50 of 100" in text
    assert page.context["progress"].share == pytest.approx((1 + 1.5 / 4) / 4)
    experiment.cancel()
    page = browse("ada").get(f"/experiments/{experiment.pk}/").content.decode()
    assert "every 2s" not in page


def test_the_report_shows_settings_that_differ_and_results(browse, compared):
    page = browse("ada").get(f"/experiments/{compared.pk}/")
    assert page.context["settings"] == ["crop_px", "stamp_px"]
    assert page.context["differences"][3] == ("random-px", ["25, 100", "50"])
    assert ("members", "3") in page.context["shared_settings"]
    first, second, *_ = page.context["arms"]
    assert (first.name, first.labels, first.gain) == ("25-px", 400, None)
    accuracy = compared.report["arms"][1]["evaluation"]["accuracy"]
    clusters = compared.report["arms"][1]["evaluation"]["clusters"]["recall"]
    for share in (accuracy, clusters):
        interval = f"{share['low'] * 100:.1f} % – {share['high'] * 100:.1f} %"
        assert interval in page.content.decode()
    assert (second.recalls[0].of, second.cluster_recall.of) == (30, 60)


def test_each_source_is_evaluated_by_the_labels_of_each(browse, field, people):
    sources = ["votes", "LEGUS", "Smith", "Jones"]
    experiment = make_experiment(field, people["admin"], sources=sources, kind="sources")
    report_on_experiment(experiment)
    for arm, source in zip(experiment.report["arms"], sources, strict=True):
        arm["name"] = source
    experiment.save()
    page = browse("ada").get(f"/experiments/{experiment.pk}/")
    table = page.context["cross_table"]
    assert table.sources == ["our experts’ consensus", *sources[1:]]
    assert [name for name, _ in table.rows] == table.sources
    told = experiment.report["judged_by_each"]["accuracy"]
    assert [share.value for share in table.rows[2][1]] == [one["value"] for one in told[2]]
    assert "on the 120 candidates of the control sample" in page.content.decode()


def test_other_experiments_and_earlier_reports_have_no_table_by_source(browse, compared):
    assert compared.report.pop("judged_by_each") is None
    assert browse("ada").get(f"/experiments/{compared.pk}/").context["cross_table"] is None
    compared.save()
    assert browse("ada").get(f"/experiments/{compared.pk}/").context["cross_table"] is None


def test_a_better_arm_has_a_gain_above_zero(browse, compared):
    worst, *others = browse("ada").get(f"/experiments/{compared.pk}/").context["arms"]
    for arm in others:
        gain = arm.accuracy.value - worst.accuracy.value
        assert arm.gain.value == pytest.approx(gain)
        assert arm.gain.low < arm.gain.value < arm.gain.high
        assert arm.gain.value > 0


def test_arms_without_control_labels_have_a_page(browse, compared):
    for arm in compared.report["arms"]:
        nothing = {"right": 0, "of": 0, "value": None, "low": None, "high": None}
        arm["evaluation"] |= {"accuracy": nothing, "member_accuracy_mean": None}
        arm["evaluation"] |= {"member_accuracy_std": None, "binary_accuracy": nothing}
        arm["against_first"] = None
    compared.report["figures"] = []
    compared.save()
    text = browse("ada").get(f"/experiments/{compared.pk}/").content.decode()
    assert "there are no paired differences" in text


def test_a_report_from_before_clusters_were_a_class_has_a_page(browse, compared):
    for arm in compared.report["arms"]:
        del arm["evaluation"]["clusters"]
    compared.save()
    page = browse("ada").get(f"/experiments/{compared.pk}/")
    assert page.context["arms"][0].cluster_recall is None


def test_it_warns_of_random_weights(browse, compared):
    text = browse("ada").get(f"/experiments/{compared.pk}/").content.decode()
    assert "random weights" not in text
    compared.report["arms"][2]["weights"] = "random"
    compared.report["differs"]["weights"] = ["imagenet", "imagenet", "random", "imagenet"]
    compared.save()
    page = browse("ada").get(f"/experiments/{compared.pk}/")
    assert "100-px started from random weights" in page.content.decode()
    assert page.context["settings"] == ["crop_px", "stamp_px", "initial weights"]
    assert page.context["differences"][2] == ("100-px", ["none", "100", "random"])


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("cancel", RunStatus.RUNNING, RunStatus.CANCELLED),
        ("cancel", RunStatus.READY, RunStatus.READY),
        ("resume", RunStatus.FAILED, RunStatus.QUEUED),
        ("resume", RunStatus.CANCELLED, RunStatus.QUEUED),
        ("resume", RunStatus.RUNNING, RunStatus.RUNNING),
    ],
)
def test_an_administrator_cancels_and_resumes(browse, field, people, verb, before, after):
    experiment = make_experiment(field, people["admin"], status=before)
    browse("admin").post(f"/experiments/{experiment.pk}/{verb}/")
    experiment.refresh_from_db()
    assert experiment.status == after


def test_an_unknown_action_is_not_found(browse, compared):
    answer = browse("admin").post(f"/experiments/{compared.pk}/drop/")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_curator_downloads_the_training_sets(browse, published, people):
    browse("admin").post("/experiments/", form_data(kind="filters"))
    experiment = Experiment.objects.get()
    address = f"/experiments/{experiment.pk}/training-sets/legus.csv"
    assert address in browse("cur").get(f"/experiments/{experiment.pk}/").content.decode()
    answer = browse("cur").get(address)
    assert answer.content == experiment.training_set_path("legus").read_bytes()
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    other = f"/experiments/{experiment.pk}/training-sets/other.csv"
    assert browse("cur").get(other).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.6483, 1), "64.8 %"),
        (points(0.0312), "+3.1"),
        (points(-0.0312), "−3.1"),
        (points(-0.0), "0.0"),
        (points(None), "–"),
        (p_value(0.00001), "< 0.001"),
        (p_value(0.0421), "0.042"),
        (p_value(None), "–"),
    ],
)
def test_it_writes_figures(written, expected):
    assert written == expected
