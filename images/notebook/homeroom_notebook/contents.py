"""Files as Lab saves them. Jupyter's own way (jupyter_server 2) goes wrong when the home is full."""

import errno
import os
from contextlib import contextmanager, suppress

from jupyter_server.services.contents.fileio import path_to_intermediate
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class ContentsManager(AsyncLargeFileManager):
    @contextmanager
    def atomic_writing(self, os_path, *args, **kwargs):
        """
        Jupyter copies the file, writes it anew, and moves the copy back when that fails. Of a file that there was not
        it has no copy, and says "No such file" in place of the reason. What did not fit it leaves half written,
        because closing the file fails as well.
        """
        path = os_path
        if os.path.islink(path):
            path = os.path.join(os.path.dirname(path), os.readlink(path))
        copy = path_to_intermediate(path)
        is_new = not os.path.exists(path)
        had_copy = os.path.exists(copy)
        is_copied = False
        try:
            with super().atomic_writing(os_path, *args, **kwargs) as file:
                is_copied = True
                yield file
                # Jupyter does it where a failure is not undone any more.
                file.flush()
        except BaseException as error:
            with suppress(OSError):
                if is_new:
                    if not had_copy:
                        os.remove(path)
                elif not is_copied:
                    # A part of it. The file itself was not touched yet.
                    os.remove(copy)
                elif os.path.isfile(copy):
                    os.replace(copy, path)
            reason = _disk_full_in(error)
            if reason is None or reason is error:
                raise
            raise reason from error


def _disk_full_in(error: BaseException | None) -> OSError | None:
    """What happened first, where failures of cleaning up came after it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return error
        error = error.__context__
    return None
