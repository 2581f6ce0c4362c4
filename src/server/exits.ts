/** How the process ends: on purpose, or because code of a job ended it. */

import { whose } from "./uncaught.ts";

/** Code of a job blocked or ended the process; a supervisor starts it again. */
export const EXIT_ENDED_BY_CODE = 75;

let isOnPurpose = false;

/** Ends the process. Everything but code of users has to use it. */
export function exitProcess(exitCode: number): never {
  isOnPurpose = true;
  Deno.exit(exitCode);
}

/**
 * From now on, an exit by code of a job is reported, and gets an exit code after which a supervisor
 * starts the process again, for the sake of the other jobs. Code relies on an exit not to return,
 * so the process has to end.
 */
export function reportExitsOfCode(warn: (message: string) => void): void {
  globalThis.addEventListener("unload", () => {
    if (isOnPurpose) return;
    warn(
      `code${whose() || " outside of tasks"} called Deno.exit or process.exit, with ` +
        `exit code ${Deno.exitCode}; exiting with ${EXIT_ENDED_BY_CODE}, so that a supervisor ` +
        "starts Daybook again",
    );
    Deno.exitCode = EXIT_ENDED_BY_CODE;
  });
}
