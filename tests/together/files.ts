import { loadFiles } from "./rooms.ts";

await loadFiles();
