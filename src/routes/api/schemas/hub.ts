/** The hub, its proxy and services. */
import * as v from "valibot";
import { pythonText } from "../python-words.ts";
import { inPages, timeSchema } from "./common.ts";
import { type ModelOf, type Operations, empty, text } from "./operation.ts";
import { pageQuery } from "./pages.ts";
import { serviceSchema } from "./services.ts";
import { holderSchema } from "./users.ts";

const versionSchema = v.strictObject({ version: v.string() });

const part = v.strictObject({ class: v.string(), version: v.string() });

export const infoSchema = v.strictObject({
  version: v.string(),
  python: v.string(),
  sys_executable: v.string(),
  spawner: part,
  authenticator: part,
});
export type InfoModel = ModelOf<typeof infoSchema>;

/** A way through the proxy: to the hub, or to a server that runs. */
export const routeSchema = v.strictObject({
  routespec: v.string(),
  target: v.string(),
  data: v.union([
    v.strictObject({ hub: v.literal(true), last_activity: timeSchema }),
    v.strictObject({
      user: v.string(),
      server_name: v.string(),
      last_activity: v.nullable(timeSchema),
    }),
  ]),
});
export type RouteModel = ModelOf<typeof routeSchema>;

export const proxyBody = v.record(v.string(), v.unknown());

function flag(name: "proxy" | "servers") {
  return v.optional(
    v.boolean(({ input }) => `${name} must be true or false, got ${pythonText(input)}`),
  );
}

export const shutdownBody = v.looseObject({ proxy: flag("proxy"), servers: flag("servers") });

const version = { summary: "Which version this hub speaks like", answers: { 200: versionSchema } };
const deprecated = { summary: "Given up by JupyterHub", answers: {}, refuses: [404] };

export const hubOperations = {
  "GET ": version,
  "GET /": version,
  "GET info": { summary: "Which parts this hub is made of", answers: { 200: infoSchema } },
  "GET health": { summary: "Whether the hub answers", answers: { 200: empty } },
  "GET metrics": {
    summary: "Figures for Prometheus",
    answers: { 200: text },
    refuses: [403],
  },
  "GET proxy": {
    summary: "Where the proxy leads, by the beginning of the path",
    query: pageQuery,
    answers: { 200: inPages(v.record(v.string(), routeSchema)) },
  },
  "POST proxy": { summary: "Compare the proxy with Docker at once", answers: { 200: empty } },
  "PATCH proxy": {
    summary: "As POST; another proxy is refused",
    body: proxyBody,
    needsBody: true,
    answers: { 200: empty },
  },
  "GET services": {
    summary: "Services of the configuration, by name",
    answers: { 200: v.record(v.string(), serviceSchema) },
  },
  "GET services/:service": { summary: "One service", answers: { 200: serviceSchema } },
  "GET services/:service/token": {
    summary: "The token of a service",
    answers: { 200: v.strictObject({ token: v.string() }) },
  },
  "POST shutdown": {
    summary: "End the hub; notebooks go on unless `servers` is true",
    body: shutdownBody,
    answers: { 202: v.strictObject({ message: v.string() }) },
    refuses: [409],
  },
  "POST authorizations/token": deprecated,
  "GET authorizations/token/:secret": {
    summary: "Whose a token is; for clients from before JupyterHub 2.0",
    answers: { 200: holderSchema },
    refuses: [404],
  },
  "GET authorizations/cookie/:name": deprecated,
  "GET authorizations/cookie/:name/:secret": deprecated,
} satisfies Operations;
