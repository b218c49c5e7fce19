"""A service as JupyterHub's own examples have it: who comes signs in by the hub, and is told who they are."""

import json
import os

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado import ioloop, web

prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]


class WhoAmI(HubOAuthenticated, web.RequestHandler):
    @web.authenticated
    def get(self):
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(self.get_current_user()))


app = web.Application(
    [(prefix, WhoAmI), (prefix + "oauth_callback", HubOAuthCallbackHandler)],
    cookie_secret=os.urandom(32),
)
app.listen(int(os.environ["PORT"]), "127.0.0.1")
ioloop.IOLoop.current().start()
