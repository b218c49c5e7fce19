import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { firstSchema, migrations, schemaVersion } from "#src/stores/migrations/migrations.ts";

describe("the migrations", () => {
  it("go from the first schema to this one without a gap", () => {
    assert.deepEqual(
      migrations.map(({ to }) => to),
      migrations.map((_, index) => firstSchema + 1 + index),
    );
    assert.equal(schemaVersion, firstSchema + migrations.length);
  });
});
