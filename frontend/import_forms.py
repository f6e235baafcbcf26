"""The forms of imports: a new one, and how its files are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from classifier.core.bands import BANDS
from labeling.ingest.column_descriptions import SHIPPED
from labeling.ingest.import_requests import CATALOGUE, LEGUS_LIMITS, MOSAIC, STAMPS, UNUSED
from labeling.models import Field, IdempotencyKey, ImportJob, Upload
from labeling.models.field import positive
from labeling.rules.conflicts import JobConflict
from labeling.rules.figure_question import FieldSplit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USES = [
    (MOSAIC, "mosaic"),
    (CATALOGUE, "catalogue"),
    (STAMPS, "stamps cut elsewhere"),
    (UNUSED, "not used"),
]
FRAMES = ("icrs", "fk5", "fk4", "galactic")
ORIGINS = [
    ("", "as the survey has it, or 1"),
    ("1", "1, as in FITS, SExtractor and LEGUS"),
    ("0", "0, as in numpy"),
]
POSITION_COLUMNS = ("id", "x", "y", "ra", "dec", "ci")
PHOTOMETRY_COLUMNS = tuple(f"{kind}_{band}" for band in BANDS for kind in ("mag", "err"))
REFERENCES = range(1, 4)
"""Columns of classes that one form can name."""
_NUMBERS_OF_BANDS = [("", "as the field has it"), *((str(n), str(n)) for n in range(1, 6))]
_BOXES = ("without_header", "without_wcs", "align", "allow_outside", "lossless", "force")
_OF_DETECTION = ("sigma", "min_ci", "max_error", "faintest")
_OF_FIELD = ("galaxy", "distance_mpc", "pixel_scale_arcsec", "split")
_SPLITS = [("", "as the field has it: random, if it is new"), *FieldSplit.choices]


class NewImportForm(forms.Form):
    """The field and the uploaded files of a new import."""

    field = forms.ModelChoiceField(
        Field.objects.all(), to_field_name="name", required=False, empty_label="a new field"
    )
    name = forms.SlugField(
        label="Name of the new field",
        max_length=50,
        required=False,
        help_text="Short, for addresses: letters, digits and hyphens, as in ngc1566.",
    )
    galaxy = forms.CharField(max_length=80, required=False, help_text="As on pages: NGC 1566.")
    distance_mpc = forms.FloatField(
        label="Distance (Mpc)", required=False, validators=[positive], min_value=0
    )
    split = forms.ChoiceField(label="Control sample", choices=FieldSplit.choices, required=False)
    uploads = forms.ModelMultipleChoiceField(Upload.objects.none(), required=False)
    detect = forms.BooleanField(
        label="There is no catalogue: find the candidates on the mosaics", required=False
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Accept the user's files that no import has taken yet."""
        super().__init__(*args, **kwargs)
        uploads: Any = self.fields["uploads"]
        uploads.queryset = Upload.objects.unused().filter(account=user)

    def clean(self) -> dict[str, Any]:
        """Check that there is one field, and that its files have arrived."""
        values = super().clean() or {}
        name, uploads = values.get("name"), list(values.get("uploads") or [])
        if values.get("field") is None:
            if not name and "name" not in self.errors:
                self.add_error("name", "Give the new field a name, or choose a field.")
            if name and Field.objects.filter(name=name).exists():
                self.add_error("name", f"There is a field {name} already; choose it above.")
        if not uploads and not (values.get("detect") and values.get("field")):
            self.add_error("uploads", "Add the files to import first.")
        for upload in uploads:
            if not upload.is_complete:
                self.add_error("uploads", f"{upload.name} has not arrived completely.")
        return values

    def start(self, user: User, key: IdempotencyKey | None = None) -> ImportJob | None:
        """Queue the preview; None, with the reason among the errors, if it cannot start."""
        values = self.cleaned_data
        field = values["field"]
        options = {"field": field.name if field else values["name"]}
        of_field = ("galaxy", "distance_mpc", *(() if field else ("split",)))
        options |= {name: values[name] for name in of_field if values[name] not in (None, "")}
        if values["detect"]:
            options["detect"] = True
        try:
            return ImportJob.objects.request(user, options, values["uploads"], key)
        except JobConflict as reason:
            self.add_error(None, str(reason))
            return None


