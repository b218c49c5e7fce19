/** What the hub tells Prometheus: JupyterHub's names where they mean the same here. No names of people. */
import { eventLoopUtilization } from "node:perf_hooks";
import type { Clock } from "#src/clock.ts";
import { livingUsers } from "#src/services/accounts/user-records.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { StoreReader } from "#src/stores/store.ts";
import { Counter, Gauge, Histogram, type Metric } from "./exposition.ts";
import { ServerTimes } from "./server-times.ts";

interface HubMetricsParts {
  readonly store: StoreReader;
  readonly servers: Pick<Servers, "running" | "starts" | "onChange">;
  readonly clock: Clock;
}

interface MeasuredRequest {
  readonly method: string;
  /** The pattern of the route. */
  readonly handler: string;
  readonly status: number;
  readonly seconds: number;
}

const DAY_MS = 24 * 3_600_000;
const periods = { "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS };

export class HubMetrics {
  readonly #parts: HubMetricsParts;
  readonly #times: ServerTimes;
  readonly #requests = new Histogram({
    name: "jupyterhub_request_duration_seconds",
    help: "Time until the hub answered a request for a page or the API",
    labels: ["method", "handler", "code"],
  });
  readonly #signIns = new Histogram({
    name: "jupyterhub_login_duration_seconds",
    help: "Time of tries to sign in",
    labels: ["status"],
  });
  readonly #signOuts = new Histogram({
    name: "jupyterhub_logout_duration_seconds",
    help: "Time of signing out",
  });
  readonly #cspReports = new Counter({
    name: "jupyterhub_csp_reports_total",
    help: "Reports of browsers that a page tried what its policy forbids",
  });
  readonly #startUp = new Histogram({
    name: "jupyterhub_hub_startup_duration_seconds",
    help: "Time that the hub took to start",
  });
  readonly #proxied = new Histogram({
    name: "homeroom_proxy_request_seconds",
    help: "Time until a notebook began to answer a request, as the proxy sees it",
  });
  readonly #proxyFailures = new Counter({
    name: "homeroom_proxy_failures_total",
    help: "Requests to notebooks that no answer came to",
    labels: ["reason"],
  });
  readonly #all: readonly Metric[];

  constructor(parts: HubMetricsParts) {
    this.#parts = parts;
    this.#times = new ServerTimes(parts.clock);
    this.#all = [
      ...this.#gauges(),
      ...this.#times.metrics,
      this.#requests,
      this.#signIns,
      this.#signOuts,
      this.#cspReports,
      this.#startUp,
      this.#proxied,
      this.#proxyFailures,
    ];
  }

  /** The answer ends it. */
  follow(): () => void {
    return this.#times.follow(this.#parts.servers);
  }

  started(seconds: number): void {
    this.#startUp.observe(seconds);
  }

  answered({ method, handler, status, seconds }: MeasuredRequest): void {
    this.#requests.observe(seconds, method, handler, String(status));
    if (method !== "POST") return;
    if (handler === "hub/login") {
      this.#signIns.observe(seconds, status === 302 ? "success" : "failure");
    }
    if (handler === "hub/logout" && status === 302) this.#signOuts.observe(seconds);
    if (handler === "hub/security/csp-report") this.#cspReports.add();
  }

  proxied(seconds: number): void {
    this.#proxied.observe(seconds);
  }

  notProxied(reason: string): void {
    this.#proxyFailures.add(reason);
  }

  text(): string {
    return this.#all.map((metric) => metric.text()).join("");
  }

  #gauges(): readonly Metric[] {
    const { store, servers } = this.#parts;
    const gauge = (name: string, help: string, read: () => number): Metric =>
      new Gauge({ name, help }, read);
    const counter = (name: string, help: string, read: () => number): Metric =>
      new Gauge({ name, help, type: "counter" }, read);
    return [
      gauge("jupyterhub_running_servers", "Notebooks that run", () => servers.running().length),
      gauge(
        "jupyterhub_total_users",
        "Accounts, without those in the trash",
        () => Array.from(livingUsers(store)).length,
      ),
      new Gauge(
        {
          name: "jupyterhub_active_users",
          help: "People who were active in that time",
          labels: ["period"],
        },
        () => this.#activeUsers(),
      ),
      gauge(
        "homeroom_start_queue_length",
        "Starts that wait for a place",
        () => servers.starts().waiting,
      ),
      gauge("homeroom_starting_servers", "Starts under way", () => servers.starts().starting),
      counter(
        "homeroom_event_loop_busy_seconds_total",
        "Time in which the hub was busy and not waiting",
        () => eventLoopUtilization().active / 1000,
      ),
      counter("process_cpu_seconds_total", "Time of the processor, with all threads", () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      }),
      gauge("process_resident_memory_bytes", "Memory of the hub", () => process.memoryUsage.rss()),
      gauge(
        "process_start_time_seconds",
        "When the hub started, since 1970",
        () => performance.timeOrigin / 1000,
      ),
    ];
  }

  #activeUsers(): ReadonlyMap<string, number> {
    const { store, clock } = this.#parts;
    const times = Array.from(livingUsers(store), ({ lastActivity }) =>
      lastActivity === undefined ? -Infinity : Date.parse(lastActivity),
    );
    return new Map(
      Object.entries(periods).map(([period, ms]) => {
        const since = clock.now() - ms;
        return [period, times.filter((time) => time >= since).length];
      }),
    );
  }
}
