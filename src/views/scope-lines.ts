/** Scopes as pages tell them: what may be done, and for what alone. */
import { ownerOfServer, parseScope } from "#src/scopes/scopes.ts";

export interface ScopeLine {
  /** As programs say it. */
  readonly scope: string;
  /** Of its sentence in the catalogue; absent for what this version does not know. */
  readonly words?: string;
  /** Absent: for all that its holder may do it with. */
  readonly only?: {
    readonly is: "you" | "user" | "group" | "service" | "your_server" | "server";
    readonly name: string;
    /** Of a named server. */
    readonly serverName?: string;
  };
}

/** `texts` as their reader sees them, with names in the filters; `reader` is the name of who looks at the page. */
export function scopeLines(texts: readonly string[], reader: string): readonly ScopeLine[] {
  return texts.map((scope) => {
    const parsed = parseScope(scope, reader);
    if (parsed === undefined) return { scope };
    const { name, filter } = parsed;
    const words = name.replaceAll(/[:-]/g, "_");
    if (filter === undefined) return { scope, words };
    if (filter.by !== "server") {
      const isReader = filter.by === "user" && filter.value === reader;
      return { scope, words, only: { is: isReader ? "you" : filter.by, name: filter.value } };
    }
    const owner = ownerOfServer(filter.value);
    const serverName = filter.value.slice(owner.length + 1);
    const is = owner === reader ? "your_server" : "server";
    const only = { is, name: owner, ...(serverName === "" ? {} : { serverName }) } as const;
    return { scope, words, only };
  });
}
