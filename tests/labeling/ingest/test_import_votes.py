"""manage.py import_votes: votes of people who voted elsewhere."""

import csv
import io
import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from labeling.agreement.raters import read_raters
from labeling.export.votes import vote_rows
from labeling.models import Vote, VoteImport
from tests.labeling.world import make_field, put_vote, settle, vote

HEADER = "catalogue_id,person,class"


def write(tmp_path, text, name="votes.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def import_votes(field, path, *options):
    """What the command prints."""
    out = StringIO()
    call_command("import_votes", field.name, str(path), *options, stdout=out)
    return out.getvalue()


def refusal(field, path, *options):
    """The sentence with which the command ends; nothing may have been written."""
    with pytest.raises(CommandError) as error:
        import_votes(field, path, *options)
    assert not Vote.objects.imported().exists()
    assert not VoteImport.objects.exists()
    return str(error.value)


def audit():
    out = StringIO()
    call_command("audit", stdout=out)
    return out.getvalue().splitlines()[-1]


def zooniverse_row(subject, answer, user="vol1", **values):
    """One classification, as in Zooniverse's export."""
    metadata = {"started_at": "2024-05-01T10:00:00.000Z", "live_project": True}
    return {
        "classification_id": "1",
        "user_name": user,
        "user_id": "",
        "user_ip": "2e6bfd41f3aff7d6cfd6",
        "workflow_id": "3149",
        "workflow_name": "Classes",
        "workflow_version": "44.19",
        "created_at": "2024-05-01 10:00:05 UTC",
        "gold_standard": "",
        "expert": "",
        "metadata": json.dumps(metadata),
        "annotations": json.dumps([{"task": "T0", "task_label": "Class?", "value": answer}]),
        "subject_data": json.dumps({"5026478": {"retired": None, "#catalogue_id": subject}}),
        "subject_ids": "5026478",
        **values,
    }


def write_zooniverse(tmp_path, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return write(tmp_path, text.getvalue(), "classifications.csv")


def test_votes_count_under_named_inactive_accounts(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,Eva Grebel,1\n1,m.k.,1\n1,z,2\n2,Eva Grebel,4\n")
    import_votes(field, path)

    first = field.candidates.get(catalogue_id="1")
    assert (first.consensus.label, first.consensus.n_votes) == (1, 3)
    assert not first.open
    user = User.objects.get(username="Eva_Grebel")
    assert (user.first_name, user.is_active, user.has_usable_password()) == (
        "Eva Grebel",
        False,
        False,
    )
    assert audit() == "0 differences"


def test_they_are_marked_as_imported_in_the_export(field, ada, tmp_path):
    vote(field.candidates.first(), ada, 1)
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,2\n"))
    assert {row["voter"]: row["imported_from"] for row in vote_rows()} == {
        "ada": "",
        "eva": "votes.csv",
    }


def test_the_catalogue_says_how_many_votes_were_imported(field, as_cur, ada, tmp_path):
    vote(field.candidates.first(), ada, 1)
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,2\n1,bob,2\n"))
    text = as_cur.get("/api/v1/export/consensus.csv").getvalue().decode()
    rows = {row["catalogue_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (rows["1"]["n_votes"], rows["1"]["n_imported"]) == ("3", "2")
    assert rows["2"]["n_imported"] == "0"


def test_agreement_names_them(field, ada, tmp_path):
    vote(field.candidates.first(), ada, 1)
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,2\n"))
    raters = read_raters(field)
    assert dict(raters.experts) == {
        "ada": {field.candidates.first().pk: 1},
        "eva": {field.candidates.first().pk: 2},
    }


def test_the_same_file_twice_changes_nothing(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,1\n2,eva,4\n")
    import_votes(field, path)
    before = list(Vote.objects.order_by("pk").values())
    assert "nothing changed" in import_votes(field, path)
    assert list(Vote.objects.order_by("pk").values()) == before
    assert VoteImport.objects.count() == 1


def test_a_longer_file_adds_what_is_new(field, tmp_path):
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n"))
    text = import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n1,bob,1\n", "longer.csv"))
    assert "1 new vote " in text
    assert "1 imported before" in text
    assert field.candidates.get(catalogue_id="1").consensus.n_votes == 2


def test_a_changed_vote_in_another_file_is_refused(field, tmp_path):
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n"))
    with pytest.raises(CommandError, match=r"row 1: eva has another vote on 1, from votes\.csv"):
        import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,2\n", "later.csv"))


def test_taking_back_is_as_if_never_imported(field, ada, bea, cy, tmp_path):
    candidate = field.candidates.get(catalogue_id="1")
    settle(candidate, [ada, bea], 2)
    before = candidate.consensus.label, candidate.consensus.n_votes
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n1,bob,1\n"))
    record = VoteImport.objects.get()
    out = StringIO()
    call_command("import_votes", field.name, "--take-back", str(record.pk), stdout=out)
    candidate.refresh_from_db()
    candidate.consensus.refresh_from_db()
    assert (candidate.consensus.label, candidate.consensus.n_votes) == before
    assert candidate.open
    assert Vote.objects.imported().filter(retracted_at=None).count() == 0
    assert audit() == "0 differences"


def test_after_taking_back_the_file_can_be_imported_again(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,1\n")
    import_votes(field, path)
    VoteImport.objects.get().take_back()
    import_votes(field, path)
    assert Vote.objects.live().count() == 1
    assert VoteImport.objects.standing().count() == 1


def test_a_voter_of_this_place_is_never_given_imported_votes(field, ada, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,ada,1\n")
    assert 'name another with --account "ada=NAME"' in refusal(field, path)
    assert "1 new vote " in import_votes(field, path, "--account", "ada=ada_2019")
    assert Vote.objects.get().voter.get_username() == "ada_2019"


@pytest.mark.parametrize("name", ["Ada", "ADA"])
def test_nor_is_one_whose_name_differs_in_case(field, ada, tmp_path, name):
    assert "there is an account ada" in refusal(field, write(tmp_path, f"{HEADER}\n1,{name},1\n"))


def test_a_former_expert_is_a_voter_of_this_place(field, ada, tmp_path):
    vote(field.candidates.first(), ada, 1)
    ada.is_active = False
    ada.set_unusable_password()
    ada.save()
    assert "there is an account ada" in refusal(field, write(tmp_path, f"{HEADER}\n2,ada,1\n"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("77,eva,1", "row 2: field ngc1 has no candidate 77"),
        ("2,eva,7", "row 2: '7' is not a class from 1 to 4 or unsure"),
        ("2,,1", "row 2: has no person"),
        (",eva,1", "row 2: has no id"),
        ("2,eva", "row 2: has 2 cells where the header has 3"),
        ('2,"eva,1', "row 2: unexpected end of data"),
        ("1,eva,2", "row 1 and row 2: eva names two classes for 1"),
        (f"2,{'e' * 151},1", "row 2: the person's name is longer than 150"),
    ],
)
def test_a_bad_row_is_refused_with_its_number(field, tmp_path, row, reason):
    assert reason in refusal(field, write(tmp_path, f"{HEADER}\n1,eva,1\n{row}\n"))


def test_a_file_of_another_field_is_refused(field, tmp_path):
    text = refusal(field, write(tmp_path, f"{HEADER}\n901,eva,1\n902,eva,1\n"))
    assert "has none of its ids (901, 902)" in text


def test_unknown_ids_can_be_left_out(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,1\n77,eva,1\n")
    assert "1 left out: on ids that the field does not have" in import_votes(
        field, path, "--skip-unknown"
    )


def test_answers_are_mapped(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,Symmetric cluster\n2,eva,Star\n3,eva,Bad image\n")
    assert 'say what it stands for with --answer "Symmetric cluster=CLASS"' in refusal(field, path)
    options = ("Symmetric cluster=1", "star=4", "bad image=skip")
    import_votes(field, path, *(part for o in options for part in ("--answer", o)))
    labels = Vote.objects.values_list("candidate__catalogue_id", "label")
    assert dict(labels) == {"1": 1, "2": 4}


def test_an_answer_must_stand_for_a_class(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,Star\n")
    assert "must be a class from 1 to 4" in refusal(field, path, "--answer", "Star=5")


def test_zero_means_not_inspected(field, tmp_path):
    text = import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n2,eva,0\n3,eva,\n"))
    assert "2 left out: without a class" in text
    assert Vote.objects.count() == 1


def test_times_are_kept(field, tmp_path):
    path = write(
        tmp_path, f"{HEADER},time\n1,eva,1,2019-03-01 12:00:00\n2,eva,1,2019-03-01T14:00+02:00\n"
    )
    import_votes(field, path)
    times = [v.cast_at.isoformat() for v in Vote.objects.order_by("candidate__catalogue_id")]
    assert times == ["2019-03-01T12:00:00+00:00"] * 2
    assert set(Vote.objects.values_list("seconds", flat=True)) == {None}


@pytest.mark.parametrize(
    ("time", "reason"), [("soon", "'soon' is not a time"), ("2999-01-01", "lies in the future")]
)
def test_a_time_that_cannot_be_is_refused(field, tmp_path, time, reason):
    assert reason in refusal(field, write(tmp_path, f"{HEADER},time\n1,eva,1,{time}\n"))


def test_a_change_of_mind_counts_once(field, tmp_path):
    rows = "1,eva,2,2019-03-02\n1,eva,1,2019-03-01\n1,eva,2,2019-03-03\n"
    text = import_votes(field, write(tmp_path, f"{HEADER},time\n{rows}"))
    assert "2 left out: changed later by the same person" in text
    assert Vote.objects.get().label == 2


def test_our_own_export_comes_back(field, as_cur, ada, bea, tmp_path):
    candidate = field.candidates.get(catalogue_id="3")
    vote(candidate, ada, 1, certainty="possible")
    slip = vote(candidate, bea, 4)
    vote(candidate, bea, 2, replaces=slip.pk)
    text = as_cur.get("/api/v1/export/votes.csv").getvalue().decode()
    other = make_field("ngc2")
    path = write(tmp_path, text.replace("ngc1", "ngc2"))
    names = ("--account", "ada=ada.elsewhere", "--account", "bea=bea.elsewhere")
    assert "1 left out: retracted votes" in import_votes(other, path, *names)
    votes = Vote.objects.filter(candidate__field=other)
    assert set(votes.values_list("voter__username", "label", "certainty")) == {
        ("ada.elsewhere", 1, "possible"),
        ("bea.elsewhere", 2, "sure"),
    }


def test_votes_of_other_fields_are_left_out(field, tmp_path):
    text = f"field,{HEADER}\nngc1,1,eva,1\nngc7,1,eva,2\n"
    assert "1 left out: votes of other fields" in import_votes(field, write(tmp_path, text))


def test_votes_on_what_is_set_aside_are_left_out(field, tmp_path):
    field.candidates.filter(catalogue_id="1").update(set_aside="too faint", open=False)
    text = import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n2,eva,1\n"))
    assert "1 left out: on candidates that are set aside" in text
    assert audit() == "0 differences"


def test_informed_votes_are_no_blind_ones(field, tmp_path):
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n"), "--informed")
    assert Vote.objects.get().informed


def test_a_dry_run_writes_nothing(field, tmp_path):
    path = write(tmp_path, f"{HEADER}\n1,eva,1\n")
    assert "Nothing was written" in import_votes(field, path, "--dry-run")
    assert not Vote.objects.exists()
    assert not User.objects.filter(username="eva").exists()


def test_nobody_is_shown_a_candidate_again_that_is_settled_by_imported_votes(
    field, as_ada, tmp_path
):
    rows = "\n".join(f"{n},{name},1" for n in range(1, 7) for name in ("eva", "bob", "kim"))
    import_votes(field, write(tmp_path, f"{HEADER}\n{rows}\n"))
    assert as_ada.post("/api/v1/queue/", {"count": 5}).json() == []


def test_a_vote_here_and_imported_ones_count_together(field, as_ada, tmp_path):
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n1,bob,1\n"))
    candidate = field.candidates.get(catalogue_id="1")
    put_vote(as_ada, {"candidate": candidate.pk, "label": 1})
    candidate.consensus.refresh_from_db()
    assert (candidate.consensus.label, candidate.consensus.n_votes) == (1, 3)
    assert audit() == "0 differences"


def test_opinions_say_that_a_vote_was_imported(field, as_ada, ada, tmp_path):
    import_votes(field, write(tmp_path, f"{HEADER}\n1,eva,1\n"))
    candidate = field.candidates.get(catalogue_id="1")
    vote(candidate, ada, 1)
    votes = as_ada.get(f"/api/v1/candidates/{candidate.pk}/opinions/").json()["votes"]
    assert {v["voter"]: v["imported"] for v in votes} == {"eva": True, "ada": False}


def test_zooniverse_classifications_are_votes(field, tmp_path):
    rows = [
        zooniverse_row("1", "Symmetric cluster"),
        zooniverse_row("1", "Not a cluster", "not-logged-in-2e6bfd41f3aff7d6cfd6"),
        zooniverse_row("2", "Symmetric cluster"),
    ]
    path = write_zooniverse(tmp_path, rows)
    text = import_votes(field, path, "--answer", "Symmetric cluster=1")
    assert "Zooniverse classification export" in text
    votes = Vote.objects.values_list("candidate__catalogue_id", "voter__username", "label")
    assert set(votes) == {
        ("1", "vol1", 1),
        ("1", "not-logged-in-2e6bfd41f3aff7d6cfd6", 4),
        ("2", "vol1", 1),
    }
    assert Vote.objects.first().cast_at.isoformat() == "2024-05-01T10:00:05+00:00"


def test_zooniverse_answers_of_other_tasks_are_no_classes(field, tmp_path):
    tasks = [
        {"task": "T0", "task_label": "Class?", "value": "1"},
        {"task": "T1", "task_label": "Marks", "value": [{"x": 1.0, "y": 2.0, "tool": 0}]},
        {"task": "T2", "task_label": "Comment", "value": "nice"},
    ]
    path = write_zooniverse(tmp_path, [zooniverse_row("1", "", annotations=json.dumps(tasks))])
    import_votes(field, path)
    assert Vote.objects.get().label == 1


def test_two_zooniverse_tasks_with_classes_need_a_choice(field, tmp_path):
    tasks = [{"task": "T0", "value": "1"}, {"task": "T1", "value": "2"}]
    path = write_zooniverse(tmp_path, [zooniverse_row("1", "", annotations=json.dumps(tasks))])
    assert "choose one with --task" in refusal(field, path)
    import_votes(field, path, "--task", "T1")
    assert Vote.objects.get().label == 2


def test_other_workflows_and_empty_classifications_are_left_out(field, tmp_path):
    rows = [
        zooniverse_row("1", "1"),
        zooniverse_row("2", "1", workflow_id="7"),
        zooniverse_row("3", []),
    ]
    text = import_votes(field, write_zooniverse(tmp_path, rows), "--workflow", "3149")
    assert "1 left out: other workflows" in text
    assert "1 left out: classifications without an answer" in text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"annotations": "[" * 50_000}, "row 1: annotations is not readable JSON"),
        ({"annotations": "{}"}, "row 1: annotations is not a list"),
        ({"annotations": "[3]"}, "row 1: annotations has an entry without a task"),
        ({"subject_data": "[]"}, "row 1: subject_data is not one subject"),
        ({"subject_data": '{"1": {"name": "x"}}'}, "name the catalogue id with --subject-id NAME"),
        ({"metadata": "{"}, "row 1: metadata is not readable JSON"),
    ],
)
def test_a_broken_classification_is_refused(field, tmp_path, values, reason):
    path = write_zooniverse(tmp_path, [zooniverse_row("1", "1", **values)])
    assert reason in refusal(field, path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe1", b"a,b\n1,2\n", b"id,person,class\n"])
def test_a_file_without_votes_is_refused(field, tmp_path, content):
    path = tmp_path / "votes.csv"
    path.write_bytes(content)
    assert str(path) in refusal(field, path)


def test_semicolons_tabs_and_a_byte_order_mark_are_read(field, tmp_path):
    path = write(tmp_path, "\ufeffid;person;class\n1;eva;1\n")
    import_votes(field, path)
    path = write(tmp_path, "id\tperson\tclass\n2\teva\t1\n", "tabs.tsv")
    import_votes(field, path)
    assert Vote.objects.count() == 2
