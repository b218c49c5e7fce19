"""Who is at the keyboard: the hub has checked it and says so in headers of each request."""

import hmac
import os
from typing import Any
from urllib.parse import unquote

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError, RequestHandler
from traitlets import Unicode

USER_HEADER = "X-Homeroom-User"
# Percent-encoded UTF-8: header values are Latin-1.
DISPLAY_NAME_HEADER = "X-Homeroom-Display-Name"


class HubIdentityProvider(IdentityProvider):
    """Whoever brings the container's secret is the hub. Cookies and `?token=` open nothing."""

    # Jupyter's own `token` stays empty: Notebook writes it into its pages.
    secret = Unicode(help="What the hub sends in the Authorization header.", config=True)

    def get_user(self, handler: RequestHandler) -> User | None:
        if self._is_from_hub(handler):
            return _read_user(handler.request.headers)

        method = getattr(handler, handler.request.method.lower(), None)
        is_open = getattr(method, "__allow_unauthenticated", False)
        # A wrong secret is refused everywhere, so that the hub sees at once when it is not ours.
        if is_open and "Authorization" not in handler.request.headers:
            return None
        # Answered here, as Jupyter would send to a sign-in page of its own. Its error page reads the user.
        handler.current_user = handler._jupyter_current_user = None
        raise HTTPError(403)

    def _is_from_hub(self, handler: RequestHandler) -> bool:
        scheme, _, secret = handler.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"token", "bearer"} or not self.secret:
            return False
        return hmac.compare_digest(secret.strip().encode(), self.secret.encode())

    def should_check_origin(self, handler: RequestHandler) -> bool:
        """The hub has compared it with the address that the browser used, which is not known here."""
        return False

    @property
    def login_available(self) -> bool:
        return False

    def get_handlers(self) -> list[tuple[Any, ...]]:
        return [(r"/logout", LogoutHandler)]

    def validate_security(self, app: Any, ssl_options: Any = None) -> None:
        """Its warning about all addresses without encryption is no news: only the hub gets here."""


class LogoutHandler(JupyterHandler):
    """Lab's "Log Out" goes to `logout` below the server's own path; the hub signs people out."""

    @allow_unauthenticated
    def get(self) -> None:
        self.redirect(f"{self.settings['hub_prefix']}logout")


def _read_user(headers: HTTPHeaders) -> User:
    own_name = os.environ.get("JUPYTERHUB_USER", "student")
    name = headers.get(USER_HEADER) or own_name
    display_name = unquote(headers.get(DISPLAY_NAME_HEADER, ""))
    if not display_name and name == own_name:
        display_name = os.environ.get("HOMEROOM_DISPLAY_NAME", "")
    display_name = display_name or name

    words = display_name.split()
    initials = "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()
    return User(name, display_name, display_name, initials)
