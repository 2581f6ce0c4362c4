/**
 * Shows the progress of a verification. It records nothing while it reads, so the page's stream
 * reports no change. Without this script, the progress is shown on reload.
 */

const EVERY_MS = 1_000;

setInterval(() => {
  const state = document.getElementById("verification-state");
  if (state?.dataset.running !== "true" || document.visibilityState === "hidden") return;
  document.dispatchEvent(new Event("daybook:refresh"));
}, EVERY_MS);
