/** The real comparisons of passwords, with a list of the work that each of them took: kind and cost. */
import { bcryptCost } from "#src/services/sign-in/bcrypt-hashes.ts";
import { realComparisons } from "#src/services/sign-in/passwords.ts";

export function countedComparisons() {
  const works: string[] = [];
  const comparisons: typeof realComparisons = {
    argon2(stored, password) {
      const cost = stored.split("$")[3]?.split(",").toSorted().join();
      works.push(`argon2 ${cost}`);
      return realComparisons.argon2(stored, password);
    },
    bcrypt(stored, password) {
      works.push(`bcrypt ${bcryptCost(stored)}`);
      return realComparisons.bcrypt(stored, password);
    },
  };
  return { comparisons, works };
}
