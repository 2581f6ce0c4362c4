import { loadOutside } from "./rooms.ts";

await loadOutside();
