/**
 * Shows the progress of a verification. It records nothing while it reads, so the page's stream
 * reports no change. Without this script, the progress is shown on reload.
 */

const ID = "verification-state";
const EVERY_MS = 1_000;

const isRunning = () => document.getElementById(ID)?.dataset.running === "true";
const isPaused = () => sessionStorage.getItem("daybook-paused") === "true";

let isFollowing = false;

async function follow() {
  if (isFollowing) return;
  isFollowing = true;
  try {
    while (isRunning()) {
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      if (!isPaused() && document.visibilityState === "visible") await renew();
    }
  } finally {
    isFollowing = false;
  }
}

async function renew() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (response.redirected) return location.reload();
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  const [region, renewed] = [document, next].map((page) => page.getElementById(ID));
  const { Idiomorph } = /** @type {any} */ (globalThis);
  if (region && renewed) Idiomorph.morph(region, renewed, { morphStyle: "outerHTML" });
}

document.addEventListener("daybook:updated", () => void follow());
void follow();
