"""Stamps with a file for each candidate: FITS with an HDU for each filter, and PNG pictures."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray
from PIL import Image as Pillow

from classifier.core.bands import BANDS
from classifier.core.config import PACK_STAMP_PX
from classifier.core.stamp_arrays import fit_to_pack, position_in_pack
from labeling.files.limits import UNPACKING_ERRORS, LimitExceeded, check_fits
from labeling.imaging.celestial import UnusableWCS, compass, pixel_to_icrs, read_wcs
from labeling.imaging.filter_names import KEYWORDS, filters_by_band
from labeling.ingest.errors import BadInput
from labeling.ingest.stamp_sets import MAX_SIDE, Images, StampOptions, StampSet, check_size
from labeling.number_texts import count_text

_FILTER_KEYWORDS = ("BAND", *KEYWORDS, "PHOTMODE", "EXTNAME")
_NO_SCIENCE = re.compile(r"WHT|ERR|DQ|CTX|VAR|MASK|RMS|IVAR", re.IGNORECASE)
_UNREADABLE = (*UNPACKING_ERRORS, ValueError, TypeError, KeyError, IndexError, fits.VerifyError)
_FITS = (".fits", ".fit", ".fits.gz", ".fits.fz", ".fits.bz2")
_ENDING = re.compile(r"(\.fits?)?(\.gz|\.fz|\.bz2|\.png)?$", re.IGNORECASE)
_EXAMPLE = "--bands V, or --bands I,V,B for the colours red, green and blue"


@dataclass
class Picture:
    """One candidate's file: the pixels (y, x) by band, and what its headers say."""

    path: Path
    planes: dict[str, NDArray[Any]] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    catalogue_id: str = ""
    wcs: WCS | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Size (y, x) in px."""
        height, width = next(iter(self.planes.values())).shape
        return height, width

    def fitted(self) -> Images:
        """Return the stamps (all five bands, y, x) of a pack's size."""
        block = np.full((len(BANDS), PACK_STAMP_PX, PACK_STAMP_PX), np.nan, np.float32)
        for band, plane in self.planes.items():
            block[BANDS.index(band)] = fit_to_pack(plane)
        return block


