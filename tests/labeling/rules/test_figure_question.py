"""labeling.rules.figure_question: which question an accuracy answers."""

import pytest

from labeling.rules.figure_question import (
    FieldSplit,
    FigureQuestion,
    FigureScope,
    TrainingOverlap,
    scopes_of,
)


@pytest.mark.parametrize(
    ("split", "trained_fields", "question"),
    [
        (FieldSplit.RANDOM, ["ngc1", "ngc2"], FigureQuestion.REST_OF_FIELD),
        (FieldSplit.CELLS, ["ngc1"], FigureQuestion.NEW_SKY_OF_FIELD),
        (FieldSplit.RANDOM, ["ngc2"], FigureQuestion.OTHER_FIELD),
        (FieldSplit.CELLS, [], FigureQuestion.OTHER_FIELD),
        (FieldSplit.CELLS, None, FigureQuestion.UNKNOWN),
    ],
)
def test_it_follows_from_split_and_training(split, trained_fields, question):
    assert FigureQuestion.of("ngc1", split, trained_fields) == question


def overlap(near=0, unknown=0, of=40):
    return TrainingOverlap(near, unknown, of, 50)


@pytest.mark.parametrize(
    ("trained_fields", "measured", "question"),
    [
        (["ngc2"], overlap(), FigureQuestion.NEW_SKY),
        (["ngc2"], overlap(near=1), FigureQuestion.PARTLY_NEW_SKY),
        (["ngc2"], overlap(near=1, unknown=39), FigureQuestion.PARTLY_NEW_SKY),
        (["ngc2"], overlap(unknown=1), FigureQuestion.OTHER_FIELD),
        (["ngc2"], overlap(of=0), FigureQuestion.OTHER_FIELD),
        (["ngc1", "ngc2"], overlap(), FigureQuestion.NEW_SKY_OF_FIELD),
        (["ngc1", "ngc2"], overlap(near=1), FigureQuestion.PARTLY_NEW_SKY),
    ],
)
def test_only_sky_without_training_labels_is_new(trained_fields, measured, question):
    assert FigureQuestion.of("ngc1", FieldSplit.CELLS, trained_fields, measured) == question


def test_a_random_split_asks_about_the_rest_of_the_field_whatever_overlaps():
    question = FigureQuestion.of("ngc1", FieldSplit.RANDOM, ["ngc1", "ngc2"], overlap(near=7))
    assert question == FigureQuestion.REST_OF_FIELD


def scope(name, **numbers):
    measured = overlap(**numbers).to_dict()
    return FigureScope.of(name, FieldSplit.RANDOM, ["elsewhere"], measured)


def test_several_fields_add_up_under_their_question():
    scopes = [scope("a", near=3), scope("b"), scope("c", near=2, of=20, unknown=4), scope("d")]
    partly, new = scopes_of(scopes)
    assert (partly.fields, new.fields) == (("a", "c"), ("b", "d"))
    assert partly.label == (
        "new sky, except that 5 of 60 candidates share sky with training labels"
    )
    assert partly.sentence.endswith(
        "Their squares of 50 px overlap. Positions are missing for 4 of 60."
    )
    assert new.label == "new sky"
    assert "Positions are missing" not in new.sentence


def test_every_question_has_a_sentence():
    sentences = {FigureScope(question, ("a",)).sentence for question in FigureQuestion}
    assert len(sentences) == len(FigureQuestion)
