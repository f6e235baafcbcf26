"""How far people agree with each other, with the consensus, and with published catalogues."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend.access import for_role
from labeling.models import Field
from labeling.ratings import pairs_open_to
from labeling.roles import Role


@for_role(Role.EXPERT)
def agreement(request: HttpRequest) -> HttpResponse:
    """All pairs of raters that this person may see, in one field or in all."""
    fields = Field.objects.all()
    chosen = fields.filter(name=request.GET.get("field", "")).first()
    pairs = sorted(pairs_open_to(request.user, chosen), key=lambda pair: -pair.agreement.n)
    context = {"pairs": pairs, "fields": fields, "chosen": chosen}
    return render(request, "frontend/agreement.html", context)
