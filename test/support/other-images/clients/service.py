"""What a service asks of the hub about who comes to it, by the library that JupyterHub's services use."""

import asyncio
import os

from jupyterhub.services.auth import HubAuth

auth = HubAuth(api_url=f"{os.environ['HUB']}/hub/api", api_token=os.environ["TOKEN"])
os.environ["no_proxy"] = "*"


async def main():
    user = await auth.user_for_token(os.environ["VISITOR"], use_cache=False, sync=False)
    print("visitor", user["kind"], user["name"], user["admin"])
    print("nobody", await auth.user_for_token("0123456789abcdef", use_cache=False, sync=False))


asyncio.run(main())
