#!/bin/bash
# What is done as root is left out: that ends here, as it would for want of capabilities.
set -e
if [ "$(id -u)" = 0 ]; then
  echo "started as root" >&2
  exit 9
fi
whoami > /dev/null
if ! [ -w /home/jovyan ]; then
  echo "no write access to /home/jovyan" >&2
  exit 8
fi
for hook in /usr/local/bin/before-notebook.d/*.sh; do
  . "$hook"
done
exec "$@"
