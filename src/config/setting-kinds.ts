/** How settings are written down in the schema, and kinds of values that several of them have. */
import { isIP } from "node:net";
import * as v from "valibot";

/** What hangs on a setting: the page and the loader read it. */
export interface SettingMetadata {
  /** Absent: it can only be set in the file. */
  readonly env?: `HOMEROOM_${string}`;
  readonly about: string;
  /** How the value is written, for people. */
  readonly example?: string;
}

export function setting<const Schema extends v.GenericSchema>(
  schema: Schema,
  env: SettingMetadata["env"],
  about: string,
  example?: string,
) {
  return v.pipe(schema, v.metadata({ env, about, ...(example === undefined ? {} : { example }) }));
}

/** A setting of each profile: in the file alone. */
export function part<const Schema extends v.GenericSchema>(
  schema: Schema,
  about: string,
  example?: string,
) {
  return v.pipe(schema, v.metadata({ about, ...(example === undefined ? {} : { example }) }));
}

export const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535));
export const seconds = v.pipe(v.number(), v.minValue(1), v.maxValue(86_400));
export const bytes = v.pipe(v.number(), v.integer(), v.minValue(64 * 1024 * 1024));
export const path = v.pipe(v.string(), v.nonEmpty());
export const pool = v.pipe(
  v.string(),
  v.check(isPool, "must be an IPv4 network of /8 to /28, such as 10.213.0.0/16"),
);
export const basePath = v.pipe(
  v.string(),
  v.regex(/^\/(?:[A-Za-z0-9._~-]+\/)*$/, "must begin and end with a slash, like / or /jupyterhub/"),
);

/** An address, or a network such as 172.30.0.0/24. */
export function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  return version !== 0 && isBits && more.length === 0;
}

/** Room for one /28 at least. */
function isPool(text: string): boolean {
  const [address = "", bits] = text.split("/");
  return isNetwork(text) && isIP(address) === 4 && Number(bits) >= 8 && Number(bits) <= 28;
}

/** Names that the hub sets itself. */
const OWN_VARIABLES =
  /^(?:JUPYTERHUB_|HOMEROOM_|JUPYTER_TOKEN$|NOTEBOOK_ARGS$|HOME$|NB_UID$|MEM_LIMIT$|CPU_LIMIT$)/;
export const environmentName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "cannot name a variable"),
  v.check((name) => !OWN_VARIABLES.test(name), "is a variable that the hub sets itself"),
);
