import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { configSchema } from "#src/config/schema.ts";
import { projectRoot, ShellBench } from "#test/support/shell.ts";

const shellFiles = [
  "homeroom",
  "images/steps.sh",
  "images/settings.sh",
  "images/docker.sh",
  "images/bases.sh",
  "images/doctor.sh",
  "images/import.sh",
  "images/hub/entry",
  "test/run.sh",
];

/** An engine with a hub that runs or not; it writes down the hub's command and what it got on standard input. */
function fakeDocker(bench: ShellBench, hub: "runs" | "is down"): void {
  bench.program(
    "docker",
    `case "$*" in
      version* | "compose version" | "buildx version" | "image inspect"*) echo 28.0.0 ;;
      "exec "*" homeroom health") ;;
      *" ps --status running "*) ${hub === "runs" ? "echo 0123456789ab" : ":"} ;;
      *" exec "* | *" run "*)
        echo "progress of Compose" >&2
        pwd
        printf '<%s>\\n' "$@"
        cat
        exit 7 ;;
      *) exit 1 ;;
    esac`,
  );
}

/** The hub's part of what the fake wrote down. */
function hubPart(out: string, last: string): readonly string[] {
  const lines = out.split("\n");
  return lines.slice(lines.lastIndexOf(`<${last}>`) + 1);
}

