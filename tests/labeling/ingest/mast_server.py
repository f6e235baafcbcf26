"""A server that answers like the archive MAST, as its documentation describes it.

Invoke    https://mast.stsci.edu/api/v0/: POST `request=JSON`; EXECUTING, then COMPLETE, in pages.
Products  https://mast.stsci.edu/api/v0/_productsfields.html: dataURI, productFilename, size ...
Files     `api/v0.1/Download/file?uri=...`, with ranges of bytes.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Archive:
    """Observations and files, and how the server misbehaves."""

    def __init__(self):
        self.observations = []
        self.files = {}
        self.requests = []
        self.breaks_after = None
        """Bytes after which the connection ends, once."""
        self.knows_ranges = True
        self.answers_wrongly = None
        self.polls = 1
        """How often a request is still executing."""

    def add(self, collection, target, names, content=b"x" * 1000):
        obsid = str(1000 + len(self.observations))
        self.observations.append(
            {
                "obsid": obsid,
                "obs_collection": "HLSP",
                "provenance_name": collection,
                "target_name": target,
                "obs_id": names[0].rsplit(".", 1)[0],
            }
        )
        for name in names:
            uri = f"mast:HLSP/{collection.lower()}/{target.lower()}/{name}"
            self.files[uri] = (obsid, name, content)

    def answer(self, request):
        if request["service"] == "Mast.Caom.Filtered":
            wanted = {f["paramName"]: f["values"] for f in request["params"]["filters"]}
            rows = [
                row
                for row in self.observations
                if all(row[name] in values for name, values in wanted.items())
            ]
        else:
            obsids = request["params"]["obsid"].split(",")
            rows = [
                {
                    "obsID": obsid,
                    "dataURI": uri,
                    "productFilename": name,
                    "size": len(content),
                    "productType": "SCIENCE",
                }
                for uri, (obsid, name, content) in self.files.items()
                if obsid in obsids
            ]
        # Pages of two rows, whatever size was asked for.
        page, pages = request["page"], max(1, -(-len(rows) // 2))
        return {
            "status": "COMPLETE",
            "msg": "",
            "data": rows[2 * (page - 1) : 2 * page],
            "paging": {"page": page, "pagesFiltered": pages, "rowsFiltered": len(rows)},
        }


@contextmanager
def serving(archive):
    """Serve the archive on a free port; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            request = json.loads(form["request"][0])
            archive.requests.append(request)
            answer = archive.answers_wrongly or archive.answer(request)
            if archive.polls:
                archive.polls -= 1
                answer = {"status": "EXECUTING"}
            self.reply(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def do_GET(self):
            (uri,) = parse_qs(urlsplit(self.path).query)["uri"]
            archive.requests.append((uri, self.headers.get("Range")))
            if uri not in archive.files:
                self.reply(404, b"")
                return
            content = archive.files[uri][2]
            requested = self.headers.get("Range") if archive.knows_ranges else None
            start = int(requested.removeprefix("bytes=").rstrip("-")) if requested else 0
            if start >= len(content) and start:
                self.reply(416, b"")
                return
            end, archive.breaks_after = archive.breaks_after, None
            self.reply(206 if start else 200, content[start:], end)

        def reply(self, status, content, end=None):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:end])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
