/** What keeps open pages alive: fragments, rendered as the page itself was, sent when something changes. */
import { isDeepStrictEqual } from "node:util";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { Servers } from "#src/services/servers/servers.ts";
import type { Tokens } from "#src/session/tokens/tokens.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { Sessions } from "#src/session/sessions.ts";
import type { Store } from "#src/stores/store.ts";
import type { Frame, Views } from "#src/views/pages.ts";
import type { Newcomers } from "#src/views/sign-up-pages.ts";
import { classRow, classTiles, namedServers, newcomersModel, visiblePeople } from "../models.ts";
import { type Notebook, knownNotebook } from "../notebook-of.ts";
import type { HubContext } from "../context.ts";
import {
  type EventStream,
  answerWithEvents,
  pageHeartbeat,
  untilSignedOut,
} from "../event-stream.ts";
import type { Frames } from "../frames.ts";
import type { OpenStreams } from "../open-streams.ts";
import { visitorOf } from "../middleware/require.ts";
import type { Paths } from "../paths.ts";
import { watchClass } from "./class-changes.ts";
import { waitingModel } from "./spawn.ts";

interface LiveParts {
  readonly accounts: Accounts;
  readonly servers: Servers;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly permissions: Permissions;
  readonly store: Pick<Store, "onChange">;
  readonly frames: Frames;
  readonly views: Views;
  readonly paths: Paths;
  readonly streams: OpenStreams;
  readonly hubSignal: AbortSignal;
}

export function liveStreams(parts: LiveParts) {
  return { notebook: notebookStream(parts), classroom: classroomStream(parts) };
}

function notebookStream(parts: LiveParts) {
  const { servers, views, frames } = parts;

  /** Home and waiting room: the status of one notebook; `go` leads into it when it answers. */
  function notebook(ctx: HubContext): void {
    const notebook = knownNotebook(ctx, parts);
    const { user, server } = notebook;
    const frame = frames.of(ctx);
    const end = untilSignedOut(ctx, `notebook ${user.id}/${server}`, parts);
    answerWithEvents(ctx, end, pageHeartbeat, async (stream) => {
      const stop = server === "" ? followNamed(stream, notebook, frame, parts) : () => {};
      try {
        for await (const status of servers.watch(user.id, stream.signal, server)) {
          const model = waitingModel(ctx, notebook, parts);
          sendPart(stream, "notebook-status", views.part("notebookStatus", model.notebook, frame));
          sendPart(stream, "waiting-status", views.part("waitingStatus", model, frame));
          if (model.own && status.is === "running") {
            stream.send({ name: "go", data: { url: model.nextUrl } });
          }
        }
      } finally {
        stop();
      }
    });
  }

  return notebook;
}

/** The list of the home page, now and with each change; the answer ends that. */
function followNamed(
  stream: EventStream,
  { user, isOwn }: Notebook,
  frame: Frame,
  { servers, views, paths }: LiveParts,
): () => void {
  let sent = "";
  const send = (): void => {
    const html = views.part("namedServers", namedServers(user, servers, paths, { isOwn }), frame);
    if (html !== sent) sendPart(stream, "named-servers", html);
    sent = html;
  };
  send();
  return servers.onChange((userId, name) => {
    if (userId === user.id && name !== "") send();
  });
}

function classroomStream(parts: LiveParts) {
  const { servers, views, frames } = parts;

  /** Class now: rows that changed, gathered for a second. */
  function classroom(ctx: HubContext): void {
    const visitor = visitorOf(ctx);
    const frame = frames.of(ctx);
    answerWithEvents(ctx, untilSignedOut(ctx, "class", parts), pageHeartbeat, async (stream) => {
      /** The newcomers on the page. */
      let shown: Newcomers = { people: [] };
      for await (const changed of watchClass(parts, stream.signal)) {
        const people = visiblePeople(visitor, parts);
        const newcomers = newcomersModel(visitor, people, parts);
        if (changed.is === "all" || !isDeepStrictEqual(newcomers, shown)) {
          sendPart(stream, "newcomers", views.part("newcomers", newcomers, frame));
        }
        const before = namesOf(shown);
        const now = namesOf(newcomers);
        shown = newcomers;
        if (changed.is === "people") {
          stream.send({ name: "stale", data: {} });
          continue;
        }
        const rows = people.filter(
          ({ id, name }) =>
            changed.is === "all" ||
            changed.servers?.has(id) === true ||
            before.has(name) !== now.has(name),
        );
        if (rows.length === 0) continue;
        for (const user of rows) {
          const row = classRow(user, { ...parts, visitor });
          sendPart(stream, `row-${user.name}`, views.part("classRow", row, frame));
        }
        sendPart(
          stream,
          "class-tiles",
          views.part("classTiles", classTiles(people, servers), frame),
        );
      }
    });
  }

  return classroom;
}

function namesOf({ people }: Newcomers): ReadonlySet<string> {
  return new Set(people.map(({ name }) => name));
}

function sendPart(stream: EventStream, target: string, html: string): void {
  stream.send({ name: "part", data: { target, html } });
}
