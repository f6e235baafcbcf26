"""PUT votes/{uuid}/ casts a vote, exactly once; DELETE retracts it."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response

from labeling.api.filters import FieldIn, checked_query
from labeling.api.queue import CandidateFilterIn
from labeling.api.strict import NumberField, SettingsField, StrictSerializer
from labeling.api.views import APIView
from labeling.auth.requests import AuthenticatedRequest
from labeling.classes import Certainty, Label, Reason
from labeling.models import Candidate, Lease, NotReplaceable, SetAside, Vote
from labeling.rules.decision_tree import classify_answers
from labeling.time_zones import COOKIE, time_zone_of_browser

UNSURE = "unsure"
DISPLAY_CHARACTERS = 4000
_SCHEMA = [{"type": "integer", "minimum": 1, "maximum": 4}, {"type": "string", "enum": [UNSURE]}]


@extend_schema_field({"oneOf": _SCHEMA})
class LabelField(serializers.Field[int, Any, Any, Any]):
    """A class from 1 to 4, or "unsure"."""

    def to_internal_value(self, data: Any) -> int:
        """Return the label as it is stored."""
        if data == UNSURE:
            return Label.UNSURE
        if isinstance(data, int) and not isinstance(data, bool) and 1 <= data <= 4:
            return data
        raise serializers.ValidationError(f'must be 1, 2, 3, 4 or "{UNSURE}", not {data!r}.')

    def to_representation(self, value: int) -> int | str:
        """Return the label as the API has it."""
        return UNSURE if value == Label.UNSURE else value


class AnswerIn(StrictSerializer):
    """The answer to one question of the decision tree."""

    question = serializers.CharField(max_length=20)
    answer = serializers.CharField(max_length=20)


class VoteIn(StrictSerializer):
    """An expert's vote on a candidate."""

    candidate = serializers.IntegerField(min_value=0, max_value=2**63 - 1)
    label = LabelField()  # type: ignore[assignment]
    certainty = serializers.ChoiceField(Certainty.choices, default=Certainty.SURE)
    reason = serializers.ChoiceField(Reason.choices, default="", allow_blank=True)
    comment = serializers.CharField(default="", allow_blank=True, max_length=4000)
    flagged = serializers.BooleanField(default=False)
    seconds = NumberField(default=None, allow_null=True, min_value=0, max_value=86400)
    display = SettingsField(DISPLAY_CHARACTERS, default=dict)
    answers = AnswerIn(many=True, default=list)
    replaces = serializers.UUIDField(
        default=None, allow_null=True, help_text="The caller's earlier vote that this one corrects."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the answers lead to the vote's class and reason."""
        attrs["answers"] = [dict(answer) for answer in attrs["answers"]]
        if attrs["answers"]:
            try:
                outcome = classify_answers(attrs["answers"])
            except ValueError as error:
                raise serializers.ValidationError({"answers": str(error)}) from None
            if outcome != (attrs["label"], attrs["reason"]):
                result = " ".join(map(str, outcome)).rstrip()
                problem = f"lead to class {result}, not to the class of the vote."
                raise serializers.ValidationError({"answers": problem})
        return attrs


class VoteOut(serializers.ModelSerializer[Vote]):
    """A recorded vote."""

    label = LabelField()  # type: ignore[assignment]

    class Meta:
        model = Vote
        fields = (
            "id",
            "candidate",
            "label",
            "certainty",
            "reason",
            "comment",
            "flagged",
            "answers",
            "seconds",
            "surplus",
            "cast_at",
            "retracted_at",
        )


# Made once: building the fields takes a serializer longer than reading and writing.
_IN, _OUT = VoteIn(), VoteOut()


class VoteView(APIView):
    """One vote, under a UUID chosen by the client."""

    @extend_schema(request=VoteIn, responses={200: VoteOut})
    def put(self, request: AuthenticatedRequest, uuid: UUID) -> Response:
        """Cast or change the caller's vote; the same request again gets the same answer.

        A vote always counts. `surplus` marks a vote without a live lease that arrived after all
        needed votes were cast or promised, or after a curator's ruling.
        """
        values = dict(_IN.run_validation(request.data))
        candidate = Candidate(pk=values.pop("candidate"))
        try:
            vote = candidate.cast_vote(request.user, uuid, **values)
        except (Candidate.DoesNotExist, SetAside) as error:
            raise serializers.ValidationError({"candidate": str(error)}) from None
        except NotReplaceable as error:
            raise serializers.ValidationError({"replaces": str(error)}) from None
        return Response(_OUT.to_representation(vote))

    @extend_schema(responses={204: None})
    def delete(self, request: AuthenticatedRequest, uuid: UUID) -> Response:
        """Retract the caller's vote; doing so again changes nothing."""
        get_object_or_404(Vote.objects.by(request.user), pk=uuid).retract()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProgressOut(serializers.Serializer[Any]):
    """The caller's progress."""

    voted_today = serializers.IntegerField(
        help_text=f"Votes since midnight at the offset of the cookie {COOKIE}, or else UTC."
    )
    voted = serializers.IntegerField()
    left = serializers.IntegerField()
    votes_needed = serializers.IntegerField(allow_null=True)


class ProgressIn(CandidateFilterIn, FieldIn):
    """The filter of `POST queue/`: `left` counts the candidates that pass it."""


class ProgressView(APIView):
    """The caller's progress."""

    query_serializer = ProgressIn

    @extend_schema(
        parameters=[
            OpenApiParameter(
                COOKIE,
                int,
                OpenApiParameter.COOKIE,
                description="Minutes that the caller's clock is ahead of UTC; default: 0.",
            ),
        ],
        responses=ProgressOut,
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """Return counts of the caller's votes and of the candidates that wait for them.

        `left` obeys the whole filter, the other counts obey the field.
        """
        chosen = checked_query(request, ProgressIn)
        field = chosen.pop("field", None)
        # Hidden repeats included: a count that drops after a vote would reveal them.
        votes = Vote.objects.standing().by(request.user)
        candidates = Candidate.objects.all()
        leases = Lease.objects.live().of(request.user)
        if field:
            votes = votes.filter(candidate__field=field)
            candidates = candidates.filter(field=field)
            leases = leases.filter(candidate__field=field)
        if any(value not in (None, False) for value in chosen.values()):
            candidates = candidates.chosen_by(request.user, **chosen)
            leases = leases.filter(candidate__in=candidates.order_by().values("pk"))
        counts = {
            "voted_today": votes.today(time_zone_of_browser(request.COOKIES)).count(),
            "voted": votes.count(),
            "left": candidates.count_waiting_for(request.user) + leases.count(),
            "votes_needed": field.votes_needed if field else None,
        }
        return Response(ProgressOut(counts).data)
