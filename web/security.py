"""What goes with every answer: security headers, caching, compression; and the CSRF check before every POST."""

from __future__ import annotations

import gzip

from flask import Flask, Response, abort, request
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web import assets
from web.config import WebSettings

CSP = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for old browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"
FOREVER = "public, max-age=31536000, immutable"
WORTH_PACKING = 500
PACKED_TYPES = {"text/html", "text/css", "text/plain", "image/svg+xml", "application/json"}


def init_app(app: Flask, web: WebSettings) -> None:
    """Call after the guard is in place, so that whoever may not be here is told so before his form is looked at."""
    app.before_request(_no_nul)
    CSRFProtect().init_app(app)
    if web.proxies:
        # Only our own proxies are believed: everybody can write an X-Forwarded-For himself.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=web.proxies, x_proto=web.proxies)  # type: ignore[method-assign]

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if web.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        response.headers["Cache-Control"] = _caching()
        return pack(response)


def _no_nul() -> None:
    """PostgreSQL breaks on a NUL where it should find nothing, so that none gets past the address."""
    if "\0" in request.path:
        abort(404)
    if b"%00" in request.query_string or b"\0" in request.query_string:
        abort(400)


def _caching() -> str:
    """Pages may hold personal data and are never kept; a static file asked for by its hash is kept for ever."""
    if request.endpoint != "static":
        return "no-store"
    filename = str((request.view_args or {}).get("filename", ""))
    return FOREVER if request.args.get("v") == assets.version(filename) else "no-cache"


def pack(response: Response) -> Response:
    """gzip where the browser takes it.

    What a page holds cannot be guessed from its packed length by a foreign site (BREACH): the requests such a site
    makes carry no session cookie (SameSite=Lax).
    """
    if response.mimetype not in PACKED_TYPES or response.status_code in (204, 206, 304):
        return response
    if request.endpoint == "static":
        response.direct_passthrough = False  # our own short files
    elif response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0 or response.headers.get("Content-Encoding"):
        return response
    data = response.get_data()
    if len(data) >= WORTH_PACKING:
        response.set_data(gzip.compress(data, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag:
            response.set_etag(etag, weak=True)
    return response
