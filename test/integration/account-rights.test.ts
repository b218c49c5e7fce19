/** Who may do what to whom, asked of the whole hub: one table. What is refused leaves every row as it was. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Role } from "#src/stores/records.ts";
import type { AskOptions } from "#test/support/http-client.ts";
import { type Classrooms, type Part, createClassrooms } from "#test/support/classrooms.ts";

type Who = Part | "console" | "anonymous";

const api = "/hub/api/";
const SECONDS = "2026-11-22T08:00:00.000Z";

/** In the order of the columns. */
const subjects = [
  "self",
  "classmate",
  "farStudent",
  "colleague",
  "otherOwner",
  "last owner",
] as const;
type Subject = (typeof subjects)[number];

/** In the order of the lines of a table. */
const actors = [
  "anonymous",
  "student",
  "farStudent",
  "teacher",
  "farTeacher",
  "owner",
  "console",
] as const satisfies readonly Who[];

interface Operation {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: (name: string, id: string) => string;
  readonly json?: (name: string) => unknown;
  /** What comes before. */
  readonly given?: "locked" | "newcomer" | "in the trash";
  /** Nothing changes. `by name`: the answer names the person when they may be seen. */
  readonly question?: "by name" | "by status";
  /** It is so already. */
  readonly isNoChange?: (part: Part) => boolean;
  readonly table: string;
}

const account = (name: string): string => `accounts/${name}`;

const intoRole = (role: Role, table: string): Operation => ({
  method: "PATCH",
  path: account,
  json: () => ({ role }),
  isNoChange: (part) => rooms.person(part).role === role,
  table,
});

/**
 * `+` done · `.` refused, 403 · `?` as if there were nobody, 404 · `!` refused for a reason that the answer gives,
 * 400 or 409 · `-` cannot be asked.
 */
