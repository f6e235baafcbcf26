"""Consensus and adjudication."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.core.classes import VOTE_COLUMNS
from labeling.api.filters import ConsensusIn, asked_for
from labeling.api.permissions import IsCurator
from labeling.auth.requests import AuthenticatedRequest
from labeling.auth.roles import Role, has_role
from labeling.classes import CLASS_CHOICES
from labeling.models import Adjudication, Candidate, Consensus, Vote


class ConsensusOut(serializers.ModelSerializer[Consensus]):
    """What the live votes on a candidate say."""

    field = serializers.CharField(source="candidate.field.name")
    catalogue_id = serializers.CharField(source="candidate.catalogue_id")

    class Meta:
        model = Consensus
        fields = (
            "candidate",
            "field",
            "catalogue_id",
            "label",
            "status",
            "n_votes",
            *VOTE_COLUMNS,
            "n_unsure",
            "agreement",
            "class_mean",
            "vote_entropy",
            "provenance",
            "rule_version",
        )


class ConsensusListView(generics.ListAPIView[Consensus]):
    """The consensus of the candidates that the caller may know of.

    Curators see all; an expert sees those that they have voted on.
    """

    request: AuthenticatedRequest
    serializer_class = ConsensusOut

    @extend_schema(parameters=[ConsensusIn])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """List them, in the order of the candidates."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Consensus]:
        """Those that the caller may see, of the field and status asked for."""
        rows = Consensus.objects.select_related("candidate__field").order_by("candidate")
        if not has_role(self.request.user, Role.CURATOR):
            mine = Vote.objects.live().by(self.request.user)
            rows = rows.filter(Exists(mine.filter(candidate=OuterRef("candidate"))))
        asked = asked_for(self.request, ConsensusIn)
        if field := asked.pop("field", None):
            rows = rows.filter(candidate__field=field)
        return rows.filter(**asked)

    def paginate_queryset(self, queryset: Any) -> Any:
        """One page; what it shows is on record."""
        page = super().paginate_queryset(queryset)
        Candidate.objects.disclose(self.request.user, [row.candidate_id for row in page or ()])
        return page


class AdjudicationIn(serializers.ModelSerializer[Adjudication]):
    """A curator's class for a candidate, and why."""

    candidate = serializers.PrimaryKeyRelatedField(queryset=Candidate.objects.in_play())
    label = serializers.ChoiceField(CLASS_CHOICES)  # type: ignore[assignment]

    class Meta:
        model = Adjudication
        fields = ("candidate", "label", "reason")


class AdjudicationView(APIView):
    """Curators settle what the votes leave open."""

    permission_classes = [IsCurator]

    @extend_schema(request=AdjudicationIn, responses={201: ConsensusOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Rule on one candidate; the latest ruling stands."""
        body = AdjudicationIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = body.validated_data
        candidate = answer["candidate"]
        candidate.adjudicate(request.user, answer["label"], answer["reason"])
        settled = Consensus.objects.get(candidate=candidate)
        return Response(ConsensusOut(settled).data, status=status.HTTP_201_CREATED)
