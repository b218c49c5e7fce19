import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConfigSources, loadConfig } from "#src/config/load.ts";
import type { Config } from "#src/config/schema.ts";

interface Given {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function sources({ argv = [], env = {}, files = {} }: Given): ConfigSources {
  const readFile = (path: string) =>
    path in files
      ? Promise.resolve(files[path] ?? "")
      : Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" }));
  return { argv, env, readFile, commandFlags: { json: { type: "boolean" } } };
}

async function load(given: Given): Promise<{ config: Config; rest: readonly string[] }> {
  const loaded = await loadConfig(sources(given));
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("\n"));
  return loaded;
}

async function problems(given: Given): Promise<readonly string[]> {
  const loaded = await loadConfig(sources(given));
  assert.ok(!loaded.ok, "it was taken");
  return loaded.problems;
}

const FILE = "data/homeroom.yaml";
const file = (text: string): Given => ({ files: { [FILE]: text } });

describe("the configuration", () => {
  it("has defaults for everything", async () => {
    const { config, rest } = await load({});
    assert.equal(config.basePath, "/");
    assert.equal(config.listen.port, 8000);
    assert.equal(config.listen.bind, "127.0.0.1");
    assert.equal(config.spawner.memoryBytes, 1024 ** 3);
    assert.deepEqual(rest, []);
  });

  it("goes from the defaults over the file and the variables to the command line", async () => {
    const given: Given = {
      files: { [FILE]: "title: From the file\nlisten:\n  port: 1\n  bind: 0.0.0.0\n" },
      env: { HOMEROOM_PORT: "2", HOMEROOM_BIND: "127.0.0.2" },
      argv: ["--port", "3"],
    };
    const { config } = await load(given);
    assert.equal(config.title, "From the file");
    assert.equal(config.listen.bind, "127.0.0.2");
    assert.equal(config.listen.port, 3);
    assert.equal(config.log.level, "info");
  });

  it("is frozen all the way down", async () => {
    const { config } = await load({});
    assert.throws(() => Object.assign(config.listen, { port: 1 }), TypeError);
    assert.throws(() => Object.assign(config.listen.trustedProxies, ["x"]), TypeError);
  });

  it("reads sizes, lists, numbers and switches from text", async () => {
    const { config } = await load({
      env: {
        HOMEROOM_MEMORY: "512m",
        HOMEROOM_TRUSTED_PROXIES: "192.168.1.2, 172.30.0.0/16 ::1",
        HOMEROOM_CPUS: "0.5",
        HOMEROOM_INTERNET: "yes",
      },
    });
    assert.equal(config.spawner.memoryBytes, 512 * 1024 ** 2);
    assert.deepEqual(config.listen.trustedProxies, ["192.168.1.2", "172.30.0.0/16", "::1"]);
    assert.equal(config.spawner.cpus, 0.5);
    assert.equal(config.spawner.internet, true);
    for (const [text, bytes] of [
      ["1g", 1024 ** 3],
      ["1.5 GB", 1.5 * 1024 ** 3],
      ["2GiB", 2 * 1024 ** 3],
      ["1073741824", 1024 ** 3],
    ] as const) {
      const { config } = await load(file(`spawner: { memoryBytes: ${text} }`));
      assert.equal(config.spawner.memoryBytes, bytes, text);
    }
    for (const text of ["no", "off", "0", "False"]) {
      assert.equal(
        (await load({ env: { HOMEROOM_INTERNET: text } })).config.spawner.internet,
        false,
      );
    }
  });

  it("takes an empty variable as one that is not set", async () => {
    const { config } = await load({ env: { HOMEROOM_PORT: "", HOMEROOM_NONSENSE: "" } });
    assert.equal(config.listen.port, 8000);
  });

  it("takes a name without a value in the file as one that is not set", async () => {
    const { config } = await load(file("title:\nlisten:\n"));
    assert.equal(config.title, "Homeroom");
  });

  it("knows the variables that are not the hub's, and those of other programs", async () => {
    await load({
      env: { HOMEROOM_CA_FILE: "/x", HOMEROOM_TEST_LOG: "debug", PATH: "/bin", HOMEROOMX: "1" },
    });
  });

  it("looks for its file where HOMEROOM_CONFIG says, else in the data folder", async () => {
    const files = { "/etc/h.yaml": "title: named", "/srv/homeroom.yaml": "title: found" };
    const named = await load({ files, env: { HOMEROOM_CONFIG: "/etc/h.yaml" } });
    assert.equal(named.config.title, "named");
    const found = await load({ files, env: { HOMEROOM_DATA: "/srv" } });
    assert.equal(found.config.title, "found");
    const flag = await load({ files, argv: ["--data=/srv"], env: { HOMEROOM_DATA: "/other" } });
    assert.equal(flag.config.title, "found");
  });

  it("has profiles in the file", async () => {
    const text = "spawner:\n  profiles:\n    r-lab:\n      image: r\n      memoryBytes: 2g\n";
    const { config } = await load(file(text));
    const lab = config.spawner.profiles["r-lab"];
    assert.equal(lab?.image, "r");
    assert.equal(lab?.memoryBytes, 2 * 1024 ** 3);
    assert.equal(lab?.port, 8888);
  });

  it("has variables and address of a web app's profile in the file", async () => {
    const app =
      "{ image: x, kind: web, stripPrefix: true, environment: { APP_ROOT: '{prefix}', A: '1' } }";
    const { config } = await load(file(`spawner: { profiles: { app: ${app} } }`));
    const { environment, stripPrefix } = config.spawner.profiles["app"] ?? {};
    assert.deepEqual(environment, { APP_ROOT: "{prefix}", A: "1" });
    assert.equal(stripPrefix, true);
  });

  it("leaves the command and its flags to the command", async () => {
    const argv = ["--base-path=/x/", "user", "list", "--json", "--internet", "--", "--port"];
    const { config, rest } = await load({ argv });
    assert.equal(config.basePath, "/x/");
    assert.equal(config.spawner.internet, true);
    assert.deepEqual(rest, ["user", "list", "--json", "--", "--port"]);
  });

  it("takes a switch that is turned off on the command line", async () => {
    const argv = ["--internet=false"];
    const { config } = await load({ argv, env: { HOMEROOM_INTERNET: "true" } });
    assert.equal(config.spawner.internet, false);
  });
});

