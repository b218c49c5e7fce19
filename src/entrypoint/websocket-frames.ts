/**
 * Follows the frames that a client sends, just far enough to tell messages from pings: a browser answers the
 * pings of a notebook server for as long as a tab is open, and that is no sign of anyone working.
 */
const LONGEST_HEAD = 14;

export class ClientFrames {
  /** Bytes of the present frame that are still to come. */
  #left = 0;
  readonly #head = Buffer.alloc(LONGEST_HEAD);
  #headLength = 0;
  #lost = false;

  /** Whether a frame of a message (text, binary or continuation) begins in this piece of the stream. */
  feed(chunk: Buffer): boolean {
    let found = false;
    let at = 0;
    while (at < chunk.length && !this.#lost) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      this.#head[this.#headLength] = chunk[at] ?? 0;
      this.#headLength += 1;
      at += 1;
      if (this.#readHead()) found = true;
    }
    return found || this.#lost;
  }

  /** With a whole frame head: notes how long its payload is. */
  #readHead(): boolean {
    if (this.#headLength < 2) return false;
    const first = this.#head[0] ?? 0;
    const second = this.#head[1] ?? 0;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = (second & 0x80) === 0 ? 0 : 4;
    if (this.#headLength < 2 + lengthBytes + maskBytes) return false;
    this.#headLength = 0;
    if (lengthBytes === 2) this.#left = this.#head.readUInt16BE(2);
    else if (lengthBytes === 8) this.#left = Number(this.#head.readBigUInt64BE(2));
    else this.#left = short;
    // No such frame exists; from here on every byte counts as activity.
    if (!Number.isSafeInteger(this.#left)) this.#lost = true;
    return (first & 0x0f) <= 2;
  }
}
