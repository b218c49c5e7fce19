/** What clients send about servers; refused in JupyterHub's words. */
import type { ServerEdit } from "#src/services/servers/server-edits.ts";
import { parseServerTitle } from "#src/services/servers/server-names.ts";
import type { HubContext } from "../context.ts";
import { readAnyJson } from "../middleware/body.ts";
import { type Json, invalid, isDict, parseBody, readBody } from "./schemas/bodies.ts";
import { EDIT_WORDS, START_WORDS, editBody, startBody, stopBody } from "./schemas/servers.ts";

/** Held in memory for each server, and written anew with each change of it. */
const MOST_OPTION_BYTES = 16 * 1024;
const MOST_LEVELS = 16;

const words = { notDict: () => "Body must be a JSON object" };

/** Empty: as at the last start. */
export async function readStart(ctx: HubContext): Promise<Omit<ServerEdit, "name">> {
  const body = (await readAnyJson(ctx)) ?? {};
  const { display_name } = parseBody(startBody, body, words);
  const { user_options: given = null, ...others } = body as Json; // As it was just parsed.
  const isWhole = "user_options" in (body as Json) || "display_name" in others;
  const options = isWhole || Object.keys(others).length === 0 ? given : others;
  return { ...titleOf(display_name), ...(options === null ? {} : optionsOf(options, START_WORDS)) };
}

export async function readEdit(ctx: HubContext): Promise<ServerEdit> {
  const body = (await readAnyJson(ctx)) ?? {};
  const { name, display_name, user_options } = parseBody(editBody, body, words);
  if (Object.keys(body).length === 0) throw invalid("Must specify at least one field to modify.");
  return {
    ...(typeof name === "string" ? { name } : {}),
    ...titleOf(display_name),
    ...(user_options === undefined ? {} : optionsOf((body as Json)["user_options"], EDIT_WORDS)),
  };
}

/** Whether the server is to be deleted. */
export async function readStop(ctx: HubContext): Promise<boolean> {
  return (await readBody(ctx, stopBody, words)).remove === true;
}

/** Without one it is called by its name. */
function titleOf(text: string | null = ""): Pick<ServerEdit, "displayName"> {
  return text === null || text === "" ? {} : { displayName: parseServerTitle(text) };
}

/** A schema takes a list for an object. */
function optionsOf(given: unknown, notDict: string): Pick<ServerEdit, "options"> {
  if (!isDict(given)) throw invalid(notDict);
  return { options: cleanOptions(given) };
}

/** What is kept with a server, of whatever shape. Throws `invalid_field`. */
export function cleanOptions(given: Json): Json {
  if (isDeeper(given, MOST_LEVELS)) {
    throw invalid(`user_options may have at most ${MOST_LEVELS} levels`);
  }
  if (Buffer.byteLength(JSON.stringify(given)) > MOST_OPTION_BYTES) {
    throw invalid(`user_options may have at most ${MOST_OPTION_BYTES / 1024} KB`);
  }
  return given;
}

/** Whoever nests it a thousandfold wants the reader to fail. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}
