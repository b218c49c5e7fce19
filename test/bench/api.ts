/** JupyterHub's list of users with 1,000 people and 100 notebooks that run, over HTTP on a keep-alive connection. */
import { Agent, request } from "node:http";
import { createClassrooms } from "#test/support/classrooms.ts";
import { median, quantile, report } from "./figures.ts";

const PEOPLE = 1000;
const RUNNING = 100;
const ROUNDS = 200;
const api = "/hub/api/";

export async function benchApi(): Promise<void> {
  await using rooms = await createClassrooms();
  await rooms.stage();
  const usernames = Array.from({ length: PEOPLE }, (_, index) => `person-${index}`);
  const started = performance.now();
  const made = await rooms.ask("owner", `${api}users`, { method: "POST", json: { usernames } });
  if (made.status !== 201) throw new Error(`making them answered ${made.status}: ${made.text}`);
  report(`POST users with ${PEOPLE} names`, performance.now() - started, "ms");
  for (const name of usernames.slice(0, RUNNING)) {
    await rooms.ask("owner", `${api}users/${name}/server`, { method: "POST" });
  }

  using connection = new KeptConnection(rooms.box.origin);
  const owner = rooms.browser("owner").cookieHeader(api);
  const teacher = rooms.browser("teacher").cookieHeader(api);
  for (const [what, path, cookie] of [
    ["version, to compare", "", owner],
    ["a page of 200, an owner", "users?limit=200", owner],
    ["a page of 200 from the middle, an owner", "users?limit=200&offset=500", owner],
    ["those who are ready, an owner", "users?state=ready", owner],
    ["sorted by last activity, an owner", "users?sort=-last_activity&limit=200", owner],
    ["a page of 200, a teacher of all", "users?limit=200", teacher],
    ["one person, an owner", "users/person-7", owner],
  ] as const) {
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const begun = performance.now();
      bytes = await connection.get(api + path, cookie);
      times.push(performance.now() - begun);
    }
    report(`GET ${what}: median of ${ROUNDS} (${bytes} bytes)`, median(times), "ms ");
    report(`GET ${what}: slowest 1 %`, quantile(times, 0.99), "ms ");
  }
}

class KeptConnection implements Disposable {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** The length of the answer. */
  get(path: string, cookie: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, headers: { cookie } };
      const sent = request(this.#origin + path, options, (response) => {
        let bytes = 0;
        response.on("data", (chunk: Buffer) => (bytes += chunk.length));
        response.on("end", () => {
          if (response.statusCode === 200) resolve(bytes);
          else reject(new Error(`${path} answered ${response.statusCode}`));
        });
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
