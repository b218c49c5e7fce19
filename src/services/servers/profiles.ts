/** Which profile a server has: the one of its class, or one that its person chose among those on offer. */
import type { ProfileConfig, SpawnerConfig } from "#src/config/schema.ts";
import { HubError } from "#src/errors.ts";
import type { GroupRecord, ServerRecord } from "#src/stores/records.ts";

/** The profile of those whose class names none: `spawner.image`, or a profile of that name. */
export const DEFAULT_PROFILE = "default";

export interface Choice {
  readonly key: string;
  /** Absent: it has none, and is known by its key. */
  readonly title?: string;
}

type Options = ServerRecord["options"];

interface ChosenProfile {
  readonly key: string;
  readonly profile: ProfileConfig;
}

/** @throws HubError `profile_missing` when the class names a profile that is not configured. */
export function profileOf(group: GroupRecord | undefined, config: SpawnerConfig): ChosenProfile {
  const key = group?.profile ?? DEFAULT_PROFILE;
  const profile = configured(key, config);
  if (profile !== undefined) return { key, profile };
  if (key !== DEFAULT_PROFILE) throw new HubError("profile_missing", { profile: key });
  return {
    key,
    profile: { image: config.image, kind: "jupyter", port: 8888 },
  };
}

/** What was chosen, as long as it is on offer; else that of the class. @throws HubError `profile_missing` */
export function profileFor(
  options: Options,
  group: GroupRecord | undefined,
  config: SpawnerConfig,
): ChosenProfile {
  const key = options["profile"];
  const profile = isOffered(key, config) ? configured(key, config) : undefined;
  return profile === undefined || typeof key !== "string"
    ? profileOf(group, config)
    : { key, profile };
}

/** The one of the class first; fewer than two are no choice. */
export function choicesOf(
  group: GroupRecord | undefined,
  config: SpawnerConfig,
): readonly Choice[] {
  const usual = group?.profile ?? DEFAULT_PROFILE;
  const offered = Object.keys(config.profiles).filter((key) => isOffered(key, config));
  return [usual, ...offered.filter((key) => key !== usual)].map((key) => {
    const title = configured(key, config)?.title;
    return { key, ...(title === undefined ? {} : { title }) };
  });
}

/** Throws `profile_not_offered`. */
export function assertOffered(
  options: Options,
  group: GroupRecord | undefined,
  config: SpawnerConfig,
): void {
  const { profile } = options;
  if (profile === undefined) return;
  const choices = choicesOf(group, config).map(({ key }) => key);
  if (typeof profile === "string" && choices.includes(profile)) return;
  const asked = typeof profile === "string" ? profile : JSON.stringify(profile);
  throw new HubError("profile_not_offered", {
    profile: asked.slice(0, 80),
    offered: choices.join(", "),
  });
}

/** Options of an earlier start, without a profile that is on offer no more. */
export function stillOffered(
  options: Options,
  group: GroupRecord | undefined,
  config: SpawnerConfig,
): Options {
  const { profile, ...others } = options;
  const isThere = choicesOf(group, config).some(({ key }) => key === profile);
  return isThere ? options : others;
}

function isOffered(key: unknown, config: SpawnerConfig): key is string {
  return typeof key === "string" && configured(key, config)?.offered === true;
}

function configured(key: string, { profiles }: SpawnerConfig): ProfileConfig | undefined {
  return Object.hasOwn(profiles, key) ? profiles[key] : undefined;
}
