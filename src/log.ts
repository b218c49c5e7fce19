/** The one logger: JSON lines on standard output, credentials struck out. */
import pino from "pino";

export type Logger = pino.Logger;

const common = {
  base: null,
  redact: {
    paths: [
      "password",
      "*.password",
      "secret",
      "*.secret",
      "cookie",
      "*.cookie",
      "authorization",
      "*.authorization",
    ],
    censor: "[struck out]",
  },
};

export function createLog(level: string): Logger {
  return pino({ ...common, level }, pino.destination(1));
}

/** For who typed a command: warnings as sentences, without time and stack. */
export function createPlainLog(say: (text: string) => void): Logger {
  const write = (line: string) => {
    const { msg = "", err } = JSON.parse(line) as {
      readonly msg?: string;
      readonly err?: { readonly message?: string };
    };
    const words = [msg, err?.message ?? ""].filter((part) => part !== "");
    say(`homeroom: ${words.join(": ")}\n`);
  };
  return pino({ ...common, level: "warn" }, { write });
}
