"""Starts a server, follows its progress, asks it something and stops it again: JupyterHub's manual, "server API"."""

import json
import os
import time
from urllib.parse import urljoin

import requests

hub, name = os.environ["HUB"], os.environ["NAME"]
session = requests.Session()
session.headers["Authorization"] = f"token {os.environ['TOKEN']}"
user = f"{hub}/hub/api/users/{name}"


def model():
    answer = session.get(user)
    answer.raise_for_status()
    return answer.json()


if "" not in model()["servers"]:
    session.post(f"{user}/servers/").raise_for_status()
server = model()["servers"][""]
address = None
with session.get(urljoin(hub, server["progress_url"]), stream=True) as events:
    events.raise_for_status()
    for line in events.iter_lines(decode_unicode=True):
        if not line.startswith("data:"):
            continue
        event = json.loads(line.removeprefix("data:"))
        print(event["progress"], event["message"])
        if event.get("ready"):
            address = urljoin(hub, event["url"])
            break
status = session.get(f"{address}api/status")
print("status", status.status_code, sorted(status.json()))
stopped = session.delete(f"{user}/servers/")
stopped.raise_for_status()
while left := model()["servers"]:
    assert left[""]["pending"] == "stop"
    time.sleep(0.5)
print("stopped", session.get(f"{address}api/status").status_code)
