import { loadInside } from "./rooms.ts";

await loadInside();
