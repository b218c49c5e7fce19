/** People whom somebody new could already be, having typed the name a little differently the first time. */
import { editDistance } from "#src/config/nearest.ts";
import type { UserName, UserRecord } from "#src/stores/records.ts";
import { suggestUserName } from "./names.ts";

const MOST = 3;
/** In a short name, two letters are half of it. */
const SHORT = 5;

interface Wanted {
  readonly name: UserName;
  readonly displayName: string;
  /** The user name was made of the name: somebody may already have the first that it would have been. */
  readonly isProposed: boolean;
}

/** The nearest first, at most three. */
export function nearPeople(wanted: Wanted, people: Iterable<UserRecord>): readonly UserRecord[] {
  const words = sortedWords(wanted.displayName);
  const first = wanted.isProposed ? suggestUserName(wanted.displayName, () => false) : undefined;
  const found: { readonly user: UserRecord; readonly distance: number }[] = [];
  for (const user of people) {
    const distance =
      user.name === first
        ? 0
        : Math.min(
            distanceWithin(wanted.name, user.name),
            distanceWithin(words, sortedWords(user.displayName)),
          );
    if (distance < Infinity) found.push({ user, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance || a.user.number - b.user.number)
    .slice(0, MOST)
    .map(({ user }) => user);
}

function distanceWithin(one: string, other: string): number {
  const most = Math.min(one.length, other.length) < SHORT ? 1 : 2;
  if (Math.abs(one.length - other.length) > most) return Infinity;
  const distance = editDistance(one, other);
  return distance <= most ? distance : Infinity;
}

/** `López, María` is `Maria Lopez`. */
function sortedWords(displayName: string): string {
  return displayName
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .sort()
    .join(" ");
}
