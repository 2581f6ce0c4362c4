/** What a server has to be allowed for the settings that it is given, beyond what its task is. */

import { parseArgs } from "node:util";
import {
  type Permissions,
  permissionsOfModule,
  type Program,
  thisProgram,
  withCommand,
} from "./permission_advice.ts";
import { environmentName, type Setting, SETTING_LIST } from "./settings.ts";

/** The message, and the whole command to start this server with what is missing. */
export function withStart(
  message: string,
  missing: Permissions,
  program: Program = thisProgram(),
): string {
  return withCommand(message, [...serverPermissions(program), missing], program);
}

/** Reads the words by itself: it is asked when the configuration cannot be read, too. */
function serverPermissions(program: Program): readonly Permissions[] {
  const options = Object.fromEntries(
    SETTING_LIST.map(([, { flag, value }]) => [
      flag,
      { type: value === undefined ? "boolean" as const : "string" as const },
    ]),
  );
  const { values } = parseArgs({ args: [...program.args], options, strict: false });
  return SETTING_LIST.map(([, { flag, needs }]) => {
    const text = values[flag] ?? program.env(environmentName(flag));
    return typeof text === "string" && text !== "" ? permissionsOf(needs, text, program) : {};
  });
}

function permissionsOf(
  needs: Setting["needs"],
  text: string,
  program: Program,
): Permissions {
  switch (needs) {
    case "folder":
      return { read: [text], write: [text] };
    case "file":
      return { read: [text] };
    case "module":
      return permissionsOfModule(text, program);
    case "net":
      return { net: text.split(",").map((host) => host.trim()).filter((host) => host !== "") };
    case undefined:
      return {};
  }
}
