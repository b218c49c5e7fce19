/** A pasted list of people: what would become of each row, and adding those that can be added. */
import { type FailureData, HubError } from "#src/errors.ts";
import type { UserName } from "#src/stores/records.ts";
import type { Accounts } from "./accounts.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import { parseUserName, suggestUserName } from "./names.ts";
import { readRoster } from "./roster.ts";

export interface PlannedRow {
  /** Counted from 1 in what was pasted. */
  readonly line: number;
  readonly displayName: string;
  /** The user name that it gets; as typed, when it cannot get one. */
  readonly name: string;
  readonly problem?: FailureData;
}

export interface AddedRow {
  readonly displayName: string;
  readonly name: string;
  readonly password: string;
}

const nobody: ReadonlySet<UserName> = new Set();

/** A user name that is free, from how a person is called. Throws `display_name_missing`. */
export function freeUserName(
  displayName: string,
  accounts: Pick<Accounts, "byName">,
  taken: ReadonlySet<UserName> = nobody,
): UserName {
  if (displayName.trim() === "") throw new HubError("display_name_missing");
  return suggestUserName(
    displayName,
    (name) => taken.has(name) || accounts.byName(name) !== undefined,
  );
}

/** Throws `list_too_long`; what is wrong with a row is said in the row. */
export function planRoster(
  text: string,
  accounts: Pick<Accounts, "byName">,
): readonly PlannedRow[] {
  const taken = new Set<UserName>();
  return readRoster(text).map(({ line, displayName, username = "" }) => {
    try {
      const name =
        username === "" ? freeUserName(displayName, accounts, taken) : parseUserName(username);
      if (taken.has(name) || accounts.byName(name) !== undefined) {
        throw new HubError("name_taken", { name });
      }
      taken.add(name);
      return { line, displayName, name };
    } catch (error) {
      return { line, displayName, name: username, problem: problemOf(error) };
    }
  });
}

/** One bad row never keeps the others from being added; the answers keep the order of the list. */
export async function addPlanned(
  rows: readonly PlannedRow[],
  accounts: Pick<Accounts, "add">,
  actor: Actor,
): Promise<{ readonly added: readonly AddedRow[]; readonly refused: readonly PlannedRow[] }> {
  // All at once: hashing has a queue of its own.
  const results = await Promise.all(
    rows.map(async (row): Promise<AddedRow | PlannedRow> => {
      if (row.problem !== undefined) return row;
      try {
        const { user, firstPassword = "" } = await accounts.add(row, actor);
        return { displayName: user.displayName, name: user.name, password: firstPassword };
      } catch (error) {
        return { ...row, problem: problemOf(error) };
      }
    }),
  );
  return {
    added: results.filter((result) => "password" in result),
    refused: results.filter((result) => "line" in result),
  };
}

function problemOf(error: unknown): FailureData {
  if (error instanceof HubError) return error.toData();
  throw error;
}