class ImportOptionsForm(forms.Form):
    """How the files of an import are read; its fields depend on the files."""

    galaxy = forms.CharField(max_length=80, required=False)
    distance_mpc = forms.FloatField(label="Distance (Mpc)", required=False, validators=[positive])
    pixel_scale_arcsec = forms.FloatField(
        label="Pixel scale (″)", required=False, validators=[positive]
    )
    split = forms.ChoiceField(label="Control sample", choices=_SPLITS, required=False)
    without_wcs = forms.BooleanField(label="no WCS in the images", required=False)
    origin = forms.ChoiceField(label="First pixel in x and y", choices=ORIGINS, required=False)
    table = forms.CharField(
        label="Table of the file", max_length=100, required=False, help_text="Name or number."
    )
    description = forms.ChoiceField(
        label="Description of the columns",
        choices=[("", "none, or recognised"), *((name, name) for name in sorted(SHIPPED))],
        required=False,
    )
    frame = forms.ChoiceField(
        label="Sky frame",
        choices=[("", "as the table says, or ICRS"), *((name, name.upper()) for name in FRAMES)],
        required=False,
    )
    without_header = forms.BooleanField(
        label="no line of column names in the table", required=False
    )
    allow_outside = forms.BooleanField(label="set rows outside the image aside", required=False)
    force = forms.BooleanField(
        label="import although the positions look wrong (this is recorded)", required=False
    )
    min_observed = forms.TypedChoiceField(
        label="Bands that must cover a candidate",
        choices=_NUMBERS_OF_BANDS,
        coerce=int,
        empty_value=None,
        required=False,
    )
    min_detected = forms.TypedChoiceField(
        label="Bands in which it must be detected",
        choices=_NUMBERS_OF_BANDS,
        coerce=int,
        empty_value=None,
        required=False,
    )
    keep = forms.MultipleChoiceField(label="Keep with the candidates", required=False)
    align = forms.BooleanField(label="resample the mosaics onto one grid", required=False)
    lossless = forms.BooleanField(
        label="store every pixel of the stamps exactly (200 kB a candidate)", required=False
    )
    bands = forms.CharField(
        label="Bands of the stamps",
        max_length=100,
        required=False,
        help_text="In the order of the array or of red, green, blue: NUV,U,B,V,I.",
    )
    dataset = forms.CharField(label="Array in the file", max_length=100, required=False)
    detect = forms.BooleanField(label="find the candidates on the mosaics", required=False)
    sigma = forms.FloatField(
        label="Threshold (sigma of the local noise)", required=False, validators=[positive]
    )
    min_ci = forms.FloatField(label="Least concentration index (mag)", required=False)
    max_error = forms.FloatField(label="Largest error (mag)", required=False, validators=[positive])
    faintest = forms.FloatField(label="Faintest absolute magnitude in V", required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, job: ImportJob) -> None:
        """Add the choices that the job's files and columns leave."""
        self.job = job
        super().__init__(data, initial=_initial(job))
        self._add_files()
        self._add_columns()

    def _add_files(self) -> None:
        bands = [("", "by its header"), *((band, band) for band in BANDS)]
        for upload in self.job.uploads.all():
            self.fields[f"use_{upload.pk}"] = forms.ChoiceField(label="Use", choices=USES)
            self.fields[f"band_{upload.pk}"] = forms.ChoiceField(choices=bands, required=False)
            self.fields[f"hdu_{upload.pk}"] = forms.IntegerField(
                label="HDU", required=False, min_value=0, max_value=999
            )

    def _add_columns(self) -> None:
        preview = self.job.preview
        names = preview.get("columns", [])
        recognised = preview.get("recognised", {})
        choices = [(name, name) for name in names]
        for standard in (*POSITION_COLUMNS, *PHOTOMETRY_COLUMNS):
            guess = recognised.get(standard)
            empty = f"{guess} (recognised)" if guess else "–"
            self.fields[f"column_{standard}"] = forms.ChoiceField(
                label=standard, choices=[("", empty), *choices], required=False
            )
        for number in REFERENCES:
            self.fields[f"reference_{number}"] = forms.ChoiceField(
                label="Column", choices=[("", "–"), *choices], required=False
            )
            self.fields[f"source_{number}"] = forms.CharField(
                label="Source", max_length=80, required=False
            )
        keep: Any = self.fields["keep"]
        keep.choices = choices

    @property
    def file_rows(self) -> Iterator[tuple[Upload, Any, Any, Any]]:
        """The files, each with its three inputs."""
        for upload in self.job.uploads.all():
            use, band, hdu = (self[f"{kind}_{upload.pk}"] for kind in ("use", "band", "hdu"))
            yield upload, use, band, hdu

    @property
    def position_columns(self) -> list[Any]:
        """The inputs of the columns of ids and positions."""
        return [self[f"column_{name}"] for name in POSITION_COLUMNS]

    @property
    def photometry_columns(self) -> list[Any]:
        """The inputs of the columns of magnitudes and their errors."""
        return [self[f"column_{name}"] for name in PHOTOMETRY_COLUMNS]

    @property
    def boxes(self) -> list[Any]:
        """The boxes to tick."""
        return [self[name] for name in _BOXES]

    @property
    def has_columns(self) -> bool:
        """True if there is a table whose columns can be chosen."""
        return bool(self.job.preview.get("columns"))

    @property
    def has_stamps(self) -> bool:
        """True if a file holds stamps that were cut elsewhere."""
        return STAMPS in self.job.preview.get("uses", {}).values()

    @property
    def stamp_inputs(self) -> list[Any]:
        """The inputs about stamps that were cut elsewhere."""
        return [self["bands"], self["dataset"]]

    @property
    def detection_limits(self) -> list[Any]:
        """The inputs of the limits within which candidates are found."""
        return [self[name] for name in _OF_DETECTION]

    @property
    def reference_rows(self) -> list[tuple[Any, Any]]:
        """The inputs of columns of classes, each with the name of its source."""
        return [(self[f"reference_{n}"], self[f"source_{n}"]) for n in REFERENCES]

    def clean(self) -> dict[str, Any]:
        """Check that every column of classes has a source."""
        values = super().clean() or {}
        for number in REFERENCES:
            if values.get(f"reference_{number}") and not values.get(f"source_{number}"):
                self.add_error(
                    f"source_{number}", ValidationError("Name the source of these classes.")
                )
        return values

    def options(self) -> dict[str, Any]:
        """Return the options of the job."""
        values = self.cleaned_data
        files = {
            str(upload.pk): {
                "use": values[f"use_{upload.pk}"],
                "band": values[f"band_{upload.pk}"],
                "hdu": values[f"hdu_{upload.pk}"],
            }
            for upload in self.job.uploads.all()
        }
        return {
            "field": self.job.options["field"],
            **{name: values[name] for name in _OF_FIELD if values[name] not in (None, "")},
            "needs_wcs": not values["without_wcs"],
            "align": values["align"],
            "files": files,
            "stamps": {
                "bands": [name.strip() for name in values["bands"].split(",") if name.strip()],
                "dataset": values["dataset"] or None,
            },
            "detect": values["detect"],
            "detection": {name: values[name] for name in _OF_DETECTION},
            "catalogue": self._catalogue_options(),
        }

    def _catalogue_options(self) -> dict[str, Any]:
        values = self.cleaned_data
        columns = {
            name: values[f"column_{name}"]
            for name in (*POSITION_COLUMNS, *PHOTOMETRY_COLUMNS)
            if values[f"column_{name}"]
        }
        references = {
            values[f"source_{n}"]: values[f"reference_{n}"]
            for n in REFERENCES
            if values[f"reference_{n}"]
        }
        return {
            "origin": int(values["origin"]) if values["origin"] else None,
            "allow_outside": values["allow_outside"],
            "force": values["force"],
            "lossless": values["lossless"],
            "min_observed": values["min_observed"],
            "min_detected": values["min_detected"],
            "table": {
                "columns": columns,
                "references": references,
                "keep": values["keep"],
                "table": values["table"] or None,
                "description": values["description"] or None,
                "frame": values["frame"] or None,
                "header": not values["without_header"],
            },
        }


