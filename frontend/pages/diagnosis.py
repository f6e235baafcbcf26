"""The tables of the diagnosis page."""

from typing import Any

from django.core.paginator import Paginator

from frontend.pages.confusion import estimated_rows
from labeling.agreement.dawid_skene import Diagnosis, model_disagreements
from labeling.agreement.raters import Raters
from labeling.models import Candidate

PAGE_SIZE = 50


def diagnosis_context(diagnosis: Diagnosis, raters: Raters, number: str | None) -> dict[str, Any]:
    """Return the model's matrices and a page of the candidates where it differs."""
    page = Paginator(model_disagreements(diagnosis, raters.consensus), PAGE_SIZE).get_page(number)
    candidates = Candidate.objects.select_related("field").in_bulk([row.key for row in page])
    return {
        "priors": list(zip("1234", diagnosis.priors, strict=True)),
        "matrices": [(name, estimated_rows(diagnosis.matrices[name])) for name in raters.experts],
        "page": page,
        "differences": [(row, candidates[row.key]) for row in page],
    }
