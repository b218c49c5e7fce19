"""Starts JupyterLab's server for one person, behind Homeroom's proxy."""

import gc
import os
import sys

from homeroom_notebook.home import prepare_home


def main() -> None:
    # Taken out of the environment, so that kernels and terminals do not inherit it.
    secret = os.environ.pop("JUPYTER_TOKEN", "")
    if not secret:
        sys.exit("JUPYTER_TOKEN is not set. Homeroom gives each notebook a secret of its own.")

    prepare_home()
    # A mistake in a student's own Jupyter settings does not outweigh the image's.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"

    # Nothing that importing makes is garbage: looking for some costs a tenth of the start.
    gc.disable()
    from jupyterlab.labapp import LabApp

    gc.freeze()
    gc.enable()
    LabApp.launch_instance([f"--HubIdentityProvider.secret={secret}"])


main()
