/** Arithmetic of IPv4 networks, and the pool of /28s that the notebooks' networks are taken from. Pure. */

/** `first` to `last` are both inside. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

const SUBNET_SIZE = 16;

function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** `10.213.0.0/16`; bits behind the prefix are ignored. `undefined` when it is no IPv4 network. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const start = parseAddress(address);
  if (start === undefined || rest.length > 0 || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) {
    return undefined;
  }
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(start / size) * size;
  return { first, last: first + size - 1 };
}

export function overlaps(one: AddressRange, other: AddressRange): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/**
 * Gives out the /28s of a pool, each to one taker at a time. What other programs use is learnt by `occupy`.
 * The next one is searched for behind the last one given, so that an address is not used again at once.
 */
export class SubnetPool {
  readonly #range: AddressRange;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #occupied = new Set<number>();
  #next = 0;

  constructor(pool: string) {
    const range = parseRange(pool);
    if (range === undefined) throw new TypeError(`not an IPv4 network: ${pool}`);
    this.#range = range;
    this.#count = Math.floor((range.last - range.first + 1) / SUBNET_SIZE);
  }

  get range(): AddressRange {
    return this.#range;
  }

  /** How many there are, and how many of them the engine's networks use. */
  get counts(): { readonly places: number; readonly taken: number } {
    return { places: this.#count, taken: this.#occupied.size };
  }

  contains(subnet: string): boolean {
    const range = parseRange(subnet);
    return (
      range !== undefined && range.first >= this.#range.first && range.last <= this.#range.last
    );
  }

  /** Replaces what is known of subnets in use on the engine. */
  occupy(subnets: readonly string[]): void {
    const occupied = new Set<number>();
    for (const subnet of subnets) {
      const range = parseRange(subnet);
      if (range === undefined || !overlaps(range, this.#range)) continue;
      const from = Math.max(range.first, this.#range.first) - this.#range.first;
      const to = Math.min(range.last, this.#range.last) - this.#range.first;
      for (let at = Math.floor(from / SUBNET_SIZE); at <= Math.floor(to / SUBNET_SIZE); at += 1) {
        occupied.add(at);
      }
    }
    this.#occupied = occupied;
  }

  /** A free /28, held until `release`; `undefined` when there is none. */
  take(): string | undefined {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const index = (this.#next + tried) % this.#count;
      if (this.#taken.has(index) || this.#occupied.has(index)) continue;
      this.#taken.add(index);
      this.#next = (index + 1) % this.#count;
      return `${formatAddress(this.#range.first + index * SUBNET_SIZE)}/28`;
    }
    return undefined;
  }

  /** Marks a subnet as in use on the engine, where its network stays until it is removed. */
  settle(subnet: string): void {
    const index = this.#indexOf(subnet);
    this.#taken.delete(index);
    this.#occupied.add(index);
  }

  release(subnet: string): void {
    const index = this.#indexOf(subnet);
    this.#taken.delete(index);
    this.#occupied.delete(index);
  }

  #indexOf(subnet: string): number {
    const range = parseRange(subnet);
    return range === undefined ? -1 : Math.floor((range.first - this.#range.first) / SUBNET_SIZE);
  }
}
