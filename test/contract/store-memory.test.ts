import { createMemoryStore } from "#src/stores/memory/memory-store.ts";
import { describeStore } from "./store.ts";

describeStore("the memory store", () => Promise.resolve({ store: createMemoryStore() }));
