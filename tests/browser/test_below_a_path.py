"""Asterism below a path of a host, behind a proxy, beside another instance on the same host."""

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from tests.browser.classify_page import VOTES, outbox_shows, painted
from tests.services.site import Site

pytestmark = pytest.mark.beside("sqlite")

PATH = "/asterism"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Proxy(BaseHTTPRequestHandler):
    """Passes requests below a path on, with the path or without, and answers 404 to all others."""

    upstream: int
    removes_path: bool

    def _pass_on(self) -> None:
        if not self.path.startswith(f"{PATH}/"):
            return self.send_error(404)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.removeprefix(PATH) if self.removes_path else self.path
        connection = HTTPConnection("127.0.0.1", self.upstream, timeout=60)
        connection.request(self.command, path, body, dict(self.headers.items()))
        response = connection.getresponse()
        content = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def site_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that is served below the path; passwords are not those that everybody knows."""
    site = Site(tmp_path_factory.mktemp("below"), environment={"SCRIPT_NAME": PATH})
    site.wait()
    site.has_demonstration_accounts = False
    site.create_accounts()
    yield site
    site.stop()


@pytest.fixture(params=[False, True], ids=["path passed on", "path removed"])
def proxy(site_below: Site, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the site behind a proxy."""
    attributes = {"upstream": site_below.port, "removes_path": request.param}
    handler = type("ProxyOfSite", (Proxy,), attributes)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def log_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/classify/")
    page.wait_for_url(re.compile("/login/"))
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/classify/")


def test_everything_works_below_a_path(page, proxy, site_below, allowed_errors):
    allowed_errors.append("/api/v1/docs/")  # Swagger UI tries inline styles
    failed = []
    page.on("response", lambda r: r.status >= 400 and failed.append((r.status, r.url)))
    log_in(page, proxy + PATH, "cy", site_below.password_of("cy"))
    first = painted(page)
    with page.expect_response(VOTES) as answer:
        page.keyboard.press("2")
    assert answer.value.ok
    assert answer.value.url.startswith(f"{proxy}{PATH}/api/v1/votes/")
    painted(page, other_than=first)
    outbox_shows(page, "saved")
    with page.expect_response(re.compile("/preferences/")) as saved:
        page.locator("#theme").click()
    assert saved.value.ok
    expect(page.locator("nav [aria-current]")).to_have_text("Classify")
    for link in page.locator("header a[href]").all():
        assert link.get_attribute("href").startswith(f"{PATH}/")
    for path in ("/", "/candidates/", "/guide/", "/api/v1/docs/"):
        page.goto(proxy + PATH + path)
        page.wait_for_load_state("networkidle")
    page.goto(f"{proxy}{PATH}/")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{proxy}{PATH}/login/")
    assert failed == []
    assert {c["path"] for c in page.context.cookies()} == {f"{PATH}/"}


def test_two_instances_on_a_host_leave_each_others_log_in_alone(page, site, site_below):
    log_in(page, site.url, "ada", site.password_of("ada"))
    elsewhere = site_below.url + PATH
    log_in(page, elsewhere, "bea", site_below.password_of("bea"))
    for url, name in ((site.url, "ada"), (elsewhere, "bea")):
        assert page.request.get(f"{url}/whoami/").json()["user"] == name


def test_the_schema_says_where_it_is_served(page, site_below):
    schema = page.request.get(f"{site_below.url}{PATH}/api/v1/schema/?format=json")
    assert schema.json()["servers"] == [{"url": PATH}]
