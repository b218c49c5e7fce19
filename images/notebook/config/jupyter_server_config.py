"""How the server runs behind Homeroom's proxy. The secret comes from homeroom_notebook/__main__.py."""

import logging
import os

from tornado.log import access_log

c = get_config()  # noqa: F821

hub_prefix = os.environ.get("HOMEROOM_HUB_PREFIX", "/hub/")
base_url = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")


def log_failures(handler):
    """Forgotten tabs ask every few seconds, so that a line for each request fills logs. Queries may hold secrets."""
    if handler.get_status() >= 500:
        request = handler.request
        access_log.error("%s %s %s", handler.get_status(), request.method, request.path)


# Where it answers, and to whom
c.ServerApp.ip = "*"
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.base_url = base_url
c.ServerApp.default_url = "/lab"
c.ServerApp.allow_remote_access = True  # The hub has checked the Host header.
c.ServerApp.trust_xheaders = True
c.ServerApp.identity_provider_class = "homeroom_notebook.identity.HubIdentityProvider"
c.IdentityProvider.token = ""
c.ServerApp.disable_check_xsrf = True  # The hub has compared the tokens.
c.ServerApp.open_browser = False
c.ServerApp.quit_button = False  # The hub stops servers.
c.ServerApp.answer_yes = True
c.ServerApp.tornado_settings = {
    # With these three, Lab and Notebook know of the hub.
    "hub_prefix": hub_prefix,
    "hub_host": "",
    "user": os.environ.get("JUPYTERHUB_USER", ""),
    "log_function": log_failures,
    # Both bring a MathJax of their own, but name one on the internet unless told another.
    "mathjax_url": "static/mathjax/MathJax.js",
}
c.ServerApp.extra_static_paths = ["/opt/notebook/share/static"]
load_subconfig("jupyter_nbconvert_config.py")  # noqa: F821

# Files
c.ServerApp.root_dir = os.path.expanduser("~")
c.ServerApp.contents_manager_class = "homeroom_notebook.contents.ContentsManager"
# Rubbish in the home fills it, and nothing in Lab shows or empties it.
c.FileContentsManager.delete_to_trash = False
c.FileContentsManager.always_delete_dir = True

# Kernels and terminals
c.AsyncMappingKernelManager.kernel_manager_class = "homeroom_notebook.kernels.KernelManager"
c.ServerApp.kernel_websocket_connection_class = "homeroom_notebook.kernels.KernelConnection"
# A cell that never ends must not keep the container from stopping.
c.KernelManager.shutdown_wait_time = 2
c.ServerApp.terminado_settings = {"shell_command": ["choom", "-n", "1000", "--", "/bin/bash"]}

# Nothing from the internet, nothing to install, no news
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.collaborative = False

# Quiet
c.Application.log_level = logging.ERROR
