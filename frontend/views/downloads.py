"""Downloads of a run or an experiment: figures in several formats, and training sets."""

from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from frontend.access import for_action
from frontend.pages.figures import MEDIA_TYPES
from frontend.requests import PageRequest
from labeling.auth.actions import Action
from labeling.files.stored_files import DamagedFile, read_checked
from labeling.models import Experiment, TrainingRun, WorkerJob

# An SVG file opened by itself is a page: it may have its own style, but no script.
_SVG_POLICY = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "img-src": ["data:"]}


@require_safe
@for_action(Action.VIEW)
def run_figure(request: PageRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A figure of a run."""
    return _figure_response(request, get_object_or_404(TrainingRun, pk=pk), name, ending)


@require_safe
@for_action(Action.VIEW)
def experiment_figure(request: PageRequest, pk: int, name: str, ending: str) -> HttpResponseBase:
    """A figure of an experiment."""
    experiment = get_object_or_404(Experiment.objects.open_to(request.user), pk=pk)
    return _figure_response(request, experiment, name, ending)


@require_safe
@for_action(Action.DOWNLOAD_LABELS)
def run_training_set(request: PageRequest, pk: int) -> HttpResponseBase:
    """The training set of a run, with its labels."""
    run = get_object_or_404(TrainingRun, pk=pk)
    file_name = f"run-{pk}-training-set.csv"
    return _training_set(request, run.manifest_path, run.manifest_sha256, file_name)


@require_safe
@for_action(Action.DOWNLOAD_LABELS)
def experiment_training_set(request: PageRequest, pk: int, name: str) -> HttpResponseBase:
    """The training set of an experiment, by the name of its label source."""
    experiment = get_object_or_404(Experiment, pk=pk)
    digests = {row["name"]: row["sha256"] for row in experiment.training_sets}
    if name not in digests:
        raise Http404(f"Experiment {pk} has no training set {name}.")
    path, file_name = experiment.training_set_path(name), f"experiment-{pk}-{name}.csv"
    return _training_set(request, path, digests[name], file_name)


def _training_set(
    request: PageRequest, path: Path, digest: str, file_name: str
) -> HttpResponseBase:
    """Send a training set; 503 if it is not what the networks were trained on."""

    def read() -> bytes:
        return read_checked(path, digest)

    return _file_response(request, path, read, MEDIA_TYPES["csv"], file_name)


def _figure_response(
    request: PageRequest, job: WorkerJob, name: str, ending: str
) -> HttpResponseBase:
    """Send a figure of the job in one of the formats; 404 for any other name."""
    if name not in job.figures or ending not in MEDIA_TYPES:
        raise Http404(f"There is no figure {name}.{ending} of {job}.")
    path = job.figures_directory / f"{name}.{ending}"
    file_name = f"{job}-{name}.{ending}".replace(" ", "-")
    return _file_response(request, path, path.read_bytes, MEDIA_TYPES[ending], file_name)


def _file_response(
    request: PageRequest,
    path: Path,
    read: Callable[[], bytes],
    media_type: str,
    file_name: str,
) -> HttpResponseBase:
    """Send a file that only this browser may keep, and that it must revalidate for each use."""
    if not path.exists():
        raise Http404(f"{file_name} is not on the disk any more.")
    try:
        content = read()
    except (DamagedFile, OSError):
        return HttpResponse(
            f"{file_name} is damaged on the server. Restore it from a backup.",
            content_type="text/plain; charset=utf-8",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
    etag = f'"{sha256(content).hexdigest()}"'
    response = get_conditional_response(request, etag) or HttpResponse(
        content, content_type=media_type
    )
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = f'inline; filename="{file_name}"'
    # What django-csp's decorators do, for this response alone.
    response._csp_replace = _SVG_POLICY  # type: ignore[attr-defined]  # noqa: SLF001
    return response
