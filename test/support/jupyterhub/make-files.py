"""Makes the files of a JupyterHub with its own code and that of its authenticators, in the present folder.

make-files.py <JSON: {"users": [{"name", "admin"?, "groups"?}], "groups": […], "firstuse": {name: password},
"native": [{"name", "password", "authorized"?, "second_factor"?}], "dbm"?: [modules]}>
With modules, each has its own folder for what it keeps of the passwords.
"""
import asyncio
import dbm
import importlib
import json
import sys
from pathlib import Path

from firstuseauthenticator import FirstUseAuthenticator
from jupyterhub import orm
from nativeauthenticator.nativeauthenticator import NativeAuthenticator

wanted = json.loads(sys.argv[1])
folder = Path.cwd()

db = orm.new_session_factory(f"sqlite:///{folder}/jupyterhub.sqlite")()
groups = {name: orm.Group(name=name) for name in wanted.get("groups", [])}
db.add_all(groups.values())
for each in wanted["users"]:
    user = orm.User(name=each["name"], admin=each.get("admin", False))
    db.add(user)
    for group in each.get("groups", []):
        groups[group].users.append(user)
db.commit()

native = NativeAuthenticator(db=db)
native.check_common_password = False
for each in wanted.get("native", []):
    native.create_user(each["name"], each["password"])
    info = native.get_user(each["name"])
    info.is_authorized = each.get("authorized", True)
    info.has_2fa = each.get("second_factor", False)
db.commit()
db.close()

# What dbm.open makes new files with: the first that the machine has.
for kind in wanted.get("dbm", ["dbm.gnu"]):
    dbm._defaultmod = dbm._modules[kind] = importlib.import_module(kind)
    path = folder / kind if "dbm" in wanted else folder
    path.mkdir(exist_ok=True)
    first_use = FirstUseAuthenticator(db=db, dbm_path=str(path / "passwords.dbm"), create_users=True)
    for name, password in wanted.get("firstuse", {}).items():
        data = {"username": name, "password": password}
        assert asyncio.run(first_use.authenticate(None, data)), name