def _initial(job: ImportJob) -> dict[str, Any]:
    """Return what the form shows: the options of the job, or what was recognised."""
    options, uses = job.options, job.preview.get("uses", {})
    catalogue = options.get("catalogue", {})
    table = catalogue.get("table", {})
    initial = {name: options.get(name) for name in _OF_FIELD}
    initial["without_wcs"] = not options.get("needs_wcs", True)
    initial |= {name: options.get(name) for name in ("align", "detect")}
    stamps = options.get("stamps", {})
    initial |= {"bands": ",".join(stamps.get("bands", ())), "dataset": stamps.get("dataset")}
    initial |= {**LEGUS_LIMITS, **options.get("detection", {})}
    for upload in job.uploads.all():
        values = options.get("files", {}).get(str(upload.pk), {})
        initial[f"use_{upload.pk}"] = values.get("use") or uses.get(str(upload.pk), MOSAIC)
        initial[f"band_{upload.pk}"] = values.get("band", "")
        initial[f"hdu_{upload.pk}"] = values.get("hdu")
    names = ("origin", "allow_outside", "lossless", "force", "min_observed", "min_detected")
    for name in names:
        initial[name] = catalogue.get(name)
    initial |= {f"column_{name}": column for name, column in table.get("columns", {}).items()}
    references = table.get("references", {}).items()
    for number, (source, column) in zip(REFERENCES, references, strict=False):
        initial |= {f"source_{number}": source, f"reference_{number}": column}
    initial |= {name: table.get(name) for name in ("keep", "table", "description", "frame")}
    initial["without_header"] = not table.get("header", True)
    return initial
