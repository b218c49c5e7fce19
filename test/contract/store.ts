/** What every store keeps; run by store-*.test.ts. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { HubError } from "#src/errors.ts";
import { makeId } from "#src/stores/ids.ts";
import { schemaVersion } from "#src/stores/migrations/migrations.ts";
import type { AuditRecord } from "#src/stores/records.ts";
import type { Store, Write } from "#src/stores/store.ts";
import {
  accountWrites,
  addPerson,
  auditRecord,
  collect,
  namesIn,
  userRecord,
} from "#test/support/records.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Removes whatever the store left. */
  readonly cleanUp?: () => Promise<void>;
}

export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let store: Store;
    let cleanUp: StoreUnderTest["cleanUp"];

    beforeEach(async () => {
      ({ store, cleanUp } = await make());
    });

    afterEach(async () => {
      await store.close();
      await cleanUp?.();
    });

    describe("a new store", () => {
      it("has its meta row and one class that newcomers join", () => {
        const groups = [...store.entries("groups")].map(([, group]) => group);
        assert.equal(groups.length, 1);
        assert.equal(groups[0]?.name, "Class");
        assert.equal(groups[0]?.isDefault, true);
        assert.equal(groups[0]?.number, 1);
        assert.deepEqual(store.get("meta", "meta"), {
          schema: schemaVersion,
          nextUserNumber: 1,
          nextGroupNumber: 2,
          nextAuditNumber: 1,
        });
      });

      it("has nobody and no audit", async () => {
        assert.deepEqual([...store.entries("users")], []);
        assert.deepEqual(await collect(store.audit()), []);
      });
    });

    describe("a change", () => {
      it("is seen by readers when its promise is kept, and gives back its result", async () => {
        const id = await addPerson(store, "maria");
        assert.equal(store.get("names", "maria")?.userId, id);
        assert.equal(store.get("users", id)?.displayName, "maria");
      });

      it("is not seen by readers before it is kept", async () => {
        const adding = addPerson(store, "maria");
        assert.equal(store.get("names", "maria"), undefined);
        await adding;
        assert.notEqual(store.get("names", "maria"), undefined);
      });

      it("removes rows, and removing what is not there is no error", async () => {
        await addPerson(store, "maria");
        const writes: readonly Write[] = [
          { remove: "names", key: "maria" },
          { remove: "names", key: "nobody" },
        ];
        await store.change(() => ({ writes, result: undefined }));
        assert.deepEqual(namesIn(store), []);
      });

      it("makes nothing when its plan throws, and passes on what was thrown", async () => {
        const before = store.get("meta", "meta");
        const thrown = new Error("no");
        const failing = store.change(() => {
          throw thrown;
        });
        await assert.rejects(failing, (error) => error === thrown);
        assert.deepEqual(namesIn(store), []);
        assert.deepEqual(store.get("meta", "meta"), before);
      });

      it("makes nothing when one of its records cannot be kept", async () => {
        const circular: Record<string, unknown> = {};
        circular["self"] = circular;
        const failing = store.change(() => ({
          writes: [
            ...accountWrites(userRecord("maria")),
            { put: "settings", key: "x", record: { value: circular } },
          ],
          result: undefined,
        }));
        await assert.rejects(failing, TypeError);
        assert.deepEqual(namesIn(store), []);
        assert.deepEqual(await collect(store.audit()), []);
        assert.equal(store.get("meta", "meta")?.nextAuditNumber, 1);
      });

      it("that writes nothing gives back its result", async () => {
        assert.equal(await store.change(() => ({ writes: [], result: 7 })), 7);
      });

      it("does not lay hands on schema and audit number", async () => {
        const record = { schema: 9, nextUserNumber: 5, nextGroupNumber: 6, nextAuditNumber: 99 };
        await store.change(() => ({
          writes: [{ put: "meta", key: "meta", record }, { audit: auditRecord("maria") }],
          result: undefined,
        }));
        assert.deepEqual(store.get("meta", "meta"), {
          schema: schemaVersion,
          nextUserNumber: 5,
          nextGroupNumber: 6,
          nextAuditNumber: 2,
        });
        const removing = store.change(() => ({
          writes: [{ remove: "meta", key: "meta" }],
          result: undefined,
        }));
        await assert.rejects(removing, TypeError);
      });
    });

    describe("changes at the same time", () => {
      it("let exactly one of fifty have a name", async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 50 }, () => addPerson(store, "maria")),
        );
        assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
        assert.equal([...store.entries("users")].length, 1);
      });

      it("lose no number and no audit line", async () => {
        const names = Array.from({ length: 60 }, (_, index) => `person${index}`);
        await Promise.all(names.map((name) => addPerson(store, name)));
        const numbers = [...store.entries("users")].map(([, user]) => user.number);
        assert.deepEqual(
          numbers.toSorted((a, b) => a - b),
          names.map((_, index) => index + 1),
        );
        const audited = (await collect(store.audit())).map(({ subjectName }) => subjectName);
        assert.deepEqual(audited.toReversed(), names);
      });

      it("see what the ones before them wrote", async () => {
        const adding = addPerson(store, "maria");
        const seen = store.change((state) => ({ writes: [], result: namesIn(state) }));
        assert.deepEqual(await seen, ["maria"]);
        await adding;
      });

      it("are made around one whose plan throws", async () => {
        const outcomes = await Promise.allSettled([
          addPerson(store, "maria"),
          addPerson(store, "maria"),
          addPerson(store, "juan"),
        ]);
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          ["fulfilled", "rejected", "fulfilled"],
        );
        assert.deepEqual(namesIn(store), ["juan", "maria"]);
      });
    });

    describe("reading", () => {
      it("goes in the order of keys, limited to a prefix", async () => {
        const keys = ["b", "a!2", "a", "a!1", "a!10", "c", "a\u{7f}"];
        for (const key of keys) {
          const record = { value: key };
          await store.change(() => ({
            writes: [{ put: "settings", key, record }],
            result: undefined,
          }));
        }
        const read = (prefix?: string) =>
          [...store.entries("settings", prefix)].map(([key]) => key);
        assert.deepEqual(read(), ["a", "a!1", "a!10", "a!2", "a\u{7f}", "b", "c"]);
        assert.deepEqual(read("a!"), ["a!1", "a!10", "a!2"]);
        assert.deepEqual(read("b"), ["b"]);
        assert.deepEqual(read("d"), []);
      });

      it("gives frozen records, all the way down, that the writer cannot change", async () => {
        const value = { list: [{ name: "one" }] };
        await store.change(() => ({
          writes: [{ put: "settings", key: "x", record: { value } }],
          result: undefined,
        }));
        value.list.push({ name: "two" });
        const kept = store.get("settings", "x");
        assert.deepEqual(kept, { value: { list: [{ name: "one" }] } });
        assert.throws(() => {
          Object.assign(kept ?? {}, { value: 1 });
        }, TypeError);
        assert.throws(() => kept.value.list.push({ name: "three" }), TypeError);
      });

      it("may walk while rows go", async () => {
        await addPerson(store, "ana");
        await addPerson(store, "maria");
        const walked: string[] = [];
        for (const [name] of store.entries("names")) {
          walked.push(name);
          await store.change(() => ({
            writes: [{ remove: "names", key: "maria" }],
            result: undefined,
          }));
        }
        assert.deepEqual(walked, ["ana"]);
      });

      it("knows no key by accident", () => {
        for (const key of ["__proto__", "constructor", "toString", ""]) {
          assert.equal(store.get("users", key), undefined);
        }
      });
    });

    describe("the audit", () => {
      it("comes newest first, as much of it as was asked for", async () => {
        for (const name of ["ana", "juan", "maria"]) {
          await addPerson(store, name);
        }
        const newest = await collect(store.audit({ limit: 2 }));
        assert.deepEqual(
          newest.map(({ subjectName }) => subjectName),
          ["maria", "juan"],
        );
        assert.equal((await collect(store.audit())).length, 3);
      });

      it("keeps every line and their order when the clock is set back", async () => {
        const times = [
          "2026-05-01",
          "1970-01-01",
          "1970-01-01",
          "2026-04-30",
          "2031-01-01",
          "2026",
        ];
        for (const [index, at] of times.entries()) {
          await store.change(() => ({
            writes: [{ audit: auditRecord(`n${index}`, at) }],
            result: undefined,
          }));
        }
        const lines = (await collect(store.audit())).toReversed();
        assert.deepEqual(
          lines.map(({ at }) => at),
          times,
        );
        assert.deepEqual(
          lines.map(({ subjectName }) => subjectName),
          times.map((_, index) => `n${index}`),
        );
      });
    });

    describe("redacting a person", () => {
      const [maria, jose] = [makeId<"user">(), makeId<"user">()];
      const at = "2026-01-01T00:00:00.000Z";
      const about = (parts: Partial<AuditRecord>): Write => ({
        audit: { at, action: "user.renamed", actor: "console", actorName: "console", ...parts },
      });
      const make = (...writes: readonly Write[]) =>
        store.change(() => ({ writes, result: undefined }));

      it("takes names and texts out of every audit row about them, and leaves the others", async () => {
        const detail = { from: "maria", times: 2, first: true };
        const others = {
          actor: jose,
          actorName: "jose",
          subject: jose,
          subjectName: "jose",
          detail,
        };
        await make(
          about({ actor: maria, actorName: "maria", subject: jose, subjectName: "jose", detail }),
          about({ actor: jose, actorName: "jose", subject: maria, subjectName: "maria", detail }),
          about({ actor: maria, actorName: "maria", subject: maria, subjectName: "maria" }),
          about(others),
        );
        await make(about({ subject: maria, subjectName: "maria", detail }), { redact: maria });
        const kept = { times: 2, first: true };
        const plain = { at, action: "user.renamed", actor: "console", actorName: "console" };
        assert.deepEqual(await collect(store.audit()), [
          { ...plain, subject: maria, subjectName: "", detail: kept },
          { ...plain, ...others },
          { ...plain, actor: maria, actorName: "", subject: maria, subjectName: "" },
          { ...plain, ...others, subject: maria, subjectName: "", detail: kept },
          { ...plain, ...others, actor: maria, actorName: "", detail: kept },
        ]);
      });

      it("knows them by every name that they had, also where there is no id", async () => {
        const refused = (subjectName: string): Write => about({ subjectName });
        await make(refused("mia"), refused("maria"), refused("jose"), about({}));
        await make(about({ subject: maria, subjectName: "mia" }));
        await make(about({ subject: jose, subjectName: "jose" }));
        await make(about({ subject: maria, subjectName: "maria" }));
        await make({ redact: maria });
        const names = (await collect(store.audit())).map(({ subjectName }) => subjectName);
        assert.deepEqual(names, ["", "jose", "", undefined, "jose", "", ""]);
      });

      it("reaches rows that are written in the same moment, and makes no further row", async () => {
        await Promise.all([
          make(about({ subject: maria, subjectName: "maria" })),
          make({ redact: maria }, about({ subject: maria, subjectName: "maria" })),
          make({ redact: jose }),
        ]);
        const names = (await collect(store.audit())).map(({ subjectName }) => subjectName);
        assert.deepEqual(names, ["", ""]);
      });

      it("is not done when its change is not made", async () => {
        await make(about({ subject: maria, subjectName: "maria" }));
        const failing = make({ redact: maria }, { remove: "meta", key: "meta" });
        await assert.rejects(failing, TypeError);
        const names = (await collect(store.audit())).map(({ subjectName }) => subjectName);
        assert.deepEqual(names, ["maria"]);
      });
    });

    describe("a listener", () => {
      it("is called with the writes of each change in their order, before its promise is kept", async () => {
        const heard: string[] = [];
        store.onChange((writes) => {
          for (const write of writes) {
            heard.push("put" in write ? `${write.put} ${write.key}` : Object.keys(write).join());
          }
        });
        const change = (key: string) =>
          store
            .change(() => ({
              writes: [
                { put: "settings", key, record: { value: 1 } },
                { remove: "settings", key: "z" },
                { audit: auditRecord(key) },
              ],
              result: undefined,
            }))
            .then(() => heard.push(`kept ${key}`));
        await Promise.all([change("a"), change("b")]);
        await change("c");
        const others = ["remove,key", "audit"];
        assert.deepEqual(
          heard.filter((entry) => !entry.startsWith("kept")),
          ["settings a", ...others, "settings b", ...others, "settings c", ...others],
        );
        assert.ok(heard.indexOf("kept a") > heard.indexOf("settings a"));
        assert.equal(heard.at(-1), "kept c");
      });

      it("finds its change among what readers see", async () => {
        let seen: readonly string[] = [];
        store.onChange(() => {
          seen = namesIn(store);
        });
        await addPerson(store, "maria");
        assert.deepEqual(seen, ["maria"]);
      });

      it("is not called for what was not made, nor after it was taken away", async () => {
        let calls = 0;
        const end = store.onChange(() => {
          calls += 1;
        });
        await assert.rejects(
          store.change(() => {
            throw new Error("no");
          }),
        );
        assert.equal(calls, 0);
        await addPerson(store, "maria");
        assert.equal(calls, 1);
        end();
        await addPerson(store, "juan");
        assert.equal(calls, 1);
      });
    });

    describe("closing", () => {
      it("waits for the changes under way and refuses later ones", async () => {
        const adding = addPerson(store, "maria");
        const closing = store.close();
        const late = addPerson(store, "juan");
        await assert.rejects(
          late,
          (error) => error instanceof HubError && error.code === "hub_stopping",
        );
        await adding;
        await closing;
        assert.deepEqual(namesIn(store), ["maria"]);
      });

      it("may be asked for twice", async () => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      });
    });
  });
}
