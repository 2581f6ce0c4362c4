import assert from "node:assert/strict";
import { changeText, stateText } from "../../src/core/state_text.ts";

Deno.test("stateText: a condition is shown if it says more than the state", () => {
  assert.equal(stateText({ state: "Running", condition: "waiting" }), "Running (waiting)");
  assert.equal(stateText({ state: "Failed", condition: "cancelled" }), "Failed (cancelled)");
  assert.equal(stateText({ state: "Failed", condition: "failed" }), "Failed");
  assert.equal(stateText({ state: "Done", condition: "succeeded" }), "Done");
});

Deno.test("changeText: both states are named if they differ, otherwise only the new one", () => {
  const waiting = { to: "Running", condition: "waiting" };
  assert.equal(changeText({ from: "Created", ...waiting }), "Created → Running (waiting)");
  assert.equal(changeText({ from: "Running", ...waiting }), "Running (waiting)");
  assert.equal(changeText({ from: null, to: "Created", condition: "created" }), "Created");
});
