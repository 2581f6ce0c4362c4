import assert from "node:assert/strict";
import { jobId, taskId } from "../../src/core/ids.ts";
import { ServerLog } from "../../src/server/server_log.ts";

function printed(write: (log: ServerLog) => void): readonly string[] {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  write(new ServerLog({ format: "text", now: () => 0, out: print, err: print }));
  return lines;
}

Deno.test("server log: text that code logs can neither control a terminal nor look like another line", () => {
  const about = { jobId: jobId("job_1"), taskId: taskId("send"), attempt: 1, type: "a", time: "" };
  const line = {
    ...about,
    message: "to \u001b[31mada\u009b\r\njob_2 pay 1: refunded\n\tas asked\u202e",
    data: { name: "\u009b2J" },
  };

  assert.deepEqual(printed((log) => log.write(line)), [
    "job_1 send 1: to \\u001b[31mada\\u009b\n  job_2 pay 1: refunded\n  \tas asked\\u202e " +
    '{"name":"\\u009b2J"}',
  ]);
});

Deno.test("server log: a warning that quotes an error cannot control a terminal", () => {
  assert.deepEqual(printed((log) => log.warn("uncaught: Error: \u001b[2J\u0007\n    at a.ts:1")), [
    "daybook: uncaught: Error: \\u001b[2J\\u0007\n    at a.ts:1",
  ]);
});
