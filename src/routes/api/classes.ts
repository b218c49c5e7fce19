/** Classes and who may join them, for `./homeroom sign-up`; a teacher sees the own ones. */
import type { SignUpClasses } from "#src/services/accounts/sign-up-classes.ts";
import type { Permissions } from "#src/session/identity.ts";
import type { GroupRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { readJson } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { classOf, ownClasses } from "../pages/sign-up-classes.ts";
import { type ClassModel, signUpBody } from "./schemas/accounts.ts";

interface ClassesParts {
  readonly classes: SignUpClasses;
  readonly permissions: Permissions;
}

export function classesApi(parts: ClassesParts) {
  function list(ctx: HubContext): void {
    ctx.body = { classes: ownClasses(ctx, parts).map(classModel) };
  }

  async function setSignUp(ctx: HubContext): Promise<void> {
    const { id } = classOf(ctx, ctx.params["id"] ?? "", parts);
    const asked = await readJson(ctx, signUpBody);
    const change =
      asked.mode === "code"
        ? {
            mode: asked.mode,
            ...(asked.hours === undefined ? {} : { time: asked.hours }),
            ...(asked.places === undefined ? {} : { places: asked.places }),
          }
        : asked;
    const actor = actorIn(ctx);
    ctx.body = classModel(await parts.classes.set(id, change, actor));
  }

  return { list, setSignUp };
}

function classModel({ id, name, isDefault, signUp }: GroupRecord): ClassModel {
  return { id, name, default: isDefault, sign_up: signUp };
}
