"""The application factory; gunicorn starts `web.app:create_app()`."""

from __future__ import annotations

from flask import Flask

from documents.kinds import document_check
from web import accounts, auth, db, employer, errors, figures, nav, oversight, portal, process, security, shared, window
from web.config import flask_config, refuse_demo, web_settings
from workflow.settings import Settings, from_environment
from workflow.store import Store

BLUEPRINTS = (portal, employer, window, oversight, accounts, figures, process)


def create_app(settings: Settings | None = None, store: Store | None = None) -> Flask:
    """The whole web application.

    Without arguments the settings come from the environment and the database must be migrated to head. `store`: one
    that is open already (tests). Raises BadSetting (faulty settings, no database, demonstration data in production)
    and RuntimeError for a view that says neither @public nor @roles(...).
    """
    if store is None:
        store = Store(settings or from_environment())
        store.require_ready()
    if store.check_document is None:
        store.check_document = document_check
    settings = settings or store.settings
    web = web_settings(settings)
    refuse_demo(settings, store)
    app = Flask(__name__)
    app.config.from_mapping(flask_config(settings, web))
    db.init_app(app, store)
    auth.init_app(app)  # its guard must come before the CSRF check of security
    security.init_app(app, web)
    errors.init_app(app)
    shared.init_app(app)
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    nav.init_app(app, [item for module in BLUEPRINTS for item in module.NAV])
    auth.require_marks(app)
    return app
