/** The pages and their fragments, rendered; the only user of nunjucks. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import nunjucks from "nunjucks";
import type { Clock } from "#src/clock.ts";
import type { Assets } from "./assets.ts";
import type { Frame, PageName, Pages, PartName, Parts, Views } from "./pages.ts";
import { type SafeHtml, localUrl, templateFunctions } from "./template-functions.ts";
import { type Catalogs, Translations, readCatalogs } from "./translate.ts";

const VIEWS_FOLDER = fileURLToPath(new URL("../../views/", import.meta.url));

const pageTemplates: Readonly<Record<PageName, string>> = {
  setup: "pages/setup.njk",
  login: "pages/login.njk",
  first: "pages/first.njk",
  home: "pages/home.njk",
  waiting: "pages/waiting.njk",
  spawn: "pages/spawn.njk",
  deleteServer: "pages/delete-server.njk",
  asleep: "pages/asleep.njk",
  account: "pages/account.njk",
  tokens: "pages/tokens.njk",
  health: "pages/health.njk",
  logout: "pages/logout.njk",
  authorize: "pages/authorize.njk",
  message: "pages/message.njk",
  class: "pages/class.njk",
  addPeople: "pages/add-people.njk",
  firstPasswords: "pages/first-passwords.njk",
  shownOnce: "pages/shown-once.njk",
  roster: "pages/people.njk",
  person: "pages/person.njk",
  removePerson: "pages/remove-person.njk",
  trash: "pages/trash.njk",
  restorePerson: "pages/restore-person.njk",
  erasePerson: "pages/erase-person.njk",
  log: "pages/log.njk",
  signUp: "pages/sign-up.njk",
  signUpPassword: "pages/sign-up-password.njk",
  signUpClosed: "pages/sign-up-closed.njk",
  signUpClasses: "pages/sign-up-classes.njk",
  visit: "pages/visit.njk",
  acceptShare: "pages/accept-share.njk",
};

/** Pages include the same files, with the model under the same name. */
const partTemplates: Readonly<Record<PartName, { template: string; variable: string }>> = {
  notebookStatus: { template: "parts/notebook-status.njk", variable: "notebook" },
  waitingStatus: { template: "parts/waiting-status.njk", variable: "waiting" },
  namedServers: { template: "parts/named-servers.njk", variable: "named" },
  classRow: { template: "parts/class-row.njk", variable: "row" },
  newcomers: { template: "parts/newcomers.njk", variable: "newcomers" },
  classTiles: { template: "parts/class-tiles.njk", variable: "tiles" },
};

interface ViewsOptions {
  readonly assets: Assets;
  readonly clock: Clock;
  /** The box's own language, for whoever asks for none of ours. */
  readonly defaultLanguage?: string;
  /** Absent: the zone that the process runs in. */
  readonly timeZone?: string;
  /** Absent: the files of views/locales. */
  readonly catalogs?: Catalogs;
}

export function createViews(options: ViewsOptions): Views {
  const { assets, clock, timeZone } = options;
  const translations = new Translations(
    options.catalogs ?? readCatalogs(join(VIEWS_FOLDER, "locales")),
    {
      defaultLanguage: options.defaultLanguage ?? "en",
      clock,
      ...(timeZone === undefined ? {} : { timeZone }),
    },
  );
  const environment = compileTemplates();

  function render(template: string, models: object, frame: Frame): string {
    const translator = translations.for(frame.language);
    return environment.render(template, {
      ...templateFunctions({ translator, assets, frame }, markSafe),
      languages: translations.languages,
      language: translator.language,
      direction: translator.direction,
      frame,
      ...models,
    });
  }

  return {
    page<Name extends PageName>(name: Name, model: Pages[Name], frame: Frame): string {
      return render(pageTemplates[name], { model }, frame);
    },
    part<Name extends PartName>(name: Name, model: Parts[Name], frame: Frame): string {
      const { template, variable } = partTemplates[name];
      return render(template, { [variable]: model }, frame);
    },
    chooseLanguage: (wanted, acceptLanguage) => translations.choose(wanted, acceptLanguage),
  };
}

/** Reads views/ alone, all of it, now: a mistake in a template stops the start, not a pupil. */
function compileTemplates(): nunjucks.Environment {
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(VIEWS_FOLDER), {
    autoescape: true,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  environment.addFilter("url", localUrl);
  for (const folder of ["layouts", "pages", "parts"]) {
    for (const file of readdirSync(join(VIEWS_FOLDER, folder))) {
      environment.getTemplate(`${folder}/${file}`, true);
    }
  }
  return environment;
}

function markSafe(html: string): SafeHtml {
  return new nunjucks.runtime.SafeString(html);
}
