/** Options of a start as pages take them: fields of a form, and `opt-…` in an address. */
import { HubError } from "#src/errors.ts";
import type { ServerRecord } from "#src/stores/records.ts";
import { cleanOptions } from "./api/server-bodies.ts";

type Options = ServerRecord["options"];

const PREFIX = "opt-";
/** Fields that mean something else. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["_xsrf", "next", "display_name"]);

/** `?opt-profile=r&opt-x=y`; `undefined` when there are none. Throws `option_nameless`. */
export function optionsInQuery(query: URLSearchParams): Options | undefined {
  const named = [...query.keys()].filter((key) => key.startsWith(PREFIX));
  if (named.includes(PREFIX)) throw new HubError("option_nameless", { name: PREFIX });
  return optionsOf(query, named, (key) => key.slice(PREFIX.length));
}

/** All fields but our own; `undefined` when there are none. */
export function optionsInForm(form: URLSearchParams): Options | undefined {
  const fields = [...form.keys()].filter((key) => key !== "" && !OWN_FIELDS.has(key));
  return optionsOf(form, fields, (key) =>
    key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key,
  );
}

/** What a page is asked for besides: not the options, which are for the start. */
export function withoutOptions(query: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(query);
  for (const key of query.keys()) {
    if (key.startsWith(PREFIX) || OWN_FIELDS.has(key)) rest.delete(key);
  }
  return rest;
}

/** One value is a text, a ticked box is true, several are a list: JupyterHub's `simple`. */
function optionsOf(
  fields: URLSearchParams,
  keys: readonly string[],
  nameOf: (key: string) => string,
): Options | undefined {
  if (keys.length === 0) return undefined;
  const entries = [...new Set(keys)].map((key): [string, unknown] => {
    const [first, ...more] = fields.getAll(key);
    if (more.length > 0) return [nameOf(key), [first, ...more]];
    return [nameOf(key), first === "on" ? true : first];
  });
  return cleanOptions(Object.fromEntries(entries));
}
