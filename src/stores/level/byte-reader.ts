/** Reads LevelDB's numbers; throws a RangeError at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** Seven bits in each byte, the lowest first. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes.readUInt8(this.#position);
      this.#position += 1;
      value += (byte & 127) * factor;
      if (byte < 128) {
        return value;
      }
    }
  }

  take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) {
      throw new RangeError("The bytes end before what they announce");
    }
    const part = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return part;
  }

  /** Bytes with their length in front. */
  text(): Buffer {
    return this.take(this.varint());
  }
}
