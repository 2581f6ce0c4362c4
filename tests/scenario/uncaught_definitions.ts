/** Job types whose code throws uncaught errors. */

import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";

const input = v.object({});
const once = { retry: { maxAttempts: 1 } };

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function unreadable(): Error {
  const get = () => {
    throw new Error("not for you");
  };
  return Object.defineProperties(new RangeError(), { message: { get }, stack: { get } });
}

/** Only its failure ends this one. */
function throwsLater(type: string, thrown: () => unknown) {
  const later = () =>
    new Promise<void>(() => {
      setTimeout(() => {
        throw thrown();
      }, 1);
    });
  return defineJob({ type, version: 1, input, run: (ctx) => ctx.task("later", later, once) });
}

export const plain = throwsLater("uncaught.plain", () => new Error("in a timer"));
export const proxy = throwsLater("uncaught.proxy", revoked);
export const message = throwsLater("uncaught.message", unreadable);
export const lines = throwsLater("uncaught.lines", () => new Error("declined\njob_2 pay 1: paid"));

export const rejects = defineJob({
  type: "uncaught.rejects",
  version: 1,
  input,
  run: (ctx) =>
    ctx.task("forget", () => {
      void Promise.reject(revoked());
      return "done";
    }, once),
});
