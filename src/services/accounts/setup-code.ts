/** The code that proves to be at the box: printed until the first owner has been made, then gone. */
import { HubError } from "#src/errors.ts";
import type { Store } from "#src/stores/store.ts";
import type { Actor } from "#src/services/audit/actor.ts";
import type { Attempts } from "#src/services/sign-in/attempts.ts";
import { isSameCode, makeCode } from "./codes.ts";
import { ownerCount } from "./user-records.ts";

/** Its row in `settings`: kept as it is, so that every start until then can print it again. */
export const SETUP_CODE_KEY = "setupCode";

/** Such as `K7Q-M4X-WPD`: 40 bits. */
export function makeSetupCode(): string {
  return makeCode(3, 3);
}

export class SetupCode {
  readonly #store: Store;
  readonly #attempts: Attempts;

  constructor({ store, attempts }: { readonly store: Store; readonly attempts: Attempts }) {
    this.#store = store;
    this.#attempts = attempts;
  }

  /** The code, made when it is first asked for; `undefined` when the box has an owner. */
  current(): Promise<string | undefined> {
    return this.#store.change((state) => {
      if (ownerCount(state) > 0) {
        return { writes: [], result: undefined };
      }
      const kept = state.get("settings", SETUP_CODE_KEY)?.value;
      if (typeof kept === "string") {
        return { writes: [], result: kept };
      }
      const code = makeSetupCode();
      return {
        writes: [{ put: "settings", key: SETUP_CODE_KEY, record: { value: code } }],
        result: code,
      };
    });
  }

  /**
   * Capital letters, spaces and dashes do not matter.
   * Throws `wrong_setup_code`, `too_many_attempts`, `setup_done`.
   */
  async check(typed: string, actor: Actor): Promise<void> {
    const code = await this.current();
    if (code === undefined) {
      throw new HubError("setup_done");
    }
    const fits = await this.#attempts.limit(`!${SETUP_CODE_KEY}`, actor.address ?? "", async () =>
      isSameCode(typed, code) ? true : undefined,
    );
    if (fits === undefined) {
      throw new HubError("wrong_setup_code");
    }
  }
}