describe("the homeroom script", () => {
  it("is shell that any Debian has", () => {
    for (const file of shellFiles) {
      const { status, stderr } = spawnSync("sh", ["-n", join(projectRoot, file)], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
    }
  });

  it("has nothing that shellcheck minds", (t) => {
    const { error, stdout } = spawnSync("shellcheck", ["-x", "homeroom", "images/hub/entry"], {
      cwd: projectRoot,
      encoding: "utf8",
    });
    if (error !== undefined) {
      t.skip("shellcheck is not installed");
      return;
    }
    assert.equal(stdout, "");
  });

  it("shows its commands when asked, and when asked wrongly", () => {
    using bench = new ShellBench();
    const help = bench.homeroom(["help"]);
    assert.equal(help.code, 0);
    assert.match(help.out, /^Usage: /);
    assert.equal(help.err, "");
    for (const args of [[], ["levitate"], ["up", "now"], ["down", "x"], ["test", "luck"]]) {
      const wrong = bench.homeroom(args);
      assert.equal(wrong.code, 2, args.join(" "));
      assert.equal(wrong.out, "");
      assert.match(wrong.err, /Usage: /);
    }
    assert.match(bench.homeroom(["levitate"]).err, /there is no command 'levitate'/);
  });

  it("refuses settings that cannot work before it installs or builds anything", () => {
    using bench = new ShellBench();
    bench.program("docker", "echo 'docker was called' >&2; exit 1");
    const wrong = {
      HOMEROOM_BASE_PATH: ["jupyterhub", "/jupyterhub", "jupyterhub/", "/a//b/", "/a b/"],
      HOMEROOM_PORT: ["0", "65536", "1e3", "eighty", "-1", "080"],
      HOMEROOM_BIND: ["default-route", "example", "1.2.3", "1.2.3.4:80"],
      HOMEROOM_CA_FILE: ["/nowhere/ca.pem"],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const { code, err } = bench.homeroom(["up"], { env: { [name]: value } });
        assert.equal(code, 2, `${name}=${value}`);
        assert.match(err, new RegExp(`^homeroom: ${name} is '`));
        assert.doesNotMatch(err, /docker was called/);
      }
    }
  });

  it("says when a variable is none of its settings", () => {
    using bench = new ShellBench();
    const env = { HOMEROOM_PROT: "9000", HOMEROOM_PORT: "x" };
    assert.match(bench.homeroom(["up"], { env }).err, /HOMEROOM_PROT is not a setting/);
  });

  const looping = { COMPOSE_PROJECT_NAME: "hrtest-looping" };

  /** A copy, beside which `up` may keep settings, and an engine whose hub ended again and again. */
  function withLoopingHub(bench: ShellBench, health: string): string {
    for (const part of ["homeroom", "compose.yaml", "images"]) {
      cpSync(join(projectRoot, part), join(bench.folder, part), { recursive: true });
    }
    bench.program(
      "docker",
      `calls=${bench.folder}/calls
      echo "$*" >>$calls
      case "$*" in
        *" ps --"*" --quiet hub") echo 0123456789ab ;;
        "port 0123456789ab 8000") echo 0.0.0.0:8000 ;;
        *State.Restarting*) if grep -q ^restart $calls; then echo false; else echo true; fi ;;
        *RestartCount*) echo $((7 + $(grep -c "homeroom health" $calls))) ;;
        "exec 0123456789ab homeroom health") ${health} ;;
        *" exec -T hub homeroom setup-code") exit 1 ;;
        version*) echo 28.0.0 ;;
      esac`,
    );
    return join(bench.folder, "homeroom");
  }

  it("starts a hub at once that kept ending, when what was wrong is mended", () => {
    using bench = new ShellBench();
    const script = withLoopingHub(bench, "grep -q ^restart $calls");
    const { code, out, err } = bench.homeroom(["up"], { script, env: looping });
    assert.equal(code, 0, err);
    assert.match(out, /Homeroom is running/);
  });

  it("says so when the hub goes on ending", () => {
    using bench = new ShellBench();
    const script = withLoopingHub(bench, "exit 1");
    const { code, err } = bench.homeroom(["up"], { script, env: looping });
    assert.equal(code, 1);
    assert.match(err, /Homeroom did not start/);
  });

  for (const hub of ["runs", "is down"] as const) {
    it(`hands a command to the hub as it is when the hub ${hub}`, () => {
      using bench = new ShellBench();
      fakeDocker(bench, hub);
      const args = ["user", "add", "maria", "--display-name=María L.", "$HOME *"];
      const { code, out } = bench.homeroom(args, { input: "a password\nwith a second line" });
      assert.equal(code, 7);
      assert.equal(out.split("\n")[0], projectRoot.replace(/\/$/, ""));
      assert.deepEqual(hubPart(out, hub === "runs" ? "homeroom" : "hub"), [
        ...args.map((arg) => `<${arg}>`),
        "a password",
        "with a second line",
      ]);
    });
  }

  it("does not look at what it hands on", () => {
    using bench = new ShellBench();
    fakeDocker(bench, "runs");
    for (const args of [
      ["audit", "--csv", "--about", "maria; rm -rf /"],
      ["sign-up", "code", "--hours", "2"],
      ["reset-owner", "--help"],
    ]) {
      const { code, out } = bench.homeroom(args);
      assert.equal(code, 7, args[0]);
      assert.deepEqual(hubPart(out, "homeroom"), [...args.map((arg) => `<${arg}>`), ""]);
    }
  });

  it("works from any folder and through a link", () => {
    using bench = new ShellBench();
    fakeDocker(bench, "runs");
    const link = join(bench.folder, "hr");
    symlinkSync(join(projectRoot, "homeroom"), link);
    const { out } = bench.homeroom(["setup-code"], { script: link, cwd: bench.folder });
    assert.equal(out.split("\n")[0], projectRoot.replace(/\/$/, ""));
  });

  it("does not start anything for a command other than up", () => {
    using bench = new ShellBench();
    bench.program("docker", "exit 1");
    for (const command of [
      "user",
      "sign-up",
      "audit",
      "reset-owner",
      "setup-code",
      "logs",
      "down",
    ]) {
      const { code, err } = bench.homeroom([command]);
      assert.equal(code, 1, command);
      assert.match(err, /Docker does not run here/);
    }
    assert.equal(bench.homeroom(["status"]).code, 3);
  });
});

