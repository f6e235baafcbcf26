"""The morphological classes of LEGUS and PHANGS-HST, and what an expert may answer."""

from django.db import models


class MorphologicalClass(models.IntegerChoices):
    """What a candidate is, by its shape (Wei et al. 2020, section 2)."""

    SYMMETRIC = 1, "symmetric compact cluster"
    ASYMMETRIC = 2, "asymmetric compact cluster"
    ASSOCIATION = 3, "compact association"
    NOT_CLUSTER = 4, "not a cluster"


class Label(models.IntegerChoices):
    """An expert's answer: one of the classes, or that the images do not tell."""

    SYMMETRIC = 1, "symmetric compact cluster"
    ASYMMETRIC = 2, "asymmetric compact cluster"
    ASSOCIATION = 3, "compact association"
    NOT_CLUSTER = 4, "not a cluster"
    UNSURE = 5, "unsure"


class Certainty(models.TextChoices):
    """How sure the expert is of the class, after LEGUS's quality flag."""

    SURE = "sure"
    POSSIBLE = "possible"


class Reason(models.TextChoices):
    """Why a candidate is not a cluster."""

    STAR = "star"
    PAIR = "pair", "pair or crowding"
    GALAXY = "galaxy", "background galaxy"
    SPIKE = "spike", "diffraction spike"
    ARTEFACT = "artefact"
    OTHER = "other"
