import logging

c = get_config()  # noqa: F821

# A database in the home cannot be opened when the home is full, and kernels would wait for each other.
c.HistoryManager.hist_file = ":memory:"
# Else each kernel warns in the server's log that it is not encrypted: nobody else is in the container.
c.IPKernelApp.log_level = logging.ERROR
