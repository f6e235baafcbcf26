"""Products of LEGUS and PHANGS-HST in the archive MAST: find them, and download them.

Interface  The archive's documented HTTP interface, https://mast.stsci.edu/api/v0/: a request is a
           JSON object that is posted to `api/v0/invoke`; its answer has the status EXECUTING until
           it is COMPLETE, and comes in pages. Files are read from `api/v0.1/Download/file`.
Names      Surveys name their products hlsp_PROJECT_OBSERVATORY_INSTRUMENT_TARGET_FILTER_VERSION_
           TYPE.ENDING (https://archive.stsci.edu/hlsp/), by which they are recognised here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from classifier.core.bands import band_of
from labeling.ingest.errors import BadInput

SERVER = "https://mast.stsci.edu"
CHECKSUMS = "SHA256SUMS"

Progress = Callable[[int, int], None]
"""Called with the bytes that are there, and with those of the whole file."""

_TIMEOUT_S = 60
_POLL_S = 2
_POLLS = 150
_PAGE = 5000
_CHUNK = 2**20
_TRIES = 5
_LOST_CONNECTION = (OSError, HTTPException)


@dataclass(frozen=True)
class Survey:
    """How a survey's products are found: the archive's names of its collections, and theirs."""

    name: str
    collections: tuple[str, ...]
    mosaic_endings: tuple[str, ...]
    catalogue_endings: tuple[str, ...]


SURVEYS = {
    "legus": Survey(
        "LEGUS", ("LEGUS",), ("_drc.fits", "_sci.fits"), ("_padagb-mwext-avgapcor.tab",)
    ),
    "phangs": Survey(
        "PHANGS-HST",
        ("PHANGS-HST", "PHANGS-CAT"),
        ("-drc-sci.fits",),
        ("-cluster-class12.fits", "-compact-association-class3.fits"),
    ),
}


@dataclass(frozen=True)
class Product:
    """One file of the archive; `band` is that of a mosaic, None for a catalogue."""

    uri: str
    file_name: str
    size: int
    band: str | None


def find_products(survey: Survey, galaxy: str, server: str = SERVER) -> list[Product]:
    """Return the survey's mosaics, in order of their names, and then its catalogues.

    Raises BadInput if the archive cannot be asked or has none of this galaxy.
    """
    filters = [
        {"paramName": "obs_collection", "values": ["HLSP"]},
        {"paramName": "provenance_name", "values": list(survey.collections)},
    ]
    observations = list(_invoke(server, "Mast.Caom.Filtered", {"columns": "*", "filters": filters}))
    targets = {_normalised(str(row.get("target_name") or "")) for row in observations}
    ids = [str(row["obsid"]) for row in observations if _is_of(row, galaxy)]
    if not ids:
        examples = ", ".join(sorted(filter(None, targets))[:12])
        raise BadInput(
            f"{survey.name} has nothing on {galaxy!r} at {server}"
            + (f"; it has {examples} …." if examples else ".")
        )
    rows = _invoke(server, "Mast.Caom.Products", {"obsid": ",".join(ids)})
    by_uri = {row["dataURI"]: row for row in rows}
    products = [product for row in by_uri.values() if (product := _product(survey, galaxy, row))]
    if not products:
        raise BadInput(f"{survey.name} has no mosaic or catalogue of {galaxy!r} at {server}.")
    return sorted(products, key=lambda product: (product.band is None, product.file_name))


def _is_of(row: dict[str, Any], galaxy: str) -> bool:
    """True if an observation's target or id names the galaxy."""
    words = [str(row.get("target_name") or ""), *str(row.get("obs_id") or "").split("_")]
    return _normalised(galaxy) in map(_normalised, words)


def _normalised(name: str) -> str:
    """Return a galaxy's name without the characters in which its spellings differ."""
    return "".join(filter(str.isalnum, name.lower()))


