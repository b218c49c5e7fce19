/**
 * When notebooks were last at work by themselves: a cell that runs for hours sends nothing while its tab is closed,
 * and must not pass for idle. `jupyterhub-singleuser` tells this of itself; plain Jupyter is asked, as often.
 */
import { type IncomingMessage, get } from "node:http";
import type { Clock } from "#src/clock.ts";
import type { Logger } from "#src/log.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import { encodeServerName } from "#src/services/servers/server-names.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import { type Timers, systemTimers } from "#src/timers.ts";
import type { Route, RoutingTable } from "./routing-table.ts";

const EVERY_MS = 5 * 60_000;
const ANSWER_MS = 10_000;
/** A kernel is described in 200 bytes. */
const LONGEST_ANSWER = 256 * 1024;
/** Each is a list of what has a time of its own. Jupyter must not take the question itself for somebody's work. */
const LISTS = ["api/kernels?no_track_activity=1", "api/terminals?no_track_activity=1"];

interface WorkParts {
  readonly basePath: string;
  readonly routes: Pick<RoutingTable, "all">;
  readonly accounts: Pick<Accounts, "activeById">;
  readonly servers: Pick<Servers, "noteActivity">;
  readonly clock: Pick<Clock, "now">;
  readonly timers?: Timers;
  readonly log: Logger;
}

export class NotebookWork implements Disposable {
  readonly #parts: WorkParts & { readonly timers: Timers };
  readonly #closing = new AbortController();
  #cancel: () => void = () => {};

  constructor(parts: WorkParts) {
    this.#parts = { timers: systemTimers, ...parts };
  }

  open(): void {
    this.#cancel = this.#parts.timers.after(EVERY_MS, () => {
      void this.#askAll().then(() => {
        if (!this.#closing.signal.aborted) this.open();
      });
    });
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#cancel();
  }

  /** One after the other: nobody waits for it. */
  async #askAll(): Promise<void> {
    for (const route of this.#parts.routes.all()) {
      if (this.#closing.signal.aborted) return;
      if (route.kind !== "jupyter") continue;
      try {
        await this.#ask(route);
      } catch (error) {
        // Gone meanwhile, busy, or no Jupyter that has this: then its last activity is what came through the hub.
        this.#parts.log.debug({ err: error, server: route.serverId }, "not told of its kernels");
      }
    }
  }

  async #ask(route: Route): Promise<void> {
    const { basePath, accounts, servers, clock } = this.#parts;
    const user = accounts.activeById(route.userId);
    if (user === undefined) return;
    const name = route.serverName === "" ? "" : `${encodeServerName(route.serverName)}/`;
    let last = 0;
    for (const list of LISTS) {
      const text = await this.#read(route, `${basePath}user/${user.name}/${name}${list}`);
      if (text !== undefined) last = Math.max(last, lastWork(text, clock.now()));
    }
    if (last === 0) return;
    const told = new Map([[route.serverName, new Date(last).toISOString()]]);
    await servers.noteActivity(user.id, { servers: told });
  }

  /** Nothing when there is no such list: an image may have no terminals. */
  async #read({ upstream, secret }: Route, path: string): Promise<string | undefined> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_MS)]);
    const { host, port } = upstream;
    const headers = { authorization: `token ${secret}`, accept: "application/json" };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host, port, path, headers, agent: false, signal }, resolve).on("error", reject);
    });
    if (answer.statusCode !== 200) {
      answer.on("error", () => {}).destroy();
      return undefined;
    }
    answer.setEncoding("utf8");
    let text = "";
    for await (const piece of answer) {
      text += String(piece);
      if (text.length > LONGEST_ANSWER) throw new RangeError("a list that is too long");
    }
    return text;
  }
}

/** The latest time in a list of kernels or terminals, 0 without any. What is busy works now; nothing works later. */
export function lastWork(text: string, now: number): number {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return 0;
  const times = list.map((each: unknown) => {
    const { last_activity: at, execution_state: state } = Object(each) as Record<string, unknown>;
    if (state === "busy") return now;
    const time = typeof at === "string" ? Date.parse(at) : Number.NaN;
    return Number.isNaN(time) ? 0 : Math.min(time, now);
  });
  return Math.max(0, ...times);
}
