/**
 * What one address of `{H}api` takes and answers. Every API route of routes/index.ts has such a declaration beside
 * its handlers' schemas: docs/api.yaml is made of them, and the tests hold every answer against that.
 */
import type * as v from "valibot";

export interface Operation {
  /** One line: what a caller has of it. */
  readonly summary: string;
  /** What may stand behind the `?`, by name, as text. */
  readonly query?: v.ObjectEntries;
  /** The very schema that reads the body. */
  readonly body?: v.GenericSchema;
  /** Whether there may be no body; so unless said. */
  readonly needsBody?: true;
  /** The fields of a body that is a form, whose reader says itself what is wrong with them. */
  readonly form?: v.ObjectEntries;
  /** The type of a body that is no JSON, read as it comes. */
  readonly upload?: string;
  /** By status, what is answered when nothing is wrong. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of refusals, besides those that the guard, a path or a body bring with them. */
  readonly refuses?: readonly number[];
}

/** A schema is JSON. */
export type Answer = v.GenericSchema | OtherAnswer;

type OtherAnswer =
  | { readonly is: "empty" }
  | { readonly is: "text" }
  /** Events with JSON data, until the server has no more to say. */
  | { readonly is: "events"; readonly data: v.GenericSchema }
  /** A page for people, with the status that it says. */
  | { readonly is: "page" };

/** By method and path below `{H}api/`, as routes/index.ts writes it: `"GET users/:name"`. */
export type Operations = Readonly<Record<string, Operation>>;

export const empty: Answer = { is: "empty" };
export const text: Answer = { is: "text" };
export const page: Answer = { is: "page" };

export function events(data: v.GenericSchema): Answer {
  return { is: "events", data };
}

/** What a handler answers, as its schema says. */
export type ModelOf<Schema extends v.GenericSchema> = Unchanging<v.InferOutput<Schema>>;

type Unchanging<Value> = unknown extends Value
  ? Value
  : Value extends string | number | boolean | null | undefined
    ? Value
    : { readonly [Key in keyof Value]: Unchanging<Value[Key]> };
