/** Records as they are kept: what JSON keeps of a value, frozen all the way down. */

/** The text was made from a `Value` by JSON.stringify, or read from a database whose checksum fits. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it wrote
export function toFrozen<Value>(text: string): Value {
  const value: unknown = JSON.parse(text);
  deepFreeze(value);
  return value as Value;
}

/** A copy that nobody can change, as it will be read again after a restart. */
export function frozenCopy<Value>(value: Value): Value {
  return toFrozen<Value>(JSON.stringify(value));
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) {
    return;
  }
  Object.freeze(value);
  for (const part of Object.values(value)) {
    deepFreeze(part);
  }
}
