/** Moving in from another server, for `./homeroom import`: on the control socket alone. */
import * as v from "valibot";
import { HubError, failureText } from "#src/errors.ts";
import type { Accounts } from "#src/services/accounts/accounts.ts";
import type { PlannedClass } from "#src/services/import/import-classes.ts";
import type { PlannedPerson } from "#src/services/import/import-plan.ts";
import type { Imports } from "#src/services/import/imports.ts";
import type { UserRecord } from "#src/stores/records.ts";
import type { HubContext } from "../context.ts";
import { bodyStream } from "../middleware/body.ts";
import { actorIn } from "../middleware/require.ts";
import { nobodyCalled } from "../person-of.ts";
import { type MovedClass, type MovedPerson, moveQuery } from "./schemas/imports.ts";

interface ImportsParts {
  readonly imports: Imports;
  readonly accounts: Pick<Accounts, "byName">;
  /** Ends what is under way when the hub ends. */
  readonly hubSignal: AbortSignal;
}

export function importsApi({ imports, accounts, hubSignal }: ImportsParts) {
  /** The body is a tar, as images/import.sh makes it. `?apply=1` does what is told without it. */
  async function jupyterHub(ctx: HubContext): Promise<void> {
    const query = v.safeParse(v.strictObject(moveQuery), { ...ctx.query });
    if (!query.success) {
      throw new HubError("invalid_field", {
        reason: query.issues.map(({ message }) => message).join("; "),
      });
    }
    const { admins, apply } = query.output;
    const request = { admins, apply: apply === "1" };
    const by = { actor: actorIn(ctx), signal: hubSignal };
    const { people, classes, strangers } = await imports.jupyterHub(bodyStream(ctx), request, by);
    ctx.body = {
      applied: request.apply,
      people: people.map(personModel),
      classes: classes.map(classModel),
      strangers,
    };
  }

  function awaiting(ctx: HubContext): void {
    ctx.body = { people: imports.awaitingFiles().map(awaitingModel) };
  }

  /** The body is a tar of the home. */
  async function receive(ctx: HubContext): Promise<void> {
    const name = ctx.params["name"] ?? "";
    const user = accounts.byName(name);
    if (user === undefined) throw nobodyCalled(name);
    const { folder } = await imports.receiveFiles(user.id, bodyStream(ctx), hubSignal);
    ctx.body = { name: user.name, folder };
  }

  return { jupyterHub, awaiting, receive };
}

function awaitingModel({ name, movedIn }: UserRecord) {
  return { name, was: movedIn?.name ?? name };
}

function personModel({
  was,
  becomes,
  name,
  role,
  password,
  classes,
  problem,
}: PlannedPerson): MovedPerson {
  return {
    was,
    becomes,
    name: name ?? null,
    role: role ?? null,
    password: password ?? null,
    classes,
    problem: problem === undefined ? null : failureText(problem, "teacher"),
  };
}

function classModel({ was, becomes, name, problem }: PlannedClass): MovedClass {
  return {
    was,
    becomes,
    name: name ?? null,
    problem: problem === undefined ? null : failureText(problem, "teacher"),
  };
}
