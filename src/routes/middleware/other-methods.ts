/** Addresses that are there, asked with a method that they do not have. */
import { HubError } from "#src/errors.ts";
import type { HubContext, HubMiddleware } from "../context.ts";

/** Behind the router, which leaves what fits the path: OPTIONS says what there is, anything else is refused with it. */
export function answerOtherMethods(): HubMiddleware {
  return async function answerOtherMethods(ctx, next) {
    const methods = methodsAt(ctx);
    if (methods.size === 0) {
      await next();
      return;
    }
    ctx.set("allow", [...methods, "OPTIONS"].join(", "));
    if (ctx.method !== "OPTIONS") throw new HubError("method_not_allowed");
    ctx.status = 200;
    if (ctx.state.api) ctx.type = "json";
    ctx.body = "";
  };
}

function methodsAt(ctx: HubContext): ReadonlySet<string> {
  const matched: unknown = ctx["matched"];
  const layers: readonly unknown[] = Array.isArray(matched) ? matched : [];
  return new Set(
    layers.flatMap((layer) =>
      typeof layer === "object" && layer !== null && "methods" in layer
        ? (layer.methods as readonly string[]) // The router's own.
        : [],
    ),
  );
}