def files_in(paths: Sequence[Path], suffixes: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the files of these endings, and their names relative to the folder that was given."""
    files = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and _ends(p, suffixes))
            files += [(p, p.relative_to(path).as_posix()) for p in inside]
        elif _ends(path, suffixes):
            files.append((path, path.name))
    return files


def _ends(path: Path, suffixes: Sequence[str]) -> bool:
    return not path.name.startswith(".") and path.name.lower().endswith(tuple(suffixes))


def read_fits_files(paths: Sequence[Path], options: StampOptions) -> StampSet:
    """Return the stamps of FITS files, one for each candidate. Raises BadInput."""
    return _stamp_set(paths, files_in(paths, _FITS), "FITS", lambda p: _read_fits(p, options))


def read_png_files(paths: Sequence[Path], options: StampOptions) -> StampSet:
    """Return the stamps of PNG pictures, one for each candidate. Raises BadInput."""
    if not options.bands:
        raise BadInput(f"{paths[0]}: pictures do not say their bands; name them: {_EXAMPLE}.")
    stamps = _stamp_set(paths, files_in(paths, (".png",)), "PNG", lambda p: _read_png(p, options))
    stamps.whole_numbers = True
    stamps.notes.append(
        f"The pictures stand for {', '.join(stamps.bands)}. Their pixels are stretched brightness "
        "of 8 bits (16 in some), not fluxes: good for a first look, not for photometry."
    )
    return stamps


def _read_fits(path: Path, options: StampOptions) -> Picture:
    """Read the images of one FITS file by their filters, or a cube by --bands."""
    picture = Picture(path)
    try:
        check_fits(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, memmap=False) as hdus:
                primary = hdus[0].header
                picture.catalogue_id = str(primary.get("CATID", "")).strip()
                images = [(number, hdu) for number, hdu in enumerate(hdus) if _is_science(hdu)]
                _check_filters(path, [hdu.header for _, hdu in images])
                for number, hdu in images:
                    _add_hdu(picture, number, hdu, primary, options)
    except LimitExceeded as error:
        raise BadInput(f"{path}: {error}.") from None
    except _UNREADABLE as error:
        reason = (str(error).strip().splitlines() or ["damaged"])[0]
        raise BadInput(f"{path}: not a readable FITS file ({reason}).") from None
    if not picture.planes:
        raise BadInput(f"{path}: holds no image.")
    if len({plane.shape for plane in picture.planes.values()}) > 1:
        sizes = ", ".join(f"{b} {p.shape[1]} x {p.shape[0]}" for b, p in picture.planes.items())
        raise BadInput(f"{path}: its images have different sizes ({sizes} px).")
    return picture


def _is_science(hdu: Any) -> bool:
    """True for an image that is none of the weights, errors and masks beside it."""
    is_image = hdu.is_image and hdu.header.get("NAXIS", 0) > 0
    return bool(is_image and not _NO_SCIENCE.fullmatch(str(hdu.name).split("_")[-1]))


def _check_filters(path: Path, headers: Sequence[fits.Header]) -> None:
    """Raise BadInput for several images of which no header says what distinguishes them."""
    texts = [str(header.get(word, "")) for header in headers for word in _FILTER_KEYWORDS]
    if len(headers) > 1 and not any(map(filters_by_band, texts)):
        raise BadInput(
            f"{path}: holds {len(headers)} images, and no header names a filter: if they are "
            "different candidates, write one file for each candidate; if they are filters of one "
            "candidate, name these in EXTNAME or FILTER."
        )


def _add_hdu(
    picture: Picture, number: int, hdu: Any, primary: fits.Header, options: StampOptions
) -> None:
    """Add the image of one HDU, or the images of a cube (band, y, x)."""
    axes = [int(hdu.header[f"NAXIS{n}"]) for n in range(int(hdu.header["NAXIS"]), 0, -1)]
    axes = axes if len(axes) < 2 else [n for n in axes[:-2] if n != 1] + axes[-2:]
    if len(axes) not in {2, 3}:
        axes_text = count_text(len(axes), "axis", "axes")
        raise BadInput(f"{picture.path}, HDU {number}: has {axes_text}; an image has 2.")
    check_size(picture.path, *axes[-2:])
    if len(axes) == 3:
        filters = options.filters
        if len(filters) != axes[0]:
            raise BadInput(
                f"{picture.path}, HDU {number}: is a cube of {count_text(axes[0], 'image')}; name "
                "the bands in order with --bands."
            )
    else:
        filters = dict([_filter_of(picture.path, number, hdu.header, primary, options)])
    pixels = np.asarray(hdu.data).reshape(len(filters), *axes[-2:])
    if pixels.dtype.kind not in "iuf":
        raise BadInput(f"{picture.path}, HDU {number}: its pixels are not numbers.")
    for (band, name), plane in zip(filters.items(), pixels, strict=True):
        if band in picture.planes:
            raise BadInput(f"{picture.path}: HDU {number} is the second image in {band}.")
        picture.planes[band] = plane
        picture.units[band] = str(hdu.header.get("BUNIT", primary.get("BUNIT", "")))[:32]
        if name != band:
            picture.filters[band] = name
    if picture.wcs is None:
        try:
            picture.wcs = read_wcs(hdu.header)
        except UnusableWCS as error:
            raise BadInput(f"{picture.path}, HDU {number}: {error}.") from None


def _filter_of(
    path: Path, number: int, header: fits.Header, primary: fits.Header, options: StampOptions
) -> tuple[str, str]:
    """Return band and filter of an HDU. Raises BadInput if its header names none."""
    for keyword in _FILTER_KEYWORDS:
        if filters := filters_by_band(str(header.get(keyword, ""))):
            return _with_filter(filters, header)
    filters = options.filters or filters_by_band(str(primary.get("FILTER", "")))
    if len(filters) == 1:
        return next(iter(filters.items()))
    raise BadInput(
        f"{path}, HDU {number}: no keyword of its header ({', '.join(_FILTER_KEYWORDS)}) names a "
        "filter of the five bands; name it in EXTNAME or FILTER, or give --bands for files with "
        "one image."
    )


def _with_filter(filters: dict[str, str], header: fits.Header) -> tuple[str, str]:
    """Return band and filter; a band's own name may stand in one keyword, the filter in another."""
    band, name = next(iter(filters.items()))
    for keyword in _FILTER_KEYWORDS:
        other = filters_by_band(str(header.get(keyword, ""))).get(band, band)
        if name == band and other != band:
            name = other
    return band, name


def _read_png(path: Path, options: StampOptions) -> Picture:
    """Read a grey or coloured PNG picture; row 0 becomes the bottom one."""
    try:
        with Pillow.open(path, formats=["PNG"]) as file:
            if max(file.size) > MAX_SIDE:
                check_size(path, file.height, file.width)
            mode = file.mode
            channels = {"1": "L", "P": "RGB", "LA": "L", "RGBA": "RGB"}.get(mode, mode)
            pixels = np.asarray(file.convert(channels) if channels != mode else file)
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise BadInput(f"{path}: not a readable PNG picture ({error}).") from None
    planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    filters = options.filters
    if len(planes) == 3 and len(filters) == 1 and (planes == planes[:1]).all():
        planes = planes[:1]  # A grey picture, saved in colours.
    if len(planes) != len(filters):
        raise BadInput(
            f"{path}: has {count_text(len(planes), 'channel')}, and --bands names "
            f"{count_text(len(filters), 'band')}: "
            f"{_EXAMPLE}."
        )
    named = dict(zip(filters, planes[:, ::-1], strict=True))
    return Picture(path, named, {b: n for b, n in filters.items() if n != b})


def _stamp_set(
    paths: Sequence[Path],
    files: Sequence[tuple[Path, str]],
    kind: str,
    read_file: Callable[[Path], Picture],
) -> StampSet:
    """Return the stamps of files that are read one by one, now for what their headers say."""
    if not files:
        raise BadInput(f"{paths[0]}: has no {kind} files.")
    count = len(files)
    stamps = StampSet(
        path=paths[0],
        format=f"{kind}, a file for each candidate",
        ids=[],
        bands=[],
        read=lambda rows: np.stack([read_file(files[row][0]).fitted() for row in rows]),
        sizes=Counter(),
        stamp_xy=np.empty((count, 2)),
        ra=np.full(count, np.nan),
        dec=np.full(count, np.nan),
    )
    bands: Counter[str] = Counter()
    for row, (path, name) in enumerate(files):
        picture = read_file(path)
        _add_picture(stamps, row, name, picture)
        bands.update(list(picture.planes))
    stamps.bands = [band for band in BANDS if band in bands]
    for band in stamps.bands:
        if bands[band] < count:
            files_text = count_text(count - bands[band], "file has", "files have")
            stamps.notes.append(f"{files_text} no image in {band}.")
    return stamps


def _add_picture(stamps: StampSet, row: int, name: str, picture: Picture) -> None:
    """Add what one file says of its candidate."""
    height, width = picture.shape
    stem = _ENDING.sub("", Path(name).name)
    stamps.ids.append(picture.catalogue_id or stem)
    for alias in (name, Path(name).name, stem):
        # A name that two files share says nothing.
        stamps.aliases[alias] = -1 if alias in stamps.aliases else row
    stamps.sizes[height, width] += 1
    stamps.stamp_xy[row] = position_in_pack(width), position_in_pack(height)
    stamps.filters |= picture.filters
    stamps.units |= {band: unit for band, unit in picture.units.items() if unit}
    if picture.wcs is not None:
        centre = np.array([(width - 1) / 2]), np.array([(height - 1) / 2])
        stamps.ra[row], stamps.dec[row] = (
            float(angle[0]) for angle in pixel_to_icrs(picture.wcs, *centre)
        )
        stamps.compasses.append(compass(picture.wcs, picture.shape))
        scales = proj_plane_pixel_scales(picture.wcs) * 3600
        stamps.pixel_scale_arcsec = stamps.pixel_scale_arcsec or float(scales.mean())
