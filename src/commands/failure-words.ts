/** What is said of a failure to who types commands: they can act on it. */
import { failureText, HubError } from "#src/errors.ts";

export function failureWords(error: unknown): string {
  if (error instanceof HubError) {
    return failureText(error, "teacher");
  }
  return error instanceof Error ? error.message : String(error);
}
