/** Variables that begin with HOMEROOM_ and are no settings of the hub: the one list of them. */
interface OtherVariable {
  readonly name: string;
  readonly about: string;
}

export const otherVariables: readonly OtherVariable[] = [
  {
    name: "HOMEROOM_CONFIG",
    about: "The configuration file, when it is not `homeroom.yaml` in the data folder.",
  },
  {
    name: "HOMEROOM_CA_FILE",
    about:
      "For `./homeroom up`: certificates of a network that inspects HTTPS, for building the images.",
  },
  { name: "HOMEROOM_HUB_INPUTS", about: "Set by `./homeroom up` while it builds." },
  { name: "HOMEROOM_NOTEBOOK_INPUTS", about: "Set by `./homeroom up` while it builds." },
];

/** Whatever the tests need, they may have. */
const TESTS = "HOMEROOM_TEST_";

export function isOtherVariable(name: string): boolean {
  return name.startsWith(TESTS) || otherVariables.some((variable) => variable.name === name);
}
