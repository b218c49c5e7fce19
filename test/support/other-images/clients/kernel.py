"""A kernel by the client of Jupyter's kernels: HTTP to start it, then its WebSocket."""

import os

from jupyter_kernel_client import JupyterKernelClient

with JupyterKernelClient(server_url=os.environ["SERVER"], token=os.environ["TOKEN"]) as kernel:
    reply = kernel.execute("print(6 * 7)")
    print(reply["status"], reply["outputs"][0]["text"])
