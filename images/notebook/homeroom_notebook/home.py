"""What Jupyter keeps in the home, moved elsewhere when the home is full: the server starts even then."""

import os
import shutil
import site
import sys
import tempfile
from pathlib import Path

FONT_CACHE = Path("/opt/notebook/share/matplotlib")
TEMPORARY = Path("/tmp/jupyter")
# More than Jupyter and IPython write before the first file is opened.
NEEDED_BYTES = 256 * 1024
# IPython makes these for each kernel and ends when it cannot.
IPYTHON_FOLDERS = ("db", "log", "pid", "security", "startup")


def prepare_home() -> None:
    home = Path.home()
    if _has_room(home):
        _make_ipython_folders(home / ".ipython")
        _place_font_cache(home / ".cache" / "matplotlib")
        return

    print("The home is full: settings and history of this session are not kept.", file=sys.stderr)
    os.environ["IPYTHONDIR"] = str(TEMPORARY / "ipython")
    os.environ["JUPYTER_DATA_DIR"] = str(TEMPORARY / "data")
    os.environ["JUPYTERLAB_WORKSPACES_DIR"] = str(TEMPORARY / "workspaces")
    os.environ["MPLCONFIGDIR"] = str(TEMPORARY / "matplotlib")
    _place_font_cache(TEMPORARY / "matplotlib")


def _has_room(home: Path) -> bool:
    """Written and not asked of the file system, which does not tell of quotas."""
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(bytes(NEEDED_BYTES))
            file.flush()
        for folder in (".cache", ".ipython", ".jupyter", ".local/share/jupyter"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        # A kernel that did not find this folder does not see what `%pip install` puts there.
        Path(site.getusersitepackages()).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _make_ipython_folders(ipython: Path) -> None:
    """Made while there is room, so that kernels start when the home fills up later."""
    for folder in IPYTHON_FOLDERS:
        mode = 0o700 if folder in {"pid", "security"} else 0o755
        (ipython / "profile_default" / folder).mkdir(mode, parents=True, exist_ok=True)


def _place_font_cache(folder: Path) -> None:
    """Else the first plot waits until matplotlib has read all fonts."""
    for source in FONT_CACHE.glob("fontlist-*.json"):
        target = folder / source.name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
