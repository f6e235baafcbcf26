"""Files of a run or an experiment: figures in their formats, and frozen training sets."""

from hashlib import sha256
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from frontend.access import for_role
from frontend.pages.figures import MEDIA_TYPES
from labeling.auth.roles import Role
from labeling.models import Experiment, TrainingRun, WorkerJob

# An SVG file opened by itself is a page of its own: it may look as it was drawn, and do nothing.
_INERT = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "img-src": ["data:"]}


@require_safe
@for_role(Role.EXPERT)
def run_figure(request: HttpRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A figure of a run."""
    return _figure(request, get_object_or_404(TrainingRun, pk=pk), name, ending)


@require_safe
@for_role(Role.EXPERT)
def experiment_figure(request: HttpRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A figure of an experiment."""
    experiment = get_object_or_404(Experiment.objects.open_to(request.user), pk=pk)
    return _figure(request, experiment, name, ending)


@require_safe
@for_role(Role.CURATOR)
def run_training_set(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The labels that a run was trained on; they tell what others said."""
    path = get_object_or_404(TrainingRun, pk=pk).manifest_path
    return _sent(request, path, MEDIA_TYPES["csv"], f"run-{pk}-training-set.csv")


@require_safe
@for_role(Role.CURATOR)
def experiment_training_set(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """The same of an experiment, by the name of a label source."""
    experiment = get_object_or_404(Experiment, pk=pk)
    if name not in {one["name"] for one in experiment.training_sets}:
        raise Http404(f"Experiment {pk} has no training set {name}.")
    path = experiment.training_set_path(name)
    return _sent(request, path, MEDIA_TYPES["csv"], f"experiment-{pk}-{name}.csv")


def _figure(request: HttpRequest, job: WorkerJob, name: str, ending: str) -> HttpResponseBase:
    """One of the job's own figures in one of the formats; nothing else is there."""
    if name not in job.figures or ending not in MEDIA_TYPES:
        raise Http404(f"There is no figure {name}.{ending} of {job}.")
    path = job.figures_directory / f"{name}.{ending}"
    file_name = f"{job}-{name}.{ending}".replace(" ", "-")
    return _sent(request, path, MEDIA_TYPES[ending], file_name)


def _sent(request: HttpRequest, path: Path, media_type: str, file_name: str) -> HttpResponseBase:
    """The file, for this person only; their browser asks each time whether it has changed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Http404(f"{file_name} is no longer on the disk.") from None
    etag = f'"{sha256(content).hexdigest()}"'
    answer = get_conditional_response(request, etag) or HttpResponse(
        content, content_type=media_type
    )
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Disposition"] = f'inline; filename="{file_name}"'
    answer._csp_replace = _INERT  # type: ignore[attr-defined]
    return answer