describe("a bad configuration", () => {
  const table: readonly (readonly [name: string, given: Given, ...problems: RegExp[]])[] = [
    [
      "a base path without a slash at the end",
      { env: { HOMEROOM_BASE_PATH: "/jupyterhub" } },
      /^HOMEROOM_BASE_PATH: “\/jupyterhub” must begin and end with a slash, like \/ or \/jupyterhub\/$/,
    ],
    ["a base path with dots", { env: { HOMEROOM_BASE_PATH: "/a b/" } }, /must begin and end/],
    [
      "a port that is no number",
      { env: { HOMEROOM_PORT: "80x" } },
      /^HOMEROOM_PORT: “80x” must be a number$/,
    ],
    [
      "a port that is too high",
      { argv: ["--port=99999"] },
      /^--port: “99999” must be at most 65535$/,
    ],
    ["a port below zero", { argv: ["--port=-1"] }, /must be at least 0$/],
    ["half a port", { env: { HOMEROOM_PORT: "80.5" } }, /must be a whole number$/],
    [
      "too little memory",
      { env: { HOMEROOM_MEMORY: "12m" } },
      /^HOMEROOM_MEMORY: “12m” must be at least 64m$/,
    ],
    [
      "memory that is no size",
      { env: { HOMEROOM_MEMORY: "much" } },
      /must be a size such as 512m or 2g$/,
    ],
    [
      "too few cores",
      { env: { HOMEROOM_CPUS: "0" } },
      /^HOMEROOM_CPUS: “0” must be at least 0\.1$/,
    ],
    [
      "a switch that is neither on nor off",
      { env: { HOMEROOM_INTERNET: "maybe" } },
      /“maybe” must be true or false$/,
    ],
    [
      "a level that there is not",
      { env: { HOMEROOM_LOG_LEVEL: "loud" } },
      /^HOMEROOM_LOG_LEVEL: “loud” must be debug, info, warn or error$/,
    ],
    [
      "a spawner that there is not",
      { env: { HOMEROOM_SPAWNER: "podman" } },
      /“podman” must be docker$/,
    ],
    [
      "a pool that is no network",
      { env: { HOMEROOM_POOL: "10.213.0.0" } },
      /^HOMEROOM_POOL: .*such as 10\.213\.0\.0\/16$/,
    ],
    [
      "a pool with an impossible address",
      { env: { HOMEROOM_POOL: "10.300.0.0/16" } },
      /must be an IPv4 network/,
    ],
    [
      "a pool that is too small",
      { env: { HOMEROOM_POOL: "10.213.0.0/29" } },
      /must be an IPv4 network/,
    ],
    [
      "a proxy that is no address",
      { env: { HOMEROOM_TRUSTED_PROXIES: "10.0.0.1,nginx" } },
      /^HOMEROOM_TRUSTED_PROXIES: “nginx” must be an address/,
    ],
    [
      "a public URL with a path",
      { env: { HOMEROOM_PUBLIC_URL: "https://x.example/hub" } },
      /without a path/,
    ],
    [
      "a public URL that is none",
      { env: { HOMEROOM_PUBLIC_URL: "school.example" } },
      /must be http/,
    ],
    ["an empty title", file('title: ""'), /^data\/homeroom\.yaml:1: title: “” must not be empty$/],
    [
      "a title that is too long",
      { env: { HOMEROOM_TITLE: "x".repeat(81) } },
      /the most is 80 characters$/,
    ],
    ["a short session", { env: { HOMEROOM_SESSION_IDLE_HOURS: "0" } }, /must be at least 0\.01$/],
    [
      "a variable with a slip of the pen",
      { env: { HOMEROOM_BASEPATH: "/" } },
      /^HOMEROOM_BASEPATH: there is no such setting; did you mean “HOMEROOM_BASE_PATH”\?$/,
    ],
    [
      "a variable that there is not",
      { env: { HOMEROOM_UNICORNS: "1" } },
      /^HOMEROOM_UNICORNS: there is no such setting$/,
    ],
    [
      "a flag with a slip of the pen",
      { argv: ["--prot=8001"] },
      /^--prot: there is no such flag; did you mean “--port”\?$/,
    ],
    ["a short flag that there is not", { argv: ["-q"] }, /^-q: there is no such flag/],
    ["a flag without its value", { argv: ["--port"] }, /^--port: needs a value, as in --port=…$/],
    [
      "a flag in the place of a value",
      { argv: ["--port", "--internet"] },
      /^--port: needs a value/,
    ],
    [
      "a flag with an odd name",
      { argv: ["--constructor=1"] },
      /^--constructor: there is no such flag/,
    ],
    [
      "a file that is no YAML",
      file("listen:\n  port: [1\n"),
      /^data\/homeroom\.yaml:3:1: Flow sequence/,
    ],
    [
      "a tab in the file",
      file("listen:\n\tport: 1\n"),
      /^data\/homeroom\.yaml:2:1: Tabs are not allowed/,
    ],
    [
      "a name twice in the file",
      file("title: a\nbasePath: /\ntitle: b\n"),
      /^data\/homeroom\.yaml:3:1: this name stands here for the second time$/,
    ],
    [
      "a file that is a list",
      file("- title: x\n"),
      /^data\/homeroom\.yaml.*: the file must be a group of settings/,
    ],
    [
      "a group that is a value",
      file("title: x\nlisten: 8000\n"),
      /^data\/homeroom\.yaml:2: “listen” must be a group of settings/,
    ],
    [
      "an unknown name in the file",
      file("listen:\n  prot: 1\n"),
      /^data\/homeroom\.yaml:2: “listen\.prot” is not a setting; did you mean “listen\.port”\?$/,
    ],
    [
      "a setting in the wrong place",
      file("port: 8001\n"),
      /^data\/homeroom\.yaml:1: “port” is not a setting; did you mean “listen\.port”\?$/,
    ],
    [
      "a variable's name in the file",
      file("HOMEROOM_PORT: 8001\n"),
      /did you mean “listen\.port”\?$/,
    ],
    [
      "an odd name in the file",
      file("__proto__: 1\nconstructor: 2\n"),
      /“__proto__” is not a setting$/,
      /“constructor” is not a setting$/,
    ],
    [
      "a number for a title",
      file("title: 2026\n"),
      /^data\/homeroom\.yaml:1: title: “2026” must be text: write "2026" with the quotation marks$/,
    ],
    [
      "a list for a port",
      file("listen:\n  port: [1, 2]\n"),
      /^data\/homeroom\.yaml:2: listen\.port: “\[1,2\]” must be a number$/,
    ],
    [
      "a profile without an image",
      file("spawner:\n  profiles:\n    a:\n      port: 1\n"),
      /^data\/homeroom\.yaml:4: spawner\.profiles\.a: “image” is missing$/,
    ],
    [
      "a profile with a bad name",
      file("spawner: { profiles: { Big One: { image: x } } }\n"),
      /cannot name a profile/,
    ],
    [
      "a profile with too little memory",
      file("spawner: { profiles: { a: { image: x, memoryBytes: 1m } } }\n"),
      /spawner\.profiles\.a\.memoryBytes: “1m” must be at least 64m$/,
    ],
    [
      "a prefix taken off Jupyter's address",
      file("spawner:\n  profiles:\n    a:\n      image: x\n      stripPrefix: true\n"),
      /^data\/homeroom\.yaml:5: spawner\.profiles\.a\.stripPrefix: “true” goes with “kind: web” alone$/,
    ],
    [
      "a variable that the hub sets itself",
      file("spawner: { profiles: { a: { image: x, environment: { JUPYTERHUB_USER: root } } } }\n"),
      /environment\.JUPYTERHUB_USER: “JUPYTERHUB_USER” is a variable that the hub sets itself$/,
    ],
    [
      "a variable that is no name, and one that is no text",
      file("spawner: { profiles: { a: { image: x, environment: { A=B: x, PORT: 80 } } } }\n"),
      /environment\.A=B: “A=B” cannot name a variable$/,
      /environment\.PORT: “80” must be text: write "80" with the quotation marks$/,
    ],
    [
      "a file that is named but not there",
      { env: { HOMEROOM_CONFIG: "/none.yaml" } },
      /^HOMEROOM_CONFIG: there is no file \/none\.yaml$/,
    ],
  ];
  for (const [name, given, ...expected] of table) {
    it(`is said where it is and why: ${name}`, async () => {
      const found = await problems(given);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const [index, pattern] of expected.entries()) {
        assert.match(found[index] ?? "", pattern);
      }
    });
  }

  it("is said all at once", async () => {
    const found = await problems({
      files: { [FILE]: "titel: x\nlisten:\n  port: high\n" },
      env: { HOMEROOM_BASE_PATH: "x", HOMEROOM_WRONG: "1" },
      argv: ["--cpus=none", "--nothing"],
    });
    assert.equal(found.length, 6, found.join("\n"));
  });

  it("in the file does not matter when a variable overrides it", async () => {
    const { config } = await load({
      ...file("listen:\n  port: high\n"),
      env: { HOMEROOM_PORT: "1" },
    });
    assert.equal(config.listen.port, 1);
  });
});
