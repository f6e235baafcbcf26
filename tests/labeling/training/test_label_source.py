"""labeling.training.label_source: one text for each source of labels."""

import pytest

from labeling.training.label_source import CONSENSUS, LabelSource


@pytest.mark.parametrize(
    ("text", "is_consensus", "expert", "is_reference"),
    [
        ("votes", True, None, False),
        ("expert:ada", False, "ada", False),
        ("LEGUS, mode of three", False, None, True),
    ],
)
def test_a_text_names_one_source(text, is_consensus, expert, is_reference):
    source = LabelSource(text)
    assert str(source) == text
    assert source.is_consensus is is_consensus
    assert source.expert == expert
    assert source.is_reference is is_reference


def test_the_source_of_an_expert_contains_the_name():
    assert LabelSource.of_expert("ada") == LabelSource("expert:ada")
    assert CONSENSUS.text == "votes"
