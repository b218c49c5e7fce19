/** Where in a form a failure belongs. */
import { type FailureCode, HubError } from "#src/errors.ts";
import type { FormProblems } from "#src/views/pages.ts";

export type FieldOfFailure = Readonly<Partial<Record<FailureCode, string>>>;

export function formProblems(error: HubError, fieldOf: FieldOfFailure): FormProblems {
  const field = fieldOf[error.code];
  return field === undefined
    ? { form: error.toData(), fields: {} }
    : { fields: { [field]: error.toData() } };
}

export function repeatProblem(password: string, repeat: string): HubError | undefined {
  if (password === repeat) return undefined;
  return new HubError("password_repeat");
}