const operations: Readonly<Record<string, Operation>> = {
  "see in the list": {
    path: () => "accounts",
    question: "by name",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     +     +     ?     +     ?     ?
      far teacher +     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  show: {
    path: account,
    question: "by name",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     +     +     ?     +     ?     ?
      far teacher +     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  rename: {
    method: "PATCH",
    path: account,
    json: () => ({ name: "renamed", display_name: "Re Named" }),
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  lock: {
    method: "PATCH",
    path: account,
    json: () => ({ disabled: true }),
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       !     +     +     +     +     !
      console     -     +     +     +     +     !`,
  },
  unlock: {
    method: "PATCH",
    path: account,
    json: () => ({ disabled: false }),
    given: "locked",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       .     +     +     +     +     .
      console     -     +     +     +     +     +`,
  },
  "reset the password": {
    method: "POST",
    path: (name) => `accounts/${name}/reset`,
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  accept: {
    method: "POST",
    path: (name) => `accounts/${name}/accept`,
    given: "newcomer",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  "put in the trash": {
    method: "DELETE",
    path: account,
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     +     ?     .     ?     ?
      far teacher .     ?     +     ?     ?     ?
      owner       !     +     +     +     +     !
      console     -     +     +     +     +     !`,
  },
  "see in the trash": {
    path: () => "trash",
    given: "in the trash",
    question: "by name",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     -
      student     .     .     .     .     .     -
      far student .     .     .     .     .     -
      teacher     .     +     ?     ?     ?     -
      far teacher .     ?     +     ?     ?     -
      owner       .     +     +     +     +     -
      console     -     +     +     +     +     -`,
  },
  restore: {
    method: "POST",
    path: (_, id) => `trash/${id}/restore`,
    json: () => ({}),
    given: "in the trash",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     -
      student     .     .     .     .     .     -
      far student .     .     .     .     .     -
      teacher     .     +     ?     ?     ?     -
      far teacher .     ?     +     ?     ?     -
      owner       .     +     +     +     +     -
      console     -     +     +     +     +     -`,
  },
  erase: {
    method: "DELETE",
    path: (_, id) => `trash/${id}`,
    json: (name) => ({ confirm: name }),
    given: "in the trash",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     -
      student     .     .     .     .     .     -
      far student .     .     .     .     .     -
      teacher     .     .     .     .     .     -
      far teacher .     .     .     .     .     -
      owner       .     +     +     +     +     -
      console     -     +     +     +     +     -`,
  },
  "make a student": intoRole(
    "student",
    `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     .     ?     .     ?     ?
      far teacher .     ?     .     ?     ?     ?
      owner       +     +     +     +     +     !
      console     -     +     +     +     +     !`,
  ),
  "make a teacher": intoRole(
    "teacher",
    `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     .     ?     .     ?     ?
      far teacher .     ?     .     ?     ?     ?
      owner       +     +     +     +     +     !
      console     -     +     +     +     +     !`,
  ),
  "make an owner": intoRole(
    "owner",
    `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     .     ?     .     ?     ?
      far teacher .     ?     .     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  ),
  "see where they are signed in": {
    path: (name) => `accounts/${name}/sessions`,
    question: "by status",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     +     ?     ?     ?     ?     ?
      far student +     ?     ?     ?     ?     ?
      teacher     +     +     ?     ?     ?     ?
      far teacher +     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  "sign out everywhere": {
    method: "DELETE",
    path: (name) => `accounts/${name}/sessions`,
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     +     ?     ?     ?     ?     ?
      far student +     ?     ?     ?     ?     ?
      teacher     +     +     ?     ?     ?     ?
      far teacher +     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  "read the audit about": {
    path: (name) => `audit?about=${name}`,
    question: "by status",
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     +     +     ?     ?     ?     ?
      far teacher +     ?     +     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
  // A whole change is refused for the one field that is not allowed.
  "rename and make an owner": {
    method: "PATCH",
    path: account,
    json: () => ({ display_name: "Boss", role: "owner", disabled: false }),
    table: `
                 self  mate  far   coll  owner last
      anonymous   -     .     .     .     .     .
      student     .     .     .     .     .     .
      far student .     .     .     .     .     .
      teacher     .     .     ?     .     ?     ?
      far teacher .     ?     .     ?     ?     ?
      owner       +     +     +     +     +     +
      console     -     +     +     +     +     +`,
  },
};

/** Without a subject. */
const additions = `
             student teacher owner
  anonymous     .       .      .
  student       .       .      .
  far student   .       .      .
  teacher       +       .      .
  far teacher   +       .      .
  owner         +       +      +
  console       +       +      +`;

function cellsOf(table: string): readonly (readonly string[])[] {
  const [, ...lines] = table.trim().split("\n");
  return lines.map((line) =>
    line
      .trim()
      .split(/\s+/)
      .filter((cell) => /^[-+.?!]$/.test(cell)),
  );
}

function outcomeOf(status: number): string {
  if (status === 200 || status === 201 || status === 204) return "+";
  if (status === 403) return ".";
  if (status === 404) return "?";
  return status === 400 || status === 409 ? "!" : String(status);
}

let rooms: Classrooms;
before(async () => {
  rooms = await createClassrooms();
});
after(() => rooms[Symbol.asyncDispose]());

/** Who is meant by the column, for somebody who asks. */
function subjectOf(actor: Who, subject: Subject): Part {
  if (subject === "self") return actor as Part; // Neither console nor nobody has this column.
  if (subject === "last owner") return "owner";
  return actor === subject ? "student" : subject;
}

async function stageFor(operation: Operation, part: Part, subject: Subject): Promise<void> {
  await rooms.stage(subject === "last owner" ? ["otherOwner"] : []);
  if (operation.given === "locked") await rooms.put(part, { disabled: SECONDS });
  if (operation.given === "newcomer") await rooms.put(part, { isNewcomer: true });
  if (operation.given === "in the trash") await rooms.trash(part);
}

async function ask(operation: Operation, actor: Who, subject: Subject): Promise<string> {
  const part = subjectOf(actor, subject);
  await stageFor(operation, part, subject);
  const { name, id } = rooms.person(part);
  const options: AskOptions = {
    method: operation.method ?? "GET",
    ...(operation.json === undefined ? {} : { json: operation.json(name) }),
  };
  const [rows, audit] = [rooms.digest(), await rooms.auditLength()];
  const answer = await rooms.ask(actor, api + operation.path(name, id), options);
  const isSeen = answer.text.includes(`"name":"${name}"`);
  const outcome = outcomeOf(answer.status);
  const isDone = outcome === "+" && operation.question === undefined;
  if (!isDone) {
    assert.equal(rooms.digest(), rows, "a row has changed");
    assert.equal(await rooms.auditLength(), audit, "the audit has a line more");
  }
  if (isDone && operation.isNoChange?.(part) !== true) {
    assert.notEqual(rooms.digest(), rows, `nothing has changed: ${actor}, ${subject}`);
    assert.equal((await rooms.auditLength()) > audit, true, "the audit has no line more");
  }
  return outcome === "+" && operation.question === "by name" && !isSeen ? "?" : outcome;
}

describe("who may do what to whom", () => {
  for (const [title, operation] of Object.entries(operations)) {
    it(title, async () => {
      const expected = cellsOf(operation.table);
      const found: string[][] = [];
      for (const [row, actor] of actors.entries()) {
        const cells: string[] = [];
        for (const [column, subject] of subjects.entries()) {
          const isAsked = expected[row]?.[column] !== "-";
          cells.push(isAsked ? await ask(operation, actor, subject) : "-");
        }
        found.push(cells);
      }
      assert.deepEqual(readable(found), readable(expected));
    });
  }

  it("add somebody", async () => {
    const found: string[][] = [];
    for (const actor of actors) {
      const cells: string[] = [];
      for (const role of ["student", "teacher", "owner"]) {
        await rooms.stage();
        const [rows, audit] = [rooms.digest(), await rooms.auditLength()];
        const json = { name: "nele", role, password: "nele likes tea" };
        const answer = await rooms.ask(actor, `${api}accounts`, { method: "POST", json });
        const outcome = outcomeOf(answer.status);
        cells.push(outcome);
        assert.equal(rooms.digest() === rows, outcome !== "+", `${actor} ${role}`);
        assert.equal((await rooms.auditLength()) - audit, outcome === "+" ? 1 : 0);
      }
      found.push(cells);
    }
    assert.deepEqual(readable(found), readable(cellsOf(additions)));
  });

  it("take nothing from a session of somebody who is locked, should one be left", async () => {
    await rooms.stage();
    const ask = async (): Promise<readonly number[]> =>
      Promise.all(
        [`${api}user`, "/hub/account", "/user/sam/api/status"].map(
          async (path) => (await rooms.ask("student", path)).status,
        ),
      );
    assert.deepEqual(await ask(), [200, 200, 424]);
    await rooms.put("student", { disabled: SECONDS });
    assert.deepEqual(await ask(), [403, 302, 403]);
  });

  it("says the same of somebody in another class as of nobody", async () => {
    await rooms.stage();
    const { name } = rooms.person("farStudent");
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const answers = await Promise.all(
        [name, "nobody"].map((each) =>
          rooms.ask("teacher", `${api}accounts/${each}`, { method, json: {} }),
        ),
      );
      const [one, other] = answers.map(({ status, text }) => [
        status,
        text.replaceAll(/finn|nobody/g, "NAME").replaceAll(/"[A-Z0-9]{2}-[^"]*"/g, ""),
      ]);
      assert.deepEqual(one, other, method);
    }
  });
});

function readable(cells: readonly (readonly string[])[]): readonly string[] {
  return cells.map((row, index) => `${(actors[index] ?? "").padEnd(12)}${row.join("  ")}`);
}
