/** What changed among people and their notebooks since somebody's last look at the class page. */
import type { Servers } from "#src/services/servers/servers.ts";
import type { UserId } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import { pause, systemTimers, type Timers } from "#src/timers.ts";

/** Not more often than this, however much happens. */
const INTERVAL_MS = 1000;

interface ClassChange {
  readonly is: "all" | "people" | "some";
  /** Whose servers changed; of nobody, when it was an account. */
  readonly servers?: ReadonlySet<UserId>;
}

/**
 * `all` first, for what happened between the page and its stream; then the users whose servers changed since the
 * last look, or `people` when the list of people did.
 */
export async function* watchClass(
  {
    servers,
    store,
    timers = systemTimers,
  }: {
    readonly servers: Pick<Servers, "onChange">;
    readonly store: Pick<Store, "onChange">;
    readonly timers?: Timers;
  },
  signal: AbortSignal,
): AsyncGenerator<ClassChange> {
  let changed = new Set<UserId>();
  let peopleChanged = false;
  let accountChanged = false;
  let wake: () => void = () => {};
  const offServers = servers.onChange((userId) => {
    changed.add(userId);
    wake();
  });
  const offStore = store.onChange((writes) => {
    if (writes.some(isAboutNames)) peopleChanged = true;
    else if (writes.some((write) => "put" in write && write.put === "users")) accountChanged = true;
    else return;
    wake();
  });
  const end = (): void => wake();
  signal.addEventListener("abort", end);
  try {
    yield { is: "all" };
    while (!signal.aborted) {
      if (changed.size === 0 && !peopleChanged && !accountChanged) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const gathered = { is: peopleChanged ? "people" : "some", servers: changed } as const;
      changed = new Set();
      peopleChanged = false;
      accountChanged = false;
      yield gathered;
      await pause(timers, INTERVAL_MS, signal);
    }
  } finally {
    signal.removeEventListener("abort", end);
    offServers();
    offStore();
  }
}

function isAboutNames(write: Write): boolean {
  return (
    ("put" in write && write.put === "names") || ("remove" in write && write.remove === "names")
  );
}
