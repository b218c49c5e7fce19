/** CRC-32C (Castagnoli) as LevelDB keeps it behind each block. */

const POLYNOMIAL = 0x82f63b78;
const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  }
  return value;
});

/** LevelDB "masks" the sums that it keeps: a sum over bytes that hold sums is a weak one. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = -1;
  // By index: an iterator makes an object for every byte until the loop is compiled.
  for (let index = 0; index < bytes.length; index += 1) {
    crc = (TABLE[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
