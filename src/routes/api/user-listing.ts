/** Which people a list has, and in which order. */
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readQuery } from "./schemas/bodies.ts";
import { type Order, type State, usersQuery } from "./schemas/users.ts";

interface Listing {
  readonly fits: (user: UserRecord) => boolean;
  readonly compare: (one: UserRecord, other: UserRecord) => number;
}

export function readListing(
  ctx: HubContext,
  servers: Pick<Servers, "isAnyActive" | "isAnyReady">,
): Listing {
  const { sort = "id", state = "", name_filter: part = "" } = readQuery(ctx, usersQuery);
  const hasState = stateOf(state, servers);
  const wanted = part.toLowerCase();
  return {
    compare: orderOf(sort),
    fits: (user) => user.name.includes(wanted) && hasState(user),
  };
}

/** Those who are equal in it stay in the order of their numbers. */
function orderOf(sort: Order): Listing["compare"] {
  switch (sort) {
    case "id":
      return (one, other) => one.number - other.number;
    case "name":
      return (one, other) => compareTexts(one.name, other.name);
    case "last_activity":
      // Who never was there comes first.
      return (one, other) => compareTexts(one.lastActivity ?? "", other.lastActivity ?? "");
    case "-id":
      return downwards(orderOf("id"));
    case "-name":
      return downwards(orderOf("name"));
    case "-last_activity":
      return downwards(orderOf("last_activity"));
  }
}

function downwards(compare: Listing["compare"]): Listing["compare"] {
  return (one, other) => compare(other, one);
}

function stateOf(
  state: State,
  servers: Pick<Servers, "isAnyActive" | "isAnyReady">,
): Listing["fits"] {
  switch (state) {
    case "":
      return () => true;
    case "active":
      return ({ id }) => servers.isAnyActive(id);
    case "ready":
      return ({ id }) => servers.isAnyReady(id);
    case "inactive":
      return ({ id }) => !servers.isAnyActive(id);
  }
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