def _product(survey: Survey, galaxy: str, row: dict[str, Any]) -> Product | None:
    """Return the product if it is a mosaic in one of the bands, or a catalogue of the galaxy."""
    name = str(row.get("productFilename") or row["dataURI"].rpartition("/")[2])
    plain_name = name.lower().removesuffix(".gz")
    words = plain_name.split("_")
    if _normalised(galaxy) not in map(_normalised, words) or "/" in name or name.startswith("."):
        return None
    size = int(row.get("size") or 0)
    if plain_name.endswith(survey.catalogue_endings):
        return Product(row["dataURI"], name, size, None)
    if plain_name.endswith(survey.mosaic_endings):
        for word in words:
            try:
                return Product(row["dataURI"], name, size, band_of(word))
            except ValueError:
                continue
    return None


def _invoke(server: str, service: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows that a service of the archive answers, of all pages. Raises BadInput."""
    page, pages = 1, 1
    while page <= pages:
        answer = _completed(
            server,
            {
                "service": service,
                "params": params,
                "format": "json",
                "pagesize": _PAGE,
                "page": page,
            },
        )
        yield from answer.get("data") or []
        pages = int((answer.get("paging") or {}).get("pagesFiltered") or 1)
        page += 1


def _completed(server: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request once it is complete. Raises BadInput."""
    url = f"{server}/api/v0/invoke"
    body = urlencode({"request": json.dumps(request)}).encode()
    for _ in range(_POLLS):
        try:
            with urlopen(url, body, timeout=_TIMEOUT_S) as response:
                answer = json.load(response)
        except (*_LOST_CONNECTION, ValueError) as error:
            raise BadInput(f"{url} does not answer as expected ({error}).") from None
        status = answer.get("status") if isinstance(answer, dict) else None
        if status == "COMPLETE":
            return dict(answer)
        if status != "EXECUTING":
            reason = answer.get("msg") if isinstance(answer, dict) else answer
            raise BadInput(f"{url} refuses {request['service']} ({reason or status}).")
        time.sleep(_POLL_S)
    raise BadInput(f"{url} has not answered {request['service']} within {_POLLS * _POLL_S} s.")


def download(
    product: Product, folder: Path, progress: Progress, server: str = SERVER
) -> tuple[Path, bool]:
    """Download a file, going on where an earlier download stopped; return it, and whether anew.

    Its SHA-256 is kept beside it; a file that is there is checked against it. Raises BadInput.
    """
    path = folder / product.file_name
    recorded = checksums(folder).get(product.file_name)
    if path.exists() and recorded:
        if _sha256(path) != recorded:
            raise BadInput(f"{path}: has changed since its download; delete it to fetch it again.")
        return path, False
    part = path.with_name(f"{path.name}.partial")
    for tries_left in reversed(range(_TRIES)):
        try:
            _continue_download(product, part, progress, server)
            break
        except HTTPError as error:
            raise BadInput(f"{error.url}: {error.code} {error.reason}.") from None
        except _LOST_CONNECTION as error:
            if not tries_left or (isinstance(error, OSError) and error.filename):
                raise BadInput(
                    f"{product.file_name}: the download stopped ({error}); the same command goes "
                    "on where it was."
                ) from None
            time.sleep(_POLL_S)
    digest = _sha256(part)
    part.replace(path)
    with (folder / CHECKSUMS).open("a") as file:
        file.write(f"{digest}  {product.file_name}\n")
    return path, True


def _continue_download(product: Product, part: Path, progress: Progress, server: str) -> None:
    """Fetch what is missing of a file. Raises OSError and HTTPException."""
    start = part.stat().st_size if part.exists() else 0
    url = f"{server}/api/v0.1/Download/file?{urlencode({'uri': product.uri})}"
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=_TIMEOUT_S)
    except HTTPError as error:
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ConnectionError(f"{error.code} {error.reason}") from None
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        # Everything is there, or the file has become shorter: its size tells.
        if start == product.size:
            return
        part.unlink()
        raise ConnectionError("the archive's file has another size than what is there") from None
    with response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            start = 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else product.size
        with part.open("ab" if start else "wb") as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                progress(file.tell(), total)
        if part.stat().st_size < total:
            raise ConnectionError(f"{part.stat().st_size} of {total} bytes came")


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 by file name of what was downloaded into a folder."""
    path = folder / CHECKSUMS
    if not path.exists():
        return {}
    pairs = (line.split("  ", 1) for line in path.read_text().splitlines() if "  " in line)
    return {name: digest for digest, name in pairs}


def _sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
