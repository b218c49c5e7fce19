/** Writes docs/configuration.md from the schema: `node src/config/document.ts > docs/configuration.md`. */
import { otherVariables } from "./other-variables.ts";
import { profileSettings, serviceSettings, type Setting, settings } from "./settings.ts";
import { formatValue } from "./texts.ts";

const introduction = `# Configuration

<!-- Made from src/config/schema.ts by: npm run docs -->

Homeroom runs without any configuration. Each setting has a default, and these may stand over it, the later over the
earlier:

1. the file \`homeroom.yaml\` in the data folder (or the file that \`HOMEROOM_CONFIG\` names),
2. the variable, in the environment or, with \`./homeroom\` and \`docker compose\`, in the file \`.env\`,
3. the flag, on the command line of \`node src/main.ts\`.

A variable that is empty counts as not set. Sizes may be written \`512m\` or \`2g\`, switches \`true\` or \`false\`, lists
with commas. Whatever does not fit is said at the start, all of it at once, and Homeroom does not start;
\`node src/main.ts --check-config\` says it without starting.

A file looks like this:

\`\`\`yaml
title: School by the lake
listen:
  publicUrl: https://school.example
spawner:
  memoryBytes: 2g
\`\`\`

In the hub's image \`HOMEROOM_DATA\` is \`/data\`, and \`HOMEROOM_PORT\` and \`HOMEROOM_BIND\` choose the published port and
address (8000, all addresses) instead of the hub's own.

`;

const aboutProfiles = `## Profiles

A profile is a kind of notebook. The default one is made from the settings above; others stand in the file, below
\`spawner.profiles\`, under a name of a-z, 0-9 and \`-\`:

\`\`\`yaml
spawner:
  profiles:
    statistics:
      image: our-r-notebook
      memoryBytes: 2g
\`\`\`

`;

const aboutServices = `## Services

A service is a program that uses the API without being a person, such as one that ends idle notebooks. It stands in the
file, below \`services\`, under a name of a-z, 0-9 and \`-\`:

\`\`\`yaml
services:
  idle-culler:
    scopes: [list:users, read:users:activity, read:servers, delete:servers]
\`\`\`

\`./homeroom token --service idle-culler\` prints its token. Whoever has it may what the scopes say, so it belongs where
only that program can read it. A token that the program has already, from a JupyterHub say, is written into
\`secrets.json\` in the data folder, beside what stands there; it has 32 characters at least, and counts from the next
start on:

\`\`\`json
{ "serviceTokens": { "idle-culler": "0123456789abcdef0123456789abcdef" } }
\`\`\`

`;

export function configurationPage(): string {
  const variables = otherVariables.map(({ name, about }) => `| \`${name}\` | ${cell(about)} |`);
  return `${introduction}## Settings

${settings.map((setting) => describeSetting(setting)).join("\n\n")}

${aboutProfiles}${tableOf(profileSettings)}

${aboutServices}${tableOf(serviceSettings)}

## Other variables

| variable | what it is |
| --- | --- |
${variables.join("\n")}
`;
}

function tableOf(list: readonly Setting[]): string {
  return `| setting | default | what it is |
| --- | --- | --- |
${list.map((setting) => settingRow(setting)).join("\n")}`;
}

function describeSetting(setting: Setting): string {
  const { path, env, flag, about } = setting;
  const names = [`\`${env}\``, `\`--${flag}\``];
  const example = setting.example === undefined ? "" : ` Example: \`${setting.example}\`.`;
  const choices = setting.kind === "choice" ? ` One of ${codes(setting.choices)}.` : "";
  return `### \`${path.join(".")}\`

${names.join(" · ")} · default ${defaultText(setting)}

${about}${choices}${example}`;
}

function settingRow(setting: Setting): string {
  const { path, about, choices, example } = setting;
  const more = example === undefined ? "" : ` Example: \`${example}\`.`;
  const words = choices.length > 0 && !about.includes("`") ? ` One of ${codes(choices)}.` : "";
  return `| \`${path.join(".")}\` | ${defaultText(setting)} | ${cell(about + words + more)} |`;
}

function defaultText({ kind, default: value }: Setting): string {
  const isNothing = value === undefined || (Array.isArray(value) && value.length === 0);
  return isNothing ? "none" : `\`${formatValue(kind, value)}\``;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) {
  process.stdout.write(configurationPage());
}
