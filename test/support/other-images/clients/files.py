"""Files, kernels and the version by the client of Jupyter's server."""

import os

from jupyter_server_client import JupyterServerClient

with JupyterServerClient(base_url=os.environ["SERVER"], token=os.environ["TOKEN"]) as client:
    client.get_version()
    print("identity", client.get_identity().username)
    made = client.contents.create_notebook("by-client.ipynb")
    names = [each.name for each in client.contents.list_directory("")]
    print("made", made.name in names)
    client.contents.delete(made.path)
    print("kernels", len(client.kernels.list_kernels()))
