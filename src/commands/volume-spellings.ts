/** How DockerSpawner writes a user name in the name of a volume: of late, before its version 12, and as it is. */
export function volumeSpellings(name: string): readonly string[] {
  const late = escaped(name, /[a-z0-9]/, "-").toLowerCase();
  const early = escaped(name, /[A-Za-z0-9-]/, "_");
  return [...new Set([late, early, name])];
}

/** Every byte of what is not safe, in capital hex behind the mark. */
function escaped(text: string, safe: RegExp, mark: string): string {
  return Array.from(text, (character) =>
    safe.test(character)
      ? character
      : Array.from(
          Buffer.from(character),
          (byte) => mark + byte.toString(16).toUpperCase().padStart(2, "0"),
        ).join(""),
  ).join("");
}
