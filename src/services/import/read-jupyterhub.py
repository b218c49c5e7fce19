"""Reads the files of a JupyterHub, and prints as JSON who is in them. Changes nothing.

Runs by itself in a container without network, as the files may be anything. Standard input is a tar with
database/hub.sqlite (and what SQLite keeps beside it) and, if there is one, passwords/passwords.dbm in any of
the forms that Python has. Ends with code 65 and a sentence on standard error when they cannot be used.
"""
import dbm
import json
import os
import resource
import sqlite3
import sys
import tarfile
import tempfile

MOST_BYTES = 64 * 1024 * 1024
MOST_PEOPLE = 5000
MOST_ROWS = 200_000
MOST_CHARACTERS = 1000
CPU_SECONDS = 40
DATABASE = {"database/hub.sqlite" + end for end in ("", "-wal", "-journal")}
PASSWORDS = {"passwords/passwords.dbm" + end for end in ("", ".db", ".dat", ".dir", ".pag")}


class Unusable(Exception):
    """A sentence for whoever sent the files."""


def unpack(folder):
    found = set()
    left = MOST_BYTES
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        for entry in archive:
            name = os.path.normpath(entry.name)
            if not entry.isreg() or name not in DATABASE | PASSWORDS or name in found:
                continue
            left -= entry.size
            if left < 0:
                raise Unusable(f"The files are larger than {MOST_BYTES // 1024 // 1024} MB.")
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                content = archive.extractfile(entry)
                while chunk := content.read(65536):
                    file.write(chunk)
            found.add(name)
    return found


def columns(db, table):
    kind = db.execute("select type from sqlite_master where name = ?", (table,)).fetchone()
    if kind != ("table",):
        return set()
    return {row[1] for row in db.execute(f"pragma table_info({table})")}


def rows(db, query, most=MOST_ROWS):
    found = db.execute(query).fetchmany(most + 1)
    if len(found) > most:
        raise Unusable(f"The database has more than {most:,} rows where fewer were expected.")
    return found


def text(value):
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value if value is not None else "")[:MOST_CHARACTERS]


def read_database(path):
    db = sqlite3.connect(path)
    db.text_factory = lambda value: value.decode("utf-8", "replace")
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024)
    db.execute("pragma trusted_schema = off")
    if db.execute("pragma quick_check(1)").fetchone() != ("ok",):
        raise Unusable("The database is damaged.")
    if not {"id", "name", "admin"} <= columns(db, "users"):
        raise Unusable("The database has no people of a JupyterHub in it.")
    users = rows(db, "select id, name, admin from users order by id", MOST_PEOPLE)
    people = {
        row[0]: {"name": text(row[1]), "admin": row[2] not in (None, 0), "groups": []} for row in users
    }
    groups = []
    if {"id", "name"} <= columns(db, "groups"):
        named = {row[0]: text(row[1]) for row in rows(db, "select id, name from groups order by id")}
        groups = list(named.values())
        if {"user_id", "group_id"} <= columns(db, "user_group_map"):
            pairs = rows(db, "select user_id, group_id from user_group_map order by group_id, user_id")
            for user, group in pairs:
                if user in people and group in named:
                    people[user]["groups"].append(named[group])
    native = []
    if {"username", "password", "is_authorized"} <= columns(db, "users_info"):
        factor = "has_2fa" if "has_2fa" in columns(db, "users_info") else "0"
        query = f"select username, password, is_authorized, {factor} from users_info order by id"
        native = [
            {
                "name": text(name),
                "hash": text(hashed),
                "authorized": authorized == 1,
                "second_factor": second not in (None, 0),
            }
            for name, hashed, authorized, second in rows(db, query, MOST_PEOPLE)
        ]
    return {"users": list(people.values()), "groups": groups, "native": native}


def keys_of(store):
    if not hasattr(store, "firstkey"):
        yield from store.keys()
        return
    key = store.firstkey()
    while key is not None:
        yield key
        key = store.nextkey(key)


def open_passwords(path):
    kind = dbm.whichdb(path)
    if kind is None or kind == "":
        raise Unusable("The file of passwords is none that FirstUseAuthenticator makes.")
    try:
        __import__(kind)
    except ImportError as error:
        raise Unusable(f"This notebook image cannot read {kind}: use the one of Homeroom.") from error
    try:
        return dbm.open(path, "r")
    except Exception as error:
        raise Unusable(f"The file of passwords cannot be read ({kind}): {error}") from error


def read_passwords(path):
    hashes = []
    with open_passwords(path) as store:
        try:
            for key in keys_of(store):
                if len(hashes) == MOST_PEOPLE:
                    raise Unusable(f"The file of passwords has more than {MOST_PEOPLE:,} entries.")
                hashes.append({"name": text(key), "hash": text(store[key])})
        except Unusable:
            raise
        except Exception as error:
            raise Unusable(f"The file of passwords is damaged: {error}") from error
    return hashes


def read(folder):
    try:
        found = unpack(folder)
    except (tarfile.TarError, EOFError) as error:
        raise Unusable("What was sent is no tar, or only the beginning of one.") from error
    if "database/hub.sqlite" not in found:
        raise Unusable("There is no database in what was sent.")
    try:
        result = read_database(os.path.join(folder, "database/hub.sqlite"))
    except sqlite3.Error as error:
        raise Unusable(f"The database cannot be read: {error}") from error
    except UnicodeError as error:
        # SQLite's own words about what it found, with parts of that in them.
        raise Unusable("The database is damaged.") from error
    if found & PASSWORDS:
        result["firstuse"] = read_passwords(os.path.join(folder, "passwords/passwords.dbm"))
    return result


def main():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(read(folder)))
        return 0
    except Unusable as error:
        reason = str(error)
    except MemoryError:
        reason = "The files take too much memory to read."
    print(" ".join(reason.split())[:300], file=sys.stderr)
    return 65


sys.exit(main())
