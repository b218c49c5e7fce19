"""Reads a copy of the database without any code of Homeroom's, and says what does not fit.

read-database.py <copy of the folder db> <ledger of account-writer.ts>

Prints JSON: what was read, and `problems`, which is empty when
- every row fits the checksum row: the sum, modulo 2**256, of SHA-256 over
  "<length of collection>:<length of key>:<collection><key><text>" of each row but itself and the audit's,
  with lengths in UTF-16 units; and the number of rows of each collection;
- every change that was acknowledged is there;
- no change is there in part: record, name, membership and line of the audit are together;
- the audit has all its numbers.
"""

import collections
import hashlib
import json
import sys

import plyvel


def read_rows(path):
    rows = collections.defaultdict(dict)
    database = plyvel.DB(path)
    for full_key, value in database:
        _, collection, key = full_key.decode().split("!", 2)
        rows[collection][key] = value.decode()
    database.close()
    return rows


def utf16_length(text):
    return len(text.encode("utf-16-le")) // 2


def checksum_problems(rows):
    written = json.loads(rows["meta"]["checksum"])
    total = 0
    counts = collections.Counter()
    for collection, kept in rows.items():
        for key, text in kept.items():
            if collection == "audit" or (collection, key) == ("meta", "checksum"):
                continue
            lengths = f"{utf16_length(collection)}:{utf16_length(key)}:"
            row = lengths + collection + key + text
            total += int.from_bytes(hashlib.sha256(row.encode()).digest(), "big")
            counts[collection] += 1
    if f"{total % 2**256:064x}" != written["sum"]:
        yield "the sum of all rows is not what was written"
    if {name: count for name, count in written["rows"].items() if count} != dict(counts):
        yield f"the numbers of rows are not what was written: {dict(counts)}"


def audit_problems(rows):
    numbers = [int(key.split("!")[1]) for key in sorted(rows["audit"])]
    following = json.loads(rows["meta"]["meta"])["nextAuditNumber"]
    if numbers != list(range(1, following)):
        yield f"the audit has {len(numbers)} lines of {following - 1}"


def whole_problems(rows):
    """What any state must fulfil, whatever was asked."""
    users = {key: json.loads(text) for key, text in rows["users"].items()}
    names = {name: json.loads(text)["userId"] for name, text in rows["names"].items()}
    living = {user["name"]: key for key, user in users.items() if "deleted" not in user}
    if names != living:
        yield f"names do not fit the people: {set(names.items()) ^ set(living.items())}"
    members = collections.Counter()
    for key, text in rows["members"].items():
        group, user = key.split("!")
        members[user] += 1
        if group not in rows["groups"]:
            yield f"membership {key} is of no class"
        if user not in users or json.loads(text) != {**json.loads(text), "groupId": group, "userId": user}:
            yield f"membership {key} is of nobody"
    for key, user in users.items():
        expected = 0 if "deleted" in user else 1
        if user["role"] == "student" and members[key] != expected:
            yield f"{user['name']} is a member {members[key]} times"
        if "deleted" in user and not user.get("formerGroups"):
            yield f"{user['name']} is in the trash without former classes"
    following = json.loads(rows["meta"]["meta"])["nextUserNumber"]
    if sorted(user["number"] for user in users.values()) != list(range(1, following)):
        yield "the numbers of people have a gap"


def ledger_problems(rows, ledger):
    kept, changes, asked = {}, collections.Counter(), {}
    for line in open(ledger, encoding="utf-8"):
        if not line.endswith("\n"):
            continue
        entry = json.loads(line)
        if "asked" in entry:
            asked[entry["asked"]] = asked.get(entry["asked"], 0) + 1
        else:
            user = entry["kept"]
            kept[user] = entry["record"]
            changes[user] += 1
            name = entry["record"]["name"]
            asked.pop(user if asked.get(user) else name, None)
    lines = collections.Counter()
    for text in rows["audit"].values():
        lines[json.loads(text).get("subject")] += 1
    for user, record in kept.items():
        found = json.loads(rows["users"].get(user, "null"))
        if found != record and user not in asked:
            yield f"{record['name']} is not what was acknowledged: {found}"
        more = lines[user] - changes[user]
        if more != (0 if found == record else 1):
            yield f"{record['name']} has {lines[user]} lines of the audit for {changes[user]} changes"
    for user, text in rows["users"].items():
        name = json.loads(text)["name"]
        if user not in kept and name not in asked:
            yield f"{name} was never asked for"
        if user not in kept and lines[user] != 1:
            yield f"{name} has {lines[user]} lines of the audit, but is new"


def main():
    path, ledger = sys.argv[1:]
    rows = read_rows(path)
    problems = [
        problem
        for check in (checksum_problems, audit_problems, whole_problems)
        for problem in check(rows)
    ]
    problems += ledger_problems(rows, ledger)
    facts = {"people": len(rows["users"]), "audit": len(rows["audit"]), "problems": problems}
    print(json.dumps(facts))


main()
