/** JSON values as JupyterHub's messages quote them: in Python's words. */

/** Longer ones end in `...`: a message is no place for what somebody sent. */
const MOST_CHARACTERS = 200;
const MOST_LEVELS = 4;

/** What Python's `repr` makes of it. */
export function pythonText(value: unknown): string {
  const text = textOf(value, 0);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

/** `<class 'str'>`. */
export function pythonType(value: unknown): string {
  return `<class '${typeName(value)}'>`;
}

function textOf(value: unknown, level: number): string {
  switch (typeof value) {
    case "string":
      return quoted(value.slice(0, MOST_CHARACTERS + 1));
    case "boolean":
      return value ? "True" : "False";
    case "undefined":
      return "None";
    case "object":
      return value === null ? "None" : contentOf(value, level);
    default:
      return String(value);
  }
}

function contentOf(value: object, level: number): string {
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (level === MOST_LEVELS) return `${open}...${close}`;
  const parts = Array.isArray(value)
    ? value.slice(0, MOST_CHARACTERS).map((item) => textOf(item, level + 1))
    : Object.entries(value)
        .slice(0, MOST_CHARACTERS)
        .map(([key, item]) => `${textOf(key, level)}: ${textOf(item, level + 1)}`);
  return `${open}${parts.join(", ")}${close}`;
}

function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  if (text.includes("'") && !text.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "list";
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    default:
      return "dict";
  }
}
