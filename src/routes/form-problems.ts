/** Where in a form a failure belongs. */
import { type FailureCode, HubError } from "#src/errors.ts";
import type { FormProblems } from "#src/views/pages.ts";

export type Field =
  | "code"
  | "class"
  | "display_name"
  | "username"
  | "password"
  | "password_repeat"
  | "current"
  | "confirm";

/** What is said about a name or a password always has a field. */
type OfOneField = Extract<
  FailureCode,
  `name_${string}` | `display_name_${string}` | `password_${string}`
>;

const fieldOf: Readonly<Record<OfOneField, Field>> & Readonly<Partial<Record<FailureCode, Field>>> =
  {
    wrong_setup_code: "code",
    join_code_missing: "code",
    join_code_wrong: "code",
    class_missing: "class",
    display_name_missing: "display_name",
    display_name_too_long: "display_name",
    name_empty: "username",
    name_too_long: "username",
    name_reserved: "username",
    name_start: "username",
    name_space: "username",
    name_invisible: "username",
    name_alphabet: "username",
    name_character: "username",
    name_taken: "username",
    password_too_short: "password",
    password_too_long: "password",
    password_is_name: "password",
    password_is_first: "password",
    password_unchanged: "password",
    password_common: "password",
    password_repeat: "password_repeat",
    current_password_wrong: "current",
    confirmation_wrong: "confirm",
  };

/** `fields`: those of the page. What belongs to none of them stands above the form. */
export function formProblems(error: HubError, fields: readonly Field[]): FormProblems {
  const field = fieldOf[error.code];
  return field !== undefined && fields.includes(field)
    ? { fields: { [field]: error.toData() } }
    : { form: error.toData(), fields: {} };
}

export function repeatProblem(password: string, repeat: string): HubError | undefined {
  if (password === repeat) return undefined;
  return new HubError("password_repeat");
}
