/** Small statistics, and how figures are printed. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The value below which that share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function report(name: string, value: number, unit: string, goal?: string): void {
  const text = unit === "" ? value.toFixed(2) : `${value.toFixed(unit === "ms" ? 0 : 2)} ${unit}`;
  process.stdout.write(
    `${name.padEnd(58)} ${text.padStart(12)}${goal === undefined ? "" : `   goal ${goal}`}\n`,
  );
}

export function readRssMib(pid: number, status: string): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (line?.[1] === undefined) throw new Error(`no VmRSS of process ${pid}`);
  return Number(line[1]) / 1024;
}
