/** What can be written down several times under names of its own: profiles and services. */
import * as v from "valibot";
import { parseScope } from "#src/scopes/scopes.ts";
import { bytes, environmentName, part } from "./setting-kinds.ts";

const profileEntries = v.strictObject({
  image: part(v.pipe(v.string(), v.nonEmpty()), "The image; it must be on the box."),
  offered: part(
    v.optional(v.boolean()),
    "People may choose it when they open their notebook. Without it, it is there for classes that name it.",
  ),
  title: part(
    v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(80))),
    "What people read when they choose; else its name.",
    "R and statistics",
  ),
  kind: part(
    v.optional(v.picklist(["jupyter", "singleuser", "web"]), "jupyter"),
    "`jupyter` serves Jupyter, `singleuser` runs jupyterhub-singleuser, `web` is any other web app.",
  ),
  port: part(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)), 8888),
    "Port that the image answers on.",
  ),
  command: part(
    v.optional(v.array(v.string())),
    "Replaces the image's command. `{baseUrl}` stands for the address below which it has to answer, such as `/user/maria/`, `{prefix}` for the same without the slash at its end, `{port}` for the port.",
    '["my-app", "--port={port}", "--base={baseUrl}"]',
  ),
  environment: part(
    v.optional(v.record(environmentName, v.string())),
    "More variables for what runs in the image; the same may stand in them as in `command`.",
    "{ MY_APP_ROOT: '{prefix}' }",
  ),
  stripPrefix: part(
    v.optional(v.boolean()),
    "With `kind: web`: the app answers at `/` and knows no other address; the hub takes `{prefix}` off and tells it as `X-Forwarded-Prefix`.",
  ),
  memoryBytes: part(v.optional(bytes), "Memory limit, when it is not that of the others.", "2g"),
  cpus: part(
    v.optional(v.pipe(v.number(), v.minValue(0.1))),
    "CPU limit in cores, when it is not that of the others.",
  ),
  pids: part(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(32))),
    "Limit of processes and threads, when it is not that of the others.",
  ),
});

export const profileSchema = v.pipe(
  profileEntries,
  v.rawCheck(({ dataset: { typed, value }, addIssue }) => {
    if (!typed || value.kind === "web" || value.stripPrefix !== true) return;
    const at = { type: "object", origin: "value", input: value, key: "stripPrefix" } as const;
    const message = "goes with “kind: web” alone";
    addIssue({ message, input: true, path: [{ ...at, value: true }] });
  }),
);

export const serviceSchema = v.strictObject({
  scopes: part(
    v.array(
      v.pipe(
        v.string(),
        v.check(
          (text) => parseScope(text) !== undefined,
          "is no scope: JupyterHub's names count, such as list:users or servers!group=Class",
        ),
      ),
    ),
    "What it may, as JupyterHub names it; a filter names people and classes as they are called now.",
    "[list:users, read:servers]",
  ),
  generation: part(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    "Counted up, it gives the service another token, and the one before is worth nothing.",
  ),
  redirectUri: part(
    v.optional(
      v.pipe(
        v.string(),
        v.check(
          isCallback,
          "must be an address such as http://box.lan:9000/oauth_callback, without a #",
        ),
      ),
    ),
    "Lets people sign in to the service by this box (OAuth): where they are sent back to, to the letter.",
    "http://box.lan:9000/oauth_callback",
  ),
  people: part(
    v.optional(v.picklist(["everyone", "teachers", "owners"])),
    "Who may sign in to it; without it, everyone.",
  ),
  oauthScopes: part(
    v.optional(
      v.array(
        v.pipe(
          v.string(),
          v.check(
            (text) => parseScope(text, "somebody") !== undefined,
            "is no scope: JupyterHub's names count, such as read:users!user",
          ),
        ),
      ),
    ),
    "What it may do for who has agreed, besides knowing who it is; each as far as that person may. `!user` means that person.",
    '["read:users!user", "read:servers!user"]',
  ),
});

/** Of a browser: anything else would be carried out by the page that sends it there. */
function isCallback(text: string): boolean {
  if (!URL.canParse(text) || text.includes("#")) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}