describe("doctor, from outside", () => {
  /** The checks of the script alone, as the hub gets them: status and name, then what was found. */
  function foundBy(bench: ShellBench, code: string, env = {}): readonly (readonly string[])[] {
    const { out } = bench.parts(`command=doctor project=fake; ${code}`, { env });
    return out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
  }

  it("says that Docker is missing, and what installs it", () => {
    using bench = new ShellBench();
    const code = 'have() { [ "$1" != docker ]; }; outside_checks';
    const [docker = [], ...more] = foundBy(bench, code);
    assert.deepEqual(docker.slice(0, 2), ["bad", "docker"]);
    assert.match(docker[3] ?? "", /\.\/homeroom up/);
    assert.deepEqual(more, []);
  });

  it("tells an engine that does not run from one that this account may not use", () => {
    using bench = new ShellBench();
    bench.program("docker", "exit 1");
    assert.match(foundBy(bench, "outside_checks")[0]?.[2] ?? "", /does not run/);
    const env = { DOCKER_HOST: "tcp://elsewhere" };
    assert.match(foundBy(bench, "outside_checks", env)[0]?.[2] ?? "", /^DOCKER_HOST is 'tcp:/);
  });

  it("tells by itself what it found while there is no Docker, also to programs", () => {
    using bench = new ShellBench();
    bench.program("docker", "exit 1");
    const env = { DOCKER_HOST: 'a "quoted" \\ path' };
    const told = bench.homeroom(["doctor"], { env });
    assert.equal(told.code, 1);
    assert.match(told.out, /^bad +docker +DOCKER_HOST is 'a "quoted" \\ path'/);
    assert.match(told.out, /^bad +rest /m);
    const { checks } = JSON.parse(bench.homeroom(["doctor", "--json"], { env }).out) as {
      checks: readonly { readonly name: string; readonly text: string }[];
    };
    assert.deepEqual(
      checks.map(({ name }) => name),
      ["docker", "rest"],
    );
    assert.match(checks[0]?.text ?? "", /'a "quoted" \\ path'/);
    assert.equal(bench.homeroom(["doctor", "--jsn"]).code, 2);
  });

  for (const [hub, runner] of [
    ["runs", "exec"],
    ["is down", "run"],
  ] as const) {
    it(`gives what it found to the hub's part when the hub ${hub}`, () => {
      using bench = new ShellBench();
      fakeDocker(bench, hub);
      const { out } = bench.homeroom(["doctor", "--json"]);
      // The fake ends with a code that no doctor has: then the script tells alone.
      assert.match(out, /^\{"checks":\[/m);
      const [before = ""] = out.split('{"checks"');
      assert.match(before, new RegExp(`^<${runner}>$`, "m"));
      assert.match(before, /^<doctor>\n<--outside>\n<--json>\n(?:ok|warning|bad)\tdocker\t/m);
    });
  }

  it("tells a hub that runs, hangs, ends again and again, and is stopped apart", () => {
    using bench = new ShellBench();
    const hubIs = (state: string, answers: boolean) => {
      bench.program("docker", `[ "$1" = inspect ] && echo "${state}"`);
      const code = `hub_answers() { ${answers}; }; hub_container() { echo x; }; check_hub`;
      const [status = "", , text = ""] = foundBy(bench, code)[0] ?? [];
      return `${status}: ${text}`;
    };
    assert.equal(hubIs("running 1", true), "ok: Homeroom is running.");
    assert.match(hubIs("running 0", false), /^bad: .* does not answer/);
    assert.match(hubIs("running 3", false), /^bad: .* ends again each time/);
    assert.match(hubIs("restarting 3", false), /^bad: .* ends again each time/);
    assert.match(hubIs("exited 0", false), /^warning: Homeroom is not running/);
  });

  it("knows older versions from newer ones", () => {
    using bench = new ShellBench();
    const versions = ["19.03.15", "20.9", "20.10.24+dfsg1", "28.2.2", "dev", ""];
    const { out } = bench.parts(
      versions.map((version) => `is_older "${version}" 20 10 && echo yes || echo no`).join("\n"),
    );
    assert.deepEqual(out.trimEnd().split("\n"), ["yes", "yes", "no", "no", "no", "no"]);
  });

  it("judges the disk as the hub does", () => {
    using bench = new ShellBench();
    bench.program("docker", "echo /");
    const gib = 1024 ** 3;
    const judged = [
      [71 * gib, 252 * gib],
      [25 * gib, 252 * gib],
      [1.9 * gib, 8 * gib],
      [0.4 * gib, 8 * gib],
    ].map(([free = 0, total = 0]) => {
      bench.program("df", `echo Avail Size; echo ${Math.round(free)} ${total}`);
      return foundBy(bench, "check_docker_disk")[0]?.[0];
    });
    assert.deepEqual(judged, ["ok", "warning", "warning", "bad"]);
  });

  it("names who has the port", async () => {
    using bench = new ShellBench();
    bench.program("docker", "exit 1");
    writeFileSync(join(bench.folder, "compose.yaml"), "HOMEROOM_PORT: ${HOMEROOM_PORT}\n");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const env = { HOMEROOM_PORT: String(address.port) };
    const code = "read_settings; hub_runs() { false; }; check_port";
    const [taken = []] = foundBy(bench, code, env);
    assert.equal(taken[0], "bad");
    assert.match(
      taken[2] ?? "",
      new RegExp(`used by the program \\S+ \\(process ${process.pid}\\)`),
    );
    bench.program("docker", '[ "$1" = ps ] && echo other-box-1');
    assert.match(foundBy(bench, code, env)[0]?.[2] ?? "", /used by the container other-box-1/);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await isEverSo(() => foundBy(bench, code, env)[0]?.[0] === "ok"), true);
  });
});

describe("finding Docker", () => {
  it("takes a client without an engine for no Docker", () => {
    using bench = new ShellBench();
    bench.program("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    assert.equal(bench.parts("engine_answers").code, 1);
    bench.program("docker", "echo 20.10.24");
    assert.equal(bench.parts("engine_answers").code, 0);
  });

  it("does not mistake another program's process for an engine", () => {
    using bench = new ShellBench();
    const outcome = bench.parts(`
      sleep 60 & id=$!
      echo $id >"$here/one"; echo $id >"$here/two"; echo 4194305 >"$here/three"
      # Until then it is a copy of this shell.
      until [ "$(cat /proc/$id/comm)" = sleep ]; do sleep 0.01; done
      forget_dead "$here/one" sleep; forget_dead "$here/two" dockerd; forget_dead "$here/three" dockerd
      forget_dead "$here/none" dockerd
      kill $id
      cd "$here" && ls one two three 2>/dev/null || :`);
    assert.equal(outcome.out, "one\n");
  });

  it("takes the mirrors of this machine for Debian 13", () => {
    using bench = new ShellBench();
    bench.program(
      "apt-get",
      `printf '%s\\n' 'http://mirror.test/debian bookworm' 'http://mirror.test/debian bookworm-updates' \\
        'http://mirror.test/security bookworm-security' 'http://mirror.test/debian bookworm-backports'`,
    );
    assert.deepEqual(bench.parts("debian_sites").out.split("\n"), [
      "http://mirror.test/debian trixie",
      "http://mirror.test/debian trixie-updates",
      "http://mirror.test/security trixie-security",
      "",
    ]);
  });
});

describe("what asks the network", () => {
  it("is tried three times, with pauses, and then said to have failed", () => {
    using bench = new ShellBench();
    bench.program("sleep", `echo "sleep $1"`);
    bench.program("fetch", `echo "$@" >>"$HOME/tries"; [ "$(wc -l <"$HOME/tries")" -ge "$1" ]`);
    const tried = (needed: number) =>
      bench.parts(`rm -f "$HOME/tries"; persistently fetch ${needed} x >"$here/out" && echo fine
        cat "$HOME/tries"; grep sleep "$here/out" || :`).out;
    assert.equal(tried(1), "fine\n1 x\n");
    assert.equal(tried(3), "fine\n3 x\n3 x\n3 x\nsleep 5\nsleep 20\n");
    assert.equal(tried(4), "4 x\n4 x\n4 x\nsleep 5\nsleep 20\n");
  });

  it("asks apt for its lists once, and again only after a failure", () => {
    using bench = new ShellBench();
    bench.program("sleep", ":");
    bench.program(
      "apt-get",
      `for last; do :; done; echo "$last" >>"$HOME/asked"
      [ "$last" != docker.io ] || [ "$(grep -c docker.io "$HOME/asked")" -gt 1 ]`,
    );
    const { out } = bench.parts(`
      persistently apt_install curl >/dev/null; persistently apt_install docker.io >/dev/null
      tr '\\n' ' ' <"$HOME/asked"`);
    assert.equal(out, "update curl docker.io update docker.io ");
  });
});

describe("base images", () => {
  it("are those that the Dockerfiles begin with", () => {
    using bench = new ShellBench();
    const { out } = bench.parts(`here=${projectRoot}; base_images`);
    assert.equal(out, "debian:trixie-slim\nnode:24-trixie-slim\n");
  });

  it("are not waited for where no registry answers, and asked for only once", () => {
    using bench = new ShellBench();
    bench.program("docker", "echo 'dial tcp: no such host' >&2; exit 1");
    const { out } = bench.parts(`log=$here/log; registry=unknown
      step "Fetching x" pull x || echo "registry: $registry"`);
    assert.equal(out, "Fetching x ... no container registry answers\nregistry: none\n");
  });

  it("are waited for once a registry has answered", () => {
    using bench = new ShellBench();
    bench.program("docker", "echo 'trixie-slim: Pulling from library/debian'; sleep 1.2");
    const { code, out } = bench.parts('log=$here/log; step "Fetching x" pull x');
    assert.equal(code, 0);
    assert.match(out, /^Fetching x \.\.\. [1-9]\d* s\n$/);
  });
});

describe("settings", () => {
  it("of compose.yaml are those of the hub, less what the image decides", () => {
    const compose = readFileSync(join(projectRoot, "compose.yaml"), "utf8");
    const passed = compose.match(/^ {6}HOMEROOM_[A-Z_]+(?=:)/gm)?.map((name) => name.trim());
    const decided = new Set([
      "HOMEROOM_DATA",
      "HOMEROOM_PORT",
      "HOMEROOM_BIND",
      "HOMEROOM_DOCKER_SOCKET",
      "HOMEROOM_SPAWNER",
    ]);
    const variables = JSON.stringify(configSchema, (_key, value: unknown) => value).match(
      /(?<="env":")HOMEROOM_[A-Z_]+/g,
    );
    const expected = variables?.filter((name) => !decided.has(name));
    assert.deepEqual(passed?.toSorted(), expected?.toSorted());
  });

  const withCompose = (bench: ShellBench): void => {
    writeFileSync(
      join(bench.folder, "compose.yaml"),
      "HOMEROOM_PORT: ${HOMEROOM_PORT}\nHOMEROOM_TITLE:\n",
    );
  };

  it("are kept from one run to the next, and forgotten when given empty", () => {
    using bench = new ShellBench();
    withCompose(bench);
    const title = `Müller's "class" $x # 1`;
    const env = { HOMEROOM_PORT: "9000", HOMEROOM_TITLE: title };
    assert.equal(
      bench.parts("read_settings; draft_settings; keep_settings", { env }).out,
      "Kept in .env for the next time: HOMEROOM_PORT HOMEROOM_TITLE\n",
    );
    const both = "read_settings; setting HOMEROOM_PORT 8000; setting HOMEROOM_TITLE none";
    assert.equal(bench.parts(both).out, `9000\n${title}\n`);
    assert.equal(bench.parts(both, { env: { HOMEROOM_PORT: "9001" } }).out, `9001\n${title}\n`);

    bench.parts("read_settings; draft_settings; keep_settings", { env: { HOMEROOM_TITLE: "" } });
    assert.equal(bench.parts(both).out, "9000\nnone\n");
  });

  it("are not kept before the hub has agreed to them", () => {
    using bench = new ShellBench();
    withCompose(bench);
    const { out } = bench.parts('read_settings; draft_settings; basename "$settings_file"', {
      env: { HOMEROOM_PORT: "9000" },
    });
    assert.equal(out, "settings\n");
    assert.equal(bench.parts("read_settings; setting HOMEROOM_PORT 8000").out, "8000\n");
  });

  it("of a second installation do not touch those of the first", () => {
    using bench = new ShellBench();
    withCompose(bench);
    const second = { COMPOSE_PROJECT_NAME: "second" };
    const keep = "read_settings; draft_settings; keep_settings";
    bench.parts(keep, { env: { HOMEROOM_PORT: "9000" } });
    bench.parts(keep, { env: { ...second, HOMEROOM_PORT: "9002" } });
    const show = "read_settings; setting HOMEROOM_PORT 8000; basename $settings_file";
    assert.equal(bench.parts(show).out, "9000\n.env\n");
    assert.equal(bench.parts(show, { env: second }).out, "9002\n.env.second\n");
    assert.equal(bench.parts(show, { env: { COMPOSE_PROJECT_NAME: "third" } }).out, "8000\nnull\n");
  });

  it("name an installation as Compose would", () => {
    using bench = new ShellBench();
    const { code, err } = bench.homeroom(["up"], { env: { COMPOSE_PROJECT_NAME: "My School" } });
    assert.equal(code, 1);
    assert.match(err, /COMPOSE_PROJECT_NAME is 'My School'/);
  });

  it("find out whether a port is taken", async () => {
    using bench = new ShellBench();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const all = `port_taken ${address.port} 0.0.0.0`;
    assert.equal(bench.parts(all).code, 0);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await isEverSo(() => bench.parts(all).code === 1), true);
  });
});

/** The system may give a port that was just let go to somebody else, for a while. */
async function isEverSo(looks: () => boolean): Promise<boolean> {
  const end = performance.now() + 60_000;
  while (!looks()) {
    if (performance.now() > end) return false;
    await sleep(100);
  }
  return true;
}

describe("./homeroom test", () => {
  /** What is told once more of a part that printed this. */
  const repeated = (bench: ShellBench, output: string): readonly string[] => {
    writeFileSync(join(bench.folder, "output-unit"), output);
    const { out } = bench.parts(`. "${projectRoot}test/run.sh"; repeat_failures unit`);
    return out.trim().split("\n");
  };

  it("tells at the end which tests failed, and of each why", () => {
    using bench = new ShellBench();
    const stack = Array.from({ length: 99 }, (_, index) => `      at ${index}`).join("\n");
    const failure = (name: string) => `test at x.ts:1:1\n✖ ${name} (1 ms)\n  ${name}!\n${stack}\n`;
    const passed = "✔ it works (1 ms)\n".repeat(200);
    const output = `${passed}✖ failing tests:\n\n${failure("one")}\n${failure("two")}`;
    const told = repeated(bench, output).filter((line) => !line.startsWith("      at"));
    assert.deepEqual(told, [
      "---- failed in unit",
      ...["one", "two"].flatMap((name) => ["test at x.ts:1:1", `✖ ${name} (1 ms)`, `  ${name}!`]),
    ]);
  });

  it("tells the last lines of a part that lists no failures", () => {
    using bench = new ShellBench();
    const lines = Array.from({ length: 99 }, (_, index) => `line ${index}`);
    assert.deepEqual(repeated(bench, lines.join("\n")).slice(1), lines.slice(-30));
    assert.deepEqual(repeated(bench, "one line").slice(1), ["one line"]);
  });
});
