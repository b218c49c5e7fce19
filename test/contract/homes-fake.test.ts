import { FakeHomes } from "#test/support/fake-homes.ts";
import { testHomes } from "./homes.ts";

testHomes("fake", async () => ({
  homes: new FakeHomes(),
  skeleton: 0,
  [Symbol.asyncDispose]: async () => {},
}));
