/** What `./homeroom import` reads and hands on, with an engine that only writes down what it is asked. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Outcome, ShellBench } from "#test/support/shell.ts";

const TAB = "\t";

describe("./homeroom import jupyterhub", () => {
  let bench: ShellBench;
  let files: string;

  beforeEach(() => {
    bench = new ShellBench();
    files = join(bench.folder, "old hub, 2019");
    mkdirSync(files);
    writeFileSync(join(files, "jupyterhub.sqlite"), "db");
  });
  afterEach(() => bench[Symbol.dispose]());

  /** `homes`: what the hub says it awaits. `failing`: whose home the hub does not take. */
  function engine({ homes = "", folders = "", volumes = "", failing = "nobody" } = {}): void {
    writeFileSync(join(bench.folder, "homes"), homes);
    writeFileSync(join(bench.folder, "folders"), folders);
    writeFileSync(join(bench.folder, "volumes"), volumes);
    bench.program(
      "docker",
      `printf '%s\\n' "$*" >>"$HOME/asked"
      case "$*" in
        version* | "compose version" | "buildx version" | "image inspect"*) echo 28.0.0 ;;
        *" ps --status running "*) echo 0123456789ab ;;
        "volume ls "*) cat "$HOME/volumes" ;;
        "run "*"for folder in"*) cat "$HOME/folders" ;;
        "run "*"find . "*) printf 'home of %s' "$(printf '%s' "$*" | sed 's/.*source=\\([^,"]*\\).* /\\1 /')" ;;
        "run "*"--entrypoint tar "*) printf 'accounts' ;;
        *" import homes") cat "$HOME/homes" ;;
        *" import home ${failing}") cat >/dev/null; exit 1 ;;
        *" import home "*) printf '%s gets: ' "\${*##* }" >&2; cat >&2; echo >&2 ;;
        *" import jupyterhub "*) printf 'the hub gets: '; cat; echo ;;
        *" import help") echo "Usage: import" ;;
        *) exit 9 ;;
      esac`,
    );
  }

  function importHub(...args: readonly string[]): Outcome {
    return bench.homeroom(["import", "jupyterhub", ...args]);
  }

  function asked(): readonly string[] {
    return readFileSync(join(bench.folder, "asked"), "utf8").split("\n");
  }

  const database = (): string => join(files, "jupyterhub.sqlite");

  it("reads the database with what lies beside it, by a container that can do nothing else", () => {
    engine();
    for (const name of ["jupyterhub.sqlite-wal", "passwords.dbm.dat", "passwords.dbm.dir", "x"]) {
      writeFileSync(join(files, name), "");
    }
    const passwords = `--passwords=${join(files, "passwords.dbm.dir")}`;
    const done = importHub("--database", database(), passwords, "--admins", "owner", "--json");
    assert.equal(done.code, 0, done.err);
    assert.equal(done.out, "the hub gets: accounts\n");
    const reading = asked().find((line) => line.includes("--entrypoint tar")) ?? "";
    assert.match(
      reading,
      /^run --rm --pull never --network none --read-only --user 0:0 --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges /,
    );
    assert.deepEqual(
      [...reading.matchAll(/--mount (\S+,"source=[^"]*",\S+)/g)].map((match) => match[1]),
      [
        ["jupyterhub.sqlite", "database/hub.sqlite"],
        ["jupyterhub.sqlite-wal", "database/hub.sqlite-wal"],
        ["passwords.dbm.dat", "passwords/passwords.dbm.dat"],
        ["passwords.dbm.dir", "passwords/passwords.dbm.dir"],
      ].map(
        ([from, to]) => `type=bind,readonly,"source=${join(files, from ?? "")}",target=/from/${to}`,
      ),
    );
    assert.ok(asked().some((line) => line.endsWith("import jupyterhub --admins=owner --json")));
  });

  it("touches no files before it is told to", () => {
    engine({ homes: `sam${TAB}sam${TAB}sam\n`, folders: "sam\n" });
    const done = importHub("--database", database(), "--homes", files);
    assert.equal(done.code, 0, done.err);
    assert.equal(
      asked().some((line) => line.includes("import home")),
      false,
    );
  });

  it("brings each home that there is, whatever it is called", () => {
    const rows = [
      ["sam", "sam", "sam"],
      ["maria.lopez", "maria lopez", "maria-20lopez", "maria_20lopez", "maria lopez"],
      ["gone", "gone", "gone"],
    ];
    engine({
      homes: rows.map((row) => `${row.join(TAB)}\n`).join(""),
      folders: "sam\nmaria lopez\nsamuel\n.sam\n",
    });
    const done = importHub("--database", database(), "--homes", files, "--apply");
    assert.equal(done.code, 0, done.err);
    assert.match(done.err, /^sam gets: home of .* \/from\/sam$/m);
    assert.match(done.err, /^maria.lopez gets: home of .* lopez$/m);
    assert.match(done.err, /^gone: there are no files/m);
  });

  it("finds volumes in each spelling, and leaves out whose there are two of", () => {
    const rows = [
      ["sam", "sam", "sam"],
      ["a.b", "a.b", "a-2eb", "a_2Eb", "a.b"],
      ["c.d", "c.d", "c-2ed", "c_2Ed", "c.d"],
    ];
    engine({
      homes: rows.map((row) => `${row.join(TAB)}\n`).join(""),
      volumes:
        "jupyterhub-user-sam\njupyterhub-user-a_2Eb\njupyterhub-user-c-2ed\njupyterhub-user-c.d\nsam\n",
    });
    const done = importHub(
      "--database",
      database(),
      "--volumes=jupyterhub-user-{username}",
      "--apply",
    );
    assert.equal(done.code, 1);
    assert.match(done.err, /^sam gets: home of jupyterhub-user-sam/m);
    assert.match(done.err, /^a.b gets: home of jupyterhub-user-a_2Eb/m);
    assert.match(done.err, /^c.d: left out, .*: jupyterhub-user-c-2ed jupyterhub-user-c.d/m);
    assert.match(done.err, /What is missing comes when this is run again/);
  });

  it("goes on with the others when one home cannot be brought, and says so at the end", () => {
    engine({
      homes: `kim${TAB}kim${TAB}kim\nsam${TAB}sam${TAB}sam\n`,
      folders: "kim\nsam\n",
      failing: "kim",
    });
    const done = importHub("--database", database(), "--homes", files, "--apply");
    assert.equal(done.code, 1);
    assert.match(done.err, /^sam gets: /m);
    assert.match(done.err, /Not all files came along/);
  });

  it("says what is missing or wrong, and reads nothing then", () => {
    engine();
    for (const [args, message, code] of [
      [[], /say where the database of JupyterHub is/, 2],
      [["--database"], /the value of --database is missing/, 2],
      [["--database", "x", "--color", "red"], /does not take --color/, 2],
      [["--database", database(), "--volumes", "user"], /needs \{username\} in it/, 2],
      [
        ["--database", database(), "--homes", "a", "--volumes", "{username}"],
        /in folders .* or/,
        2,
      ],
      [["--database", join(files, "no")], /There is no file .*no, or this account may not/, 1],
      [["--database", database(), "--passwords", join(files, "no")], /There is no file/, 1],
    ] as const) {
      const done = importHub(...args);
      assert.equal(done.code, code, args.join(" "));
      assert.match(done.err, message);
    }
    assert.equal(
      asked().some((line) => line.startsWith("run ")),
      false,
    );
    assert.match(importHub("--help").out, /Usage: import/);
  });
});
