/** What templates can call. Values are isolated from the text around them, whatever their direction. */
import type { FailureData } from "#src/errors.ts";
import type { Check } from "#src/services/box/findings.ts";
import type { ServerStatus } from "#src/services/servers/server-status.ts";
import type { IsoTime } from "#src/stores/records.ts";
import type { Assets } from "./assets.ts";
import type { Frame } from "./pages.ts";
import { type Person, startProgress, statusTag } from "./status-tag.ts";
import type { FailureReader, Segment, Translator } from "./translate.ts";

/** HTML that the template engine prints as it is. */
export interface SafeHtml {
  toString(): string;
}
type Value = string | number | SafeHtml;
type Values = Readonly<Record<string, Value>>;

/** Between these, text keeps its own direction where there can be no `<bdi>`. */
const ISOLATE = "\u2068";
const END_ISOLATE = "\u2069";

export function templateFunctions(
  { translator, assets, frame }: { translator: Translator; assets: Assets; frame: Frame },
  safe: (html: string) => SafeHtml,
) {
  const { formats } = translator;
  const toHtml = (value: Value): string => {
    if (typeof value === "number") return formats.number(value);
    return typeof value === "string" ? `<bdi>${escapeHtml(value)}</bdi>` : value.toString();
  };
  const isolated = (text: string): SafeHtml => safe(`<bdi>${escapeHtml(text)}</bdi>`);

  return {
    /** A text of the catalogue as HTML; `count` chooses its plural form. */
    t: (key: string, values: Values = {}): SafeHtml =>
      safe(fill(translator.segments(key, countOf(values)), values, escapeHtml, toHtml)),

    /** A text of the catalogue for attributes and titles. */
    text: (key: string, values: Values = {}): string =>
      fill(translator.segments(key, countOf(values)), values, String, (value) =>
        typeof value === "number"
          ? formats.number(value)
          : ISOLATE + value.toString() + END_ISOLATE,
      ),

    /** "4th" in the language's own way. */
    ordinal: (key: string, count: number): SafeHtml =>
      safe(fill(translator.segments(key, count, { ordinal: true }), { count }, escapeHtml, toHtml)),

    failure: (failure: FailureData, reader: FailureReader = "student"): SafeHtml =>
      safe(
        fill(translator.failure(failure, reader), failure.params, escapeHtml, (value, name) =>
          typeof value === "number"
            ? `<bdi data-value="${escapeHtml(name)}">${formats.plainNumber(value)}</bdi>`
            : toHtml(value),
        ),
      ),

    /** What a check of the box found, or its advice. */
    finding: (check: Check, part: "text" | "advice"): SafeHtml =>
      safe(fill(translator.finding(check, part), check.params, escapeHtml, toHtml)),

    number: (value: number): string => formats.number(value),
    percent: (value: number): SafeHtml => isolated(formats.percent(value)),
    bytes: (value: number): SafeHtml => isolated(formats.bytes(value)),
    duration: (seconds: number): SafeHtml => isolated(formats.duration(seconds)),

    /** How long ago; page.js keeps it true while the page is open, and adds the full time as a title. */
    ago: (time: IsoTime): SafeHtml =>
      safe(
        `<time datetime="${escapeHtml(wholeSeconds(time))}">${escapeHtml(formats.ago(time))}</time>`,
      ),
    moment: (time: IsoTime): SafeHtml =>
      safe(
        `<time datetime="${escapeHtml(wholeSeconds(time))}" data-fixed>${escapeHtml(formats.moment(time))}</time>`,
      ),
    secondsSince: (time: IsoTime): number => Math.round(formats.secondsSince(time)),
    now: formats.now(),

    tagOf: (status: ServerStatus, person: Person = {}) =>
      statusTag(status, person, (time) => formats.secondsSince(time)),
    progressOf: startProgress,

    messageKind,

    asset: (path: string): string => assets.url(frame.hubPath, path),
    hub: (path: string): string => frame.hubPath + path,
  };
}

function wholeSeconds(time: IsoTime): string {
  return time.replace(/\.\d+Z$/, "Z");
}

/** Which title a message page has. */
function messageKind(status: number): string {
  switch (status) {
    case 403:
      return "not_allowed";
    case 404:
      return "not_found";
    case 429:
    case 503:
      return "wait";
    case 500:
      return "wrong";
    default:
      return "not_done";
  }
}

/** A filter for addresses in attributes: paths of this site only, so never `javascript:` or another host. */
export function localUrl(url: unknown): string {
  if (typeof url === "string" && /^\/(?![/\\])/.test(url)) return url;
  throw new TypeError("an address in a page is a path of this site");
}

function fill<Given extends Value>(
  segments: readonly Segment[],
  values: Readonly<Record<string, Given>>,
  ofText: (text: string) => string,
  ofValue: (value: Given, name: string) => string,
): string {
  return segments
    .map((segment) => {
      if ("text" in segment) return ofText(segment.text);
      const value = Object.hasOwn(values, segment.param) ? values[segment.param] : undefined;
      if (value === undefined) throw new TypeError(`the text needs a value for ${segment.param}`);
      return ofValue(value, segment.param);
    })
    .join("");
}

function countOf(values: Values): number | undefined {
  const count = values["count"];
  return typeof count === "number" ? count : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
