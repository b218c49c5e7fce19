"""Kernels as Homeroom runs them."""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

# In want of memory, the kernel has to die and not the server: only the kernel can be restarted from the page.
# Raising the score needs no privilege, and what the kernel starts inherits it.
FIRST_FOR_OOM_KILLER = ["choom", "-n", "1000", "--"]


class KernelManager(ServerKernelManager):
    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        return [*FIRST_FOR_OOM_KILLER, *super().format_kernel_cmd(extra_arguments)]


class KernelConnection(ZMQChannelsWebsocketConnection):
    """Sends each message at once: held back until the last one is acknowledged, a cell's end takes 40 ms longer."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()
