/** Waits until a server answers on its port, and tells what was wrong when it never does. */
import http from "node:http";
import type { ServerSpec, Upstream } from "#src/spawners/spawner.ts";

const INTERVAL_MS = 40;
const CONNECT_TIMEOUT_MS = 1000;
const ANSWER_TIMEOUT_MS = 5000;

/** One try. `silent` is a port that nobody listens on yet; `garbage` an answer that is not what was asked for. */
type ProbeResult =
  | { readonly is: "answering" }
  | { readonly is: "silent" }
  | { readonly is: "garbage"; readonly detail: string; readonly status?: number };

export interface ProbeTarget {
  readonly upstream: Upstream;
  readonly kind: ServerSpec["kind"];
  readonly baseUrl: string;
  readonly secret: string;
}

function judge(target: ProbeTarget, path: string, status: number): ProbeResult {
  // Any web app may answer its first page with a redirect or "sign in"; Jupyter's `api` is open to its token. One
  // that has nothing below its address does not know that it is there.
  const fine = target.kind === "jupyter" ? status === 200 : status < 500;
  return fine && (path === "/" || status !== 404)
    ? { is: "answering" }
    : { is: "garbage", detail: `status ${status} for ${path}`, status };
}

function pathOf({ kind, upstream, baseUrl }: ProbeTarget): string {
  if (kind !== "web") return `${baseUrl}api`;
  return upstream.stripsPrefix === true ? "/" : baseUrl;
}

/** Never rejects. */
export async function probeOnce(target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const path = pathOf(target);
  return new Promise((resolve) => {
    const request = http.request({
      host: target.upstream.host,
      port: target.upstream.port,
      path,
      agent: false,
      signal,
      // Others would not know what to do with it, and `jupyterhub-singleuser` would ask the hub.
      headers: target.kind === "jupyter" ? { authorization: `token ${target.secret}` } : {},
    });
    let connected = false;
    const timer = setTimeout(() => {
      // Busy, not wrong: it took the question and is still thinking.
      connected = false;
      request.destroy();
    }, ANSWER_TIMEOUT_MS);
    const connectTimer = setTimeout(() => request.destroy(), CONNECT_TIMEOUT_MS);
    function settle(result: ProbeResult): void {
      clearTimeout(timer);
      clearTimeout(connectTimer);
      resolve(result);
      request.destroy();
    }
    request.on("socket", (socket) =>
      socket.on("connect", () => {
        connected = true;
        clearTimeout(connectTimer);
      }),
    );
    request.on("response", (response) => {
      response.on("error", () => {});
      settle(judge(target, path, response.statusCode ?? 0));
    });
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      settle({ is: "garbage", detail: "an upgrade that nobody asked for" });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const detail = error.code?.startsWith("HPE_") === true ? "not HTTP" : "closed the connection";
      settle(connected && !signal.aborted ? { is: "garbage", detail } : { is: "silent" });
    });
    request.end();
  });
}

/** What was last seen when the time was up. */
export interface ProbeFailure {
  readonly is: "silent" | "garbage";
  readonly detail: string;
  readonly status?: number;
}

/**
 * Tries until it answers. An answer that stays garbage for `patienceMs` ends it early: that is another program on
 * the port, and no waiting changes it.
 */
export async function probe(
  target: ProbeTarget,
  times: { readonly timeoutMs: number; readonly patienceMs: number },
  signal: AbortSignal,
): Promise<"answering" | ProbeFailure> {
  const end = performance.now() + times.timeoutMs;
  let garbageSince: number | undefined;
  let last: ProbeFailure = { is: "silent", detail: "" };
  for (;;) {
    const result = await probeOnce(target, signal);
    signal.throwIfAborted();
    const now = performance.now();
    if (result.is === "answering") return "answering";
    if (result.is === "garbage") {
      last = result;
      garbageSince ??= now;
      if (now - garbageSince >= times.patienceMs) return last;
    } else {
      last = { is: "silent", detail: "" };
      garbageSince = undefined;
    }
    if (now + INTERVAL_MS > end) return last;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
