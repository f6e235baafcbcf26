"""Forms that make something: sent twice, as after a lost answer, they make it once."""

from collections.abc import Callable

from django.db.models import Model

from frontend.requests import PageRequest
from labeling.models import IdempotencyKey

FIELD = "idempotency_key"
"""Name of the hidden input; the tag of this name writes it."""


def make_once(
    request: PageRequest, make: Callable[[IdempotencyKey | None], Model | None]
) -> int | None:
    """Return the primary key of what the form makes, or made when it was sent before."""
    if not request.POST.get(FIELD):
        row = make(None)
        return None if row is None else row.pk
    # A form that was changed before it was sent again is another request.
    values = {name: request.POST.getlist(name) for name in request.POST}
    values.pop("csrfmiddlewaretoken", None)
    key = IdempotencyKey.of(request.user, request.path_info, str(sorted(values.items())), values)
    return key.once(lambda: make(key))
