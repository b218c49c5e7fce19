/** Opening a notebook: starting it, with what is to be chosen before, and waiting for it. */
import { HubError } from "#src/errors.ts";
import { parseServerName } from "#src/services/servers/server-names.ts";
import type { ServerRecord } from "#src/stores/records.ts";
import type { Pages, Views } from "#src/views/pages.ts";
import type { HubContext } from "../context.ts";
import type { Frames } from "../frames.ts";
import { firstPage } from "../first-page.ts";
import { readForm } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { notebookCard } from "../models.ts";
import { nextOf } from "../next-url.ts";
import {
  type Notebook,
  type NotebookParts,
  isThere,
  isUnderWay,
  knownNotebook,
  notebookOf,
} from "../notebook-of.ts";
import type { Paths } from "../paths.ts";
import { refusalOf } from "../refusals.ts";
import { optionsInForm, optionsInQuery, withoutOptions } from "../start-options.ts";

/** How long opening waits before it shows the waiting room (JupyterHub's second). */
const SPAWN_WAIT_MS = 1000;

export interface SpawnParts extends NotebookParts {
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
}

type Options = ServerRecord["options"];

export function spawnPages(parts: SpawnParts) {
  const { servers, paths } = parts;

  /** GET: opens the visitor's own notebook, and starts it when it sleeps and nothing is to be chosen. */
  async function open(ctx: HubContext): Promise<void> {
    const notebook = notebookOf(ctx, parts);
    const { user, server, isOwn } = notebook;
    const status = servers.status(user.id, server);
    // Only the owner starts a notebook by a GET; others look at it.
    if (!isOwn) {
      const waiting = paths.waiting(user.name, undefined, server);
      return ctx.redirect(isUnderWay(status) ? waiting : paths.admin);
    }
    const options = optionsInQuery(new URLSearchParams(ctx.querystring));
    const isChosen = options !== undefined || servers.choicesOf(user).length < 2;
    const isNew = !isThere(notebook, servers);
    // A link alone makes no notebook: that is asked first.
    if (status.is === "stopped" && (isNew || !isChosen)) {
      return showForm(ctx, parts, { notebook, options });
    }
    await startOrAskAgain(ctx, notebook, options);
  }

  /** POST: starts it; staff come back to the class page. */
  async function start(ctx: HubContext): Promise<void> {
    const notebook = notebookOf(ctx, parts);
    const { user, server, isOwn } = notebook;
    const inQuery = optionsInQuery(new URLSearchParams(ctx.querystring));
    const inForm = optionsInForm(await readForm(ctx));
    const options = inQuery || inForm ? { ...inQuery, ...inForm } : undefined;
    if (isOwn) return startOrAskAgain(ctx, notebook, options);
    await servers.start(user, actorIn(ctx), requestOf(server, options));
    ctx.redirect(paths.admin);
  }

  async function startOrAskAgain(
    ctx: HubContext,
    notebook: Notebook,
    options: Options | undefined,
  ): Promise<void> {
    try {
      await startAndLead(ctx, parts, notebook, options);
    } catch (error) {
      if (!isAboutChoice(error)) throw error;
      showForm(ctx, parts, { notebook, options, problem: refusalOf(ctx, error) });
    }
  }

  return { open, start, waiting: waitingPage(parts) };
}

/** The waiting room starts nothing. */
function waitingPage(parts: SpawnParts) {
  return function waiting(ctx: HubContext): void {
    const notebook = knownNotebook(ctx, parts);
    const { user, server, isOwn } = notebook;
    const status = parts.servers.status(user.id, server);
    if (isOwn && status.is === "running") {
      return ctx.redirect(nextOf(ctx) ?? firstPage(parts, user, server));
    }
    // Scripts that wait here see at the status that it will not come.
    if (status.is === "stopped" && status.lastFailure !== undefined) {
      ctx.status = HubError.from(status.lastFailure).status;
    }
    ctx.type = "html";
    ctx.body = parts.views.page(
      "waiting",
      waitingModel(ctx, notebook, parts),
      parts.frames.of(ctx),
    );
  };
}

async function startAndLead(
  ctx: HubContext,
  { servers, paths }: SpawnParts,
  { user, server }: Notebook,
  options: Options | undefined,
): Promise<void> {
  await servers.start(user, actorIn(ctx), requestOf(server, options));
  const status = await servers.settled(user.id, SPAWN_WAIT_MS, server);
  const page = firstPage({ servers, paths }, user, server);
  // What was asked for besides goes along: Lab knows some words of its own there.
  const query = ctx.method === "POST" ? "" : withoutOptions(new URLSearchParams(ctx.querystring));
  const destination = nextOf(ctx) ?? (String(query) === "" ? page : `${page}?${String(query)}`);
  if (status.is === "running") return ctx.redirect(destination);
  ctx.redirect(paths.waiting(user.name, destination === page ? undefined : destination, server));
}

function showForm(
  ctx: HubContext,
  parts: SpawnParts,
  about: {
    readonly notebook: Notebook;
    readonly options: Options | undefined;
    readonly problem?: HubError;
  },
): void {
  const { servers, paths, views, frames } = parts;
  const { notebook, options, problem } = about;
  const { user, server } = notebook;
  const isNew = !isThere(notebook, servers);
  if (isNew && problem === undefined) servers.assertMayMake(user, parseServerName(server));
  const record = servers.remembered(user.id, server);
  const asked = (options ?? record?.options)?.["profile"];
  const choices = servers.choicesOf(user);
  const chosen = choices.find(({ key }) => key === asked) ?? choices[0];
  const model: Pages["spawn"] = {
    action: paths.spawn(user.name, undefined, server) + ctx.search,
    ...(server === "" ? {} : { title: record?.displayName ?? server }),
    isNew,
    choices: choices.map((choice) => ({ ...choice, isChosen: choice === chosen })),
    ...(problem === undefined ? {} : { problem: problem.toData() }),
    homeUrl: paths.home,
  };
  ctx.type = "html";
  ctx.body = views.page("spawn", model, frames.of(ctx, "home"));
}

/** What the form can say itself: another choice or another name mends it. */
function isAboutChoice(error: unknown): boolean {
  return (
    error instanceof HubError &&
    (error.code === "profile_not_offered" || error.code === "servers_full")
  );
}

function requestOf(name: string, options: Options | undefined) {
  return { name, ...(options === undefined ? {} : { options }) };
}

export function waitingModel(
  ctx: HubContext,
  { user, server, isOwn }: Notebook,
  { servers, paths }: Pick<SpawnParts, "servers" | "paths">,
): Pages["waiting"] {
  const next = nextOf(ctx);
  return {
    notebook: notebookCard(user, servers, paths, server),
    own: isOwn,
    nextUrl: next ?? firstPage({ servers, paths }, user, server),
    eventsUrl: paths.notebookEvents(user.name, next, server),
    progressUrl: paths.progress(user.name, server),
    homeUrl: paths.home,
  };
}
