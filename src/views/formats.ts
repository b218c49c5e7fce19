/** Numbers, sizes and times in the words and digits of one language, by Intl. */
import type { Clock } from "#src/clock.ts";
import type { IsoTime } from "#src/stores/records.ts";

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;
const KIBIBYTE = 1024;

/** page.js counts in the same steps, so that a text does not change when the script takes over. */
const AGO_STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", DAY_SECONDS],
  ["hour", HOUR_SECONDS],
  ["minute", MINUTE_SECONDS],
];

export class Formats {
  readonly #clock: Clock;
  readonly #number: Intl.NumberFormat;
  readonly #plainNumber: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #gigabytes: Intl.NumberFormat;
  readonly #megabytes: Intl.NumberFormat;
  readonly #kilobytes: Intl.NumberFormat;
  readonly #seconds: Intl.NumberFormat;
  readonly #minutes: Intl.NumberFormat;
  readonly #ago: Intl.RelativeTimeFormat;
  readonly #moment: Intl.DateTimeFormat;

  constructor(language: string, { clock, timeZone }: { clock: Clock; timeZone?: string }) {
    const unit = (name: string, digits: number): Intl.NumberFormat =>
      new Intl.NumberFormat(language, {
        style: "unit",
        unit: name,
        unitDisplay: "short",
        maximumFractionDigits: digits,
      });
    this.#clock = clock;
    this.#number = new Intl.NumberFormat(language);
    this.#plainNumber = new Intl.NumberFormat(language, { useGrouping: false });
    this.#percent = new Intl.NumberFormat(language, { style: "percent" });
    this.#gigabytes = unit("gigabyte", 1);
    this.#megabytes = unit("megabyte", 0);
    this.#kilobytes = unit("kilobyte", 0);
    this.#seconds = unit("second", 0);
    this.#minutes = unit("minute", 0);
    this.#ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    this.#moment = new Intl.DateTimeFormat(language, {
      dateStyle: "medium",
      timeStyle: "short",
      ...(timeZone === undefined ? {} : { timeZone }),
    });
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  /** For codes and ports, which are not quantities: no thousands separator. */
  plainNumber(value: number): string {
    return this.#plainNumber.format(value);
  }

  percent(value: number): string {
    return this.#percent.format(value / 100);
  }

  bytes(value: number): string {
    if (value >= GIBIBYTE / 2) return this.#gigabytes.format(value / GIBIBYTE);
    return value >= MEBIBYTE / 2
      ? this.#megabytes.format(value / MEBIBYTE)
      : this.#kilobytes.format(value / KIBIBYTE);
  }

  duration(seconds: number): string {
    return seconds < 2 * MINUTE_SECONDS
      ? this.#seconds.format(Math.round(seconds))
      : this.#minutes.format(Math.round(seconds / MINUTE_SECONDS));
  }

  /** "now", "5 minutes ago", "yesterday". A time ahead of this clock (it was set back) is now. */
  ago(time: IsoTime): string {
    const seconds = Math.max(0, this.secondsSince(time));
    for (const [unit, size] of AGO_STEPS) {
      if (seconds >= size) return this.#ago.format(-Math.floor(seconds / size), unit);
    }
    return this.#ago.format(0, "second");
  }

  moment(time: IsoTime): string {
    return this.#moment.format(new Date(time));
  }

  secondsSince(time: IsoTime): number {
    return (this.#clock.now() - Date.parse(time)) / 1000;
  }

  now(): IsoTime {
    return new Date(this.#clock.now()).toISOString();
  }
}
