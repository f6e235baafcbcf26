"""The answers of experts: a class or "unsure", their certainty, a reason for class 4."""

from django.db import models

from classifier.core.classes import MorphologicalClass

CLASS_CHOICES = [(label.value, label.text) for label in MorphologicalClass]
"""The classes, for fields of models and forms."""


class Label(models.IntegerChoices):
    """An expert's answer: one of the classes, or that the images do not tell."""

    SYMMETRIC = CLASS_CHOICES[0]
    ASYMMETRIC = CLASS_CHOICES[1]
    ASSOCIATION = CLASS_CHOICES[2]
    NOT_CLUSTER = CLASS_CHOICES[3]
    UNSURE = 5, "unsure"


class Certainty(models.TextChoices):
    """Certainty of an expert's class, after LEGUS's quality flag."""

    SURE = "sure"
    POSSIBLE = "possible"


class Reason(models.TextChoices):
    """Reasons why a candidate is not a cluster."""

    STAR = "star"
    PAIR = "pair", "pair or crowding"
    GALAXY = "galaxy", "background galaxy"
    SPIKE = "spike", "diffraction spike"
    ARTEFACT = "artefact"
    OTHER = "other"
