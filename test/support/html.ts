/** A parser as strict as our own templates have to be: it takes no HTML that needs guessing. */

export interface Attribute {
  readonly name: string;
  readonly value: string;
}
export interface Element {
  readonly tag: string;
  readonly attributes: readonly Attribute[];
  readonly children: readonly (Element | string)[];
}

const VOID = new Set(["meta", "link", "input", "img", "br"]);
/** Elements of SVG that we write as `<use …/>`. */
const SELF_CLOSING = new Set(["use"]);
/** Content up to the end tag is text. */
const RAW = new Set(["textarea", "title"]);

/** Throws at the first thing that is not well formed; the answer is a made-up root. */
export function parseHtml(html: string): Element {
  const root: Element & { children: (Element | string)[] } = {
    tag: "#root",
    attributes: [],
    children: [],
  };
  const open: (typeof root)[] = [root];
  const top = (): typeof root => {
    const element = open.at(-1);
    if (element === undefined) throw new SyntaxError("more ends than beginnings");
    return element;
  };
  let rest = html.replace(/^\s*<!doctype html>/, "");
  while (rest !== "") {
    if (!rest.startsWith("<")) {
      const end = rest.includes("<") ? rest.indexOf("<") : rest.length;
      top().children.push(textOf(rest.slice(0, end)));
      rest = rest.slice(end);
      continue;
    }
    const closing = /^<\/([a-z][a-z0-9]*)>/.exec(rest);
    if (closing !== null) {
      const element = open.pop();
      if (element?.tag !== closing[1]) fail(`</${closing[1]}> ends <${element?.tag}>`, rest);
      rest = rest.slice(closing[0].length);
      continue;
    }
    const opening = /^<([a-z][a-z0-9]*)((?: [^<>"]+(?:="[^"<>]*")?)*)(\/?)>/.exec(rest);
    if (opening === null) fail("not a tag", rest);
    const [whole, tag = "", attributes = "", slash = ""] = opening;
    if ((slash === "/") !== SELF_CLOSING.has(tag)) fail("a slash in the wrong place", rest);
    const element = { tag, attributes: attributesOf(attributes, rest), children: [] };
    top().children.push(element);
    rest = rest.slice(whole.length);
    if (VOID.has(tag) || SELF_CLOSING.has(tag)) continue;
    open.push(element);
    if (!RAW.has(tag)) continue;
    const end = rest.indexOf(`</${tag}>`);
    if (end < 0) fail(`<${tag}> does not end`, rest);
    top().children.push(textOf(rest.slice(0, end)));
    rest = rest.slice(end);
  }
  if (open.length !== 1) throw new SyntaxError(`<${open.at(-1)?.tag}> does not end`);
  return root;
}

function attributesOf(text: string, context: string): readonly Attribute[] {
  const attributes: Attribute[] = [];
  let rest = text;
  while (rest !== "") {
    const found = /^ ([a-zA-Z][a-zA-Z0-9:-]*)(?:="([^"<>]*)")?(?= |$)/.exec(rest);
    if (found === null) fail(`not an attribute: ${rest}`, context);
    const [whole, name = "", value = ""] = found;
    if (attributes.some((attribute) => attribute.name === name)) fail(`${name} twice`, context);
    attributes.push({ name, value: textOf(value) });
    rest = rest.slice(whole.length);
  }
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#96;": "`",
  "&#92;": "\\",
};

function textOf(text: string): string {
  return text.replaceAll(/&[^;\s]*;?/g, (entity) => {
    const character = ENTITIES[entity];
    if (character === undefined) fail(`${entity} is not escaped`, text);
    return character;
  });
}

function fail(reason: string, near: string): never {
  throw new SyntaxError(`${reason}, near ${JSON.stringify(near.slice(0, 80))}`);
}

export function* elements(root: Element): Generator<Element> {
  for (const child of root.children) {
    if (typeof child === "string") continue;
    yield child;
    yield* elements(child);
  }
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attributes.find((entry) => entry.name === name)?.value;
}

export function textContent(element: Element): string {
  return element.children
    .map((child) => (typeof child === "string" ? child : textContent(child)))
    .join("");
}
