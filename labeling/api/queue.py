"""POST queue/ leases the next candidates; leases/ extends, returns and skips them."""

from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from labeling.api.candidates import CandidateOut
from labeling.api.problems import Conflict
from labeling.api.strict import NumberField, StrictSerializer, refuse_body
from labeling.api.views import APIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import Field, Lease
from labeling.queue.expert_queue import ExpertQueue
from labeling.queue.parts import FIELD_NAMED, QueueFilter


class CandidateFilterIn(serializers.Serializer[Any]):
    """The candidates that an expert wants: V magnitudes, only unfinished ones."""

    mag_min = NumberField(
        required=False,
        allow_null=True,
        help_text="Brightest V magnitude (Vega), itself included. Candidates of the control "
        "sample come whatever their magnitude.",
    )
    mag_max = NumberField(
        required=False,
        allow_null=True,
        help_text="Faintest V magnitude (Vega), itself included. Candidates of the control "
        "sample come whatever their magnitude.",
    )
    unfinished = serializers.BooleanField(
        default=False,
        help_text="Only candidates that the caller was given and has no vote on: skipped, left, "
        "or taken back.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the range of magnitudes is not empty."""
        bright, faint = attrs.get("mag_min"), attrs.get("mag_max")
        if bright is not None and faint is not None and bright > faint:
            reason = "The bright limit must not be above the faint limit."
            raise serializers.ValidationError({"mag_min": reason})
        return attrs


class QueueFilterIn(CandidateFilterIn, StrictSerializer):
    """The candidates that an expert wants, of one field or of all."""

    field = serializers.CharField(required=False, allow_null=True)


class QueueIn(QueueFilterIn):
    """Number of candidates, and which."""

    count = serializers.IntegerField(min_value=1, max_value=10, default=1)


class LeaseOut(serializers.ModelSerializer[Lease]):
    """A lease and its end."""

    class Meta:
        model = Lease
        fields = ("id", "expires_at")


class QueueItemOut(CandidateOut):
    """A candidate and the caller's lease on it."""

    lease = LeaseOut(source="my_lease")

    class Meta(CandidateOut.Meta):
        fields = ("lease", *CandidateOut.Meta.fields)


# Made once: building the fields takes a serializer longer than reading and writing.
_IN, _OUT = QueueIn(), QueueItemOut()


class QueueView(APIView):
    """The next candidates for the caller, never one that they have voted on."""

    @extend_schema(request=QueueIn, responses=QueueItemOut(many=True))
    def post(self, request: AuthenticatedRequest) -> Response:
        """Lease up to `count` candidates; an empty list if none is waiting for the caller."""
        values = dict(_IN.run_validation(request.data))
        count, name = values.pop("count"), values.pop("field", None)
        fields = (
            [_named_field(name, request.user)] if name else [(f, None) for f in Field.objects.all()]
        )
        leases: list[Lease] = []
        # New candidates of any field come before skipped ones, or those that others hold.
        for last_resort in (True,) if name else (False, True):
            for field, n_served in fields:
                queue = ExpertQueue(field, request.user, QueueFilter(**values), n_served=n_served)
                leases += queue.lease(count - len(leases), last_resort=last_resort)
        return Response([_OUT.to_representation(candidate) for candidate in _candidates_of(leases)])


def _named_field(name: str, expert: User) -> tuple[Field, int | None]:
    """Return the field of that name and the number of candidates that the expert was served."""
    for field, annotations in FIELD_NAMED.annotated(name=name, expert=expert.pk):
        return field, annotations["n_served"]
    raise serializers.ValidationError({"field": f"There is no field {name!r}."})


def _candidates_of(leases: list[Lease]) -> list[Any]:
    """Return the candidates of these leases, each with its lease as `my_lease`."""
    for lease in leases:
        lease.candidate.my_lease = lease  # type: ignore[attr-defined]
    candidates = [lease.candidate for lease in leases]
    for field in {candidate.field for candidate in candidates}:
        field.load_mosaics()
    return candidates


class LeaseView(APIView):
    """One of the caller's own leases."""

    def _lease(self, request: AuthenticatedRequest, pk: int) -> Lease:
        leases = Lease.objects.of(request.user).select_related("candidate__field")
        return get_object_or_404(leases, pk=pk)

    @extend_schema(request=None, responses=LeaseOut)
    def put(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Extend the lease: the caller is still looking at the candidate."""
        refuse_body(request)
        lease = self._lease(request, pk)
        if not lease.extend():
            raise Conflict("The lease has expired; a vote on its candidate still counts.")
        return Response(LeaseOut(lease).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Return the candidate to the queue; a lease that does not exist any more is no error."""
        Lease.objects.of(request.user).filter(pk=pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class SkipView(LeaseView):
    """Skip a candidate: it comes back after all the others."""

    http_method_names = ["put", "options"]

    @extend_schema(request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Skip the candidate, which other experts can get at once."""
        refuse_body(request)
        self._lease(request, pk).skip()
        return Response(status=status.HTTP_204_NO_CONTENT)
