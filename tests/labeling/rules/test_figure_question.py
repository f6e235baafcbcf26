"""labeling.rules.figure_question: which question an accuracy answers."""

import pytest

from labeling.rules.figure_question import FieldSplit, FigureQuestion


@pytest.mark.parametrize(
    ("split", "trained_fields", "question"),
    [
        (FieldSplit.RANDOM, ["ngc1", "ngc2"], FigureQuestion.REST_OF_FIELD),
        (FieldSplit.CELLS, ["ngc1"], FigureQuestion.NEW_SKY_OF_FIELD),
        (FieldSplit.RANDOM, ["ngc2"], FigureQuestion.NEW_SKY),
        (FieldSplit.CELLS, [], FigureQuestion.NEW_SKY),
        (FieldSplit.CELLS, None, FigureQuestion.UNKNOWN),
    ],
)
def test_it_follows_from_split_and_training(split, trained_fields, question):
    assert FigureQuestion.of("ngc1", split, trained_fields) == question


def test_new_sky_does_not_deny_that_fields_overlap():
    assert "fields that overlap it may have been" in FigureQuestion.NEW_SKY.sentence


def test_every_question_has_a_sentence():
    assert len({question.sentence for question in FigureQuestion}) == len(FigureQuestion)
