/** The engine's frames around output: one byte stream, three zeroes, four bytes length. Pure. */

export interface Frame {
  readonly stream: "stdout" | "stderr";
  /** May be a part of what one frame holds. */
  readonly data: Buffer;
}

const HEADER_BYTES = 8;

/** Takes the bytes as they come, cut anywhere. */
export class FrameReader {
  #header = Buffer.alloc(0);
  #stream: Frame["stream"] = "stdout";
  #left = 0;

  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const missing = HEADER_BYTES - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length < HEADER_BYTES) break;
        this.#stream = this.#header[0] === 2 ? "stderr" : "stdout";
        this.#left = this.#header.readUInt32BE(4);
        this.#header = Buffer.alloc(0);
      } else {
        const data = rest.subarray(0, this.#left);
        this.#left -= data.length;
        rest = rest.subarray(data.length);
        frames.push({ stream: this.#stream, data });
      }
    }
    return frames;
  }
}
