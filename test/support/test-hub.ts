/** A whole hub in this process, on a free port, with a data folder of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { type Config, type Secrets, configSchema } from "#src/config/schema.ts";
import { type Hub, type HubOverrides, createHub } from "#src/hub.ts";
import { createLog } from "#src/log.ts";
import { makeId, makeSecret } from "#src/stores/ids.ts";
import { type Answer, HttpClient } from "./http-client.ts";

export interface TestHub extends AsyncDisposable {
  readonly hub: Hub;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly dataDir: string;
  readonly origin: string;
  client(): HttpClient;
  /** Asks as whoever owns the box does: over the control socket. */
  control(): HttpClient;
  /** What is asked so, and done; `path` is below the API. */
  command(method: string, path: string, json?: unknown): Promise<Answer>;
  /** Signs the first owner up with the set-up code. */
  setUp(name?: string, password?: string): Promise<HttpClient>;
  /** The hub ends, the data folder stays. */
  stop(): Promise<void>;
}

export interface TestHubOptions {
  readonly config?: {
    readonly basePath?: string;
    readonly dataDir?: string;
    readonly spawner?: Partial<Config["spawner"]>;
    readonly sessions?: Partial<Config["sessions"]>;
    readonly sharing?: Config["sharing"];
    readonly listen?: Partial<Config["listen"]>;
    readonly services?: Readonly<
      Record<
        string,
        { readonly scopes: readonly string[] } & Partial<Omit<Config["services"][string], "scopes">>
      >
    >;
  };
  readonly secrets?: Secrets;
  readonly overrides?: HubOverrides;
  readonly logLevel?: string;
  readonly onShutdown?: () => void;
}

export const OWNER = "ada";
export const OWNER_PASSWORD = "correct horse battery";

export function makeSecrets(): Secrets {
  return { instanceId: makeId(), instanceKey: makeSecret() };
}

export function testConfig(options: TestHubOptions["config"] & { dataDir: string }): Config {
  return v.parse(configSchema, {
    basePath: options.basePath ?? "/",
    dataDir: options.dataDir,
    listen: { port: 0, bind: "127.0.0.1", ...options.listen },
    sessions: options.sessions ?? {},
    ...(options.sharing === undefined ? {} : { sharing: options.sharing }),
    services: options.services ?? {},
    spawner: options.spawner ?? {},
  });
}

export async function createTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const isOwnFolder = options.config?.dataDir === undefined;
  const dataDir = options.config?.dataDir ?? (await mkdtemp(join(tmpdir(), "homeroom-test-")));
  const config = testConfig({ ...options.config, dataDir });
  const secrets = options.secrets ?? makeSecrets();
  const log = createLog(options.logLevel ?? process.env["HOMEROOM_TEST_LOG"] ?? "silent");
  const overrides = options.overrides ?? {};
  const { onShutdown } = options;
  const hub = await createHub({
    config,
    secrets,
    log,
    overrides,
    ...(onShutdown === undefined ? {} : { onShutdown }),
  });
  const origin = new URL(hub.url ?? "").origin;
  const client = (): HttpClient => new HttpClient(origin);
  const socketPath = join(dataDir, "control.sock");
  const control = (): HttpClient => new HttpClient(origin, { socketPath });
  return {
    hub,
    config,
    secrets,
    dataDir,
    origin,
    client,
    control,
    async command(method, path, json) {
      const options = { method, ...(json === undefined ? {} : { json }) };
      const answer = await control().ask(`${config.basePath}hub/api/${path}`, options);
      if (answer.status < 300) return answer;
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    },
    async setUp(name = OWNER, password = OWNER_PASSWORD) {
      const owner = client();
      const setup = `${config.basePath}hub/setup`;
      await owner.get(setup);
      const answer = await owner.post(setup, {
        code: hub.setupCode ?? "",
        username: name,
        display_name: "Ada Lovelace",
        password,
        password_repeat: password,
      });
      if (answer.status !== 302)
        throw new Error(`set-up answered ${answer.status}: ${answer.text}`);
      return owner;
    },
    stop: async () => hub[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      if (isOwnFolder) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Adds a person as the teacher would; the answer is the first password off the page. */
export async function addPerson(
  owner: HttpClient,
  basePath: string,
  person: { displayName: string; username: string; role?: string },
): Promise<string> {
  const path = `${basePath}hub/admin/people/add`;
  await owner.get(path);
  const answer = await owner.post(
    path,
    { display_name: person.displayName, username: person.username, role: person.role ?? "student" },
    { follow: true },
  );
  return firstPasswordOn(answer.text);
}

/** Reads the one first password that a page shows. */
export function firstPasswordOn(html: string): string {
  const found = /<textarea id="as-text"[^>]*>[^<]*\t([^\t<]+)\n<\/textarea>/.exec(html);
  if (found?.[1] === undefined)
    throw new Error(`no first password on the page: ${html.slice(0, 400)}`);
  return found[1];
}

export async function signIn(
  client: HttpClient,
  basePath: string,
  name: string,
  password: string,
  next = "",
): Promise<{ status: number; location: string; text: string }> {
  const path = `${basePath}hub/login${next === "" ? "" : `?next=${encodeURIComponent(next)}`}`;
  await client.get(path);
  const answer = await client.post(path, { username: name, password });
  return {
    status: answer.status,
    location: answer.headers.location ?? "",
    text: answer.text,
  };
}

/** First sign-in: the first password, then an own one. */
export async function signInFirst(
  client: HttpClient,
  basePath: string,
  name: string,
  firstPassword: string,
  ownPassword: string,
): Promise<void> {
  const signedIn = await signIn(client, basePath, name, firstPassword);
  if (signedIn.status !== 302 || !signedIn.location.startsWith(`${basePath}hub/first`)) {
    throw new Error(`first sign-in answered ${signedIn.status} ${signedIn.location}`);
  }
  const path = `${basePath}hub/first`;
  await client.get(path);
  const chosen = await client.post(path, { password: ownPassword, password_repeat: ownPassword });
  if (chosen.status !== 302) throw new Error(`choosing answered ${chosen.status}: ${chosen.text}`);
}
