/** The process: arguments, signals and exit code. No other file touches `process`. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Host } from "./commands/host.ts";

/** Below it, argon2 ends the process when it is loaded. */
const LEAST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
  process.stderr.write(
    `homeroom: this is Node ${process.versions.node}, and ${LEAST_NODE} is needed. Run: npm start\n`,
  );
  process.exit(1);
}

// What is made here (password hashes, secrets) is nobody else's on this machine.
process.umask(0o077);
// Unless NODE_COMPILE_CACHE names another place. Starts take half the time and 40 MB less with it.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/homeroom"));

const host: Host = {
  argv: process.argv.slice(2),
  env: process.env,
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  readInput: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) {
      chunks.push(Buffer.from(chunk));
    }
    return Buffer.concat(chunks).toString("utf8");
  },
  openInput: () => process.stdin,
  readLine: async () => {
    for await (const line of createInterface({ input: process.stdin })) {
      return line;
    }
    return "";
  },
  stopRequested: () => {
    const controller = new AbortController();
    const stop = () => {
      if (controller.signal.aborted) {
        // Asked for the second time: somebody has no patience.
        process.exit(1);
      }
      controller.abort();
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
    return controller.signal;
  },
  onBug: (report) => {
    const end = (error: unknown) => {
      report(error);
      process.exit(1);
    };
    process.on("uncaughtException", end).on("unhandledRejection", end);
  },
};

const { run } = await import("./commands/run.ts");
process.exit(await run(host));
