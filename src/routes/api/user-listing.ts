/** Which people a list has, and in which order (contract.md 4.2). */
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { argument } from "./pagination.ts";
import { pythonText } from "./python-words.ts";
import { invalid } from "./user-bodies.ts";
import { isReady } from "./user-models.ts";

export interface Listing {
  readonly fits: (user: UserRecord) => boolean;
  readonly compare: (one: UserRecord, other: UserRecord) => number;
}

export function readListing(ctx: HubContext, servers: Pick<Servers, "status">): Listing {
  const compare = orderOf(argument(ctx, "sort") ?? "id");
  const hasState = stateOf(argument(ctx, "state") ?? "", servers);
  const part = argument(ctx, "name_filter")?.toLowerCase() ?? "";
  return { compare, fits: (user) => user.name.includes(part) && hasState(user) };
}

const orders: Readonly<Record<string, Listing["compare"]>> = {
  id: (one, other) => one.number - other.number,
  name: (one, other) => compareTexts(one.name, other.name),
  // Who never was there comes first.
  last_activity: (one, other) => compareTexts(one.lastActivity ?? "", other.lastActivity ?? ""),
};

/** Those who are equal in it stay in the order of their numbers. */
function orderOf(sort: string): Listing["compare"] {
  const isDown = sort.startsWith("-");
  const field = isDown ? sort.slice(1) : sort;
  const compare = Object.hasOwn(orders, field) ? orders[field] : undefined;
  if (compare === undefined) {
    const shown = sort.slice(0, 80);
    throw invalid(`sort must be 'id', 'name', or 'last_activity', not '${shown}'`);
  }
  return isDown ? (one, other) => compare(other, one) : compare;
}

function stateOf(state: string, servers: Pick<Servers, "status">): Listing["fits"] {
  switch (state) {
    case "":
      return () => true;
    case "active":
      return ({ id }) => servers.status(id).is !== "stopped";
    case "ready":
      return ({ id }) => isReady(servers.status(id));
    case "inactive":
      return ({ id }) => servers.status(id).is === "stopped";
    default:
      throw invalid(`Unrecognized state filter: ${pythonText(state)}`);
  }
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
