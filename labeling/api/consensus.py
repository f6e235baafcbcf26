"""Consensus, agreement and adjudication."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.filters import ConsensusIn, asked_for
from labeling.api.permissions import IsCurator
from labeling.classes import MorphologicalClass
from labeling.models import Adjudication, Candidate, Consensus, Field, Vote
from labeling.plain_json import finite
from labeling.ratings import pairs_open_to
from labeling.roles import Role, has_role


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
            "n_class1",
            "n_class2",
            "n_class3",
            "n_class4",
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


class AdjudicationIn(serializers.ModelSerializer[Adjudication]):
    """A curator's class for a candidate, and why."""

    candidate = serializers.PrimaryKeyRelatedField(queryset=Candidate.objects.in_play())
    label = serializers.ChoiceField(MorphologicalClass.choices)  # type: ignore[assignment]

    class Meta:
        model = Adjudication
        fields = ("candidate", "label", "reason")


class AdjudicationView(APIView):
    """Curators settle what the votes leave open."""

    permission_classes = [IsCurator]

    @extend_schema(request=AdjudicationIn, responses={201: ConsensusOut})
    def post(self, request: Request) -> Response:
        """Rule on one candidate; the latest ruling stands."""
        body = AdjudicationIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = body.validated_data
        candidate = answer["candidate"]
        candidate.adjudicate(request.user, answer["label"], answer["reason"])
        settled = Consensus.objects.get(candidate=candidate)
        return Response(ConsensusOut(settled).data, status=status.HTTP_201_CREATED)


class AgreementOut(serializers.Serializer[Any]):
    """How two raters agree; null where there is nothing to divide by."""

    first = serializers.CharField()
    first_kind = serializers.CharField()
    second = serializers.CharField()
    second_kind = serializers.CharField()
    n = serializers.IntegerField(source="agreement.n")
    confusion = serializers.ListField(source="agreement.confusion")
    share = serializers.FloatField(source="agreement.share")
    interval = serializers.ListField(child=serializers.FloatField(), source="agreement.interval")
    share_compact = serializers.FloatField(source="agreement.share_compact")
    kappa = serializers.FloatField(source="agreement.kappa", allow_null=True)
    per_class = serializers.ListField(
        child=serializers.FloatField(allow_null=True), source="agreement.per_class"
    )


class AgreementView(APIView):
    """Pairs of raters: experts, the consensus and published catalogues."""

    @extend_schema(
        parameters=[OpenApiParameter("field", str, description="name of a field")],
        responses=AgreementOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """All pairs that the caller may see."""
        name = request.query_params.get("field")
        field = generics.get_object_or_404(Field, name=name) if name else None
        pairs = pairs_open_to(request.user, field)
        return Response(finite(AgreementOut(list(pairs), many=True).data))
