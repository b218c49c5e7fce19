/** What people and classes of a JupyterHub are called here. */
import anyAscii from "any-ascii";
import { type FailureData, HubError } from "#src/errors.ts";
import { groupKey, parseGroupName } from "#src/services/accounts/group-names.ts";
import { parseUserName, toUserName } from "#src/services/accounts/names.ts";
import type { UserName } from "#src/stores/records.ts";

export type Named = { readonly name: UserName } | { readonly problem: FailureData };

/**
 * One name for each; `isTaken` says which are not to be had. Who is called in a way that is a name here keeps it;
 * `maria lopez` becomes `maria.lopez`, and `иван` becomes `ivan`, if nobody else is.
 */
export function nameAll(
  olds: readonly string[],
  isTaken: (name: UserName) => boolean,
): ReadonlyMap<string, Named> {
  const found = new Map<string, Named>();
  const claimed = new Set<UserName>();
  function settle(old: string, name: UserName): void {
    if (claimed.has(name)) {
      found.set(old, { problem: new HubError("import_same_name", { name }).toData() });
      return;
    }
    claimed.add(name);
    found.set(old, { name });
  }
  const isAlready = (old: string): boolean => toUserName(old) === old;
  for (const old of [...olds.filter(isAlready), ...olds]) {
    const name = toUserName(old);
    if (name !== undefined && !found.has(old)) settle(old, name);
  }
  for (const old of olds.filter((one) => !found.has(one))) {
    const name = nearest(old);
    if (name === undefined) found.set(old, { problem: problemOf(() => parseUserName(old)) });
    else if (isTaken(name))
      found.set(old, { problem: new HubError("name_taken", { name }).toData() });
    else settle(old, name);
  }
  return found;
}

/** In letters that every keyboard has. A reserved name has no nearest one. */
function nearest(old: string): UserName | undefined {
  const plain = anyAscii(old.slice(0, 200).normalize("NFC"))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.@-]+/g, ".")
    .replaceAll(/^[^a-z0-9]+|\.+$/g, "");
  return toUserName(plain);
}

type ClassName = { readonly key: string; readonly name: string };

/** What each group is called as a class, or why it cannot be one; groups that people would take for one have one key. */
export function classNames(
  groups: readonly string[],
): ReadonlyMap<string, ClassName | FailureData> {
  const found = new Map<string, ClassName | FailureData>();
  for (const group of groups) {
    try {
      const name = parseGroupName(group);
      found.set(group, { key: groupKey(name), name });
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      found.set(group, error.toData());
    }
  }
  return found;
}

function problemOf(work: () => unknown): FailureData {
  try {
    work();
  } catch (error) {
    if (error instanceof HubError) return error.toData();
    throw error;
  }
  throw new TypeError("That name is a good one");
}
