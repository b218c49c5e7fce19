import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { maskedCrc32c } from "#src/stores/level/crc32c.ts";

describe("CRC-32C", () => {
  it("gives the known sum, masked as LevelDB keeps it", () => {
    // The check value of CRC-32C in RFC 3720 and elsewhere is e3069283.
    const plain = 0xe3069283;
    const masked = (((plain >>> 15) | (plain << 17)) + 0xa282ead8) >>> 0;
    assert.equal(maskedCrc32c(Buffer.from("123456789")), masked);
  });
});
